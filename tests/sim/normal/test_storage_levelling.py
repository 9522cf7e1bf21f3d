"""Storage levels the import as far as rating and energy allow, and no further."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from relight.scenarios.view import EssUnit
from relight.sim.normal.storage_levelling import level_import


def unit(s_kva: float = 100.0, discharge_kwh: float = 100.0, charge_kwh: float = 100.0, name: str = "ess.1") -> EssUnit:
    return EssUnit(name, "1", s_kva, discharge_kwh, charge_kwh)


def test_two_hours_are_levelled_to_their_mean() -> None:
    found = level_import(np.array([10.0, 50.0]), [unit()], 1.0)["ess.1"]
    assert found == pytest.approx([-20.0, 20.0], abs=1e-3)


def test_the_rating_limits() -> None:
    found = level_import(np.array([10.0, 50.0]), [unit(s_kva=5)], 1.0)["ess.1"]
    assert found == pytest.approx([-5.0, 5.0], abs=1e-3)


def test_the_capacity_limits_in_both_orders() -> None:
    # 8 + 3 kWh of capacity; the period repeats, so it may begin full or empty as it likes, and ends so.
    store = unit(discharge_kwh=8, charge_kwh=3)
    assert level_import(np.array([50.0, 10.0]), [store], 1.0)["ess.1"] == pytest.approx([11, -11], abs=1e-3)
    assert level_import(np.array([10.0, 50.0]), [store], 1.0)["ess.1"] == pytest.approx([-11, 11], abs=1e-3)
    # In steps of a quarter of an hour 11 kWh are 44 kW; the mean of 10 and 98 kW is then just reached.
    assert level_import(np.array([10.0, 98.0]), [store], 0.25)["ess.1"] == pytest.approx([-44, 44], abs=1e-3)


def test_it_idles_where_nothing_is_gained() -> None:
    assert level_import(np.array([20.0, 20.0]), [unit()], 1.0)["ess.1"] == pytest.approx([0, 0], abs=1e-3)
    # An export is not levelled for its own sake: the peak is 0 at best.
    assert level_import(np.array([-20.0, 0.0]), [unit()], 1.0)["ess.1"] == pytest.approx([0, 0], abs=1e-3)


def test_random_days_stay_within_all_limits_and_never_raise_the_peak() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        net = rng.uniform(-50, 150, 24)
        storage = [unit(*rng.uniform(5, 60, 3), name=f"ess.{k}") for k in range(3)]
        found = level_import(net, storage, 0.5)
        total = np.zeros(24)
        for one in storage:
            power = found[one.id]
            drawn = np.cumsum(power) * 0.5
            assert np.abs(power).max() <= one.s_kva + 1e-6
            assert max(drawn.max(), 0) - min(drawn.min(), 0) <= one.discharge_kwh + one.charge_kwh + 1e-6
            assert drawn[-1] == pytest.approx(0, abs=24 * 1e-6)  # each power is rounded to 1e-6 kW
            total += power
        assert (net - total).max() <= max(net.max(), 0) + 1e-3


def test_a_store_that_loses_energy_charges_more_than_it_gives() -> None:
    """What it gives at noon, 0.5 · 8 = 4 kWh, takes 8 kWh out of it, for which it charges 16 kWh at night."""
    store = replace(unit(discharge_kwh=8, charge_kwh=0), charge_efficiency=0.5, discharge_efficiency=0.5)
    assert level_import(np.array([10.0, 50.0]), [store], 1.0)["ess.1"] == pytest.approx([-16, 4], abs=1e-3)


def test_without_storage_nothing() -> None:
    assert level_import(np.array([1.0, 2.0]), [], 1.0) == {}
