"""What a reader of a verdict should know beside the violations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...controllers.exchange.plan import Plan
from ...scenarios.case import Case
from ...scenarios.reading.problems import listed
from .conditions import StartState
from .dispatch import LACKING_KWH
from .walk import Phase


def notes(
    case: Case, plan: Plan, phases: Sequence[Phase], start: StartState | None, lacking_kwh: float
) -> Iterator[str]:
    """Sentences in a fixed order. ``lacking_kwh``: what units that the plan leaves out could not give or take."""
    window_min = float(case.scenario.outage.duration_min)
    if plan.scenario not in ("", case.scenario.name):
        yield f"the plan was written for scenario {plan.scenario}"
    if start is None and plan.steps[0].start_min > 0:
        yield (
            f"the plan starts at minute {plan.steps[0].start_min:g}; what happened since the fault is not known "
            "(--run): dark until then, units off, storage as at the fault"
        )
    if plan.end_min < window_min:
        yield f"the plan ends at minute {plan.end_min:g} of {window_min:g}; nothing is judged after it"
    if any(phase.claims.energised is None for phase in phases):
        yield "the plan does not name energised buses: they follow from topology"
    if any(phase.chosen for phase in phases):
        chosen = {unit: None for phase in phases if phase.chosen for unit in phase.live.values()}
        yield f"balance units left out were chosen by the fixed order: {listed(chosen)}"
    units = {unit: None for phase in phases for unit in phase.set_points if unit not in phase.claims.units}
    if units:
        yield f"set-points left out were dispatched at least cost: {listed(units)}"
    if lacking_kwh > LACKING_KWH:
        yield f"units whose set-points were left out cannot do {lacking_kwh:.1f} kWh of what is asked of them"
    for phase in phases:
        if unnamed := _unnamed(case, phase):
            yield f"step {phase.claims.step}: energised though the plan does not name them: buses {listed(unnamed)}"


def _unnamed(case: Case, phase: Phase) -> list[str]:
    """Buses of the outage area that live beside the plan; told once a step."""
    claims = phase.claims
    if claims.energised is None or phase.start_min != claims.start_min:
        return []
    return [
        bus
        for bus in case.view.buses
        if bus in case.view.outage_area and bus not in claims.energised and phase.island_of(bus) is not None
    ]
