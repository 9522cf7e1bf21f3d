"""One run of a study, the same in any process: what it takes, what it leaves, and the hash of all it depends on."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import time
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...controllers.strategies.named import strategy_named
from ...controllers.strategies.outside import raised_at
from ...controllers.strategies.strategy import Strategy, source_hash
from ...results.run.writing import write_json
from ...results.run_folder import installed_versions
from ...results.study.bounds import BOUNDS
from ...scenarios.case import Case
from ...scenarios.loader import load_case

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("scenarios", "controllers", "results", "sim")
SLIM = ("manifest.json", "summary.json", "events.csv", "metrics.csv", BOUNDS, "timing.json")
"""What is kept of a run; a failed one may have less."""

NO_RESULT_DEPENDS_ON = (
    "sim/campaigns", "sim/commands", "sim/library", "sim/normal",
    "results/comparison", "results/figures", "results/indices", "results/paper", "results/report", "results/study",
)  # fmt: skip
"""Rooms that no result of a run depends on: it uses nothing of them (a test looks) but what chooses the files that a
study keeps. Every other module enters the hash."""

_one_at_a_time = threading.Lock()
"""A Dask worker may have several threads; solver and warnings' filters are of the whole process."""


@dataclass(frozen=True)
class Job:
    """One run: ``scenario`` and ``overrides`` as ``load_case`` takes them, ``strategy`` as ``strategy_named`` does;
    ``name`` is that of its folder."""

    name: str
    scenario: str
    overrides: tuple[str, ...]
    strategy: str
    seed: int
    input_hash: str
    environment: str
    """hash of the versions and sources that the run is to be made with"""
    whole: bool = False
    """keep every file, not only ``SLIM``"""


@dataclass(frozen=True)
class Outcome:
    """What a run leaves: its files by name, always with a ``manifest.json``; ``lost`` if another attempt may end
    otherwise: its process died, memory or disk was short, or the worker had other versions or files."""

    name: str
    files: dict[str, bytes]
    failure: str = ""
    lost: bool = False


class OtherInputsError(RuntimeError):
    """The worker's versions, sources or input files are not those that the study was started with."""


def perform(job: Job) -> Outcome:
    """Make one run. Never raises: a run that fails is an outcome with its reason."""
    began = time.perf_counter()
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="relight-study-") as temporary:
        folder = Path(temporary) / "run"
        failure, lost = "", False
        try:
            if environment_hash() != job.environment:
                raise OtherInputsError("other versions or sources than those of the process that started the study")
            failure = _run(job, folder)
        except Exception as error:
            failure, lost = _told(error), isinstance(error, OtherInputsError | MemoryError | OSError)
        names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
        kept = names if job.whole else [name for name in names if name in SLIM]
        files = {name: (folder / name).read_bytes() for name in kept}
    return finished(job, files, failure, time.perf_counter() - began, lost)


def finished(job: Job, files: dict[str, bytes], failure: str, seconds: float = 0.0, lost: bool = False) -> Outcome:
    """An outcome whose manifest tells what the study must know: status, reason, input hash."""
    manifest: dict[str, Any] = json.loads(files["manifest.json"]) if "manifest.json" in files else {"format": 1}
    manifest |= {"status": "failed" if failure else "complete", "reason": failure}
    manifest |= {
        "strategy": manifest.get("strategy", job.strategy),
        "seed": job.seed,
        "lost": lost,
        "input_hash": job.input_hash,
    }
    changed = {"manifest.json": manifest}
    if "timing.json" in files:
        changed["timing.json"] = json.loads(files["timing.json"]) | {"total_s": round(seconds, 6)}
    texts = {name: json.dumps(content, indent=1, ensure_ascii=False) + "\n" for name, content in changed.items()}
    return Outcome(job.name, files | {name: text.encode() for name, text in texts.items()}, failure, lost)


def _run(job: Job, folder: Path) -> str:
    """Simulate into a folder; the reason if the run failed."""
    from ...results.run_folder import write_run
    from ..cosim.run_log import RunLog
    from ..cosim.run_record import record_of
    from ..cosim.wiring import run_world
    from ..planning.foresight_bound import bounds_of_run

    case = load_case(job.scenario, job.overrides, job.seed)
    strategy = strategy_named(job.strategy, case.scenario.dispatch_centre)
    if input_hash(case_hash(case), strategy, job.seed, job.whole) != job.input_hash:
        raise OtherInputsError("the scenario's or the strategy's files are not those that the study was started with")
    log, failure, bounds = RunLog(), "", dict[str, float | None]()
    try:
        run_world(case, strategy, job.seed, log)
        bounds = bounds_of_run(case, strategy, log.recorder)
    except (MemoryError, OSError):
        raise
    except (Exception, SystemExit) as error:  # a strategy of the user's own may call sys.exit
        failure = _told(error) + raised_at(error, strategy)
    write_run(
        folder,
        record_of(case, strategy, log, failure, job.whole),
        finish=lambda building, _: write_json(building / BOUNDS, bounds) if bounds else None,
    )
    return failure or str(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["reason"])


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def case_hash(case: Case) -> str:
    """SHA-256 over the resolved scenario without its seed and over the input files; the same for all seeds."""
    scenario = case.scenario.model_dump(mode="json", exclude={"seed"})
    return hashlib.sha256(json.dumps([scenario, _files_of(case)], sort_keys=True).encode()).hexdigest()


def input_hash(case: str, strategy: Strategy, seed: int, whole: bool) -> str:
    """SHA-256 over all that a run depends on: ``case_hash``, strategy and its own file if it has one, seed, versions
    and sources of this program, and what is kept."""
    flags = {one.name: getattr(strategy, one.name) for one in fields(strategy) if one.type == "bool"}
    maker = getattr(strategy.planner, "__qualname__", "")
    content = [case, strategy.name, flags, maker, source_hash(strategy), seed, environment_hash(), whole]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@lru_cache(maxsize=64)
def _hashes(inputs: tuple[tuple[str, int, int], ...]) -> dict[str, str]:
    return {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name, _, _ in inputs}


def _files_of(case: Case) -> list[str]:
    """Hashes of the files that a case was read from, in their order; each file is read once while it stays as it is."""
    stats = tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(case.inputs))
    return list(_hashes(stats).values())


def decides(name: str) -> bool:
    """Whether what a run keeps may depend on a module, given by its path."""
    return not name.startswith(tuple(f"{room}/" for room in NO_RESULT_DEPENDS_ON))


@lru_cache(maxsize=1)
def environment_hash() -> str:
    """SHA-256 over the versions of all packages and the sources of this program that can change a result."""
    digest = hashlib.sha256(json.dumps(installed_versions(), sort_keys=True).encode())
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "runs" not in path.parts and decides(name):
                digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
