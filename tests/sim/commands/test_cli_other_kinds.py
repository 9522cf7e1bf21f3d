"""Files and folders given in the place of another are told what they are, in one line, and which command takes them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandapower as pp
import pandapower.networks as networks
import pytest

SCENARIO = "extends: guo45/fault-0400\nname: a\n"
STUDY = "name: s\nscenarios: [a.yaml]\nstrategies: [dynamic]\nseeds: 0\n"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("net") / "net.json"
    pp.to_json(networks.case33bw(), str(path))
    return path


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("check", "net.json"), "pandapower network; a scenario names it under network"),
        (("study", "net.json"), "pandapower network"),
        (("validate", "net.json", "--scenario", "guo45/fault-0400"), "pandapower network"),
        (("check", "s.yaml"), "this is a study; relight study takes it"),
        (("run", "s.yaml"), "this is a study; relight study takes it"),
        (("check", "plan.json"), "this is a plan; relight validate takes it"),
        (("study", "a.yaml"), "this is a scenario; relight check, run and compare take it"),
        (("check", "mine.py"), "relight strategy check"),
        (("run", "mine.py:Mine"), "relight strategy check"),
        (("validate", "a.yaml", "--scenario", "guo45/fault-0400"), "this is YAML; a plan is JSON"),
        (("check", "folder"), "this is a folder; name a scenario's YAML file"),
        (("check", "run"), f"the scenario of this run is {Path('run', 'scenario.yaml')}"),
        (("study", "folder"), "this is a folder; name a study's YAML file"),
        (("report", "a.yaml"), "a.yaml: a file; name the folder"),
    ],
)
def test_what_it_is_is_told_in_one_line(relight, tmp_path: Path, network: Path, command, told: str) -> None:
    shutil.copy(network, tmp_path / "net.json")
    (tmp_path / "a.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "plan.json").write_text('{"steps": [{"start_min": 0, "closed_branches": []}]}', encoding="utf-8")
    (tmp_path / "mine.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    code, out, err = relight(*command)
    assert (code, out, len(err.splitlines())) == (2, "", 1) and told in err
    assert sorted(tmp_path.rglob("*")) == before


def test_numbers_as_people_write_them(relight, tmp_path: Path) -> None:
    text = SCENARIO + (
        "load: {scaling: '0,5'}\nclock: {sim_step_min: 5 min}\n"
        "units: {ess: [{id: b, bus: '3', s_kva: 3, discharge_kwh: 2 MWh, charge_kwh: many}]}\n"
    )
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    code, _, err = relight("check", "a.yaml")
    told = {line.partition(" = ")[0].rpartition(".")[2]: line.rpartition("': ")[2] for line in err.splitlines()}
    assert code == 2 and told == {
        "scaling": "must be a number; use a point: 0.5",
        "sim_step_min": "must be a whole number in minutes, without its unit",
        "discharge_kwh": "must be a number in kWh, without its unit",
        "charge_kwh": "must be a number",
    }


def test_a_study_names_a_missing_scenario_once_and_what_may_have_been_meant(relight, tmp_path: Path) -> None:
    text = STUDY + "measures: [served_energy]\ngrid: [{name: a, path: load.peak_kw, values: [1, 2]}]\n"
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    code, _, err = relight("study", "s.yaml")
    assert code == 2 and "did you mean served_energy_mwh" in err
    assert err.count("a.yaml at a=1: no such file") == 1 and ": :" not in err and "a=2" not in err
