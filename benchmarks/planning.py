"""Planning times of the shipped cases as ratios within one run: python benchmarks/planning.py [REPEATS].

Per case, the first plan of the window, built and solved anew: by default each optimum is checked by a second solve, and
voltage limits enter only where they bind. Beside it: one solve only, voltage limits always, re-solving the kept model.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import highspy

from controllers.gateway import EnergyGateway
from controllers.planner import Planner
from controllers.problem import AreaGraph, Horizon
from scenarios.case import Case
from scenarios.loader import load_case
from sim.grid import Grid
from sim.profiles import Profiles

CASES = ("guo45/fault-0400", "guo45/fault-1000", "guo45/calibrated-0400", "guo45/calibrated-1000", "cigre_mv/blackout")
WAYS = ("default", "one solve", "voltage always", "kept model")


def first_horizon(case: Case) -> Horizon:
    """The horizon at the fault time, from the same messages as in a run."""
    profiles, grid = Profiles(case, case.scenario.seed), Grid(case)
    measured = grid.measurements()
    psc = {
        la: EnergyGateway(case.view, la, case.scenario).assess(measured[la], profiles.forecast(la, 0), 0)
        for la in case.view.local_areas
    }
    starts = next(iter(psc.values()))["step_start_min"]
    graph = AreaGraph.of(case.view, case.scenario)
    return Horizon(graph, tuple(starts), float(case.scenario.outage.duration_min), psc, grid.switch_states())


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(name: str, repeats: int) -> dict[str, float]:
    """Median seconds of each way to plan a case."""
    checked, once = (
        first_horizon(load_case(name, overrides)) for overrides in ((), ("dispatch_centre.check_optimum=false",))
    )
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(repeats):
        times["default"].append(seconds(partial(plan_anew, checked, name)))
        times["one solve"].append(seconds(partial(plan_anew, once, name)))
        times["voltage always"].append(seconds(partial(plan_anew, checked, name, voltage=True)))
        times["kept model"].append(seconds(partial(plan_anew(checked, name).plan, checked, name, "dynamic")))
    return {way: statistics.median(values) for way, values in times.items()}


def plan_anew(horizon: Horizon, name: str, *, voltage: bool = False) -> Planner:
    """Build the model and plan once; with ``voltage`` all voltage limits are in it from the start."""
    planner = Planner(horizon.graph, horizon.steps, lazy_voltage=not voltage)
    planner.plan(horizon, name, "dynamic")
    return planner


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    highs = ".".join(str(getattr(highspy, f"HIGHS_VERSION_{part}")) for part in ("MAJOR", "MINOR", "PATCH"))
    print(f"Python {platform.python_version()}, {platform.machine()}, HiGHS {highs}, one thread, {repeats} repeats\n")
    print(f"| case | {' | '.join(WAYS)} |\n|---{'|---:' * len(WAYS)}|")
    for name in CASES:
        took = measure(name, repeats)
        ratios = " | ".join(
            f"{took[way] / took['default']:.2f}x" for way in ("one solve", "voltage always", "kept model")
        )
        print(f"| `{name}` | {took['default']:.2f} s | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
