"""A run's folder holds the scenario's own files, so it can be taken elsewhere and run again with the same result."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from relight.results.run_folder import Recorder, RunRecord, write_run
from relight.scenarios.case import Case
from relight.scenarios.kept_inputs import input_files
from relight.scenarios.loader import ScenarioError, load_case
from relight.sim.campaigns.run import simulate
from support import three_bus_case

SERIES = "time,pv.c\n2025-06-20T10:00,0.4\n2025-06-20T11:00,0.6\n"


def write(folder: Path, tables: str = "net") -> Path:
    """The small case with a series from a folder beside its own."""
    own = folder / "own"
    own.mkdir(parents=True)
    (folder / "shared").mkdir()
    (folder / "shared" / "pv.csv").write_text(SERIES, encoding="utf-8")
    path = three_bus_case.write(
        own, network={"folder": tables}, pv={"actual_csv": "../shared/pv.csv"},
        clock={"plan_step_min": 30, "sim_step_min": 30}, outage={"duration_min": 60},
    )  # fmt: skip
    if tables == ".":
        for table in (own / "net").iterdir():
            table.rename(own / table.name)
    return path


def test_a_run_can_be_taken_elsewhere_and_run_again(tmp_path: Path, no_run_figures) -> None:
    simulate(load_case(write(tmp_path / "here")), "static", tmp_path / "here" / "run")
    shutil.copytree(tmp_path / "here" / "run", tmp_path / "there")
    shutil.rmtree(tmp_path / "here")
    assert (tmp_path / "there" / "inputs" / "shared" / "pv.csv").read_text(encoding="utf-8") == SERIES
    again = simulate(load_case(tmp_path / "there" / "scenario.yaml"), "static", tmp_path / "again")
    for name in ("summary.json", "scenario.yaml", "series/local_area.csv", "plans/0000-0min.json"):
        assert (again / name).read_bytes() == (tmp_path / "there" / name).read_bytes(), name
    kept, before = (
        {p.relative_to(folder / "inputs").as_posix(): p.read_bytes() for p in (folder / "inputs").rglob("*.*")}
        for folder in (again, tmp_path / "there")
    )
    assert kept == before and set(kept) == {"shared/pv.csv", *(f"net/{name}" for name in three_bus_case.TABLES)}


def test_tables_beside_the_scenario_are_kept_and_found(tmp_path: Path) -> None:
    case = load_case(write(tmp_path / "here", "."))
    assert set(input_files(case)) >= {"shared/pv.csv", *three_bus_case.TABLES}
    run = keep(case, tmp_path / "run")
    shutil.rmtree(tmp_path / "here")
    assert load_case(run / "scenario.yaml").scenario == case.scenario


def test_what_ships_is_not_copied() -> None:
    assert input_files(load_case("guo45/fault-0400")) == {}


def test_a_file_too_large_is_named_and_its_lack_told(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("relight.results.run_folder.MOST_BYTES", 2000)
    path = write(tmp_path / "here")
    (tmp_path / "here" / "shared" / "pv.csv").write_text(SERIES + "\n" * 2000, encoding="utf-8")
    case = load_case(path)
    run = keep(case, tmp_path / "run")
    assert json.loads((run / "manifest.json").read_text(encoding="utf-8"))["inputs_not_kept"] == ["shared/pv.csv"]
    assert not (run / "inputs" / "shared").exists() and (run / "inputs" / "net").is_dir()
    with pytest.raises(ScenarioError, match=r"put it into inputs/ of the run's folder"):
        load_case(run / "scenario.yaml")
    (run / "inputs" / "shared").mkdir()
    shutil.copyfile(tmp_path / "here" / "shared" / "pv.csv", run / "inputs" / "shared" / "pv.csv")
    assert load_case(run / "scenario.yaml").scenario == case.scenario


def keep(case: Case, folder: Path) -> Path:
    """The folder of a run that failed at once."""
    return write_run(
        folder,
        RunRecord(
            scenario=case.scenario,
            strategy="static",
            seed=0,
            recorder=Recorder(),
            failure="made up",
            input_files=input_files(case),
        ),
    )
