"""A net with all its tables, and one with branches only: what nets of other versions lack is as pandapower makes it."""

from __future__ import annotations

from typing import Any

Net = Any
BRANCHES = ("line", "trafo", "switch")
_ZERO = ("z_ohm", "g_us_per_km", "in_ka")


def complete(net: Net) -> None:
    """Add the tables that the net lacks, empty."""
    import pandapower as pp

    plain: Net = pp.create_empty_network()
    for name in [str(name) for name in plain if hasattr(plain[name], "columns")]:
        if not hasattr(net.get(name), "columns"):
            net[name] = plain[name]


def bare(net: Net) -> Net:
    """A net that has the buses, branches and shunts of another, with all columns that a power flow needs, and nothing
    else: neither results nor options."""
    import pandapower as pp

    found: Net = pp.create_empty_network(f_hz=net.f_hz, sn_mva=net.sn_mva, add_stdtypes=False)
    for name in ("bus", *BRANCHES, "shunt"):
        columns = found[name].dtypes
        found[name] = net[name]
        for column, kind in columns.items():
            if column not in net[name].columns:
                value = 0.0 if column in _ZERO else False if kind.kind == "b" else None
                found[name] = found[name].assign(**{column: value})
    return found
