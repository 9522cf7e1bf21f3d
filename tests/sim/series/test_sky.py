"""The sky site by site: distribution, memory and correlation of the index, clouds that pass."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import yaml

from relight.scenarios.loader import load_case
from relight.scenarios.reading.problems import ScenarioError
from relight.scenarios.schema.weather import Weather
from relight.sim.series.noise import Noise
from relight.sim.series.profiles import Profiles
from relight.sim.series.sky import Sky, correlation_root, site_distances_km

MANY_DAYS = ("outage.duration_min=28800",)


@lru_cache
def sky(*overrides: str, seed: int = 0) -> Sky:
    case = load_case("guo45/fault-1000", overrides)
    steps = case.scenario.outage.duration_min // case.scenario.clock.sim_step_min
    return Sky(case, Noise(seed, case.scenario.clock.sim_step_min, steps))


def deviations(above: Sky) -> np.ndarray:
    """Index of each site over its mean, less 1."""
    return np.array([above.index(site) for site in above.sites]) / 0.32 - 1


def test_every_site_keeps_range_variance_and_memory_of_the_simple_process() -> None:
    for above in (sky(*MANY_DAYS), sky(*MANY_DAYS, "weather={unit_km: 0.233}")):
        found = deviations(above)
        assert np.abs(found).max() == pytest.approx(0.3)
        # z has a standard deviation of 0.5; clipped at two of them, 0.92 of its variance is left.
        assert found.std(axis=1) == pytest.approx(0.3 * 0.5 * math.sqrt(0.92), rel=0.08)
        for lag in (1, 6, 12):
            memory = np.array([np.corrcoef(one[:-lag], one[lag:])[0, 1] for one in found])
            assert memory == pytest.approx(math.exp(-lag * 5 / 30), abs=0.09)


@pytest.mark.parametrize(("unit_km", "speed"), [(0.233, 10), (1.0, 5), (1.0, 1)])
def test_sites_are_correlated_by_distance(unit_km: float, speed: float) -> None:
    above = sky(*MANY_DAYS, f"weather={{unit_km: {unit_km}, cloud_speed_m_per_s: {speed}}}")
    assert above.sites == ("20", "23", "28", "38")
    at = np.array([(3, 2), (6, 2), (3.2, -2), (13, -1)]) * unit_km
    length_km = 0.5 * speed * 30 * 60 / 1000
    expected = np.exp(-np.linalg.norm(at[:, None] - at[None], axis=2) / length_km)
    assert np.corrcoef(deviations(above)) == pytest.approx(expected, abs=0.09)


def test_one_common_sky_is_the_simple_process_to_the_bit() -> None:
    plain, common = sky(), sky("weather={sites: common}")
    assert all((plain.index(site) == common.index(site)).all() for site in plain.sites)
    assert len({plain.index(site).tobytes() for site in plain.sites}) == 1
    own = sky("weather={}")
    assert len({own.index(site).tobytes() for site in own.sites}) == 4


def test_skies_differ_where_all_sites_have_coordinates() -> None:
    placed, correlated = sky("weather={sites: where_placed}"), sky("weather={}")
    assert all((placed.index(site) == correlated.index(site)).all() for site in placed.sites)
    case = load_case("guo45/fault-1000", ("weather={sites: where_placed}",))
    net = copy.deepcopy(case.net)
    net.bus.loc[net.bus["name"] == "28", "geo"] = None
    unplaced = Sky(replace(case, net=net), Noise(0, 5, 60))
    assert all((unplaced.index(site) == sky().index(site)).all() for site in unplaced.sites)
    assert unplaced.ratio_before("28") == sky().ratio_before("28")


def test_devices_of_one_bus_stand_under_the_same_piece_of_sky() -> None:
    profiles = Profiles(load_case("guo45/devices-16", ["weather={}"]))
    pu = {unit: tuple(profiles.pv_pu(t)[unit] for t in (200, 230, 260, 290)) for unit in profiles.pv_pu(0)}
    assert len(pu) == 64 and len(set(pu.values())) == 4


def test_further_sites_leave_those_before_them_alone() -> None:
    first, further = sky("weather={}", "network.options.dg=sparse"), sky("weather={}")
    assert (first.index("20") == further.index("20")).all()


def test_distances_by_coordinates_degrees_and_branches() -> None:
    case = load_case("guo45/fault-1000")
    sites = ("20", "28", "38")
    by_coordinates = site_distances_km(case, Weather(unit_km=2.0), sites)
    assert by_coordinates[0] == pytest.approx([0, 2 * math.hypot(0.2, 4), 2 * math.hypot(10, 3)])
    in_degrees = site_distances_km(case, Weather(unit_km="degrees"), sites)
    assert in_degrees[0, 1] == pytest.approx(math.hypot(0.2, 4) * 111.2, rel=1e-3)
    net = copy.deepcopy(case.net)
    net.bus["geo"] = None
    by_branches = site_distances_km(replace(case, net=net), Weather(branch_km=0.2), sites)
    # 20-3-2-1-24-28 and 20-3-2-1-24-29-32-35-36-37-38
    assert by_branches[0] == pytest.approx([0, 1.0, 2.0]) and (by_branches == by_branches.T).all()


@pytest.mark.parametrize(
    "correlation",
    [
        np.eye(3),
        np.ones((3, 3)),
        [[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]],
        [[1, 0.2, 0.7], [0.2, 1, 0.1], [0.7, 0.1, 1]],
    ],
)
def test_root_of_a_correlation_also_where_sites_coincide(correlation) -> None:
    root = correlation_root(np.array(correlation, float))
    assert root @ root.T == pytest.approx(np.array(correlation, float)) and (np.triu(root, 1) == 0).all()


def test_root_of_what_is_no_correlation_is_one_nearby() -> None:
    wrong = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    found = (root := correlation_root(wrong)) @ root.T
    assert np.diag(found) == pytest.approx(1) and np.linalg.eigvalsh(found)[0] > -1e-9
    assert np.sign(found).tolist() == np.sign(wrong).tolist()


def cloud(**facts: float) -> str:
    return "weather=" + yaml.safe_dump({"sites": "common", "passing_clouds": [facts]}, default_flow_style=True)


def test_a_passing_cloud_takes_its_depth_and_nothing_else() -> None:
    plain = sky().available_pu("28")
    under = sky(cloud(start_min=60, duration_min=40, depth_pct=70, edge_min=10)).available_pu("28")
    left = under / plain
    assert left[:12] == pytest.approx(1) and left[20:] == pytest.approx(1)
    assert left[14:18] == pytest.approx(0.3), "minutes 70 to 90: full depth"
    assert left[12:14] == pytest.approx([1 - 0.7 * 0.25, 1 - 0.7 * 0.75], rel=2e-3), "its edge, 10 minutes long"
    assert left[18:20] == pytest.approx([1 - 0.7 * 0.75, 1 - 0.7 * 0.25], rel=2e-3)


def test_a_cloud_that_moves_reaches_site_after_site() -> None:
    moving = cloud(start_min=60, duration_min=30, depth_pct=50, edge_min=0, towards_deg=90, speed_m_per_s=2)
    above = sky(moving.replace("sites: common", "sites: common, unit_km: 0.24"))
    kinds = {(row["kind"], row["element"]): t for t in range(0, 300, 5) for row in above.events(t, above.sites)}
    # East of bus 20: 23 by 3 units, 28 by 0.2, 38 by 10; 0.24 km at 2 m/s are 2 minutes.
    assert {place: t for (kind, place), t in kinds.items() if kind == "cloud_begins"} == {
        "bus 20": 60, "bus 28": 60, "bus 23": 65, "bus 38": 80,
    }  # fmt: skip
    assert {place: t for (kind, place), t in kinds.items() if kind == "cloud_ends"} == {
        "bus 20": 90, "bus 28": 90, "bus 23": 95, "bus 38": 110,
    }  # fmt: skip
    plain = sky()
    for site, arrives in (("20", 60), ("23", 66), ("38", 80)):
        lost = 5 * (1 - above.available_pu(site) / plain.available_pu(site)).sum()
        assert lost == pytest.approx(15, rel=0.01), "half of 30 minutes"
        left = above.available_pu(site)[arrives // 5 + 1] / plain.available_pu(site)[arrives // 5 + 1]
        assert left == pytest.approx(0.5)


def test_a_cloud_over_all_sites_at_once_is_one_event() -> None:
    above = sky(cloud(start_min=61, duration_min=30, depth_pct=50))
    rows = [(t, row) for t in range(0, 300, 5) for row in above.events(t, above.sites)]
    events = [(t, row["kind"], row["element"], row["value"]) for t, row in rows]
    assert events == [(60, "cloud_begins", "all sites", 50), (90, "cloud_ends", "all sites", 50)]


def test_a_cloud_is_told_only_where_the_sky_is_the_worlds(tmp_path: Path) -> None:
    """PV whose actual series is given has whatever sun that says, and no cloud of ours."""
    (tmp_path / "pv.csv").write_text("time_min,pv.23,pv.28,pv.38\n0,0.4,0.4,0.4\n300,0.4,0.4,0.4\n")
    over_all = cloud(start_min=61, duration_min=30, depth_pct=50)
    profiles = Profiles(load_case("guo45/fault-1000", (over_all, f"pv.actual_csv={tmp_path / 'pv.csv'}")))
    assert [(row["kind"], row["element"]) for row in profiles.events(60)] == [("cloud_begins", "bus 20")]
    assert profiles.pv_pu(70)["pv.28"] == 0.4


def test_a_world_that_follows_its_forecast_has_no_passing_cloud() -> None:
    over_all = cloud(start_min=61, duration_min=30, depth_pct=50)
    with pytest.raises(ScenarioError, match="which knows no passing cloud"):
        load_case("guo45/fault-1000", (over_all, "perfect_forecast=true"))


def test_a_moving_cloud_needs_places(tmp_path: Path) -> None:
    from relight.scenarios.networks.coordinates import check_weather

    weather = "weather={passing_clouds: [{start_min: 0, duration_min: 30, depth_pct: 50, towards_deg: 90}]}"
    case = load_case("guo45/fault-1000", [weather])
    net = copy.deepcopy(case.net)
    net.bus.loc[net.bus["name"] == "28", "geo"] = None
    problems = check_weather(case.scenario, net, case.view)
    assert [str(problem) for problem in problems] == [
        ": weather.passing_clouds.0.towards_deg = 90.0: buses with PV but without coordinates: 28; "
        "give them some, or leave towards_deg out"
    ]
