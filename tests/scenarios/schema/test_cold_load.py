"""Cold load pick-up by hand: multiple, decay, repeated outages, mixes of customers; and errors of its options."""

from __future__ import annotations

import math

import pytest

from relight.scenarios.loader import ScenarioError, load_case
from relight.scenarios.schema.cold_load import (
    AreaColdLoad,
    ColdLoad,
    ColdLoadClass,
    ColdLoadEstimate,
    SupplyRecord,
    cold_load_of,
    estimated_cold_load,
    kinds_of,
)

HOUSE = ColdLoadClass(peak=3.0, rise_min=60.0, hold_min=30.0, decay_min=60.0)
SHOP = ColdLoadClass(peak=2.0, rise_min=120.0, hold_min=0.0, decay_min=30.0)
HOUSES = AreaColdLoad(((1.0, HOUSE),))
E = math.e


def multiple(record: SupplyRecord, from_min: float, to_min: float, area: AreaColdLoad = HOUSES) -> float:
    return 1 + record.excess(area, from_min, to_min)


def test_the_multiple_of_an_hour_in_the_dark() -> None:
    """c = 1 − exp(−60/60) = 0.632, so 1 + 2 · 0.632 = 2.264; an hour after the hold it is down to 1/e of its excess."""
    record = SupplyRecord.of(HOUSES, [0.0, 60.0])
    assert multiple(record, 60, 90) == pytest.approx(2.2642411)
    assert multiple(record, 150, 150) == pytest.approx(1 + 1.2642411 / E)
    assert multiple(record, 90, 150) == pytest.approx(1 + 1.2642411 * (1 - 1 / E))
    assert multiple(record, 60, 150) == pytest.approx((30 * 2.2642411 + 60 * (1 + 1.2642411 * 0.6321206)) / 90)
    assert multiple(record, 60 + 1e4, 60 + 1e4 + 5) == pytest.approx(1)


def test_a_short_outage_gives_a_small_peak_and_a_long_one_no_more_than_the_peak() -> None:
    peaks = [multiple(SupplyRecord.of(HOUSES, [0.0, d]), d, d + 5) for d in (0, 1, 10, 60, 240, 1e5)]
    assert peaks == sorted(peaks)
    assert peaks[0] == 1.0 and peaks[1] == pytest.approx(1.0331, abs=1e-4) and peaks[-1] == pytest.approx(3.0)


def test_an_area_that_is_dropped_and_picked_up_again_keeps_what_it_had_left() -> None:
    """After 90 min 0.632/e = 0.2325 of the excess is left; 30 min dark: 1 − (1 − 0.2325) exp(−0.5) = 0.5345."""
    again = SupplyRecord.of(HOUSES, [0.0, 60.0, 150.0, 180.0])
    assert multiple(again, 180, 185) == pytest.approx(1 + 2 * 0.5345144, abs=1e-6)
    alone = SupplyRecord.of(HOUSES, [150.0, 180.0])
    assert multiple(alone, 180, 185) == pytest.approx(1 + 2 * (1 - math.exp(-0.5)))


def test_an_area_without_supply_would_be_picked_up_now() -> None:
    dark = SupplyRecord.of(HOUSES, [0.0])
    assert multiple(dark, 60, 90) == multiple(SupplyRecord.of(HOUSES, [0.0, 60.0]), 60, 90)
    assert multiple(SupplyRecord.of(HOUSES, []), 60, 90) == 1.0


@pytest.mark.parametrize("changes", [[0.0], [0.0, 20.0], [], [0.0, 20.0, 40.0]])
def test_a_planned_pick_up_is_never_taken_for_less_than_will_come(changes: list[float]) -> None:
    """Now is minute 60; the plan may supply the area, drop it, and pick it up again at 150."""
    record = SupplyRecord.of(HOUSES, changes)
    for dropped in (60.0, 80.0, 120.0):
        happened = record.now(HOUSES, True, 60.0).now(HOUSES, False, dropped).now(HOUSES, True, 150.0)
        planned = record.planned_excess(HOUSES, 60.0, 150.0, 150.0, 180.0)
        assert planned >= happened.excess(HOUSES, 150.0, 180.0) - 1e-12
    if not record.supplied:
        first = record.now(HOUSES, True, 150.0)
        assert record.planned_excess(HOUSES, 60.0, 150.0, 160.0, 190.0) == pytest.approx(first.excess(HOUSES, 160, 190))


def test_classes_are_mixed_as_the_load_is() -> None:
    """Bus a: 30 kW of houses; bus b: 10 kW, 1 part houses, 3 parts shops: 32.5 of 40 kW are houses'."""
    mixes = {"a": {"h0": 2.0}, "b": {"h0": 1.0, "g0": 2.0, "g3": 1.0}}
    kinds = kinds_of(mixes, {"a": 30.0, "b": 10.0})
    assert kinds == pytest.approx({"household": 0.8125, "business": 0.1875})
    assert kinds_of(mixes, {}) == {}
    area = AreaColdLoad.of(ColdLoad(household=HOUSE, business=SHOP), kinds)
    record = SupplyRecord.of(area, [0.0, 60.0])
    house, shop = 2 * (1 - 1 / E), 1 * (1 - math.exp(-0.5)) * 30 / 5 * (1 - math.exp(-5 / 30))
    assert multiple(record, 60, 65, area) == pytest.approx(1 + 0.8125 * house + 0.1875 * shop)


def test_an_estimate_is_the_truth_times_a_factor_or_has_parameters_of_its_own() -> None:
    world, kinds = ColdLoad(household=HOUSE), {"a": {"household": 1.0}}
    truth = cold_load_of(world, kinds)["a"].excess((1.0,), 0, 5)
    assert truth == 2.0
    estimates = [
        (ColdLoadEstimate(), world, 2.0),
        (ColdLoadEstimate(factor=0.5), world, 1.0),
        (ColdLoadEstimate(parameters=ColdLoad(household=SHOP.model_copy(update={"hold_min": 9}))), world, 1.0),
        (ColdLoadEstimate(), None, 1.5),
    ]
    for estimate, of_world, expected in estimates:
        assert estimated_cold_load(estimate, of_world, kinds)["a"].excess((1.0,), 0, 5) == pytest.approx(expected)
    assert estimated_cold_load(None, world, kinds) == {} == cold_load_of(None, kinds)


def test_the_literal_form_refuses_both_at_once() -> None:
    with pytest.raises(ScenarioError) as error:
        load_case(
            "guo45/cold-load",
            ["dispatch_centre.formulation=literal", "dispatch_centre.pick_up_limit_pct=50", "local_areas.by=section"],
        )
    assert [p.field for p in error.value.problems] == ["dispatch_centre.cold_load", "dispatch_centre.pick_up_limit_pct"]


def test_wrong_values_are_told_at_once() -> None:
    with pytest.raises(ScenarioError) as error:
        load_case("guo45/cold-load", ["cold_load.household.peak=0.5", "cold_load.farming={peak: 2}"])
    fields = {p.field for p in error.value.problems}
    assert {"cold_load.household.peak", "cold_load.farming.rise_min", "cold_load.farming.decay_min"} <= fields


def test_shipped_areas_know_their_customers() -> None:
    case = load_case("guo45/cold-load")
    assert case.view.local_areas["24"].kinds == pytest.approx({"household": 0.4, "business": 0.6})
    assert case.view.local_areas["1"].kinds == {}
