"""The plan in force at each simulation step: what it says of switches, buses and units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from results.report.codec import encode, encode_rows
from results.report.network import Network
from results.run_tables import RunTables

if TYPE_CHECKING:
    from results.report.run_data import Steps


def steps_in_force(run: RunTables, times: list[float]) -> list[tuple[int, int] | None]:
    """Plan and step of it at each time: the plan issued last, its step begun last; None before the first plan."""
    found: list[tuple[int, int] | None] = []
    for time in times:
        issued = [k for k, plan in enumerate(run.plans) if plan["issued_at_min"] <= time]
        if not issued:
            found.append(None)
            continue
        starts = [step["start_min"] for step in run.plans[issued[-1]]["steps"]]
        found.append((issued[-1], max((k for k, start in enumerate(starts) if start <= time), default=0)))
    return found


def planned_courses(
    run: RunTables, network: Network | None, steps: Steps, units: list[str]
) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Plain data of the plan in force; planned state of each branch and of each bus by step (1, 0, NaN: not told)."""
    in_force, count = steps_in_force(run, steps.times), len(steps.times)
    branches = network.branches if network else []
    buses = [bus["id"] for bus in network.buses] if network else []
    closed = np.full((len(branches), count), np.nan)
    energised = np.full((len(buses), count), np.nan)
    p_kw = np.full((len(units), count), np.nan)
    starts = np.full(count, np.nan)
    switched = {b["id"] for b in branches if b["switchable"]}
    for column, found in enumerate(in_force):
        if found is None:
            continue
        if column and found == in_force[column - 1]:
            for table in (closed, energised, p_kw):
                table[:, column] = table[:, column - 1]
            starts[column] = starts[column - 1]
            continue
        step = run.plans[found[0]]["steps"][found[1]]
        starts[column] = step["start_min"]
        named = set(step["closed_branches"])
        # A plan that names a branch without a switch names every closed branch (docs/validation.md).
        whole = bool(named - switched)
        closed[:, column] = [
            float(b["id"] in named if b["switchable"] or whole else not b["faulted"]) for b in branches
        ]
        if (on := step.get("energised_buses")) is not None:
            on = set(on)
            energised[:, column] = [float(bus in on) for bus in buses]
        said = step.get("units") or {}
        p_kw[:, column] = [said[unit]["p_kw"] if unit in said else np.nan for unit in units]
    data = {
        "plan": encode(np.array([np.nan if f is None else f[0] for f in in_force], dtype=float)),
        "startMin": encode(starts, 0.1),
        "unitKw": encode_rows(p_kw, 0.1),
    }
    return data, closed, energised
