"""The last report of an LA, carried forward in time: only what moves by itself."""

from __future__ import annotations

import pytest

from relight.controllers.centre.carry_forward import carried_forecast, carried_measurement
from relight.controllers.exchange.plan import LocalAreaSetPoint, PlanStep, UnitSetPoint
from relight.scenarios.view import Bus, EssUnit, GridView, LocalArea, NbsuUnit, Section

ESS, SMALL = EssUnit("ess", "1", 300.0, 100.0, 50.0), EssUnit("small", "1", 100.0, 100.0, 50.0)
NBSU = NbsuUnit("nbsu", "1", 80.0, 5.0, 60.0, 30.0, 30.0)
VIEW = GridView(
    {"1": Bus("1", 10.0)}, {}, {"1": Section("1", ("1",))}, {"1": LocalArea("1", ("1",), "1")},
    {}, {"ess": ESS, "small": SMALL}, {"nbsu": NBSU},
)  # fmt: skip


def unit(state="follow", p_min=20.0, p_max=40.0, energy=(100.0, 50.0)):
    return {
        "p_kw": 30.0, "q_kvar": 0.0, "state": state, "state_min": 10.0, "p_min_kw": p_min, "p_max_kw": p_max,
        "discharge_kwh": energy[0], "charge_kwh": energy[1],
    }  # fmt: skip


def measured(energised=True, nbsu="follow"):
    return {
        "time_min": 30.0, "energised": energised, "energised_min": 20.0 * energised, "share_on": 0.0,
        "demand_p_kw": 7.0, "demand_q_kvar": 2.0,
        "units": {"ess": unit(), "small": unit(), "nbsu": unit(nbsu, energy=(0.0, 0.0))},
    }  # fmt: skip


def step(p_ess_kw: float, **units: float) -> PlanStep:
    return PlanStep(
        start_min=30.0,
        closed_branches=[],
        local_areas={"1": LocalAreaSetPoint(p_kw=0.0, q_kvar=0.0, p_ess_kw=p_ess_kw)},
        units={unit: UnitSetPoint(p_kw=p_kw) for unit, p_kw in units.items()},
    )


def test_a_forecast_loses_the_steps_that_are_over() -> None:
    forecast = {
        "step_start_min": [5.0, 30.0, 60.0], "demand_p_kw": [1.0, 2.0, 3.0], "demand_q_kvar": [0.1, 0.2, 0.3],
        "pv_pu": {"pv": [0.4, 0.5, 0.6]},
    }  # fmt: skip
    assert carried_forecast(forecast, 20.0) == {**forecast, "step_start_min": [20.0, 30.0, 60.0]}
    later = carried_forecast(forecast, 30.0)
    assert later["step_start_min"] == [30.0, 60.0] and later["pv_pu"] == {"pv": [0.5, 0.6]}
    assert carried_forecast(forecast, 200.0)["step_start_min"] == [200.0]
    assert forecast["step_start_min"] == [5.0, 30.0, 60.0], "what was heard is not changed"


def test_durations_grow_and_what_was_seen_stays() -> None:
    then = measured()
    now = carried_measurement(then, 15.0, VIEW, "1", None)
    assert (now["time_min"], now["energised_min"], now["share_on"]) == (45.0, 35.0, 0.0)
    assert {u["state_min"] for u in now["units"].values()} == {25.0}
    assert carried_measurement(measured(energised=False), 15.0, VIEW, "1", None)["energised_min"] == 0.0
    assert then == measured()


def test_storage_gives_what_the_plan_asks_of_it_by_rating_or_by_device() -> None:
    shared = carried_measurement(measured(), 30.0, VIEW, "1", step(80.0))["units"]
    assert [shared[u]["discharge_kwh"] for u in ("ess", "small")] == pytest.approx([70.0, 90.0])
    assert [shared[u]["charge_kwh"] for u in ("ess", "small")] == pytest.approx([80.0, 60.0])
    alone = carried_measurement(measured(), 30.0, VIEW, "1", step(80.0, ess=-40.0, small=120.0))["units"]
    assert [alone[u]["discharge_kwh"] for u in ("ess", "small")] == pytest.approx([120.0, 40.0])


def test_storage_is_never_more_than_empty_or_full() -> None:
    empty = carried_measurement(measured(), 600.0, VIEW, "1", step(400.0))["units"]["ess"]
    full = carried_measurement(measured(), 600.0, VIEW, "1", step(-400.0))["units"]["ess"]
    assert (empty["discharge_kwh"], empty["charge_kwh"]) == (0.0, 150.0)
    assert (full["discharge_kwh"], full["charge_kwh"]) == (150.0, 0.0)


def test_an_nbsu_on_line_may_have_ramped_and_another_has_not() -> None:
    on_line = carried_measurement(measured(), 20.0, VIEW, "1", None)["units"]["nbsu"]
    assert (on_line["p_min_kw"], on_line["p_max_kw"]) == pytest.approx((10.0, 60.0))
    long_ago = carried_measurement(measured(), 300.0, VIEW, "1", None)["units"]["nbsu"]
    assert (long_ago["p_min_kw"], long_ago["p_max_kw"]) == (0.0, 80.0)
    starting = carried_measurement(measured(nbsu="starting"), 20.0, VIEW, "1", None)["units"]["nbsu"]
    assert (starting["p_min_kw"], starting["p_max_kw"]) == (20.0, 40.0)


def test_customers_of_a_live_area_are_carried_on_as_the_plan_serves_them() -> None:
    def share(was: float, demand_kw: float | None, energised: bool = True) -> float:
        area = LocalAreaSetPoint(p_kw=0.0, q_kvar=0.0, demand_kw=demand_kw)
        followed = PlanStep(start_min=30.0, closed_branches=[], local_areas={"1": area})
        then = {**measured(energised), "share_on": was}
        return carried_measurement(then, 15.0, VIEW, "1", followed)["share_on"]

    assert [share(was, 50.0) for was in (0.0, 0.4, 1.0)] == [1.0, 0.4, 1.0], "on, in part where they were"
    assert [share(was, 0.0) for was in (0.0, 0.4, 1.0)] == [0.0, 0.0, 0.0], "off"
    assert [share(was, None) for was in (0.0, 0.4)] == [0.0, 0.4], "the plan does not say"
    assert [share(was, 50.0, energised=False) for was in (0.0, 0.4)] == [0.0, 0.4], "dark: nobody is switched"
    silent = PlanStep(start_min=30.0, closed_branches=[])
    assert carried_measurement({**measured(), "share_on": 0.4}, 15.0, VIEW, "1", silent)["share_on"] == 0.4
