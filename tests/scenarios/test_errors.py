"""Every kind of mistake is found, named by file and field, together with the others."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from relight.scenarios.loader import Problem, ScenarioError, load_case
from support.three_bus_case import SCENARIO, TABLES, write


def problems(path: Path, *overrides: str) -> list[Problem]:
    with pytest.raises(ScenarioError) as caught:
        load_case(path, overrides)
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    assert all(problem.file and problem.remedy for problem in caught.value.problems)
    return caught.value.problems


def the_problem(path: Path, *overrides: str) -> Problem:
    found = problems(path, *overrides)
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For tests that leave the tables as they are and so need not have the network read anew."""
    folder = tmp_path_factory.mktemp("small")
    load_case(write(folder))
    return folder


def rewritten(folder: Path, **parts: Any) -> Path:
    """The scenario of that folder with other parts; its tables stay untouched."""
    with tempfile.TemporaryDirectory() as other:
        text = write(Path(other), **parts).read_text(encoding="utf-8")
    (folder / "small.yaml").write_text(text, encoding="utf-8")
    return folder / "small.yaml"


def test_the_small_case_is_right(tmp_path: Path) -> None:
    case = load_case(write(tmp_path))
    assert list(case.view.sections) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("parts", "field", "remedy"),
    [
        ({"colour": "red"}, "colour", "unknown key; known keys: schema_version, name"),
        ({"load": {"peak": 3}}, "load.peak", "peak_kw"),
        ({"load": {"peak_kw": -3}}, "load.peak_kw", "greater than 0"),
        ({"load": {"peak_kw": None}}, "load", "peak_kw is missing"),
        ({"load": {"peak_kw": float("nan")}}, "load.peak_kw", "finite"),
        ({"load": {"mix": {"h9": 1}}}, "load.mix.h9", "'h0', 'g0'"),
        ({"load": {"mix": {"h0": 0}}}, "load", "at least one class above 0"),
        ({"load": {"mix_by_bus": {"b": {"x1": 1}}}}, "load.mix_by_bus.b.x1", "'h0', 'g0'"),
        ({"load": {"mix_by_bus": {"z": {"h0": 1}}}}, "load.mix_by_bus", "no such bus"),
        ({"load": {"shares": {"b": 1, "z": 1}}}, "load.shares", "no such bus"),
        ({"load": {"shares": {"b": 0}}}, "load.shares", "at least one bus"),
        ({"network": {"kind": None}}, "network.kind", "tables, function, json"),
        ({"load": {"shares": "even"}}, "load.shares", "'equal' or 'random'"),
        ({"load": {"unloaded_buses": ["z"]}}, "load.unloaded_buses", "no such bus; known: a, b, c"),
        ({"load": {"unloaded_buses": "b"}}, "load.unloaded_buses", "must be a list: [a, b]"),
        ({"load": {"shares": 3}}, "load.shares", "must be 'equal' or 'random' or must be a mapping of keys and values"),
        ({"outage": {"faulted_branches": ["b-a"]}}, "outage.faulted_branches", "did you mean a-b?"),
        ({"outage": {"faulted_branches": ["a_b"]}}, "outage.faulted_branches", "did you mean a-b?"),
        ({"load": {"unloaded_buses": [19]}}, "load.unloaded_buses.0", "quotes"),
        ({"load": {"source": "network"}}, "load.source", "holds no load"),
        ({"dispatch_centre": {"solver_options": {"time_limit": 3}}}, "dispatch_centre.solver_options.time_limit", "_s"),
        (
            {"dispatch_centre": {"solver_options": {"random_seed": 3}}},
            "dispatch_centre.solver_options.random_seed",
            "fix",
        ),
        ({"clock": {"sim_step_min": 7}}, "clock.sim_step_min", "must divide clock.plan_step_min (30)"),
        ({"clock": {"replan_interval_min": 12}}, "clock.replan_interval_min", "multiple of clock.sim_step_min"),
        ({"outage": {"duration_min": 100}}, "outage.duration_min", "multiple of clock.plan_step_min"),
        ({"outage": {"first_order_min": 116}}, "outage.first_order_min", "before the window's end (120)"),
        ({"outage": {"first_order_min": -5}}, "outage.first_order_min", "must be 0 minutes or more"),
        ({"outage": {"start": "2025-06-20T10:00+08:00"}}, "outage.start", "local time"),
        (
            {"switching": {"in_runs": True, "remote_operation_s": 7200}},
            "outage.duration_min",
            "must be more than 120, how long orders and operations take (switching.in_runs)",
        ),
        ({"outage": {"faulted_branches": ["a-z"]}}, "outage.faulted_branches", "known: a-b, b-c"),
        ({"outage": {"dead_infeeds": ["moon"]}}, "outage.dead_infeeds", "known: grid"),
        ({"site": {"timezone": "Asia/Nowhere"}}, "site.timezone", "time zone"),
        ({"local_areas": {"priority": {"z": 2}}}, "local_areas.priority", "no such local area; known: a, b, c"),
        ({"network": {"folder": "nowhere"}}, "network.folder", "no such folder"),
        ({"network": {"options": {"shape": "x"}}}, "network.options.shape", "no such option; known: switches"),
        ({"network": {"options": {"switches": "x"}}}, "network.options.switches", "must be one of far, none"),
        ({"network": {"kind": "tables", "file": "x.json"}}, "network.file", "unknown key; known keys: kind, folder"),
        ({"network": {"kind": "gas"}}, "network.kind", "tables, function, json"),
        ({"units": {"pv": [{"id": "pv.z", "bus": "z", "s_kva": 3}]}}, "units.pv.0.bus", "no such bus"),
        ({"units": {"pv": [{"id": "pv.c", "bus": "b", "s_kva": 3}]}}, "units.pv.0.id", "used by another unit"),
        ({"units": {"pv": [{"id": "grid", "bus": "b", "s_kva": 3}]}}, "units.pv.0.id", "used by another unit"),
        ({"units": {"pv": [{"id": "pv.b", "bus": "b"}]}}, "units.pv.0.s_kva", "rated power"),
        ({"units": {"pv": [{"id": "pv.b", "s_kva": 3}]}}, "units.pv.0", "either bus, or element"),
        ({"units": {"pv": [{"id": "pv.b", "element": "sgen.0"}]}}, "units.pv.0.element", "no such element"),
        ({"units": {"ess": [{"id": "e", "bus": "b", "s_kva": 3}]}}, "units.ess.0.discharge_kwh", "missing"),
        ({"limits": {"vm_min_pu": 1.2}}, "limits", "must hold"),
    ],
)
def test_mistakes_in_the_scenario(folder: Path, parts: dict[str, Any], field: str, remedy: str) -> None:
    problem = problems(rewritten(folder, **parts))[0]
    assert problem.field == field
    assert remedy in problem.remedy
    assert problem.file.endswith("small.yaml")


@pytest.mark.parametrize(
    ("table", "old", "new", "field", "remedy"),
    [
        ("lines.csv", "100", "-100", "line 2, length_m", "above 0"),
        ("lines.csv", "100", "0", "line 2, length_m", "above 0"),
        ("lines.csv", "100", "nan", "line 2, length_m", "above 0"),
        ("lines.csv", "a-b,a,b", "a-b,a,z", "line 2, to_bus", "no such bus"),
        ("lines.csv", "a-b,a,b", "a-b,a,a", "line 2, to_bus", "two different buses"),
        ("lines.csv", "cable", "rope", "line 2, std_type", "no such line type; known: cable"),
        ("lines.csv", "always", "near", "line 2, switch", "no value of 'switches'; values: far, none"),
        ("lines.csv", "always,", "always,shape=x", "line 2, only_if", "'shape' is not declared"),
        ("lines.csv", "std_type", "typ", "header", "missing column"),
        ("lines.csv", "always,", "always", "line 2", "7 cells"),
        ("switches.csv", "b-c,b", "a-b,b", "line 2, name", "appears twice"),
        ("switches.csv", "closed", "ajar", "line 2, normally", "closed, open"),
        ("switches.csv", "closed,far", "open,none", "line 2, normally", "not switchable"),
        ("buses.csv", "b,10", "b,20", "line 2, to_bus", "no transformers"),
        ("buses.csv", "c,10", "b,10", "line 4, name", "appears twice"),
        ("buses.csv", "c,10,2", "c,10,far", "line 4, x", "numbers"),
        ("line_types.csv", "0.4", "", "line 2, max_i_ka", "above 0"),
        ("infeeds.csv", "grid,a", "grid,z", "line 2, bus", "no such bus"),
        ("ess.csv", "ess.b,b", "ess.b,z", "line 2, bus", "no such bus"),
        ("ess.csv", "80,20", "80,-20", "line 2, charge_kwh", "must be 0 kWh or more"),
        ("ess.csv", "ess.b", "pv.c", "tables, ess.csv.id", "used by another unit"),
        ("nbsu.csv", "c,60", "c,", "line 2, s_kva", "must not be empty"),
        ("options.yaml", "default: far", "default: near", "switches.default", "one of far, none"),
        ("options.yaml", "  values", "  value", "switches", "meaning, default and values"),
    ],
)
def test_mistakes_in_the_tables(tmp_path: Path, table: str, old: str, new: str, field: str, remedy: str) -> None:
    assert old in TABLES[table]
    found = problems(write(tmp_path, {table: TABLES[table].replace(old, new, 1)}))
    assert any(problem.field == field and remedy in problem.remedy for problem in found), [str(p) for p in found]


def test_missing_table(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "net" / "lines.csv").unlink()
    assert "missing" in problems(path)[0].remedy


def test_a_bus_that_no_switch_can_reach(tmp_path: Path) -> None:
    problem = the_problem(write(tmp_path, {"buses.csv": TABLES["buses.csv"] + "island,10,,,\n"}))
    assert problem.value == "island" and "every switch closed" in problem.remedy


def test_a_faulted_line_counts_as_connected(tmp_path: Path) -> None:
    case = load_case(write(tmp_path, outage={"faulted_branches": ["a-b"]}))
    assert case.view.branches["a-b"].faulted


@pytest.mark.parametrize(
    ("text", "field", "remedy"),
    [
        ("time,c\n2025-06-20T10:00,0.5\n2025-06-20T11:00,NaN\n", "row 3, c", "NaN are not filled"),
        ("time,c\n2025-06-20T10:00,0.5\n2025-06-20T11:00,\n", "row 3, c", "a number, 0 or more"),
        ("time,c\n2025-06-20T10:00,0.5\n2025-06-20T10:30,0.5\n", "time", "cover the outage window"),
        ("time,c\n2025-06-20T10:30,0.5\n2025-06-20T12:30,0.5\n", "time", "cover the outage window"),
        ("time,c\n2025-06-20T11:00,0.5\n2025-06-20T10:00,0.5\n", "row 3, time", "increase"),
        ("time,c\n10 o'clock,0.5\n2025-06-20T11:00,0.5\n", "row 2, time", "local time"),
        ("time,z\n2025-06-20T10:00,0.5\n2025-06-20T11:00,0.5\n", "header", "unknown column; known: a, b, c"),
        ("when,c\n0,1\n60,1\n", "header", "time or time_min"),
        ("time_min,c,c\n0,1,1\n60,1,1\n", "header", "twice"),
        ("time_min,c\n0,1,1\n60,1\n", "row 2", "2 cells"),
        ("time_min,c\n0,-1\n60,1\n", "row 2, c", "0 or more"),
        ("", "header", "first column"),
    ],
)
def test_mistakes_in_a_series(folder: Path, text: str, field: str, remedy: str) -> None:
    (folder / "load.csv").write_text(text, encoding="utf-8")
    problem = problems(rewritten(folder, load={"actual_csv": "load.csv"}))[0]
    assert (problem.file, problem.field) == ("load.csv", field)
    assert remedy in problem.remedy


def test_a_series_that_is_not_there(tmp_path: Path) -> None:
    problem = the_problem(write(tmp_path, pv={"forecast_csv": "pv.csv"}))
    assert (problem.field, problem.value, problem.remedy) == ("pv.forecast_csv", "pv.csv", "no such file")


@pytest.mark.parametrize(
    ("network", "field", "remedy"),
    [
        ({"function": "create_castle"}, "network.function", "no such function"),
        ({"function": "__doc__"}, "network.function", "no such function"),
        ({"function": "create_cigre_network_mv", "arguments": {"wheels": 4}}, "network.arguments", "fails with"),
        ({"function": "create_cigre_network_mv", "switchable": ["Line 1-9"]}, "network.switchable", "no such branch"),
        ({"function": "create_cigre_network_mv", "normally_open": ["Line 1-2"]}, "network.normally_open", "no switch"),
        ({"function": "example_multivoltage"}, "xward.0", "replace them by wards"),
    ],
)
def test_mistakes_in_a_pandapower_network(tmp_path: Path, network: dict[str, Any], field: str, remedy: str) -> None:
    path = write(tmp_path)
    text = path.read_text(encoding="utf-8").replace("  kind: tables\n  folder: net\n", "")
    line = f"network: {{kind: function, {str(network)[1:-1]}}}\n"
    path.write_text(text.replace("network:\n", line), encoding="utf-8")
    found = problems(path)
    assert any(problem.field == field and remedy in problem.remedy for problem in found), [str(p) for p in found]


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("name: [1, 2\n", "not a YAML file"),
        ("just words\n", "mapping"),
        ("", "mapping"),
        ("name: a\nname: b\n", "appears twice"),
        ("load: {peak_kw: 3, peak_kw: 4}\n", "appears twice"),
        ("name: !!python/object/apply:os.getcwd []\n", "not a YAML file"),
    ],
)
def test_text_that_is_no_scenario(tmp_path: Path, text: str, remedy: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    assert remedy in the_problem(path).remedy


def test_an_unknown_name_lists_what_ships() -> None:
    with pytest.raises(ScenarioError, match="guo45/fault-0400"):
        load_case("guo45/fault-0500")


@pytest.mark.parametrize(
    ("override", "place", "remedy"),
    [
        ("load.peak_kw", "load.peak_kw", "path=value"),
        ("load.peak_kw=-1", "load.peak_kw", "greater than 0"),
        ("load.paek_kw=1", "load.paek_kw", "known keys: source, peak_kw"),
        ("lood.peak_kw=1", "lood", "known keys: schema_version, name"),
        ("name.x=1", "name.x=1", "single value"),
        ("outage.faulted_branches.3=x", "outage.faulted_branches", "must be a list"),
        ("local_areas.load_control=bus", "local_areas.load_control", "'area', 'section' or 'part'"),
        ("load.mix={h0: 1", "load.mix={h0: 1", "not YAML"),
    ],
)
def test_wrong_overrides(folder: Path, override: str, place: str, remedy: str) -> None:
    problem = the_problem(rewritten(folder), override)
    assert (problem.file, problem.field) == ("--set", place)
    assert remedy in problem.remedy


def test_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text("time_min,c\n0,NaN\n60,1\n", encoding="utf-8")
    path = write(
        tmp_path,
        colour="red",
        network={"options": {"switches": "x"}},
        clock={"sim_step_min": 7},
        limits={"vm_min_pu": "low"},
        outage={"faulted_branches": ["x-y"]},
        load={"actual_csv": "load.csv", "shares": {"z": 1}},
        units={
            "nbsu": [
                {
                    "id": "pv.c",
                    "bus": "z",
                    "s_kva": 1,
                    "p_in_kw": 0,
                    "ramp_up_kw_per_h": 1,
                    "ramp_down_kw_per_h": 1,
                    "start_min": 0,
                }
            ]
        },
    )
    fields = {problem.field for problem in problems(path, "load.power_factor=0.9")}
    expected = {"colour", "network.options.switches", "clock.sim_step_min", "limits.vm_min_pu", "load.shares"}
    assert expected | {"outage.faulted_branches", "row 2, c", "units.nbsu.0.bus"} <= fields


def test_all_at_once_with_a_missing_part_and_broken_tables(tmp_path: Path) -> None:
    tables = {"lines.csv": TABLES["lines.csv"].replace("100", "-1"), "pv.csv": "id,bus\n"}
    path = write(tmp_path, tables, load={"peak": 1})
    path.write_text(path.read_text(encoding="utf-8").replace("site:", "sight:"), encoding="utf-8")
    assert {problem.field for problem in problems(path)} == {"site", "sight", "load.peak", "line 2, length_m", "header"}
    assert "site" in SCENARIO
