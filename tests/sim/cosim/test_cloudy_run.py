"""Clouds and forecasts in a run: what events.csv tells, what the grid feels, one world for all strategies."""

from __future__ import annotations

import pandas as pd
import pytest

from relight.controllers.strategies.named import strategy_named
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.series.profiles import Profiles

CLOUD = "weather.passing_clouds=[{start_min: 50, duration_min: 30, depth_pct: 70, edge_min: 0}]"
SHORT = ("dispatch_centre.mip_gap=0.02", "outage.duration_min=90", CLOUD)


def run(strategy: str, *overrides: str) -> RunLog:
    log = RunLog()
    case = load_case("guo45/cloudy-1000", (*SHORT, *overrides), 2)
    run_world(case, strategy_named(strategy), 2, log, engine="power-grid-model")
    return log


def table(log: RunLog, name: str) -> pd.DataFrame:
    return pd.DataFrame(log.recorder.rows[name], columns=list(log.recorder.columns(name)))


@pytest.fixture(scope="module")
def dynamic() -> RunLog:
    return run("dynamic")


def test_a_passing_cloud_is_in_the_events(dynamic: RunLog) -> None:
    events = table(dynamic, "events")
    clouds = events[events["kind"].str.startswith("cloud")]
    assert clouds[["time_min", "kind", "element", "value", "unit"]].to_numpy().tolist() == [
        [50, "cloud_begins", "all sites", 70, "%"],
        [80, "cloud_ends", "all sites", 70, "%"],
    ]
    assert events["time_min"].is_monotonic_increasing


def test_every_strategy_meets_the_same_demand_and_sun(dynamic: RunLog) -> None:
    static = run("static")
    for name, column in (("local_area", "demand_kw"), ("unit", "p_available_kw")):
        assert table(dynamic, name)[column].equals(table(static, name)[column])
    assert not table(dynamic, "local_area")["served_kw"].equals(table(static, "local_area")["served_kw"])


def test_each_plan_is_made_by_the_forecast_of_its_time(dynamic: RunLog) -> None:
    profiles = Profiles(load_case("guo45/cloudy-1000", SHORT), 2)
    told = []
    for plan in dynamic.recorder.plans:
        issued = plan["issued_at_min"]
        if not (step := next((step for step in plan["steps"] if step["start_min"] == 60), None)):
            continue  # made after a section was shed
        served = {la: area["demand_kw"] for la, area in step["local_areas"].items() if area.get("demand_kw")}
        assert served
        for la, kw in served.items():
            known = profiles.forecast(la, issued)
            assert kw == pytest.approx(known["demand_p_kw"][known["step_start_min"].index(60)], rel=1e-5)
        told.append(served)
    assert len(told) >= 3 and told[0] != told[1] != told[2]
    assert not any(plan["checks"] for plan in dynamic.recorder.plans), (
        "judged by another forecast they would break limits"
    )


def test_what_a_cloud_takes_from_pv_storage_gives() -> None:
    """Static plans by the mean course do not know the cloud: same plan, same demand, less sun. The balance units keep
    headroom for it; without, an area is shed."""
    mean = ("forecast.method=mean", "units.scaling.ess=2", "dispatch_centre.reserve_pct=50")
    under, clear = run("static", *mean), run("static", *mean, "weather.passing_clouds=[]")
    assert under.recorder.plans == clear.recorder.plans
    power = []
    for log in (under, clear):
        units = table(log, "unit")
        shaded = units[(units["time_min"] >= 50) & (units["time_min"] < 80)]
        power.append(shaded.groupby("kind")["p_kw"].sum())
        power[-1]["available"] = shaded["p_available_kw"].sum()
    assert power[0]["available"] == pytest.approx(0.3 * power[1]["available"])
    assert power[0]["pv"] < power[1]["pv"] and power[0]["ess"] > power[1]["ess"]
    served = [table(log, "local_area")["served_kw"] for log in (under, clear)]
    assert served[0].equals(served[1]), "storage has room enough here"
