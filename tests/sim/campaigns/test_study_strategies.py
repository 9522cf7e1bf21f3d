"""Strategies in studies: one of a user's own beside Relight's, by any pool; nobody beats the bounds unnoticed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from relight.scenarios.reading.problems import ScenarioError
from relight.sim.campaigns.study import run_study
from support.tiny_study import CLOCK, OUTAGE, contents, in_this_process, three_bus_case, write

ROOT = Path(__file__).resolve().parents[3]
MINE = "my_strategy.py:MostLoadFirst"


@pytest.fixture(autouse=True)
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relight.results.study.files.study_figures", lambda *_: [])


def write_mine(folder: Path, **parts: object) -> Path:
    """The tiny study with the strategy of the docs' thirty lines, as a file beside it."""
    page = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"<!-- strategy -->\n```python[^\n]*\n(.*?)```", page, re.DOTALL)
    folder.mkdir(exist_ok=True)
    (folder / "my_strategy.py").write_text(code, encoding="utf-8")
    return write(folder, **{"strategies": ["static", MINE], "seeds": [0], **parts})


def test_a_users_own_strategy_in_processes_of_the_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named relative to the study's folder, called by its own name everywhere, whatever the current folder is."""
    file = write_mine(tmp_path / "study")
    monkeypatch.chdir(tmp_path)
    finished = run_study(file, tmp_path / "out", workers=1)
    assert (finished.made, finished.failed) == (2, 0)
    table = pd.read_csv(tmp_path / "out" / "runs.csv")
    assert list(table["strategy"]) == ["static", "MostLoadFirst"]
    assert (table["served_energy_mwh"] > 0).all()
    manifest = json.loads((tmp_path / "out" / "runs" / table["run"][1] / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["strategy"] == "MostLoadFirst" and list(manifest["strategy_source"]) == ["my_strategy.py"]
    told = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "out").glob("study.*"))
    assert str(tmp_path) not in told and "minus MostLoadFirst" not in told
    assert yaml.safe_load((tmp_path / "out" / "study.yaml").read_text(encoding="utf-8"))["strategies"][1] == MINE
    assert len(contents(tmp_path / "out")) > 8


@pytest.mark.slow
def test_a_users_own_strategy_on_a_dask_cluster(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    file = write_mine(tmp_path / "study", seeds=[0, 1])
    run_study(file, tmp_path / "pool", workers=2)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        finished = run_study(file, tmp_path / "dask", scheduler=cluster.scheduler_address)
    assert (finished.made, finished.failed) == (4, 0)
    assert contents(tmp_path / "dask") == contents(tmp_path / "pool")


def test_resume_makes_runs_anew_when_the_strategys_file_changes(tmp_path: Path) -> None:
    file = write_mine(tmp_path / "study")
    assert run_study(file, tmp_path / "out", perform=in_this_process).made == 2
    assert run_study(file, tmp_path / "out", resume=True, perform=in_this_process).made == 0
    mine = tmp_path / "study" / "my_strategy.py"
    mine.write_text(mine.read_text(encoding="utf-8").replace("max(moves", "min(moves"), encoding="utf-8")
    again = run_study(file, tmp_path / "out", resume=True, perform=in_this_process)
    assert (again.made, again.kept) == (1, 1), "that of static stays"


def test_files_that_change_during_a_study_are_told(tmp_path: Path) -> None:
    file = write_mine(tmp_path / "study")

    def perform(jobs):
        mine = tmp_path / "study" / "my_strategy.py"
        mine.write_text(mine.read_text(encoding="utf-8") + "\n# later\n", encoding="utf-8")
        return in_this_process(jobs)

    finished = run_study(file, tmp_path / "out", perform=perform)
    reasons = finished.tables.runs.set_index("strategy")["reason"]
    assert reasons["static"] == ""
    assert "not those that the study was started with" in reasons["MostLoadFirst"]


def test_whatever_a_strategy_does_is_a_row(tmp_path: Path) -> None:
    """One that raises, returns nothing or leaves the program fails its runs with a reason; the study goes on."""
    kinds = {"Raises": 'raise ValueError("no idea")', "Nothing": "return None", "Leaves": "raise SystemExit(3)"}
    code = "".join(
        f"class {name}:\n    def __init__(self, graph, steps): ...\n    def plan(self, horizon): {what}\n"
        for name, what in kinds.items()
    )
    (tmp_path / "odd.py").write_text(code, encoding="utf-8")
    file = write(tmp_path, strategies=["static", *(f"odd.py:{name}" for name in kinds)], seeds=[0])
    runs = run_study(file, tmp_path / "out", perform=in_this_process).tables.runs.set_index("strategy")
    assert dict(runs["status"]) == {"static": "complete", **dict.fromkeys(kinds, "failed")}
    assert runs["reason"]["Raises"] == "ValueError: no idea (odd.py, line 3)"
    assert runs["reason"]["Leaves"] == "SystemExit: 3 (odd.py, line 9)"
    assert runs["reason"]["Nothing"]


def test_two_strategies_of_one_name_are_refused(tmp_path: Path) -> None:
    file = write_mine(tmp_path / "study", strategies=[MINE, "copy.py:MostLoadFirst"])
    shutil.copy(tmp_path / "study" / "my_strategy.py", tmp_path / "study" / "copy.py")
    with pytest.raises(ScenarioError, match="is called 'MostLoadFirst', and so is another one"):
        run_study(file, tmp_path / "out", perform=in_this_process)


def test_whoever_beats_the_oracle_fails_the_study(tmp_path: Path, relight) -> None:
    """Every run is held against the bounds of its world; one whose energy is made up is named, exit code 1."""
    file, out = write(tmp_path / "s", strategies=["static", "oracle"], seeds=[0]), tmp_path / "out"
    dead = {"infeeds.csv": three_bus_case.TABLES["infeeds.csv"].replace("1.0,,", "1.0,switches=far,")}
    by_section = {"load_control": "section"}  # one bound is below the other then
    three_bus_case.write(
        tmp_path / "s", dead, clock=CLOCK, outage=OUTAGE, load={"peak_kw": 120}, local_areas=by_section
    )
    finished = run_study(file, out, perform=in_this_process)
    assert list(finished.tables.bounds["exceeds"]) == ["", ""]
    code, told, _ = relight("study", str(file), "--out", str(out), "--resume")
    assert code == 0 and "none exceeds" in told
    (static,) = (out / "runs").glob("small_static*")
    honest = json.loads((static / "bounds.json").read_text(encoding="utf-8"))
    oracle = finished.tables.bounds.set_index("strategy").loc["oracle"]
    for most, bound in ((oracle["foresight_bound_mwh"], "foresight"), (oracle["service_bound_mwh"], "service")):
        doctored = honest | {"weighted_served_mwh": 1.001 * most + honest["switching_mwh"], "steps_in_part": 0}
        (static / "bounds.json").write_text(json.dumps(doctored), encoding="utf-8")
        code, told, error = relight("study", str(file), "--out", str(out), "--resume")
        told = " ".join(told.split())
        assert code == 1 and "0 made" in told and "1 EXCEED it" in told
        assert re.search(rf"static, small, no parameters, seed 0: [^:]*{bound} bound", told), told
        assert "1 runs exceed a bound" in error
        table = pd.read_csv(out / "bounds.csv", keep_default_na=False)
        assert list(table["exceeds"]) == [f"{bound} bound", ""]
