"""The MILP against enumeration: the same optimum on random small cases, and proof that a difference would be seen."""

from __future__ import annotations

from functools import cache

import pyomo.environ as pyo
import pytest
from brute_force import Optimum, brute_force
from small_cases import random_case

from controllers.model import build_model, contents, set_horizon
from controllers.solver import KeptSolver, Solution

DEFAULT = range(150)
STATIC = range(80)
SLOW = range(150, 650)
EXACT = {"mip_rel_gap": 0.0}


@cache
def enumerated(seed: int, static: bool = False) -> Optimum | None:
    return brute_force(random_case(seed).horizon, static=static)


def solved(seed: int, *, static: bool = False, without: str = "") -> Solution:
    """The MILP's answer for a seed, one constraint left out on demand."""
    case = random_case(seed)
    m = build_model(case.graph, case.horizon.steps, static)
    set_horizon(m, case.horizon)
    if without:
        getattr(m, without).deactivate()
    return KeptSolver(m, EXACT).solve()


def agree(solution: Solution, optimum: Optimum | None) -> bool:
    """Whether the MILP found the enumerated optimum; both may find that nothing at all is feasible."""
    if optimum is None or solution.status == "none":
        return optimum is None and solution.status == "none"
    return solution.objective == pytest.approx(optimum.objective, rel=1e-6, abs=1e-6)


def compare(seed: int, static: bool) -> None:
    solution, optimum = solved(seed, static=static), enumerated(seed, static)
    assert agree(solution, optimum), f"MILP {solution}, enumeration {optimum}"
    if optimum is None:
        assert random_case(seed).graph.live_infeed_kva, "only a live infeed can make every plan infeasible"
    else:
        assert solution.status == "optimal"
        assert solution.bound == pytest.approx(solution.objective, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("seed", DEFAULT)
def test_dynamic_optimum(seed):
    compare(seed, static=False)


@pytest.mark.parametrize("seed", STATIC)
def test_static_optimum(seed):
    compare(seed, static=True)


@pytest.mark.slow
@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
@pytest.mark.parametrize("seed", SLOW)
def test_optimum_of_many_more(seed, static):
    compare(seed, static)


@pytest.mark.parametrize("seed", STATIC)
def test_dynamic_is_never_worse_than_static(seed):
    static = solved(seed, static=True)
    if static.status != "none":
        assert solved(seed).objective >= static.objective - 1e-6
