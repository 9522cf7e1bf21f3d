"""A run's folder: what it holds, how it is written in one piece and read back.

``manifest.json`` (status, versions, input hashes, seed, strategy), ``scenario.yaml``, ``inputs/`` (copies of the
scenario's own files), ``plans/*.json``, ``series/*.csv``, ``violations.csv``, ``events.csv``, ``forecast.csv``,
``summary.json``, ``timing.json`` (all wall times and nothing else), ``figures/``, ``network.json`` and ``report.html``
(``relight.results.report``); of a complete run ``metrics.csv`` and ``psc.csv``. Apart from ``timing.json`` the same
scenario, seed and versions give the same bytes.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from ..scenarios.kept_inputs import MOST_BYTES
from ..scenarios.kinds.events import CUT_BY_CLOCK
from ..scenarios.loader import resolved_yaml
from ..scenarios.reading.problems import KEPT
from ..scenarios.schema.scenario import Scenario
from .metrics.files import write_metrics
from .new_folder import FolderNotEmpty, ensure_writable, new_folder
from .run.read import NotARun, RunTables, read_run
from .run.recorder import COLUMNS, Recorder, table_path
from .run.summary import EnergyImbalance, summarise
from .run.tables import EVENTS, OPTIONAL_TABLES
from .run.writing import write_json, write_text

__all__ = [
    "FolderNotEmpty", "NotARun", "Recorder", "RunRecord", "RunTables", "ensure_writable", "installed_versions",
    "read_run", "write_run",
]  # fmt: skip

PACKAGES = (
    "relight", "mosaik", "pandapower", "power-grid-model", "pyomo", "highspy", "numpy", "scipy", "pandas", "networkx",
    "pvlib", "demandlib", "pydantic", "pyyaml",
)  # fmt: skip
"""Packages whose version can change a result."""


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a result; ``not installed`` where one is missing."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


@dataclass(frozen=True)
class RunRecord:
    """All that a run leaves behind.

    ``inputs`` are hashes of the input files by name (``relight.scenarios.loader.input_hashes``), ``input_files`` those
    to keep (``relight.scenarios.kept_inputs``): they are copied into ``inputs/``, larger ones named in the manifest as
    not kept. ``not_taken_over``: what of the network was left out and may change numbers, as ``relight check`` says.
    ``strategy_source`` are hashes of the file of a strategy from outside Relight; ``network`` is what diagrams are
    drawn from (``relight.scenarios.networks.drawing.network_table``; None: no ``network.json``); ``timing`` wall times
    in seconds by name; ``failure`` says in one line why a run failed (empty: it ran through).
    """

    scenario: Scenario
    strategy: str
    seed: int
    recorder: Recorder
    inputs: Mapping[str, str] = field(default_factory=dict)
    input_files: Mapping[str, Path] = field(default_factory=dict)
    not_taken_over: tuple[str, ...] = ()
    strategy_source: Mapping[str, str] = field(default_factory=dict)
    network: Mapping[str, Any] | None = None
    timing: Mapping[str, float] = field(default_factory=dict)
    failure: str = ""


def write_run(
    folder: Path,
    record: RunRecord,
    *,
    overwrite: bool = False,
    finish: Callable[[Path, RunTables], object] | None = None,
) -> Path:
    """Write a run's folder, whole or not at all; return it.

    A run that has not recorded every simulation step of its window is written as failed whatever the record says,
    because mosaik can end a broken run without an exception. ``finish`` is called with the folder and its tables before
    it takes its place, to add figures and a report.

    Raises FolderNotEmpty; EnergyImbalance if the tables do not conserve energy (the folder is then written as
    failed first, for inspection).
    """
    scenario, recorder, failure = record.scenario, record.recorder, record.failure
    steps, kind = scenario.outage.duration_min // scenario.clock.sim_step_min, EVENTS.index("kind")
    if not failure and recorder.steps_seen != steps:
        failure = f"recorded {recorder.steps_seen} of {steps} simulation steps"
    imbalance: EnergyImbalance | None = None
    with new_folder(folder, overwrite) as building:
        manifest: dict[str, Any] = {
            "format": 1,
            "status": "failed" if failure else "complete",
            "reason": failure,
            "scenario": scenario.name,
            "strategy": record.strategy,
            "seed": record.seed,
            "steps_recorded": recorder.steps_seen,
            "versions": installed_versions(),
            "inputs": dict(sorted(record.inputs.items())),
        }
        if cut := sum(row[kind] == CUT_BY_CLOCK for row in recorder.rows["events"]):
            manifest["depends_on_the_machine"] = f"time_limit_s stopped {cut} plannings in part"
        if record.not_taken_over:
            manifest["not_taken_over"] = list(record.not_taken_over)
        if record.strategy_source:
            manifest["strategy_source"] = dict(record.strategy_source)
        if not_kept := _keep(record.input_files, building / KEPT):
            manifest["inputs_not_kept"] = not_kept
        _write_tables(building, scenario, recorder)
        if record.network is not None:
            write_json(building / "network.json", record.network)
        write_json(building / "timing.json", record.timing)
        write_json(building / "manifest.json", manifest)
        run = read_run(building)  # as written, so that whoever reads the folder arrives at the same digits
        try:
            summary = summarise(run)
        except EnergyImbalance as error:
            manifest |= {"status": "failed", "reason": failure or str(error)}
            write_json(building / "manifest.json", manifest)
            run = replace(run, manifest=manifest)
            summary = summarise(run, check_energy=False)
            imbalance = None if failure else error
        write_json(building / "summary.json", summary)
        if run.complete:
            write_metrics(building, run)
        if finish is not None:
            finish(building, run)
    if imbalance is not None:
        raise imbalance
    return folder


def _keep(files: Mapping[str, Path], folder: Path) -> list[str]:
    """Copy input files; return the names of those that are too large."""
    large = [name for name, path in files.items() if path.stat().st_size > MOST_BYTES]
    for name, path in files.items():
        if name not in large:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
    return large


def _write_tables(folder: Path, scenario: Scenario, recorder: Recorder) -> None:
    write_text(folder / "scenario.yaml", resolved_yaml(scenario))
    for table in COLUMNS:
        if table in OPTIONAL_TABLES and not recorder.rows[table]:
            continue
        write_text(folder / table_path(table), recorder.table_text(table))
    (folder / "plans").mkdir()
    for number, plan in enumerate(recorder.plans):
        write_json(folder / "plans" / f"{number:04d}-{plan['issued_at_min']:g}min.json", plan)
