"""What a plan says of itself: its gap where there is one, and energy of the outage area only."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from relight.controllers.exchange.plan import IslandLosses, Plan, PlanStep
from relight.controllers.planning.plan_reader import nothing_restored
from relight.controllers.planning.planner import Planner
from support.small_cases import SmallCase, random_case


@pytest.mark.parametrize(
    ("objective", "bound", "gap", "words"),
    [
        (100.0, 120.0, 0.2, "20.0%"),
        (-100.0, -90.0, 0.1, "10.0%"),
        (0.0, 0.0, 0.0, "0.0%"),
        (0.0, 526377.0, math.nan, "undefined"),
        (1e-12, 5.0, math.nan, "undefined"),
        (None, None, math.nan, "undefined"),
    ],
)
def test_a_gap_is_undefined_where_the_objective_is_nothing(
    objective: float | None, bound: float | None, gap: float, words: str
) -> None:
    plan = Plan(objective=objective, bound=bound, steps=[PlanStep(start_min=0.0, closed_branches=[])])
    assert plan.gap == pytest.approx(gap, nan_ok=True)
    assert plan.gap_in_words(1) == words


def partly_lost() -> SmallCase:
    """A case of which a part never lost supply and has demand."""
    for seed in range(200):
        case = random_case(seed)
        kept = set(case.view.local_areas) - case.view.lost_areas
        if kept and case.view.lost_areas and sum(case.horizon.demand_kw(la, 0) for la in kept) > 0:
            return case
    raise AssertionError("no such case")


def test_nothing_restored_counts_nothing_of_what_was_never_lost() -> None:
    case = partly_lost()
    plan = nothing_restored(case.horizon)
    assert plan.planned_energy_kwh > 0
    assert plan.energy_kwh(case.view.lost_areas) == 0.0
    steps = range(case.horizon.steps)
    worth = sum(
        case.view.local_areas[la].priority * case.horizon.demand_kw(la, t) * case.horizon.dt_h(t)
        for la in case.view.lost_areas
        for t in steps
    )
    assert plan.bound == pytest.approx(worth)


def test_nothing_restored_tells_what_a_live_infeed_gives() -> None:
    """Net powers of an island add up to its losses: as a check found them, else as they are allowed for."""
    case = partly_lost()
    horizon = replace(case.horizon, loss_pct=dict.fromkeys(case.view.sections, 2.0))
    (infeed,) = (one.id for one in case.view.infeeds.values() if one.live)
    allowed, told = nothing_restored(horizon), nothing_restored(horizon, [IslandLosses(0, infeed, 12.5, -3.25)])
    live = set(case.view.local_areas) - case.view.lost_areas
    areas, demand_kw = allowed.steps[0].local_areas, {la: horizon.demand_kw(la, 0) for la in live}
    assert {la: area.demand_kw for la, area in areas.items()} == demand_kw
    assert sum(area.p_kw for area in areas.values()) == pytest.approx(0.02 * sum(demand_kw.values()), abs=1e-5)
    assert sum(area.p_kw for area in told.steps[0].local_areas.values()) == pytest.approx(12.5, abs=1e-5)
    assert sum(area.q_kvar for area in told.steps[0].local_areas.values()) == pytest.approx(-3.25, abs=1e-5)
    assert told.steps[1].local_areas == allowed.steps[1].local_areas


def test_planned_energy_of_a_record_is_that_of_the_outage_area() -> None:
    case = partly_lost()
    record = Planner(case.graph, case.horizon.steps).plan(case.horizon)
    kept = set(case.view.local_areas) - case.view.lost_areas
    assert record.plan.planned_energy_kwh == pytest.approx(record.planned_energy_kwh + record.plan.energy_kwh(kept))
    assert record.plan.energy_kwh(kept) > 0
