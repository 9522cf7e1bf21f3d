"""Kept models: refreshed arrays equal those compiled anew, and a start from the plan before changes no optimum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.milp.problem import Horizon
from relight.controllers.planning.planner import Planner
from relight.controllers.planning.warm_start import PreviousPlan, start_values
from relight.controllers.solver.compiled import Compiled
from relight.controllers.solver.highs import KeptSolver
from support.small_cases import random_case, seeds

SEEDS = seeds(3, 30)


def later(horizon: Horizon) -> Horizon:
    """The same window one step on, demand 10 % higher."""
    psc = {
        la: {
            **message,
            "step_start_min": message["step_start_min"][1:],
            "demand_p_kw": [1.1 * kw for kw in message["demand_p_kw"][1:]],
            "demand_q_kvar": [1.1 * kvar for kvar in message["demand_q_kvar"][1:]],
            "pv_pu": message["pv_pu"][1:],
        }
        for la, message in horizon.psc.items()
    }
    return replace(horizon, step_start_min=tuple(horizon.step_start_min[1:]), psc=psc)


def dense(compiled: Compiled) -> dict[str, dict[str, float] | float]:
    """A compiled model by the names of its rows and columns, without zeros."""
    lp = compiled.lp()
    names = [str(v) for v in compiled.columns]
    sides = {}
    for k, row in enumerate(compiled.rows):
        for side, value in (("low", lp.row_lower_[k]), ("high", lp.row_upper_[k])):
            if np.isfinite(value) and abs(value) < 1e20:
                sides[f"{row} {side}"] = float(value) + 0.0
    matrix = compiled.matrix.tocoo()
    cells = zip(matrix.row, matrix.col, matrix.data, strict=True)
    entries = {f"{compiled.rows[i]} {names[j]}": float(v) for i, j, v in cells if v}
    costs = {name: float(c) for name, c in zip(names, lp.col_cost_, strict=True) if c}
    return {"sides": sides, "entries": entries, "costs": costs, "offset": lp.offset_}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("detailed", [False, True])
def test_refreshed_arrays_are_those_compiled_anew(seed, detailed):
    case = random_case(seed)
    if case.horizon.steps < 2:
        return
    second = later(case.horizon)
    kept = build_model(case.graph, case.horizon.steps, detailed=detailed)
    set_horizon(kept, case.horizon)
    compiled = Compiled(kept)
    for horizon in (second, case.horizon, second):
        set_horizon(kept, horizon)
        compiled.refresh()
        anew = build_model(case.graph, case.horizon.steps, detailed=detailed)
        set_horizon(anew, horizon)
        got, expected = dense(compiled), dense(Compiled(anew))
        for part in ("entries", "costs"):
            assert got[part] == pytest.approx(expected[part], rel=1e-12, abs=1e-12)
        assert got["offset"] == pytest.approx(expected["offset"])
        # Rows whose coefficients are all zero may be missing from a model compiled anew.
        assert {k: got["sides"][k] for k in expected["sides"]} == pytest.approx(expected["sides"], rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_kept_planner_finds_the_optimum_of_a_new_one(seed):
    case = random_case(seed)
    if case.horizon.steps < 2:
        return
    second, gap = later(case.horizon), case.scenario.dispatch_centre.mip_gap
    kept = Planner(case.graph, case.horizon.steps)
    kept.plan(case.horizon)
    again = kept.plan(second).plan
    anew = Planner(case.graph, case.horizon.steps).plan(second).plan
    assert again.objective == pytest.approx(anew.objective, rel=2 * gap + 1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_is_its_own_start(seed):
    """Started from its own decisions, the first incumbent is the optimum itself."""
    case = random_case(seed)
    m = build_model(case.graph, case.horizon.steps, detailed=False)
    set_horizon(m, case.horizon)
    solver = KeptSolver(m, {"mip_rel_gap": 0.0})
    first = solver.solve()
    if first.status == "none":
        return
    start = start_values(m, case.horizon, PreviousPlan.of(m, case.horizon))
    again = solver.solve(start)
    if again.incumbents:
        assert again.incumbents[0][1] == pytest.approx(first.objective, rel=1e-6, abs=1e-6)
    assert again.objective == pytest.approx(first.objective, rel=1e-6, abs=1e-6)
