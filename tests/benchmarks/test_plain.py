"""The textbook model of benchmarks/plain.py and the planner's own: two formulations, one optimum, to the gap."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from relight.controllers.milp.problem import Horizon
from relight.controllers.planning.planner import Planner
from relight.scenarios.loader import load_case
from relight.scenarios.schema.scenario import LoadControl

BENCHMARKS = str(Path(__file__).parents[2] / "benchmarks")
GAP = 1e-3
SHORT = ("outage.duration_min=60", f"dispatch_centre.mip_gap={GAP}")


LOSSY = ("units.ess_charge_efficiency=0.9", "units.ess_discharge_efficiency=0.8")
CASES = [("guo45/calibrated-0400", ()), ("guo45/calibrated-0400", LOSSY), ("guo45/fault-0400", ())]


@pytest.fixture(scope="module", params=CASES, ids=["calibrated", "lossy", "fault"])
def horizon(request: pytest.FixtureRequest) -> Horizon:
    sys.path.insert(0, BENCHMARKS)
    try:
        from planning import first_horizon
    finally:
        sys.path.remove(BENCHMARKS)
    name, changes = request.param
    return first_horizon(load_case(name, (*SHORT, *changes)))


@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
@pytest.mark.parametrize("mode", ["section", "area", "part"])
def test_the_textbook_model_has_the_same_optimum(
    horizon: Horizon, mode: LoadControl, static: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    from plain import solve_textbook

    objective, bound = solve_textbook(horizon, mode, static=static, gap=GAP)
    graph = replace(horizon.graph, load_control=mode)
    plan = Planner(graph, horizon.steps, static=static).plan(replace(horizon, graph=graph)).plan
    assert plan.status == "optimal" and objective > 0
    assert plan.objective == pytest.approx(objective, rel=2 * GAP)
    assert plan.objective <= bound * (1 + 1e-6) and objective <= (plan.bound or 0.0) * (1 + 1e-6)
