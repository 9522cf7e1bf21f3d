"""First plans that start from those of fewer choices, whatever it is that a strategy schedules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from relight.controllers.strategies.builtin import DYNAMIC, ORACLE
from relight.scenarios.loader import load_case
from relight.sim.planning.foresight_bound import foresight_bound_kwh
from relight.sim.planning.plan_once import first_plan
from support import three_bus_case

OUTAGE = {"duration_min": 60, "faulted_branches": ["a-b"]}


@pytest.mark.parametrize("strategy", [DYNAMIC, ORACLE], ids=lambda strategy: strategy.name)
def test_single_devices_climb_as_areas_do(tmp_path: Path, strategy) -> None:
    path = three_bus_case.write(tmp_path, outage=OUTAGE, dispatch_centre={"climb": True})
    climbing, straight = load_case(path), load_case(path, ["dispatch_centre.climb=false"])
    for per_device in (False, True):
        chosen = replace(strategy, per_device=per_device)
        plan, other = first_plan(climbing, chosen).plan, first_plan(straight, chosen).plan
        assert plan.objective == pytest.approx(other.objective, rel=1e-3)
        assert plan.objective > 0


def test_the_foresight_bound_is_the_same_whether_plans_climb(tmp_path: Path) -> None:
    path = three_bus_case.write(tmp_path, outage=OUTAGE)
    bounds = {foresight_bound_kwh(load_case(path, [f"dispatch_centre.climb={climb}"])) for climb in ("true", "false")}
    assert len(bounds) == 1 and None not in bounds
