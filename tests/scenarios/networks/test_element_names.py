"""Units name an element of a pandapower net by its table and number, or by a name that no other element has."""

from __future__ import annotations

from pathlib import Path

import pandapower as pp
import pandapower.networks as networks
import pytest

from relight.scenarios.loader import load_case
from relight.scenarios.reading.problems import ScenarioError

SCENARIO = """
name: named
network: {{kind: json, file: net.json, switchable: [line.1]}}
outage: {{start: 2025-06-20T10:00, duration_min: 60, faulted_branches: [line.1]}}
site: {{latitude_deg: 48.7, longitude_deg: 10.5, timezone: Europe/Berlin}}
load: {{source: network}}
units: {{ess: [{{id: battery, element: {element}, discharge_kwh: 10, charge_kwh: 0}}]}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of a net in which names are given once, twice, as another's number, and not at all."""
    net = networks.case33bw()
    pp.create_storage(net, bus=5, p_mw=0.6, max_e_mwh=1, name="batt5")
    pp.create_storage(net, bus=7, p_mw=0.2, max_e_mwh=1, name="twin")
    pp.create_sgen(net, bus=9, p_mw=0.1, name="twin")
    pp.create_sgen(net, bus=11, p_mw=0.1, name="storage.0")
    pp.create_sgen(net, bus=12, p_mw=0.1)
    folder = tmp_path_factory.mktemp("named")
    pp.to_json(net, str(folder / "net.json"))
    return folder


def named(folder: Path, element: str) -> Path:
    """The scenario whose storage is an element of that net."""
    (folder / "named.yaml").write_text(SCENARIO.format(element=element), encoding="utf-8")
    return folder / "named.yaml"


@pytest.mark.parametrize("element", ["batt5", "storage.0"])
def test_an_element_has_its_name_and_its_number(folder: Path, element: str) -> None:
    (ess,) = load_case(named(folder, element)).view.ess.values()
    assert (ess.bus, ess.s_kva) == ("5", 600)


@pytest.mark.parametrize(("element", "told"), [("twin", "storage.1"), ("bat5", "did you mean batt5?")])
def test_a_name_that_two_elements_or_none_have_is_no_name(folder: Path, element: str, told: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load_case(named(folder, element))
    (problem,) = error.value.problems
    assert problem.field == "units.ess.0.element" and told in problem.remedy


@pytest.fixture
def half_named(tmp_path: Path) -> Path:
    """Of five lines two share a name, one has none, one is called as the line without a name is numbered."""
    net = networks.create_cigre_network_mv()
    net.line.loc[[0, 1, 2, 3], "name"] = ["twin", "twin", None, "line.2"]
    net.bus.loc[1, "name"] = net.line.name[4]
    pp.to_json(net, str(tmp_path / "net.json"))
    text = SCENARIO.format(element="none").replace(", switchable: [line.1]", "").replace("[line.1]", "[Line 6-7]")
    (tmp_path / "named.yaml").write_text(text.split("units:")[0], encoding="utf-8")
    return tmp_path / "named.yaml"


def test_one_name_that_is_missing_or_given_twice_takes_no_other_name_away(half_named: Path) -> None:
    case = load_case(half_named)
    lines = [branch.id for branch in case.view.branches.values() if branch.kind == "line"]
    assert lines[:5] == ["line.0", "line.1", "line.2", "line.3", "line.4"]  # the last has a bus's name
    assert lines[5:] == list(networks.create_cigre_network_mv().line.name[5:])
    assert list(case.view.buses)[:3] == ["Bus 0", networks.create_cigre_network_mv().line.name[4], "Bus 2"]
    (told,) = [entry for entry in case.account.left if entry.what == "names of lines"]
    assert told.count == 5 and "called by number: line.0, line.1, " in told.text and not told.changes_numbers
