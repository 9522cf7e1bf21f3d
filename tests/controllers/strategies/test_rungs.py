"""Plans that only grow, with or without one final topology: the MILP against enumeration, and the rungs' order."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from relight.controllers.milp.literal.model import build_literal
from relight.controllers.solver.highs import KeptSolver
from relight.scenarios.schema.scenario import LoadControl
from support.brute_force import BruteForce, Optimum, brute_force
from support.small_cases import EXACT, SmallCase, agree, random_case, solve, with_load_control

MODES: tuple[LoadControl, ...] = ("section", "area", "part")
RUNGS: dict[str, dict[str, bool]] = {
    "static": {"static": True},
    "static_final": {"growing": True, "closing": True},
    "growing": {"growing": True},
    "free": {},
}
"""What a plan of each rung is asked for, the least free first."""
MOST = 120
"""Most states of a step that are enumerated here."""
USUAL = (19, 25, 30, 34)


@cache
def case_of(seed: int, mode: LoadControl) -> SmallCase:
    return with_load_control(random_case(seed, sections=(2, 3), steps=(2, 3)), mode)


@cache
def is_small(seed: int, mode: LoadControl) -> bool:
    case = case_of(seed, mode)
    return len(BruteForce(case.horizon).configurations) ** case.horizon.steps <= MOST**2


def compare(case: SmallCase, rung: str) -> Optimum | None:
    """The MILP finds what enumeration finds."""
    optimum, solution = brute_force(case.horizon, **RUNGS[rung]), solve(case, **RUNGS[rung])
    assert agree(solution, optimum), f"{rung}: MILP {solution}, enumeration {optimum}"
    return optimum


def compare_all(case: SmallCase, *, literal: bool) -> None:
    """All rungs, and that none is worth less than the one below."""
    worth: list[float] = []
    for rung in RUNGS:
        optimum = compare(case, rung)
        if literal and rung in ("static_final", "growing"):
            m = build_literal(case.horizon, **RUNGS[rung])
            assert agree(KeptSolver(m, EXACT).solve_checked(), optimum)
        worth.append(-float("inf") if optimum is None else optimum.objective)
    for less, more in pairwise(worth):
        assert less <= more + 1e-6


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", USUAL)
def test_each_rung_equals_enumeration_and_is_worth_no_less_than_the_one_below(seed: int, mode: LoadControl) -> None:
    assert is_small(seed, mode)
    compare_all(case_of(seed, mode), literal=seed in USUAL[:2])


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(150))
def test_each_rung_equals_enumeration_in_many_more(seed: int, mode: LoadControl) -> None:
    if not is_small(seed, mode):
        pytest.skip("too many states")
    compare_all(case_of(seed, mode), literal=True)
