"""Orchestration: python benchmarks/world.py [REPEATS] [CASE:STRATEGY ...].

Five hours of the 45-bus network at simulation steps of one minute, as ``relight run`` does it: what planning, power
flow and all around them take, part by part, and the whole against planning and power flow alone (target: below 3).
CPU seconds of the whole process, so that other work on the machine counts little; figures apart.
"""

from __future__ import annotations

import gc
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mosaik

from relight.controllers.strategies.named import strategy_named
from relight.results.figures.drawing import draw_run_figures
from relight.results.run_folder import RunRecord, write_run
from relight.scenarios.loader import input_hashes, load_case
from relight.sim.cosim import adapters
from relight.sim.cosim import wiring as world
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.world import grid

CASES = ("guo45/fault-0400:static", "guo45/fault-0400:dynamic", "guo45/fault-1000:static", "guo45/fault-1000:dynamic")
STEP_MIN = 1
TARGET = 3.0


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of a piece of work."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def measure(name: str, strategy: str, *overrides: str) -> dict[str, float]:
    """CPU seconds of one run by part; they add up to ``total``, ``figures`` left out."""
    case = load_case(name, [f"clock.sim_step_min={STEP_MIN}", *overrides])
    log = RunLog()
    whole = cpu(lambda: run_world(case, strategy_named(strategy), case.scenario.seed, log))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        writing = cpu(
            lambda: write_run(
                folder,
                RunRecord(
                    scenario=case.scenario,
                    strategy=strategy,
                    seed=case.scenario.seed,
                    recorder=log.recorder,
                    inputs=input_hashes(case),
                ),
            )
        )
        figures = cpu(lambda: draw_run_figures(folder))
    s = log.seconds
    parts = {
        "planning": s["dispatch_centre"],
        "power flow": s["power_flow"],
        "grid beside it": s["grid_actor"] - s["power_flow"],
        "gateways": s["gateways_actor"],
        "profiles": s["profiles_actor"],
        "communication": s["communication_actor"]
        + s["terminals_actor"]
        + s["dispatchcentre_actor"]
        - s["dispatch_centre"],
        "recorder": s["recorder_actor"],
        "mosaik": s["mosaik"],
        "setup, end": whole - s["mosaik"] - sum(v for part, v in s.items() if part.endswith("_actor")),
        "writing": writing,
    }
    return {**parts, "total": sum(parts.values()), "figures": figures}


def main(repeats: int, cases: tuple[str, ...]) -> int:
    """Print a table, medians over repeats; 1 if the target is missed somewhere."""
    adapters.clock = world.clock = grid.clock = time.process_time
    measure("guo45/fault-0400", "static")  # imports and caches
    columns: dict[str, dict[str, float]] = {}
    for case in cases:
        name, strategy = case.split(":")
        runs = [measure(name, strategy) for _ in range(repeats)]
        columns[case] = {part: statistics.median(run[part] for run in runs) for part in runs[0]}
    versions = f"Python {platform.python_version()}, {platform.machine()}, mosaik {mosaik.__version__}"
    print(f"{versions}, one thread, CPU seconds, {repeats} repeat(s).\n")
    print("| part | " + " | ".join(f"`{case.replace(':', '` ')}" for case in columns) + " |")
    print("|---" + "|---:" * len(columns) + "|")
    for part in next(iter(columns.values())):
        name = "figures (not in the total)" if part == "figures" else part
        print(f"| {name} | " + " | ".join(f"{column[part]:.2f}" for column in columns.values()) + " |")
    ratios = [c["total"] / (c["planning"] + c["power flow"]) for c in columns.values()]
    print("| **total / (planning + power flow)** | " + " | ".join(f"**{ratio:.2f}**" for ratio in ratios) + " |")
    return int(max(ratios) >= TARGET)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    count = int(arguments[0]) if arguments and arguments[0].isdecimal() else 1
    sys.exit(main(count, tuple(a for a in arguments if ":" in a) or CASES))
