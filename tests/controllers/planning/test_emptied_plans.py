"""A plan that repair has emptied: tried again without the units that offend, and never called the best there is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relight.controllers.exchange.plan import Findings, Plan, Violation
from relight.controllers.planning.planner import Planner
from relight.controllers.planning.repair import PlanRepair, held_off
from support.small_cases import random_case, with_options

BLACK = [seed for seed in range(40) if not random_case(seed).graph.live_infeed_kva]


def uses(plan: Plan, unit: str) -> list[int]:
    """Steps in which a plan has a unit on line or forming voltage."""
    return [
        t
        for t, step in enumerate(plan.steps)
        if unit in (step.balance_units or ()) or any(step.units[u].p_kw for u in step.units if u == unit)
    ]


@pytest.mark.parametrize("seed", [pytest.param(BLACK[0], marks=pytest.mark.slow), BLACK[1]])
def test_a_plan_that_no_check_lets_pass_is_not_called_optimal(seed: int) -> None:
    case = random_case(seed)

    def nothing_passes(plan: Plan) -> Findings:
        live = [(t, step.energised_buses[0]) for t, step in enumerate(plan.steps) if step.energised_buses]
        return Findings([Violation(t, 0.0, "not_converged", bus, None, None, "") for t, bus in live])

    first = Planner(case.graph, case.horizon.steps).plan(case.horizon)
    record = PlanRepair(Planner(case.graph, case.horizon.steps), nothing_passes, 40).plan(case.horizon)
    assert first.planned_energy_kwh > 0
    assert record.planned_energy_kwh == 0
    assert (record.plan.status, record.solution.status) != ("optimal", "optimal")
    assert record.plan.status != "optimal"
    assert record.plan.bound > 0


def test_what_others_can_do_is_not_given_up_for_a_unit_that_offends() -> None:
    """A unit of each case in turn may not be used at all; what a planner serves that never had it, repair serves."""
    kept = 0
    for seed in BLACK[2:4]:
        case = with_options(random_case(seed), verify="repair")
        horizon = case.horizon
        units = [*case.view.ess, *case.view.nbsu]
        for unit in units[:1]:
            barred = replace(horizon, tightened=replace(horizon.tightened, bounds=held_off(horizon, [unit])))
            without = Planner(case.graph, horizon.steps).plan(barred)
            assert not uses(without.plan, unit)

            def check(plan: Plan, unit: str = unit) -> Findings:
                return Findings([Violation(t, 0.0, "unit_start", unit, 0.0, 1.0, "min") for t in uses(plan, unit)])

            record = PlanRepair(Planner(case.graph, horizon.steps), check, 20).plan(horizon)
            assert not uses(record.plan, unit)
            if without.planned_energy_kwh > 0:
                assert record.planned_energy_kwh > 0
                kept += 1
    assert kept
