"""Events tell why: which limit, what would have been asked of it, what differed from the plan. With the missing power
given, what was told does not happen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from relight.sim.islands.balance import Shortfall
from relight.sim.islands.causes import shortfall_in_words
from relight.sim.power_flow.island_topology import BalanceChoice
from relight.sim.units.kinds import build_units
from support.networks import BY_AREA, Run, build_case, chain, ess, nbsu, order, pv

FORM = order("ess.a", "form", 30.0)


def causes(run: Run, kind: str) -> dict[str, str]:
    return {row["element"]: row["cause"] for row in run.record.events if row["kind"] == kind}


def short_of_sun(pv_pu: float, load_control: str = "area", **facts: Any) -> Run:
    """A storage of 100 kVA at a forms the voltage for 80 kW at a and 100 at b; PV at b is to give 150 kW."""
    lines = chain("a", "b", switchable=True, length_km=0.1)
    units = [ess("a", **{"s_kva": 100.0} | facts), pv("b")]
    case = build_case(lines, units, local_areas={"load_control": load_control}, pv={"reconnect_delay_min": 0})
    run = Run(case, {"a": (80.0, 0.0), "b": (100.0, 0.0)})
    run.pv_pu = {"pv.b": 1.0}
    planned = {"a": 80.0, "b": 100.0}
    run.step(FORM, order("pv.b", "follow", 150.0), switches={"a-b": True}, pick_up="ab", planned=planned)
    assert not causes(run, "la_shed")
    run.pv_pu = {"pv.b": pv_pu}
    return run.step(planned=planned)


def test_an_area_is_shed_for_want_of_sun_and_not_with_what_is_missing() -> None:
    """60 kW of sun leave 120 to a storage of 100; of equal priority the smaller area is worth less."""
    (cause,) = causes(short_of_sun(0.3), "la_shed").values()
    assert cause == "ess.a would have been asked for 120.0 of 100.0 kW; PV 90.0 kW below plan"
    assert set(causes(short_of_sun(0.3), "la_shed")) == {"a"}
    assert not causes(short_of_sun(0.3 + (120.0 - 100.0) / 200.0 + 1e-3), "la_shed")


def test_an_area_is_shed_for_more_demand_than_planned() -> None:
    run = short_of_sun(1.0)
    run.demand["a"] = (180.0, 0.0)
    run.step(planned={"a": 80.0, "b": 100.0})
    (cause,) = causes(run, "la_shed").values()
    assert cause == "ess.a would have been asked for 130.0 of 100.0 kW; demand 100.0 kW above plan"
    run.demand["a"] = (149.0, 0.0)
    assert not causes(run.step(pick_up="ab", planned={"a": 80.0, "b": 100.0}), "la_shed")


def test_what_is_in_store_is_told_apart_from_the_rating() -> None:
    """5 kWh left after the first step give 60 kW in the second."""
    (cause,) = causes(short_of_sun(0.3, discharge_kwh=5.0 + 30.0 / 12), "la_shed").values()
    assert "of 60.0 kW (what is in store); PV 90.0 kW below plan" in cause


def test_a_section_is_shed_or_the_island_goes_dark_where_nobody_can_be_off() -> None:
    run = short_of_sun(0.0, "section")
    (shed,) = causes(run, "section_shed").values()
    assert shed == "ess.a would have been asked for 180.0 of 100.0 kW; PV 150.0 kW below plan"
    assert causes(run, "island_dark") == {"b": shed}
    run.demand["a"] = (130.0, 0.0)
    run.step(planned={"a": 80.0})
    told = "ess.a would have been asked for 130.0 of 100.0 kW; demand 50.0 kW above plan"
    assert causes(run, "collapse") == causes(run, "island_dark") == {"a": told}


@pytest.mark.parametrize(
    ("act", "island", "told"),
    [
        ({"switches": {"a-b": False}}, "b", "a-b was opened"),
        ({"orders": order("ess.a", "off")}, "a", "ess.a was ordered off"),
    ],
)
def test_what_goes_dark_by_order_says_by_which(act: dict[str, Any], island: str, told: str) -> None:
    run = short_of_sun(1.0)
    run.step(*([act["orders"]] if "orders" in act else []), switches=act.get("switches"))
    assert causes(run, "island_dark") == {island: told}


def test_a_ramp_is_told_apart_from_the_rating_and_reactive_power_from_active() -> None:
    diesel = build_units(build_case(chain("a", "b"), [nbsu("a")]).view, build_case(chain("a", "b")).scenario)["nbsu.a"]
    island = SimpleNamespace(choice=BalanceChoice("nbsu.a"), units={"nbsu.a": diesel}, demand={}, on={}, planned_kw={})
    told = shortfall_in_words(island, Shortfall("deficit", 140.0, 125.0))
    assert told == "nbsu.a would have been asked for 140.0 of 125.0 kW (ramp)"
    told = shortfall_in_words(island, Shortfall("reactive deficit", 95.0, 93.7))
    assert told == "nbsu.a would have been asked for 95.0 of 93.7 kvar"


def test_a_pick_up_is_limited_by_what_an_inverter_takes_at_once() -> None:
    case = build_case(
        chain("a", "b", length_km=0.1), [ess("a", s_kva=200.0)], local_areas=BY_AREA,
        world={"pick_up_limit_pct": 25.0},
    )  # fmt: skip
    run = Run(case, {"a": (40.0, 0.0), "b": (30.0, 0.0)}).step(FORM, pick_up="ab", planned={"a": 40.0, "b": 30.0})
    assert causes(run, "la_shed") == {"b": "ess.a can take 50.0 kW at once, not 70.0"}
