"""Studies: scenarios, strategies, parameters and seeds from a file, in several processes."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from ...results.study.text import as_text
from ...scenarios.studies.loader import load_study
from ..campaigns.pool import available_cores
from ..campaigns.study import Finished, folder_of_study, run_study
from .cases import path_of


class StudyResult:
    """A study's tables, and how many of its runs were made now, kept from before, and failed.

    `str(result)` is the text that `relight study` prints.

    Examples:
        >>> result = relight.study("my-study.yaml", out="my-study", workers=1, resume=True)
        >>> result.made, result.kept, result.failed
        (0, 1, 0)
    """

    def __init__(self, folder: Path, finished: Finished) -> None:
        self.folder = folder
        """where its files are; the runs are in `runs/`"""
        self._finished = finished

    @property
    def made(self) -> int:
        """Runs made now."""
        return self._finished.made

    @property
    def kept(self) -> int:
        """Runs kept from before."""
        return self._finished.kept

    @property
    def failed(self) -> int:
        """Runs that failed; `runs` has their reasons."""
        return self._finished.failed

    @property
    def runs(self) -> pd.DataFrame:
        """One row per run: scenario, point, parameters, strategy, seed, status, reason, measures (energies in MWh)."""
        return self._finished.tables.runs

    @property
    def strategies(self) -> pd.DataFrame:
        """Each strategy by itself: mean with its interval, spread, of every measure at every point."""
        return self._finished.tables.strategies

    @property
    def paired(self) -> pd.DataFrame:
        """The reference against each other strategy, in pairs of the same world."""
        return self._finished.tables.paired

    @property
    def profiles(self) -> pd.DataFrame:
        """Performance profiles."""
        return self._finished.tables.profiles

    @property
    def sensitivity(self) -> pd.DataFrame:
        """Rank correlation of measures with numeric parameters."""
        return self._finished.tables.sensitivity

    @property
    def bounds(self) -> pd.DataFrame:
        """Each run against the bounds of its world."""
        return self._finished.tables.bounds

    def __repr__(self) -> str:
        return (
            f"<StudyResult of {len(self.runs)} runs ({self.made} made, {self.kept} kept, {self.failed} failed), "
            f"strategies {', '.join(self._finished.shape.strategies)}; {self.folder}>"
        )

    def __str__(self) -> str:
        return as_text(self._finished.tables, self._finished.shape)


def study(
    source: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    retry_failed: bool = False,
    overwrite: bool = False,
) -> StudyResult:
    """Run a study and make its tables and figures; every run is kept as soon as it is done.

    Args:
        source: A YAML file, or a shipped name such as `studies/paper-comparison`.
        out: The study's own folder; default: a new one under `results/runs` of the current folder, with `resume` that
            in which this study was last at work.
        workers: Processes; default: one per core.
        scheduler: Address of a Dask scheduler to run on instead.
        resume: Do only what is missing or changed.
        retry_failed: With `resume`: failed runs again.
        overwrite: Replace what is in the folder, if it is a study's or another result's.

    Returns:
        Tables and counts; a run that failed is counted and does not stop the others.

    Raises:
        ScenarioError: Everything that is wrong with the study or one of its scenarios, at once.
        StrategyError: There is no such strategy, or it cannot be used.
        FolderNotEmpty: There is something in the folder, or it cannot be made.
        StudyInterrupted: It ended before its last run; with `resume` it goes on.

    Examples:
        >>> text = "name: mine\\nscenarios: [my.yaml]\\nstrategies: [islanded]\\nseeds: 0"
        >>> _ = Path("my-study.yaml").write_text(text)
        >>> relight.study("my-study.yaml", out="my-study", workers=1).runs["status"].tolist()
        ['complete']
    """
    name = os.fspath(source)
    folder = path_of(out) or folder_of_study(load_study(name), resume)
    finished = run_study(
        name, folder, workers=workers or available_cores(), scheduler=scheduler, resume=resume,
        overwrite=overwrite, retry_failed=retry_failed,
    )  # fmt: skip
    return StudyResult(folder, finished)
