"""What demand is raised by for losses, learned: by the AC check of the plan in force, and by what gateways report.

An island's share of losses is that of energy: Σ losses Δt over Σ demand Δt of all its steps in a plan, or of all
reports so far. Of the two the larger counts, rounded up to ``QUANTUM_PCT``, so that the last bits of a power flow
decide nothing. Where steps of a plan lose more than that share, its check finds it and the plan is repaired.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import networkx as nx

from ...scenarios.view import GridView
from ..exchange.messages import LocalAreaMeasurement
from ..exchange.plan import IslandLosses, Plan, PlanStep

QUANTUM_PCT = 0.1
"""An allowance is a multiple of this, % of demand."""
LEAST_KWH = 0.1
"""Demand below which nothing is learned of an island."""


class LossAllowance:
    """Knows losses by LA, so that it outlasts sections that faults change; tells them by section."""

    def __init__(self) -> None:
        self._checked: dict[str, tuple[float, float]] = {}
        """LA → energy that its islands lose and take in the plan in force, kWh"""
        self._reported: dict[str, tuple[float, float]] = {}
        """LA → the same of all reports so far"""

    def by_section(self, view: GridView) -> dict[str, float]:
        """Allowance of each section of which something is known, %: that of the LA in it with the most losses."""
        found: dict[str, float] = {}
        for la in view.local_areas.values():
            shares = [share for known in (self._checked, self._reported) if (share := _share_pct(known.get(la.id)))]
            if shares:
                found[la.section] = max(found.get(la.section, 0.0), *shares)
        return found

    def learn_from_check(self, plan: Plan, losses: Iterable[IslandLosses], view: GridView) -> None:
        """Take over what the AC check of a plan found; of LAs that it does not supply what was known stays."""
        found: dict[str, tuple[float, float]] = {}
        for island in losses:
            step, hours = plan.steps[island.step], plan.duration_h(island.step)
            areas = next(
                (areas for areas in live_islands(step, view) if island.balance_unit in _units(areas, view)), ()
            )
            demand_kw = sum(step.local_areas[la].demand_kw or 0.0 for la in areas if la in step.local_areas)
            _add(found, areas, island.losses_kw * hours, demand_kw * hours)
        self._checked |= found

    def learn_from_reports(
        self, step: PlanStep, measured: Mapping[str, LocalAreaMeasurement], view: GridView, hours: float
    ) -> None:
        """Add what gateways metered in the last ``hours`` of a step that is in force and was carried out: what units
        gave less what customers took, in islands all of whose gateways were heard and are live."""
        for areas in live_islands(step, view):
            heard = [measured[la] for la in areas if la in measured]
            if len(heard) < len(areas) or not all(one["energised"] for one in heard):
                continue
            given_kw = sum(unit["p_kw"] for one in heard for unit in one["units"].values())
            taken_kw = sum(one["demand_p_kw"] * one["share_on"] for one in heard)
            _add(self._reported, areas, max(given_kw - taken_kw, 0.0) * hours, taken_kw * hours)


def live_islands(step: PlanStep, view: GridView) -> list[list[str]]:
    """LAs of each energised island of a plan step, in the view's order."""
    live, closed = set(step.energised_buses or ()), set(step.closed_branches)
    graph = nx.Graph()
    graph.add_nodes_from(bus for bus in view.buses if bus in live)
    for b in view.branches.values():
        if {b.from_bus, b.to_bus} <= live and not b.faulted and (not b.switchable or b.id in closed):
            graph.add_edge(b.from_bus, b.to_bus)
    islands = [set(component) for component in nx.connected_components(graph)]
    return [[la.id for la in view.local_areas.values() if la.buses[0] in island] for island in islands]


def _units(areas: Sequence[str], view: GridView) -> set[str]:
    return {unit for la in areas for unit in view.units_in[la]}


def _add(known: dict[str, tuple[float, float]], areas: Iterable[str], lost_kwh: float, taken_kwh: float) -> None:
    for la in areas:
        lost, taken = known.get(la, (0.0, 0.0))
        known[la] = lost + lost_kwh, taken + taken_kwh


def _share_pct(known: tuple[float, float] | None) -> float | None:
    """Losses over demand, rounded up; None where too little is known."""
    if known is None or known[1] < LEAST_KWH:
        return None
    quanta = math.ceil(100 * known[0] / known[1] / QUANTUM_PCT - 1e-6)
    return round(max(quanta, 0) * QUANTUM_PCT, 6)
