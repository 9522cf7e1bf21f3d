"""Series, plans and starts in local time, on days on which the clock is changed; and a forecast that stands alone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from relight.results.figures import style
from relight.scenarios.case import Case
from relight.scenarios.explain import explain
from relight.scenarios.loader import load_case
from relight.scenarios.local_clock import LocalClock
from relight.scenarios.reading.problems import ScenarioError
from relight.scenarios.schema.time_and_place import start_in_doubt, zone_far_from
from relight.sim.library.frames import clock as clock_times
from relight.sim.normal.operation import normal_state
from relight.sim.plan_files.switching_sheet import read_switching_sheet
from relight.sim.series.profiles import Profiles
from support.three_bus_case import write

HERE = Path(__file__).parent
BERLIN, SYDNEY, LORD_HOWE, SHANGHAI = "Europe/Berlin", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Shanghai"
PLACES = {BERLIN: (48.7, 10.5), SYDNEY: (-33.9, 151.2), LORD_HOWE: (-31.6, 159.1), SHANGHAI: (32.0, 120.0)}


def there(folder: Path, zone: str, start: str, duration_min: int = 240, **parts: Any) -> Path:
    latitude, longitude = PLACES[zone]
    site = {"latitude_deg": latitude, "longitude_deg": longitude, "timezone": zone}
    return write(folder, site=site, outage={"start": start, "duration_min": duration_min}, **parts)


def with_series(folder: Path, zone: str, start: str, rows: dict[str, float], duration_min: int = 240) -> Case:
    """Area c draws what the rows say, each by its local time."""
    text = "time,c\n" + "".join(f"{time.rstrip('!')},{kw}\n" for time, kw in rows.items())
    (folder / "load.csv").write_text(text, encoding="utf-8")
    given = {"forecast_csv": "load.csv", "actual_csv": "load.csv"}
    return load_case(there(folder, zone, start, duration_min, load=given))


def energy_kwh(case: Case, areas: tuple[str, ...] = ()) -> float:
    profiles, step = Profiles(case), case.scenario.clock.sim_step_min
    powers = [profiles.demand(t) for t in range(0, case.scenario.outage.duration_min, step)]
    return sum(p_kw for power in powers for la, (p_kw, _) in power.items() if la in areas or not areas) * step / 60


def refused(source: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_case(source)
    return str(caught.value)


def test_clock_put_forward_a_series_in_local_time_loses_no_hour() -> None:
    case = load_case(HERE / "bug-04-dst-spring" / "spring.yaml")
    assert energy_kwh(case) == pytest.approx(100 * 1.5 + 200 * 2.5)
    told = " ".join(explain(case).split())
    assert "from 2025-03-30 00:30 to 2025-03-30 05:30 (240 min), Europe/Berlin; at minute 90" in told
    assert "the clock is put forward to 03:00" in told


def test_clock_put_back_the_repeated_hour_is_read_by_the_order_of_its_rows() -> None:
    case = load_case(HERE / "bug-05-dst-autumn" / "fall.yaml")
    assert energy_kwh(case) == pytest.approx(100 * 2.5 + 200 * 1.5)


@pytest.mark.parametrize(
    ("zone", "start", "rows", "expected_kwh"),
    [
        (LORD_HOWE, "2025-10-05T01:00", {"2025-10-05T01:00": 10, "2025-10-05T02:30": 20, "2025-10-05T05:00": 20}, 70),
        (
            LORD_HOWE, "2025-04-06T01:00",
            {"2025-04-06T01:00": 10, "2025-04-06T01:30": 10, "2025-04-06T01:30!": 10, "2025-04-06T02:00": 20,
             "2025-04-06T06:00": 20},
            10 * 1.5 + 20 * 2.5,
        ),
        (SYDNEY, "2025-10-05T00:30", {"2025-10-05T00:00": 10, "2025-10-05T03:00": 20, "2025-10-05T06:00": 0}, 65),
        (
            SYDNEY, "2025-04-06T01:00",
            {"2025-04-06T01:00": 10, "2025-04-06T02:00": 20, "2025-04-06T02:00!": 30, "2025-04-06T03:00": 40,
             "2025-04-06T04:00": 0},
            10 + 20 + 30 + 40,
        ),
    ],
)  # fmt: skip
def test_half_hours_and_the_southern_hemisphere_are_read_by_the_same_clock(
    tmp_path: Path, zone: str, start: str, rows: dict[str, float], expected_kwh: float
) -> None:
    assert energy_kwh(with_series(tmp_path, zone, start, rows), ("c",)) == pytest.approx(expected_kwh)


def test_a_zone_that_never_changes_reads_stamps_and_minutes_alike(tmp_path: Path) -> None:
    rows = {"2025-03-30T00:10": 11.1, "2025-03-30T02:07": 22.2, "2025-03-30T03:30": 33.3, "2025-03-30T07:00": 0}
    stamped = Profiles(with_series(tmp_path, SHANGHAI, "2025-03-30T00:30", rows))
    (tmp_path / "load.csv").write_text("time_min,c\n-20,11.1\n97,22.2\n180,33.3\n390,0\n", encoding="utf-8")
    counted = Profiles(load_case(tmp_path / "small.yaml"))
    assert [stamped.demand(t) for t in range(0, 240, 5)] == [counted.demand(t) for t in range(0, 240, 5)]


def test_an_hour_that_stands_once_and_may_be_either_is_named_with_the_way_out(tmp_path: Path) -> None:
    hour = {f"2025-10-26T0{h}:{m}": 10.0 for h in (1, 2, 3) for m in ("00", "30")} | {"2025-10-26T09:00": 0.0}
    with pytest.raises(ScenarioError) as caught:
        with_series(tmp_path, BERLIN, "2025-10-26T01:00", hour)
    message = str(caught.value)
    assert "load.csv: row 4, time = '2025-10-26T02:00'" in message and "Europe/Berlin shows this time twice" in message
    assert "or time_min (here 60 or 120)" in message
    half = {"2025-04-06T00:30": 1.0, "2025-04-06T01:45": 2.0, "2025-04-06T09:00": 3.0}
    with pytest.raises(ScenarioError, match=r"shows this time twice, at UTC\+11 and at UTC\+10:30"):
        with_series(tmp_path, LORD_HOWE, "2025-04-06T01:00", half)
    far = {"2025-04-06T00:30": 1.0, "2025-04-06T01:45": 2.0, "2025-06-01T00:00": 3.0, "2025-06-03T00:00": 3.0}
    assert energy_kwh(with_series(tmp_path, LORD_HOWE, "2025-06-01T01:00", far), ("c",)) == pytest.approx(12)


def test_a_stamp_that_the_clock_skips_and_one_that_goes_back_are_named_as_they_stand_in_the_file(
    tmp_path: Path,
) -> None:
    for zone, skipped in ((BERLIN, "2025-03-30T02:30"), (LORD_HOWE, "2025-10-05T02:15")):
        day = skipped[:10]
        with pytest.raises(ScenarioError, match=rf"row 3, time = '{skipped}': the clock in {zone} skips") as caught:
            with_series(tmp_path, zone, f"{day}T00:30", {f"{day}T00:00": 1, skipped: 2, f"{day}T09:00": 3})
        assert "standard time all year, write time_min" in str(caught.value)
    backwards = {"2025-06-20T10:00": 1, "2025-06-20T12:00": 2, "2025-06-20T11:00": 3}
    with pytest.raises(ScenarioError, match=r"row 4, time = '2025-06-20T11:00': times must increase"):
        with_series(tmp_path, BERLIN, "2025-06-20T10:00", backwards)


@pytest.mark.parametrize(
    ("zone", "start", "said"),
    [
        (BERLIN, "2025-03-30T02:30", "skips this time; it would be 2025-03-30T03:30, write that"),
        (LORD_HOWE, "2025-10-05T02:15", "skips this time; it would be 2025-10-05T02:45, write that"),
        (BERLIN, "2025-10-26T02:30", "shows this time twice, at UTC+2 and at UTC+1; start before it or after it"),
        (SYDNEY, "2025-04-06T02:00", "shows this time twice, at UTC+11 and at UTC+10"),
    ],
)
def test_a_start_that_does_not_exist_or_is_two_is_refused(tmp_path: Path, zone: str, start: str, said: str) -> None:
    message = refused(there(tmp_path, zone, start))
    assert f"outage.start = '{start}:00': the clock in {zone} {said}" in message


def test_starts_just_beside_a_change_of_the_clock_are_taken() -> None:
    for start in ("2025-03-30T01:59", "2025-03-30T03:00", "2025-10-26T01:59", "2025-10-26T03:00"):
        assert start_in_doubt(LocalClock(datetime.fromisoformat(start), BERLIN)) == ""


@pytest.mark.parametrize(
    ("longitude", "zone", "warned"),
    [
        (10.5, "America/New_York", True), (-70.0, BERLIN, True), (179.0, "Pacific/Apia", False),
        (76.0, SHANGHAI, False), (-9.0, "Europe/Madrid", False),
    ],
)  # fmt: skip
def test_a_time_zone_hours_from_the_longitude_is_warned_of(longitude: float, zone: str, warned: bool) -> None:
    clock = LocalClock(datetime(2025, 6, 20, 10), zone)
    assert zone_far_from(longitude, clock).startswith(f"site.timezone {zone} is UTC") is warned


def test_a_time_zone_on_the_other_side_of_the_earth_is_warned_of_as_it_was_brought() -> None:
    told = " ".join(explain(load_case(HERE / "bad-34-timezone-far-from-longitude" / "s.yaml")).split())
    assert "Warning site.timezone Pacific/Apia is UTC+13 h, the sun at 120 degrees east has UTC+8.0 h" in told


def test_class_curves_and_sun_follow_the_clock_after_it_was_changed(tmp_path: Path) -> None:
    quiet = {"load": {"actual": {"sd_pct": 0}}, "pv": {"variability_pct": 0}}
    for zone, night, morning, apart in (
        (BERLIN, "2025-03-30T00:30", "2025-03-30T06:30", 300),
        (LORD_HOWE, "2025-04-06T00:30", "2025-04-06T06:30", 390),
    ):
        through = Profiles(load_case(there(tmp_path, zone, night, 720, **quiet)))
        after = Profiles(load_case(there(tmp_path, zone, morning, 120, **quiet)))
        for minute in range(0, 120, 5):
            assert through.demand(apart + minute) == after.demand(minute)
            assert through.pv_pu(apart + minute) == after.pv_pu(minute)
        assert through.pv_pu(apart + 115)["pv.c"] > 0.05, "the sun is up"


def test_operations_of_a_switching_sheet_are_placed_by_the_clock_or_named(tmp_path: Path) -> None:
    def steps(zone: str, start: str, rows: str) -> tuple[list[float], list[str]]:
        problems: list[Any] = []
        case = load_case(there(tmp_path, zone, start))
        plan = read_switching_sheet(f"time,device,operation\n{rows}", "sheet.csv", case, problems)
        return [step.start_min for step in plan.steps] if plan else [], [str(problem) for problem in problems]

    spring = steps(BERLIN, "2025-03-30T00:30", "2025-03-30T01:30,a-b,open\n2025-03-30T03:30,a-b,close\n")
    assert spring == ([60, 120], [])
    both = (
        "2025-10-26T02:10,a-b,open\n2025-10-26T02:10,b-c,open\n2025-10-26T02:40,a-b,close\n2025-10-26T02:10,b-c,close\n"
    )
    assert steps(BERLIN, "2025-10-26T01:30", both) == ([40, 70, 100], [])
    half = "2025-04-06T01:40,a-b,open\n90,a-b,close\n"
    assert steps(LORD_HOWE, "2025-04-06T01:00", "2025-04-06T01:20,a-b,open\n2025-04-06T02:30,a-b,close\n") == (
        [20, 120], [],
    )  # fmt: skip
    _, (problem,) = steps(LORD_HOWE, "2025-04-06T01:00", half)
    assert "row 2, time = '2025-04-06T01:40'" in problem and "minutes since the outage began (here 40 or 70)" in problem
    _, (problem,) = steps(BERLIN, "2025-03-30T00:30", "2025-03-30T02:10,a-b,open\n")
    assert "skips this time; it would be 2025-03-30T03:10" in problem


def test_forecasts_by_issue_are_placed_by_the_clock_or_named(tmp_path: Path) -> None:
    def issued(zone: str, start: str, rows: str) -> Profiles:
        (tmp_path / "issues.csv").write_text(f"issued,time,c\n{rows}", encoding="utf-8")
        return Profiles(load_case(there(tmp_path, zone, start, forecast={"load_issues_csv": "issues.csv"})))

    day = "2025-03-30T"
    rows = f"{day}00:00,{day}00:00,1\n{day}03:00,{day}03:00,2\n{day}03:00,{day}04:00,3\n{day}03:00,{day}06:00,3\n"
    spring = issued(BERLIN, f"{day}00:30", rows)
    assert spring.forecast("c", 85)["demand_p_kw"][0] == 1
    assert spring.forecast("c", 90)["demand_p_kw"] == [2, 2, 3, 3, 3]
    day = "2025-10-26T"
    hourly = f"{day}01:00,{day}01:00,1\n{day}02:30,{day}02:30,2\n{day}02:30,{day}02:00,3\n{day}02:30,{day}02:30,4\n"
    again = f"{day}02:00,{day}02:00,5\n{day}02:00,{day}02:30,6\n{day}02:00,{day}08:00,6\n"
    autumn = issued(BERLIN, f"{day}01:30", hourly + f"{day}02:30,{day}08:00,4\n" + again)
    assert autumn.forecast("c", 60)["demand_p_kw"][:4] == [2, 3, 4, 4]
    assert autumn.forecast("c", 90)["demand_p_kw"][:3] == [5, 6, 6]
    with pytest.raises(ScenarioError, match=r"row 3, issued = '2025-04-06T01:45': .* shows this time twice"):
        day = "2025-04-06T"
        issued(LORD_HOWE, f"{day}01:00", f"{day}01:00,{day}01:00,1\n{day}01:45,{day}01:45,2\n{day}01:45,{day}09:00,2\n")


def test_clock_times_of_tables_figures_and_normal_days_are_those_of_the_site(tmp_path: Path) -> None:
    spring = load_case(there(tmp_path, BERLIN, "2025-03-30T00:30"))
    assert [f"{time:%H:%M}" for time in clock_times(spring.scenario, pd.Index([0.0, 85, 90]))] == [
        "00:30",
        "01:55",
        "03:00",
    ]
    autumn = load_case(there(tmp_path, SYDNEY, "2025-04-06T01:30"))
    assert [f"{time:%H:%M}" for time in clock_times(autumn.scenario, pd.Index([60, 90, 150]))] == [
        "02:30",
        "02:00",
        "03:00",
    ]
    figure = style.new_figure(style.PAGE_MM, 50, "a day")
    axes = figure.subplots()
    style.clock_axis(axes, spring.scenario.local_clock, 240, most=5)
    labels = axes.xaxis.get_major_formatter()
    assert [labels(tick) for tick in axes.get_xticks()] == ["01:00", "03:00", "04:00", "05:00"]
    for case, end, hours in ((spring, "2025-03-31 00:00", 23), (autumn, "2025-04-07 00:00", 25)):
        state = normal_state(case)
        assert f"to {end}" in state.period and state.case.scenario.outage.duration_min == hours * 60


def test_a_forecast_that_stands_alone_is_followed_by_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / "user-07-forecast-only")
    case = load_case("fc.yaml")
    assert energy_kwh(case) == pytest.approx(2 * 50, rel=0.1)
    exact = load_case("fc.yaml", ["load.actual={sd_pct: 0, day_sd_pct: 0}"])
    assert energy_kwh(exact) == pytest.approx(2 * 50)
    assert "load is forecast as in f.csv, and happens with that noise around the forecast" in " ".join(
        explain(case).split()
    )


def test_its_noise_is_that_of_the_scenario_and_other_columns_stay(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text("time_min,c,a:q\n0,20,4\n60,40,4\n120,0,0\n", encoding="utf-8")
    loud = {"sd_pct": 10}
    course, plain = (Profiles(load_case(write(tmp_path, load={"actual": one}))) for one in ({"sd_pct": 0}, loud))
    profiles = Profiles(load_case(write(tmp_path, load={"actual": loud, "forecast_csv": "load.csv"})))
    factors = [plain.demand(t)["c"][0] / course.demand(t)["c"][0] for t in range(0, 120, 5)]
    assert np.std(factors) > 0.02
    given = [20.0] * 12 + [40.0] * 12
    assert [profiles.demand(t)["c"][0] for t in range(0, 120, 5)] == pytest.approx(
        np.multiply(given, factors), rel=1e-3
    )
    assert profiles.demand(30)["b"] == plain.demand(30)["b"] and profiles.demand(30)["a"][0] == plain.demand(30)["a"][0]


def test_sun_follows_its_forecast_too_with_the_sky_and_its_clouds(tmp_path: Path) -> None:
    (tmp_path / "pv.csv").write_text("time_min,pv.c\n0,0.2\n60,0.4\n120,0.4\n", encoding="utf-8")
    cloud = {
        "sites": "common",
        "passing_clouds": [{"start_min": 30, "duration_min": 30, "depth_pct": 50, "edge_min": 0}],
    }
    still = {"forecast_csv": "pv.csv", "variability_pct": 0, "clear_sky_index": 0.3}
    happens = Profiles(load_case(write(tmp_path, pv=still, weather=cloud)))
    assert [happens.pv_pu(t)["pv.c"] for t in (0, 25, 30, 55, 60, 115)] == pytest.approx([0.2, 0.2, 0.1, 0.1, 0.4, 0.4])
    assert happens.forecast("c", 0)["pv_pu"]["pv.c"] == pytest.approx([0.2, 0.2, 0.4, 0.4])
    varied = Profiles(load_case(write(tmp_path, pv=still | {"variability_pct": 30})))
    ratios = [varied.pv_pu(t)["pv.c"] / (0.2 if t < 60 else 0.4) for t in range(0, 120, 5)]
    assert np.std(ratios) > 0.02 and all(0.7 <= ratio <= 1.3 for ratio in ratios)
