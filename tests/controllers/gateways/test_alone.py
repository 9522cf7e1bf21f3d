"""What a gateway orders of an area on its own."""

from __future__ import annotations

import math

import pytest

from relight.controllers.gateways.alone import LocalIsland
from relight.scenarios.view import EssUnit, NbsuUnit, PvUnit

PV, ESS = PvUnit("pv", "1", 200.0), EssUnit("ess", "1", 100.0, 80.0, 40.0)
NBSU = NbsuUnit("nbsu", "1", 80.0, 5.0, 80.0, 80.0, 30.0)


def unit(state="follow", p_kw=0.0, p_min=0.0, p_max=0.0, state_min=60.0, discharge_kwh=50.0):
    return {
        "p_kw": p_kw, "q_kvar": 0.0, "state": state, "state_min": state_min, "p_min_kw": p_min, "p_max_kw": p_max,
        "discharge_kwh": discharge_kwh, "charge_kwh": 20.0,
    }  # fmt: skip


def measured(time_min=0.0, energised_min=60.0, shed=False, **units):
    found = {"pv": unit(p_max=80.0), "ess": unit(p_min=-100.0, p_max=100.0)} | units
    return {
        "time_min": time_min, "energised": energised_min > 0, "energised_min": energised_min, "share_on": 1.0 - shed,
        "demand_p_kw": 100.0, "demand_q_kvar": 30.0, "units": found,
    }  # fmt: skip


def states(order) -> dict[str, str]:
    return {u: o["state"] for u, o in order["units"].items()}


def alone(measurement, *, attempt=True, held=(0.0, 0.0), time_min=0.0):
    local = LocalIsland((PV,), (ESS,), (NBSU,), 30.0, 0.3122)
    return local.orders(time_min, measurement, (100.0, 30.0), held, attempt)


OFF = {"pv": unit("off"), "ess": unit("off"), "nbsu": unit("off")}


@pytest.mark.parametrize("available_kw", [0.0, 80.0, 195.0, 200.0])
@pytest.mark.parametrize("form", [True, False])
def test_what_it_orders_is_inside_the_circle_of_each_unit(available_kw: float, form: bool) -> None:
    """So that a broken circle in the tables is an overload, and no order that nobody meant."""
    units = {"ess": unit("form" if form else "follow", p_min=-100.0, p_max=100.0), "pv": unit(p_max=available_kw)}
    order = LocalIsland((PV,), (ESS,), (), 30.0, 0.3122).orders(0.0, measured(**units), (100.0, 90.0), (0.0, 0.0), True)
    for one in (PV, ESS):
        asked = order["units"][one.id]
        assert math.hypot(asked["p_kw"], asked["q_kvar"]) <= one.s_kva + 1e-9
        assert abs(asked["q_kvar"]) <= 0.3122 * one.s_kva + 1e-9
    assert order["units"]["pv"]["p_kw"] >= 0.94 * PV.s_kva, "more sun than was seen is welcome"


def test_pv_that_waits_to_reconnect_is_asked_for_nothing() -> None:
    waiting = {"pv": unit("waiting", p_max=0.0), "ess": unit("form", p_min=-100.0, p_max=100.0)}
    order = alone(measured(energised_min=10.0, **waiting, nbsu=unit("off")))
    assert order["units"]["pv"] == {"p_kw": 0.0, "q_kvar": 0.0, "state": "follow"}
    soon = alone(measured(energised_min=30.0, **waiting, nbsu=unit("off")))
    assert soon["units"]["pv"]["p_kw"] > 0


def test_a_dark_area_with_storage_tries_to_form_voltage_when_it_is_time() -> None:
    dark = measured(energised_min=0.0, **OFF)
    assert states(alone(dark)) == {"pv": "off", "ess": "form", "nbsu": "off"}
    assert set(states(alone(dark, attempt=False)).values()) == {"off"}


def test_a_dark_area_without_energy_waits_and_an_nbsu_on_line_can_start_it() -> None:
    empty = OFF | {"ess": unit("off", discharge_kwh=0.0)}
    assert set(states(alone(measured(energised_min=0.0, **empty))).values()) == {"off"}
    idling = measured(energised_min=0.0, **(empty | {"nbsu": unit("idle", p_max=80.0)}))
    assert states(alone(idling))["nbsu"] == "form"
    assert states(alone(idling, attempt=False))["nbsu"] == "idle"


def test_storage_that_has_failed_does_not_stand_in_the_way_of_another_one() -> None:
    spare = EssUnit("spare", "1", 50.0, 20.0, 20.0)
    local = LocalIsland((), (ESS, spare), (), 30.0, 0.3122)
    units = {"ess": unit("off") | {"failed": True}, "spare": unit("off", discharge_kwh=20.0)}
    dark = {**measured(energised_min=0.0), "units": units}
    assert states(local.orders(0.0, dark, (0.0, 0.0), (0.0, 0.0), True)) == {"ess": "off", "spare": "form"}


def test_who_forms_the_voltage_goes_on_starts_its_nbsu_and_picks_up() -> None:
    forming = {"ess": unit("form", p_kw=60.0, p_min=-100.0, p_max=100.0), "nbsu": unit("off")}
    order = alone(measured(shed=True, **forming))
    assert states(order) == {"pv": "follow", "ess": "form", "nbsu": "starting"} and order["customers"] == "on"
    assert alone(measured(shed=True, **forming), attempt=False)["customers"] == "keep"


def test_an_nbsu_that_has_started_takes_over_what_the_forming_unit_gives() -> None:
    forming = {"ess": unit("form", p_kw=60.0, p_min=-100.0, p_max=100.0), "pv": unit(p_kw=0.0, p_max=0.0)}
    order = alone(measured(**forming, nbsu=unit("follow", p_kw=10.0, p_max=80.0)))
    assert order["units"]["nbsu"]["p_kw"] == pytest.approx(70.0)
    ready = alone(measured(**forming, nbsu=unit("starting", p_kw=-5.0, p_max=80.0, state_min=30.0)))
    assert states(ready)["nbsu"] == "follow"
    waiting = alone(measured(**forming, nbsu=unit("starting", p_kw=-5.0, state_min=25.0)))
    assert states(waiting)["nbsu"] == "starting"


def test_it_never_forms_beside_somebody_else_and_starts_nothing_there() -> None:
    live = measured(nbsu=unit("off"))
    assert states(alone(live)) == {"pv": "follow", "ess": "follow", "nbsu": "off"}
