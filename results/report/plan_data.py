"""The plan in force at each simulation step: what it says of switches, buses and units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..run.read import RunTables
from .codec import encode, encode_rows
from .network import DrawnNetwork
from .steps import Steps


def steps_in_force(run: RunTables, times: list[float]) -> list[tuple[int, int] | None]:
    """Plan and step of it at each time: the last plan in force, its step begun last; None before the first plan."""
    found: list[tuple[int, int] | None] = []
    for time in times:
        begun = [k for k, plan in enumerate(run.plans) if _in_force_min(plan) <= time]
        if not begun:
            found.append(None)
            continue
        starts = [step["start_min"] for step in run.plans[begun[-1]]["steps"]]
        found.append((begun[-1], max((k for k, start in enumerate(starts) if start <= time), default=0)))
    return found


def _in_force_min(plan: Mapping[str, Any]) -> float:
    """When a plan comes into force: issued, and its first step begun."""
    return max(plan["issued_at_min"], plan["steps"][0]["start_min"])


def planned_courses(
    run: RunTables, network: DrawnNetwork | None, steps: Steps, units: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Plain data of the plan in force; planned state of each branch and of each bus by step (1, 0, NaN: not told).

    ``units``: local area and kind by unit. Several of a kind in an area are a group, for which a plan may tell only the
    sum: that of those it does not tell one by one.
    """
    in_force, count = steps_in_force(run, steps.times), len(steps.times)
    branches = network.branches if network else []
    buses = [bus["id"] for bus in network.buses] if network else []
    closed = np.full((len(branches), count), np.nan)
    energised = np.full((len(buses), count), np.nan)
    p_kw = np.full((len(units), count), np.nan)
    members = {key: [k for k, of in enumerate(units.values()) if of == key] for key in dict.fromkeys(units.values())}
    groups = {key: found for key, found in members.items() if len(found) > 1}
    row_of = {key: row for row, key in enumerate(groups)}
    sum_kw = np.full((len(groups), count), np.nan)
    forms = np.zeros((len(units), count))
    starts = np.full(count, np.nan)
    switched = {b["id"] for b in branches if b["switchable"]}
    for column, found in enumerate(in_force):
        if found is None:
            continue
        if column and found == in_force[column - 1]:
            for table in (closed, energised, p_kw, sum_kw, forms):
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
        forms[:, column] = [float(unit in (step.get("balance_units") or ())) for unit in units]
        for (area, kind), numbers in members.items():
            told = (step.get("local_areas") or {}).get(area, {}).get(f"p_{kind}_kw")
            if told is None or not np.isnan(p_kw[numbers, column]).any():
                continue
            if len(numbers) == 1:
                p_kw[numbers, column] = told
            else:
                sum_kw[row_of[area, kind], column] = told - np.nansum(p_kw[numbers, column])
    data = {
        "plan": encode(np.array([np.nan if f is None else f[0] for f in in_force], dtype=float)),
        "startMin": encode(starts, 0.1),
        "unitKw": encode_rows(p_kw, 0.1),
        "forms": encode_rows(forms),
        "groups": [{"area": area, "kind": kind, "units": found} for (area, kind), found in groups.items()],
        "groupKw": encode_rows(sum_kw, 0.1),
    }
    return data, closed, energised
