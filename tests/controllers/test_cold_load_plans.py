"""Cold load pick-up and the limit on it in the dispatch centre's model: against enumeration, and by hand."""

from __future__ import annotations

from functools import cache

import pytest
from brute_force import Optimum, brute_force
from small_cases import SmallCase, random_case, with_cold_load
from test_brute_force import agree, solve

LIMITS = (None, 20.0, 40.0, 80.0)
DEFAULT, SLOW = range(40), range(40, 240)
FAMILIES = ("cold_load", "pick_up")


def case_of(seed: int) -> SmallCase:
    return with_cold_load(random_case(seed), LIMITS[seed % len(LIMITS)])


@cache
def enumerated(seed: int, static: bool = False) -> Optimum | None:
    return brute_force(case_of(seed).horizon, static=static)


@pytest.mark.parametrize("seed", DEFAULT)
def test_optimum_with_cold_load_and_limit(seed: int) -> None:
    solution = solve(case_of(seed))
    assert agree(solution, enumerated(seed)), f"MILP {solution}, enumeration {enumerated(seed)}"


@pytest.mark.slow
@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
@pytest.mark.parametrize("seed", SLOW)
def test_optimum_of_many_more(seed: int, static: bool) -> None:
    assert agree(solve(case_of(seed), static=static), enumerated(seed, static))
