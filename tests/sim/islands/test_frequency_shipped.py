"""guo45/frequency-1000: holds, sheds and trips, in a run from scenario to figure."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from relight.controllers.strategies.named import strategy_named
from relight.results.figures.frequency import has_frequency
from relight.results.run.read import RunTables, read_run
from relight.results.run.tables import SERIES
from relight.scenarios.loader import load_case, resolved_yaml
from relight.sim.campaigns.run import simulate
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world

NAME = "guo45/frequency-1000"
COARSE = "clock.sim_step_min=15"


def log_of(name: str, *overrides: str, minutes: int = 30) -> RunLog:
    """A static run of the first minutes, not written."""
    log = RunLog()
    case = load_case(name, [f"outage.duration_min={minutes}", COARSE, *overrides])
    run_world(case, strategy_named("static"), case.scenario.seed, log)
    return log


def table_of(log: RunLog, name: str) -> pd.DataFrame:
    return pd.DataFrame(log.recorder.rows[name], columns=list(log.recorder.columns(name)))


def kinds(events: pd.DataFrame, time_min: float) -> set[str]:
    return set(events.loc[events["time_min"] == time_min, "kind"])


@pytest.fixture(scope="module")
def shipped(tmp_path_factory) -> tuple[RunTables, Path]:
    folder = tmp_path_factory.mktemp("shipped") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relight.results.figures.drawing.RUN_FIGURES", {})
        return read_run(
            simulate(
                load_case(NAME, ["outage.duration_min=60", "local_areas.load_control=area", COARSE]), "static", folder
            )
        ), folder


def test_a_large_black_start_sheds_much_and_the_pick_up_of_those_shed_less(shipped):
    table, folder = shipped
    first = table.island[table.island["time_min"] == 0].iloc[0]
    assert first["step_kw"] > 1300 and first["ufls_kw"] > 500 and first["f_min_hz"] < 48
    assert {"frequency_step", "ufls_stage", "la_shed", "island_energised"} <= kinds(table.events, 0)
    held = table.island[table.island["time_min"] == 30].iloc[0]
    assert held["step_kw"] > 500 and 0 < held["ufls_kw"] < first["ufls_kw"] / 4
    assert first["f_min_hz"] < 48.5 < held["f_min_hz"] < held["f_settled_hz"] < 50
    assert {"ufls_stage", "la_picked_up"} <= kinds(table.events, 30)
    assert (table.island["mismatch_kw"].abs() <= 1e-3).all()
    assert table.local_area.loc[table.local_area["shed"] == 1, "served_kw"].eq(0).all()
    assert has_frequency(table) and (folder / "figures" / "frequency.png").stat().st_size > 10_000


def test_without_under_frequency_load_shedding_it_trips():
    log = log_of(NAME, "frequency.ufls=[]")
    happened = kinds(table_of(log, "events"), 0)
    assert {"unit_tripped", "collapse"} <= happened and "island_energised" not in happened
    island = table_of(log, "island")
    assert island[island["time_min"] == 0]["served_kw"].sum() == 0


def test_more_inertia_gives_relays_time(shipped):
    slow = table_of(log_of(NAME, "frequency.ess_forming.inertia_s=8"), "island").iloc[0]
    fast = shipped[0].island.iloc[0]
    assert slow["time_min"] == fast["time_min"] == 0 and slow["f_min_hz"] > fast["f_min_hz"]
    assert abs(slow["rocof_hz_per_s"]) < abs(fast["rocof_hz_per_s"])


def test_switched_off_nothing_differs_from_the_scenario_it_extends():
    off, plain = log_of(NAME, "frequency=null"), log_of("guo45/fault-1000")
    assert off.recorder.rows == plain.recorder.rows
    assert off.recorder.columns("island") == SERIES["island"]
    assert "frequency" not in resolved_yaml(load_case("guo45/fault-1000").scenario)
