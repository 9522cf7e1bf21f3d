"""Which switches of a network may be operated; the others stay as the network has them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from ..raw_network import RawNetwork
from ..reading.problems import Problem, listed, no_such
from ..schema.network_kinds import Operated

ENDS = {"line": ("from_bus", "to_bus"), "trafo": ("hv_bus", "lv_bus"), "switch": ("bus", "element")}
_STATE = {"line": "in_service", "trafo": "in_service", "switch": "closed"}
_DRAWING = {"line": ("c_nf_per_km", "g_us_per_km"), "trafo": ("i0_percent", "pfe_kw"), "switch": ()}
"""Columns of what a branch draws that is open at one end."""


def leave_alone(raw: RawNetwork, operated: Operated, file: str, problems: list[Problem]) -> None:
    """Take away the switches that are not operated: a closed one joins what it joins, an open one is no branch.

    What stays connected at one end and draws something there keeps doing so, up to a bus of its own where nothing is.
    A pattern that matches no switch is a problem.
    """
    if operated == "all":
        return
    ((how, patterns),) = operated.items()
    switches = [name for table in ENDS for name in raw.net[table].name if name in raw.switchable]
    matched = {pattern: {name for name in switches if _matches(name, pattern)} for pattern in patterns}
    if unmatched := [pattern for pattern, names in matched.items() if not names]:
        remedy = no_such("switch", unmatched[0], switches)
        problems.append(Problem(file, f"network.operated.{how}", listed(unmatched), remedy))
        return
    named = {name for names in matched.values() for name in names}
    raw.switchable = named if how == "only" else raw.switchable - named
    closed = {row.name: bool(getattr(row, _STATE[table])) for table in ENDS for row in raw.net[table].itertuples()}
    raw.unoperated = {name: closed[name] for name in switches if name not in raw.switchable}
    _leave_open(raw, file, problems)


def _matches(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)


def _leave_open(raw: RawNetwork, file: str, problems: list[Problem]) -> None:
    net, left = raw.net, {name for name, closed in raw.unoperated.items() if not closed}
    taken = {name for table in ("bus", *ENDS) for name in net[table].name}
    for table, ends in ENDS.items():
        for row in [row for row in net[table].itertuples() if row.name in left]:
            stays = raw.stays_at.get(row.name)
            if stays is None or not any(getattr(row, column, 0.0) for column in _DRAWING[table]):
                net[table] = net[table].drop(index=row.Index)
                continue
            end = next(end for end in ends if net.bus.name[getattr(row, end)] != stays)
            name = f"{row.name}.open"
            if name in taken:
                remedy = f"a bus or branch has this name, which the open end of {row.name} would have; rename it"
                problems.append(Problem(file, "network.operated", name, remedy))
            net[table].loc[row.Index, [end, "in_service"]] = _dead_end(net, getattr(row, end), name), True
            raw.inner |= {name}
    raw.stays_at = {name: bus for name, bus in raw.stays_at.items() if name not in raw.unoperated}


def _dead_end(net: Any, bus: Any, name: str) -> Any:
    """A new bus at the place and voltage of another."""
    import pandapower as pp

    number = pp.create_bus(net, vn_kv=float(net.bus.vn_kv[bus]), name=name)
    if "geo" in net.bus:
        net.bus.loc[number, "geo"] = net.bus.geo[bus]
    return number
