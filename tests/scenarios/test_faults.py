"""Where a fault is, which switches isolate it and what it holds dark; how scenarios name it, and wrong names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from relight.scenarios.explain import explain
from relight.scenarios.loader import ScenarioError, changed_case, load_case, resolved_yaml
from relight.scenarios.view import Branch, Bus, GridView, Infeed, LocalArea, find_sections, with_faults, without_faults
from support.three_bus_case import TABLES, write

FOUR_BUSES = {
    "buses.csv": TABLES["buses.csv"] + "d,10,3,0,\n",
    "lines.csv": TABLES["lines.csv"] + "c-d,c,d,100,cable,,\n",
}
"""a =(a-b)= b =b-c= c - d: d hangs on c by a line without a switch."""


def network() -> GridView:
    """grid.a at a =k1= b -line- c =k2= d, a stub of k3 stays at d; a star point s inside T joins d by T.hv to e."""
    branches = [
        Branch("k1", "a", "b", 0.1, 0.1, 1000.0, switchable=True),
        Branch("line", "b", "c", 0.1, 0.1, 1000.0),
        Branch("k2", "c", "d", 0.1, 0.1, 1000.0, switchable=True),
        Branch("k3", "d", "f", 0.1, 0.1, 1000.0, switchable=True, stays_at="d"),
        Branch("T.hv", "d", "T.star", 0.1, 0.1, 1000.0, kind="trafo", switchable=True),
        Branch("T.lv", "T.star", "e", 0.1, 0.1, 1000.0, kind="trafo"),
    ]
    buses = {name: Bus(name, 10.0, inner=name == "T.star") for name in ("a", "b", "c", "d", "T.star", "e", "f")}
    sections = find_sections(buses, branches)
    home = {bus: s.id for s in sections.values() for bus in s.buses}
    areas = {bus: LocalArea(bus, (bus,), home[bus]) for bus in buses}
    infeeds = {"grid.a": Infeed("grid.a", "a", 1000.0, live=True), "grid.d": Infeed("grid.d", "d", 1000.0, live=True)}
    return GridView(buses, {b.id: b for b in branches}, sections, areas, infeeds=infeeds)


@pytest.mark.parametrize(
    ("element", "held", "opened"),
    [
        ("k1", {}, {"k1"}),
        ("line", {"b": ("line",)}, {"k1", "k2"}),
        ("c", {"b": ("c",)}, {"k1", "k2"}),
        ("a", {"a": ("a",)}, {"k1"}),
        ("k3", {}, {"k3"}),
        ("T", {"T.star": ("T",)}, {"T.hv"}),
        ("T.lv", {"T.star": ("T.lv",)}, {"T.hv"}),
    ],
)
def test_the_nearest_switches_isolate_a_fault(element: str, held: dict[str, tuple[str, ...]], opened: set[str]) -> None:
    base = network()
    view = with_faults(base, [element])
    assert view.held == held and view.faults == (element,)
    assert {b.id for b in view.branches.values() if b.faulted} == opened
    assert {b.id for b in view.branches.values() if b.isolates} == opened - {element}
    dark = {bus for s in held for bus in view.sections[s].buses}
    for infeed in view.infeeds.values():
        assert infeed.live == (infeed.bus not in dark) == (not infeed.held)
    assert dark <= view.outage_area
    assert without_faults(view) == base


def test_several_faults_are_each_isolated() -> None:
    view = with_faults(network(), ["a", "k1", "k3", "line"])
    assert view.held == {"a": ("a",), "b": ("line",)}
    assert set(view.faults) == {"a", "k1", "k3", "line"} and not view.branches["k1"].isolates
    assert view.outage_area == {"a", "b", "c", "f"} and view.balance_order == ("grid.d",)


def test_a_fault_in_a_live_infeeds_section_takes_it_and_what_hung_on_it() -> None:
    view = with_faults(network(), ["d"])
    assert view.outage_area == {"d", "T.star", "e", "f"}, "b and c hang on the other infeed, and keep it"
    assert with_faults(network(), ["a"]).outage_area == {"a"}, "and b, c are fed by d all the while"


def test_a_scenario_names_branches_with_and_without_a_switch_buses_and_sections(tmp_path: Path) -> None:
    path = write(tmp_path, FOUR_BUSES, outage={"faulted": ["a-b", "d"]})
    case = load_case(path)
    assert case.view.held == {"c": ("d",)} and case.view.faults == ("a-b", "d")
    told = explain(case)
    assert "faulted: a-b, d" in told
    assert "held dark by the fault on d: section c (c, d), isolated by b-c" in " ".join(told.split())
    assert "b-c (isolates a fault)" in told and "a-b (faulted)" in told
    assert load_case(path, ["outage.faulted=[c-d]"]).view.held == {"c": ("c-d",)}


def test_the_former_names_are_read_and_changed_by_either(tmp_path: Path) -> None:
    former: Any = {"faulted_branches": ["a-b"]}
    faults = {"faults": [{"branch": "c-d", "at_min": 30}], "repairs": [{"branch": "a-b", "after": {"minutes": 9}}]}
    path = write(tmp_path, FOUR_BUSES, outage=former, surprises=faults)
    case = load_case(path)
    assert case.scenario.outage.faulted == ("a-b",)
    assert case.scenario.surprises and case.scenario.surprises.faults[0].element == "c-d"
    assert "faulted_branches" not in resolved_yaml(case.scenario) and "branch:" not in resolved_yaml(case.scenario)
    for change in ("outage.faulted=[b]", "outage.faulted_branches=[b]"):
        without = ["surprises=null", change]
        assert load_case(path, without).view.held == changed_case(case, without).view.held == {"b": ("b",)}
    child = "extends: small\nname: child\noutage: {faulted: [b-c, a-b]}\n"
    (tmp_path / "child.yaml").write_text(child, encoding="utf-8")
    assert load_case(tmp_path / "child.yaml").scenario.outage.faulted == ("b-c", "a-b")


SAME_NAME = {
    "buses.csv": TABLES["buses.csv"].replace("c,10", "b-c,10"),
    "pv.csv": "id,bus,s_kva,only_if,tag\n",
    "switches.csv": TABLES["switches.csv"].replace("b-c,b,c", "b-c,b,b-c"),
    "nbsu.csv": TABLES["nbsu.csv"].replace(",c,", ",b-c,"),
}


@pytest.mark.parametrize(
    ("tables", "parts", "field", "remedy"),
    [
        ({}, {"outage": {"faulted": ["z"]}}, "outage.faulted", "bus or transformer; known: a-b, b-c, a, b, c"),
        ({}, {"outage": {"faulted": ["b", "b"]}}, "outage.faulted", "b is listed twice; keep one"),
        ({}, {"outage": {"faulted": "b"}}, "outage.faulted", "must be a list"),
        ({}, {"outage": {"faulted": ["b"], "faulted_branches": ["a-b"]}}, "outage", "give faulted only"),
        ({}, {"outage": {"faulted_branches": ["b", 3]}}, "outage.faulted_branches.1", "quotes"),
        (SAME_NAME, {"outage": {"faulted": ["b-c"]}}, "outage.faulted", "is the name of a bus and of a branch"),
        ({}, {"outage": {"faulted": ["b"]}, "surprises": {"faults": [{"element": "b", "at_min": 5}]}},
         "surprises.faults.0.element", "no such branch, bus or transformer without a fault"),
        ({}, {"outage": {"faulted": ["b"]}, "surprises": {"repairs": [{"branch": "c", "after": {"minutes": 5}}]}},
         "surprises.repairs.0.branch", "no such element in outage.faulted; known: b"),
        ({}, {"outage": {"faulted": ["a"], "dead_infeeds": []},
              "surprises": {"infeeds": [{"infeed": "grid", "at_min": 5}]}},
         "surprises.infeeds.0.infeed", "no such dead infeed"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_once(
    tmp_path: Path, tables: dict[str, str], parts: dict[str, Any], field: str, remedy: str
) -> None:
    path = write(tmp_path, tables, **parts)
    with pytest.raises(ScenarioError) as caught:
        load_case(path)
    (problem,) = caught.value.problems
    assert problem.field == field and remedy in problem.remedy, str(problem)
