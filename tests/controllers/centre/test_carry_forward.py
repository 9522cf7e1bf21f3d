"""The last report of an LA, carried forward in time: only what moves by itself."""

from __future__ import annotations

import pytest

from relight.controllers.centre.carry_forward import (
    NbsuRamps,
    carried_forecast,
    carried_measurement,
    expected_measurement,
)
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


# -- steps of which no report can speak yet ---------------------------------------------------------------------------

RAMPS = NbsuRamps(window_min=30.0, first_free=True)


def begins(
    *, live: bool, nbsu: str = "off", p_nbsu_kw: float = 0.0, demand_kw: float = 0.0, at: float = 30.0
) -> PlanStep:
    area = LocalAreaSetPoint(
        p_kw=0.0, q_kvar=0.0, p_ess_kw=demand_kw, p_nbsu_kw=p_nbsu_kw, nbsu_state=nbsu, demand_kw=demand_kw
    )
    return PlanStep(start_min=at, closed_branches=[], energised_buses=["1"] if live else [], local_areas={"1": area})


def expected(then, step: PlanStep, until_min: float = 40.0, ramps: NbsuRamps = RAMPS):
    return expected_measurement(then, until_min, VIEW, "1", step, ramps)


def test_a_dark_area_is_live_once_a_step_begins_that_says_so_and_not_by_an_older_one() -> None:
    dark = measured(energised=False, nbsu="off") | {"supply_changes_min": [0.0]}
    now = expected(dark, begins(live=True, demand_kw=50.0))
    assert (now["energised"], now["energised_min"], now["share_on"]) == (True, 10.0, 1.0)
    assert now["supply_changes_min"] == [0.0, 30.0] and dark["supply_changes_min"] == [0.0]
    failed = expected(dark, begins(live=True, demand_kw=50.0, at=0.0))
    assert (failed["energised"], failed["energised_min"], failed["share_on"]) == (False, 0.0, 0.0), (
        "a report knows better"
    )
    assert failed["units"]["ess"]["discharge_kwh"] == 100.0, "and its storage gives nothing"
    gone = expected(measured() | {"share_on": 1.0, "supply_changes_min": []}, begins(live=False))
    assert (gone["energised"], gone["energised_min"], gone["supply_changes_min"]) == (False, 0.0, [30.0])


def test_customers_that_were_shed_are_off_until_a_step_begins() -> None:
    assert expected(measured(), begins(live=True, demand_kw=50.0, at=0.0))["share_on"] == 0.0
    assert expected(measured(), begins(live=True, demand_kw=50.0))["share_on"] == 1.0


def nbsu_after(was: str, step: PlanStep, until_min: float = 40.0, ramps: NbsuRamps = RAMPS, **metered: float):
    then = measured(nbsu=was)
    then["units"]["nbsu"] |= metered
    found = expected(then, step, until_min, ramps)["units"]["nbsu"]
    return found["state"], found["state_min"], pytest.approx((found["p_min_kw"], found["p_max_kw"]))


def test_an_nbsu_starts_comes_on_line_idles_or_stops_as_a_step_begins() -> None:
    """It takes 30 min to start, falls by 15 kW and rises by 30 in a window of 30 min."""
    at_rest, starting = (0.0, 0.0), {"p_min_kw": 0.0, "p_max_kw": 0.0}
    assert nbsu_after("off", begins(live=True, nbsu="starting"), **starting) == ("starting", 10.0, at_rest)
    going = begins(live=True, nbsu="starting")
    assert nbsu_after("starting", going, **starting) == ("starting", 20.0, at_rest), "10 min before, and 10 since"
    given = begins(live=True, nbsu="online", p_nbsu_kw=30.0)
    assert nbsu_after("starting", given, **starting) == ("starting", 20.0, at_rest), "ordered on line too early"
    assert nbsu_after("starting", given, state_min=30.0) == ("follow", 10.0, (15.0, 60.0))
    held = NbsuRamps(window_min=30.0, first_free=False)
    assert nbsu_after("starting", begins(live=True, nbsu="online"), ramps=held, state_min=30.0) == (
        "follow",
        10.0,
        (0, 30),
    )
    assert nbsu_after("follow", begins(live=False)) == ("idle", 10.0, (0.0, 30.0))
    assert nbsu_after("starting", begins(live=False)) == ("off", 10.0, at_rest)
    assert nbsu_after("follow", begins(live=True)) == ("off", 10.0, at_rest)


def test_an_nbsu_on_line_ramps_from_what_it_gives_and_within_its_window_from_what_it_gave() -> None:
    """Metered at 30 kW, its range of 20 to 40 kW left by outputs before; the plan has it at 30 or 36 kW."""
    on = begins(live=True, nbsu="online", p_nbsu_kw=36.0)
    assert nbsu_after("follow", on) == ("follow", 20.0, (21.0, 40.0)), "36 less 15; no more than was left before"
    assert nbsu_after("follow", on, until_min=60.0) == ("follow", 40.0, (21.0, 66.0)), "a window later that is over"
    older = begins(live=True, nbsu="online", p_nbsu_kw=36.0, at=0.0)
    assert nbsu_after("follow", older) == ("follow", 20.0, (15.0, 60.0)), "the output metered has lasted for a window"
