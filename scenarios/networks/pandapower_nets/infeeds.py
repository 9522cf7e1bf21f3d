"""Infeeds of a pandapower net: external grids and generators that are slack, rated by what feeds them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import networkx as nx

from ...reading.problems import Problem
from ...view import Infeed
from .account import DRAWING, drawn_mw

Net = Any


def infeeds_of(net: Net, place: str, problems: list[Problem]) -> list[Infeed]:
    """One infeed per external grid or slack generator, named after its bus; two at one bus are a problem.

    Its rating is ``max_p_mw`` (a generator's ``sn_mva`` first) where that is given. Else, where nothing but
    transformers leads away from its bus, it is all that these can carry. Else it is unrated: ten times the net's load,
    never short, and still a sound big M; what leads away from its bus has ratings of its own.
    """
    drawing = (table for table in (*DRAWING, "shunt") if len(net[table]))  # an empty table may lack columns
    drawn = (float(power.abs().sum()) for table in drawing for power in drawn_mw(table, net[table]))
    unrated = max(10_000.0, 10 * sum(drawn) * 1000)
    found: dict[str, tuple[str, Infeed]] = {}
    for element, row, given_mva in _sources(net):
        bus = net.bus.name[row.bus]
        if bus in found:
            remedy = f"bus {bus} has {found[bus][0]} too; keep one, or join two buses by a switch"
            problems.append(Problem(place, f"{element}, bus", int(row.bus), remedy))
            continue
        rating = given_mva if given_mva is not None else _by_transformers(net, row.bus)
        if rating is not None and not rating > 0:
            remedy = "must be above 0 MW; leave it empty if it is not known"
            problems.append(Problem(place, f"{element}, max_p_mw", rating, remedy))
            continue
        s_kva = unrated if rating is None else rating * 1000
        infeed = Infeed(f"infeed.{bus}", bus, s_kva, float(row.vm_pu), live=False, rated=rating is not None)
        found[bus] = element, infeed
    return [infeed for _, infeed in found.values()]


def slack_generators(net: Net) -> Any:
    """Rows of generators that hold the voltage of the whole net."""
    return net.gen[net.gen.slack.astype(bool)] if "slack" in net.gen else net.gen.iloc[0:0]


def _sources(net: Net) -> Iterator[tuple[str, Any, float | None]]:
    """Element, row, and rating (MVA) as stated."""
    for row in net.ext_grid.itertuples():
        yield f"ext_grid.{row.Index}", row, _first(row, "max_p_mw")
    for row in slack_generators(net).itertuples():
        yield f"gen.{row.Index}", row, _first(row, "sn_mva", "max_p_mw")


def _first(row: Any, *columns: str) -> float | None:
    values = [float(value) for c in columns if (value := getattr(row, c, None)) is not None and value == value]
    return next((value for value in values if math.isfinite(value)), None)


def _by_transformers(net: Net, bus: Any) -> float | None:
    """What the transformers at a bus, or at those that switches join to it, carry; None if a line leads away too."""
    joined = nx.Graph()
    joined.add_node(bus)
    joined.add_edges_from((row.bus, row.element) for row in net.switch.itertuples())
    bar = nx.node_connected_component(joined, bus)
    if any({row.from_bus, row.to_bus} & bar for row in net.line.itertuples()):
        return None
    ends = net.trafo.hv_bus.isin(bar).astype(int) + net.trafo.lv_bus.isin(bar).astype(int)
    away = net.trafo[ends == 1]
    if not len(away) or not away.df.map(math.isfinite).all():
        return None
    return float((away.sn_mva * away.parallel).sum())
