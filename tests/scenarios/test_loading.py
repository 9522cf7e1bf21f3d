"""Pandapower networks, overrides, resolved YAML, hashes and the explanation."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandapower as pp
import pandapower.networks as networks
import pytest
from pydantic import ValidationError

from relight.controllers.milp.problem import AreaGraph
from relight.scenarios.explain import explain
from relight.scenarios.loader import ScenarioError, input_hashes, load_case, resolved_yaml, shipped_scenarios
from relight.scenarios.reading.yaml_text import read_yaml, write_yaml
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions
from support.brought.well_known import marks_of
from support.three_bus_case import write

JSON_SCENARIO = """
name: saved
network: {{kind: json, file: net.json, switchable: [{switchable}]}}
outage: {{start: 2025-06-20T10:00, duration_min: 120}}
site: {{latitude_deg: 49, longitude_deg: 10, timezone: Europe/Berlin}}
load: {{source: network}}
"""


ROUND_TRIPS = ("cigre_mv/blackout", "guo45/frequency-1000", "guo45/cold-load", "guo45/comms-outage", "guo45/storm")
"""Of every kind of network and option that ships one; the other scenarios with -m slow."""


@pytest.fixture(scope="module")
def feeder33(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a net without names, with five ties out of service."""
    file = tmp_path_factory.mktemp("feeder33") / "net.json"
    pp.to_json(networks.case33bw(), str(file))
    return file


def saved(folder: Path, net: pp.pandapowerNet | Path, switchable: str = "") -> Path:
    """A scenario of a net, or of a file that one was saved to."""
    if isinstance(net, Path):
        shutil.copyfile(net, folder / "net.json")
    else:
        pp.to_json(net, str(folder / "net.json"))
    path = folder / "saved.yaml"
    path.write_text(JSON_SCENARIO.format(switchable=switchable), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", [pytest.param(n, marks=marks_of(n)) for n in shipped_scenarios()])
def test_every_shipped_scenario_loads_and_explains(name: str) -> None:
    case = load_case(name)
    text = explain(case)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert case.scenario.name in text and str(len(case.view.sections)) in text
    assert {bus for la in case.view.local_areas.values() for bus in la.buses} == set(case.view.buses)
    assert sum(len(la.buses) for la in case.view.local_areas.values()) == len(case.view.buses)


@pytest.mark.parametrize(
    "name",
    [n if n in ROUND_TRIPS else pytest.param(n, marks=[pytest.mark.slow, *marks_of(n)]) for n in shipped_scenarios()],
)
def test_resolved_yaml_loads_to_an_equal_scenario_from_anywhere(name: str, tmp_path: Path) -> None:
    case = load_case(name, ["load.actual.sd_pct=1e-3"], seed=7)
    text = resolved_yaml(case.scenario)
    path = tmp_path / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    again = load_case(path)
    assert again.scenario == case.scenario and again.view == case.view
    assert resolved_yaml(again.scenario) == text


def test_yaml_text_survives_the_round_trip() -> None:
    data = {"a": ["no", "12:30", "010", "1e5", "1", "", "~", "2025-06-20", "0x1F"], "b": [1e5, 1e-9, 10, True, None]}
    assert read_yaml(write_yaml(data)) == data


def test_overrides_and_seed(tmp_path: Path) -> None:
    path = write(tmp_path)
    case = load_case(path, ["load.peak_kw=30", "load.shares={a: 1, c: 2}", "clock.plan_step_min=60"], seed=3)
    assert case.scenario.seed == 3 and case.scenario.clock.plan_step_min == 60
    assert case.base_load_kw == pytest.approx({"a": 10, "b": 0, "c": 20})


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("section", "nobody's customers can be off"),
        ("area", "each area's customers can be off"),
        ("part", "any share of an area's demand can be off"),
    ],
)
def test_a_case_in_words_tells_who_can_be_off_in_a_live_section(tmp_path: Path, mode: str, told: str) -> None:
    case = load_case(write(tmp_path), [f"local_areas.load_control={mode}"])
    assert f"in a live section {told}" in explain(case)
    assert AreaGraph.of(case.view, case.scenario).load_control == mode


def test_random_shares_follow_their_seed(tmp_path: Path) -> None:
    path = write(tmp_path, load={"shares": "random", "shares_spread": 0.4})
    first, same, other = (load_case(path, seed=seed).base_load_kw for seed in (1, 1, 2))
    assert first == same and first != other
    fixed = [load_case(path, ["load.shares_seed=5"], seed=seed).base_load_kw for seed in (1, 2)]
    assert fixed[0] == fixed[1]
    assert sum(first.values()) == pytest.approx(90) and all(0.6 / 1.4 < p / 30 < 1.4 / 0.6 for p in first.values())


def test_hashes_name_every_file_without_machine_paths(tmp_path: Path) -> None:
    (tmp_path / "pv.csv").write_text("time_min,pv.c\n0,0.1\n60,0.2\n", encoding="utf-8")
    case = load_case(write(tmp_path, pv={"actual_csv": "pv.csv"}))
    hashes = input_hashes(case)
    assert {"small.yaml", "pv.csv", "net/lines.csv", "net/options.yaml"} <= set(hashes)
    assert not any(name.startswith("/") or str(tmp_path) in name for name in hashes)
    (tmp_path / "pv.csv").write_text("time_min,pv.c\n0,0.1\n60,0.3\n", encoding="utf-8")
    assert [name for name, value in input_hashes(case).items() if value != hashes[name]] == ["pv.csv"]


def test_cigre_folds_its_switches_and_finds_its_classes() -> None:
    case = load_case("cigre_mv/blackout")
    branches = case.view.branches
    assert [name for name, b in branches.items() if not b.closed] == ["Line 6-7", "Line 11-4", "Line 14-8"]
    assert all(branches[name].switchable for name in ("Line 6-7", "Line 11-4", "Line 14-8", "Trafo 0-1"))
    assert branches["Trafo 0-1"].x_pu == pytest.approx(0.12 / 25, rel=1e-3)
    assert branches["Line 2-3"].r_pu == pytest.approx(0.501 * 4.42 / 400)
    assert not len(case.net.switch) and (case.net.trafo.shift_degree == 0).all()
    assert len(case.view.sections) == 10
    assert case.mix_by_bus["Bus 5"].keys() == {"h0"} and case.mix_by_bus["Bus 9"].keys() == {"g0"}
    assert case.base_load_kw["Bus 5"] == pytest.approx(0.5 * 727.5) and case.base_load_kw["Bus 1"] == 0
    assert sum(case.base_load_kw.values()) == pytest.approx(0.5 * 4893.15)
    ratings = {name: unit.s_kva for name, unit in case.view.units.items() if not name.startswith("pv")}
    assert ratings == {"battery.5": 600, "battery.10": 200, "chp.9": 310, "fuel_cell.9": 212, "infeed.Bus 0": 50000}
    assert not case.view.infeeds["infeed.Bus 0"].live


def test_a_saved_net_without_names_gets_numbers(tmp_path: Path, feeder33: Path) -> None:
    case = load_case(saved(tmp_path, feeder33, "line.5, line.11"))
    assert list(case.view.buses)[:2] == ["0", "1"] and "infeed.0" in case.view.infeeds
    assert case.view.branches["line.5"].switchable and not case.view.branches["line.4"].switchable
    assert sum(case.base_load_kw.values()) == pytest.approx(3715)
    # The net's five ties are out of service and have no switch: they do not exist for Relight.
    assert len(case.view.branches) == 32 and len(case.view.sections) == 3


def test_ties_out_of_service_are_kept_when_named(tmp_path: Path, feeder33: Path) -> None:
    case = load_case(saved(tmp_path, feeder33, "line.32, line.5"))
    tie = case.view.branches["line.32"]
    assert len(case.view.branches) == 33
    assert tie.switchable and not tie.closed and case.view.branches["line.5"].closed


def test_bus_switches_are_branches_and_impedance_matches_the_net(tmp_path: Path) -> None:
    net = pp.create_empty_network()
    first, second, third = (pp.create_bus(net, 20, name=name) for name in ("A", "B ", "C"))
    pp.create_line_from_parameters(net, first, second, 2.0, 0.2, 0.1, 10, 0.3, parallel=2, df=0.5, name="AB")
    pp.create_switch(net, second, third, et="b", closed=False)
    pp.create_switch(net, first, 0, et="l", closed=False)
    pp.create_ext_grid(net, first)
    pp.create_load(net, third, 0.1, 0.02, scaling=0.5)
    pp.create_load(net, third, 5.0, in_service=False)
    case = load_case(saved(tmp_path, net))
    assert list(case.view.buses) == ["A", "B", "C"] and list(case.view.branches) == ["AB", "switch.0"]
    line, switch = case.view.branches.values()
    assert (line.closed, line.switchable, switch.closed, switch.switchable) == (False, True, False, True)
    assert line.r_pu == pytest.approx(0.2 * 2 / 2 / 400) and line.s_max_kva == pytest.approx(3**0.5 * 20 * 300)
    assert switch.kind == "switch" and switch.r_pu == 0 and np.isinf(switch.s_max_kva)
    assert case.base_load_kw["C"] == pytest.approx(50) and case.base_load_kvar["C"] == pytest.approx(10)
    assert case.view.infeeds["infeed.A"].s_kva == 10_000


def test_a_scenario_extends_another(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "extends: guo45/fault-0400\nname: mine\nload: {peak_kw: 3000}\noutage: {faulted_branches: []}\n",
        encoding="utf-8",
    )
    (tmp_path / "further.yaml").write_text("extends: mine\nname: further\nseed: 4\n", encoding="utf-8")
    case, base = load_case(tmp_path / "further.yaml"), load_case("guo45/fault-0400").scenario
    scenario = case.scenario
    assert (scenario.name, scenario.seed, scenario.load.peak_kw) == ("further", 4, 3000)
    assert scenario.load.power_factor == base.load.power_factor and scenario.outage.start == base.outage.start
    assert scenario.outage.faulted == ()
    assert {"further.yaml", "mine.yaml", "guo45/fault-0400.yaml"} <= input_hashes(case).keys()


def test_a_scenario_cannot_extend_itself_or_what_is_not_there(tmp_path: Path) -> None:
    for text, remedy in (("extends: loop\n", "cannot extend itself"), ("extends: nowhere\n", "no such file")):
        (tmp_path / "loop.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(ScenarioError, match=remedy):
            load_case(tmp_path / "loop.yaml")


def test_random_shares_weigh_the_nets_own_loads_and_keep_their_sum() -> None:
    plain, one, other = (
        load_case("cigre_mv/blackout", overrides, seed)
        for overrides, seed in (((), 1), (["load.shares=random"], 1), (["load.shares=random"], 2))
    )
    assert sum(one.base_load_kw.values()) == pytest.approx(sum(plain.base_load_kw.values()))
    assert one.base_load_kw != other.base_load_kw
    for bus, p_kw in plain.base_load_kw.items():
        assert (one.base_load_kw[bus] > 0) == (p_kw > 0)
        if p_kw:
            assert plain.base_load_kvar is not None and one.base_load_kvar is not None
            assert one.base_load_kvar[bus] / one.base_load_kw[bus] == pytest.approx(plain.base_load_kvar[bus] / p_kw)


def test_off_needs_no_quotes() -> None:
    """YAML 1.1 reads an unquoted off as false."""
    assert DispatchCentreOptions.model_validate({"verify": False}).verify == "off"
    with pytest.raises(ValidationError, match="repair"):
        DispatchCentreOptions.model_validate({"verify": True})


@pytest.mark.parametrize("name", ["plain", "plain.yaml"])
def test_extends_means_a_file_beside_before_one_where_the_user_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for folder, seed in (("there", 7), ("here", 8)):
        (tmp_path / folder).mkdir()
        text = f"extends: guo45/fault-0400\nname: plain\nseed: {seed}\n"
        (tmp_path / folder / "plain.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "there" / "mine.yaml").write_text(f"extends: {name}\nname: mine\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "here")
    assert load_case(tmp_path / "there" / "mine.yaml").scenario.seed == 7


def test_extends_is_looked_up_beside_the_file_that_says_it(tmp_path: Path) -> None:
    """A shipped scenario that itself extends one by its short name can be extended from anywhere."""
    (tmp_path / "mine.yaml").write_text("extends: guo45/cloudy-1000\nname: mine\n", encoding="utf-8")
    assert load_case(tmp_path / "mine.yaml").scenario.name == "mine"


def test_a_title_does_not_outlive_the_outage_it_tells_of() -> None:
    shipped = load_case("guo45/fault-1000").scenario.title
    assert "10:00 to 15:00" in shipped
    shorter = load_case("guo45/fault-1000", ["outage.duration_min=120"])
    assert not shorter.scenario.title and "15:00" not in explain(shorter) and "to 2025-06-20 12:00" in explain(shorter)
    assert load_case("guo45/fault-1000", ["load.peak_kw=3000"]).scenario.title == shipped
    own = load_case("guo45/fault-1000", ["outage.duration_min=120", "title=two hours"])
    assert own.scenario.title == "two hours"
