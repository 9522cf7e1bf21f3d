"""The index formulas against numbers worked by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from relight.results.indices import formulas
from relight.results.indices.formulas import NotDefined


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-12, abs=1e-12)


def test_reserve_capacity_under_both_readings() -> None:
    # 10 MVA of transformers, 4 MVA largest load: 10 - 0.4*4 = 8.4; 10 - 1.4*4 = 4.4.
    assert formulas.reserve_capacity_mva(10, 4) == close(8.4)
    assert formulas.reserve_capacity_mva(10, 4, 1.40) == close(4.4)
    assert formulas.reserve_capacity_mva(1, 4) == 0


def test_new_reserve_per_asset() -> None:
    # (8.4 - 6.0) MVA for 1200 (10k CNY): 0.002 MVA per 10k CNY; reserve lost counts as lost.
    assert formulas.new_reserve_per_asset(8.4, 6.0, 1200) == close(0.002)
    assert formulas.new_reserve_per_asset(6.0, 8.4, 1200) == close(-0.002)


def test_self_balancing_is_one_less_the_printed_ratio() -> None:
    import_kw, demand_kw = [30.0, 60.0, -20.0, 40.0], [50.0, 80.0, 100.0, 60.0]
    assert formulas.import_dependence(import_kw, demand_kw) == close(0.6)  # 60 / 100, at different times
    assert formulas.self_balancing(0.6) == close(0.4)
    assert formulas.coincident_import_dependence(import_kw, demand_kw) == 0  # exports 20 when demand is largest
    assert formulas.coincident_import_dependence([30, 60], [50, 80]) == close(0.75)
    assert formulas.import_dependence([-5, -1], [10, 10]) == 0


def local_area() -> pd.DataFrame:
    """Three steps of 0.5 h. a: dark, dark, on. b: on, shed, on. c: on at once, then on. d: not in the outage area."""
    rows = []
    for la, in_area, states in (
        ("a", 1, ("dark", "dark", "on")), ("b", 1, ("on", "shed", "on")), ("c", 1, ("on", "on", "on")),
        ("d", 0, ("on", "on", "dark")),
    ):  # fmt: skip
        for step, state in enumerate(states):
            rows.append({"time_min": 30.0 * step, "local_area": la, "in_outage_area": in_area,
                         "energised": int(state != "dark"), "shed": int(state == "shed")})  # fmt: skip
    return pd.DataFrame(rows)


HOURS = {0.0: 0.5, 30.0: 0.5, 60.0: 0.5}


def test_outage_time_per_household() -> None:
    table = local_area()
    hours = formulas.outage_hours(table, HOURS)
    assert hours == {"a": close(1.0), "b": close(0.5), "c": close(0.0), "d": close(0.5)}
    households = {"a": 10, "b": 20, "c": 60, "d": 10}
    # (10*1 + 20*0.5 + 60*0 + 10*0.5) / 100 = 0.25 h
    assert formulas.mean_per_household(hours, households) == close(0.25)
    shuffled = table.sample(frac=1, random_state=1)
    assert formulas.mean_per_household(formulas.outage_hours(shuffled, HOURS), households) == close(0.25)


def test_outages_count_the_first_loss_of_everybody_in_the_outage_area() -> None:
    counts = formulas.outages(local_area())
    # b is restored within the first step and shed later: two; d loses supply once, later.
    assert counts == {"a": 1, "b": 2, "c": 1, "d": 1}
    assert formulas.mean_per_household(counts, {"a": 10, "b": 20, "c": 60, "d": 10}) == close(1.2)


def test_who_is_off_by_order_in_a_live_area_is_without_supply_and_who_is_served_in_part_is_not() -> None:
    table = local_area().assign(energised=1, shed=0, in_outage_area=0, ordered_share=1.0)
    assert set(formulas.outage_hours(table, HOURS).values()) == {0.0} and set(formulas.outages(table).values()) == {0}
    off = (table["local_area"] == "b") & (table["time_min"] == table["time_min"].max())
    hours = HOURS[table["time_min"].max()]
    assert formulas.outage_hours(table.assign(ordered_share=(~off) * 1.0), HOURS)["b"] == hours
    assert formulas.outages(table.assign(ordered_share=(~off) * 1.0))["b"] == 1
    assert formulas.outages(table.assign(ordered_share=1.0 - 0.9 * off))["b"] == 0


def test_splitting_a_step_changes_nothing() -> None:
    table = local_area()
    later = table.assign(time_min=table["time_min"] + 15)
    halves = pd.concat([table, later])
    hours = dict.fromkeys(halves["time_min"].unique(), 0.25)
    assert formulas.outage_hours(halves, hours) == formulas.outage_hours(table, HOURS)
    assert formulas.outages(halves) == formulas.outages(table)


def test_clean_share() -> None:
    # 40 kWh PV, 10 exported, 70 imported: 30 / 100; with 20 % of imports clean (30 + 14) / 100.
    assert formulas.clean_share(40, 70, 10) == close(0.30)
    assert formulas.clean_share(40, 70, 10, 0.20) == close(0.44)


def test_provider_share() -> None:
    assert formulas.provider_share(40, 70, 10) == close(0.30)
    # Storage sells 15 kWh that it bought upstream: users get 30 + 15 locally, 70 - 15 from upstream.
    assert formulas.provider_share(40, 70, 10, 15, 15) == close(0.45)


def test_growth_per_household() -> None:
    # 22 000 MWh / 5 500 = 4 MWh, before 20 000 / 5 200 = 3.84615 MWh: growth 0.04.
    assert formulas.growth_per_household(22_000, 5_500, 20_000, 5_200) == close(0.04)


def test_getting_electricity_score() -> None:
    # China in Doing Business 2020: 2 procedures (capped at 100), 32 days, 0 %, 7 of 8 points; published score 95.4.
    china = {"procedures": 2, "time_days": 32, "cost_pct_of_income_per_capita": 0, "reliability_0_to_8": 7}
    score = formulas.getting_electricity_score(china)
    assert score == close((100 + 100 * 216 / 230 + 100 + 87.5) / 4) and round(score, 1) == 95.4
    worst = {"procedures": 12, "time_days": 400, "cost_pct_of_income_per_capita": 9000, "reliability_0_to_8": 0}
    assert formulas.getting_electricity_score(worst) == 0


def test_reduction_and_efficiency() -> None:
    assert formulas.reduction(400, 300, "peak") == close(0.25)
    assert formulas.supply_efficiency(100, 4) == close(0.96)


@pytest.mark.parametrize(
    "undefined",
    [
        lambda: formulas.import_dependence([0.0], [0.0]),
        lambda: formulas.clean_share(10, 0, 10),
        lambda: formulas.mean_per_household({"a": 1.0}, {}),
        lambda: formulas.reduction(0, 0, "import"),
    ],
)
def test_without_a_denominator_there_is_no_value(undefined) -> None:
    with pytest.raises(NotDefined, match="above 0"):
        undefined()
