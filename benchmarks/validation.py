"""Times of validating a plan, as ratios to a plain loop of runpp: python benchmarks/validation.py [REPEATS].

A 45-bus plan of our own, and a 1,000-bus feeder made up here (a random tree with a switch every ten buses or so) whose
plan names switches and set-points of all units.
"""

from __future__ import annotations

import copy
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import yaml

from relight.controllers.exchange.plan import Plan
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.sim.planning.plan_once import plan_once
from relight.sim.power_flow.engines import ENGINES, engine_named
from relight.sim.validation.validator import Validator

STEPS = 10


def large_case(folder: Path, buses: int = 1000, seed: int = 0) -> Case:
    """A 20 kV feeder as a random tree: cables of 50 to 300 m, 8 kW a bus, an ESS, PV or NBSU at one bus in 25."""
    rng = np.random.default_rng(seed)
    net = pp.create_empty_network()
    for k in range(buses):
        pp.create_bus(net, 20.0, name=f"n{k}")
        pp.create_load(net, k, p_mw=0.008, q_mvar=0.0026)
    for k in range(1, buses):
        pp.create_line_from_parameters(
            net,
            int(rng.integers(max(0, k - 30), k)),
            k,
            float(rng.uniform(0.05, 0.3)),
            0.16,
            0.12,
            250,
            0.4,
            name=f"l{k}",
        )
    pp.create_ext_grid(net, 0)
    units: dict[str, list[dict[str, Any]]] = {"ess": [], "pv": [], "nbsu": []}
    units["ess"].append({"id": "main", "bus": "n0", "s_kva": 12_000, "discharge_kwh": 60_000, "charge_kwh": 5000})
    for k in range(25, buses, 25):
        kind = ("ess", "pv", "nbsu")[k // 25 % 3]
        unit: dict[str, Any] = {"id": f"{kind}.{k}", "bus": f"n{k}", "s_kva": 100}
        if kind == "ess":
            unit |= {"discharge_kwh": 300, "charge_kwh": 100}
        elif kind == "nbsu":
            unit |= {"p_in_kw": 2, "ramp_up_kw_per_h": 100, "ramp_down_kw_per_h": 100, "start_min": 30}
        units[kind].append(unit)
    pp.to_json(net, str(folder / "net.json"))
    scenario = {
        "name": "thousand",
        "network": {
            "kind": "json",
            "file": "net.json",
            "switchable": [f"l{k}" for k in range(1, buses) if rng.random() < 0.1],
        },
        "outage": {"start": "2025-06-20T08:00", "duration_min": 30 * STEPS},
        "site": {"latitude_deg": 48.7, "longitude_deg": 10.5, "timezone": "Europe/Berlin"},
        "load": {"source": "network"},
        "units": units,
    }
    (folder / "thousand.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    return load_case(folder / "thousand.yaml")


def with_set_points(validator: Validator, plan: Plan) -> Plan:
    """The plan with the set-points that the validator finds for it."""
    data = plan.model_dump(exclude_none=True)
    for k, _, units in validator.validate(plan).dispatched.units:
        data["steps"][k]["units"] = {unit: set_point.model_dump() for unit, set_point in units.items()}
    return Plan.model_validate(data)


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median of ``repeats``."""
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def plain_loop(case: Case) -> Callable[[], None]:
    """What a user would write: set the loads, call runpp, ten times over one live network."""
    net = copy.deepcopy(case.net)
    net.line["in_service"] = net.trafo["in_service"] = True
    for branch in case.view.branches.values():
        if branch.faulted or not branch.closed:
            table = "switch" if branch.kind == "switch" else branch.kind
            column = "closed" if branch.kind == "switch" else "in_service"
            net[table].loc[net[table]["name"] == branch.id, column] = False
    for k, bus in enumerate(net.bus["name"]):
        pp.create_load(net, net.bus.index[k], p_mw=case.base_load_kw[bus] / 1000)
    pp.create_ext_grid(net, net.bus.index[0])
    base = net.load["p_mw"].to_numpy().copy()

    def loop() -> None:
        for k in range(STEPS):
            net.load["p_mw"] = base * (0.4 + 0.05 * k)
            pp.runpp(net, numba=False)

    return loop


def measure(name: str, case: Case, plan: Plan, repeats: int) -> list[str]:
    loop = plain_loop(case)
    loop()
    plain = seconds(loop, repeats)
    rows = [f"| {name} | `runpp` loop, power flow alone | | {plain * 1e3:.0f} ms | 1 |"]
    for engine in ENGINES:
        engine_named(engine)(case)  # imports
        prepare = seconds(lambda engine=engine: Validator(case, engine=engine).forecast, 1)
        validator = Validator(case, engine=engine)
        verdict = validator.validate(plan)
        took = seconds(lambda validator=validator: validator.validate(plan), repeats)
        what = f"{engine}, {len(verdict.islands)} islands, {len(verdict.violations)} violations"
        rows.append(f"| {name} | {what} | {prepare * 1e3:.0f} ms | {took * 1e3:.1f} ms | {took / plain:.2f} |")
    return rows


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    engines = ", ".join(f"{engine} {version(engine)}" for engine in ENGINES)
    print(f"Python {platform.python_version()}, {platform.machine()}, {engines}, median of {repeats} repeats\n")
    print("| plan of 10 steps | judged by | prepared once | a plan | ratio |\n|---|---|---:|---:|---:|")
    small = load_case("guo45/fault-0400")
    print("\n".join(measure("45 buses", small, plan_once(small, "dynamic").plan, repeats)), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        large = large_case(Path(folder))
        closed = list(large.view.branches)
        steps = [{"start_min": 30 * k, "closed_branches": closed} for k in range(STEPS)]
        plan = with_set_points(Validator(large, engine="power-grid-model"), Plan.model_validate({"steps": steps}))
        print("\n".join(measure("1,000 buses", large, plan, repeats)))


if __name__ == "__main__":
    main()
