"""Cold load pick-up in the world: what happened decides it, and a right estimate plans what comes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from relight.controllers.strategies.named import strategy_named
from relight.results.comparison.compare import compare
from relight.scenarios.case import Case
from relight.scenarios.schema.scenario import LoadControl
from relight.sim.campaigns.run import simulate
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.plan_once import plan_once
from relight.sim.validation.run_state import state_in_run
from relight.sim.validation.validator import Validator
from support.networks import BY_AREA, Run, build_case, chain, ess, nbsu, order

HOUSE = {"peak": 3.0, "rise_min": 60.0, "hold_min": 30.0, "decay_min": 60.0}
LOAD = {"a": (100.0, 30.0), "b": (100.0, 30.0)}
AFTER_AN_HOUR = 1 + 2 * (1 - math.exp(-1))


def two_areas(s_kva: float = 2000.0, **options: Any) -> Case:
    """a with an ESS, b behind a switch, both of houses with 100 kW."""
    case = build_case(chain("a", "b"), [ess("a", s_kva, 8000.0)], {"a": 100.0, "b": 100.0}, **options)
    areas = {name: replace(la, kinds={"household": 1.0}) for name, la in case.view.local_areas.items()}
    return replace(case, view=replace(case.view, local_areas=areas))


def cold_run(s_kva: float = 2000.0, **options: Any) -> Run:
    return Run(two_areas(s_kva, cold_load={"household": HOUSE}, **options), LOAD)


def test_a_pick_up_after_an_hour_by_hand() -> None:
    run = cold_run().step(steps=12)
    assert run.area("a")["demand_kw"] == 100.0 and not run.events
    run.step(order("ess.a", "form"))
    area = run.area("a")
    assert area["demand_kw"] == area["served_kw"] == pytest.approx(100 * AFTER_AN_HOUR)
    assert area["served_kvar"] == pytest.approx(30 * AFTER_AN_HOUR)
    told, other = [row for row in run.record.events if row["kind"] == "cold_load_pick_up"]
    assert (told["element"], other["element"]) == ("a", "b") and told["value"] == pytest.approx(AFTER_AN_HOUR)
    assert told["text"] == "after 60 min; 226.4 instead of 100.0 kW"
    row = run.record.series["cold_load"][0]
    assert row == {
        "time_min": 60.0,
        "local_area": "a",
        "multiple": told["value"],
        "cold_load_kw": area["served_kw"] - 100,
    }
    assert run.island("a")["served_kw"] == pytest.approx(2 * area["served_kw"])
    run.step(steps=18)  # from minute 150 to 155: 60 to 65 min after the hold
    mean = math.exp(-1) * 60 / 5 * (1 - math.exp(-5 / 60))
    assert run.area("a")["demand_kw"] == pytest.approx(100 * (1 + (AFTER_AN_HOUR - 1) * mean))


def test_customers_in_the_dark_demand_the_base_course() -> None:
    """b stays dark: its demand, and so energy not supplied, is not raised by what it would draw on return."""
    run = cold_run().step(order("ess.a", "form"), switches={"a-b": False}, steps=12)
    assert run.area("b")["demand_kw"] == 100.0 and run.area("b")["served_kw"] == 0.0
    assert run.area("a")["demand_kw"] == 100.0, "black-started at once: it was never without supply"
    run.step(switches={"a-b": True})
    assert run.area("b")["demand_kw"] == pytest.approx(100 * AFTER_AN_HOUR) and run.area("a")["demand_kw"] == 100.0


def test_an_area_that_the_pick_up_is_too_much_for_is_shed_and_stays_dark() -> None:
    """440 kVA carry 2 × 200 kW but not 2 × 226 kW. b's outage goes on as if untried; three hours after the fault it
    draws 290 kW, and a 128 kW."""
    run = cold_run(s_kva=440.0, priority={"a": 2.0}, local_areas=BY_AREA).step(steps=12)
    run.step(order("ess.a", "form"), switches={"a-b": True})
    shed = next(row for row in run.record.events if row["kind"] == "la_shed")
    assert shed["element"] == "b" and shed["value"] == pytest.approx(100 * AFTER_AN_HOUR)
    assert run.area("b")["demand_kw"] == 100.0 and run.area("b")["served_kw"] == 0.0
    assert run.grid.measurements()["b"]["supply_changes_min"] == [0.0]
    run.step(steps=23).step(pick_up=["b"])
    assert run.area("b")["served_kw"] == pytest.approx(100 * (1 + 2 * (1 - math.exp(-3))))
    assert run.grid.measurements()["b"]["supply_changes_min"] == [0.0, 180.0]


def test_dropped_and_picked_up_again_it_has_not_forgotten() -> None:
    run = cold_run().step(steps=12).step(order("ess.a", "form"), steps=18)
    run.step(order("ess.a", "off"), steps=6).step(order("ess.a", "form"))
    left = 1 - (1 - (1 - math.exp(-1)) * math.exp(-1)) * math.exp(-0.5)
    assert run.area("a")["served_kw"] == pytest.approx(100 * (1 + 2 * left))
    assert run.grid.measurements()["a"]["supply_changes_min"] == [0.0, 60.0, 150.0, 180.0]
    assert run.grid.measurements()["a"]["demand_p_kw"] == pytest.approx(100 * (1 + 2 * left))


def test_off_nothing_is_told_and_nothing_changes() -> None:
    run = Run(two_areas(), LOAD).step(steps=12).step(order("ess.a", "form"))
    assert run.area("a")["served_kw"] == 100.0
    assert "cold_load" not in run.record.series and "cold_load_pick_up" not in {kind for kind, _ in run.events}


# -- whole runs ------------------------------------------------------------------------------------------------------


def three_areas(
    estimate: dict[str, Any] | None, ess_kva: float = 180.0, load_control: LoadControl = "area", **dispatch: Any
) -> Case:
    """An ESS and an NBSU at a that is on line after 30 min; loads of houses, 100 kW each at most."""
    case = build_case(
        chain("a", "b", "c"),
        [ess("a", ess_kva, 4000.0), nbsu("a", 230.0, ramp_kw_per_h=4000.0)],
        dict.fromkeys("abc", 100.0),
        outage={"start": "2025-06-20T10:00", "duration_min": 120},
        clock={"sim_step_min": 10},
        load={"peak_kw": 300.0, "mix": {"h0": 1.0}},
        perfect_forecast=True,
        cold_load={"household": HOUSE},
        local_areas={"load_control": load_control},
        dispatch_centre={"cold_load": estimate, **dispatch},
    )
    areas = {name: replace(la, kinds={"household": 1.0}) for name, la in case.view.local_areas.items()}
    mixes = {name: {"h0": 1.0} for name in "abc"}
    return replace(case, view=replace(case.view, local_areas=areas), mix_by_bus=mixes)


def whole_run(case: Case, strategy: str = "dynamic") -> dict[str, pd.DataFrame]:
    log = RunLog()
    run_world(case, strategy_named(strategy), 0, log, engine="power-grid-model")
    kept = log.recorder
    tables = {name: pd.DataFrame(rows, columns=list(kept.columns(name))) for name, rows in kept.rows.items()}
    area = tables["local_area"]
    tables["steps"] = area.assign(step=area.time_min // 30).groupby("step")[["planned_kw", "served_kw"]].mean()
    return tables


@pytest.mark.parametrize("strategy", ["dynamic", "centralised"])
def test_with_the_right_estimate_what_is_planned_is_served(strategy: str) -> None:
    """In each plan step, with room in power: what is drawn decays within a step, the plan holds its mean."""
    run = whole_run(three_areas({}, ess_kva=600.0, pick_up_limit_pct=30.0), strategy)
    steps = run["steps"]
    assert steps.planned_kw.to_numpy() == pytest.approx(steps.served_kw.to_numpy(), rel=1e-6)
    assert run["violations"].empty and (run["cold_load"].cold_load_kw > 20).any()


@pytest.mark.parametrize(("load_control", "shed"), [("area", "la_shed"), ("section", "section_shed")])
def test_a_wrong_estimate_plans_something_else(load_control: LoadControl, shed: str) -> None:
    """Without one, more is picked up at once than the units can carry: areas (sections) are shed that were planned. One
    that is three times too high, or the largest of each step, leaves room that is not used."""
    estimates = (None, {"factor": 3.0}, {"of_step": "largest"})
    none, high, largest = (whole_run(three_areas(estimate, load_control=load_control)) for estimate in estimates)
    assert {shed} <= {*none["events"].kind} and {"unsupplied_load"} == {*none["violations"].kind}
    for run in (high, largest):
        assert not {"la_shed", "section_shed", "collapse"} & {*run["events"].kind} and run["violations"].empty
        assert (run["steps"].planned_kw >= run["steps"].served_kw - 1e-6).all()
        assert run["steps"].planned_kw.sum() > 1.02 * run["steps"].served_kw.sum()


def test_the_validator_counts_the_estimate_by_forecast_and_the_world_otherwise() -> None:
    """A plan made without an estimate passes its own check, and breaks limits of a world that has cold load pick-up.

    By the estimate its units serve a part of what the areas draw that come back, which no switch can do."""
    right, ignorant = three_areas({"of_step": "largest"}), three_areas(None)
    plans = {name: plan_once(case, "dynamic").plan for name, case in (("right", right), ("none", ignorant))}
    assert not Validator(right).validate(plans["right"]).violations
    assert not Validator(right).validate(plans["right"], actual=True).violations
    assert not Validator(ignorant).validate(plans["none"]).violations
    assert Validator(ignorant).validate(plans["none"], actual=True).violations
    verdict = Validator(right).validate(plans["none"]).violations
    in_part = [v for v in verdict if v.kind == "served_in_part"]
    assert {v.kind for v in verdict} == {"served_in_part", "unit_q"}
    assert {v.step for v in in_part} == {1, 2, 3} and {v.element for v in in_part} == {"b", "c"}
    assert all(v.value is not None and v.limit is not None and v.value < 0.75 * v.limit for v in in_part)


def test_the_limit_spreads_pick_ups_over_steps() -> None:
    """30 % of 600 kVA are 180 kW: two areas of some 80 kW at first, then the third, which by then draws 1.8 times as
    much."""
    first = {}
    for limit in (None, 30.0):
        area = whole_run(three_areas({}, ess_kva=600.0, pick_up_limit_pct=limit))["local_area"]
        first[limit] = sorted(area[area.served_kw > 0].groupby("local_area").time_min.min())
    assert first == {None: [0.0, 0.0, 0.0], 30.0: [0.0, 0.0, 30.0]}


def test_folders_tell_the_excess_and_strategies_can_be_compared(tmp_path: Path, no_run_figures, only_png) -> None:
    """Demand differs between strategies by the excess alone; the state read back from a run knows of supply."""
    case = three_areas({}, ess_kva=600.0, pick_up_limit_pct=30.0)
    folders = [simulate(case, strategy, tmp_path / strategy) for strategy in ("dynamic", "static")]
    summaries = [json.loads((folder / "summary.json").read_text(encoding="utf-8")) for folder in folders]
    excess = [summary["cold_load_energy_mwh"] for summary in summaries]
    assert excess[0] > 0.01 > excess[1] == 0.0
    demand = [summary["demand_energy_mwh"] - more for summary, more in zip(summaries, excess, strict=True)]
    assert demand[0] == pytest.approx(demand[1], abs=1e-9)
    assert compare(folders).runs["cold_load_energy_mwh"].to_list() == pytest.approx(excess)
    assert (folders[0] / "figures" / "cold_load.png").is_file()
    told = state_in_run(folders[0], case, 60.0).supply_changes
    assert sorted(told.values()) == [[0.0, 0.0], [0.0, 0.0], [0.0, 30.0]]
    off = three_areas(None)
    off = replace(off, scenario=off.scenario.model_copy(update={"cold_load": None}))
    plain = simulate(off, "static", tmp_path / "off")
    assert not (plain / "series" / "cold_load.csv").exists() and not (plain / "figures" / "cold_load.png").exists()
    assert "cold_load_energy_mwh" not in json.loads((plain / "summary.json").read_text(encoding="utf-8"))
