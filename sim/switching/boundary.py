"""The moment between two steps of a plan: who is live before and after, and what units can do then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...controllers.exchange.messages import UnitMeasurement
from ...controllers.exchange.plan import Plan
from ...scenarios.case import Case
from ...scenarios.quanta import rounded
from ..power_flow.protocol import IslandInput
from ..validation.conditions import StartState
from ..validation.unit_checks import JudgedInterval
from ..validation.validator import Validator
from ..validation.verdict import Verdict
from ..validation.walk import Phase, Topology
from .search import Operation

SHARE = 6
"""Decimals of a share of an LA's demand that is told."""

IslandKey = tuple[frozenset[str], frozenset[str], str]
"""Buses, closed branches and balance unit of an island."""


def key_of(topology: Topology, number: int, balance_unit: str) -> IslandKey:
    island = topology.islands[number]
    return frozenset(island.buses), frozenset(island.branches), balance_unit


@dataclass(frozen=True)
class Side:
    """Before or after: closed branches, units that form voltage, local areas (LAs) that are supplied, islands."""

    closed: frozenset[str]
    forming: frozenset[str]
    supplied: frozenset[str]
    islands: Mapping[IslandKey, IslandInput | None]
    """as the plan has them; None: the plan says nothing of set-points there"""


@dataclass(frozen=True)
class Boundary:
    """The way from one plan step to the next begins here.

    ``phase`` is the first part of the next step, ``start`` what units are metered at that time, ``waited_min`` how long
    the bus of each PV has been energised (None: dark), ``excused`` are violations (kind, element) of the plan itself in
    either step, ``refused`` faulted branches that the plan wants closed.
    """

    phase: Phase
    before: Side
    after: Side
    start: StartState
    waited_min: Mapping[str, float | None]
    excused: frozenset[tuple[str, str]]
    refused: tuple[str, ...]
    customers: Mapping[str, tuple[float, float]]
    """LA that is live in the next step → shares of its demand that are on, before and after, where they differ"""

    @property
    def step(self) -> int:
        return self.phase.claims.step

    @property
    def time_min(self) -> float:
        return self.phase.start_min


def operations(case: Case, boundary: Boundary) -> list[Operation]:
    """Everything that must be done: switches in the network's order, then units in the order of balance units."""
    before, after = boundary.before, boundary.after
    found = [
        Operation(branch.id, "close" if branch.id in after.closed else "open")
        for branch in case.view.branches.values()
        if branch.switchable and (branch.id in before.closed) != (branch.id in after.closed)
    ]
    for unit in case.view.balance_order:
        if (unit in before.forming) != (unit in after.forming):
            found.append(Operation(unit, "form" if unit in after.forming else "release"))
    return found


def boundaries(validator: Validator, plan: Plan, verdict: Verdict, start: StartState | None = None) -> list[Boundary]:
    """The start of each step of a plan. ``verdict`` is by the forecast, and ``start`` the state it began with."""
    begin = start or StartState.after_fault(validator.case)
    phases = validator.phases(plan, start)
    found: list[Boundary] = []
    named: frozenset[str] = frozenset()
    stored = dict(begin.units)
    last: Phase | None = None
    for phase in phases:
        step = phase.claims.step
        if last is None or last.claims.step != step:
            wanted = frozenset(v.element for v in phase.claims.violations if v.kind == "faulted_branch_closed")
            found.append(
                Boundary(
                    phase=phase,
                    before=_at_start(validator, begin, phase) if last is None else _side(validator, last),
                    after=_side(validator, phase),
                    start=replace(begin, units=dict(stored)),
                    waited_min=_waited(validator.case, begin, last),
                    excused=frozenset((v.kind, v.element) for v in verdict.violations if step - 1 <= v.step <= step),
                    refused=tuple(sorted(wanted - named)),
                    customers=_switched(validator.case, last, phase),
                )
            )
            named = wanted
        balance_kw = {
            island.balance_unit: island.p_balance_kw or 0.0
            for island in verdict.islands
            if island.step == step and island.start_min == phase.start_min
        }
        stored = dict(_metered_after(validator.case, phase, stored, balance_kw))
        last = phase
    return found


def _side(validator: Validator, phase: Phase) -> Side:
    """A phase as the plan has it."""
    inputs = validator.island_inputs(JudgedInterval(phase, phase.start_min, phase.end_min), validator.forecast)
    view = validator.case.view
    supplied = {
        la.id
        for la in view.local_areas.values()
        if phase.island_of(la.buses[0]) is not None and phase.claims.served(la.id)
    }
    islands = {key_of(phase.topology, k, unit): one for (k, unit), one in zip(phase.live.items(), inputs, strict=True)}
    return Side(phase.claims.closed, frozenset(phase.live.values()), frozenset(supplied), islands)


def _switched(case: Case, before: Phase | None, after: Phase) -> dict[str, tuple[float, float]]:
    """LAs that are live after it and whose customers are switched; those of one that was dark are taken to be on."""
    found: dict[str, tuple[float, float]] = {}
    for la in case.view.local_areas.values():
        if after.island_of(la.buses[0]) is None:
            continue
        was_live = before is not None and before.island_of(la.buses[0]) is not None
        was = rounded(before.share(la.id), SHARE) if before is not None and was_live else 1.0
        will = rounded(after.share(la.id), SHARE)
        if was != will:
            found[la.id] = was, will
    return found


def _at_start(validator: Validator, start: StartState, phase: Phase) -> Side:
    """The state that the plan starts from: live infeeds, and units metered as forming."""
    view = validator.case.view
    closed = frozenset(b.id for b in view.branches.values() if start.closed[b.id] or not (b.switchable or b.faulted))
    topology = validator.topologies.of(closed)
    forming = {i.id for i in view.infeeds.values() if i.live}
    forming |= {unit for unit, metered in start.units.items() if metered["state"] == "form"}
    live = {topology.at[view.units[unit].bus]: unit for unit in sorted(forming)}
    supplied = {
        la.id for la in view.local_areas.values() if topology.at[la.buses[0]] in live and phase.claims.served(la.id)
    }
    islands = {key_of(topology, k, unit): None for k, unit in live.items()}
    return Side(closed, frozenset(forming), frozenset(supplied), islands)


def _waited(case: Case, begin: StartState, last: Phase | None) -> dict[str, float | None]:
    if last is None:
        return {pv.id: begin.energised_min.get(pv.bus) for pv in case.view.pv.values()}
    length = last.end_min - last.start_min
    return {unit: None if waited is None else waited + length for unit, waited in last.pv_min.items()}


def _metered_after(
    case: Case, phase: Phase, before: Mapping[str, UnitMeasurement], balance_kw: Mapping[str, float]
) -> Iterator[tuple[str, UnitMeasurement]]:
    """What units show at the end of a phase; ``balance_kw``: output of balance units by AC power flow."""
    view = case.view
    window_h = float(case.scenario.world.nbsu_ramp_window_min or case.scenario.clock.plan_step_min) / 60
    for unit, metered in before.items():
        set_point = phase.set_points.get(unit)
        p_kw = balance_kw.get(unit, set_point.p_kw if set_point else 0.0)
        after = metered.copy()
        after["p_kw"] = p_kw
        if unit in view.ess:
            after["discharge_kwh"], after["charge_kwh"] = view.ess[unit].after(
                metered["discharge_kwh"], metered["charge_kwh"], p_kw, phase.hours
            )
        elif unit in view.nbsu:
            spec, mode = view.nbsu[unit], phase.nbsu[unit]
            after["state"] = "follow" if mode == "online" else mode
            if mode == "online":
                after["p_min_kw"] = max(p_kw - spec.ramp_down_kw_per_h * window_h, 0.0)
                after["p_max_kw"] = min(p_kw + spec.ramp_up_kw_per_h * window_h, spec.s_kva)
        yield unit, after


def supplied_in(validator: Validator, boundary: Boundary, topology: Topology, live: Sequence[int]) -> frozenset[str]:
    """LAs on live buses whose customers the next step leaves switched on."""
    alive = set(live)
    return frozenset(
        la.id
        for la in validator.case.view.local_areas.values()
        if topology.at[la.buses[0]] in alive and boundary.phase.claims.served(la.id)
    )
