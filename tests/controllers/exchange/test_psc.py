"""PSC parameters and messages, equation by equation, by hand."""

import pytest

from relight.controllers.exchange import psc
from relight.scenarios.view import Bus, EssUnit, GridView, LocalArea, NbsuUnit, PvUnit, Section

PV = (PvUnit("pv28", "28", 2800.0),)
ESS = (EssUnit("ess25", "25", 500.0, 145.0, 50.0), EssUnit("ess27", "27", 800.0, 320.0, 80.0))
NBSU = (NbsuUnit("slow", "24", 100.0, 10.0, 120.0, 90.0, 60.0), NbsuUnit("fast", "26", 50.0, 10.0, 80.0, 150.0, 30.0))


def area(pv=(), ess=(), nbsu=()) -> GridView:
    """One LA of the buses 24–28, as the case's section, and a second LA that holds nothing."""
    buses = ("24", "25", "26", "27", "28", "29")
    return GridView(
        buses={b: Bus(b, 10.0) for b in buses},
        branches={},
        sections={"24": Section("24", buses[:5]), "29": Section("29", ("29",))},
        local_areas={"24": LocalArea("24", buses[:5], "24"), "29": LocalArea("29", ("29",), "29")},
        pv={u.id: u for u in pv},
        ess={u.id: u for u in ess},
        nbsu={u.id: u for u in nbsu},
    )


def unit(state="follow", p_kw=0.0, state_min=0.0, p_range=(0.0, 0.0), energy=(0.0, 0.0)):
    return {
        "p_kw": p_kw, "q_kvar": 0.0, "state": state, "state_min": state_min, "p_min_kw": p_range[0],
        "p_max_kw": p_range[1], "discharge_kwh": energy[0], "charge_kwh": energy[1],
    }  # fmt: skip


def measurement(units, time_min=60.0, energised_min=25.0):
    return {
        "time_min": time_min, "energised": energised_min > 0, "energised_min": energised_min, "share_on": 1.0,
        "demand_p_kw": 100.0, "demand_q_kvar": 30.0, "units": units,
    }  # fmt: skip


FORECAST = {
    "step_start_min": [60.0, 90.0],
    "demand_p_kw": [100.0, 110.0],
    "demand_q_kvar": [30.0, 33.0],
    "pv_pu": {"pv28": [0.2, 0.4], "roof": [0.6, 0.0]},
}


def test_section_with_two_ess_and_a_pv():
    parameters = psc.psc_parameters(area(PV, ESS), "24", "sum")
    assert parameters == psc.PscParameters(2800.0, 1300.0, 500.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_single_units_are_their_own_aggregate():
    one = NBSU[0]
    for word in ("sum", "printed"):
        parameters = psc.psc_parameters(area(PV, ESS[:1], (one,)), "24", word)
        assert parameters == psc.PscParameters(2800.0, 500.0, 500.0, 100.0, 120.0, 90.0, 60.0, 10.0)


def test_an_area_without_units_counts_zero():
    assert psc.psc_parameters(area(PV, ESS, NBSU), "29", "sum") == psc.PscParameters(*[0.0] * 8)


def test_several_nbsus_take_the_slowest_of_everything():
    parameters = psc.psc_parameters(area(nbsu=NBSU), "24", "sum")
    assert (parameters.s_nbsu_kva, parameters.start_min) == (150.0, 60.0)
    assert (parameters.ramp_up_kw_per_h, parameters.ramp_down_kw_per_h) == (80.0, 90.0)


def test_startup_power_printed_keeps_energy_and_sum_keeps_power():
    assert psc.startup_power_printed(NBSU) == pytest.approx((60 * 10 + 30 * 10) / 60)
    assert psc.startup_power_sum(NBSU) == 20.0
    with pytest.raises(ValueError, match="sum, printed"):
        psc.psc_parameters(area(nbsu=NBSU), "24", "max")


def test_startup_power_of_units_that_need_no_time():
    at_once = NbsuUnit("n", "24", 10.0, 2.0, 10.0, 10.0, 0.0)
    assert psc.startup_power_printed((at_once,)) == 2.0


def test_pv_factor_weighs_by_rating():
    pv = (PvUnit("pv28", "28", 300.0), PvUnit("roof", "26", 100.0))
    assert psc.pv_factor(pv, FORECAST["pv_pu"], 0) == pytest.approx((300 * 0.2 + 100 * 0.6) / 400)
    assert psc.pv_factor((), FORECAST["pv_pu"], 0) == 0.0


def test_message_holds_what_is_left_now():
    units = {"pv28": unit(), "ess25": unit(energy=(100.0, 95.0)), "ess27": unit(energy=(20.0, 380.0))}
    message = psc.assess(area(PV, ESS), "24", measurement(units), FORECAST, 65.0)
    assert (message["discharge_kwh"], message["charge_kwh"]) == (120.0, 475.0)
    assert message["pv_pu"] == [0.2, 0.4]
    assert message["step_start_min"] == [60.0, 90.0] and message["demand_q_kvar"] == [30.0, 33.0]
    assert message["energised_min"] == 30.0, "brought forward from the measurement's time"
    assert message["nbsu_state"] == "off"


def test_a_dark_area_has_not_been_energised():
    message = psc.assess(area(), "24", measurement({}, energised_min=0.0), FORECAST, 65.0)
    assert message["energised_min"] == 0.0


@pytest.mark.parametrize(
    ("slow", "fast", "state", "remaining"),
    [
        (unit("off"), unit("off"), "off", 0.0),
        (unit("starting", state_min=20.0), unit("starting", state_min=20.0), "starting", 35.0),
        (unit("starting", state_min=55.0), unit("starting", state_min=55.0), "starting", 0.0),
        (unit("starting", state_min=40.0), unit("follow"), "starting", 15.0),
        (unit("follow"), unit("off"), "starting", 30.0),
        (unit("form"), unit("follow"), "online", 0.0),
    ],
)
def test_nbsus_start_together(slow, fast, state, remaining):
    message = psc.assess(area(nbsu=NBSU), "24", measurement({"slow": slow, "fast": fast}), FORECAST, 65.0)
    assert (message["nbsu_state"], message["nbsu_remaining_min"]) == (state, remaining)


def test_range_of_nbsus_on_line_is_the_sum():
    units = {"slow": unit(p_kw=40.0, p_range=(10.0, 70.0)), "fast": unit(p_kw=5.0, p_range=(0.0, 30.0))}
    message = psc.assess(area(nbsu=NBSU), "24", measurement(units), FORECAST, 60.0)
    assert (message["nbsu_p_min_kw"], message["nbsu_p_max_kw"]) == (10.0, 100.0)


def test_ess_that_share_by_rating_are_as_large_as_all_and_as_full_as_the_emptiest():
    parameters = psc.psc_parameters(area(PV, ESS), "24", "sum", "proportional")
    assert (parameters.s_ess_kva, parameters.s_ess_min_kva) == (1300.0, 1300.0)
    units = {"pv28": unit(), "ess25": unit(energy=(145.0, 50.0)), "ess27": unit(energy=(320.0, 80.0))}
    message = psc.assess(
        area(PV, ESS), "24", measurement(units), FORECAST, 60.0, ess_aggregation="proportional", per_device=True
    )
    assert message["discharge_kwh"] == pytest.approx(1300 * 145 / 500)  # 0.29 h against 0.4 h
    assert message["charge_kwh"] == pytest.approx(1300 * 50 / 500)  # 0.1 h both


def test_a_message_device_by_device_says_of_each_what_it_says_of_one_alone():
    everything = area(PV, ESS, NBSU)
    units = {
        "pv28": unit(), "ess25": unit(energy=(145.0, 50.0)), "ess27": unit(energy=(320.0, 80.0)),
        "slow": unit("starting", -10.0, 20.0), "fast": unit("follow", 30.0, p_range=(10.0, 45.0)),
    }  # fmt: skip
    message = psc.assess(everything, "24", measurement(units), FORECAST, 60.0, per_device=True)
    devices = message.get("devices", {})
    assert "devices" not in psc.assess(everything, "24", measurement(units), FORECAST, 60.0)
    assert list(devices) == ["pv28", "ess25", "ess27", "slow", "fast"]
    assert devices["pv28"]["pv_pu"] == [0.2, 0.4] and devices["ess27"]["pv_pu"] == [0.0, 0.0]
    assert (devices["ess25"]["discharge_kwh"], devices["ess27"]["charge_kwh"]) == (145.0, 80.0)
    assert (devices["slow"]["nbsu_state"], devices["slow"]["nbsu_remaining_min"]) == ("starting", 40.0)
    fast = devices["fast"]
    assert (fast["nbsu_state"], fast["nbsu_p_min_kw"], fast["nbsu_p_max_kw"]) == ("online", 10.0, 45.0)
    assert message["nbsu_state"] == "starting", "together they are not on line before the slow one is"


def test_a_share_of_customers_is_told_where_only_some_are_on():
    for share, told in ((0.0, None), (0.4, 0.4), (1.0, None)):
        message = psc.assess(area(), "24", measurement({}) | {"share_on": share}, FORECAST, 60.0)
        assert message.get("share_on") == told and message["shed"] == (share == 0.0)
