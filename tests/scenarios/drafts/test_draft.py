"""Drafts: what a network says is taken over, what it does not say is assumed in the open, and they load as they are."""

from __future__ import annotations

from pathlib import Path

import pandapower as pp
import pytest

from relight.scenarios.drafts.draft import Draft, draft
from relight.scenarios.drafts.switches import MANY, PIECES
from relight.scenarios.drafts.units import EVERY, STORE_H, STORE_SHARE
from relight.scenarios.explain import explain
from relight.scenarios.reading.problems import ScenarioError

LINE = {"length_km": 1.0, "r_ohm_per_km": 0.12, "x_ohm_per_km": 0.1, "c_nf_per_km": 200.0, "max_i_ka": 0.4}


def substation() -> pp.pandapowerNet:
    """A grid at 110 kV and a bar at 20 kV, numbers 0 and 1."""
    net = pp.create_empty_network()
    pp.create_bus(net, 110.0, name="grid")
    pp.create_bus(net, 20.0, name="bar")
    pp.create_ext_grid(net, 0)
    pp.create_transformer(net, 0, 1, "25 MVA 110/20 kV", name="station")
    return net


def feeder(net: pp.pandapowerNet, letter: str, loads_kw: list[float], switched: bool = True) -> list[int]:
    """Buses in a row from the bar, each line with a switch at its beginning."""
    buses = [1]
    for k, load_kw in enumerate(loads_kw, start=1):
        buses.append(pp.create_bus(net, 20.0, name=f"{letter}{k}"))
        pp.create_line_from_parameters(net, buses[-2], buses[-1], name=f"{letter}{k - 1}-{letter}{k}", **LINE)
        if switched:
            pp.create_switch(net, buses[-2], len(net.line) - 1, et="l")
        pp.create_load(net, buses[-1], p_mw=load_kw / 1000, q_mvar=0.0)
    return buses[1:]


def drafted(folder: Path, net: pp.pandapowerNet, **options) -> Draft:
    pp.to_json(net, str(folder / "net.json"))
    return draft(str(folder / "net.json"), folder, "mine", **options)


@pytest.fixture(scope="module")
def two_feeders(tmp_path_factory: pytest.TempPathFactory) -> Draft:
    net = substation()
    a, b = feeder(net, "a", [100, 200, 300]), feeder(net, "b", [400, 500])
    pp.create_line_from_parameters(net, a[-1], b[-1], name="tie", **LINE)
    pp.create_switch(net, a[-1], len(net.line) - 1, et="l", closed=False)
    pp.create_sgen(net, a[0], p_mw=0.2, type="PV")
    pp.create_sgen(net, b[0], p_mw=1.5, type="WP", name="WKA 7")
    pp.create_sgen(net, b[1], p_mw=0.3, type="CHP diesel")
    pp.create_storage(net, a[1], p_mw=0.0, max_p_mw=0.6, max_e_mwh=2.0, soc_percent=75.0)
    return drafted(tmp_path_factory.mktemp("two"), net)


def test_the_first_line_of_the_most_loaded_feeder_is_faulted_and_infeeds_live(two_feeders: Draft) -> None:
    case = two_feeders.case
    assert case.scenario.outage.faulted == ("b0-b1",)
    assert case.view.outage_area == {"b1", "b2"} and all(infeed.live for infeed in case.view.infeeds.values())
    assert case.scenario.outage.duration_min / case.scenario.clock.plan_step_min == 10


def test_the_nets_own_switches_are_all_there_and_no_others(two_feeders: Draft) -> None:
    branches = two_feeders.case.view.branches.values()
    assert {b.id for b in branches if b.switchable} == {"a0-a1", "a1-a2", "a2-a3", "b0-b1", "b1-b2", "tie"}
    assert "switchable" not in two_feeders.text and "operated" not in two_feeders.text


def test_units_of_the_net_are_taken_over_by_what_they_are(two_feeders: Draft) -> None:
    units = two_feeders.case.scenario.units
    assert [one.element for one in units.pv] == ["sgen.0"] and [one.element for one in units.nbsu] == ["sgen.2"]
    (store,) = units.ess
    assert (store.element, store.discharge_kwh, store.charge_kwh) == ("storage.0", 1500, 500)
    assert "sgen.1: wind" in two_feeders.text and "Proposed" not in two_feeders.text


def test_all_infeeds_may_be_dead_instead(tmp_path: Path) -> None:
    net = substation()
    feeder(net, "a", [100, 200, 300, 50, 50])
    made = drafted(tmp_path, net, infeeds_dead=True)
    assert not made.case.scenario.outage.faulted
    assert len(made.case.view.outage_area) == len(made.case.view.buses)
    loaded = len([section for section in made.case.view.sections.values() if set(section.buses) - {"grid", "bar"}])
    stores = made.case.view.ess.values()
    assert len(stores) == -(-loaded // EVERY) > 1
    assert sum(one.s_kva for one in stores) == pytest.approx(STORE_SHARE * 700)
    assert {one.discharge_kwh / one.s_kva for one in stores} == {STORE_H} and "Proposed [A]" in made.text


def test_lines_get_switches_where_the_net_has_none_and_lines_out_of_service_are_ties(tmp_path: Path) -> None:
    net = substation()
    ends = [feeder(net, letter, [100.0] * 10, switched=False)[-1] for letter in "ab"]
    pp.create_line_from_parameters(net, *ends, name="spare", in_service=False, **LINE)
    made = drafted(tmp_path, net)
    spare = made.case.view.branches["spare"]
    assert spare.switchable and not spare.closed
    (faulted,) = made.case.scenario.outage.faulted
    assert faulted in ("a0-a1", "b0-b1") and made.case.view.branches[faulted].switchable
    assert PIECES / 2 <= len(made.case.view.sections) <= 1.5 * PIECES
    assert (
        "1 are out of service in the net" in made.text and "given a switch that the net does not have [A]" in made.text
    )


def test_of_very_many_switches_some_operate(tmp_path: Path) -> None:
    net = substation()
    a, b = (feeder(net, letter, [100.0] * MANY) for letter in "ab")
    for number, (start, end) in enumerate(zip(a[-3:], b[-3:], strict=True)):
        pp.create_line_from_parameters(net, start, end, name=f"tie {number}", **LINE)
        pp.create_switch(net, start, len(net.line) - 1, et="l", closed=False)
    case = drafted(tmp_path, net).case
    operated = {branch.id for branch in case.view.branches.values() if branch.switchable}
    assert "tie 0" in operated and not {"tie 1", "tie 2"} & operated  # they join the same two sections
    assert PIECES / 2 <= len(case.view.sections) <= 1.5 * PIECES
    told = " ".join(explain(case).split())
    assert f"{len(operated)} of {2 * MANY + 3} switches are operated" in told


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("case33", "did you mean case33bw?"),
        ("nowhere.json", "no such file, and no network that relight list --kind networks names"),
        (".", "this is a folder"),
        ("table.csv", "not a net written by pandapower.to_json"),
        ("lonely.json", "holds no external grid and no slack generator"),
        ("case14", "no such file"),
    ],
)
def test_what_no_scenario_can_be_made_of_is_one_message(tmp_path: Path, monkeypatch, what: str, told: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    net = substation()
    net.ext_grid = net.ext_grid.iloc[:0]
    pp.to_json(net, str(tmp_path / "lonely.json"))
    with pytest.raises(ScenarioError) as error:
        draft(what, tmp_path, "mine")
    assert len(error.value.problems) == 1 and told in str(error.value)
