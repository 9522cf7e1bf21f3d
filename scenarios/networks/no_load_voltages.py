"""What transformers do to voltages where no current flows: ratios of windings and of taps, in per unit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import networkx as nx

from ..view import Branch, Bus, LocalArea
from .pandapower_nets.phase_shifts import number, text_of

_TAP = ("pos", "neutral", "step_percent", "step_degree")
SAME_PU = 9
"""Decimals to which two levels are one."""


def tapped_kv(trafo: Any) -> tuple[float, float]:
    """Rated voltages (kV) of both windings at the position of the tap, of a row of pandapower's ``net.trafo``."""
    rated = {"hv": float(trafo.vn_hv_kv), "lv": float(trafo.vn_lv_kv)}
    side = text_of(trafo, "tap_side")
    if side in rated and text_of(trafo, "tap_changer_type") in ("Ratio", "Symmetrical"):
        position, neutral, percent, degree = (_or_0(number(trafo, f"tap_{name}")) for name in _TAP)
        steps = position - neutral
        added, angle = steps * percent / 100, math.radians(degree)
        rated[side] *= math.hypot(1 + added * math.cos(angle), added * math.sin(angle))
    return rated["hv"], rated["lv"]


def _or_0(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def with_levels(buses: dict[str, Bus], branches: Iterable[Branch], areas: Iterable[LocalArea]) -> dict[str, Bus]:
    """The buses with their levels: an LA's voltage is that of most of its buses."""
    inside = nx.Graph()
    inside.add_nodes_from(buses)
    for branch in branches:
        if not branch.switchable:
            inside.add_edge(branch.from_bus, branch.to_bus, ratio=branch.no_load_ratio, start=branch.from_bus)
    level: dict[str, float] = {}
    for area in areas:
        first, *others = area.buses
        level[first] = 1.0
        if not others:
            continue
        for one, other in nx.bfs_edges(inside.subgraph(area.buses), first):
            edge = inside.edges[one, other]
            level[other] = level[one] * (edge["ratio"] if edge["start"] == one else 1 / edge["ratio"])
        counted = Counter(round(level[bus], SAME_PU) for bus in area.buses if not buses[bus].inner)
        usual = counted.most_common(1)[0][0]
        level.update({bus: level[bus] / usual for bus in area.buses})
    return {key: replace(bus, level=level[key]) for key, bus in buses.items()}
