"""Demand and PV series: shape, energy, noise, independence of streams."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relight.scenarios.loader import load_case
from relight.scenarios.series.from_csv import interval_means
from relight.sim.series.profiles import Profiles
from support.three_bus_case import TABLES, write

PAPER_SHAPE = [
    0.386,
    0.404,
    0.417,
    0.443,
    0.512,
    0.601,
    0.663,
    0.718,
    0.808,
    0.905,
    0.950,
    0.951,
    0.949,
    0.956,
    0.967,
    0.981,
    0.997,
    0.995,
    0.954,
    0.894,
    0.853,
    0.839,
]
"""Half-hours from 04:00, 40 % h0 + 35 % g0 + 25 % g3, summer workday, per unit of the day's peak."""


def actual(profiles: Profiles) -> tuple[np.ndarray, np.ndarray]:
    times = range(0, profiles.duration_min, profiles.sim_step_min)
    demand = np.array([[p_kw for p_kw, _ in profiles.demand(time).values()] for time in times])
    return demand, np.array([list(profiles.pv_pu(time).values()) for time in times])


def test_load_shape_is_that_of_the_paper_note() -> None:
    case = load_case("guo45/fault-0400", ["outage.duration_min=660"])
    forecast = Profiles(case).forecast("28", 0)
    shape = np.array(forecast["demand_p_kw"]) / case.base_load_kw["28"]
    assert shape == pytest.approx(PAPER_SHAPE, abs=0.025)
    ratio = np.array(forecast["demand_q_kvar"]) / forecast["demand_p_kw"]
    assert ratio == pytest.approx(np.tan(np.arccos(0.95)))


def test_the_days_peak_is_the_peak_load() -> None:
    day = ["outage.start=2025-06-20T00:00", "outage.duration_min=1440", "clock.plan_step_min=15"]
    case = load_case("guo45/fault-0400", day)
    profiles = Profiles(case)
    total = sum(np.array(profiles.forecast(area, 0)["demand_p_kw"]) for area in case.view.local_areas)
    assert total.max() == pytest.approx(4000)


def test_clear_sky_is_near_the_paper_note() -> None:
    case = load_case("guo45/fault-1000", ["pv.clear_sky_index=1"])
    pv = Profiles(case).forecast("28", 0)["pv_pu"]["pv.28"]
    assert pv == pytest.approx([0.672, 0.707, 0.731, 0.743, 0.743, 0.731, 0.707, 0.672, 0.625, 0.568], abs=0.012)
    assert Profiles(case).forecast("27", 0)["pv_pu"] == {}


def test_same_seed_same_series_and_the_forecast_does_not_look_ahead() -> None:
    case = load_case("guo45/fault-1000")
    first, same, other = Profiles(case), Profiles(case, 0), Profiles(case, 1)
    for one, two in zip(actual(first), actual(same), strict=True):
        assert (one == two).all()
    for one, two in zip(actual(first), actual(other), strict=True):
        assert (one != two).any()
    assert first.forecast("28", 45) == other.forecast("28", 45)


def test_adding_a_unit_or_an_area_changes_no_other_series(tmp_path: Path) -> None:
    before = Profiles(load_case(write(tmp_path, load={"shares": {"b": 1}})))
    more = {
        "buses.csv": TABLES["buses.csv"] + "d,10,3,0,\n",
        "switches.csv": TABLES["switches.csv"] + "a-d,a,d,closed,,\n",
        "pv.csv": TABLES["pv.csv"] + "pv.a,a,10,,\n",
    }
    after = Profiles(load_case(write(tmp_path, more, load={"shares": {"b": 1}})))
    for time in range(0, 120, 5):
        assert after.pv_pu(time)["pv.c"] == before.pv_pu(time)["pv.c"]
        assert after.demand(time)["b"] == pytest.approx(before.demand(time)["b"], rel=1e-12)


def test_pv_stays_within_its_variability() -> None:
    for seed in range(5):
        case = load_case("guo45/fault-1000", ["clock.plan_step_min=5"], seed=seed)
        profiles = Profiles(case)
        ratio = actual(profiles)[1][:, 2] / np.array(profiles.forecast("28", 0)["pv_pu"]["pv.28"])
        assert ratio.min() >= 0.7 - 1e-8 and ratio.max() <= 1.3 + 1e-8  # both are rounded to 1e-9
        assert ratio.std() > 0.02


def test_load_noise_has_its_standard_deviation() -> None:
    case = load_case("guo45/fault-1000", ["clock.plan_step_min=5", "load.actual.sd_pct=4"])
    profiles = Profiles(case)
    loaded = [area for area in case.view.local_areas if case.base_load_kw[area]]
    ratio = [
        profiles.demand(k * 5)[area][0] / p_kw
        for area in loaded
        for k, p_kw in enumerate(profiles.forecast(area, 0)["demand_p_kw"])
    ]
    assert np.mean(ratio) == pytest.approx(1, abs=0.01) and np.std(ratio) == pytest.approx(0.04, abs=0.005)


def test_perfect_forecast_repeats_the_plan_steps_value() -> None:
    case = load_case("guo45/fault-0400", ["perfect_forecast=true"])
    profiles = Profiles(case)
    forecast = profiles.forecast("28", 0)
    for time in range(0, 300, 5):
        assert profiles.demand(time)["28"][0] == forecast["demand_p_kw"][time // 30]
        assert profiles.pv_pu(time)["pv.28"] == forecast["pv_pu"]["pv.28"][time // 30]


def test_without_noise_both_carry_the_same_energy() -> None:
    case = load_case("guo45/fault-0400", ["load.actual.sd_pct=0", "pv.variability_pct=0"])
    profiles = Profiles(case)
    demand, pv = actual(profiles)
    forecast = profiles.forecast("28", 0)
    column = list(case.view.local_areas).index("28")
    assert demand[:, column].reshape(10, 6).mean(axis=1) == pytest.approx(forecast["demand_p_kw"])
    # Both are rounded to 1e-9.
    assert pv[:, 2].reshape(10, 6).mean(axis=1) == pytest.approx(forecast["pv_pu"]["pv.28"], abs=1e-9)


def test_forecast_from_inside_a_step() -> None:
    profiles = Profiles(load_case("guo45/fault-0400"))
    whole, part = profiles.forecast("28", 30), profiles.forecast("28", 40)
    assert part["step_start_min"] == [40, 60, 90, 120, 150, 180, 210, 240, 270]
    assert whole["step_start_min"][0] == 30 and part["demand_p_kw"] == whole["demand_p_kw"]
    assert profiles.forecast("28", 300)["step_start_min"] == []
    with pytest.raises(ValueError, match="outside the window"):
        profiles.demand(300)


def test_means_preserve_energy() -> None:
    rng = np.random.default_rng(1)
    edges = np.sort(rng.uniform(-50, 350, 40))
    edges[0], edges[-1] = -60, 400
    values, wanted = rng.uniform(0, 9, 39), np.arange(0, 301, 5.0)
    means = interval_means(edges, values, wanted)
    fine = np.linspace(0, 300, 300_001)
    held = values[np.searchsorted(edges, (fine[:-1] + fine[1:]) / 2, side="right") - 1]
    assert (means * 5).sum() == pytest.approx(held.mean() * 300, rel=1e-4)


def test_csv_replaces_the_actual_and_leaves_the_forecast(tmp_path: Path) -> None:
    load = "time,c\n2025-06-20T09:50,10\n2025-06-20T10:07,20\n2025-06-20T12:00,30\n"
    (tmp_path / "load.csv").write_text(load, "utf-8")
    (tmp_path / "pv.csv").write_text("time_min,pv.c\n0,0.2\n60,0.4\n", "utf-8")
    plain = Profiles(load_case(write(tmp_path)))
    profiles = Profiles(load_case(write(tmp_path, load={"actual_csv": "load.csv"}, pv={"actual_csv": "pv.csv"})))
    assert profiles.forecast("c", 0) == plain.forecast("c", 0)
    assert profiles.demand(0)["c"][0] == pytest.approx(10)
    assert profiles.demand(5)["c"][0] == pytest.approx((2 * 10 + 3 * 20) / 5)
    assert profiles.demand(115)["c"] == pytest.approx((20, 20 * np.tan(np.arccos(0.95))))
    assert profiles.demand(10)["b"] == plain.demand(10)["b"]
    assert [profiles.pv_pu(time)["pv.c"] for time in (0, 59, 60)] == pytest.approx([0.2, 0.2, 0.4])


def test_csv_replaces_the_forecast_and_what_happens_follows_it(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text("time_min,c,c:q\n0,10,-3\n15,20,-1\n60,40,0\n90,40,0\n", "utf-8")
    plain = Profiles(load_case(write(tmp_path)))
    exact = {"sd_pct": 0, "day_sd_pct": 0}
    profiles = Profiles(load_case(write(tmp_path, load={"forecast_csv": "load.csv", "actual": exact})))
    forecast = profiles.forecast("c", 0)
    assert forecast["demand_p_kw"] == pytest.approx([15, 20, 40, 40])
    assert forecast["demand_q_kvar"] == pytest.approx([-2, -1, 0, 0])
    assert [profiles.demand(t)["c"] for t in (0, 15, 60)] == [(10, -3), (20, -1), (40, 0)]
    assert profiles.forecast("b", 0) == plain.forecast("b", 0)


def test_reactive_power_of_a_net_is_kept() -> None:
    case = load_case("cigre_mv/blackout", ["local_areas.by=bus"])
    forecast = Profiles(case).forecast("Bus 9", 0)
    assert forecast["demand_q_kvar"][0] / forecast["demand_p_kw"][0] == pytest.approx(0.355578 / 0.57375)


@pytest.mark.parametrize("method", ["mean", "perfect", "persistence", "lead_time"])
@pytest.mark.parametrize("first_min", [0, 20, 45])
def test_plan_steps_count_from_the_first_orders_and_forecasts_hold_their_energy(method: str, first_min: int) -> None:
    """The time before is forecast too, in the same steps; with foresight each value is the mean of what happens."""
    changed = (f"outage.first_order_min={first_min}", f"forecast={{method: {method}}}")
    profiles = Profiles(load_case("guo45/fault-1000", changed), 2)
    for issued in (0, 10, 45, 290):
        known = profiles.forecast("28", issued)
        later = [start for start in range(first_min % 30, 300, 30) if start > issued]
        assert known["step_start_min"] == [issued, *later]
        assert len(known["demand_p_kw"]) == len(known["pv_pu"]["pv.28"]) == 1 + len(later)
        if method == "perfect":
            for begin, end, kw in zip((issued, *later), (*later, 300), known["demand_p_kw"], strict=True):
                happens = [profiles.demand(t)["28"][0] for t in range(begin, end, 5)]
                assert kw == pytest.approx(np.mean(happens), abs=1e-3)
