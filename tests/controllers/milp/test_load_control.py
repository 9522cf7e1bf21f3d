"""Who can be off in a live section, in three modes: the MILP against enumeration, and what sets the modes apart."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from relight.controllers.milp.literal.model import build_literal
from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.milp.served import share_out, shares_by_step
from relight.controllers.planning.planner import Planner
from relight.controllers.solver.highs import KeptSolver
from relight.scenarios.schema.scenario import LoadControl
from support.brute_force import BruteForce, Optimum
from support.plan_claims import Claims
from support.small_cases import EXACT, SmallCase, agree, random_case, seeds, solve, with_cold_load, with_load_control

MOST = 250
"""Most states of a step that are enumerated here; all pairs of them are tried."""
SEEDS = range(0, 700)
LIMITS = (None, 20.0, 40.0, 80.0)


def case_of(seed: int, mode: LoadControl) -> SmallCase:
    return with_load_control(random_case(seed, sections=(2, 3), steps=(2, 2)), mode)


@cache
def has_several(seed: int) -> bool:
    """Whether a case has two LAs or more in a section, and few enough states."""
    case = case_of(seed, "area")
    several = any(len(areas) > 1 for areas in case.graph.areas_in.values())
    return several and len(BruteForce(case.horizon).configurations) <= MOST


USUAL = (1, 6, 8, 9, 14)
"""Of ``SEEDS``, some whose enumeration is quick; each has two LAs or more in a section."""


def compare(case: SmallCase, static: bool = False) -> Optimum | None:
    """The MILP finds what enumeration finds."""
    optimum = BruteForce(case.horizon, static=static).best()
    solution = solve(case, static=static)
    assert agree(solution, optimum), f"MILP {solution}, enumeration {optimum}"
    return optimum


def compare_literal(case: SmallCase, static: bool, optimum: Optimum | None) -> None:
    assert agree(KeptSolver(build_literal(case.horizon, static), EXACT).solve_checked(), optimum)


@pytest.mark.parametrize("mode", ["area", "part"])
@pytest.mark.parametrize("seed", USUAL)
def test_optimum_equals_enumeration(seed: int, mode: LoadControl) -> None:
    assert has_several(seed)
    case, static = case_of(seed, mode), seed % 3 == 0
    optimum = compare(case, static)
    if seed < 8:
        compare_literal(case, static, optimum)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["area", "part"])
@pytest.mark.parametrize("seed", SEEDS)
def test_optimum_equals_enumeration_in_many_more(seed: int, mode: LoadControl) -> None:
    if not has_several(seed):
        pytest.skip("every LA is a section of its own, or there are too many states")
    for static in (False, True):
        case = case_of(seed, mode)
        compare_literal(case, static, compare(case, static))


def with_both(seed: int) -> SmallCase:
    """By area, with cold load pick-up and a limit on it."""
    return with_cold_load(case_of(seed, "area"), LIMITS[seed % len(LIMITS)])


@pytest.mark.parametrize("seed", USUAL[:5])
def test_spells_and_pick_up_are_those_of_areas(seed: int) -> None:
    compare(with_both(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_spells_and_pick_up_are_those_of_areas_in_many_more(seed: int) -> None:
    if not has_several(seed):
        pytest.skip("every LA is a section of its own, or there are too many states")
    compare(with_both(seed))


@pytest.mark.parametrize("seed", seeds(3, 60))
def test_a_freer_mode_is_worth_no_less(seed: int) -> None:
    """Section is area with everybody on, area is part with whole shares; that holds of static plans too."""
    for static in (False, True):
        worth = [solve(case_of(seed, mode), static=static) for mode in ("section", "area", "part")]
        if worth[0].status != "none":
            objectives = [solution.objective for solution in worth]
            assert objectives == sorted(objectives) or objectives == pytest.approx(sorted(objectives), abs=1e-6)


@pytest.mark.parametrize("mode", ["area", "part"])
@pytest.mark.parametrize("seed", [1, 6, 9, 26, 33])
def test_a_plan_says_who_is_served_and_is_worth_it(seed: int, mode: LoadControl) -> None:
    """With voltages left out until they matter, like LAs counted together, and a dispatch found after that."""
    case = case_of(seed, mode)
    plan = Planner(case.graph, case.horizon.steps).plan(case.horizon).plan
    assert plan.objective == pytest.approx(solve(case).objective, rel=1e-5)
    assert Claims(plan, case.horizon).broken == []


def test_of_areas_that_are_alike_the_first_ones_are_served_those_that_have_supply_before_others() -> None:
    case = case_of(33, "area")
    m = build_model(case.graph, case.horizon.steps, detailed=False)
    several = next(areas for areas in case.graph.areas_in.values() if len(areas) > 1)
    psc = {la: message | {"energised_min": 60.0, "shed": la != several[-1]} for la, message in case.horizon.psc.items()}
    set_horizon(m, replace(case.horizon, psc=psc))
    members = next(areas for areas in m.alike if several[0] in areas)
    assert members == [several[-1], *several[:-1]]
    assert [m.counted[la].value for la in members] == [len(members), *[0.0] * (len(members) - 1)]
    for live in m.X.values():
        live.set_value(1)
    for t in m.T:
        m.served[members[0], t].set_value(1)
    share_out(m)
    assert [m.served[la, 0].value for la in members] == [1.0, *[0.0] * (len(members) - 1)]


def test_what_a_plan_leaves_out_is_served() -> None:
    """An LA whose demand a plan does not tell has all of it in a live section, and none in a dark one."""
    case = case_of(33, "area")
    plan = Planner(case.graph, case.horizon.steps).plan(case.horizon).plan
    step = next(step for step in plan.steps if step.energised_buses)
    silent = step.model_copy(update={"local_areas": {}})
    (shares,) = shares_by_step(case.horizon, [silent])
    live = {la for la in shares if case.view.local_areas[la].buses[0] in step.energised_buses}
    assert shares == {la: float(la in live) for la in case.view.local_areas}


@cache
def has_few_states(seed: int) -> bool:
    case = long_case(seed)
    several = any(len(areas) > 1 for areas in case.graph.areas_in.values())
    return several and len(BruteForce(case.horizon).configurations) <= 24


def long_case(seed: int) -> SmallCase:
    """Two sections and three steps, so that spells go on, end and begin anew."""
    return with_load_control(random_case(seed, sections=(2, 2), steps=(3, 3)), "area")


@pytest.mark.parametrize("seed", [7, 14, 26, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (10, 20))])
def test_optimum_over_three_steps_equals_enumeration(seed: int) -> None:
    assert has_few_states(seed)
    compare(with_cold_load(long_case(seed), LIMITS[seed % len(LIMITS)]))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(220))
def test_optimum_over_three_steps_equals_enumeration_in_many_more(seed: int) -> None:
    if not has_few_states(seed):
        pytest.skip("every LA is a section of its own, or there are too many states")
    compare(long_case(seed))
    compare(with_cold_load(long_case(seed), LIMITS[seed % len(LIMITS)]))
