"""The net of a network from tables. Elements of a kind are made at once: one by one takes several times as long."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .pandapower_nets.whole_net import empty_net


def net_of(
    vn_kv: Mapping[str, float],
    places: Mapping[str, tuple[float, float] | None],
    lines: Mapping[str, Mapping[str, float]],
    switches: Sequence[str],
    ends: Mapping[str, tuple[str, str]],
    length_km: Mapping[str, float],
    closed: Mapping[str, bool],
) -> Any:
    """Buses by name; ``lines`` with the facts of their types; both ends of lines and switches, and which are closed."""
    import pandapower as pp

    net = empty_net()
    geo = [_point(places[bus]) for bus in vn_kv]
    made = pp.create_buses(net, len(vn_kv), list(vn_kv.values()), name=list(vn_kv), geo=geo)
    index = dict(zip(vn_kv, made, strict=True))

    def at(names: Sequence[str], end: int) -> list[Any]:
        return [index[ends[name][end]] for name in names]

    if lines:
        names, kinds = list(lines), list(lines.values())
        facts: dict[str, Any] = {column: [kind[column] for kind in kinds] for column in kinds[0]}
        pp.create_lines_from_parameters(
            net, at(names, 0), at(names, 1), [length_km[name] for name in names], name=names,
            in_service=[closed[name] for name in names], **facts,
        )  # fmt: skip
    if switches:
        pp.create_switches(
            net, at(switches, 0), at(switches, 1), et="b", closed=[closed[name] for name in switches], name=switches
        )
    return net


def _point(place: tuple[float, float] | None) -> str:
    """As pandapower writes it."""
    return json.dumps({"coordinates": place, "type": "Point"}) if place else ""
