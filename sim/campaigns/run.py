"""Runs as a user asks for them: simulate, write the folder, draw."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tqdm import tqdm

from ...controllers.strategies.named import strategy_named
from ...controllers.strategies.outside import raised_at
from ...results.figures.drawing import draw_run_figures
from ...results.new_folder import ensure_writable
from ...results.report.files import write_run_report
from ...results.run_folder import RunTables, write_run
from ...scenarios.case import Case
from ...scenarios.errors import RelightError
from ..cosim.own_loop import with_own_loop
from ..cosim.run_record import record_of

RUNS = Path("results") / "runs"


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


def simulate(case: Case, strategy: str, folder: Path, *, overwrite: bool = False, bar: bool = True) -> Path:
    """One co-simulation of a case under a strategy, written to ``folder`` with figures and report; returns the folder.

    With ``bar`` a terminal shows how far it is. Raises ``FolderNotEmpty``, ``StrategyError`` and ``SolverOptionError``
    before anything runs, ``RunFailedError`` after writing what a failed or interrupted run has recorded.
    """
    from ...controllers.solver.ctrl_c import held_back, told_as_such
    from ...controllers.solver.highs import check_options  # solver, mosaik and pandapower take seconds to import
    from ..cosim.run_log import RunLog
    from ..cosim.wiring import run_world

    chosen = strategy_named(strategy, case.scenario.dispatch_centre)
    check_options(case.scenario.dispatch_centre.solver_options)
    ensure_writable(folder, overwrite)
    log, failure, cause = RunLog(), "", None
    with _progress(case, f"{case.scenario.name} {chosen.name}", bar) as on_step:
        try:
            with told_as_such():
                with_own_loop(lambda: run_world(case, chosen, case.scenario.seed, log, on_step))
        except KeyboardInterrupt as error:
            failure, cause = "interrupted", error
            say(f"interrupted: what was recorded is written to {folder}")
        except Exception as error:
            failure, cause = f"{type(error).__name__}: {error}{raised_at(error, chosen)}", error
    with held_back(lambda: say(f"interrupted: {folder} is written first")):
        write_run(folder, record_of(case, chosen, log, failure), overwrite=overwrite, finish=_draw)
    if cause is not None:
        raise RunFailedError(folder, failure) from cause
    return folder


def say(text: str) -> None:
    """A line to the user beside what shows progress."""
    with suppress(RuntimeError):  # Ctrl-C may have come amid another line
        tqdm.write(text, file=sys.stderr)


def _draw(folder: Path, run: RunTables) -> None:
    """Figures and report of a run."""
    draw_run_figures(folder, run)
    write_run_report(folder, run)


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
def _progress(case: Case, label: str, bar: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar over simulated minutes, on a terminal only."""
    step = case.scenario.clock.sim_step_min
    with tqdm(
        total=case.scenario.outage.duration_min, desc=label, unit="min", leave=False,
        disable=not (bar and sys.stderr.isatty()),
    ) as shown:  # fmt: skip

        def on_step(_: int) -> None:
            shown.update(step)

        yield on_step
