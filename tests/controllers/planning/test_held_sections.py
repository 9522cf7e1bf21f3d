"""What a fault holds stays dark in every plan, and plans lose nothing else by it: against enumeration, and by rules."""

from __future__ import annotations

import pytest

from relight.controllers.milp.literal.model import build_literal
from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.rules.greedy import Greedy
from relight.controllers.solver.highs import KeptSolver
from support.brute_force import brute_force
from support.small_cases import EXACT, SmallCase, agree, random_case, seeds, solve, with_a_fault_at_random

HOLDS = [seed for seed in range(60) if with_a_fault_at_random(random_case(seed)).view.held]
NOTICED = 11


def live_in(case: SmallCase, model_of: str) -> set[str]:
    """Sections that the optimum of a form energises at some time."""
    if model_of == "literal":
        m = build_literal(case.horizon)
        home = case.graph.section
    else:
        m = build_model(case.graph, case.horizon.steps)
        set_horizon(m, case.horizon)
        home = {s: s for s in case.view.sections}
    if KeptSolver(m, EXACT).solve().status == "none":
        return set()
    return {home[one] for (one, _), x in m.X.items() if x.value > 0.5}


def test_faults_hold_something_in_most_cases() -> None:
    assert len(HOLDS) > 30


@pytest.mark.parametrize("number", seeds(6, 30))
def test_the_optimum_with_a_fault_is_the_enumerated_one(number: int) -> None:
    case = with_a_fault_at_random(random_case(HOLDS[number]))
    assert agree(solve(case), brute_force(case.horizon))


@pytest.mark.parametrize("number", seeds(4, 20))
def test_no_plan_energises_what_a_fault_holds(number: int) -> None:
    case = with_a_fault_at_random(random_case(HOLDS[number], sections=(2, 3), steps=(2, 2)))
    assert live_in(case, "compact").isdisjoint(case.view.held)
    if len(case.view.local_areas) <= 3:
        assert live_in(case, "literal").isdisjoint(case.view.held)


@pytest.mark.parametrize("seed", HOLDS)
def test_no_rule_energises_what_a_fault_holds(seed: int) -> None:
    case = with_a_fault_at_random(random_case(seed))
    dark = {bus for s in case.view.held for bus in case.view.sections[s].buses}
    plan = Greedy(case.graph, case.horizon.steps).plan(case.horizon).plan
    for step in plan.steps:
        assert dark.isdisjoint(step.energised_buses or ())
        assert not any(case.view.branches[k].faulted for k in step.closed_branches)


def test_without_the_constraint_a_plan_would_serve_what_is_held() -> None:
    gains = 0
    for seed in HOLDS[:NOTICED]:
        case = with_a_fault_at_random(random_case(seed))
        held, free = solve(case), solve(case, without="held_by_fault")
        if held.status != "none":
            assert free.objective is not None and held.objective is not None
            assert free.objective >= held.objective - 1e-6
            gains += free.objective > held.objective + 1e-3
    assert gains > 0
