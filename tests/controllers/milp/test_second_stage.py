"""What each constraint of the dispatch stage forbids: without it some dispatch gets cheaper."""

from __future__ import annotations

import pytest

from golden_lp import FORMS, names_of
from relight.controllers.planning.planner import Planner
from relight.controllers.solver.highs import KeptSolver
from support.small_cases import random_case, with_options

NOTICED_BY = {
    "headroom_power": 5, "headroom_energy": 11, "headroom_reactive": 31, "nbsu_generation": 0, "infeed_import": 9,
    "ess_discharge_cost": 1, "ess_charge_cost": 0,
}  # fmt: skip
"""Constraint → a seed for which the least cost falls when the dispatch problem leaves it out."""


def noticed(name: str, seed: int) -> bool:
    case = with_options(random_case(seed), reserve_pct=40.0)
    planner = Planner(case.graph, case.horizon.steps, lazy_voltage=False)
    planner.plan(case.horizon)
    d = planner.decided
    if d is None or not hasattr(d, "dispatch_cost"):
        return False
    whole = KeptSolver(d, {}).solve()
    getattr(d, name).deactivate()
    return KeptSolver(d, {}).solve().objective < whole.objective - 1e-4


@pytest.mark.parametrize("name", NOTICED_BY)
def test_a_missing_constraint_is_noticed(name: str) -> None:
    assert noticed(name, NOTICED_BY[name])


def test_every_constraint_is_noticed() -> None:
    assert {*NOTICED_BY} == {*names_of(FORMS["dispatch"]().contents)}
