"""Start-ups that take no time, or less than a simulation step: on line at one instant for plan, world and verdict."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from relight.controllers.strategies.named import strategy_named
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.plan_once import plan_once
from relight.sim.series.profiles import Profiles
from relight.sim.validation.conditions import forecast
from relight.sim.validation.validator import Validator
from support import three_bus_case

BROUGHT = Path(__file__).resolve().parents[2] / "cases" / "bug-01-nbsu-start-zero"
BLACK = "name,bus,s_kva,vm_pu,dead,only_if\n"
AT_ONCE = ("outage.first_order_min=0", "switching.in_runs=false", "world.pick_up_limit_pct=null")


@pytest.mark.parametrize("scenario", ["s.yaml", "without-nbsu.yaml"])
def test_a_generator_more_that_starts_at_once_makes_a_plan_no_less(scenario: str) -> None:
    record = plan_once(load_case(BROUGHT / scenario, AT_ONCE), "dynamic")
    assert record.planned_energy_kwh == pytest.approx(200.0, abs=1e-6)
    assert not record.plan.checks


def with_start(folder: Path, start_min: float, **clock: int) -> Case:
    """Three dark buses: a battery of 40 kWh, which is not enough for two hours, and a unit beside it."""
    nbsu = f"id,bus,s_kva,p_in_kw,ramp_up_kw_per_h,ramp_down_kw_per_h,start_min\nnbsu.b,b,90,1,900,900,{start_min}\n"
    ess = "id,bus,s_kva,discharge_kwh,charge_kwh,only_if,tag\ness.b,b,100,40,20,,\n"
    tables = {"infeeds.csv": BLACK, "nbsu.csv": nbsu, "ess.csv": ess}
    path = three_bus_case.write(folder, tables, clock=clock, perfect_forecast=True)
    return load_case(path)


@pytest.mark.parametrize(
    ("start_min", "clock", "counts_min"),
    [
        (0, {"plan_step_min": 30, "sim_step_min": 5}, 5),
        (0, {"plan_step_min": 30, "sim_step_min": 30}, 30),
        (7, {"plan_step_min": 10, "sim_step_min": 10}, 10),
        (31, {"plan_step_min": 30, "sim_step_min": 5}, 35),
    ],
)
def test_a_planned_start_is_clean_for_the_verdict_and_carried_out_by_the_world(
    tmp_path: Path, start_min: float, clock: dict[str, int], counts_min: float
) -> None:
    case = with_start(tmp_path, start_min, **clock)
    assert case.view.nbsu["nbsu.b"].start_min == counts_min
    record = plan_once(case, "dynamic")
    started = [step.start_min for step in record.plan.steps if step.local_areas["b"].nbsu_state == "online"]
    assert started, "the battery alone is not enough"
    assert started[0] >= counts_min, "its first simulation step it spends starting"
    assert not Validator(case, forecast=forecast(case, Profiles(case))).validate(record.plan).violations
    log = RunLog()
    run_world(case, strategy_named("open_loop"), 0, log, engine="power-grid-model")
    rows = pd.DataFrame(log.recorder.rows["local_area"], columns=list(log.recorder.columns("local_area")))
    served_kwh = rows.served_kw.sum() * case.scenario.clock.sim_step_min / 60
    assert served_kwh == pytest.approx(record.planned_energy_kwh, rel=1e-3)
    assert served_kwh > 100
    units = pd.DataFrame(log.recorder.rows["unit"], columns=list(log.recorder.columns("unit")))
    on_line = units[(units.unit == "nbsu.b") & units.state.isin(["follow", "form"])]
    assert on_line.time_min.min() == started[0]
