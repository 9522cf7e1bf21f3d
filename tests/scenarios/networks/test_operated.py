"""``network.operated``: switches that are left alone stay as the network has them, in every kind of network."""

from __future__ import annotations

from pathlib import Path

import pandapower as pp
import pytest
import yaml

from relight.scenarios.explain import explain
from relight.scenarios.loader import load_case, resolved_yaml
from relight.scenarios.reading.problems import ScenarioError

PLACE = {"latitude_deg": 48.7, "longitude_deg": 10.5, "timezone": "Europe/Berlin"}
GUO45 = {"kind": "tables", "folder": "guo45"}
SYNTHETIC = {"kind": "synthetic", "buses": 40, "sections": 12}
CIGRE = {"kind": "function", "function": "create_cigre_network_mv"}


def scenario(folder: Path, network: dict, **parts) -> Path:
    data = {
        "name": "mine",
        "network": network,
        "outage": {"start": "2025-06-20T10:00", "duration_min": 60},
        "site": PLACE,
        "load": {"peak_kw": 1000},
        **parts,
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    return folder / "mine.yaml"


def switches(case) -> set[str]:
    return {branch.id for branch in case.view.branches.values() if branch.switchable}


@pytest.mark.parametrize("network", [GUO45, SYNTHETIC, CIGRE], ids=lambda network: network["kind"])
def test_only_what_is_named_operates_and_the_rest_stays_as_it_is(tmp_path: Path, network: dict) -> None:
    whole = load_case(scenario(tmp_path, network))
    ties = sorted(b.id for b in whole.view.branches.values() if b.switchable and not b.closed)
    normal = sorted(b.id for b in whole.view.branches.values() if b.switchable and b.closed)
    chosen = load_case(scenario(tmp_path, network | {"operated": {"only": [normal[0], ties[0]]}}))
    assert switches(chosen) == {normal[0], ties[0]}
    assert chosen.unoperated == dict.fromkeys(ties[1:], False) | dict.fromkeys(normal[1:], True)
    assert set(whole.view.branches) - set(chosen.view.branches) <= set(ties[1:])
    assert len(chosen.view.sections) < len(whole.view.sections)
    same = load_case(scenario(tmp_path, network | {"operated": {"except": [*ties[1:], *normal[1:]]}}))
    assert (same.view, same.unoperated) == (chosen.view, chosen.unoperated)
    told = " ".join(explain(chosen).split())
    closed = len(normal) - 1
    assert (
        f"2 of {len(ties) + len(normal)} switches are operated, {closed} stay closed and {len(ties) - 1} open" in told
    )


@pytest.mark.parametrize("network", [GUO45, SYNTHETIC, CIGRE], ids=lambda network: network["kind"])
def test_all_is_what_was_before_there_was_a_choice(tmp_path: Path, network: dict) -> None:
    silent, said = load_case(scenario(tmp_path, network)), load_case(scenario(tmp_path, network | {"operated": "all"}))
    assert silent.view == said.view and silent.unoperated == said.unoperated == {}
    resolved = resolved_yaml(said.scenario)
    assert resolved_yaml(silent.scenario) == resolved and "operated" not in resolved
    assert explain(silent) == explain(said)


def test_patterns_choose_too_and_survive_in_the_resolved_scenario(tmp_path: Path) -> None:
    names = {"Line 6-7", "Line 11-4", "Line 14-8", "Trafo 0-1", "Trafo 0-12"}
    assert switches(load_case(scenario(tmp_path, CIGRE))) == names
    case = load_case(scenario(tmp_path, CIGRE | {"operated": {"except": ["Trafo*"]}}))
    assert switches(case) == {name for name in names if name.startswith("Line")}
    (tmp_path / "again.yaml").write_text(resolved_yaml(case.scenario), encoding="utf-8")
    assert load_case(tmp_path / "again.yaml").view == case.view


def test_a_fault_on_a_switch_that_is_not_operated_is_isolated_by_those_that_are(tmp_path: Path) -> None:
    outage = {"start": "2025-06-20T10:00", "duration_min": 60, "faulted": ["Trafo 0-12"]}
    itself = load_case(scenario(tmp_path, CIGRE, outage=outage)).view
    assert not itself.held and [b.id for b in itself.branches.values() if b.faulted] == ["Trafo 0-12"]
    view = load_case(scenario(tmp_path, CIGRE | {"operated": {"except": ["Trafo 0-12"]}}, outage=outage)).view
    assert view.held and {view.section_of_bus["Bus 12"]} <= set(view.held)
    assert {b.id for b in view.branches.values() if b.isolates} <= {"Line 6-7", "Line 11-4", "Line 14-8", "Trafo 0-1"}


@pytest.mark.parametrize(
    ("operated", "told"),
    [
        ({"only": ["Line 6-7", "Lime*", "Bus 3"]}, "network.operated.only = 'Lime*, Bus 3': no such switch; known: "),
        ({"except": ["Line 6-8"]}, "did you mean Line"),
        ({"only": ["Line 6-7"], "except": ["Trafo*"]}, "must be all, {only: [names or patterns]} or {except"),
        ({"only": []}, "must be all, "),
        ("none", "must be all, "),
        ({"but": ["Line 6-7"]}, "must be all, "),
        ({"only": ["Line 6-7", "Line 6-7"]}, "listed twice"),
    ],
)
def test_what_cannot_be_meant_is_one_message(tmp_path: Path, operated: object, told: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load_case(scenario(tmp_path, CIGRE | {"operated": operated}))
    (problem,) = error.value.problems
    assert told in str(problem)


def test_buses_that_only_switches_left_alone_lead_to_are_told(tmp_path: Path) -> None:
    net = three_buses()
    pp.create_bus(net, 20.0, name="far")
    line(net, 2, 3, "far line")
    pp.create_switch(net, 2, 3, et="l", closed=False)
    pp.create_switch(net, 3, 3, et="l", closed=False)
    pp.to_json(net, str(tmp_path / "net.json"))
    with pytest.raises(ScenarioError) as error:
        load_case(scenario(tmp_path, {"kind": "json", "file": "net.json", "operated": {"only": ["middle"]}}))
    (problem,) = error.value.problems
    assert "far" in str(problem.value) + problem.remedy and "network.operated" in problem.remedy


def three_buses():
    """A feeder of two cables, the second of which is open at its far end."""
    net = pp.create_empty_network()
    for name in ("grid", "near", "end"):
        pp.create_bus(net, 20.0, name=name)
    line(net, 0, 1, "middle")
    pp.create_switch(net, 1, 0, et="l", closed=True)
    line(net, 0, 2, "back")
    line(net, 1, 2, "tie")
    pp.create_switch(net, 2, 2, et="l", closed=False)
    pp.create_ext_grid(net, 0)
    pp.create_load(net, 1, p_mw=0.4, q_mvar=0.1)
    pp.create_load(net, 2, p_mw=0.3, q_mvar=0.1)
    return net


def line(net, start: int, end: int, name: str) -> None:
    pp.create_line_from_parameters(net, start, end, 12.0, 0.12, 0.1, 280.0, 0.4, name=name)
