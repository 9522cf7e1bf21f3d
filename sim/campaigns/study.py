"""Studies: every run of a study once, kept as soon as it is done, in any number of processes; then its tables."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ...controllers.solver.highs import check_options
from ...controllers.strategies.named import strategy_named
from ...controllers.strategies.strategy import Strategy, StrategyError
from ...results.comparison.measures import MEASURES
from ...results.new_folder import FolderNotEmpty, ensure_writable, new_folder
from ...results.run.read import NotARun, read_json
from ...results.study.files import RUNS, write_results, write_start
from ...results.study.tables import TAKEN, StudyShape, StudyTables
from ...scenarios.case import Case
from ...scenarios.errors import RelightError
from ...scenarios.loader import load_case
from ...scenarios.reading.problems import Problem, ScenarioError, listed, meant
from ...scenarios.studies.loader import LoadedStudy, Point, load_study
from .cluster import connect, on_cluster
from .pool import LOST, in_processes
from .run import begun_run_folder, new_run_folder
from .study_jobs import Job, Outcome, case_hash, environment_hash, finished, input_hash, perform

REPORT_S = 60.0
"""Without a terminal progress is told this often."""

Perform = Callable[[Sequence[Job]], Iterable[Outcome]]


class StudyInterrupted(RelightError):
    """A study that ended before its last run; what is done is kept.

    Examples:
        >>> try:
        ...     result = relight.study("my-study.yaml", out="my-study", workers=1, resume=True)
        ... except relight.StudyInterrupted:
        ...     print("go on with resume=True")
    """

    exit_code = 1

    def __init__(self, done: int, runs: int, folder: Path, reason: str) -> None:
        super().__init__(f"{reason}: {done} of {runs} runs are done and kept in {folder}; go on with --resume")


@dataclass(frozen=True)
class Finished:
    """A study's tables, and how many of its runs were made now, kept from before, and failed."""

    tables: StudyTables
    shape: StudyShape
    made: int
    kept: int
    failed: int


def run_study(
    source: str | Path,
    folder: Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    retry_failed: bool = False,
    perform: Perform | None = None,
) -> Finished:
    """Make every run of a study that ``folder`` does not hold yet, then its tables and figures.

    Runs are made by ``workers`` processes, or by the Dask cluster at ``scheduler``. With ``resume`` a run whose input
    hash is unchanged is kept, also a failed one unless ``retry_failed`` or it was lost (``Outcome``).
    Raises before anything is run: ScenarioError, SolverOptionError, FolderNotEmpty, SchedulerError; later
    StudyInterrupted (Ctrl-C, lost cluster, full disk), after which ``resume`` goes on.
    """
    loaded = load_study(source)
    _check_folder(folder, loaded, resume, overwrite)
    jobs, described = lay_out(loaded)
    if perform is None and scheduler:
        connect(scheduler)[0].close()
    with _alone_in(folder):
        called = {one: strategy_named(how).name for one, how in _strategies(loaded)}
        try:
            if overwrite and not resume:
                for path in folder.iterdir():
                    if path.name != LOCK:
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
            write_start(folder, loaded.study, command_of(loaded), called, described)
        except OSError as error:
            raise _unwritable(folder, error) from error
        runs = folder / RUNS
        waiting = [job for job in jobs if not _is_done(runs / job.name, job, retry_failed)]
        kept = len(jobs) - len(waiting)
        # Those that optimise many times take longest: last, they would keep one process busy and the others waiting.
        often = {how: _optimises_often(strategy_named(how)) for _, how in _strategies(loaded)}
        waiting.sort(key=lambda job: not often[job.strategy])
        if perform is None:
            perform = _performer(workers, scheduler)
        done, outcomes = kept, _told(perform(waiting), len(jobs), kept)
        try:
            for outcome in outcomes:
                store(runs / outcome.name, outcome)
                done += 1
        except KeyboardInterrupt as error:
            raise StudyInterrupted(done, len(jobs), folder, "interrupted") from error
        except OSError as error:  # the cluster went away, the disk is full
            raise StudyInterrupted(done, len(jobs), folder, str(error)) from error
        finally:
            outcomes.close()  # ends the processes
        if done < len(jobs):
            raise StudyInterrupted(done, len(jobs), folder, "some runs never came back")
        try:
            tables, shape = write_results(folder)
        except OSError as error:
            raise StudyInterrupted(done, len(jobs), folder, f"tables cannot be written, {error}") from error
    failed = int((tables.runs["status"] != "complete").sum())
    return Finished(tables, shape, made=len(waiting), kept=kept, failed=failed)


def folder_of_study(loaded: LoadedStudy, resume: bool) -> Path:
    """A new folder for a study, or the one in which it was last at work, if it is to go on there."""
    stem = f"study_{loaded.study.name}"
    return (begun_run_folder(stem) if resume else None) or new_run_folder(stem)


def lay_out(loaded: LoadedStudy) -> tuple[list[Job], list[dict[str, Any]]]:
    """All runs of a study in their order, and what study.json says of each.

    Every scenario is loaded at every point, so that all mistakes are found before the first run. Raises ScenarioError.
    """
    study, problems = loaded.study, list[Problem]()
    for axis in study.parameters:
        if axis.name in TAKEN:
            problems.append(Problem(loaded.file, "name", axis.name, "is a column of the tables; name it otherwise"))
    for name in study.measures:
        if name not in MEASURES:
            known = listed(MEASURES, limit=200) + meant(name, MEASURES)
            problems.append(Problem(loaded.file, "measures", name, f"no such measure; there are: {known}"))
    strategies = _check_strategies(loaded, None, problems)
    names: dict[str, str] = {}
    cases: list[tuple[str, Point, str]] = []  # source, point and hash; a thousand loaded cases would fill the memory
    for written, source in zip(study.scenarios, loaded.sources, strict=True):
        for point in loaded.points:
            try:
                case = load_case(source, point.overrides, study.seeds[0])
            except ScenarioError as error:
                at = f"{written} at {point.label}" if point.values else written
                problems += [Problem(loaded.file, f"{at}: {p.field}", p.value, p.remedy) for p in error.problems]
                continue
            check_options(case.scenario.dispatch_centre.solver_options)
            _check_strategies(loaded, case, problems)
            names[source] = case.scenario.name
            cases.append((source, point, case_hash(case)))
    if len(set(names.values())) < len(names):
        remedy = "two scenarios have the same name, so tables could not tell them apart; rename one"
        problems.append(Problem(loaded.file, "scenarios", sorted(names.values()), remedy))
    if problems:
        raise ScenarioError(_first_of_each(problems))
    jobs: dict[str, Job] = {}  # by name: two points that mean the same share their runs
    described: list[dict[str, Any]] = []
    whole, environment = study.keep == "series", environment_hash()
    for (source, point, of_case), seed, (how, strategy) in itertools.product(cases, study.seeds, strategies):
        digest = input_hash(of_case, strategy, seed, whole)
        name = "_".join((_slug(names[source]), _slug(strategy.name), f"seed{seed}", digest[:16]))
        jobs[name] = Job(name, source, point.overrides, how, seed, digest, environment, whole)
        values = {n: v if isinstance(v, str | int | float) else json.dumps(v) for n, v in point.values.items()}
        where = {"scenario": names[source], "point": point.label, "strategy": strategy.name, "seed": seed}
        described.append({"run": name, **where, "values": values})
    return list(jobs.values()), described


def store(folder: Path, outcome: Outcome) -> None:
    """Write a run's folder whole or not at all; one that is there already, failed or outdated, is replaced."""
    with new_folder(folder, overwrite=True) as building:
        for name, content in outcome.files.items():
            (building / name).parent.mkdir(parents=True, exist_ok=True)
            (building / name).write_bytes(content)


def command_of(loaded: LoadedStudy) -> str:
    """The command that makes a study's results, without machine paths."""
    return f"relight study {loaded.file}"


def _check_strategies(loaded: LoadedStudy, case: Case | None, problems: list[Problem]) -> list[tuple[str, Strategy]]:
    """A study's strategies, each with how it is named; what is wrong with them, or with two of one name, is noted."""
    found: list[tuple[str, Strategy]] = []
    for written, how in _strategies(loaded):
        try:
            chosen = strategy_named(how, case.scenario.dispatch_centre if case else None)
        except StrategyError as error:
            problems.append(Problem(loaded.file, "strategies", written, str(error)))
            continue
        if chosen.name in [other.name for _, other in found]:
            remedy = f"is called {chosen.name!r}, and so is another one; give it another name"
            problems.append(Problem(loaded.file, "strategies", written, remedy))
        found.append((how, chosen))
    return found


def _strategies(loaded: LoadedStudy) -> list[tuple[str, str]]:
    """A study's strategies as they are written and as ``strategy_named`` takes them."""
    return list(zip(loaded.study.strategies, loaded.strategies, strict=True))


def _optimises_often(strategy: Strategy) -> bool:
    return strategy.replans and strategy.planner is None


def _first_of_each(problems: Sequence[Problem]) -> list[Problem]:
    """The same mistake once, not once for each point."""
    first: dict[tuple[str, str, str], Problem] = {}
    for one in problems:
        first.setdefault((one.field.rsplit(": ", 1)[-1], repr(one.value), one.remedy), one)
    return [replace(one, field=one.field.removesuffix(": ")) for one in first.values()]


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-." else "-" for c in name)


def _check_folder(folder: Path, loaded: LoadedStudy, resume: bool, overwrite: bool) -> None:
    is_study = (folder / "study.json").is_file()
    if resume and is_study:
        try:
            name = read_json(folder / "study.json").get("name")
        except NotARun:
            return  # killed while it was written: it is written again
        if name != loaded.study.name:
            reason = f"{folder} holds the study {name!r}, not {loaded.study.name!r}; choose another folder"
            raise FolderNotEmpty(folder, ours=True, reason=reason)
        return
    try:
        ensure_writable(folder, overwrite)
    except FolderNotEmpty as error:
        if is_study and error.ours:
            reason = f"{folder} already holds a study; pass --resume to go on with it, or --overwrite to begin anew"
            raise FolderNotEmpty(folder, ours=True, reason=reason) from error
        if not folder.is_dir() or {path.name for path in folder.iterdir()} - {LOCK}:
            raise


def _is_done(folder: Path, job: Job, retry_failed: bool) -> bool:
    """Whether a run's folder holds its result: the same input hash, not lost."""
    try:
        manifest = read_json(folder / "manifest.json")
    except NotARun:
        return False
    if manifest.get("input_hash") != job.input_hash or manifest.get("lost"):
        return False
    return manifest["status"] == "complete" or not retry_failed


LOCK = ".lock"


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold a study's folder (made if needed) against a second process. The lock ends with the process, however it ends.

    Raises FolderNotEmpty.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = (folder / LOCK).open("a")
    except OSError as error:
        raise _unwritable(folder, error) from error
    with opened as file:
        try:
            import fcntl
        except ImportError:  # Windows: nothing guards the folder
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            reason = f"{folder}: another process is working on this study; wait for it, or choose another folder"
            raise FolderNotEmpty(folder, ours=True, reason=reason) from error
        yield


def _unwritable(folder: Path, error: OSError) -> FolderNotEmpty:
    return FolderNotEmpty(folder, ours=True, reason=f"{folder} cannot be written: {error.strerror or error}")


def _performer(workers: int, scheduler: str | None) -> Perform:
    if scheduler:
        return lambda jobs: on_cluster(jobs, scheduler)
    return lambda jobs: on_this_machine(jobs, workers)


def on_this_machine(
    jobs: Sequence[Job], workers: int, do: Callable[[Job], Outcome] = perform
) -> Generator[Outcome, None, None]:
    """Outcomes as they come; always from processes of their own, so that no run takes the study with it."""
    for _, outcome in in_processes(do, jobs, workers, lambda job: finished(job, {}, LOST, lost=True)):
        yield outcome


def _told(outcomes: Iterable[Outcome], runs: int, kept: int) -> Generator[Outcome, None, None]:
    """Tell how far a study is: a bar with the time left on a terminal, else a line each minute; failures at once."""
    began, spoke, failed = time.monotonic(), time.monotonic(), 0
    terminal = sys.stderr.isatty()
    with tqdm(total=runs, initial=kept, unit="run", leave=False, disable=not terminal, smoothing=0.1) as bar:
        for made, outcome in enumerate(outcomes, 1):
            yield outcome
            bar.update()
            if outcome.failure:
                failed += 1
                tqdm.write(f"failed: {outcome.name}: {outcome.failure}", file=sys.stderr)
                bar.set_postfix(failed=failed)
            now = time.monotonic()
            if not terminal and now - spoke >= REPORT_S:
                spoke, left_s = now, (now - began) / made * (runs - kept - made)
                line = f"{kept + made} of {runs} runs, {failed} failed, {_clock(left_s)} left"
                print(line, file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}"
