"""A gateway's contact with its dispatch centre: when it gives up its plan, what it does then, how it comes back."""

from __future__ import annotations

import math
from typing import Any

import pytest

from relight.controllers.gateways.contact import CentreContact
from relight.controllers.gateways.gateway import EnergyGateway
from relight.scenarios.schema.communication import Communication
from relight.scenarios.view import EssUnit, PvUnit
from support.networks import one_bus_gateway

PV, ESS = PvUnit("pv", "1", 200.0), EssUnit("ess", "1", 100.0, 80.0, 40.0)


def gateway(**communication: Any) -> EnergyGateway:
    return gateway_over(communication)


def gateway_over(communication: dict[str, Any] | None) -> EnergyGateway:
    return one_bus_gateway(PV, ESS, communication=communication)


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


FORECAST = {
    "step_start_min": [0.0, 30.0], "demand_p_kw": [100.0] * 2, "demand_q_kvar": [30.0] * 2, "pv_pu": {"pv": [0.4] * 2},
}  # fmt: skip


def plan(issued=0.0, p_kw=10.0, end_min=300.0):
    return {
        "local_area": "1", "issued_at_min": issued, "step_start_min": [issued], "end_min": end_min,
        "energised": [True], "served": [1.0], "p_kw": [p_kw], "q_kvar": [0.0], "p_ess_kw": [0.0],
        "p_pv_kw": [0.0], "p_nbsu_kw": [0.0], "nbsu_state": ["off"], "balance_unit": [None],
    }  # fmt: skip


def states(order) -> dict[str, str]:
    return {u: o["state"] for u, o in order["units"].items()}


def with_plan(**communication: Any) -> EnergyGateway:
    own = gateway(**communication)
    own.assess(measured(), FORECAST, 0.0)
    own.hear(0.0)
    own.receive(plan())
    return own


def modes(own: EnergyGateway, times, heard=()) -> list[str]:
    found = []
    for time in times:
        message = own.assess(measured(time), FORECAST, time)
        if time in heard:
            own.hear(time)
        own.orders(time, measured(time))
        assert not found or message["alone"] == (found[-1] == "alone")
        found.append(own.mode)
    return found


def test_contact_ends_with_patience_and_a_plan_with_its_validity() -> None:
    contact = CentreContact.over(Communication(fallback_after_min=10, plan_validity_min=30), heard_min=5.0)
    assert [contact.holds(time) for time in (5, 14.9, 15, 40)] == [True, True, False, False]
    assert [contact.keeps_plan(time) for time in (5, 34.9, 35)] == [True, True, False]
    contact.hear(40.0)
    assert contact.holds(45) and contact.keeps_plan(69)
    assert CentreContact.over(Communication(), 0.0).keeps_plan(1e6), "no validity: to its end, which the plan tells"


def test_over_a_perfect_channel_silence_says_nothing() -> None:
    contact = CentreContact.over(None, 0.0)
    assert contact.holds(1e6) and contact.keeps_plan(1e6)
    assert modes(gateway_over(None), (5, 100, 295)) == ["hold"] * 3
    own = gateway_over(None)
    own.assess(measured(), FORECAST, 0.0)
    own.receive(plan(end_min=60.0))
    assert modes(own, (5, 295)) == ["plan"] * 2
    assert set(states(own.orders(295.0, measured(295.0))).values()) == {"off"}, "over, and none came after it"


def test_who_was_never_in_contact_is_alone_at_once() -> None:
    contact = CentreContact.over(Communication(), -math.inf)
    assert not contact.holds(0.0)


def test_without_a_plan_it_touches_nothing_and_after_ten_silent_minutes_is_alone() -> None:
    own = gateway()
    assert own.orders(0.0, measured()) == {"units": {}, "customers": "keep", "share": 1.0}
    assert modes(own, (5, 10, 15)) == ["hold", "alone", "alone"]
    assert modes(gateway(fallback_after_min=20), (5, 10, 15, 20)) == ["hold"] * 3 + ["alone"]


def test_a_heartbeat_in_time_keeps_it_waiting() -> None:
    assert modes(gateway(), (5, 10, 15, 20, 25), heard=(5, 10, 15)) == ["hold"] * 4 + ["alone"]


def test_a_plan_is_followed_to_its_end_however_long_the_silence() -> None:
    own = with_plan()
    assert modes(own, range(5, 300, 5)) == ["plan"] * 59
    assert not own.in_contact(10.0)


def test_a_plan_expires_after_its_validity_and_never_before_the_patience_ends() -> None:
    assert modes(with_plan(plan_validity_min=30), (10, 25, 30, 35)) == ["plan", "plan", "alone", "alone"]
    assert modes(with_plan(plan_validity_min=5), (5, 10)) == ["plan", "alone"]
    assert modes(with_plan(plan_validity_min=30), (20, 45, 50), heard=(20,)) == ["plan", "plan", "alone"]


def test_only_a_plan_ends_it_not_a_heartbeat_and_not_an_older_plan() -> None:
    own = with_plan(plan_validity_min=10)
    modes(own, (10,))
    own.receive(plan(issued=10.0))
    assert own.mode == "plan"
    modes(own, (30,))
    assert modes(own, (35, 40), heard=(35, 40)) == ["alone"] * 2
    own.receive(plan(issued=0.0))
    assert own.mode == "alone" and own.assess(measured(40.0), FORECAST, 40.0)["plan_issued_at_min"] is None
    own.receive(plan(issued=10.0))
    assert own.mode == "plan", "sent again by a dispatch centre that does not replan"
    assert own.assess(measured(40.0), FORECAST, 40.0)["plan_issued_at_min"] == 10.0


def test_its_psc_says_what_it_follows_and_was_made_from() -> None:
    own = gateway()
    first = own.assess(measured(), FORECAST, 0.0)
    assert first["plan_issued_at_min"] is None and first["basis"] == {"measurement": measured(), "forecast": FORECAST}
    own.receive(plan(issued=0.0))
    assert own.assess(measured(5.0), FORECAST, 5.0)["plan_issued_at_min"] == 0.0


def test_the_plan_it_follows_already_is_not_solved_again() -> None:
    own = with_plan()
    before = own.schedule
    own.receive(plan())
    assert own.schedule is before
    with pytest.raises(ValueError, match="was sent the net power plan"):
        own.receive({**plan(), "local_area": "2"})


def test_alone_in_a_live_area_it_keeps_the_net_power_of_its_plan() -> None:
    own = with_plan(plan_validity_min=10)
    own.assess(measured(10.0), FORECAST, 10.0)
    order = own.orders(10.0, measured(10.0))
    assert own.mode == "alone" and set(states(order).values()) == {"follow"}
    assert order["units"]["ess"]["p_kw"] == pytest.approx(30.0), "100 kW of customers + 10 kW net − 80 kW of sun"
    sun = order["units"]["pv"]
    assert math.hypot(sun["p_kw"], sun["q_kvar"]) == pytest.approx(PV.s_kva) and sun["q_kvar"] > 0, "PV may give all"
    assert order["customers"] == "keep", "somebody else's island: not its decision"
