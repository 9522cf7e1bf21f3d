"""How good forecasts are: a case worked by hand, the model's own numbers found again, days that are wrong as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relight.results.comparison.compare import compare
from relight.results.comparison.text import as_markdown, as_text, write_comparison
from relight.results.run.recorder import Recorder
from relight.scenarios.loader import load_case
from relight.sim.campaigns.run import simulate
from relight.sim.series.noise import Noise
from relight.sim.series.profiles import Profiles
from relight.sim.series.quality import forecast_quality, quality
from support.three_bus_case import write


def by_lead(case, seed: int = 0) -> dict[tuple[str, float | None], dict]:
    return {(row["kind"], row["lead_min"]): dict(row) for row in forecast_quality(case.view, Profiles(case, seed))}


def test_a_case_worked_by_hand() -> None:
    """Two areas, two plan steps: errors +3 and −1, then +1 and +1 kW of 10 and 30 kW."""
    found = quality(np.array([[3.0, -1.0], [1.0, 1.0]]), np.array([[10.0, 30.0], [10.0, 30.0]]))
    # Totals are +2 and +2; single root-mean-squares √5 and 1; mean product −3 + 1 over 2 = −1, over √5 · 1.
    assert found == {
        "steps": 2,
        "actual_kw": 40.0,
        "bias_kw": 2.0,
        "rmse_kw": 2.0,
        "rmse_single_kw": 3.236068,
        "common_share": -0.447213595,
    }
    assert quality(np.full((3, 2), 5.0), np.ones((3, 2)))["common_share"] == 1.0
    assert quality(np.zeros((3, 2)), np.ones((3, 2)))["common_share"] is None
    assert quality(np.array([[1.0], [-1.0]]), np.ones((2, 1)))["common_share"] is None


def test_a_scenario_worked_by_hand(tmp_path: Path) -> None:
    """Areas a and b draw 20 and 40 kW; a's are forecast 10 % high at first, then right; b's always 5 kW low."""
    (tmp_path / "known.csv").write_text("time_min,a,b,c\n0,22,35,0\n60,20,35,0\n", encoding="utf-8")
    (tmp_path / "happens.csv").write_text("time_min,a,b,c\n0,20,40,0\n60,20,40,0\n", encoding="utf-8")
    load = {"forecast_csv": "known.csv", "actual_csv": "happens.csv"}
    rows = by_lead(load_case(write(tmp_path, load=load)))
    # Plan steps of 30 min from 0: errors of the total −3, −3, −5, −5; issues at 0, 30, 60, 90.
    assert [rows["load", lead]["steps"] for lead in (0.0, 30.0, 60.0, 90.0, None)] == [4, 3, 2, 1, 10]
    assert [rows["load", lead]["bias_kw"] for lead in (0.0, 30.0, 60.0, 90.0)] == [-4, pytest.approx(-13 / 3), -5, -5]
    assert rows["load", 0.0]["rmse_kw"] == pytest.approx(np.sqrt(17), abs=1e-6)
    assert rows["load", 0.0]["rmse_single_kw"] == pytest.approx(np.sqrt(2) + 5, abs=1e-6)
    # Mean of (+2)(−5), twice, and 0, twice: −5 over √2 · 5.
    assert rows["load", 0.0]["common_share"] == pytest.approx(-5 / (5 * np.sqrt(2)), abs=1e-9)
    # Step 0 is forecast once, step 1 twice, step 2 three and step 3 four times.
    assert rows["load", None]["bias_kw"] == pytest.approx((1 * -3 + 2 * -3 + 3 * -5 + 4 * -5) / 10)
    assert rows["load", None]["actual_kw"] == 60


def test_a_perfect_forecast_has_no_error(tmp_path: Path) -> None:
    for perfect in ({"forecast": {"method": "perfect"}}, {"perfect_forecast": True}):
        rows = by_lead(load_case(write(tmp_path, **perfect)))
        assert len(rows) == 10
        for row in rows.values():
            assert (row["bias_kw"], row["rmse_kw"], row["rmse_single_kw"], row["common_share"]) == (0, 0, 0, None)


def test_the_models_own_errors_are_found_again() -> None:
    """Errors by lead time as the scenario states them, and the part of them in common, over 20 seeds."""
    growth = "{near_pct: 2, far_pct: 10, growth_min: 60, common_share: 0.6}"
    case = load_case("guo45/fault-1000", [f"forecast={{method: lead_time, load: {growth}}}", "load.actual.sd_pct=0"])
    runs = [by_lead(case, seed) for seed in range(20)]
    for lead in (0.0, 60.0, 180.0):
        rows = [rows["load", lead] for rows in runs]
        single = np.sqrt(np.mean([(row["rmse_single_kw"] / row["actual_kw"]) ** 2 for row in rows]))
        assert single == pytest.approx(0.02 + 0.08 * (1 - np.exp(-lead / 60)), rel=0.15)
        total = np.mean([row["rmse_kw"] ** 2 for row in rows]) / np.mean([row["actual_kw"] for row in rows]) ** 2
        assert total == pytest.approx(0.6 * single**2, rel=0.35)


@pytest.mark.parametrize("method", ["mean", "persistence", "lead_time"])
def test_a_day_that_is_wrong_as_one_biases_all_series_together(method: str) -> None:
    exact = "{near_pct: 0, far_pct: 0, growth_min: 60, common_share: 0}"
    quiet = ("load.actual.sd_pct=0", "pv.variability_pct=0")
    errors = (f"forecast={{method: {method}, load: {exact}, pv: {exact}}}",)
    days = ("load.actual.day_sd_pct=10", "pv.day_sd_pct=25")
    usual = Profiles(load_case("guo45/fault-1000", quiet))
    case = load_case("guo45/fault-1000", [*quiet, *errors, *days])
    for seed in (1, 2):
        levels = {kind: Noise(seed, 5, 60).day_level(kind, sd) for kind, sd in (("load", 10), ("sun", 25))}
        assert 0.02 < abs(levels["load"] - 1) < 0.4 and abs(levels["sun"] - 1) > 0.02
        happens = Profiles(case, seed)
        for time in (0, 100, 295):
            for la, (p_kw, q_kvar) in usual.demand(time).items():
                ratio = levels["load"]
                assert happens.demand(time)[la] == pytest.approx((p_kw * ratio, q_kvar * ratio), abs=1e-5)
            for unit, pu in usual.pv_pu(time).items():
                assert happens.pv_pu(time)[unit] == pytest.approx(min(pu * levels["sun"], 1), abs=1e-8)
        rows = by_lead(case, seed)
        for kind, level in levels.items():
            for lead, missed in ((0.0, 0.0), (60.0, 1 - np.exp(-1)), (240.0, 1 - np.exp(-4))):
                row, part = rows[kind, lead], {"mean": 1.0, "persistence": 0.0, "lead_time": missed}[method]
                expected = part * (1 / level - 1)
                assert row["bias_kw"] / row["actual_kw"] == pytest.approx(expected, abs=2e-6)
                assert row["common_share"] == (pytest.approx(1, abs=1e-5) if abs(expected) > 1e-3 else None)


def test_days_differ_by_seed_as_stated_and_load_and_sun_apart() -> None:
    drawn = np.array([[Noise(s, 5, 60).day_level(kind, 10) for kind in ("load", "sun")] for s in range(2000)])
    assert drawn.mean(axis=0) == pytest.approx(1, abs=0.01) and drawn.std(axis=0) == pytest.approx(0.1, rel=0.05)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.06
    assert min(Noise(s, 5, 60).day_level("sun", 100) for s in range(50)) == 0.0


def test_without_a_days_level_nothing_changes() -> None:
    for method in ("mean", "persistence", "lead_time"):
        plain, zero = (
            Profiles(load_case("guo45/fault-1000", [f"forecast.method={method}", *more]), 3)
            for more in ((), ("load.actual.day_sd_pct=0", "pv.day_sd_pct=0"))
        )
        assert plain.demand(100) == zero.demand(100) and plain.forecast("28", 35) == zero.forecast("28", 35)


def test_every_comparison_tells_how_good_its_forecasts_were(tmp_path: Path, no_run_figures) -> None:
    small = write(
        tmp_path, outage={"duration_min": 60}, clock={"sim_step_min": 15}, load={"actual": {"day_sd_pct": 10}}
    )
    folders = [
        simulate(load_case(small, seed=seed), strategy, tmp_path / f"{strategy}{seed}", bar=False)
        for strategy in ("islanded", "greedy")
        for seed in (0, 1)
    ]
    told = compare(folders)
    write_comparison(told, tmp_path / "comparison")
    row = told.forecast.set_index(["strategy", "seed", "kind", "lead_min"]).loc[("greedy", 1, "load", 30.0)]
    expected = by_lead(load_case(small, seed=1), 1)["load", 30.0]
    assert row["bias_kw"] == expected["bias_kw"]
    assert row["bias_pct"] == pytest.approx(100 * expected["bias_kw"] / expected["actual_kw"])
    markdown, text = as_markdown(told), as_text(told)
    assert "\nForecast:\n" in markdown and markdown.count("| sun |") == 3
    assert "\nForecast " in text and "Forecast of" not in text and max(map(len, text.splitlines())) <= 80
    head = (tmp_path / "comparison" / "forecast.csv").read_text(encoding="utf-8").splitlines()[0]
    assert head.startswith("scenario,strategy,seed,kind,lead_min,steps,actual_kw,bias_kw,")


def test_a_row_of_a_run_that_tells_less_is_refused() -> None:
    recorder = Recorder()
    with pytest.raises(ValueError, match="missing columns"):
        recorder.add("forecast", [{"kind": "load", "lead_min": 0.0}])
