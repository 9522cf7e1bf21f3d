"""A net with all its tables, and one with branches only: what nets of other versions lack is as pandapower makes it."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

Net = Any
BRANCHES = ("line", "trafo", "switch")
_ZERO = ("z_ohm", "g_us_per_km", "in_ka")


def empty_net() -> Net:
    """A net without elements, of one's own; pandapower needs ten times as long to make one as to copy it."""
    return copy.deepcopy(_empty_net())


@lru_cache
def _empty_net() -> Net:
    import pandapower as pp

    return pp.create_empty_network()


def empty_table(name: str) -> Any:
    """A table of a net, without rows, of one's own."""
    return _empty_net()[name].copy()


def complete(net: Net) -> None:
    """Add the tables that the net lacks, empty."""
    plain = _empty_net()
    for name in [str(name) for name in plain if hasattr(plain[name], "columns")]:
        if not hasattr(net.get(name), "columns"):
            net[name] = empty_table(name)


def bare(net: Net) -> Net:
    """A net that has the buses, branches and shunts of another, with all columns that a power flow needs, and nothing
    else: neither results nor options."""
    found = empty_net()
    found.f_hz, found.sn_mva, found.std_types = net.f_hz, net.sn_mva, {kind: {} for kind in found.std_types}
    for name in ("bus", *BRANCHES, "shunt"):
        columns = found[name].dtypes
        found[name] = net[name]
        for column, kind in columns.items():
            if column not in net[name].columns:
                value = 0.0 if column in _ZERO else False if kind.kind == "b" else None
                found[name] = found[name].assign(**{column: value})
    return found
