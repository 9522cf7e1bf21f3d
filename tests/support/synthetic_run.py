"""A made-up run for tests of results/: an invented world of one island that conserves energy, no simulation."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

from relight.results.run.read import RunTables, read_table
from relight.results.run.recorder import COLUMNS, Recorder
from relight.results.run.rows import violation
from relight.results.run.tables import OPTIONAL
from relight.results.run_folder import RunRecord, write_run
from relight.scenarios.schema.scenario import Scenario
from support.three_bus_case import PLAIN, merged

UNITS = {"pv.1": ("pv", "1", 900.0), "ess.2": ("ess", "2", 500.0), "nbsu.3": ("nbsu", "3", 700.0)}
PUBLISHED = {
    "source": "Guo et al. 2025",
    "dynamic_energy_mwh": 5.0,
    "static_energy_mwh": 0.186,
    "ratio": 26.9,
    "calibrated": True,
    "note": "peak_kw and clear_sky_index were chosen so that the dynamic plan comes near the printed energy",
}


def make_scenario(
    name: str = "guo45/fault-1000", steps: int = 60, published: bool = True, start: str = "2025-06-21T04:00"
) -> Scenario:
    """A valid scenario of so many 5-minute steps (a multiple of 6)."""
    told = {
        "name": name,
        "network": {"kind": "tables", "folder": "."},
        "outage": {"start": start, "duration_min": 5 * steps},
        "site": {"latitude_deg": 30, "longitude_deg": 120, "timezone": "Asia/Shanghai"},
        "load": {"peak_kw": 4000},
        "published": PUBLISHED if published else None,
    }
    return Scenario.model_validate(merged(PLAIN, told))


def record(
    strategy: str = "dynamic",
    seed: int = 0,
    areas: int = 45,
    steps: int = 60,
    sections: int = 13,
    switches: int = 14,
    demand_factor: float = 1.0,
    serve_nothing: bool = False,
) -> Recorder:
    """Rows of a run whose sections come on one after the other; one area sheds, the last section falls dark again."""
    recorder = Recorder()
    recorder.add_plan(make_plan(strategy, 5.0 * steps, areas))
    room = 0 if serve_nothing else sections if strategy == "dynamic" else sections // 4
    charged_kwh = 300.0
    for step in range(steps):
        time = 5.0 * step
        on = [_section_on(k, step, steps, room, strategy) for k in range(sections)]
        rows, served = [], 0.0
        for k in range(areas):
            section = k * sections // areas
            demand = 0.0 if k == 0 else demand_factor * (35 + 5 * math.sin(step / 9 + seed) + k % 5)
            shed = on[section] and k == areas // 3 and steps // 2 <= step < steps // 2 + 9
            got = demand if on[section] and not shed else 0.0
            served += got
            rows.append(_area_row(time, str(k + 1), f"{section + 1}", on[section], shed, demand, got))
        recorder.add("local_area", rows)
        losses = 0.01 * served
        pv = min(900 * max(0.0, math.sin(math.pi * step / steps / 1.5)), served) if any(on) else 0.0
        starting = any(on) and step < 8
        nbsu = -6.0 if starting else min(700.0, served + losses - pv + 40 * (step > 20)) if any(on) else 0.0
        ess = served + losses - pv - nbsu
        charged_kwh -= ess / 12
        powers = {"pv.1": pv, "ess.2": ess, "nbsu.3": nbsu}
        recorder.add("unit", [_unit_row(time, u, p, starting, any(on), charged_kwh) for u, p in powers.items()])
        if any(on):
            recorder.add("island", [_island_row(time, step, sum(on), pv, ess, nbsu, served, losses)])
            if strategy == "static" and step == steps // 2:
                low = violation("1", "voltage_low", "7", 0.9281, 0.93, "p.u.")
                recorder.add("violations", [{"time_min": time, "step": step, **low}])
        recorder.add("bus", [_bus_row(time, r["local_area"], r["energised"], k) for k, r in enumerate(rows)])
        switch_on = [bool(on[k % sections]) for k in range(switches)]
        before = [step > 0 and _section_on(k % sections, step - 1, steps, room, strategy) for k in range(switches)]
        recorder.add("switch", [
            {"time_min": time, "switch": f"{k}-{k + 1}", "closed": int(now), "operated": int(now != was)}
            for k, (now, was) in enumerate(zip(switch_on, before, strict=True))
        ])  # fmt: skip
        recorder.add("branch", [
            {"time_min": time, "branch": f"{k}-{k + 1}", "closed": now, "energised": now, "p_from_kw": served / 9,
             "q_from_kvar": 1.0, "p_to_kw": -served / 9, "q_to_kvar": -1.0, "loading_pct": served / 50}
            for k, now in enumerate(switch_on)
        ])  # fmt: skip
        recorder.add("message", [{"time_min": time, "sender": "gateway.1", "receiver": "dispatch_centre", "kind": "psc",
                                  "delivered_min": time, "status": "delivered"}])  # fmt: skip
    recorder.add_event(0.0, "plan_issued", "dispatch_centre", text="first plan")
    return recorder


def make_plan(strategy: str, end_min: float, areas: int, objective: float = 5000.0) -> dict[str, Any]:
    """A plan of one step over the whole window."""
    step = {
        "start_min": 0.0,
        "closed_branches": [],
        "energised_buses": [],
        "balance_units": ["ess.2"],
        "local_areas": {str(k + 1): {"p_kw": 0.0, "q_kvar": 0.0, "demand_kw": 20.0} for k in range(areas)},
        "units": {},
    }
    return {
        "schema_version": 1, "scenario": "made-up", "strategy": strategy, "issued_at_min": 0.0, "step_min": end_min,
        "end_min": end_min, "objective": objective, "bound": 1.0005 * objective, "status": "optimal", "steps": [step],
    }  # fmt: skip


def write_failed(folder: Path, why: str) -> Path:
    """Write a run of an hour that failed half-way."""
    scenario = make_scenario(steps=12)
    return write_run(
        folder, RunRecord(scenario=scenario, strategy="dynamic", seed=0, recorder=record(steps=6), failure=why)
    )


def write_synthetic(
    folder: Path,
    strategy: str = "dynamic",
    seed: int = 0,
    steps: int = 60,
    name: str = "guo45/fault-1000",
    published: bool = True,
    **shape: Any,
) -> Path:
    """Record and write one run; its wall time is invented too."""
    return write_run(
        folder,
        RunRecord(
            scenario=make_scenario(name, steps, published),
            strategy=strategy,
            seed=seed,
            recorder=record(strategy, seed, steps=steps, **shape),
            inputs={"network/lines.csv": "0" * 64},
            timing={"solve_s": 1.5, "total_s": 4.0},
        ),
    )


def _section_on(section: int, step: int, steps: int, room: int, strategy: str) -> bool:
    if section >= room:
        return False
    lost_again = strategy == "dynamic" and section == room - 1 and step >= steps - 8
    return step >= 2 * section and not lost_again


def _area_row(time: float, name: str, section: str, on: bool, shed: bool, demand: float, got: float) -> dict[str, Any]:
    planned = demand if on or (name == "40" and time >= 30) else 0.0
    return {
        "time_min": time, "local_area": name, "section": section, "in_outage_area": 1, "priority": 1.0,
        "customers": 10.0,
        "energised": on, "shed": shed, "demand_kw": demand, "demand_kvar": 0.3 * demand, "planned_kw": planned,
        "served_kw": got, "served_kvar": 0.3 * got,
    }  # fmt: skip


def _unit_row(time: float, unit: str, power: float, starting: bool, on: bool, charged_kwh: float) -> dict[str, Any]:
    kind, area, rating = UNITS[unit]
    state = "off" if not on else "starting" if kind == "nbsu" and starting else "form" if kind == "ess" else "follow"
    return {
        "time_min": time, "unit": unit, "kind": kind, "local_area": area, "state": state, "p_kw": power, "q_kvar": 0.0,
        "p_available_kw": rating if kind == "pv" else None, "p_order_kw": power,
        "p_min_kw": -rating if kind == "ess" else 0.0, "p_max_kw": rating if on or kind == "ess" else 0.0,
        "discharge_kwh": charged_kwh if kind == "ess" else None, "charge_kwh": 400.0 if kind == "ess" else None,
    }  # fmt: skip


def _island_row(
    time: float, step: int, sections: int, pv: float, ess: float, nbsu: float, served: float, losses: float
) -> dict[str, Any]:
    return {
        "time_min": time, "island": "1", "balance_unit": "ess.2", "buses": 3 * sections, "radial": 1, "converged": 1,
        "violations": 0, "generation_kw": pv + max(nbsu, 0), "discharge_kw": max(ess, 0), "charge_kw": max(-ess, 0),
        "infeed_kw": 0.0, "startup_kw": max(-nbsu, 0), "served_kw": served, "losses_kw": losses, "mismatch_kw": 0.0,
        "vm_min_pu": 0.985 - 0.01 * math.sin(step / 10), "vm_max_pu": 1.002, "loading_max_pct": 20 + served / 60,
    }  # fmt: skip


def _bus_row(time: float, bus: str, on: bool, k: int) -> dict[str, Any]:
    voltage = 1.0 - 0.0004 * k if on else math.nan
    return {"time_min": time, "bus": bus, "energised": on, "vm_pu": voltage, "va_degree": 0.0 if on else None}


def in_memory(recorder: Recorder, scenario: Scenario, strategy: str = "dynamic", status: str = "complete") -> RunTables:
    """The tables of a recorder as they would be read back, without a folder."""
    tables = {
        table: read_table(io.StringIO(recorder.table_text(table)), columns, OPTIONAL.get(table, ()))
        for table, columns in COLUMNS.items()
    }
    manifest = {"status": status, "strategy": strategy, "seed": 0, "inputs": {}}
    return RunTables(manifest=manifest, scenario=scenario, plans=recorder.plans, **tables)
