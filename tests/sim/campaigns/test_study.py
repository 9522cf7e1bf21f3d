"""Studies: every run once, whatever happens; failures are rows; same bytes however they were made."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import relight.sim.cosim.wiring
from relight.results.new_folder import FolderNotEmpty
from relight.results.study.files import redraw
from relight.scenarios.reading.problems import ScenarioError
from relight.scenarios.studies.loader import load_study, shipped_studies
from relight.sim import cli
from relight.sim.campaigns import study_jobs
from relight.sim.campaigns.study import StudyInterrupted, lay_out, on_this_machine, run_study
from relight.sim.campaigns.study_jobs import Job, Outcome, perform
from support.tiny_study import contents, deadly, write


class Here:
    """Runs made in this process, one after another, counted."""

    def __init__(self, stop_after: int | None = None, perform: Callable[[Job], Outcome] = perform) -> None:
        self.names: list[str] = []
        self.stop_after, self.perform = stop_after, perform

    def __call__(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        for job in jobs:
            if len(self.names) == self.stop_after:
                raise KeyboardInterrupt
            self.names.append(job.name)
            yield self.perform(job)


made_once = cache(perform)
"""The outcome of a job, which is run the first time only, for tests that ask what becomes of outcomes."""


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than running."""
    monkeypatch.setattr("relight.results.study.files.study_figures", lambda *_: [])


def tables(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in contents(folder).items() if not name.startswith("figures/")}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tiny study's file, and its folder after an uninterrupted study."""
    root = tmp_path_factory.mktemp("tiny")
    axis = {"name": "peak_kw", "path": "load.peak_kw", "values": [60, 120]}
    file = write(root, strategies=["static", "islanded"], grid=[axis])
    finished = run_study(file, root / "out", perform=Here(perform=made_once))
    assert (finished.made, finished.kept, finished.failed) == (8, 0, 0)
    return file, root / "out"


def test_a_study_keeps_little_of_each_run_and_makes_tables_and_figures(done: tuple[Path, Path]) -> None:
    _, folder = done
    runs = sorted((folder / "runs").iterdir())
    assert len(runs) == 8
    files = {path.name for path in runs[0].iterdir()}
    assert files == {"manifest.json", "summary.json", "events.csv", "metrics.csv", "bounds.json", "timing.json"}
    table = pd.read_csv(folder / "runs.csv")
    assert list(table.columns[:8]) == [
        "scenario", "point", "peak_kw", "strategy", "seed", "status", "reason", "run",
    ]  # fmt: skip
    assert table["status"].eq("complete").all()
    one = table.iloc[0]
    summary = json.loads((folder / "runs" / one["run"] / "summary.json").read_text(encoding="utf-8"))
    assert one["served_energy_mwh"] == pytest.approx(summary["served_energy_mwh"], abs=1e-9)
    assert (summary["strategy"], summary["seed"]) == (one["strategy"], one["seed"])
    for name in ("distributions", "pairs", "profiles", "sensitivity_peak_kw"):
        assert {f"{name}.{kind}" for kind in ("csv", "pdf", "png")} <= {p.name for p in (folder / "figures").iterdir()}
    assert "relight study" in (folder / "figures" / "README.md").read_text(encoding="utf-8")
    content = json.loads((folder / "study.json").read_text(encoding="utf-8"))
    assert (content["status"], content["counts"]) == ("complete", {"runs": 8, "complete": 8, "failed": 0})


def test_strategies_meet_the_same_worlds(done: tuple[Path, Path]) -> None:
    table = pd.read_csv(done[1] / "runs.csv", keep_default_na=False)
    worlds = table.groupby(["point", "seed"])
    assert (worlds["strategy"].apply(list).map(len) == 2).all()
    assert (worlds["demand_energy_mwh"].apply(set).map(len) == 1).all()
    assert len(set(table["demand_energy_mwh"])) == 4, "each point and seed is a world of its own"


def test_resume_does_nothing_twice(done: tuple[Path, Path], tmp_path: Path, no_figures: None) -> None:
    file, folder = done
    copy, here = tmp_path / "out", Here()
    shutil.copytree(folder, copy)
    finished = run_study(file, copy, resume=True, perform=here)
    assert (here.names, finished.kept) == ([], 8)
    assert tables(copy) == tables(folder)


def test_resume_does_what_is_missing(done: tuple[Path, Path], tmp_path: Path, no_figures: None) -> None:
    file, folder = done
    copy = tmp_path / "out"
    shutil.copytree(folder, copy)
    gone = sorted((copy / "runs").iterdir())[3]
    shutil.rmtree(gone)
    here = Here()
    run_study(file, copy, resume=True, perform=here)
    assert here.names == [gone.name]
    assert tables(copy) == tables(folder)


def test_an_interrupted_study_goes_on_where_it_was(done: tuple[Path, Path], tmp_path: Path, no_figures: None) -> None:
    file, folder = done
    first, second = Here(stop_after=3, perform=made_once), Here(perform=made_once)
    with pytest.raises(StudyInterrupted, match="3 of 8 runs are done"):
        run_study(file, tmp_path / "out", perform=first)
    assert json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))["status"] == "incomplete"
    run_study(file, tmp_path / "out", resume=True, perform=second)
    assert len({*first.names, *second.names}) == 8 == len(first.names) + len(second.names)
    assert tables(tmp_path / "out") == tables(folder)


def test_resume_does_what_has_changed(tmp_path: Path, no_figures: None) -> None:
    file = write(tmp_path, seeds=[0], strategies=["static", "islanded"])
    run_study(file, tmp_path / "out", perform=Here())
    write(tmp_path, seeds=[0, 1], strategies=["static"])
    more = Here()
    run_study(file, tmp_path / "out", resume=True, perform=more)
    assert len(more.names) == 1
    assert "seed1" in more.names[0]
    buses = tmp_path / "net" / "ess.csv"
    buses.write_text(buses.read_text(encoding="utf-8").replace("100,80,20", "100,70,30"), encoding="utf-8")
    again = Here()
    run_study(file, tmp_path / "out", resume=True, perform=again)
    assert len(again.names) == 2, "an input file of both runs changed"
    assert len(pd.read_csv(tmp_path / "out" / "runs.csv")) == 2


def test_a_failed_run_is_a_row_with_its_reason(
    tmp_path: Path, no_figures: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, true_run = write(tmp_path, strategies=["islanded", "static"]), relight.sim.cosim.wiring.run_world

    def fails(case, strategy, seed, log, *more):
        if (strategy.name, seed) == ("static", 1):
            raise RuntimeError("the world\nfell apart")
        true_run(case, strategy, seed, log, *more)

    with monkeypatch.context() as patch:
        patch.setattr(relight.sim.cosim.wiring, "run_world", fails)
        finished = run_study(file, tmp_path / "out", perform=Here())
    assert finished.failed == 1
    table = pd.read_csv(tmp_path / "out" / "runs.csv", keep_default_na=False)
    assert sorted(table["status"]) == ["complete", "complete", "complete", "failed"]
    failed = table[table["status"] == "failed"].iloc[0]
    assert (failed["strategy"], failed["seed"]) == ("static", 1)
    assert failed["reason"] == "RuntimeError: the world fell apart"
    assert failed["served_energy_mwh"] == ""
    assert "fell apart" in (tmp_path / "out" / "study.md").read_text(encoding="utf-8")
    paired = pd.read_csv(tmp_path / "out" / "paired.csv")
    assert (paired["pairs"].eq(1) & paired["missing"].eq(1)).all()
    kept, again = Here(), Here()
    run_study(file, tmp_path / "out", resume=True, perform=kept)
    assert kept.names == [], "it would fail again"
    assert run_study(file, tmp_path / "out", resume=True, retry_failed=True, perform=again).failed == 0
    assert len(again.names) == 1


def test_points_that_mean_the_same_share_their_runs(tmp_path: Path, no_figures: None) -> None:
    cases = {"as it is": {}, "said aloud": {"load.power_factor": 0.95}}
    file = write(tmp_path, seeds=[0], strategies=["static"], grid=[{"name": "kind", "cases": cases}])
    here = Here()
    assert run_study(file, tmp_path / "out", perform=here).failed == 0
    table = pd.read_csv(tmp_path / "out" / "runs.csv")
    assert (len(here.names), list(table["kind"]), len(set(table["run"]))) == (1, ["as it is", "said aloud"], 1)


def test_whole_runs_on_demand(tmp_path: Path, no_figures: None) -> None:
    file = write(tmp_path, seeds=[0], strategies=["static"], keep="series")
    finished = run_study(file, tmp_path / "out", perform=Here())
    (run,) = (tmp_path / "out" / "runs").iterdir()
    assert (run / "series" / "bus.csv").is_file()
    assert (run / "scenario.yaml").is_file()
    assert finished.tables.paired.empty


def test_a_study_can_be_drawn_again(done: tuple[Path, Path], tmp_path: Path) -> None:
    copy = tmp_path / "out"
    shutil.copytree(done[1], copy)
    shutil.rmtree(copy / "figures")
    assert any(path.name == "pairs.csv" for path in redraw(copy))
    assert contents(copy) == contents(done[1])


def test_a_folder_that_is_in_use_or_holds_something_else_is_refused(done: tuple[Path, Path], tmp_path: Path) -> None:
    file, folder = done
    with pytest.raises(FolderNotEmpty, match="--resume to go on"):
        run_study(file, folder, perform=Here())
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(FolderNotEmpty, match="never replaced"):
        run_study(file, tmp_path, resume=True, perform=Here())
    other = write(tmp_path, name="another")
    with pytest.raises(FolderNotEmpty, match="holds the study 'tiny'"):
        run_study(other, folder, resume=True, perform=Here())


def test_all_mistakes_are_told_before_the_first_run(tmp_path: Path) -> None:
    axes = [{"name": "p", "path": "load.peak_kw", "values": [-1, 10, 20]}]
    file = write(tmp_path, strategies=["dynamic", "nobody"], measures=["beauty"], grid=axes, set={"pv.colour": "red"})
    with pytest.raises(ScenarioError) as error:
        run_study(file, tmp_path / "out", perform=Here())
    told = str(error.value)
    for words in ("measures = 'beauty'", "nobody", "load.peak_kw = -1", "pv.colour"):
        assert words in told
    assert told.count("pv.colour") == 1, "once, not at every point"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies_are_laid_out_in_full(name: str) -> None:
    loaded = load_study(name)
    jobs, runs = lay_out(loaded)
    study = loaded.study
    assert len(jobs) == len(study.scenarios) * len(loaded.points) * len(study.seeds) * len(study.strategies)
    assert len({job.name for job in jobs}) == len(jobs)
    worlds = pd.DataFrame(runs).groupby(["scenario", "point", "seed"])["strategy"].apply(tuple)
    assert set(worlds) == {study.strategies}


def test_a_pool_outlives_its_workers(tmp_path: Path) -> None:
    """A run whose process dies goes to another process; one that kills every process is given up."""
    jobs = [Job(name, str(tmp_path), (), "dynamic", 0, "", "") for name in ("once", "bad", "good")]
    found = {one.name: one for one in on_this_machine(jobs, 1, deadly)}
    assert {name: (one.failure == "", one.lost) for name, one in found.items()} == {
        "once": (True, False), "bad": (False, True), "good": (True, False),
    }  # fmt: skip
    assert "died 3 times" in found["bad"].failure
    assert json.loads(found["bad"].files["manifest.json"])["lost"]


def test_other_sources_are_not_mixed_in(tmp_path: Path) -> None:
    job = Job("a", str(write(tmp_path)), (), "static", 0, "", environment="another")
    outcome = perform(job)
    assert "other versions or sources" in outcome.failure
    assert outcome.lost, "with the right worker it may succeed"


@pytest.mark.parametrize("name", ["mean", "units", "other", "served_energy_mwh"])
def test_parameters_cannot_be_called_as_columns_of_the_tables(tmp_path: Path, name: str) -> None:
    """Said before the first run, for the tables come after the last."""
    file = write(tmp_path, grid=[{"name": name, "path": "load.peak_kw", "values": [80, 90]}])
    with pytest.raises(ScenarioError, match=f"{name}.*column of the tables"):
        run_study(file, tmp_path / "out", perform=Here())
    assert not (tmp_path / "out").exists()


def test_the_hash_knows_every_module_that_a_run_uses(tmp_path: Path) -> None:
    """A process of its own makes a run; what it has loaded and the hash leaves out cannot change what is kept."""
    (job,), _ = lay_out(load_study(write(tmp_path, strategies=["oracle"], seeds=[0], keep="series")))
    code = (
        "import pickle, sys; from relight.sim.campaigns import study_jobs\n"
        "assert not study_jobs.perform(pickle.load(sys.stdin.buffer)).failure\n"
        "files = {getattr(m, '__file__', None) or '' for m in list(sys.modules.values())}\n"
        "names = [f.removeprefix(f'{study_jobs.ROOT}/') for f in files if f.startswith(f'{study_jobs.ROOT}/')]\n"
        "print(*(n for n in names if n.startswith(study_jobs.FLOORS) and not study_jobs.decides(n)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(job), capture_output=True, check=True, cwd=study_jobs.ROOT
    )
    read = {"sim/campaigns/study_jobs.py", "results/study/bounds.py"}
    assert {name for name in told.stdout.decode().split() if not name.endswith("/__init__.py")} <= read


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError()])
def test_what_is_not_the_runs_own_fault_is_tried_again_on_resume(
    tmp_path: Path, no_figures: None, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    file = write(tmp_path, seeds=[0], strategies=["static"])

    def fails(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(relight.sim.cosim.wiring, "run_world", fails)
        assert run_study(file, tmp_path / "out", perform=Here()).failed == 1
    assert type(error).__name__ in pd.read_csv(tmp_path / "out" / "runs.csv")["reason"][0]
    again = run_study(file, tmp_path / "out", resume=True, perform=Here())
    assert (again.made, again.failed) == (1, 0)


def test_a_full_disk_interrupts(tmp_path: Path, no_figures: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done stays, and the message says how to go on; the same where only the tables do not fit any more."""
    file = write(tmp_path, seeds=[0], strategies=["islanded", "static"])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(FolderNotEmpty, match="cannot be written: No space left"):
        patch.setattr("relight.sim.campaigns.study.write_start", full)
        run_study(file, tmp_path / "out", perform=Here())
    for place, done in (("relight.sim.campaigns.study.store", 0), ("relight.sim.campaigns.study.write_results", 2)):
        with monkeypatch.context() as patch, pytest.raises(StudyInterrupted, match=rf"No space left.*{done} of 2 runs"):
            patch.setattr(place, full)
            run_study(file, tmp_path / "out", resume=True, perform=Here())
    assert run_study(file, tmp_path / "out", resume=True, perform=Here()).kept == 2


def test_command_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, no_figures: None
) -> None:
    """Exit codes: 0 done, by a process of its own, 2 wrong input."""
    file = write(tmp_path, seeds=[0], strategies=["static"])

    def relight(*args: object) -> int:
        monkeypatch.setattr("sys.argv", ["relight", *map(str, args)])
        try:
            cli.main()
        except SystemExit as stop:
            return int(stop.code or 0)
        return 0

    assert relight("study", file, "--workers", 1, "--out", tmp_path / "out") == 0
    assert "runs: 1 made, 0 kept from before, 0 failed" in capfd.readouterr().out
    assert relight("study", file, "--out", tmp_path / "out") == 2
    assert "--resume to go on" in capfd.readouterr().err
    assert relight("study", file, "--workers", 2, "--scheduler", "tcp://x:1") == 2
    assert relight("study", "studies/none") == 2
    assert "studies/paper-comparison" in capfd.readouterr().err
    assert relight("schema", "study") == 0
    assert '"latin_hypercube"' in capfd.readouterr().out
    assert relight("report", tmp_path / "out") == 0
