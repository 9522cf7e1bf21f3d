"""What each default does that guo45/paper takes away: python benchmarks/defaults.py [SCENARIO] [--seeds N].

A row for the scenario as it is, one for each default that is put back alone, and one for all of them: energy of the
first dynamic plan, energy that runs serve of it and of a static plan, and interruptions, each a mean over seeds.
"""

from __future__ import annotations

import argparse
from typing import Any

from objective import carried_out, served

from relight.controllers.strategies.builtin import DYNAMIC, STATIC
from relight.results.run.summary import plan_quality
from relight.scenarios.loader import load_case
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions, Objective
from relight.scenarios.schema.scenario import ActualLoad, Pv, Scenario, World
from relight.scenarios.schema.time_and_place import Outage, Switching
from relight.scenarios.schema.units import Units

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


def settings() -> dict[str, dict[str, Any]]:
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
    asked.add_argument("--seeds", type=int, default=1, help="how many, from 0")
    options = asked.parse_args()
    print(
        "| default | first plan MWh | dynamic MWh | interruptions | static MWh |\n|---|---:|---:|---:|---:|", flush=True
    )
    for name, overrides in settings().items():
        planned, dynamic, lost, static = means(options.scenario, overrides, options.seeds)
        print(f"| {name} | {planned:.3f} | {dynamic:.3f} | {lost:.1f} | {static:.3f} |", flush=True)


if __name__ == "__main__":
    main()
