"""A fault on a bus, or on a line without a switch, from the plan to the run: dark until the repair, and told why."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from relight.controllers.exchange.plan import Plan, PlanStep
from relight.controllers.strategies.named import strategy_named
from relight.results.metrics.score import score_run
from relight.results.run.read import read_run
from relight.results.run_folder import write_run
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.run_record import RunRecord
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.foresight_bound import bounds_of_run
from relight.sim.planning.plan_once import plan_once
from relight.sim.planning.service_bound import service_bound_kwh
from relight.sim.validation.validator import Validator
from support.three_bus_case import TABLES, write

NO_NBSU = TABLES["nbsu.csv"].splitlines()[0] + "\n"
AT_THE_ENDS = {
    "buses.csv": TABLES["buses.csv"] + "d,10,3,0,\n",
    "lines.csv": TABLES["lines.csv"] + "b-d,b,d,100,cable,,\n",
    "ess.csv": TABLES["ess.csv"] + "ess.c,c,100,80,20,,\n",
    "nbsu.csv": NO_NBSU,
}
"""grid - a =a-b= b =b-c= c, and d on b by a line without a switch; storages at b and c, PV at c."""


def case_of(folder: Path, *overrides: str, **parts: Any) -> Case:
    outage = {"duration_min": 90, "dead_infeeds": [], **parts.pop("outage", {})}
    return load_case(write(folder, AT_THE_ENDS, outage=outage, perfect_forecast=True, **parts), overrides)


def ran(case: Case, strategy: str) -> RunLog:
    log = RunLog()
    run_world(case, strategy_named(strategy), 0, log, engine="power-grid-model")
    return log


def table(log: RunLog, name: str) -> pd.DataFrame:
    return pd.DataFrame(log.recorder.rows[name], columns=list(log.recorder.columns(name)))


def live_at(log: RunLog) -> dict[str, list[float]]:
    """LA → when a step begins in which it is energised."""
    areas = table(log, "local_area")
    return {la: rows[rows.energised == 1].time_min.tolist() for la, rows in areas.groupby("local_area")}


STEPS = [5.0 * k for k in range(18)]


@pytest.mark.parametrize("strategy", ["dynamic", "static", "growing", "greedy", "open_loop", "centralised"])
def test_what_the_fault_holds_stays_dark_and_the_rest_is_served(tmp_path: Path, strategy: str) -> None:
    case = case_of(tmp_path, outage={"faulted": ["b-d"]})
    record = plan_once(case, strategy)
    for step in record.plan.steps:
        assert set(step.energised_buses or ()) == {"a", "c"} and not step.closed_branches
    assert "section b stays dark: held by the fault on b-d" in record.note
    assert Validator(case).validate(record.plan).clean


@pytest.mark.parametrize("strategy", ["dynamic", "static", "islanded"])
def test_a_run_serves_what_is_not_held_and_nothing_that_is(tmp_path: Path, strategy: str) -> None:
    case = case_of(tmp_path, outage={"faulted": ["b"]})
    log = ran(case, strategy)
    live = live_at(log)
    assert live["a"] == STEPS and live["b"] == live["d"] == []
    if strategy != "islanded":
        assert live["c"] == STEPS
        assert not log.recorder.rows["violations"]
    areas = table(log, "local_area")
    served_kwh = areas[areas.in_outage_area == 1].served_kw.sum() / 12
    assert served_kwh <= service_bound_kwh(case) * (1 + 1e-9)
    if strategy == "dynamic":  # the storage at c and the PV have more than enough
        demanded = areas[areas.local_area == "c"].demand_kw.sum() / 12
        assert served_kwh == pytest.approx(demanded) and service_bound_kwh(case) == pytest.approx(demanded)


def test_after_the_repair_the_section_is_restored_and_not_before(tmp_path: Path) -> None:
    repair = {"repairs": [{"element": "b", "after": {"minutes": 40}}]}
    log = ran(case_of(tmp_path, outage={"faulted": ["b"]}, surprises=repair), "dynamic")
    live = live_at(log)
    assert live["a"] == STEPS
    assert live["b"] == live["d"] == [t for t in STEPS if t >= live["b"][0]] and 40 <= live["b"][0] <= 50
    whys = table(log, "events").query("kind == 'plan_issued'").text.tolist()
    assert any("b repaired" in why for why in whys)


def test_a_live_infeed_in_the_section_is_cut_off_until_the_repair_and_then_feeds_again(tmp_path: Path) -> None:
    repair = {"repairs": [{"element": "a", "after": {"minutes": 40}}]}
    log = ran(case_of(tmp_path, outage={"faulted": ["a"]}, surprises=repair), "dynamic")
    live = live_at(log)
    assert live["a"] == [t for t in STEPS if t >= 40]
    assert live["b"] == live["c"] == live["d"] == STEPS, "by their storages, and handed over without a gap"
    events = table(log, "events")
    assert events[events.kind == "infeed_connected"].time_min.tolist() == [40.0]
    assert not (events.kind == "protection_trip").any()


@cache
def held_step(balance: str, closed: tuple[str, ...]) -> PlanStep:
    return PlanStep(
        start_min=0, closed_branches=list(closed), energised_buses=["a", "b", "d"], balance_units=["grid", balance]
    )


@pytest.mark.parametrize(
    ("closed", "elements"), [((), {"b"}), (("a-b",), {"a-b", "b"}), (("a-b", "b-c"), {"a-b", "b-c", "b"})]
)
def test_a_plan_that_energises_what_is_held_breaks_a_rule(
    tmp_path: Path, closed: tuple[str, ...], elements: set[str]
) -> None:
    case = case_of(tmp_path, outage={"faulted": ["b"]})
    plan = Plan(scenario="small", strategy="own", issued_at_min=0, step_min=30, end_min=90,
                steps=[held_step("ess.b", closed)])  # fmt: skip
    verdict = Validator(case).validate(plan)
    broken = {v.element for v in verdict.violations if v.kind == "faulted_branch_closed"}
    assert broken == elements and not verdict.clean
    assert not any(v.kind == "no_balance_unit" for v in verdict.violations), "one message a mistake"


def test_why_nothing_is_restored_names_the_fault(tmp_path: Path) -> None:
    no_storage_at_c = {**AT_THE_ENDS, "ess.csv": TABLES["ess.csv"]}
    path = write(tmp_path, no_storage_at_c, outage={"duration_min": 90, "dead_infeeds": [], "faulted": ["d"]})
    note = plan_once(load_case(path), "dynamic").note
    assert "nothing is restored" in note and "fault on d" in note


LIVE_PART = {"faults": [{"element": "d", "at_min": 30, "repair": {"minutes": 35}}]}
"""First the switch b-c faults and c is dark; then the bus d, beside the infeed that feeds all the rest."""


def test_a_second_fault_in_the_live_part_takes_its_section_and_for_a_step_what_hangs_on_the_infeed(
    tmp_path: Path,
) -> None:
    case = case_of(tmp_path, outage={"faulted": ["b-c"]}, surprises=LIVE_PART)
    log = ran(case, "dynamic")
    live, areas = live_at(log), table(log, "local_area")
    assert live["c"] == STEPS, "its storage serves it all along"
    assert live["a"] == [t for t in STEPS if t != 30], "the infeed trips with its island, and feeds again"
    assert [t for t in live["b"] if 30 <= t < 65] == [] and live["b"] == live["d"] and live["b"][-1] == STEPS[-1]
    events = table(log, "events")
    tripped = events[events.kind == "protection_trip"]
    assert list(zip(tripped.time_min, tripped.element, strict=True)) == [(30.0, "d")]
    assert "opened a-b; locked a-b, b-c" in tripped.text.item()
    area = {la: rows[rows.in_outage_area == 1].time_min.tolist() for la, rows in areas.groupby("local_area")}
    assert area == {"c": STEPS} | {la: [t for t in STEPS if t >= 30] for la in "abd"}
    assert any("d faulted" in why or "b faulted" in why for why in events[events.kind == "plan_issued"].text)


def test_what_was_lost_later_counts_from_then_on_in_energy_and_in_indices(tmp_path: Path) -> None:
    case = case_of(tmp_path, outage={"faulted": ["b-c"]}, surprises=LIVE_PART)
    log = ran(case, "dynamic")
    write_run(tmp_path / "run", RunRecord(scenario=case.scenario, strategy="dynamic", seed=0, recorder=log.recorder))
    run = read_run(tmp_path / "run")
    areas, found = run.local_area, score_run(run)
    counted = areas[(areas.local_area == "c") | (areas.time_min >= 30)]
    demand_mwh, served_mwh = (counted[f"{name}_kw"].sum() / 12e3 for name in ("demand", "served"))
    dark = areas[areas.energised == 0]
    dark_mwh = dark.demand_kw.sum() / 12e3
    assert dark_mwh > 0 and demand_mwh - served_mwh == pytest.approx(dark_mwh, abs=1e-9)
    for name, value in (("demand_energy_mwh", demand_mwh), ("served_energy_mwh", served_mwh)):
        assert found[name].value == pytest.approx(value, abs=1e-9) == run_summary(tmp_path)[name]
    assert run_summary(tmp_path)["unserved_outside_area_energy_mwh"] == 0.0
    out_min = 5.0 * (dark.local_area == "b").sum()
    weight = {la: rows.customers.iloc[0] for la, rows in areas.groupby("local_area")}
    total = sum(weight.values())
    assert found["customers"].value == pytest.approx(total), "everybody lost supply at some time"
    assert found["saifi"].value == pytest.approx((weight["b"] + weight["d"]) / total)
    assert found["saidi_min"].value == pytest.approx(out_min * (weight["b"] + weight["d"]) / total)
    assert found["maifi"].value == pytest.approx(weight["a"] / total), "five minutes are a momentary interruption"
    assert found["saifi_outside"].value is None
    kept = bounds_of_run(case, strategy_named("dynamic"), log.recorder)
    assert kept["weighted_served_mwh"] == pytest.approx(served_mwh, abs=1e-6)
    assert kept["weighted_served_mwh"] <= kept["service_bound_mwh"] * (1 + 1e-9)
    assert kept["service_bound_mwh"] < demand_mwh, "what the fault holds cannot be served by anybody"


def run_summary(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run" / "summary.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("strategy", ["dynamic", "greedy"])
def test_several_faults_at_once_and_one_after_the_other_with_a_live_infeed(tmp_path: Path, strategy: str) -> None:
    course = (("a-b", 20), ("c", 40), ("d", 40))
    faults = {"faults": [{"element": element, "at_min": at_min} for element, at_min in course]}
    log = ran(case_of(tmp_path, outage={"faulted": ["b-c"]}, surprises=faults), strategy)
    live = live_at(log)
    assert live["a"] == [t for t in STEPS if t != 20]
    assert not [t for la in "bcd" for t in live[la] if t >= 40] and live["c"] == [t for t in STEPS if t < 40]
    assert live["b"] == live["d"] and any(20 < t < 40 for t in live["b"]), "its own storage carries it in between"
    for plan in log.recorder.plans:
        if plan["issued_at_min"] > 45:
            assert all(set(step["energised_buses"]) == {"a"} for step in plan["steps"])
