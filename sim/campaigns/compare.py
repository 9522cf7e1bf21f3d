"""Comparisons as a user asks for them: the same worlds under several strategies, then tables, figures and report."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ...controllers.strategies.named import strategies_named
from ...results.comparison.compare import ComparedRuns, compare
from ...results.comparison.text import write_comparison
from ...results.figures.drawing import draw_comparison_figures
from ...results.new_folder import ensure_writable
from ...results.report.files import write_comparison_report
from ...results.run.writing import write_json
from ...scenarios.case import Case
from ...scenarios.errors import InputError, RelightError
from ...scenarios.loader import load_case
from .pool import LOST, here_or_in_processes
from .run import RunFailedError, run_name, say, simulate

CLIMBING = {"dispatch_centre.climb": True}
"""What the ladder asks of a scenario, unless told otherwise: a rung's first plan is worth no less than that below."""


class DuplicateRunError(InputError):
    """A comparison that would run the same scenario and seed twice.

    Examples:
        >>> relight.compare(["guo45/fault-1000", "guo45/fault-1000"])
        Traceback (most recent call last):
        relight.DuplicateRunError: asked for twice: guo45/fault-1000 (seed 0); ...
    """


class ComparisonStoppedError(RunFailedError):
    """A comparison that ended before its last run; ``finished`` runs are whole, each in its folder in ``runs``."""

    def __init__(self, cause: BaseException, finished: int, runs: Path) -> None:
        kept = f"finished runs in {runs}: {finished}" if finished else "no run was finished"
        told = f"{str(cause) or 'interrupted'}; {kept}; a comparison does not resume, a study does (relight study)"
        RelightError.__init__(self, told)
        self.folder = cause.folder if isinstance(cause, RunFailedError) else runs


def compare_strategies(
    sources: Sequence[str],
    strategies: Sequence[str],
    seeds: Sequence[int | None],
    folder: Path,
    *,
    overrides: Sequence[str] = (),
    overwrite: bool = False,
    workers: int = 1,
) -> ComparedRuns:
    """Every scenario under every strategy for every seed (None: the scenario's own), and the comparison of all.

    Raises as ``load_case`` and ``compare_cases`` do.
    """
    strategies_named(strategies)
    cases = [load_case(source, overrides, seed) for source in sources for seed in seeds]
    return compare_cases(cases, strategies, folder, overwrite=overwrite, workers=workers)


def compare_cases(
    cases: Sequence[Case], strategies: Sequence[str], folder: Path, *, overwrite: bool = False, workers: int = 1
) -> ComparedRuns:
    """Every case under every strategy, and the comparison of all.

    All inputs are checked before the first run. Each run's folder is complete as soon as it is done, under
    ``folder/runs``; the comparison is written last, the same for any number of ``workers``. One worker is this process
    alone; of a run that is interrupted in another process nothing is kept. Raises as ``simulate`` does,
    ``DuplicateRunError``, and ``ComparisonStoppedError`` where a run failed or was interrupted.
    """
    from ...controllers.solver.ctrl_c import held_back
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
    runs = [
        _Run(case, strategy, folder / "runs" / run_name(case.scenario.name, called[strategy], case.scenario.seed),
             bar=workers == 1)
        for case in cases
        for strategy in strategies
    ]  # fmt: skip
    _make(runs, workers, folder / "runs")
    with held_back(lambda: say(f"interrupted: {folder} is written first")):
        comparison = compare([run.folder for run in runs])
        write_comparison(comparison, folder)
        draw_comparison_figures(folder)
        write_comparison_report(folder)
    return comparison


@dataclass(frozen=True)
class _Run:
    """One run of a comparison."""

    case: Case
    strategy: str
    folder: Path
    bar: bool


def _make(runs: Sequence[_Run], workers: int, place: Path) -> None:
    """Make all runs. Raises ``ComparisonStoppedError``."""
    finished = 0
    with tqdm(total=len(runs), unit="run", leave=False, disable=workers == 1 or not sys.stderr.isatty()) as shown:

        def begun(k: int) -> None:
            tqdm.write(f"{k + 1} of {len(runs)}: {runs[k].folder.name}", file=sys.stderr)

        try:
            with closing(here_or_in_processes(_perform, runs, workers, _lost, begun)) as made:
                for _ in made:
                    finished += 1
                    shown.update()
        except (RunFailedError, KeyboardInterrupt) as error:
            for half_written in place.glob(".*"):  # by a process that was ended
                shutil.rmtree(half_written, ignore_errors=True)
            raise ComparisonStoppedError(error, finished, place) from error


def _perform(run: _Run) -> None:
    simulate(run.case, run.strategy, run.folder, bar=run.bar)


def _lost(run: _Run) -> None:
    raise RunFailedError(run.folder.parent, f"{run.folder.name}: {LOST}; try fewer --workers")
