"""A run read back from its folder: one pandas table per file, ids always as text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import ValidationError

from ...scenarios.errors import InputError
from ...scenarios.reading.wording import under_new_names
from ...scenarios.reading.yaml_text import read_yaml
from ...scenarios.schema.scenario import Scenario
from .recorder import COLUMNS, TEXT_COLUMNS, table_path
from .tables import OPTIONAL, OPTIONAL_TABLES


class NotARun(InputError):
    """A folder that is not a run's folder, or a damaged one.

    Examples:
        >>> relight.read_run("nowhere")
        Traceback (most recent call last):
        relight.NotARun: nowhere: no such folder
    """


class IncompleteRun(InputError):
    """A run that failed can be neither scored nor compared: over a part of the window most numbers would mislead.

    Examples:
        >>> run = relight.read_run("my-run")
        >>> try:
        ...     saifi = run.metrics()["value"]["saifi"]
        ... except relight.IncompleteRun:
        ...     saifi = None
    """


@dataclass(frozen=True)
class RunTables:
    """Everything a run's folder says, its wall times and figures apart.

    Ids and words are text (empty where there is none), all else is float with NaN for an empty cell.
    """

    manifest: dict[str, Any]
    scenario: Scenario
    plans: list[dict[str, Any]]
    bus: pd.DataFrame
    branch: pd.DataFrame
    switch: pd.DataFrame
    island: pd.DataFrame
    local_area: pd.DataFrame
    unit: pd.DataFrame
    message: pd.DataFrame
    violations: pd.DataFrame
    events: pd.DataFrame
    cold_load: pd.DataFrame
    """empty without cold load pick-up"""
    forecast: pd.DataFrame
    """how good the forecasts are; empty where a run does not tell"""

    @property
    def strategy(self) -> str:
        return str(self.manifest["strategy"])

    @property
    def seed(self) -> int:
        return int(self.manifest["seed"])

    @property
    def title(self) -> str:
        """Case, strategy and seed, as figures tell them."""
        part = "" if self.complete else ", failed: up to where it stopped"
        return f"{self.scenario.name}, {self.strategy}, seed {self.seed}{part}"

    @property
    def complete(self) -> bool:
        return self.manifest["status"] == "complete"

    @property
    def end_min(self) -> float:
        """End of the last recorded step: the end of the window, or where a failed run stopped."""
        if self.complete or self.local_area.empty:
            return float(self.scenario.outage.duration_min)
        return float(self.local_area["time_min"].max()) + self.scenario.clock.sim_step_min


def read_run(folder: Path) -> RunTables:
    """Read a run's folder. Raises NotARun, naming the file and what is wrong with it."""
    manifest = read_json(folder / "manifest.json")
    try:
        data = read_yaml((folder / "scenario.yaml").read_text(encoding="utf-8"))
        scenario = Scenario.model_validate(under_new_names(data) if isinstance(data, dict) else data)
    except (OSError, ValidationError, yaml.YAMLError) as error:
        raise NotARun(f"{folder / 'scenario.yaml'}: {error}") from error
    plans = [read_json(path) for path in sorted((folder / "plans").glob("*.json"))]
    tables = {
        table: pd.DataFrame({column: [] for column in columns})
        if table in OPTIONAL_TABLES and not (folder / table_path(table)).exists()
        else read_table(folder / table_path(table), columns, OPTIONAL.get(table, ()))
        for table, columns in COLUMNS.items()
    }
    return RunTables(manifest=manifest, scenario=scenario, plans=plans, **tables)


def ensure_run(folder: Path) -> None:
    """Raise NotARun unless there is a run in the folder."""
    read_json(folder / "manifest.json")


def read_table(path: Path, columns: tuple[str, ...], optional: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read one CSV table. Raises NotARun if it is missing or its columns differ; ``optional`` ones may be there."""
    numbers = [column for column in columns + optional if column not in TEXT_COLUMNS]
    try:
        table = pd.read_csv(
            path,
            # An id may be called NA; only an empty cell of a number is "not defined".
            keep_default_na=False,
            na_values={column: [""] for column in numbers},
            dtype={column: float if column in numbers else str for column in columns + optional},
            encoding="utf-8",
        )
    except (OSError, ValueError) as error:
        raise NotARun(f"{path}: {error}") from error
    if tuple(table.columns) != columns + tuple(column for column in optional if column in table.columns):
        raise NotARun(f"{path}: columns are {', '.join(table.columns)}; they should be {', '.join(columns)}")
    return table


_OTHER_FOLDERS = {
    "comparison.json": "the folder of a comparison; its runs are in runs/",
    "study.json": "the folder of a study; its runs are in runs/",
    "indices.json": "the folder of indices; the run they are of is in run/ or was given by --run",
    "reproduction.json": "the folder of a reproduction, which keeps no runs",
}
"""What a folder is that holds such a file."""


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def read_json(path: Path) -> Any:
    """Read one JSON file. Raises NotARun if it is missing or damaged, saying what else the folder is."""
    if not path.is_file():
        folder = path.parent
        if not folder.is_dir():
            raise NotARun(f"{folder}: " + ("a file; name the folder" if folder.exists() else "no such folder"))
        known = [what for name, what in _OTHER_FOLDERS.items() if (folder / name).is_file()]
        what = f"{known[0]}: it" if known else "no folder of a run, a comparison or a study: it"
        raise NotARun(f"{folder} is {what} has no {path.name}")
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (OSError, ValueError) as error:
        raise NotARun(f"{path}: {error}") from error
