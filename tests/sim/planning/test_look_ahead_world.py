"""Runs whose plans look ahead a given time only: the whole window gives the same bytes, less gives valid plans."""

from __future__ import annotations

from pathlib import Path

import pytest

from relight.controllers.centre.planning_desk import PlanningDesk
from relight.controllers.exchange.plan import Plan
from relight.controllers.strategies.named import UnsuitableStrategyError, strategy_named
from relight.results.run_folder import RunRecord, write_run
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.plan_once import plan_once
from relight.sim.validation.validator import Validator

FAULT = "guo45/fault-1000"
SHORT = ("outage.duration_min=90", "clock.sim_step_min=15", "dispatch_centre.mip_gap=0.01")


def ran(*overrides: str, strategy: str = "dynamic") -> RunLog:
    case, log = load_case(FAULT, (*SHORT, *overrides), 3), RunLog()
    run_world(case, strategy_named(strategy, case.scenario.dispatch_centre), 3, log, engine="power-grid-model")
    return log


def written(log: RunLog, folder: Path) -> dict[str, bytes]:
    write_run(
        folder, RunRecord(scenario=load_case(FAULT, SHORT, 3).scenario, strategy="s", seed=3, recorder=log.recorder)
    )
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "timing.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("strategy", ["dynamic", "greedy"])
def test_the_whole_window_is_the_same_as_no_option(tmp_path: Path, strategy: str) -> None:
    whole = written(ran("dispatch_centre.look_ahead_min=90", strategy=strategy), tmp_path / "whole")
    assert whole == written(ran(strategy=strategy), tmp_path / "none")
    assert len([name for name in whole if name.startswith("plans/")]) >= 3


@pytest.mark.parametrize("strategy", ["dynamic", "greedy", "centralised"])
def test_plans_that_see_less_are_valid_and_carried_out(strategy: str) -> None:
    log = ran("dispatch_centre.look_ahead_min=60", strategy=strategy)
    plans = [Plan.model_validate(plan) for plan in log.recorder.plans]
    issued = [plan.issued_at_min for plan in plans]
    assert {0.0, 30.0, 60.0} <= set(issued)
    for plan in plans:
        assert plan.end_min == min(90.0, 30 * ((plan.issued_at_min + 60 + 29) // 30))
        assert not [check for check in plan.checks if check.then == "issue"]
    served = sum(row[-2] or 0.0 for row in log.recorder.rows["local_area"]) / 4
    assert served > 0


def test_its_first_plan_is_judged_clean() -> None:
    case = load_case(FAULT, (*SHORT, "dispatch_centre.look_ahead_min=30"), 3)
    plan = plan_once(case, "dynamic").plan
    assert (len(plan.steps), plan.end_min) == (1, 30.0)
    assert not Validator(case, engine="power-grid-model")(plan)
    with pytest.raises(UnsuitableStrategyError, match="look_ahead_min"):
        plan_once(case, "static")


def test_a_failed_plan_does_not_prolong_one_that_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where planning fails the plan in force goes on, but not beyond its end."""
    from relight.controllers.planning.plan_reader import nothing_restored
    from relight.controllers.planning.planner import PlanRecord

    true_plan = PlanningDesk.plan

    def fails_later(self, horizon, *given, **more):
        record = true_plan(self, horizon, *given, **more)
        if horizon.start(0) < 30:
            return record
        return PlanRecord(nothing_restored(horizon), record.solution, horizon, "made to fail")

    monkeypatch.setattr(PlanningDesk, "plan", fails_later)
    assert [p["issued_at_min"] for p in ran().recorder.plans] == [0.0], "it lasts to the end of the window"
    short = ran("dispatch_centre.look_ahead_min=60").recorder.plans
    assert [(p["issued_at_min"], p["status"]) for p in short if p["issued_at_min"] % 30 == 0] == [
        (0.0, "optimal"), (60.0, "fallback"),
    ]  # fmt: skip
