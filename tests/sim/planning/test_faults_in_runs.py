"""A fault on a bus, or on a line without a switch, from the plan to the run: dark until the repair, and told why."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from relight.controllers.exchange.plan import Plan, PlanStep
from relight.controllers.strategies.named import strategy_named
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
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
