"""Parallel efficiency of a study, runs per minute, where the time goes, and memory per worker.

    python benchmarks/study.py [--workers 1,2,4] [--repeats 3] [--seeds 12] [--strategies dynamic,static]
                               [--scenarios guo45/fault-0400] [--study NAME] [--out FILE]

Makes the same runs with each number of workers in turn, forwards and backwards, so that a machine that slows down
favours none; each time in a process of its own, with a pool that starts from nothing. *All* counts everything from
the command to the last run, loading, starting of workers and imports included; *steady* the runs alone: (N − W) runs
between the W-th outcome and the last, W being the number of workers. Efficiency: runs per minute and worker against
those of the first number of workers in the same repeat; the median of the repeats and their range. On a machine that
does other things as well, wall times say little; then look at *busy*, the share of time in which a worker had a run,
and at *CPU*, the processor time of a run against that with the first number of workers: busy / CPU is the efficiency
on idle cores.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import resource
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from relight.scenarios.loader import load_case
from relight.scenarios.studies.loader import load_study
from relight.sim.campaigns.study import lay_out, on_this_machine, store
from relight.sim.campaigns.study_jobs import Job, Outcome, perform
from relight.sim.series.profiles import Profiles

Found = dict[str, Any]
"""What was measured of one number of workers."""
CPU = "cpu"
PARTS = {"dispatch_centre_s": "dispatch centre", "grid_s": "grid"}


def timed(job: Job) -> Outcome:
    """A run with the processor time that it took."""
    began = time.process_time()
    outcome = perform(job)
    return replace(outcome, files={**outcome.files, CPU: str(time.process_time() - began).encode()})


def measure(name: str, seeds: int, scenarios: tuple[str, ...], strategies: tuple[str, ...], workers: int) -> Found:
    """Part of a study with so many workers."""
    began = time.perf_counter()
    loaded = load_study(name)
    chosen = {"seeds": tuple(range(seeds)), "scenarios": scenarios, "strategies": strategies, "reference": None}
    study = loaded.study.model_copy(update=chosen)
    jobs, _ = lay_out(replace(loaded, study=study, sources=scenarios, strategies=strategies))
    laid_out = time.perf_counter()
    ended: list[float] = []
    timing: list[dict[str, float]] = []
    size, cpu_s = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for outcome in on_this_machine(jobs, workers, timed):
            ended.append(time.perf_counter())
            if outcome.failure:
                raise SystemExit(f"{outcome.name}: {outcome.failure}")
            cpu_s += float(outcome.files.pop(CPU))
            store(Path(folder) / outcome.name, outcome)
            timing.append(json.loads(outcome.files["timing.json"]))
            size += sum(len(content) for content in outcome.files.values())
    parts = {label: sum(t.get(part, 0.0) for t in timing) for part, label in PARTS.items()}
    run_s, total_s = (sum(t[part] for t in timing) for part in ("run_s", "total_s"))
    parts |= {"rest of the world": run_s - sum(parts.values()), "loading, tables, metrics": total_s - run_s}
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "workers": workers,
        "runs": len(jobs),
        "all_per_min": 60 * len(jobs) / (ended[-1] - began),
        "steady_per_min": 60 * (len(jobs) - workers) / (ended[-1] - ended[workers - 1]),
        "busy": total_s / workers / (ended[-1] - laid_out),
        "cpu_s": cpu_s / len(jobs),
        "median_run_s": statistics.median(t["total_s"] for t in timing),
        "lay_out_s": laid_out - began,
        "first_run_s": min(ended) - laid_out,
        "warm_run_s": statistics.median(t["total_s"] for t in timing[workers:]),
        "loads_s": loads(scenarios[0]),
        "parts": {label: seconds / total_s for label, seconds in parts.items()},
        "worker_mb": peak,
        "kb_per_run": size / len(jobs) / 1024,
    }


def loads(scenario: str) -> tuple[float, float]:
    """Seconds that this process, which has laid the study out, takes to read a scenario for a run, first and again."""
    found: list[float] = []
    for seed in (0, 1):
        began = time.perf_counter()
        Profiles(load_case(scenario, (), seed))
        found.append(time.perf_counter() - began)
    return found[0], found[1]


def report(name: str, repeats: list[list[Found]]) -> str:
    """Markdown; ``repeats`` holds what was found for each number of workers, in the same order each time."""
    head = (
        "workers", "runs/min, all", "efficiency", "runs/min, steady", "efficiency", "busy", "CPU", "busy / CPU",
        "median run", "memory",
    )  # fmt: skip
    rows = [head, ("---:",) * len(head)]
    for k, first in enumerate(repeats[0]):
        mine = [found[k] for found in repeats]
        cpu = [one["cpu_s"] / found[0]["cpu_s"] for one, found in zip(mine, repeats, strict=True)]
        rows.append((
            f"{first['workers']}",
            _middle([one["all_per_min"] for one in mine], 1), _efficiency(repeats, k, "all_per_min"),
            _middle([one["steady_per_min"] for one in mine], 1), _efficiency(repeats, k, "steady_per_min"),
            _middle([one["busy"] for one in mine], 2), _middle(cpu, 2),
            _middle([one["busy"] / c for one, c in zip(mine, cpu, strict=True)], 2),
            _middle([one["median_run_s"] for one in mine], 1) + " s",
            f"{max(one['worker_mb'] for one in mine):.0f} MB",
        ))  # fmt: skip
    one = repeats[0][0]
    parts = ", ".join(f"{label} {100 * share:.0f} %" for label, share in one["parts"].items())
    lines = [
        f"`{name}`, {one['runs']} runs, {len(repeats)} repeats. Python {platform.python_version()}, "
        f"{platform.machine()}.",
        "",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        f"Where a run's time goes: {parts}.",
        f"Laying out the study: {one['lay_out_s']:.1f} s; until the first run is done (start, imports, that run): "
        f"{one['first_run_s']:.1f} s; a later run: {one['warm_run_s']:.1f} s.",
        f"Reading a scenario that was read before: {one['loads_s'][0]:.2f} s, with its profiles kept too "
        f"{one['loads_s'][1]:.2f} s. Kept per run: {one['kb_per_run']:.0f} kB.",
    ]
    return "\n".join(lines)


def _middle(values: list[float], decimals: int) -> str:
    """Median, and the range where there are several."""
    text = f"{statistics.median(values):.{decimals}f}"
    return text if len(values) < 2 else f"{text} ({min(values):.{decimals}f}..{max(values):.{decimals}f})"


def _efficiency(repeats: list[list[Found]], k: int, kind: str) -> str:
    return _middle([
        found[k][kind] / found[k]["workers"] / (found[0][kind] / found[0]["workers"]) for found in repeats
    ], 2)  # fmt: skip


def _apart(*arguments: Any) -> Found:
    """``measure`` in a process of its own, so that its children's memory is that of its workers alone."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--strategies", default="dynamic,static")
    parser.add_argument("--scenarios", default="guo45/fault-0400")
    parser.add_argument("--study", default="studies/paper-comparison")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    part = (given.study, given.seeds, tuple(given.scenarios.split(",")), tuple(given.strategies.split(",")))
    numbers = [int(text) for text in given.workers.split(",")]
    repeats: list[list[Found]] = []
    for repeat in range(given.repeats):
        found = [_apart(*part, workers) for workers in (numbers if repeat % 2 == 0 else numbers[::-1])]
        repeats.append(sorted(found, key=lambda one: numbers.index(one["workers"])))
    text = report(given.study, repeats)
    print(text)
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
