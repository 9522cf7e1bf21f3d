"""What several solves of one problem say together: bound, proof, contradiction, and limits by their own names."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.planning.planner import Planner
from relight.controllers.solver.highs import NODES_OVER, TIME_OVER, KeptSolver, Solution, agreed
from support.small_cases import random_case, with_options, with_prices


def solve(status: Any, objective: float, bound: float, reason: str = "optimal", *, cut: bool = False) -> Solution:
    return Solution(status, objective, bound, 1.0, 7, reason, ((0.5, objective),), cut)


STOPPED = solve("feasible", 0.0, 4509.0, TIME_OVER, cut=True)
PROVEN = solve("optimal", 0.0, 0.0)


def test_the_bound_of_a_proven_plan_is_that_of_the_solves_that_prove_it() -> None:
    found = agreed([STOPPED, PROVEN, PROVEN])
    assert (found.status, found.objective, found.bound, found.reason) == ("optimal", 0.0, 0.0, "optimal")
    assert found.cut_by_clock, "another machine may have found another plan"
    assert (found.nodes, len(found.incumbents)) == (21, 3)


def test_solve_checked_takes_the_bound_of_the_solves_that_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.Binary)
    m.row = pyo.Constraint(expr=m.x <= 0.5)
    m.worth = pyo.Objective(expr=m.x, sense=pyo.maximize)
    script = iter([STOPPED, PROVEN, PROVEN])
    monkeypatch.setattr(KeptSolver, "_run", lambda *_, **__: (next(script), np.zeros(1)))
    found = KeptSolver(m, {}).solve_checked()
    assert (found.status, found.bound) == ("optimal", 0.0)


def test_without_two_proofs_the_weakest_bound_counts() -> None:
    found = agreed([solve("optimal", 90, 90.5), solve("feasible", 90, 95, NODES_OVER), STOPPED])
    assert (found.status, found.objective, found.bound) == ("feasible", 90, 4509)
    assert found.reason == f"{NODES_OVER}; {TIME_OVER}"


def test_no_bound_at_all_is_not_the_objective() -> None:
    found = agreed([solve("feasible", 90, math.nan, TIME_OVER), solve("none", math.nan, math.nan, TIME_OVER)])
    assert math.isnan(found.bound)


@pytest.mark.parametrize(
    "other",
    [
        solve("optimal", 80, 80),
        solve("feasible", 80, 85, NODES_OVER),
        solve("none", math.nan, math.nan, "infeasible"),
    ],
    ids=["proven below", "bound below", "infeasible"],
)
def test_a_contradiction_is_a_bound_below_an_incumbent_or_infeasible_against_found(other: Solution) -> None:
    found = agreed([solve("optimal", 90, 90), other, solve("feasible", 90, 99, NODES_OVER)])
    assert found.status == "feasible"
    assert found.reason.startswith("the solver contradicts itself")


@pytest.mark.parametrize("limit", [TIME_OVER, NODES_OVER])
def test_a_limit_is_no_contradiction(limit: str) -> None:
    stopped = solve("feasible", 90, 99, limit)
    found = agreed([solve("optimal", 90, 90), stopped, solve("none", math.nan, math.nan, limit)])
    assert (found.status, found.reason) == ("feasible", limit)


def test_an_end_of_nodes_is_called_node_limit() -> None:
    notes = set()
    for seed in range(6):
        case = with_prices(random_case(seed, sections=(7, 7), steps=(6, 6)), switching_kwh=0.5)
        case = with_options(case, node_limit=1)
        record = Planner(case.graph, case.horizon.steps).plan(case.horizon)
        if record.plan.status == "feasible":
            notes.add(record.note)
    # HiGHS 1.16 hands out the start in place of what it found, now and then, which is told as well.
    assert notes <= {"not proven: node_limit reached", *(note for note in notes if "incumbent is worth" in note)}
    assert "not proven: node_limit reached" in notes


def test_the_time_limit_is_for_all_solves_of_a_planning_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both stages and every solve get the same end, whatever the solves before have taken."""
    ends: list[float] = []
    usual = KeptSolver._run

    def noted(self: KeptSolver, *given: Any, **more: Any) -> Any:
        ends.append(given[-1])
        solution, x = usual(self, *given, **more)
        return replace(solution, bound=solution.bound + 1e9, status="feasible" if x is not None else "none"), x

    monkeypatch.setattr(KeptSolver, "_run", noted)
    case = with_options(random_case(3), time_limit_s=1000.0)
    Planner(case.graph, case.horizon.steps).plan(case.horizon)
    milp, dispatch = ends[0], ends[3]
    assert ends[:3] == [milp] * 3, "three solves of the MILP"
    assert dispatch == pytest.approx(milp + 100.0)


def test_no_solve_begins_when_time_is_over() -> None:
    case = random_case(3)
    model = build_model(case.graph, case.horizon.steps)
    set_horizon(model, case.horizon)
    found = KeptSolver(model, {}).solve_checked(until=0.0)
    assert (found.status, found.reason, found.cut_by_clock) == ("none", TIME_OVER, True)
