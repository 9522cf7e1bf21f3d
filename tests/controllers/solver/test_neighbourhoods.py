"""Search for large networks: bounds never below the optimum, plans that keep every row, and plans near the optimum."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.planning import formulations
from relight.controllers.planning.planner import Planner, PlanRecord
from relight.controllers.planning.warm_start import start_values
from relight.controllers.solver import neighbourhoods
from relight.controllers.solver.compiled import Compiled
from relight.controllers.solver.highs import RESIDUAL, TIME_OVER, KeptSolver, Solution
from relight.controllers.solver.neighbourhoods import relaxation, search, solve_large, weak_duality_bound
from relight.scenarios.schema.scenario import LoadControl
from support.small_cases import SmallCase, random_case, with_load_control, with_options

SEEDS = [range(4), pytest.param(range(4, 25), marks=pytest.mark.slow)]


def case_of(seed: int) -> SmallCase:
    return random_case(seed, sections=(4, 6), steps=(3, 4))


def solver_of(case: SmallCase, *, static: bool = False) -> KeptSolver:
    model = build_model(case.graph, case.horizon.steps, static, detailed=False)
    set_horizon(model, case.horizon)
    return KeptSolver(model, {"mip_rel_gap": 1e-6})


@pytest.mark.parametrize("mode", ["section", "area", "part"])
@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_what_is_found_is_a_plan_near_the_optimum_on_most_cases_and_the_bound_holds(
    seeds: range, mode: LoadControl
) -> None:
    near, seeds = 0, seeds if mode == "section" else seeds[: len(seeds) // 2]
    for seed in seeds:
        case = with_load_control(case_of(seed), mode)
        solver = solver_of(case)
        compiled = Compiled(solver.model)
        found = search(solver.model, compiled, start_values(solver.model, case.horizon, None), gap=0.0, seconds=60)
        best = solver.solve_checked()
        if found is None:  # no start: not even nothing restored is feasible
            assert best.status == "none", seed
            near += 1
            continue
        tolerance = 1e-6 * max(1.0, abs(best.objective))
        assert compiled.worst_row(found.values)[0] <= RESIDUAL, seed
        assert found.objective <= best.objective + tolerance, seed
        assert best.objective <= found.bound + tolerance, seed
        objectives = [value for _, value in found.incumbents]
        assert objectives == sorted(objectives), seed
        near += found.objective >= best.objective - 0.02 * abs(best.objective) - 1e-6
    assert near >= 0.8 * len(seeds)


@pytest.mark.parametrize("seed", range(5))
def test_any_duals_bound_the_optimum(seed: int) -> None:
    solver = solver_of(case_of(seed))
    compiled, best = Compiled(solver.model), solver.solve_checked().objective
    lp, rng = compiled.lp(), np.random.default_rng(seed)
    for scale in (0.0, 0.1, 1.0):
        y = scale * rng.normal(size=lp.num_row_)
        assert weak_duality_bound(lp, compiled.matrix, y) >= best - 1e-6
    assert best - 1e-6 <= relaxation(compiled)[0] <= weak_duality_bound(lp, compiled.matrix, np.zeros(lp.num_row_))


@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 10), marks=pytest.mark.slow)], ids=str)
@pytest.mark.parametrize("static", [False, True])
def test_planning_by_search_ends_within_the_gap_of_planning_without(
    static: bool, seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in seeds:
        case = with_options(case_of(seed), mip_gap=0.01)
        usual = Planner(case.graph, case.horizon.steps, static=static).plan(case.horizon)
        with monkeypatch.context() as patch:
            patch.setattr(formulations, "LARGE", 1)
            searched = Planner(case.graph, case.horizon.steps, static=static).plan(case.horizon)
            again = Planner(case.graph, case.horizon.steps, static=static).plan(case.horizon)
        assert searched.plan == again.plan
        assert searched.plan.status == usual.plan.status
        slack = 0.01 * abs(usual.plan.objective) + 1e-6
        assert math.isclose(searched.plan.objective, usual.plan.objective, abs_tol=2 * slack)
        assert searched.plan.bound >= usual.plan.objective - 1e-6 * max(1.0, abs(usual.plan.objective))


def searched(case: SmallCase, patch: pytest.MonkeyPatch) -> PlanRecord:
    patch.setattr(formulations, "LARGE", 1)
    return Planner(case.graph, case.horizon.steps).plan(case.horizon)


def test_what_was_found_is_kept_where_the_milp_after_it_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    over = Solution("none", math.nan, math.nan, 0.0, 0, TIME_OVER, cut_by_clock=True)
    monkeypatch.setattr(KeptSolver, "solve_checked", lambda *_, **__: over)
    kept = 0
    for seed in range(3):
        record = searched(with_options(case_of(seed), mip_gap=0.0), monkeypatch)
        if record.plan.status == "feasible":
            kept += 1
            assert record.note == "not proven: time_limit_s reached"
            assert math.isfinite(record.plan.bound) and record.plan.bound >= record.plan.objective
    assert kept


def test_a_relaxation_out_of_time_still_bounds_the_optimum() -> None:
    for seed in range(5):
        solver = solver_of(case_of(seed))
        best = solver.solve_checked().objective
        bound, _, in_time = relaxation(Compiled(solver.model), time.perf_counter() - 1)
        assert not in_time
        assert best - 1e-6 <= bound < math.inf


def test_a_search_that_the_clock_cut_is_told_even_where_its_plan_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    case = with_options(case_of(1), mip_gap=0.0)
    assert "time_limit_s" not in searched(case, monkeypatch).note
    monkeypatch.setattr(neighbourhoods, "SEARCH_SHARE", 1e-4)
    monkeypatch.setattr(neighbourhoods, "relaxation", lambda compiled, until: (*relaxation(compiled)[:2], False))
    record = searched(case, monkeypatch)
    assert record.plan.status == "optimal"
    assert record.note == "time_limit_s stopped part of the search: not reproducible"


def test_an_infeasible_model_is_reported_not_raised() -> None:
    case = case_of(0)
    solver = solver_of(case)
    solver.model.X[next(iter(solver.model.X))].fix(1.0)
    solver.model.demand[next(iter(solver.model.Z)), 0] = 1e9
    solution = solve_large(solver, solver.model, {}, case.graph.options, math.inf)
    assert solution.status == "none"
    assert "infeasible" in solution.reason
