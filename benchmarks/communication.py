"""How much less is served when communication fails: all links out for 0 to 300 minutes, over paired seeds.

    python benchmarks/communication.py [--quick] [--start MIN] [--seeds N] [--workers N]

The 10:00 fault of the 45-bus case. Guo et al. print −28 % for interruptions of over 10 minutes, and neither when they
begin nor what happens meanwhile. Here all links between dispatch centre, gateways and field terminals go out together,
with the fault (default) or ``--start`` minutes after it, and gateways fall back as docs/communication.md says. Each
seed is a day of clouds and load; a loss is that of a day against the same day with communication, so the interval is
one of paired differences (Student's t over seeds, 95 %).
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import fmean, stdev
from time import perf_counter

from scipy.stats import t as student_t

from relight.controllers.strategies.named import strategy_named
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world

SCENARIO = "guo45/fault-1000"
OPTIONS = ("dispatch_centre.mip_gap=0.02", "communication.fallback_after_min=10", "communication.plan_validity_min=30")
DURATIONS_MIN = (0, 5, 10, 20, 60, 300)
STRATEGIES = ("dynamic", "static")
PRINTED_PCT = 28.0
"""Printed loss of restored energy for interruptions of over 10 minutes (Guo et al. 2025)."""


@dataclass(frozen=True)
class Job:
    """One run: a seed under a strategy, all links out for some minutes."""

    strategy: str
    seed: int
    start_min: float
    duration_min: int

    def served_mwh(self) -> float:
        """Energy served in the outage area and window."""
        outage = f"communication.outages=[{{start_min: {self.start_min}, duration_min: {self.duration_min}}}]"
        case = load_case(SCENARIO, (*OPTIONS, *([outage] if self.duration_min else [])), self.seed)
        log = RunLog()
        run_world(case, strategy_named(self.strategy), self.seed, log)
        columns = log.recorder.columns("local_area")
        inside, served = columns.index("in_outage_area"), columns.index("served_kw")
        total_kw = sum(row[served] for row in log.recorder.rows["local_area"] if row[inside])
        return total_kw * case.scenario.clock.sim_step_min / 60_000


def jobs(seeds: int, start_min: float, durations_min: tuple[int, ...]) -> list[Job]:
    """All runs. Where no message is ever delivered the strategy makes no difference: run once, as static."""
    found = [Job(s, seed, start_min, d) for seed in range(seeds) for d in durations_min for s in STRATEGIES]
    return [job for job in found if not (job.strategy == "dynamic" and _never_heard(job.start_min, job.duration_min))]


def _never_heard(start_min: float, duration_min: int) -> bool:
    return start_min == 0 and duration_min >= 300


def _run(job: Job) -> float:
    return job.served_mwh()


def mean_and_half_width(values: list[float]) -> tuple[float, float]:
    """Mean and half of its 95 % confidence interval."""
    if len(values) < 2:
        return fmean(values), math.nan
    return fmean(values), float(student_t.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))


def tell(served: dict[Job, float], seeds: int, start_min: float, durations_min: tuple[int, ...]) -> None:
    """Print the table."""
    when = "with the fault" if start_min == 0 else f"{start_min:g} min after the fault"
    print(f"\n| all links out {when}, min | strategy | served MWh | less by % (95 %) | 28 % inside |")
    print("|---:|---|---:|---:|---|")
    for strategy in STRATEGIES:
        for duration in durations_min:
            ran = "static" if _never_heard(start_min, duration) else strategy
            energy = [served[Job(ran, seed, start_min, duration)] for seed in range(seeds)]
            whole = [served[Job(strategy, seed, start_min, 0)] for seed in range(seeds)]
            losses = [100 * (1 - e / w) for e, w in zip(energy, whole, strict=True)]
            loss, half = mean_and_half_width(losses)
            inside = "" if duration == 0 else "yes" if abs(loss - PRINTED_PCT) <= half else "no"
            text = "0" if duration == 0 else f"{loss:.1f} ± {half:.1f}"
            print(f"| {duration} | {strategy} | {fmean(energy):.2f} | {text} | {inside} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="4 seeds, 0, 10, 60 and 300 min")
    parser.add_argument("--start", type=float, default=0.0, help="when the links go out, min after the fault")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    seeds, durations = (4, (0, 10, 60, 300)) if asked.quick else (asked.seeds, DURATIONS_MIN)
    todo = jobs(seeds, asked.start, durations)
    began, served = perf_counter(), dict[Job, float]()
    with ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn")) as pool:
        for job, energy in zip(todo, pool.map(_run, todo), strict=True):
            served[job] = energy
            print(f"\r{len(served)} of {len(todo)} runs", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    minutes = (perf_counter() - began) / 60
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {SCENARIO}, {seeds} seeds, {len(todo)} runs "
        f"in {minutes:.1f} min with {asked.workers} processes"
    )
    tell(served, seeds, asked.start, durations)


if __name__ == "__main__":
    main()
