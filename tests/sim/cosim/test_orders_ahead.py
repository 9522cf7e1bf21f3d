"""Runs in which messages and operations take time: orders go out ahead, and what is planned is carried out in time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from relight.controllers.strategies.named import strategy_named
from relight.results.report.plan_data import steps_in_force
from relight.scenarios.case import Case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.plan_once import plan_once
from relight.sim.planning.service_bound import service_bound_kwh
from relight.sim.series.profiles import Profiles
from relight.sim.validation.validator import Validator
from support.networks import Line, build_case, ess, nbsu, pv
from support.synthetic_run import in_memory

WATT = 1e-3
"""kW"""
STEP_MIN = 10
SLOW: dict[str, Any] = {"latency_s": 700.0}
"""Messages under way for two steps; with the operation, orders go out 30 min ahead."""


OUTAGE = {"start": "2025-06-21T10:00", "duration_min": 120}


def feeder(stored_kwh: float = 120.0, **scenario: Any) -> Case:
    """Open switches between three areas; a storage for part of the window, a generator that starts first, and sun."""
    data: dict[str, Any] = {
        "outage": OUTAGE,
        "load": {"peak_kw": 300.0, "mix": {"h0": 1.0}},
        "clock": {"sim_step_min": STEP_MIN},
        "perfect_forecast": True,
        "switching": {"in_runs": True},
        "local_areas": {"load_control": "area"},
    }
    case = build_case(
        [Line("a", "b", length_km=0.2, closed=False), Line("b", "c", length_km=0.2, closed=False)],
        [ess("a", 400.0, stored_kwh, 50.0), nbsu("b", 120.0, 60.0), pv("c", 60.0)],
        {"a": 100.0, "b": 100.0, "c": 100.0},
        priority={"a": 1.0, "b": 1.5, "c": 1.2},
        **(data | scenario),
    )
    return replace(case, mix_by_bus={bus: {"h0": 1.0} for bus in "abc"})


def ran(case: Case, strategy: str = "dynamic") -> RunLog:
    log = RunLog()
    run_world(case, strategy_named(strategy, case.scenario.dispatch_centre), 0, log, engine="power-grid-model")
    return log


def table(log: RunLog, name: str = "local_area") -> pd.DataFrame:
    return pd.DataFrame(log.recorder.rows[name], columns=list(log.recorder.columns(name)))


def missed(log: RunLog) -> pd.DataFrame:
    """Rows in which something else was served than planned."""
    rows = table(log)
    return rows[(rows.served_kw - rows.planned_kw).abs() > WATT]


@pytest.mark.parametrize(
    ("strategy", "communication", "lead_min"), [("dynamic", None, 10), ("dynamic", SLOW, 30), ("static", SLOW, 30)]
)
def test_what_is_planned_is_served_from_the_first_step_that_orders_reach(
    strategy: str, communication: dict[str, Any] | None, lead_min: int
) -> None:
    case = feeder(communication=communication)
    log = ran(case, strategy)
    rows, plans = table(log), log.recorder.plans
    assert case.scenario.lead_min == case.scenario.first_step_min == lead_min
    assert missed(log).empty and not log.recorder.rows["violations"]
    served = rows.groupby("time_min").served_kw.sum()
    assert (served[served.index < lead_min] == 0).all() and served[lead_min] > 0
    assert [(plan["issued_at_min"], plan["steps"][0]["start_min"]) for plan in plans] == [
        (start - lead_min, start) for start in (case.scenario.plan_starts_min if len(plans) > 1 else [lead_min])
    ]
    issued = table(log, "events").query("kind == 'plan_issued'").text
    assert issued.str.contains(f"in force from minute {lead_min}").iloc[0]
    operated = table(log, "switch").query("operated == 1").time_min
    assert set(operated) <= set(case.scenario.plan_starts_min) and lead_min in set(operated)
    in_force = steps_in_force(in_memory(log.recorder, case.scenario), [0.0, float(lead_min), lead_min + 25.0])
    assert in_force == [None, (0, 0), (0, 0)], "a plan that waits is not in force"
    if strategy == "static":
        first = plan_once(case, strategy).plan
        assert first.model_dump() == plans[0] and Validator(case).validate(first).clean


def test_a_plan_made_while_others_wait_starts_from_what_those_do() -> None:
    """Anew each simulation step, from reports that are two old, with two plans not begun: start-ups, ramps and stores
    go on."""
    clock = {"sim_step_min": STEP_MIN, "replan_interval_min": STEP_MIN}
    case = feeder(communication=SLOW, clock=clock, outage=OUTAGE | {"duration_min": 90})
    log = ran(case)
    assert missed(log).empty and not log.recorder.rows["violations"]
    assert all(not plan.get("checks") for plan in log.recorder.plans), "checks start from there too"
    states = table(log, "unit").query("unit == 'nbsu.b'").state.tolist()
    assert "follow" in states and states.index("follow") == states.index("starting") + 3, "it starts once, in 30 min"


def test_an_operation_by_a_crew_holds_back_all_plans_and_no_switch_is_late() -> None:
    case = feeder(switching={"in_runs": True, "manual_switches": ["b-c"], "manual_operation_min": 35.0})
    log = ran(case)
    assert case.scenario.first_step_min == 40 and missed(log).empty
    assert set(table(log, "switch").query("operated == 1").time_min) == {40}


def test_an_order_that_did_not_arrive_is_given_again_and_done_one_operation_later() -> None:
    """The terminal of b-c is out of reach when the only plan's orders go out."""
    out = {"outages": [{"duration_min": 15, "links": ["terminal.b-c"]}]}
    log = ran(feeder(communication=out, stored_kwh=2000.0), "static")
    operated = table(log, "switch").query("operated == 1")
    assert operated.groupby("switch").time_min.first().to_dict() == {"a-b": 10, "b-c": 30}
    sent = table(log, "message").query(
        "kind == 'switch_order' and receiver == 'terminal.b-c' and status == 'delivered'"
    )
    assert sent.time_min.tolist()[:1] == [20], "heard at 20, and open though it was to be closed at 10"


def test_switches_that_refuse_are_ordered_again_once_reports_can_tell() -> None:
    refuses = {"switches": [{"switch": "a-b", "kind": "refuses", "times": 1}]}
    log = ran(feeder(communication=SLOW, surprises=refuses), "static")
    events = table(log, "events")
    assert events[events.kind == "switch_refused"].time_min.tolist() == [20], "when its operation should begin"
    assert table(log, "switch").query("switch == 'a-b' and operated == 1").time_min.tolist() == [60], "as ordered at 30"


def test_what_the_last_plan_knew_is_no_news_until_it_is_in_force() -> None:
    """a-b refuses twice: dark areas are reported at 20, and until the plan made then begins, at 30, that is no news."""
    refuses = {"switches": [{"switch": "a-b", "kind": "refuses", "times": 2}]}
    clock = {"sim_step_min": STEP_MIN, "replan_interval_min": 60}
    log = ran(feeder(stored_kwh=600.0, surprises=refuses, clock=clock, outage=OUTAGE | {"duration_min": 90}))
    assert [plan["issued_at_min"] for plan in log.recorder.plans] == [0, 20, 40, 60]
    reasons = table(log, "events").query("kind == 'plan_issued'").text.tolist()
    assert all("planned areas went dark: b, c" in reasons[k] for k in (1, 2)) and "replan interval" in reasons[3]
    assert table(log, "switch").query("switch == 'a-b' and operated == 1").time_min.tolist() == [40], (
        "third order, at 30"
    )


def test_what_is_demanded_before_counts_as_lost_in_the_bound_too() -> None:
    case = feeder(communication=SLOW, stored_kwh=2000.0)
    profiles = Profiles(case)
    served_kwh = sum(sum(kw for kw, _ in profiles.demand(t).values()) / 6 for t in range(30, 120, STEP_MIN))
    mean_priority = (1.0 + 1.5 + 1.2) / 3
    assert service_bound_kwh(case) == pytest.approx(mean_priority * served_kwh, rel=1e-6)
    rows = table(ran(case, "islanded"))
    assert (rows[rows.time_min < 30].served_kw == 0).all() and rows.served_kw.sum() > 0


def test_times_of_operations_that_do_not_count_change_nothing() -> None:
    slow = {"manual_switches": ["b-c"], "remote_operation_s": 900.0}
    runs = [ran(feeder(switching=one, outage=OUTAGE | {"duration_min": 60}), "greedy") for one in ({}, slow)]
    for name in ("local_area", "switch", "unit", "events"):
        pd.testing.assert_frame_equal(table(runs[0], name), table(runs[1], name))
