"""Comparisons: the same worlds under several strategies."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import pandas as pd

from ...results.comparison.compare import ComparedRuns
from ...results.comparison.ladder import RUNGS
from ...results.comparison.text import as_text, overview
from ...results.run import read
from ...scenarios.case import Case
from ..campaigns.compare import CLIMBING, compare_cases
from ..campaigns.pool import available_cores
from ..campaigns.run import new_run_folder, run_name
from .cases import Overrides, Source, load, path_of
from .plots import ComparisonPlots, only
from .runs import Run

ROWS_SHOWN = 20


class Comparison:
    """Strategies side by side, each in the same worlds; energies in MWh.

    `str(comparison)` is the text that `relight compare` prints, with wall times.

    Examples:
        >>> comparison = relight.compare("my.yaml", "islanded", seeds=7, out="seed-7")
        >>> comparison.runs[["strategy", "seed"]].values.tolist()
        [['islanded', 7]]
        >>> comparison.run("islanded").folder.name
        'my_half-hour_islanded_seed7'
        >>> comparison.plot.served().savefig("served.pdf")
    """

    def __init__(self, folder: Path, tables: ComparedRuns) -> None:
        self.folder = folder
        """where its files are; the runs are in `runs/`"""
        self.tables = tables
        """everything that was compared, as frames"""

    @property
    def runs(self) -> pd.DataFrame:
        """One row per scenario, strategy and seed, a column per measure as in `comparison.csv`."""
        return self.tables.runs

    @property
    def metrics(self) -> pd.DataFrame:
        """One row per scenario, strategy and seed, a column per metric of `docs/metrics.md`."""
        return self.tables.metrics

    @property
    def forecast(self) -> pd.DataFrame:
        """How good the forecasts were: one row per scenario, strategy, seed, `kind` (load, sun) and `lead_min` (lead
        time; NaN: over all). Bias and root-mean-square error of the total, sum of the errors of single areas or PV
        units, in kW and in % of what happened, and the share of the error in common."""
        return self.tables.forecast

    @property
    def published(self) -> pd.DataFrame:
        """Our numbers beside those that a publication prints, with their marks."""
        return self.tables.published

    @property
    def ladder(self) -> pd.DataFrame:
        """What each rung of the ladder of freedom is worth, paired over seeds; empty unless all rungs were run."""
        return self.tables.ladder

    def over_seeds(self) -> pd.DataFrame:
        """Mean, minimum and maximum of each measure over the seeds."""
        return self.tables.over_seeds()

    def run(self, strategy: str, *, scenario: str | None = None, seed: int | None = None) -> Run:
        """One of the runs; `scenario` and `seed` are needed where there are several. Raises KeyError for one that
        was not compared."""
        runs = self.runs
        what = only(strategy, list(runs["strategy"].unique()), "strategy")
        where = only(scenario, list(self.tables.clocks), "scenario")
        which = only(seed, [int(one) for one in runs.loc[runs["scenario"] == where, "seed"].unique()], "seed")
        folder = self.folder / "runs" / run_name(where, what, which)
        return Run(folder, read.read_run(folder))

    @cached_property
    def plot(self) -> ComparisonPlots:
        """Figures: `comparison.plot.served()`."""
        return ComparisonPlots(self.tables)

    def __repr__(self) -> str:
        lines = overview(self.tables)
        more = len(lines) - ROWS_SHOWN
        shown = [*lines[:ROWS_SHOWN], *([f"and {more} more lines"] if more > 0 else [])]
        return "\n".join([f"<Comparison of {len(self.runs)} runs in {self.folder}", *shown]) + ">"

    def __str__(self) -> str:
        return as_text(self.tables)


def compare(
    cases: Source | Iterable[Source],
    strategies: str | Iterable[str] = ("dynamic", "static"),
    *,
    ladder: bool = False,
    seeds: int | Iterable[int] | None = None,
    out: str | os.PathLike[str] | None = None,
    overrides: Overrides | None = None,
    overwrite: bool = False,
    workers: int | None = 1,
) -> Comparison:
    """Run the same worlds under several strategies and compare them, with tables, figures and report in a folder.

    A study resumes and outlives a failed run; a comparison does neither.

    Args:
        cases: One case or several, or what `load` takes; each with a name of its own.
        strategies: Names of `relight strategy list`, or `path/to/file.py:Class`.
        ladder: The ladder of freedom in place of strategies (docs/strategies.md); `comparison.ladder` then tells what
            each rung is worth. Sets `dispatch_centre.climb`, unless `overrides` does.
        seeds: In place of each scenario's own.
        out: The comparison's own folder; default: a new one under `results/runs` of the current folder.
        overrides: As for `load`, for every case.
        overwrite: Replace what is in the folder, if it is a run's or another result's.
        workers: Processes, which change no byte of the results; 1: this one alone; None: one per core.

    Returns:
        The comparison.

    Raises:
        ScenarioError: As `load`.
        StrategyError: There is no such strategy, or it cannot be used.
        DuplicateRunError: The same scenario and seed are asked for twice.
        FolderNotEmpty: There is something in the folder, or it cannot be made.
        RunFailedError: A run failed, or was interrupted; the message tells how many are finished.

    Examples:
        >>> text = "extends: guo45/fault-1000\\nname: my/half-hour\\noutage: {duration_min: 30}"
        >>> _ = Path("my.yaml").write_text(text)
        >>> comparison = relight.compare("my.yaml", ["greedy", "islanded"], out="my-comparison")
        >>> comparison.runs["ac_steps"].tolist()
        [6, 6]
    """
    sources = [cases] if isinstance(cases, Case | str | os.PathLike) else list(cases)
    names = [strategies] if isinstance(strategies, str) else list(dict.fromkeys(strategies))
    if ladder:
        names, overrides = list(RUNGS), {**CLIMBING, **(overrides or {})}
    asked = [seeds] if isinstance(seeds, int) else list(dict.fromkeys(seeds)) if seeds is not None else [None]
    loaded = [load(source, seed=seed, overrides=overrides) for source in sources for seed in asked]
    stem = "compare_" + "_".join(dict.fromkeys(case.scenario.name.rpartition("/")[2] for case in loaded))
    folder = path_of(out) or new_run_folder(stem)
    processes = workers or available_cores()
    return Comparison(folder, compare_cases(loaded, names, folder, overwrite=overwrite, workers=processes))
