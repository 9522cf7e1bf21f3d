"""A study that takes seconds: the three-bus scenario for an hour, two strategies; and a worker that dies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from relight.sim.campaigns.study_jobs import Job, Outcome, finished, perform
from support import three_bus_case

CLOCK = {"plan_step_min": 30, "sim_step_min": 30}
OUTAGE = {"start": "2025-06-20T10:00", "duration_min": 60, "faulted_branches": []}


def write(folder: Path, **parts: Any) -> Path:
    """The scenario and the study's file in a folder; returns the latter."""
    folder.mkdir(exist_ok=True)
    three_bus_case.write(folder, clock=CLOCK, outage=OUTAGE)
    study = {
        "name": "tiny", "scenarios": ["small.yaml"], "strategies": ["dynamic", "static"], "seeds": [0, 1],
        "statistics": {"resamples": 200}, **parts,
    }  # fmt: skip
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a study's folder by name, wall times and the lock apart."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {n: p.read_bytes() for n, p in sorted(files.items()) if not n.endswith(("timing.json", ".lock"))}


def in_this_process(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Runs made one after another, without a pool."""
    return map(perform, jobs)


def deadly(job: Job) -> Outcome:
    """A run whose process dies the first time it is tried, or always if it is called bad; scenario: a folder."""
    died = Path(job.scenario) / job.name
    if job.name == "bad" or (job.name == "once" and not died.exists()):
        died.touch()
        os.kill(os.getpid(), 9)
    return finished(job, {}, "")
