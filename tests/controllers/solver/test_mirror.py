"""The mirror shows the same problem: values of one are those of the other, with equal worth and rows kept alike."""

from __future__ import annotations

import highspy
import numpy as np
import pytest

from relight.controllers.milp.model import set_horizon
from relight.controllers.planning.planner import Planner
from relight.controllers.solver.compiled import Compiled
from relight.controllers.solver.highs import DISCIPLINE, configured
from relight.controllers.solver.mirror import Mirror
from support.small_cases import random_case, seeds, with_load_control


def solved(lp: highspy.HighsLp) -> tuple[bool, float, np.ndarray]:
    highs = configured({**DISCIPLINE, "mip_rel_gap": 0.0})
    highs.passModel(lp)
    highs.run()
    optimal = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return optimal, float(highs.getInfo().objective_function_value), np.array(highs.getSolution().col_value)


@pytest.mark.parametrize("seed", seeds(4, 200))
@pytest.mark.parametrize("mode", ["section", "area"])
def test_the_mirror_has_the_same_optimum_and_its_values_come_back(seed, mode):
    case = with_load_control(random_case(seed), mode)
    planner = Planner(case.graph, case.horizon.steps)
    set_horizon(planner.model, case.horizon)
    compiled = Compiled(planner.model)
    optimal, objective, _ = solved(compiled.lp())
    mirror = Mirror(compiled.lp())
    seen, as_seen, x = solved(mirror.lp)
    assert seen == optimal
    if optimal:
        assert as_seen == pytest.approx(objective, rel=1e-6, abs=1e-6)
        there = mirror.back(x)
        assert compiled.objective(there) == pytest.approx(objective, rel=1e-6, abs=1e-6)
        assert compiled.worst_row(there)[0] <= 1e-5
        where, values = mirror.into(np.arange(len(there), dtype=np.int32), there)
        assert values[np.argsort(where)] == pytest.approx(x)


def test_a_mirror_by_hand():
    """5 + max x + 2 y + z / 2; x, y binary, z ≤ 3 has no lower bound; x + y ≤ 1, y + z ≤ 3: y = 1, z = 2, worth 8."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_, lp.sense_, lp.offset_ = 3, 2, highspy.ObjSense.kMaximize, 5.0
    lp.col_cost_, lp.col_lower_ = np.array([1.0, 2.0, 0.5]), np.array([0.0, 0.0, -highspy.kHighsInf])
    lp.col_upper_ = np.array([1.0, 1.0, 3.0])
    lp.integrality_ = [highspy.HighsVarType.kInteger] * 2 + [highspy.HighsVarType.kContinuous]
    lp.row_lower_, lp.row_upper_ = np.full(2, -highspy.kHighsInf), np.array([1.0, 3.0])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = np.array([0, 1, 3, 4]), np.array([0, 0, 1, 1])
    lp.a_matrix_.value_ = np.ones(4)
    mirror = Mirror(lp)
    assert list(mirror.lp.col_cost_) == [0.5, -2.0, -1.0] and mirror.lp.offset_ == 8.0
    assert list(mirror.lp.row_upper_) == [2.0, -1.0]
    optimal, worth, x = solved(mirror.lp)
    assert optimal and worth == pytest.approx(5 + 2 + 0.5 * 2)
    assert mirror.back(x) == pytest.approx([0, 1, 2])
