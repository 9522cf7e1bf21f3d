"""Users' own forecasts by issue: which one is used, what replaces what, and every mistake of a file at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relight.scenarios.loader import ScenarioError, input_hashes, load_case
from relight.sim.series.profiles import Profiles
from support.three_bus_case import write

PV = "issued_min,time_min,pv.c\n-30,-30,0.1\n-30,60,0.3\n40,30,0.5\n40,60,0.7\n40,90,0.7\n90,90,0.9\n"
LOAD = (
    "issued,time,c\n2025-06-20T10:00,2025-06-20T10:00,10\n2025-06-20T10:00,2025-06-20T10:45,20\n"
    "2025-06-20T10:00,2025-06-20T11:30,40\n2025-06-20T11:00,2025-06-20T11:00,50\n"
)


def issued(folder: Path, sun: str | None = PV, demand: str | None = None, **parts) -> Path:
    forecast = dict(parts.pop("forecast", {}))
    for name, text in (("pv", sun), ("load", demand)):
        if text is not None:
            (folder / f"{name}-issues.csv").write_text(text, "utf-8")
            forecast[f"{name}_issues_csv"] = f"{name}-issues.csv"
    return write(folder, forecast=forecast, **parts)


def test_the_latest_issue_not_later_than_now_is_used(tmp_path: Path) -> None:
    profiles = Profiles(load_case(issued(tmp_path)))
    by_time = {t: profiles.forecast("c", t)["pv_pu"]["pv.c"] for t in (0, 35, 40, 60, 85, 90)}
    assert by_time[0] == pytest.approx([0.1, 0.1, 0.3, 0.3])
    assert by_time[35] == pytest.approx([0.1, 0.3, 0.3]), "the issue of minute 40 is not there yet"
    assert by_time[40] == pytest.approx([0.5, 0.7, 0.7])
    assert by_time[85] == pytest.approx([0.7, 0.7]) and by_time[90] == pytest.approx([0.9])
    events = [(t, row["element"], row["text"]) for t in range(0, 120, 5) for row in profiles.events(t)]
    assert [(t, element) for t, element, _ in events] == [(0, "pv"), (40, "pv"), (90, "pv")]
    assert "issued at minute -30 (pv-issues.csv)" in events[0][2]


def test_energy_of_each_step_is_that_of_the_rows(tmp_path: Path) -> None:
    profiles = Profiles(load_case(issued(tmp_path, None, LOAD)))
    known = profiles.forecast("c", 0)
    assert known["demand_p_kw"] == pytest.approx([10, 15, 20, 40])
    assert known["demand_q_kvar"] == pytest.approx(np.array([10, 15, 20, 40]) * np.tan(np.arccos(0.95)))
    assert profiles.forecast("c", 40)["demand_p_kw"] == pytest.approx([(5 * 10 + 15 * 20) / 20, 20, 40])
    assert profiles.forecast("c", 60)["demand_p_kw"] == pytest.approx([50, 50]), "a single row holds to the end"


def test_issues_replace_their_columns_and_nothing_else(tmp_path: Path) -> None:
    case = load_case(issued(tmp_path, demand=LOAD, forecast={"method": "persistence"}))
    plain = Profiles(load_case(write(tmp_path, forecast={"method": "persistence"})))
    profiles = Profiles(case)
    assert profiles.forecast("b", 50) == plain.forecast("b", 50)
    assert profiles.forecast("c", 50)["pv_pu"] != plain.forecast("c", 50)["pv_pu"]
    assert [profiles.demand(t) for t in (0, 60)] == [plain.demand(t) for t in (0, 60)]
    assert {"pv-issues.csv", "load-issues.csv"} <= set(input_hashes(case))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("time_min,pv.c\n0,1\n", ["header = 'time_min, pv.c': the first two columns must be issued, time"]),
        ("issued,time_min,pv.c\n", ["the first two columns must be"]),
        ("issued_min,time_min,pv.c,pv.x\n0,0,1,1\n", ["pv.x", "unknown column"]),
        ("issued_min,time_min,pv.c\n", ["holds no rows"]),
        ("issued_min,time_min,pv.c\n10,0,1\n10,60,1\n", ["issued = 'minute 10': the first issue must not"]),
        ("issued_min,time_min,pv.c\n0,0,1\n30,30,1\n0,60,1\n", ["issues must ascend"]),
        ("issued_min,time_min,pv.c\n0,10,1\n0,60,1\n", ["issue of minute 0 = 'minutes 10 to 110'", "0 (its"]),
        ("issued_min,time_min,pv.c\n0,0,1\n0,60,1\n30,31,1\n", ["issue of minute 30", "must cover minutes 30"]),
        ("issued_min,time_min,pv.c\n0,0,1\n0,30,1\n", ["issue of minute 0 = 'minutes 0 to 60'", "to 120"]),
        ("issued_min,time_min,pv.c\n0,60,1\n0,0,1\n", ["times must increase"]),
        (
            "issued_min,time_min,pv.c\nx,0,1\n0,y,-1\n0,30,40\n0,60\n",
            ["row 2, issued_min = 'x'", "row 3, time_min = 'y'", "pv.c = '-1'", "row 4, pv.c = 40.0", "row 5 = 2"],
        ),
        (
            "\nissued_min,time_min,pv.c\n\n0,0,40\n,,\n\n0,60\n",
            ["row 4, pv.c = 40.0", "row 7 = 2"],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_at_once(tmp_path: Path, text: str, expected: list[str]) -> None:
    with pytest.raises(ScenarioError) as error:
        load_case(issued(tmp_path, text))
    assert all(part in str(error.value) for part in expected), str(error.value)
    assert "pv-issues.csv" in str(error.value)


def test_a_missing_file_and_contradictions_are_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"forecast.pv_issues_csv = 'none.csv': no such file"):
        load_case(write(tmp_path, forecast={"pv_issues_csv": "none.csv"}))
    (tmp_path / "pv.csv").write_text("time_min,pv.c\n0,0.2\n60,0.4\n", "utf-8")
    with pytest.raises(ScenarioError, match=r"pv.c also in pv.forecast_csv; keep one"):
        load_case(issued(tmp_path, pv={"forecast_csv": "pv.csv"}))
    with pytest.raises(ScenarioError, match=r"perfect_forecast = True: actual series that equal the forecast"):
        load_case(write(tmp_path, forecast={"method": "persistence"}, perfect_forecast=True))
    unloaded = "issued_min,time_min,b\n0,0,1\n0,60,1\n"
    with pytest.raises(ScenarioError, match=r"load-issues.csv: header = 'b': this local area has no loaded bus"):
        load_case(issued(tmp_path, None, unloaded, load={"shares": {"c": 1}}))
