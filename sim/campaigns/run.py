"""Runs and comparisons as a user asks for them: load, simulate, write the folder, draw."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from ...controllers.strategies.named import strategies_named, strategy_named
from ...controllers.strategies.outside import raised_at
from ...results.comparison.compare import ComparedRuns, compare
from ...results.comparison.text import write_comparison
from ...results.figures.drawing import draw_comparison_figures, draw_run_figures
from ...results.new_folder import ensure_writable
from ...results.report.files import write_comparison_report, write_run_report
from ...results.run.writing import write_json
from ...results.run_folder import write_run
from ...scenarios.case import Case
from ...scenarios.errors import InputError, RelightError
from ...scenarios.loader import load_case
from ..cosim.own_loop import with_own_loop
from .record import record_of

RUNS = Path("results") / "runs"


class DuplicateRunError(InputError):
    """A comparison that would run the same scenario and seed twice.

    Examples:
        >>> relight.compare(["guo45/fault-1000", "guo45/fault-1000"])
        Traceback (most recent call last):
        relight.DuplicateRunError: asked for twice: guo45/fault-1000 (seed 0); ...
    """


class RunFailedError(RelightError):
    """A run ended early; ``folder`` holds what was recorded, with the reason in its manifest.

    Examples:
        >>> try:
        ...     run = relight.run("guo45/fault-1000", "islanded", overrides={"outage.duration_min": 30}, out="short")
        ... except relight.RunFailedError as error:
        ...     run = relight.read_run(error.folder)
        >>> run.complete
        True
    """

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{reason}; what was recorded is in {folder}")
        self.folder = folder


class ComparisonStoppedError(RunFailedError):
    """A comparison that ended before its last run; ``finished`` runs are whole, each in its folder in ``runs``."""

    def __init__(self, cause: BaseException, finished: int, runs: Path) -> None:
        kept = f"finished runs in {runs}: {finished}" if finished else "no run was finished"
        told = f"{str(cause) or 'interrupted'}; {kept}; a comparison does not resume, a study does (relight study)"
        RelightError.__init__(self, told)
        self.folder = cause.folder if isinstance(cause, RunFailedError) else runs


def simulate(case: Case, strategy: str, folder: Path, *, overwrite: bool = False, label: str = "") -> Path:
    """One co-simulation of a case under a strategy, written to ``folder`` with figures and report; returns the folder.

    Raises ``FolderNotEmpty``, ``StrategyError`` and ``SolverOptionError`` before anything runs,
    ``RunFailedError`` after writing what a failed or interrupted run has recorded.
    """
    from ...controllers.solver.highs import check_options  # solver, mosaik and pandapower take seconds to import
    from ..cosim.run_log import RunLog
    from ..cosim.wiring import run_world

    chosen = strategy_named(strategy, case.scenario.dispatch_centre)
    check_options(case.scenario.dispatch_centre.solver_options)
    ensure_writable(folder, overwrite)
    log, failure, cause = RunLog(), "", None
    with _progress(case, label or f"{case.scenario.name} {chosen.name}") as on_step:
        try:
            with_own_loop(lambda: run_world(case, chosen, case.scenario.seed, log, on_step))
        except KeyboardInterrupt as error:
            failure, cause = "interrupted", error
        except Exception as error:
            failure, cause = f"{type(error).__name__}: {error}{raised_at(error, chosen)}", error
    write_run(folder, record_of(case, chosen, log, failure), overwrite=overwrite, finish=_draw)
    if cause is not None:
        raise RunFailedError(folder, failure) from cause
    return folder


def compare_strategies(
    sources: Sequence[str],
    strategies: Sequence[str],
    seeds: Sequence[int | None],
    folder: Path,
    *,
    overrides: Sequence[str] = (),
    overwrite: bool = False,
) -> ComparedRuns:
    """Every scenario under every strategy for every seed (None: the scenario's own), and the comparison of all.

    Raises as ``load_case`` and ``compare_cases`` do.
    """
    strategies_named(strategies)
    cases = [load_case(source, overrides, seed) for source in sources for seed in seeds]
    return compare_cases(cases, strategies, folder, overwrite=overwrite)


def compare_cases(
    cases: Sequence[Case], strategies: Sequence[str], folder: Path, *, overwrite: bool = False
) -> ComparedRuns:
    """Every case under every strategy, and the comparison of all.

    All inputs are checked before the first run. Each run's folder is complete as soon as it is done, under
    ``folder/runs``; the comparison is written last. Raises as ``simulate`` does, ``DuplicateRunError``, and
    ``ComparisonStoppedError`` where a run failed or was interrupted.
    """
    from ...controllers.solver.highs import check_options

    strategies_named(strategies)
    called = {
        name: chosen.name
        for name, chosen in zip(
            strategies, strategies_named(strategies, [case.scenario.dispatch_centre for case in cases]), strict=True
        )
    }
    keys = [(case.scenario.name, case.scenario.seed) for case in cases]
    if twice := sorted({f"{name} (seed {seed})" for name, seed in keys if keys.count((name, seed)) > 1}):
        raise DuplicateRunError(f"asked for twice: {', '.join(twice)}; give each scenario a name of its own")
    for options in {id(case): case.scenario.dispatch_centre.solver_options for case in cases}.values():
        check_options(options)
    ensure_writable(folder, overwrite)
    shutil.rmtree(folder, ignore_errors=True)  # runs of an earlier comparison must not stay beside the new ones
    folder.mkdir(parents=True)
    write_json(folder / "comparison.json", {"status": "incomplete"})  # marks the folder as ours from the start
    folders: list[Path] = []
    for case in cases:
        for strategy in strategies:
            name = run_name(case.scenario.name, called[strategy], case.scenario.seed)
            print(f"{len(folders) + 1} of {len(cases) * len(strategies)}: {name}", file=sys.stderr)
            try:
                folders.append(simulate(case, strategy, folder / "runs" / name))
            except (RunFailedError, KeyboardInterrupt) as error:
                raise ComparisonStoppedError(error, len(folders), folder / "runs") from error
    comparison = compare(folders)
    write_comparison(comparison, folder)
    draw_comparison_figures(folder)
    write_comparison_report(folder)
    return comparison


def _draw(folder: Path) -> None:
    """Figures and report of a run."""
    draw_run_figures(folder)
    write_run_report(folder)


def run_name(scenario: str, strategy: str, seed: int) -> str:
    """What the folder of a run is called; a scenario's name may hold a slash."""
    return f"{scenario.replace('/', '_')}_{strategy}_seed{seed}"


def folder_of_run(case: Case, strategy: str) -> Path:
    """A new folder for a run of a case under a strategy. Raises ``StrategyError``."""
    return new_run_folder(run_name(case.scenario.name, strategy_named(strategy).name, case.scenario.seed))


def new_run_folder(name: str) -> Path:
    """A folder under ``results/runs`` that does not exist yet, named after what runs in it."""
    stem = name.replace("/", "_")
    candidates = (RUNS / (stem if k == 1 else f"{stem}-{k}") for k in range(1, sys.maxsize))
    return next(path for path in candidates if not path.exists())


def begun_run_folder(name: str) -> Path | None:
    """The folder under ``results/runs`` in which what has this name was last at work."""
    begun = [path for path in RUNS.glob(f"{name.replace('/', '_')}*") if path.is_dir()]
    return max(begun, key=lambda path: path.stat().st_mtime, default=None)


@contextmanager
def _progress(case: Case, label: str) -> Iterator[Callable[[int], None]]:
    """A progress bar over simulated minutes, on a terminal only."""
    step = case.scenario.clock.sim_step_min
    with tqdm(
        total=case.scenario.outage.duration_min, desc=label, unit="min", leave=False, disable=not sys.stderr.isatty()
    ) as bar:

        def on_step(_: int) -> None:
            bar.update(step)

        yield on_step
