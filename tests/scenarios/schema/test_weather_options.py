"""The parts weather and forecast of a scenario, and the shipped scenarios that use them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from relight.scenarios.loader import ScenarioError, load_case, resolved_yaml
from relight.scenarios.schema.scenario import Scenario
from relight.scenarios.schema.weather import Weather
from support.three_bus_case import TABLES, write


def test_what_is_absent_stays_absent_and_one_sky_is_said_so() -> None:
    resolved = yaml.safe_load(resolved_yaml(load_case("guo45/fault-1000").scenario))
    assert "forecast" not in resolved and resolved["weather"] is None
    assert Scenario.model_fields["weather"].default == Weather(sites="where_placed")


def test_a_resolved_scenario_loads_to_an_equal_one(tmp_path: Path) -> None:
    scenario = load_case("guo45/cloudy-1000").scenario
    (tmp_path / "again.yaml").write_text(resolved_yaml(scenario), "utf-8")
    assert load_case(tmp_path / "again.yaml").scenario == scenario


def test_decay_length_by_cloud_speed_or_as_given() -> None:
    assert Weather(cloud_speed_m_per_s=8).correlation_length_km(30) == pytest.approx(7.2)
    assert Weather(cloud_speed_m_per_s=8, decay_km=2).correlation_length_km(30) == 2


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    weather = {
        "unit_km": "miles",
        "passing_clouds": [{"start_min": 0, "duration_min": 8, "depth_pct": 50}, {"start_min": -5, "depth_pct": 120}],
    }
    forecast = {"method": "oracle", "pv": {"near_pct": 9, "far_pct": 3, "common_share": 2}}
    with pytest.raises(ScenarioError) as error:
        load_case(write(tmp_path, weather=weather, forecast=forecast))
    for part in (
        "weather.unit_km = 'miles'",
        "weather.passing_clouds.0: duration_min (8) must hold two edges",
        "weather.passing_clouds.1.start_min = -5",
        "weather.passing_clouds.1.duration_min: missing",
        "weather.passing_clouds.1.depth_pct = 120",
        "forecast.method = 'oracle'",
        "forecast.pv.common_share = 2",
    ):
        assert part in str(error.value), str(error.value)


def test_a_moving_cloud_over_buses_without_coordinates_is_refused(tmp_path: Path) -> None:
    buses = TABLES["buses.csv"].replace("c,10,2,0,", "c,10,,,")
    cloud = {"start_min": 0, "duration_min": 30, "depth_pct": 50, "towards_deg": 90}
    with pytest.raises(ScenarioError, match="buses with PV but without coordinates: c"):
        load_case(write(tmp_path, {"buses.csv": buses}, weather={"passing_clouds": [cloud]}))


def test_rural_sparse_has_every_second_unit_and_five_times_the_length() -> None:
    urban, rural = load_case("guo45/cloudy-1000"), load_case("guo45/rural-sparse")
    assert [*rural.view.pv, *rural.view.ess, *rural.view.nbsu] == [
        *[*urban.view.pv][::2], *[*urban.view.ess][::2], *[*urban.view.nbsu][::2],
    ]  # fmt: skip
    assert all(unit == urban.view.units[name] for name, unit in rural.view.units.items())
    assert (rural.net.line.length_km / urban.net.line.length_km).tolist() == pytest.approx([5.0] * 37)
    assert rural.base_load_kw == urban.base_load_kw
    assert [b.id for b in rural.view.branches.values()] == [b.id for b in urban.view.branches.values()]


def test_a_wrong_length_factor_is_told(tmp_path: Path) -> None:
    lines = (
        TABLES["lines.csv"].replace("switch,only_if", "switch,length_factor,only_if").replace("always,", "always,far,")
    )
    told = r"line 2, length_factor = 'far': must be a number above 0, from 0.001 to 1000, or an option"
    with pytest.raises(ScenarioError, match=told):
        load_case(write(tmp_path, {"lines.csv": lines}))
    longer = load_case(write(tmp_path, {"lines.csv": lines.replace("always,far,", "always,2.5,")}))
    assert longer.net.line.length_km.tolist() == [0.25]
