"""What each part of ``objective`` does to a scenario: python benchmarks/objective.py [SCENARIO] [--run] [--only N…].
And what each default does that guo45/paper takes away: python benchmarks/objective.py [SCENARIO] --defaults N.

A row for each setting: of the first dynamic plan the energy of the outage area, interruptions, switch operations,
hours until a customer has supply for the first time (those who never have it count to the end), objective, gap and
seconds; with ``--run`` also energy served and interruptions of a run that replans all along.

With ``--defaults`` a row for the scenario as it is, one for each default that is put back alone and one for all of
them, with means over N seeds: energy of the first dynamic plan, energy that a run serves, its interruptions, and the
energy that a static plan serves.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pandas as pd

from relight.controllers.milp.continuity import interruptions
from relight.controllers.milp.objective import operations
from relight.controllers.milp.served import shares_by_step
from relight.controllers.planning.planner import PlanRecord
from relight.controllers.strategies.builtin import DYNAMIC, STATIC
from relight.controllers.strategies.strategy import Strategy
from relight.results.run.recorder import Recorder
from relight.results.run.summary import count_interruptions, plan_quality
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions, Objective
from relight.scenarios.schema.scenario import ActualLoad, Pv, Scenario, World
from relight.scenarios.schema.time_and_place import Outage, Switching
from relight.scenarios.schema.units import Units
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.plan_once import first_plan

SETTINGS: tuple[Mapping[str, Any], ...] = (
    {},
    {"switching_kwh": 0},
    {"interruption_kwh": 1},
    {"interruption_kwh": 5},
    {"interruption_kwh": 20},
    {"earlier_kwh": 0.001},
    {"earlier_kwh": 0.02},
    {"interruption_kwh": 5, "earlier_kwh": 0.001},
    {"keep_served": True},
    {"min_on_min": 60},
    {"min_off_min": 60},
)
"""Of ``objective``; what is not named is as the scenario says."""


FIELDS: tuple[tuple[str, type, tuple[str, ...]], ...] = (
    ("outage", Outage, ("first_order_min",)),
    ("switching", Switching, ("in_runs",)),
    ("world", World, ("pick_up_limit_pct",)),
    ("units", Units, ("ess_charge_efficiency", "ess_discharge_efficiency")),
    ("dispatch_centre", DispatchCentreOptions, ("loss_allowance",)),
    ("dispatch_centre", DispatchCentreOptions, ("replan_gain_kwh",)),
    ("objective", Objective, ("interruption_kwh",)),
    ("objective", Objective, ("earlier_kwh",)),
    ("load.actual", ActualLoad, ("day_sd_pct",)),
    ("pv", Pv, ("day_sd_pct",)),
    ("", Scenario, ("weather",)),
)
"""Part, its schema and the fields in it that belong together."""


def waited_h(record: PlanRecord) -> float:
    """Mean time of the customers of the outage area, from the first step, until they have supply for the first time."""
    horizon, areas = record.horizon, record.horizon.graph.view.local_areas
    shares = shares_by_step(horizon, record.plan.steps)
    lost = [la for la in horizon.graph.view.lost_areas if areas[la].customers]
    waited = 0.0
    for la in lost:
        first = next((t for t, share in enumerate(shares) if share[la] > 0), horizon.steps)
        waited += areas[la].customers * (horizon.start(first) - horizon.start(0)) / 60
    return waited / sum(areas[la].customers for la in lost)


def operated(record: PlanRecord) -> int:
    """Switch operations of a plan."""
    switches = {k for k, link in record.horizon.graph.links.items() if link.switchable}
    now = {k for k in switches if record.horizon.closed[k]}
    return sum(
        operations(*two) for two in pairwise([now, *(switches & set(s.closed_branches) for s in record.plan.steps)])
    )


def row(scenario: str, setting: Mapping[str, Any], run: bool) -> list[str]:
    case = load_case(scenario, {f"objective.{key}": value for key, value in setting.items()})
    began = time.perf_counter()
    record = first_plan(case, DYNAMIC)
    seconds, plan = time.perf_counter() - began, record.plan
    told = ", ".join(f"`{key}: {str(value).lower()}`" for key, value in setting.items()) or "as it is"
    lost = f"{interruptions(record.horizon, plan.steps):.0f}"
    cells = [told, f"{record.planned_energy_kwh / 1e3:.3f}", lost, str(operated(record)), f"{waited_h(record):.2f}"]
    cells += [f"{plan.objective:.1f}", plan.gap_in_words(2), f"{seconds:.1f}"]
    if run:
        energy_mwh, lost_supply = served(case, carried_out(case, DYNAMIC))
        cells += [f"{energy_mwh:.3f}", f"{lost_supply}"]
    return cells


def carried_out(case: Case, strategy: Strategy) -> Recorder:
    """What is recorded of a run."""
    log = RunLog()
    run_world(case, strategy, case.scenario.seed, log)
    return log.recorder


def served(case: Case, recorder: Recorder) -> tuple[float, int]:
    """Energy served in the outage area (MWh), and interruptions, of a run."""
    table = pd.DataFrame(recorder.rows["local_area"], columns=list(recorder.columns("local_area")))
    energy_mwh = table[table["in_outage_area"] == 1]["served_kw"].sum() * case.scenario.clock.sim_step_min / 60_000
    return energy_mwh, count_interruptions(table)


def defaults() -> dict[str, dict[str, Any]]:
    """Overrides by what is told of them."""
    alone: dict[str, dict[str, Any]] = {}
    for part, schema, fields in FIELDS:
        values = {f"{part}.{name}".strip("."): schema.model_fields[name].default for name in fields}
        if "weather" in values:
            values = {"weather": {"sites": values["weather"].sites}}
        alone[", ".join(f"`{name}: {told(value)}`" for name, value in values.items())] = values
    return {"as it is": {}} | alone | {"all of them": {k: v for one in alone.values() for k, v in one.items()}}


def told(value: Any) -> str:
    return "{" + ", ".join(f"{k}: {v}" for k, v in value.items()) + "}" if isinstance(value, dict) else f"{value}"


def means(scenario: str, overrides: dict[str, Any], seeds: int) -> list[float]:
    """Of dynamic the first plan's energy (MWh), what is served (MWh) and interruptions; of static what is served."""
    rows: list[tuple[float, ...]] = []
    for seed in range(seeds):
        case = load_case(scenario, overrides, seed)
        dynamic, static = (carried_out(case, strategy) for strategy in (DYNAMIC, STATIC))
        first = plan_quality(dynamic.plans, frozenset(case.view.lost_areas))["first_plan_energy_mwh"]
        rows.append((first, *served(case, dynamic), served(case, static)[0]))
    return [sum(column) / seeds for column in zip(*rows, strict=True)]


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    asked.add_argument("scenario", nargs="?", default="guo45/fault-1000")
    asked.add_argument("--run", action="store_true", help="make the runs too")
    asked.add_argument("--only", nargs="*", type=int, help="numbers of the settings, from 0; default: all")
    asked.add_argument("--defaults", type=int, metavar="N", help="what defaults do instead, seeds 0 to N - 1")
    options = asked.parse_args()
    if options.defaults:
        print("| default | first plan MWh | dynamic MWh | interruptions | static MWh |")
        print("|---|---:|---:|---:|---:|", flush=True)
        for name, overrides in defaults().items():
            planned, dynamic, lost, static = means(options.scenario, overrides, options.defaults)
            print(f"| {name} | {planned:.3f} | {dynamic:.3f} | {lost:.1f} | {static:.3f} |", flush=True)
        return
    head = ["`objective`", "planned MWh", "interruptions", "operations", "waited h", "objective kWh", "gap", "s"]
    head += ["served MWh", "interruptions of the run"] if options.run else []
    print(f"| {' | '.join(head)} |\n|---{'|---:' * (len(head) - 1)}|", flush=True)
    for setting in SETTINGS if options.only is None else [SETTINGS[number] for number in options.only]:
        print(f"| {' | '.join(row(options.scenario, setting, options.run))} |", flush=True)


if __name__ == "__main__":
    main()
