"""The last reports: newer ones replace older ones, and old ones are brought forward."""

from __future__ import annotations

import math
from typing import Any

import pytest

from relight.controllers.centre.carry_forward import NbsuRamps
from relight.controllers.centre.reports import Reports
from relight.controllers.exchange.plan import LocalAreaSetPoint, PlanStep
from relight.controllers.exchange.psc import assess
from relight.scenarios.view import Bus, EssUnit, GridView, LocalArea, Section

VIEW = GridView(
    {"1": Bus("1", 10.0)}, {}, {"1": Section("1", ("1",))}, {"1": LocalArea("1", ("1",), "1")},
    {}, {"ess": EssUnit("ess", "1", 100.0, 80.0, 40.0)}, {},
)  # fmt: skip


def measured(time_min: float = 0.0, energised_min: float = 60.0) -> Any:
    ess = {
        "p_kw": 0.0, "q_kvar": 0.0, "state": "follow", "state_min": 60.0, "p_min_kw": -100.0, "p_max_kw": 100.0,
        "discharge_kwh": 50.0, "charge_kwh": 20.0,
    }  # fmt: skip
    return {
        "time_min": time_min, "energised": energised_min > 0, "energised_min": energised_min, "share_on": 1.0,
        "demand_p_kw": 100.0, "demand_q_kvar": 30.0, "units": {"ess": ess},
    }  # fmt: skip


FORECAST: Any = {
    "step_start_min": [0.0, 30.0], "demand_p_kw": [100.0, 50.0], "demand_q_kvar": [30.0] * 2, "pv_pu": {},
}  # fmt: skip


def psc(time_min: float = 0.0, energised_min: float = 60.0, *, basis: bool = True) -> Any:
    made_from = measured(time_min, energised_min), FORECAST
    message: dict[str, Any] = {**assess(VIEW, "1", *made_from, time_min)}
    return message | ({"basis": {"measurement": made_from[0], "forecast": made_from[1]}} if basis else {})


def now(reports: Reports, time_min: float) -> Any:
    reports.carry_to(time_min, VIEW, lambda la, then: (None, math.inf))
    return reports.psc_at(time_min, VIEW, ess_aggregation="printed", per_device=False)["1"]


def test_a_report_of_now_is_taken_as_it_is() -> None:
    reports = Reports()
    message = psc(5.0, basis=False)
    reports.receive({"1": message}, {}, {})
    assert now(reports, 5.0) is message and reports.ages_min(5.0) == {}


def test_an_older_report_is_brought_forward_with_all_that_is_judged_by() -> None:
    reports = Reports()
    reports.receive({"1": psc()}, {}, {})
    message = now(reports, 30.0)
    assert message["issued_at_min"] == 30.0 and message["energised_min"] == 90.0
    assert message["step_start_min"] == [30.0] and message["demand_p_kw"] == [50.0]
    assert reports.ages_min(30.0) == {"1": 30.0}
    assert reports.measured["1"]["time_min"] == 30.0 and reports.forecasts["1"]["step_start_min"] == [30.0]
    reports.receive({"1": psc(30.0, 0.0)}, {}, {})
    assert now(reports, 30.0)["energised_min"] == 0.0, "as metered again"


def test_an_old_report_that_does_not_say_what_it_was_made_from_is_refused() -> None:
    reports = Reports()
    reports.receive({"1": psc()}, {}, {})
    reports.receive({"1": psc(5.0, basis=False)}, {}, {})
    with pytest.raises(ValueError, match="the PSC of LA 1 is old and does not say what it was made from"):
        now(reports, 10.0)


def test_an_area_went_dark_if_it_was_live_in_the_report_before() -> None:
    reports = Reports()
    reports.receive({"1": psc(0.0, 0.0)}, {}, {})
    assert reports.went_dark == set(), "never heard before"
    reports.receive({"1": psc(5.0)}, {}, {})
    reports.receive({"1": psc(10.0, 0.0)}, {}, {})
    assert reports.went_dark == {"1"}
    reports.close()
    reports.receive({"1": psc(15.0, 0.0)}, {}, {})
    assert reports.went_dark == set(), "dark it was already"


def test_a_terminal_that_reports_without_a_fault_sees_none_and_a_silent_one_as_before() -> None:
    reports = Reports()
    reports.receive({}, {"a-b": False, "b-c": False}, {"a-b": ["a-b"], "b-c": ["b-c"]})
    reports.receive({}, {"a-b": True}, {})
    assert reports.closed == {"a-b": True, "b-c": False} and reports.faults == {"b-c": ["b-c"]}


def test_reports_of_a_time_to_come_follow_the_steps_that_begin_until_then() -> None:
    """50 kWh in store: the step from 20 on asks for 60 kW, the one from 30 on for 30 kW; at 40 it is 35 kWh."""

    def step(start_min: float, p_kw: float) -> PlanStep:
        area = LocalAreaSetPoint(p_kw=0.0, q_kvar=0.0, p_ess_kw=p_kw, demand_kw=p_kw)
        return PlanStep(start_min=start_min, closed_branches=[], energised_buses=["1"], local_areas={"1": area})

    steps = [step(0.0, 0.0), step(20.0, 60.0), step(30.0, 30.0)]

    def followed(la: str, then: float) -> tuple[PlanStep, float]:
        begun = [one for one in steps if one.start_min <= then]
        return begun[-1], next((one.start_min for one in steps if one.start_min > then), math.inf)

    reports = Reports()
    reports.receive({"1": psc(10.0, 5.0)}, {"a-b": False, "b-c": False}, {})
    then = reports.ahead(40.0, VIEW, followed, NbsuRamps(30.0, True), {"a-b": True})
    message = then.psc_at(40.0, VIEW, ess_aggregation="printed", per_device=False)["1"]
    assert message["issued_at_min"] == 40.0 and message["energised_min"] == 35.0
    assert message["discharge_kwh"] == pytest.approx(50.0 - 60.0 / 6 - 30.0 / 6)
    assert then.closed == {"a-b": True, "b-c": False} and reports.closed == {"a-b": False, "b-c": False}
    assert then.forecasts["1"]["step_start_min"] == [40.0] and reports.measured["1"]["time_min"] == 10.0
    same = reports.ahead(10.0, VIEW, followed, NbsuRamps(30.0, True), {})
    assert same.measured["1"] is reports.measured["1"], "nothing is carried on to now"
