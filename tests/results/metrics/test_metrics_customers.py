"""Customer indices against published worked examples and by hand, to 1e-9, and what must not change them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.results.metrics.customers import COLUMNS, customer_indices, interruptions
from relight.results.metrics.supply import Supply, supply_of
from support.supply_tables import rotated, split_step, supply, tables

YEAR_MIN = 8760 * 60

IEEE_SAMPLE = (
    # off, on (h, min, s), customers; the day does not matter. IEEE Std 1366-2003, sample circuit of 2000 customers.
    ((12, 12, 20), (12, 20, 30), 200),
    ((18, 23, 56), (18, 24, 26), 400),
    ((0, 23, 10), (1, 34, 29), 600),
    ((23, 17, 0), (23, 47, 14), 25),
    ((9, 30, 10), (9, 31, 10), 2000),
    ((15, 45, 39), (20, 12, 50), 90),
    ((8, 20, 0), (10, 20, 0), 700),
    ((17, 10, 0), (17, 20, 0), 1500),
    ((10, 15, 0), (10, 55, 0), 100),
)


def minutes(clock: tuple[int, int, int]) -> float:
    return clock[0] * 60 + clock[1] + clock[2] / 60


def listed(spells: Any) -> pd.DataFrame:
    """Interruptions as (customers, start, end)."""
    return pd.DataFrame([("a", float(n), a, b, 1) for n, a, b in spells], columns=list(COLUMNS))


def test_sample_circuit_of_ieee_1366() -> None:
    """Printed there: SAIFI 1.61, SAIDI 86.110 min, CAIDI 53.57 min, ASAI 0.999836 (with durations rounded first)."""
    spells = [(n, minutes(off), minutes(on)) for off, on, n in IEEE_SAMPLE]
    found = customer_indices(listed(spells), 2000, YEAR_MIN)
    customer_minutes = 490 / 60 * 200 + 4279 / 60 * 600 + 1814 / 60 * 25 + 16031 / 60 * 90
    customer_minutes += 120 * 700 + 10 * 1500 + 40 * 100
    assert found.saifi == pytest.approx(3215 / 2000, abs=1e-9)
    assert found.saidi_min == pytest.approx(customer_minutes / 2000, abs=1e-9)
    assert found.caidi_min == pytest.approx(customer_minutes / 3215, abs=1e-9)
    assert found.asai == pytest.approx(1 - customer_minutes / 2000 / YEAR_MIN, abs=1e-9)
    assert found.maifi == pytest.approx(2400 / 2000, abs=1e-9)
    printed = (round(found.saifi, 2), round(found.caidi_min or 0, 2), round(found.asai, 6))
    assert printed == (1.61, 53.57, 0.999836)
    assert found.saidi_min == pytest.approx(86.110, abs=0.005)


def test_sample_circuit_as_a_supply_table() -> None:
    """The same year as a table with rows only where something changes, the outages nested: the smallest hits those
    customers that every larger one hits too. So an LA holds those between one size of outage and the next.
    """
    sizes = sorted({n for _, _, n in IEEE_SAMPLE})
    layers = {n: n - smaller for smaller, n in pairwise([0, *sizes])}
    assert sum(layers.values()) == 2000
    spells = [
        (1440.0 * day + minutes(off), 1440.0 * day + minutes(on), n) for day, (off, on, n) in enumerate(IEEE_SAMPLE)
    ]
    times = sorted({0.0, *(t for a, b, _ in spells for t in (a, b))})
    rows = [
        {"time_min": t, "local_area": f"up to {top}", "demand_kw": 1.0, "customers": size, "in_outage_area": 0,
         "served_kw": float(not any(a <= t < b and n >= top for a, b, n in spells))}
        for t in times for top, size in layers.items()
    ]  # fmt: skip
    found_supply = supply_of(pd.DataFrame(rows), YEAR_MIN)
    found = customer_indices(interruptions(found_supply), 2000, YEAR_MIN)
    direct = customer_indices(listed([(n, a, b) for a, b, n in spells]), 2000, YEAR_MIN)
    for name in ("saifi", "saidi_min", "caidi_min", "maifi", "asai"):
        assert getattr(found, name) == pytest.approx(getattr(direct, name), abs=1e-9)


def test_system_of_billinton_and_allan() -> None:
    """Reliability Evaluation of Power Systems, 2nd ed., 7.2.3: six load points, 4000 customers, four interruptions.

    Printed there: SAIFI 0.775, SAIDI 1.65 h, CAIDI 2.13 h, ASAI 0.999812.
    """
    spells = [(800, 0, 180), (600, 0, 180), (300, 0, 120), (600, 0, 60), (500, 0, 90), (300, 0, 90)]
    found = customer_indices(listed(spells), 4000, YEAR_MIN)
    assert found.saifi == pytest.approx(0.775, abs=1e-9)
    assert found.saidi_min == pytest.approx(1.65 * 60, abs=1e-9)
    assert found.caidi_min == pytest.approx(6600 / 3100 * 60, abs=1e-9)
    assert round(found.asai, 6) == 0.999812


@pytest.mark.parametrize(("duration", "sustained"), [(4.999, False), (5.0, False), (5.001, True), (10.0, True)])
def test_sustained_is_longer_than_five_minutes(duration: float, sustained: bool) -> None:
    found = customer_indices(listed([(10, 0.0, duration)]), 100, 60)
    assert (found.saifi, found.maifi) == ((0.1, 0.0) if sustained else (0.0, 0.1))
    assert found.saidi_min == pytest.approx(duration / 10 if sustained else 0.0, abs=1e-9)
    assert (found.caidi_min is None) is not sustained


def test_nobody_to_interrupt_is_an_error() -> None:
    with pytest.raises(ValueError, match="above 0"):
        customer_indices(listed([]), 0, 60)


def spells_of(found: Supply) -> list[tuple[str, float, float, float, int]]:
    return [tuple(row) for row in interruptions(found).itertuples(index=False)]


def test_shed_and_shed_again_is_two_interruptions_and_every_minute_counts_once() -> None:
    found = supply({"a": [1, 0, 0, 1, 0, 1]}, step_min=10, customers={"a": 7}, lost=False)
    assert spells_of(found) == [("a", 7, 10, 30, 1), ("a", 7, 40, 50, 1)]
    indices = customer_indices(interruptions(found), 7, 60)
    assert (indices.saifi, indices.saidi_min, indices.caidi_min) == (2, 30, 15)
    assert indices.asai == pytest.approx(0.5)


@pytest.mark.parametrize(("ordered", "interruptions"), [(1.0, 0), (0.3, 0), (0.0, 1)])
def test_an_area_without_demand_is_without_supply_if_it_is_off_by_order(ordered: float, interruptions: int) -> None:
    rows = pd.DataFrame({
        "time_min": [0.0, 30.0, 60.0], "local_area": "a", "demand_kw": [5.0, 0.0, 5.0], "served_kw": [5.0, 0.0, 5.0],
        "in_outage_area": 0, "energised": 1, "shed": 0, "ordered_share": [1.0, ordered, 1.0],
    })  # fmt: skip
    assert len(spells_of(supply_of(rows, 90.0))) == interruptions


def test_an_area_that_is_back_in_the_first_step_has_no_interruption() -> None:
    found = supply({"a": [1, 1], "b": [0, 1]}, step_min=10, customers={"a": 1, "b": 1}, lost=True)
    assert spells_of(found) == [("b", 1, 0, 10, 1)]


@pytest.mark.parametrize("marked", [True, False])
def test_a_log_that_starts_supplied_worked_by_hand(marked: bool) -> None:
    """26 customers in one hour, whether or not the log says that they belong to the outage area.

    a (10): out from 10 to 13 min, momentary, and from 30 to 50, sustained. b (15): out from 40 to 44, momentary.
    c (1): always on. SAIFI 10/26, SAIDI 10·20/26 min, CAIDI 20 min, MAIFI (10 + 15)/26, ASAI 1 − 200/(26·60).
    """
    out = {"a": ((10, 13), (30, 50)), "b": ((40, 44),), "c": ()}
    size = {"a": 10, "b": 15, "c": 1}
    times = [0, 10, 13, 30, 40, 44, 50]
    rows = pd.DataFrame(
        {"time_min": t, "local_area": la, "demand_kw": 5.0, "customers": size[la],
         "served_kw": 0.0 if any(begin <= t < end for begin, end in spells) else 5.0}
        for t in times for la, spells in out.items()
    )  # fmt: skip
    if not marked:
        rows["in_outage_area"] = 0
    found = customer_indices(interruptions(supply_of(rows, 60)), 26, 60)
    assert (found.saifi, found.saidi_min) == (pytest.approx(10 / 26), pytest.approx(200 / 26))
    assert (found.caidi_min, found.maifi) == (20, pytest.approx(25 / 26))
    assert found.asai == pytest.approx(1 - 200 / (26 * 60))


def test_an_interruption_that_the_table_does_not_see_the_end_of() -> None:
    found = supply({"a": [1, 0]}, step_min=10, customers={"a": 4}, lost=False)
    assert spells_of(found) == [("a", 4, 10, 20, 0)]
    assert customer_indices(interruptions(found), 8, 20).customers_still_out == 4


def test_part_of_an_area_is_shed_in_a_fixed_order() -> None:
    """Three quarters, then a quarter, then half of 8 customers have supply."""
    found = supply({"a": [0.75, 0.25, 0.5]}, step_min=10, customers={"a": 8}, lost=False)
    assert sorted(spells_of(found)) == [("a", 2, 0, 30, 0), ("a", 2, 10, 20, 1), ("a", 2, 10, 30, 0)]


def test_without_demand_an_area_is_as_before_unless_the_table_knows_better() -> None:
    rows = [
        {"time_min": 10.0 * k, "local_area": "a", "demand_kw": d, "served_kw": s, "energised": e, "shed": 0}
        for k, (d, s, e) in enumerate([(1, 0, 0), (0, 0, 1), (1, 1, 1)])
    ]
    known = pd.DataFrame(rows)
    assert [spell[2:4] for spell in spells_of(supply_of(known, 30))] == [(0, 10)]
    assert [spell[2:4] for spell in spells_of(supply_of(known.drop(columns=["energised", "shed"]), 30))] == [(0, 20)]


@given(tables(), st.integers(0, 99), st.floats(0.05, 0.95))
def test_splitting_a_step_changes_nothing(rows: pd.DataFrame, step: int, where: float) -> None:
    plain, split = supply_of(rows, 60), supply_of(split_step(rows, step, where, 60), 60)
    for found in (plain, split):
        assert found.customers.sum() > 0
    one, two = (customer_indices(interruptions(s), s.customers.sum(), 60) for s in (plain, split))
    for name in ("saifi", "saidi_min", "maifi", "asai", "customers_still_out"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), abs=1e-9)


@given(tables(), st.integers(0, 99))
def test_order_of_customers_and_rows_does_not_matter(rows: pd.DataFrame, turn: int) -> None:
    assert interruptions(supply_of(rows, 60)).equals(interruptions(supply_of(rotated(rows, turn), 60)))


@given(tables())
def test_indices_agree_with_each_other(rows: pd.DataFrame) -> None:
    found = supply_of(rows, 60)
    indices = customer_indices(interruptions(found), found.customers.sum(), 60, sustained_over_min=0)
    # With no momentary interruptions left, unavailability is the customers' dark time.
    dark = ((1 - found.supplied) @ found.customers * found.hours).sum() / found.customers.sum()
    assert 1 - indices.asai == pytest.approx(dark, abs=1e-9)
    assert indices.saidi_min == pytest.approx(60 * dark, abs=1e-9)
    if indices.caidi_min is not None:
        assert indices.caidi_min * indices.saifi == pytest.approx(indices.saidi_min, abs=1e-9)
