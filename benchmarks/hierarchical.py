"""Hierarchical against centralised dispatch: python benchmarks/hierarchical.py [REPEATS] [--runs].

Cases guo45/devices-01 to -64, and the same at 10:00: each PV and ESS of the 45-bus network as 1, 4, 16, 64 equal
devices, one gateway per section. The dispatch centre schedules the net power of each LA, with its ESSs as one as (8)
prints it or by rating, or it schedules every device itself. Told of each way: its MILP's size, CPU time of the first
plan from nothing with and without the check of the optimum, CPU time of the gateways' problems (46), size of the
messages it plans from, and the plan's energy. ``--runs``: whole co-simulations of the 04:00 case instead.
"""

from __future__ import annotations

import gc
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import highspy
import pandas as pd
import pyomo.environ as pyo

from relight.controllers.centre.orders import net_power_plans
from relight.controllers.exchange.messages import NetPowerPlan
from relight.controllers.exchange.plan import Plan
from relight.controllers.gateways.gateway import EnergyGateway
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.planning.planner import Planner, PlanRecord
from relight.controllers.strategies.named import strategy_named
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.series.profiles import Profiles
from relight.sim.world.grid import Grid

DEVICES = (1, 4, 16, 64)
FAULTS = {"04:00": (), "10:00": ("outage.start=2025-06-20T10:00", "pv.clear_sky_index=0.32")}
WAYS = {
    "hierarchical, (8) as printed": ("dynamic", "dispatch_centre.ess_aggregation=printed"),
    "hierarchical, by rating": ("dynamic", "dispatch_centre.ess_aggregation=proportional"),
    "centralised": ("centralised", "dispatch_centre.ess_aggregation=printed"),
}
TIMES = ("checked", "once", "gateways")


@dataclass
class Measured:
    """One number of devices under one way of dispatch: what does not vary, and CPU seconds of each repeat."""

    variables: int = 0
    binaries: int = 0
    rows: int = 0
    message_kb: float = 0.0
    planned_mwh: float = 0.0
    status: str = ""
    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TIMES})

    def median(self, name: str) -> float:
        return statistics.median(self.seconds[name])


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of one thread's work, so that other work on the machine counts little."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def load(fault: str, devices: int, way: str, *more: str) -> tuple[Case, str]:
    strategy, aggregation = WAYS[way]
    return load_case(f"guo45/devices-{devices:02}", (*FAULTS[fault], aggregation, *more)), strategy


def measure(fault: str, devices: int, way: str, into: Measured) -> None:
    """One repeat."""
    for name, check in (("checked", "true"), ("once", "false")):
        case, strategy = load(fault, devices, way, f"dispatch_centre.check_optimum={check}")
        per_device = strategy_named(strategy).per_device
        profiles, grid = Profiles(case, 0), Grid(case)
        measured = grid.measurements()
        gateways = {la: EnergyGateway(case.view, la, case.scenario, per_device=per_device) for la in measured}
        psc = {la: own.assess(measured[la], profiles.forecast(la, 0), 0) for la, own in gateways.items()}
        starts = tuple(next(iter(psc.values()))["step_start_min"])
        graph = AreaGraph.of(case.view, case.scenario, per_device=per_device)
        horizon = Horizon(graph, starts, float(case.scenario.outage.duration_min), psc, grid.switch_states())
        found: list[tuple[Planner, PlanRecord]] = []
        into.seconds[name].append(cpu_seconds(partial(plan_anew, horizon, found)))
        planner, record = found[0]
        if name == "checked":
            into.planned_mwh, into.status = record.plan.planned_energy_kwh / 1000, record.plan.status
            into.message_kb = len(json.dumps(list(psc.values()))) / 1000
            variables = list(planner.model.component_data_objects(pyo.Var))
            into.variables, into.binaries = len(variables), sum(v.is_binary() for v in variables)
            into.rows = sum(1 for _ in planner.model.component_data_objects(pyo.Constraint, active=True))
            orders = net_power_plans(record.plan, record.horizon, per_device=per_device)
            into.seconds["gateways"].append(cpu_seconds(partial(hand_out, orders, gateways)))


def hand_out(orders: list[NetPowerPlan], gateways: dict[str, EnergyGateway]) -> None:
    for order in orders:
        gateways[order["local_area"]].receive(order)


def plan_anew(horizon: Horizon, found: list[tuple[Planner, PlanRecord]]) -> None:
    planner = Planner(horizon.graph, horizon.steps)
    found.append((planner, planner.plan(horizon)))


def tell_plans(fault: str, repeats: int) -> None:
    """Rounds over all cases, so that a busy machine slows all of them alike."""
    results = {(way, devices): Measured() for way in WAYS for devices in DEVICES}
    for _ in range(repeats):
        for (way, devices), into in results.items():
            measure(fault, devices, way, into)
    head = (
        "devices",
        "variables",
        "binaries",
        "rows",
        "messages",
        "plan",
        "(46)",
        "one solve",
        "checked",
        "first plan",
    )
    print(f"\n| {fault} | {' | '.join(head)} |\n|---{'|---:' * len(head)}|")
    for (way, devices), m in results.items():
        first = results[way, DEVICES[0]]
        times = [f"{m.median(name):.2f} s, {m.median(name) / first.median(name):.2f}x" for name in ("once", "checked")]
        cells = (devices, m.variables, m.binaries, m.rows, f"{m.message_kb:.0f} kB", m.status)
        print(
            f"| {way} | {' | '.join(map(str, cells))} | {m.median('gateways'):.2f} s | {' | '.join(times)} "
            f"| {m.planned_mwh:.3f} MWh |",
            flush=True,
        )


def tell_runs() -> None:
    head = ("devices", "first plan", "plans in force", "served", "violations", "DC", "run")
    for forecast, perfect in (("perfect forecast", "true"), ("forecast with errors", "false")):
        print(f"\n| 04:00, {forecast}, seed 0 | {' | '.join(head)} |\n|---{'|---:' * len(head)}|")
        for way in WAYS:
            for devices in DEVICES:
                case, strategy = load("04:00", devices, way, f"perfect_forecast={perfect}")
                cells = " | ".join(run(case, strategy))
                print(f"| {way} | {devices} | {cells} |", flush=True)


def run(case: Case, strategy: str) -> list[str]:
    """A co-simulation: energies, number of violations, wall time of the DC and CPU time of all."""
    log = RunLog()
    total_s = cpu_seconds(partial(run_world, case, strategy_named(strategy), case.scenario.seed, log))
    areas = pd.DataFrame(log.recorder.rows["local_area"], columns=list(log.recorder.columns("local_area")))
    step_h = case.scenario.clock.sim_step_min / 60
    first = Plan.model_validate(log.recorder.plans[0]).planned_energy_kwh
    planned, served = (
        areas.loc[areas.in_outage_area == 1, column].sum() * step_h for column in ("planned_kw", "served_kw")
    )
    missed = len(log.recorder.rows["violations"])
    energies = (f"{kwh / 1000:.3f} MWh" for kwh in (first, planned, served))
    return [*energies, str(missed), f"{log.seconds['dispatch_centre']:.1f} s", f"{total_s:.1f} s"]


def main() -> None:
    repeats = next((int(word) for word in sys.argv[1:] if word.isdigit()), 3)
    highs = ".".join(str(getattr(highspy, f"HIGHS_VERSION_{part}")) for part in ("MAJOR", "MINOR", "PATCH"))
    print(f"Python {platform.python_version()}, {platform.machine()}, HiGHS {highs}, one thread, {repeats} repeats")
    if "--runs" in sys.argv:
        tell_runs()
    else:
        for fault in FAULTS:
            tell_plans(fault, repeats)


if __name__ == "__main__":
    main()
