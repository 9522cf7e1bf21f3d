"""Parallel efficiency of a study, runs per minute, where the time goes, and memory per worker.

    python benchmarks/study.py [--workers 1,2] [--seeds N] [--study NAME] [--out FILE]

Makes the same runs with each number of workers, each number in a process of its own. *All* counts everything from the
command to the last run, loading, starting of workers and imports included; *steady* the runs alone: (N − W) runs
between the W-th outcome and the last, W being the number of workers. Efficiency: runs per minute and worker against
those of the first number of workers. On a machine that does other things as well, wall times say little; then look at
*busy*, the share of time in which a worker had a run, and at *CPU*, the processor time of a run against that with the
first number of workers: busy / CPU is the efficiency on idle cores.
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
from dataclasses import replace
from pathlib import Path
from typing import Any

from scenarios.study import load_study, points_of
from sim.study import lay_out, store
from sim.study_jobs import Job, Outcome, perform
from sim.study_pool import on_this_machine

CPU = "cpu"
PARTS = {"dispatch_centre_s": "dispatch centre", "grid_s": "grid"}


def timed(job: Job) -> Outcome:
    """A run with the processor time that it took."""
    began = time.process_time()
    outcome = perform(job)
    return replace(outcome, files={**outcome.files, CPU: str(time.process_time() - began).encode()})


def measure(name: str, seeds: int, workers: int) -> dict[str, Any]:
    """One study with so many workers."""
    began = time.perf_counter()
    loaded = load_study(name)
    study = loaded.study.model_copy(update={"seeds": tuple(range(seeds))})
    jobs, _ = lay_out(type(loaded)(study, loaded.file, loaded.sources, points_of(study)))
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
        "parts": {label: seconds / total_s for label, seconds in parts.items()},
        "worker_mb": peak,
        "kb_per_run": size / len(jobs) / 1024,
    }


def report(name: str, found: list[dict[str, Any]]) -> str:
    """Markdown."""
    first = found[0]
    head = (
        "workers", "runs/min, all", "efficiency", "runs/min, steady", "efficiency", "busy", "CPU", "median run",
        "memory",
    )  # fmt: skip
    rows = [head, ("---:",) * len(head)]
    for one in found:
        efficiency = {
            kind: one[kind] / one["workers"] / (first[kind] / first["workers"])
            for kind in ("all_per_min", "steady_per_min")
        }
        rows.append((
            f"{one['workers']}", f"{one['all_per_min']:.1f}", f"{efficiency['all_per_min']:.2f}",
            f"{one['steady_per_min']:.1f}", f"{efficiency['steady_per_min']:.2f}", f"{one['busy']:.2f}",
            f"{one['cpu_s'] / first['cpu_s']:.2f}", f"{one['median_run_s']:.1f} s", f"{one['worker_mb']:.0f} MB",
        ))  # fmt: skip
    parts = ", ".join(f"{label} {100 * share:.0f} %" for label, share in first["parts"].items())
    lines = [
        f"`{name}`, {first['runs']} runs. Python {platform.python_version()}, {platform.machine()}.",
        "",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        f"Where a run's time goes: {parts}. Laying out the study: {first['lay_out_s']:.1f} s; until the first run is",
        f"done (start, imports, that run): {first['first_run_s']:.1f} s. Kept per run: {first['kb_per_run']:.0f} kB.",
    ]
    return "\n".join(lines)


def _send(queue: Any, *arguments: Any) -> None:
    queue.put(measure(*arguments))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--study", default="studies/paper-comparison")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found: list[dict[str, Any]] = []
    context = multiprocessing.get_context("spawn")
    for workers in map(int, given.workers.split(",")):
        queue = context.Queue()
        process = context.Process(target=_send, args=(queue, given.study, given.seeds, workers))
        process.start()
        found.append(queue.get())
        process.join()
    text = report(given.study, found)
    print(text)
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
