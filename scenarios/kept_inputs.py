"""A scenario's own input files as a run keeps them: copies in ``inputs/`` beside the resolved ``scenario.yaml``.

So a run's folder loads again wherever it is taken. Files that ship with Relight are found by name and not copied.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from .case import Case
from .reading.problems import PACKAGE_FOLDER, find_input, kept_name
from .schema.network_kinds import PandapowerJson, TablesNetwork

MOST_BYTES = 5_000_000
"""Larger files are not copied."""


def input_files(case: Case) -> dict[str, Path]:
    """The files to keep by their name in ``inputs/``: all that the scenario names and that do not ship."""
    files: dict[str, Path] = {}
    for given in _names(case):
        place = find_input(given, case.folder).resolve()
        for path in (read.resolve() for read in case.inputs):
            if path.is_relative_to(PACKAGE_FOLDER):
                continue
            if path == place:
                files[kept_name(given)] = path
            elif path.is_relative_to(place) and place.is_dir():
                files[str(PurePosixPath(kept_name(given)) / path.relative_to(place).as_posix())] = path
    return dict(sorted(files.items()))


def _names(case: Case) -> list[str]:
    scenario = case.scenario
    names = [
        scenario.load.forecast_csv, scenario.load.actual_csv, scenario.pv.forecast_csv, scenario.pv.actual_csv,
    ]  # fmt: skip
    if scenario.forecast:
        names += [scenario.forecast.pv_issues_csv, scenario.forecast.load_issues_csv]
    if isinstance(scenario.network, TablesNetwork):
        names.append(scenario.network.folder)
    if isinstance(scenario.network, PandapowerJson):
        names.append(scenario.network.file)
    return [name for name in names if name]
