"""What the page is told of one run: everything by step, from the run's tables."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..run.read import RunTables
from .codec import encode, encode_rows
from .happenings import happenings
from .network import DARK, DrawnNetwork, islands
from .plan_data import planned_courses
from .steps import Steps

FULL, WITHOUT_FLOWS, WITHOUT_DIAGRAM = 0, 1, 2
"""How much is told of single elements: all; no voltages of buses and flows of branches; nothing, so no diagram."""


def run_data(run: RunTables, network: DrawnNetwork | None, detail: int = FULL) -> dict[str, Any]:
    """Plain data of one run; ``courses.js`` reads it back. Powers are kW, energies kWh, times minutes."""
    scenario = run.scenario
    steps = Steps(sorted(run.local_area["time_min"].unique().tolist()))
    data: dict[str, Any] = {
        "scenario": scenario.name,
        "strategy": run.strategy,
        "seed": run.seed,
        "startOfDayMin": scenario.outage.start.hour * 60 + scenario.outage.start.minute,
        **({"clockChanges": changes} if (changes := scenario.local_clock.changes(run.end_min)) else {}),
        "times": steps.times,
        "endMin": run.end_min,
        "limits": {
            "vmMin": scenario.limits.vm_min_pu, "vmMax": scenario.limits.vm_max_pu,
            "loading": scenario.limits.max_loading_pct,
        },
        "chart": _charts(run, steps),
        "islandRows": _island_rows(run, steps),
        "unit": _units(run, steps),
        "area": _areas(run, steps, flags_only=detail != FULL),
        "happenings": happenings(run),
        "plans": [
            {"issuedMin": p["issued_at_min"], "status": p.get("status"), "objective": p.get("objective"),
             "bound": p.get("bound")}
            for p in run.plans
        ],
    }  # fmt: skip
    data["planned"], planned_closed, planned_on = planned_courses(run, network, steps, _places(run))
    if network is None or detail == WITHOUT_DIAGRAM:
        return data
    closed = steps.table(run.branch, "branch", [b["id"] for b in network.branches], run.branch["closed"])
    buses = [b["id"] for b in network.buses]
    energised = steps.table(run.bus, "bus", buses, run.bus["energised"])
    island = islands(network, closed, energised)
    planned_island = islands(network, planned_closed, planned_on)
    data["bus"] = {"island": encode_rows(island), "planned": encode_rows(planned_island)}
    data["branch"] = {
        "closed": encode_rows(closed),
        "planned": encode_rows(planned_closed),
        "faulted": encode_rows(_faulted(run, network, steps)),
    }
    data["slots"] = _slots(island, planned_island)
    if detail == FULL:
        loading = run.branch["loading_pct"]
        data["bus"]["vm"] = encode_rows(steps.table(run.bus, "bus", buses, run.bus["vm_pu"]), 1e-4)
        ids = [b["id"] for b in network.branches]
        data["branch"]["pKw"] = encode_rows(steps.table(run.branch, "branch", ids, run.branch["p_from_kw"]))
        data["branch"]["loading"] = encode_rows(steps.table(run.branch, "branch", ids, loading), 0.1)
    return data


def _charts(run: RunTables, steps: Steps) -> dict[str, Any]:
    """Courses of the whole outage area; units of it, infeed of all islands, as in the figures of a run."""
    inside = run.local_area["in_outage_area"] == 1
    area = run.local_area[inside]
    unit = run.unit[run.unit["local_area"].isin(area["local_area"].unique())]

    def power(kind: str, sign: int) -> str:
        return encode(steps.total(unit, (sign * unit["p_kw"]).clip(lower=0).where(unit["kind"] == kind, 0.0)), 0.1)

    infeed = steps.total(run.island, run.island["infeed_kw"])
    stored = unit[unit["kind"] == "ess"]
    charts: dict[str, Any] = {
        **{f"{n}Kw": encode(steps.total(area, area[f"{n}_kw"]), 0.1) for n in ("demand", "planned", "served")},
        "pvKw": power("pv", 1),
        "essKw": power("ess", 1),
        "nbsuKw": power("nbsu", 1),
        "infeedKw": encode(infeed.clip(min=0), 0.1),
        "chargeKw": power("ess", -1),
        "startupKw": power("nbsu", -1),
        "exportKw": encode((-infeed).clip(min=0), 0.1),
        "storedKwh": encode(steps.total(stored, stored["discharge_kwh"]), 0.1),
        "roomKwh": encode(steps.total(stored, stored["charge_kwh"]), 0.1),
        "vmLow": encode(steps.least(run.island, "vm_min_pu"), 1e-4),
        "vmHigh": encode(steps.most(run.island, "vm_max_pu"), 1e-4),
        "loading": encode(steps.most(run.island, "loading_max_pct"), 0.1),
    }
    if "f_min_hz" in run.island and run.island["f_min_hz"].notna().any():
        charts |= {
            "fLow": encode(steps.least(run.island, "f_min_hz"), 0.001),
            "fHigh": encode(steps.most(run.island, "f_max_hz"), 0.001),
        }
    return charts


def _places(run: RunTables) -> dict[str, tuple[str, str]]:
    """Local area and kind of each unit, in the order of the tables."""
    first = run.unit.drop_duplicates("unit")
    return dict(zip(first["unit"], zip(first["local_area"], first["kind"], strict=True), strict=True))


def _units(run: RunTables, steps: Steps) -> dict[str, Any]:
    first = run.unit.drop_duplicates("unit")
    ids = first["unit"].tolist()
    words = sorted(run.unit["state"].unique().tolist())
    state = run.unit["state"].map({word: k for k, word in enumerate(words)}).astype(float)
    numbers = {name: run.unit[name] for name in ("p_kw", "p_available_kw", "discharge_kwh")}
    p_kw, available, energy = (steps.table(run.unit, "unit", ids, column) for column in numbers.values())
    return {
        "ids": ids,
        "kinds": first["kind"].tolist(),
        "areas": first["local_area"].tolist(),
        "words": words,
        "state": encode_rows(steps.table(run.unit, "unit", ids, state)),
        "pKw": encode_rows(p_kw, 0.1),
        "availableKw": encode_rows(available, 0.1),
        "energyKwh": encode_rows(energy, 0.1),
    }


def _areas(run: RunTables, steps: Steps, flags_only: bool) -> dict[str, Any]:
    """Demand, planned and served power by area; ``flags_only``: 1 where there is some, which is far shorter."""
    first = run.local_area.drop_duplicates("local_area")
    ids = first["local_area"].tolist()
    courses: dict[str, list[str]] = {}
    for name in ("demand", "planned", "served"):
        power_kw = steps.table(run.local_area, "local_area", ids, run.local_area[f"{name}_kw"])
        courses[f"{name}Kw"] = encode_rows((power_kw > 0).astype(float)) if flags_only else encode_rows(power_kw, 0.1)
    lost = run.local_area.groupby("local_area")["in_outage_area"].max()
    return {"ids": ids, "lost": lost[ids].astype(int).tolist(), "flagsOnly": flags_only, **courses}


def _island_rows(run: RunTables, steps: Steps) -> list[list[list[Any]]]:
    """By step: island, balance unit, buses, generation and discharge, served, lowest and highest voltage."""
    by_time: dict[float, list[list[Any]]] = {time: [] for time in steps.times}
    for row in run.island.to_dict("records"):
        # A row without a balance unit is a dark part of the network with violations.
        if row["balance_unit"] == "" or row["time_min"] not in by_time:
            continue
        source_kw = row["generation_kw"] + row["discharge_kw"] + max(row["infeed_kw"], 0.0)
        powers = [_number(kw, 1) for kw in (source_kw, row["served_kw"])]
        voltages = [_number(vm_pu, 4) for vm_pu in (row["vm_min_pu"], row["vm_max_pu"])]
        by_time[row["time_min"]].append([row["island"], row["balance_unit"], int(row["buses"]), *powers, *voltages])
    return list(by_time.values())


def _number(value: float, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None


def _faulted(run: RunTables, network: DrawnNetwork, steps: Steps) -> np.ndarray:
    """Whether each branch is faulted at each step: from the beginning, or by what events tell."""
    times = np.array(steps.times)
    found = np.zeros((len(network.branches), len(times)))
    number = {b["id"]: k for k, b in enumerate(network.branches)}
    for k, branch in enumerate(network.branches):
        found[k] = float(branch["faulted"])
    told = run.events[run.events["kind"].isin(("branch_faulted", "branch_repaired"))]
    for time, kind, element in zip(told["time_min"].tolist(), told["kind"], told["element"], strict=True):
        if element in number:
            found[number[element], times >= time] = float(kind == "branch_faulted")
    return found


def _slots(*courses: np.ndarray) -> dict[str, int]:
    """A colour and shape for each island (by its first bus): the first that no island beside it has at any step, in
    what happened or in the plan."""
    beside: dict[int, set[int]] = {}
    for step in range(courses[0].shape[1]):
        here = {first for island in courses for first in np.unique(island[:, step]).tolist() if first != DARK}
        for first in sorted(here):
            beside.setdefault(first, set()).update(here)
    slots: dict[int, int] = {}
    for first, others in beside.items():
        taken = {slots[other] for other in others if other in slots}
        slots[first] = next(slot for slot in itertools.count() if slot not in taken)
    return {str(first): slot for first, slot in slots.items()}
