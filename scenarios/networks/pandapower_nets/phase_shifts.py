"""Taps and phase shifts of transformers. Where all paths between two buses shift alike a shift changes no flow, and is
taken out, for it would spoil the flat start of a power flow; elsewhere what is left of it stays."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import networkx as nx

from ...network_account import Entry
from ...reading.problems import Problem, listed

Net = Any
_SAME_DEGREE = 1e-6


def settle_taps(net: Net, place: str, problems: list[Problem]) -> list[Entry]:
    """Give a type to taps off neutral that have none: files before pandapower 3 meant a ratio, and pandapower 3 lets
    them do nothing. Tell of them."""
    taken: list[str] = []
    for row in net.trafo.itertuples():
        position, neutral = number(row, "tap_pos"), number(row, "tap_neutral")
        percent, degree = number(row, "tap_step_percent"), number(row, "tap_step_degree")
        if text_of(row, "tap_changer_type") == "Ideal" and _moves(percent) and _moves(degree):
            remedy = "an ideal phase shifter states its step in degrees or in percent, not in both; set one to 0"
            problems.append(Problem(place, f"trafo {row.name}, tap_step_degree", degree, remedy))
        if math.isnan(position) or position == neutral or not (_moves(percent) or _moves(degree)):
            continue
        if not text_of(row, "tap_changer_type"):
            if not _moves(percent):
                continue
            net.trafo.loc[row.Index, "tap_changer_type"] = "Ratio"
            taken.append(row.name)
        if text_of(row, "tap_side") not in ("hv", "lv"):
            remedy = "must be hv or lv where tap_pos is off neutral"
            problems.append(Problem(place, f"trafo {row.name}, tap_side", None, remedy))
        if math.isnan(neutral):
            remedy = "must be a number where tap_pos is one"
            problems.append(Problem(place, f"trafo {row.name}, tap_neutral", None, remedy))
    text = "a tap off neutral without a tap_changer_type, which pandapower 3 would leave out, is read as a ratio"
    return [Entry("taps without a type", len(taken), text=f"{text}: {listed(taken)}")] if taken else []


def number(row: Any, column: str) -> float:
    """What a cell of a row tells; NaN where it is empty, in whatever way, or there is no such column."""
    value = getattr(row, column, None)
    return math.nan if value is None or type(value).__name__ == "NAType" else float(value)


def _moves(step: float) -> bool:
    return not math.isnan(step) and step != 0


def text_of(row: Any, column: str) -> str:
    """The same of words; empty where there are none."""
    value = getattr(row, column, None)
    return value if isinstance(value, str) else ""


def settle_shifts(net: Net, place: str, problems: list[Problem]) -> list[Entry]:
    """Reduce ``shift_degree`` to what differs between paths; two closed paths that differ are a problem."""
    angle, root = {}, {}
    joined = nx.Graph()
    joined.add_nodes_from(net.bus.index)
    joined.add_edges_from((row.from_bus, row.to_bus) for row in net.line.itertuples())
    joined.add_edges_from((row.bus, row.element) for row in net.switch.itertuples())
    for members in nx.connected_components(joined):
        first = min(members)
        angle[first] = 0.0
        root |= dict.fromkeys(members, first)
    left: dict[Any, float] = {}
    tree = _Potentials(angle)
    for row in sorted(net.trafo.itertuples(), key=lambda row: (not row.in_service, row.Index)):
        left[row.Index] = tree.join(root[row.hv_bus], root[row.lv_bus], float(row.shift_degree))
    odd = {index: shift for index, shift in left.items() if abs(shift) > _SAME_DEGREE}
    net.trafo["shift_degree"] = [odd.get(index, 0.0) for index in net.trafo.index]
    told: list[str] = []
    for index, shift in odd.items():
        row = net.trafo.loc[index]
        beside = _closed_path(net, index)
        if beside:
            remedy = (
                f"is closed in parallel with {listed(beside)}, from which it differs by {abs(shift):g}°: the current "
                "between them would be many times rated; mend shift_degree, or open one (network.normally_open)"
            )
            problems.append(Problem(place, f"trafo {row['name']}, shift_degree", None, remedy))
        told.append(str(row["name"]))
    text = "must not be closed together with other paths, from which their phase shift differs; power flows see it"
    return [Entry("transformers of another vector group", len(told), text=f"{text}: {listed(told)}")] if told else []


class _Potentials:
    """Angles of groups of buses, relative to those that they are joined to."""

    def __init__(self, angle: dict[Any, float]):
        self._parent = {group: group for group in angle}
        self._lag = dict(angle)

    def _find(self, group: Any) -> tuple[Any, float]:
        lag = 0.0
        while self._parent[group] != group:
            lag += self._lag[group]
            group = self._parent[group]
        return group, lag

    def join(self, high: Any, low: Any, shift: float) -> float:
        """Let the low side lag the high side so much; what is left (−180, 180] where both were joined before."""
        (a, lag_high), (b, lag_low) = self._find(high), self._find(low)
        left = 180.0 - (180.0 - (shift - (lag_low - lag_high))) % 360.0
        if a == b:
            return left
        self._parent[b], self._lag[b] = a, lag_high + shift - lag_low
        return 0.0


def _closed_path(net: Net, trafo: Any) -> list[str]:
    """Transformers that, closed, lead from one side of a closed transformer to the other beside it."""
    graph = nx.Graph()
    if not net.trafo.in_service[trafo]:
        return []
    graph.add_edges_from((row.from_bus, row.to_bus) for row in net.line[net.line.in_service.astype(bool)].itertuples())
    graph.add_edges_from((row.bus, row.element) for row in net.switch[net.switch.closed.astype(bool)].itertuples())
    for row in net.trafo[net.trafo.in_service.astype(bool)].drop(index=trafo).itertuples():
        graph.add_edge(row.hv_bus, row.lv_bus, trafo=row.name)
    ends = net.trafo.hv_bus[trafo], net.trafo.lv_bus[trafo]
    if not all(end in graph for end in ends) or not nx.has_path(graph, *ends):
        return []
    path = nx.shortest_path(graph, *ends)
    named = [graph.edges[edge].get("trafo") for edge in pairwise(path)]
    return [name for name in named if name] or [str(net.trafo.name[trafo])]
