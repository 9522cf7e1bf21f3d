"""The energy gateway: what it orders, when it picks up, and how it bends its schedule to what is measured."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relight.controllers.gateways.correction import Device, correct_active, correct_reactive
from relight.controllers.gateways.followed_plan import pv_connected
from relight.controllers.gateways.gateway import EnergyGateway
from relight.scenarios.angles import reactive_limit
from relight.scenarios.view import EssUnit, NbsuUnit, PvUnit
from support.networks import one_bus_gateway

PV, SMALL = PvUnit("pv", "1", 200.0), PvUnit("small", "1", 50.0)
ESS, OTHER = EssUnit("ess", "1", 100.0, 80.0, 40.0), EssUnit("other", "1", 50.0, 60.0, 40.0)
NBSU = NbsuUnit("nbsu", "1", 80.0, 5.0, 80.0, 80.0, 30.0)


def unit(state="follow", p_max=0.0, p_min=0.0, state_min=60.0, energy=(50.0, 20.0)):
    return {
        "p_kw": 0.0, "q_kvar": 0.0, "state": state, "state_min": state_min, "p_min_kw": p_min, "p_max_kw": p_max,
        "discharge_kwh": energy[0], "charge_kwh": energy[1],
    }  # fmt: skip


def measured(units, time_min=0.0, demand_kw=100.0, shed=False, energised_min=60.0):
    return {
        "time_min": time_min, "energised": energised_min > 0, "energised_min": energised_min, "share_on": 1.0 - shed,
        "demand_p_kw": demand_kw, "demand_q_kvar": 0.3 * demand_kw, "units": units,
    }  # fmt: skip


def forecast(pv_pu=0.5, demand_kw=100.0):
    return {
        "step_start_min": [0.0, 30.0], "demand_p_kw": [demand_kw] * 2, "demand_q_kvar": [0.3 * demand_kw] * 2,
        "pv_pu": {"pv": [pv_pu] * 2, "small": [pv_pu] * 2},
    }  # fmt: skip


def plan(
    p_kw=(0.0, 0.0), *, energised=(True, True), served=None, nbsu="off", balance=None, issued=0.0, q_kvar=0.0, la="1"
):
    states = [nbsu] * 2 if isinstance(nbsu, str) else list(nbsu)
    return {
        "local_area": la, "issued_at_min": issued, "step_start_min": [0.0, 30.0], "end_min": 60.0,
        "energised": list(energised), "served": [float(s) for s in (energised if served is None else served)],
        "p_kw": list(p_kw), "q_kvar": [q_kvar] * 2, "p_ess_kw": [0.0] * 2,
        "p_pv_kw": [0.0] * 2, "p_nbsu_kw": [0.0] * 2, "nbsu_state": states, "balance_unit": [balance] * 2,
    }  # fmt: skip


def running(own: EnergyGateway, units, a_plan, fc=None, **measurement) -> EnergyGateway:
    own.assess(measured(units, **measurement), fc or forecast(), 0.0)
    own.receive(a_plan)
    return own


FULL = {"pv": unit(p_max=100.0), "ess": unit(p_max=100.0, p_min=-100.0)}


def p_of(order):
    return {u: pytest.approx(o["p_kw"], abs=1e-6) for u, o in order["units"].items()}


def test_nothing_is_touched_before_any_plan_and_everything_is_off_after_its_end():
    own = one_bus_gateway(PV, ESS)
    assert own.orders(0.0, measured(FULL)) == {"units": {}, "customers": "keep", "share": 1.0}
    running(own, FULL, plan())
    order = own.orders(60.0, measured(FULL, 60.0))
    assert all(o == {"p_kw": 0.0, "q_kvar": 0.0, "state": "off"} for o in order["units"].values())
    assert order["customers"] == "keep"


def test_schedule_is_ordered_where_all_is_as_forecast():
    own = running(one_bus_gateway(PV, ESS), FULL, plan((30.0, 0.0)))
    order = own.orders(0.0, measured(FULL))
    assert p_of(order) == {"pv": 100.0, "ess": 30.0}
    assert {o["state"] for o in order["units"].values()} == {"follow"}
    assert sum(o["q_kvar"] for o in order["units"].values()) == pytest.approx(30.0)


def test_pv_shortfall_is_taken_by_the_ess_of_the_same_area():
    own = running(one_bus_gateway(PV, ESS), FULL, plan())
    order = own.orders(5.0, measured(FULL | {"pv": unit(p_max=60.0)}, 5.0))
    assert p_of(order) == {"pv": 100.0, "ess": 40.0}, "PV keeps its planned order: it may recover"


def test_demand_error_is_taken_by_the_ess():
    own = running(one_bus_gateway(PV, ESS), FULL, plan((10.0, 0.0)))
    assert p_of(own.orders(5.0, measured(FULL, 5.0, demand_kw=120.0))) == {"pv": 100.0, "ess": 30.0}
    assert p_of(own.orders(10.0, measured(FULL, 10.0, demand_kw=80.0))) == {"pv": 100.0, "ess": -10.0}


def test_demand_is_expected_to_move_with_the_forecast():
    own = one_bus_gateway(ESS)
    units = {"ess": unit(p_max=500.0, p_min=-500.0)}
    step = [measured(units, demand_kw=0.0, energised_min=0.0), measured(units, 30.0, demand_kw=110.0)]
    own.assess(step[0], {**forecast(), "demand_p_kw": [100.0, 150.0]}, 0.0)
    own.receive(plan())
    assert p_of(own.orders(0.0, step[0])) == {"ess": 100.0}, "a dark area cannot be metered: the forecast counts"
    own.assess(step[1], {**forecast(demand_kw=150.0), "step_start_min": [30.0, 60.0]}, 30.0)
    assert p_of(own.orders(30.0, step[1])) == {"ess": 160.0}, "10 kW above the forecast before, so 10 kW above it now"


def test_what_a_new_forecast_learnt_from_the_meter_is_not_counted_twice():
    own = one_bus_gateway(ESS)
    units = {"ess": unit(p_max=500.0, p_min=-500.0)}
    step = [measured(units, demand_kw=0.0, energised_min=0.0), measured(units, 30.0, demand_kw=110.0)]
    own.assess(step[0], {**forecast(), "demand_p_kw": [100.0, 150.0]}, 0.0)
    own.receive(plan())
    own.assess(step[1], {**forecast(demand_kw=165.0), "step_start_min": [30.0, 60.0]}, 30.0)
    assert p_of(own.orders(30.0, step[1])) == {"ess": 160.0}, (
        "the issue before told the change: 50 kW more than metered"
    )


def test_pv_is_never_asked_for_more_than_the_target():
    own = running(one_bus_gateway(PV), {"pv": unit(p_max=100.0)}, plan())
    assert p_of(own.orders(5.0, measured({"pv": unit(p_max=60.0)}, 5.0, demand_kw=80.0))) == {"pv": 80.0}
    assert p_of(own.orders(10.0, measured({"pv": unit(p_max=60.0)}, 10.0, demand_kw=130.0))) == {"pv": 130.0}
    assert p_of(own.orders(15.0, measured({"pv": unit(p_max=60.0)}, 15.0, demand_kw=500.0))) == {"pv": 200.0}


def test_more_sun_than_forecast_spares_the_ess():
    own = running(one_bus_gateway(PV, ESS), FULL, plan((50.0, 0.0)))
    assert p_of(own.orders(5.0, measured(FULL | {"pv": unit(p_max=130.0)}, 5.0))) == {"pv": 130.0, "ess": 20.0}


def test_a_balance_unit_is_left_alone_and_pv_may_ask_for_its_share():
    own = running(one_bus_gateway(PV, ESS), FULL, plan((50.0, 0.0), balance="ess"))
    order = own.orders(5.0, measured(FULL | {"ess": unit("form", 100.0, -100.0)}, 5.0))
    assert order["units"]["ess"]["state"] == "form"
    assert p_of(order) == {"pv": 150.0, "ess": 50.0}
    short = own.orders(10.0, measured(FULL | {"pv": unit(p_max=60.0)}, 10.0))
    assert p_of(short)["ess"] == 50.0


def test_merit_and_limits():
    units = FULL | {"nbsu": unit("follow", p_max=45.0, p_min=5.0), "ess": unit(p_max=20.0, p_min=-15.0)}
    own = running(one_bus_gateway(PV, ESS, NBSU), units, plan((40.0, 0.0), nbsu="online"))
    base = own.schedule
    assert base is not None and sum(p[0] for p in base.p_kw.values()) == pytest.approx(140.0)
    order = own.orders(5.0, measured(units, 5.0, demand_kw=160.0))
    assert p_of(order)["ess"] == 20.0 and p_of(order)["nbsu"] == 45.0
    assert p_of(order)["pv"] == 135.0, "what nobody else has room for is asked of PV"
    order = own.orders(10.0, measured(units, 10.0, demand_kw=20.0))
    assert p_of(order) == {"ess": -15.0, "nbsu": 5.0, "pv": 70.0}


def test_an_area_without_units_orders_nothing_but_picks_up():
    own = running(one_bus_gateway(), {}, plan((-100.0, -100.0)))
    assert own.orders(0.0, measured({})) == {"units": {}, "customers": "on", "share": 1.0}


def test_pick_up_once_per_plan_step_and_per_plan():
    own = running(one_bus_gateway(ESS), {"ess": FULL["ess"]}, plan((-50.0, -50.0)))
    at = {t: own.orders(t, measured({"ess": FULL["ess"]}, t))["customers"] for t in (0.0, 5.0, 25.0, 30.0, 35.0)}
    assert at == {0.0: "on", 5.0: "keep", 25.0: "keep", 30.0: "on", 35.0: "keep"}
    own.receive(plan((-50.0, -50.0), issued=35.0))
    assert own.orders(40.0, measured({"ess": FULL["ess"]}, 40.0))["customers"] == "on"
    assert own.orders(40.0, measured({"ess": FULL["ess"]}, 40.0))["customers"] == "on", "same instant, same answer"
    assert own.orders(45.0, measured({"ess": FULL["ess"]}, 45.0))["customers"] == "keep"


def test_shed_customers_take_nothing_until_picked_up():
    units = {"ess": FULL["ess"]}
    own = running(one_bus_gateway(ESS), units, plan((-50.0, -50.0)))
    assert p_of(own.orders(0.0, measured(units, shed=True))) == {"ess": 50.0}
    assert p_of(own.orders(5.0, measured(units, 5.0, shed=True))) == {"ess": -50.0}


def test_customers_whom_the_plan_does_not_serve_are_switched_off_and_their_units_give_the_net_power_alone():
    units = {"ess": FULL["ess"]}
    own = running(one_bus_gateway(ESS), units, plan((30.0, -40.0), served=(0.0, 0.6)))
    begins = own.orders(0.0, measured(units))
    assert (begins["customers"], begins["share"]) == ("off", 1.0) and p_of(begins) == {"ess": 30.0}
    assert p_of(own.orders(5.0, measured(units, 5.0, shed=True))) == {"ess": 30.0}, "off: nobody takes anything"
    in_part = own.orders(30.0, measured(units, 30.0, shed=True))
    assert (in_part["customers"], in_part["share"]) == ("on", 0.6) and p_of(in_part) == {"ess": 20.0}
    assert own.orders(35.0, measured(units, 35.0) | {"share_on": 0.6})["customers"] == "keep"


def test_a_dark_area_is_off_but_its_nbsu_idles():
    units = FULL | {"nbsu": unit("follow", p_max=80.0)}
    own = running(
        one_bus_gateway(PV, ESS, NBSU), units, plan(energised=(False, True), nbsu="online"), energised_min=0.0
    )
    order = own.orders(0.0, measured(units, energised_min=0.0))
    assert {u: o["state"] for u, o in order["units"].items()} == {"pv": "off", "ess": "off", "nbsu": "idle"}
    assert all(o["p_kw"] == 0.0 for o in order["units"].values()) and order["customers"] == "keep"
    order = own.orders(5.0, measured(units | {"nbsu": unit("starting")}, 5.0, energised_min=0.0))
    assert order["units"]["nbsu"]["state"] == "off"


def test_a_black_start_that_failed_is_tried_again_with_the_next_plan_step_only():
    units = {"ess": FULL["ess"]}
    own = running(one_bus_gateway(ESS), units, plan((-50.0, -50.0), balance="ess"), energised_min=0.0)
    dark = {t: own.orders(t, measured(units, t, energised_min=0.0)) for t in (0.0, 5.0, 25.0, 30.0, 35.0)}
    assert {t: o["units"]["ess"]["state"] for t, o in dark.items()} == {
        0.0: "form", 5.0: "off", 25.0: "off", 30.0: "form", 35.0: "off",
    }  # fmt: skip


def test_nbsu_starts_then_comes_on_line():
    units = {"ess": FULL["ess"], "nbsu": unit("off")}
    own = running(one_bus_gateway(ESS, NBSU), units, plan((-60.0, 0.0), nbsu=("starting", "online"), balance=None))
    order = own.orders(0.0, measured(units))
    assert order["units"]["nbsu"] == {"p_kw": -5.0, "q_kvar": 0.0, "state": "starting"}
    assert p_of(order)["ess"] == 45.0
    units["nbsu"] = unit("starting", p_min=0.0, p_max=80.0, state_min=30.0)
    order = own.orders(30.0, measured(units, 30.0))
    assert order["units"]["nbsu"]["state"] == "follow"
    assert sum(o["p_kw"] for o in order["units"].values()) == pytest.approx(100.0)
    units["nbsu"] = unit("starting", p_min=-5.0, p_max=-5.0, state_min=20.0)
    late = own.orders(35.0, measured(units, 35.0))
    assert p_of(late) == {"ess": 100.0, "nbsu": -5.0}, "not ready yet: the ESS carries on"


def test_pv_that_waits_is_counted_once_its_delay_is_over():
    units = {"pv": unit("waiting", p_max=0.0), "ess": FULL["ess"]}
    own = running(one_bus_gateway(PV, ESS), units, plan((0.0, 0.0)), energised_min=30.0)
    waiting = own.orders(0.0, measured(units, demand_kw=130.0, energised_min=20.0))
    assert p_of(waiting) == {"pv": 0.0, "ess": 100.0}, "nothing is asked of it before"
    units["pv"] = unit("waiting", p_max=100.0)
    assert p_of(own.orders(10.0, measured(units, 10.0, energised_min=30.0)))["ess"] == 0.0


def test_plans_of_others_and_old_plans_and_unassessed_areas():
    own = one_bus_gateway(ESS)
    with pytest.raises(ValueError, match="before it had assessed"):
        own.receive(plan())
    own.assess(measured({"ess": FULL["ess"]}), forecast(), 0.0)
    with pytest.raises(ValueError, match="LA 7"):
        own.receive(plan(la="7"))
    own.receive(plan((-50.0, -50.0), issued=10.0))
    own.receive(plan((-90.0, -90.0), issued=0.0))
    assert p_of(own.orders(10.0, measured({"ess": FULL["ess"]}, 10.0))) == {"ess": 50.0}, "the older plan is ignored"


def test_a_late_plan_is_taken_up_where_it_stands():
    units = {"ess": FULL["ess"]}
    own = one_bus_gateway(ESS)
    own.assess(measured(units, 40.0), forecast(), 40.0)
    own.receive(plan((-100.0, -70.0)))
    assert own.schedule is not None and own.schedule.step_start_min == (40.0,)
    assert p_of(own.orders(40.0, measured(units, 40.0))) == {"ess": 30.0}


@pytest.mark.parametrize(
    ("energised", "energised_min", "expected"),
    [
        ((True, True, True), 0.0, (False, True, True)),
        ((True, True, True), 45.0, (True, True, True)),
        ((False, True, True), 45.0, (False, False, True)),
        ((True, False, True), 45.0, (True, False, False)),
    ],
)
def test_pv_connects_one_step_after_its_area(energised, energised_min, expected):
    assert pv_connected(energised, (0.0, 30.0, 60.0), energised_min, 30.0) == expected


def test_pv_delay_with_a_short_first_step():
    assert pv_connected((True,) * 3, (0.0, 10.0, 40.0), 0.0, 30.0) == (False, False, True)
    assert pv_connected((True,) * 3, (0.0, 10.0, 40.0), 20.0, 30.0) == (False, True, True)


def test_several_units_of_a_kind_share_by_room():
    devices = [Device("a", "ess", 100.0, 0.0, -100.0, 90.0), Device("b", "ess", 50.0, 0.0, -50.0, 30.0)]
    assert correct_active(60.0, devices) == pytest.approx({"a": 45.0, "b": 15.0})
    assert correct_active(500.0, devices) == pytest.approx({"a": 90.0, "b": 30.0})


RANGES = st.tuples(st.sampled_from(["pv", "ess", "nbsu"]), *[st.floats(0, 1)] * 3, st.booleans())


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.floats(-300, 500), st.lists(RANGES, max_size=5))
def test_the_target_is_met_wherever_the_units_have_room(target, ranges):
    devices = []
    for k, (kind, planned, low, high, at_forecast) in enumerate(ranges):
        p_min = {"pv": 0.0, "ess": -100 * low, "nbsu": 20 * low}[kind]
        p_max = {"pv": 100.0, "ess": 100.0, "nbsu": 20 + 80.0}[kind] * high + (20 if kind == "nbsu" else 0)
        devices.append(Device(str(k), kind, 100.0, 100 * planned, p_min, p_max, at_forecast=at_forecast))
    orders = correct_active(target, devices)
    output = {d.id: min(orders[d.id], d.p_max_kw) for d in devices}
    assert all(output[d.id] >= d.p_min_kw - 1e-9 for d in devices)
    assert all(orders[d.id] <= (d.s_kva if d.kind == "pv" else d.p_max_kw) + 1e-9 for d in devices)
    lowest, highest = sum(d.p_min_kw for d in devices), sum(d.p_max_kw for d in devices)
    assert sum(output.values()) == pytest.approx(min(max(target, lowest), highest), abs=1e-6)


def test_reactive_power_is_shared_by_limit():
    assert correct_reactive(30.0, {"a": 20.0, "b": 40.0}) == pytest.approx({"a": 10.0, "b": 20.0})
    assert correct_reactive(-90.0, {"a": 20.0, "b": 40.0}) == pytest.approx({"a": -20.0, "b": -40.0})
    assert correct_reactive(5.0, {}) == {}
    assert reactive_limit(100.0, 100.0, 0.31) == 0.0
    assert reactive_limit(100.0, 0.0, 0.31) == 31.0


def device_plan(p_kw: dict[str, float], states: dict[str, list[str]] | None = None, **parts):
    """A plan that orders each device the same power in both steps."""
    units = {
        u: {"p_kw": [p] * 2, "q_kvar": [0.0] * 2, "state": (states or {}).get(u, ["follow"] * 2)}
        for u, p in p_kw.items()
    }
    return {**plan((sum(p_kw.values()) - 100.0,) * 2, **parts), "units": units}


def test_ordered_set_points_are_the_schedule():
    own = running(one_bus_gateway(PV, ESS, OTHER), FULL | {"other": unit(p_max=50.0, p_min=-50.0)}, device_plan(
        {"pv": 100.0, "ess": 10.0, "other": -10.0}
    ))  # fmt: skip
    assert own.schedule is not None and own.schedule.p_kw["other"] == (-10.0, -10.0)
    assert max(map(abs, own.schedule.follow_error_kw)) < 1e-9
    order = own.orders(0.0, measured(FULL | {"other": unit(p_max=50.0, p_min=-50.0)}))
    assert p_of(order) == {"pv": 100.0, "ess": 10.0, "other": -10.0}


def test_a_unit_that_an_order_of_devices_does_not_name_waits_for_the_next_plan():
    """The dispatch centre took it to be out of service when it planned."""
    units = FULL | {"other": unit(p_max=50.0, p_min=-50.0)}
    own = running(one_bus_gateway(PV, ESS, OTHER), units, device_plan({"pv": 100.0, "ess": 0.0}))
    assert p_of(own.orders(0.0, measured(units))) == {"pv": 100.0, "ess": 0.0}


def test_nbsus_of_one_area_are_started_one_by_one():
    slow = NbsuUnit("slow", "1", 80.0, 5.0, 80.0, 80.0, 60.0)
    states = {"nbsu": ["starting", "follow"], "slow": ["off", "starting"]}
    units = FULL | {"nbsu": unit("off"), "slow": unit("off")}
    own = running(
        one_bus_gateway(PV, ESS, NBSU, slow),
        units,
        device_plan({"pv": 0.0, "ess": 5.0, "nbsu": -5.0, "slow": 0.0}, states),
    )
    assert [own.orders(0.0, measured(units))["units"][u]["state"] for u in ("nbsu", "slow")] == ["starting", "off"]


def test_what_the_forecast_adds_to_pv_is_no_shortage_where_devices_are_ordered():
    """PV measured at 80 kW in the step before is forecast, and ordered, to give 100 kW now: its ESS is left alone."""
    before = FULL | {"pv": unit(p_max=80.0)}
    own = one_bus_gateway(PV, ESS)
    own.assess(measured(before), {**forecast(), "pv_pu": {"pv": [0.4, 0.5]}}, 0.0)
    own.assess(measured(before, 30.0), forecast(pv_pu=0.5), 30.0)
    own.receive(device_plan({"pv": 100.0, "ess": 20.0}))
    assert p_of(own.orders(30.0, measured(before, 30.0))) == {"pv": 100.0, "ess": 20.0}


def test_a_plan_that_begins_later_waits_while_the_one_before_goes_on():
    own = running(one_bus_gateway(PV, ESS), FULL, plan((30.0, 30.0)))
    later = plan((20.0, 20.0), issued=5.0) | {"step_start_min": [15.0, 30.0]}
    own.receive(later)
    own.receive(plan((50.0, 50.0), issued=2.0))
    assert own.assess(measured(FULL, 10.0), forecast(), 10.0)["plan_issued_at_min"] == 5.0, "the newest that it has"
    assert p_of(own.orders(10.0, measured(FULL, 10.0))) == {"pv": 100.0, "ess": 30.0}
    assert p_of(own.orders(15.0, measured(FULL, 15.0))) == {"pv": 100.0, "ess": 20.0}


def test_a_waiting_plan_is_scheduled_from_what_is_metered_when_it_begins():
    """1 kWh in store when it arrives, 50 when it begins: what the plan asks for half an hour can be scheduled then."""
    own = running(one_bus_gateway(ESS), {"ess": unit(p_max=100.0, energy=(1.0, 119.0))}, plan((-100.0, -100.0)))
    own.receive(plan((-60.0, -60.0), issued=5.0) | {"step_start_min": [30.0, 60.0], "end_min": 90.0})
    full = {"ess": unit(p_max=100.0, p_min=-100.0)}
    own.assess(measured(full, 30.0), forecast(), 30.0)
    own.orders(30.0, measured(full, 30.0))
    assert own.schedule is not None and own.schedule.p_kw["ess"] == pytest.approx((40.0, 40.0))


def test_the_last_of_several_waiting_plans_that_begin_is_followed_and_one_that_would_begin_later_is_dropped():
    own = running(one_bus_gateway(PV, ESS), FULL, plan())
    for issued, begins, p_kw in ((5.0, 35.0, 10.0), (6.0, 20.0, 20.0), (7.0, 25.0, 30.0)):
        own.receive(plan((p_kw, p_kw), issued=issued) | {"step_start_min": [begins, 45.0]})
    assert p_of(own.orders(40.0, measured(FULL, 40.0))) == {"pv": 100.0, "ess": 30.0}
