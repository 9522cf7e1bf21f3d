"""Handing supply over to an infeed that returned: open, then close, for sources must not be joined out of step.

Where switches cannot synchronise, the part of the network that changes over is dark for a moment: its balance unit
stops, and the infeed takes it up when it is reported dark, one simulation step later.
"""

from __future__ import annotations

from collections.abc import Collection

import networkx as nx

from ...scenarios.view import GridView
from ..exchange.plan import LocalAreaSetPoint, Plan, PlanStep


def with_transfers(
    plan: Plan, view: GridView, infeeds: Collection[str], live: Collection[str], fed: Collection[str], dark_min: float
) -> tuple[Plan, list[str]]:
    """The plan with a dark step of ``dark_min`` wherever live buses come to one of these ``infeeds``; and the LAs it
    touches.

    ``live``: buses energised when the plan begins, ``fed``: those fed by these infeeds already.
    """
    steps: list[PlanStep] = []
    touched: list[str] = []
    ends = [*(step.start_min for step in plan.steps[1:]), plan.end_min]
    for step, end_min in zip(plan.steps, ends, strict=True):
        joined = _fed_by(step, view, infeeds)
        moved = joined - set(fed)
        if moved.isdisjoint(live):
            moved = set[str]()
        if moved:
            areas = [la for la in view.local_areas if view.local_areas[la].buses[0] in moved]
            touched += [la for la in areas if view.local_areas[la].buses[0] in live and la not in touched]
            dark = _dark_step(step, view, moved, areas)
            steps.append(dark)
            live, fed = set(dark.energised_buses or ()), joined - moved
            if step.start_min + dark_min >= end_min:
                continue
            step = step.model_copy(update={"start_min": step.start_min + dark_min})
        steps.append(step)
        live, fed = set(step.energised_buses or ()), joined
    return (plan.model_copy(update={"steps": steps}) if touched else plan), touched


def _fed_by(step: PlanStep, view: GridView, infeeds: Collection[str]) -> set[str]:
    """Buses in the islands of those infeeds."""
    graph = nx.Graph()
    live, closed = set(step.energised_buses or ()), set(step.closed_branches)
    graph.add_nodes_from(live)
    graph.add_edges_from(
        (b.from_bus, b.to_bus)
        for b in view.branches.values()
        if not b.faulted and (b.id in closed or not b.switchable) and {b.from_bus, b.to_bus} <= live
    )
    buses = [view.infeeds[unit].bus for unit in step.balance_units or () if unit in infeeds]
    return {bus for start in buses for bus in nx.node_connected_component(graph, start)}


def _dark_step(step: PlanStep, view: GridView, moved: Collection[str], areas: Collection[str]) -> PlanStep:
    """The step with some buses dark and apart from the rest; NBSUs on line there idle."""
    live = set(step.energised_buses or ()) - set(moved)

    def parts(branch: str) -> bool:
        ends = view.branches[branch].from_bus, view.branches[branch].to_bus
        return sum(end in moved for end in ends) == 1 and any(end in live for end in ends)

    idle = {
        la: LocalAreaSetPoint(p_kw=0.0, q_kvar=0.0, nbsu_state="online")
        for la in areas
        if la in step.local_areas and step.local_areas[la].nbsu_state == "online"
    }
    return step.model_copy(
        update={
            "closed_branches": [k for k in step.closed_branches if not parts(k)],
            "energised_buses": [bus for bus in step.energised_buses or () if bus in live],
            "balance_units": [u for u in step.balance_units or () if view.units[u].bus not in moved],
            "units": {u: point for u, point in step.units.items() if view.units[u].bus not in moved},
            "local_areas": {la: area for la, area in step.local_areas.items() if la not in areas} | idle,
        }
    )
