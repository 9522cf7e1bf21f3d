"""Forecasts by method: errors that grow with lead time, persistence, foresight; one world for all strategies."""

from __future__ import annotations

import numpy as np
import pytest

from relight.scenarios.loader import load_case
from relight.scenarios.schema.forecast import ErrorGrowth
from relight.sim.series.forecasters import Course, LeadTimeErrors, Times, error_sd, persistence_ratio
from relight.sim.series.noise import Noise
from relight.sim.series.profiles import Profiles
from relight.sim.validation.conditions import forecast as conditions

GROWTH = ErrorGrowth(near_pct=5, far_pct=20, growth_min=60, correlation_min=60, common_share=0.3)
TIMES = Times(plan_step_min=30, sim_step_min=5, duration_min=300)


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    """Errors of 1500 pairs of series: draw, which of the pair, issue, plan step."""
    pairs = []
    for seed in range(1500):
        errors = LeadTimeErrors(GROWTH, Noise(seed, 5, 60), "pv", TIMES)
        pairs.append((errors.of("a"), errors.of("b")))
    return np.array(pairs)


def test_the_error_grows_with_lead_time_as_stated(drawn: np.ndarray) -> None:
    for issue, step in ((0, 0), (0, 1), (0, 4), (0, 9), (30, 5), (30, 6), (59, 9)):
        lead = max(30 * step - 5 * issue, 0)
        assert drawn[:, :, issue, step].std() == pytest.approx(float(error_sd(GROWTH, np.array(lead))), rel=0.04)
    assert error_sd(GROWTH, np.array([0.0, 60.0, 1e9])) == pytest.approx([0.05, 0.05 + 0.15 * (1 - np.exp(-1)), 0.2])
    assert abs(drawn.mean(axis=(0, 1))).max() < 0.02


def test_no_revision_can_be_foreseen_and_a_later_issue_is_better(drawn: np.ndarray) -> None:
    target = drawn[:, 0, :, 6]  # plan step 6, from minute 180
    revision, left = target[:, 12] - target[:, 24], target[:, 24]
    assert abs(np.corrcoef(revision, left)[0, 1]) < 0.06
    assert abs(np.corrcoef(revision, target[:, 0] - target[:, 12])[0, 1]) < 0.06
    spread = target.std(axis=0)
    assert (np.diff(spread[:37]) < 0).all() and (np.diff(spread[36:]) == 0).all()


def test_errors_of_an_issue_are_correlated_in_time_and_between_series(drawn: np.ndarray) -> None:
    assert np.corrcoef(drawn[:, 0, 0, 9], drawn[:, 1, 0, 9])[0, 1] == pytest.approx(0.3, abs=0.07)
    flat = ErrorGrowth(near_pct=10, far_pct=10, correlation_min=60, common_share=0)
    errors = np.array([LeadTimeErrors(flat, Noise(seed, 5, 60), "pv", TIMES).of("a")[0] for seed in range(800)])
    neighbours = np.corrcoef(errors.T)
    assert neighbours[4, 5] == pytest.approx(np.exp(-0.5), abs=0.08)
    assert neighbours[3, 6] == pytest.approx(np.exp(-1.5), abs=0.08)


def test_forecasts_of_a_scenario_get_better_as_the_time_comes_nearer() -> None:
    """Errors of all PV and of six LAs' load, for plan steps from 13:00 on, by lead time."""
    case = load_case("guo45/cloudy-1000", ["weather.passing_clouds=[]"])
    leads, errors = (180, 60, 5), {"pv": [[], [], []], "load": [[], [], []]}
    for seed in range(8):
        profiles = Profiles(case, seed)
        for start in (180, 240, 270):
            steps = range(start, start + 30, 5)
            for k, lead in enumerate(leads):
                for la in ("20", "23", "28", "38", "5", "40"):
                    known = profiles.forecast(la, start - lead)
                    column = known["step_start_min"].index(start)
                    demand = np.mean([profiles.demand(t)[la][0] for t in steps])
                    errors["load"][k].append(known["demand_p_kw"][column] / demand - 1)
                    for unit, pu in known["pv_pu"].items():
                        errors["pv"][k].append(pu[column] / np.mean([profiles.pv_pu(t)[unit] for t in steps]) - 1)
    for found in errors.values():
        far, middle, near = (np.sqrt(np.mean(np.square(one))) for one in found)
        assert near < 0.75 * middle < 0.75 * far
        assert not set(found[0]) & set(found[1]), "every issue says something else"


def profiles_of(*overrides: str, seed: int = 3) -> Profiles:
    return Profiles(load_case("guo45/fault-1000", overrides), seed)


def test_persistence_keeps_the_ratio_to_the_mean_course() -> None:
    mean = profiles_of("load.actual.sd_pct=0", "pv.variability_pct=0")
    known = profiles_of("forecast.method=persistence")
    for issued in (5, 30, 140, 295):
        made, usual = known.forecast("28", issued), mean.forecast("28", issued)
        before = issued - 5
        load = known.demand(before)["28"][0] / mean.demand(before)["28"][0]
        sun = known.pv_pu(before)["pv.28"] / mean.pv_pu(before)["pv.28"]
        assert made["step_start_min"] == usual["step_start_min"]
        assert made["demand_p_kw"] == pytest.approx(np.array(usual["demand_p_kw"]) * load)
        assert made["demand_q_kvar"] == pytest.approx(np.array(usual["demand_q_kvar"]) * load)
        assert made["pv_pu"]["pv.28"] == pytest.approx(np.array(usual["pv_pu"]["pv.28"]) * sun)


def test_persistence_at_the_fault_knows_the_step_before_it_and_no_later_one() -> None:
    made = profiles_of("forecast.method=persistence")
    usual, first = profiles_of(), made.forecast("28", 0)["pv_pu"]["pv.28"]
    ratio = np.array(first) / usual.forecast("28", 0)["pv_pu"]["pv.28"]
    assert ratio == pytest.approx(ratio[0]) and ratio[0] != pytest.approx(usual.pv_pu(0)["pv.28"] / first[0] * ratio[0])
    pairs = [(z := noise.draw("x", 30)[0], noise.before("x", 30, z)) for noise in (Noise(s, 5, 2) for s in range(2000))]
    assert np.std(pairs, axis=0) == pytest.approx(1, abs=0.05)
    assert np.corrcoef(np.transpose(pairs))[0, 1] == pytest.approx(np.exp(-5 / 30), abs=0.02)


def test_persistence_beats_the_mean_nearby_and_loses_far_off() -> None:
    flat, gain = np.ones(60), {30: 0.0, 300 - 30: 0.0}
    for seed in range(400):
        actual = 1 + 0.1 * Noise(seed, 5, 60).draw("sun", 60)
        ratio = persistence_ratio(Course(np.ones(10), flat, actual), TIMES, 30)
        for start in gain:
            truth = actual[start // 5 : start // 5 + 6].mean()
            gain[start] += (1 - truth) ** 2 - (ratio - truth) ** 2
    assert gain[30] > 0 > gain[270]


def test_persistence_at_night_takes_the_mean_index() -> None:
    night = Profiles(load_case("guo45/fault-0400", ["forecast.method=persistence"]))
    mean = Profiles(load_case("guo45/fault-0400"))
    assert night.forecast("28", 15)["pv_pu"] == mean.forecast("28", 15)["pv_pu"]


def test_a_perfect_forecast_is_what_happens_to_the_end_of_each_step() -> None:
    known = profiles_of(
        "forecast.method=perfect", "weather={passing_clouds: [{start_min: 200, duration_min: 30, depth_pct: 80}]}"
    )
    for issued in (0, 40, 55):
        made = known.forecast("28", issued)
        ends = [*made["step_start_min"][1:], 300]
        for k, (start, end) in enumerate(zip(made["step_start_min"], ends, strict=True)):
            steps = np.arange(start, end, 5)
            assert made["pv_pu"]["pv.28"][k] == pytest.approx(np.mean([known.pv_pu(t)["pv.28"] for t in steps]))
            p_kw, q_kvar = np.mean([known.demand(t)["28"] for t in steps], axis=0)
            assert (made["demand_p_kw"][k], made["demand_q_kvar"][k]) == pytest.approx((p_kw, q_kvar))


def test_no_growth_and_no_error_is_a_perfect_forecast() -> None:
    none = "{near_pct: 0, far_pct: 0, common_share: 0}"
    exact = profiles_of(f"forecast={{method: lead_time, pv: {none}, load: {none}}}")
    assert exact.forecast("28", 40) == profiles_of("forecast.method=perfect").forecast("28", 40)


def test_a_passing_cloud_is_known_only_when_it_is_near() -> None:
    none = "{near_pct: 0, far_pct: 0, common_share: 0}"
    cloud = (
        "weather={sites: common, passing_clouds: [{start_min: 120, duration_min: 60, depth_pct: 80, foreseen_min: 20}]}"
    )
    known = profiles_of(f"forecast={{method: lead_time, pv: {none}, load: {none}}}", cloud)
    without = profiles_of(f"forecast={{method: lead_time, pv: {none}, load: {none}}}")
    assert known.forecast("28", 95) == without.forecast("28", 95)
    ratio = np.array(known.forecast("28", 100)["pv_pu"]["pv.28"]) / without.forecast("28", 100)["pv_pu"]["pv.28"]
    assert ratio[[0, 3, 4, 5]] == pytest.approx(1) and (ratio[1:3] < 0.3).all()


def test_the_actual_series_do_not_depend_on_who_forecasts_them() -> None:
    """Every strategy, and every forecaster, meets the same world."""
    worlds = [profiles_of(), *(profiles_of(f"forecast.method={m}") for m in ("persistence", "lead_time", "perfect"))]
    for other in worlds[1:]:
        for t in range(0, 300, 5):
            assert other.demand(t) == worlds[0].demand(t) and other.pv_pu(t) == worlds[0].pv_pu(t)


def test_same_seed_same_forecasts_whatever_was_asked_before() -> None:
    case = load_case("guo45/cloudy-1000")
    first, second, other = Profiles(case, 4), Profiles(case, 4), Profiles(case, 5)
    asked = [first.forecast(la, t) for t in (200, 0, 95) for la in ("20", "28")]
    assert asked[2:4] == [second.forecast(la, 0) for la in ("20", "28")]
    assert asked[4:] == [second.forecast(la, 95) for la in ("20", "28")]
    assert other.forecast("28", 0) != asked[3]


def test_sites_far_apart_are_forecast_apart() -> None:
    profiles = Profiles(load_case("guo45/cloudy-1000"))
    one, two = profiles.forecast("28", 0)["pv_pu"]["pv.28"], profiles.forecast("38", 0)["pv_pu"]["pv.38"]
    assert one != two and np.corrcoef(one, two)[0, 1] > 0


def test_the_dispatch_centre_judges_its_plan_by_the_forecast_of_that_time() -> None:
    case = load_case("guo45/cloudy-1000")
    profiles = Profiles(case)
    late = conditions(case, profiles, 95.0)
    assert late.edges_min.tolist() == [0, 95, 120, 150, 180, 210, 240, 270, 300]
    assert late.pv_pu["pv.28"][1:].tolist() == profiles.forecast("28", 95)["pv_pu"]["pv.28"]
    assert late.demand_kw["28"][late.index(100)] == profiles.forecast("28", 95)["demand_p_kw"][0]
    assert conditions(case, profiles).edges_min.tolist() == [float(t) for t in range(0, 301, 30)]


def test_persistence_takes_what_a_file_says_of_the_time_before(tmp_path) -> None:
    for first, ratio in ((-5, 0.2), (0, None)):
        (tmp_path / "pv.csv").write_text(f"time_min,pv.28\n{first},0.2\n0.0001,0.4\n200,0.5\n", "utf-8")
        csv = f"pv.actual_csv={tmp_path / 'pv.csv'}"
        known, usual = profiles_of("forecast.method=persistence", csv), profiles_of()
        fine = profiles_of("pv.variability_pct=0").pv_pu(0)["pv.28"]
        expected = 1.0 if ratio is None else ratio / fine
        found = np.array(known.forecast("28", 0)["pv_pu"]["pv.28"]) / usual.forecast("28", 0)["pv_pu"]["pv.28"]
        assert found == pytest.approx(expected, rel=1e-4)
