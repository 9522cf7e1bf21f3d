"""A made-up run of a real network for tests of the report: islands grow section by section; nothing is simulated."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from relight.results.run.recorder import Recorder
from relight.results.run.rows import violation
from relight.results.run_folder import RunRecord, write_run
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.scenarios.networks.drawing import network_table

PEAK_KW = 60.0


def write_invented(
    folder: Path,
    scenario: str,
    overrides: tuple[str, ...] = (),
    strategy: str = "dynamic",
    steps: int = 24,
    failure: str = "",
    network: bool = True,
    recorded: int | None = None,
) -> Path:
    """Record and write a run of 15-minute steps; ``strategy`` static grows its islands half as fast.

    ``failure`` ends it after half of its steps or as many as ``recorded`` says; ``network`` False leaves
    ``network.json`` out.
    """
    clock = ("clock.sim_step_min=15", "clock.plan_step_min=30", f"outage.duration_min={15 * steps}")
    case = load_case(scenario, (*clock, *overrides))
    recorder = Recorder()
    for step in range(recorded if recorded is not None else steps // 2 if failure else steps):
        _record(recorder, case, strategy, step, steps)
    return write_run(
        folder,
        RunRecord(
            scenario=case.scenario,
            strategy=strategy,
            seed=case.scenario.seed,
            recorder=recorder,
            network=network_table(case) if network else None,
            timing={"run_s": 1.0},
            failure=failure,
        ),
    )


def _grown(case: Case, rounds: int) -> tuple[dict[str, str], set[str]]:
    """Sections with the unit that forms their island's voltage, and the closed switches, after so many rounds."""
    view = case.view
    former: dict[str, str] = {}
    for unit in view.ess.values():
        former.setdefault(view.section_of_bus[unit.bus], unit.id)
    closed: set[str] = set()
    for _ in range(rounds):
        grown: dict[str, str] = {}
        for branch in view.branches.values():
            if not branch.switchable or branch.faulted:
                continue
            ends = [view.section_of_bus[bus] for bus in (branch.from_bus, branch.to_bus)]
            for here, there in (ends, ends[::-1]):
                # One section an island and round, and never a second way to the same section.
                if here in former and there not in former | grown and former[here] not in grown.values():
                    grown[there] = former[here]
                    closed.add(branch.id)
        former |= grown
    return former, closed


def _record(recorder: Recorder, case: Case, strategy: str, step: int, steps: int) -> None:
    view, time, rng = case.view, 15.0 * step, np.random.default_rng([step, len(strategy)])
    rounds = step // (2 if strategy == "dynamic" else 4)
    former, switched = _grown(case, rounds)
    closed = {b.id for b in view.branches.values() if (b.id in switched if b.switchable else not b.faulted)}
    first: dict[str, str] = {}
    for bus in view.buses:
        if (unit := former.get(view.section_of_bus[bus])) is not None:
            first.setdefault(unit, bus)
    vm = 1 - 0.02 * rng.random(len(view.buses))
    on = {bus: view.section_of_bus[bus] in former for bus in view.buses}
    recorder.add("bus", [
        {"time_min": time, "bus": bus, "energised": live, "vm_pu": vm[k] if live else None,
         "va_degree": 0.0 if live else None}
        for k, (bus, live) in enumerate(on.items())
    ])  # fmt: skip
    recorder.add("branch", [
        {"time_min": time, "branch": b.id, "closed": b.id in closed, "energised": on[b.from_bus] and b.id in closed,
         "p_from_kw": 10 * rng.random(), "q_from_kvar": 0.0, "p_to_kw": 0.0, "q_to_kvar": 0.0,
         "loading_pct": 30 * rng.random()}
        for b in view.branches.values()
    ])  # fmt: skip
    _, before = _grown(case, max(0, step - 1) // (2 if strategy == "dynamic" else 4))
    recorder.add("switch", [
        {"time_min": time, "switch": b.id, "closed": b.id in closed,
         "operated": int(step > 0 and (b.id in closed) != (b.id in before))}
        for b in view.branches.values() if b.switchable
    ])  # fmt: skip
    served: dict[str, float] = dict.fromkeys(first, 0.0)
    areas: dict[str, float] = {}
    for k, area in enumerate(view.local_areas.values()):
        demand = PEAK_KW * (0.6 + 0.4 * math.sin(step / 6 + k))
        live = on[area.buses[0]]
        shed = live and k % 17 == 3 and step % 5 == 4
        got = demand if live and not shed else 0.0
        if got:
            served[former[area.section]] += got
        areas[area.id] = demand if live else 0.0
        recorder.add("local_area", [
            {"time_min": time, "local_area": area.id, "section": area.section, "in_outage_area": 1, "priority": 1.0,
             "customers": 1.0, "energised": live, "shed": shed, "demand_kw": demand, "demand_kvar": 0.0,
             "planned_kw": areas[area.id], "served_kw": got, "served_kvar": 0.0}
        ])  # fmt: skip
    recorder.add("island", [
        {"time_min": time, "island": bus, "balance_unit": unit, "buses": sum(
            former.get(view.section_of_bus[b]) == unit for b in view.buses), "radial": 1, "converged": 1,
         "violations": 0, "generation_kw": 0.0, "discharge_kw": served[unit], "charge_kw": 0.0, "infeed_kw": 0.0,
         "startup_kw": 0.0, "served_kw": served[unit], "losses_kw": 0.0, "mismatch_kw": 0.0, "vm_min_pu": 0.98,
         "vm_max_pu": 1.0, "loading_max_pct": 20.0 + step}
        for unit, bus in first.items()
    ])  # fmt: skip
    powers = {unit: served.get(unit, 0.0) for unit in (*view.pv, *view.ess, *view.nbsu)}
    recorder.add("unit", [_unit(case, time, unit, p_kw, step / steps) for unit, p_kw in powers.items()])
    if step % 2 == 0:
        recorder.add_plan(_plan(case, strategy, time, 15.0 * steps, switched, on, areas, powers))
        recorder.add_event(time, "plan_issued", "dispatch_centre", sum(areas.values()), "kWh", "replan interval")
    for branch in sorted(switched - before):
        recorder.add_event(time, "switch_operated", branch, 1.0, text="closed")
    if step in (5, 6, 7):
        bus = next(bus for bus, live in on.items() if live)
        low = violation(bus, "voltage_low", bus, 0.92, 0.93, "p.u.")
        recorder.add("violations", [{"time_min": time, "step": step, **low}])


def _unit(case: Case, time: float, unit: str, p_kw: float, gone: float) -> dict[str, Any]:
    view = case.view
    kind = "pv" if unit in view.pv else "ess" if unit in view.ess else "nbsu"
    ess = view.ess.get(unit)
    return {
        "time_min": time, "unit": unit, "kind": kind, "local_area": view.local_area_of_unit(unit),
        "state": "form" if p_kw else "off", "p_kw": p_kw, "q_kvar": 0.0,
        "p_available_kw": 50.0 if kind == "pv" else None, "p_order_kw": p_kw, "p_min_kw": 0.0, "p_max_kw": p_kw,
        "discharge_kwh": ess.discharge_kwh * (1 - gone) if ess else None,
        "charge_kwh": ess.charge_kwh + ess.discharge_kwh * gone if ess else None,
    }  # fmt: skip


def _plan(
    case: Case, strategy: str, time: float, end_min: float, closed: set[str], on: dict[str, bool],
    areas: dict[str, float], powers: dict[str, float],
) -> dict[str, Any]:  # fmt: skip
    step = {
        "start_min": time, "closed_branches": sorted(closed), "energised_buses": [b for b, live in on.items() if live],
        "balance_units": [], "units": {unit: {"p_kw": p_kw} for unit, p_kw in powers.items()},
        "local_areas": {a: {"p_kw": 0.0, "q_kvar": 0.0, "demand_kw": p_kw} for a, p_kw in areas.items()},
    }  # fmt: skip
    return {
        "schema_version": 1, "scenario": case.scenario.name, "strategy": strategy, "issued_at_min": time,
        "step_min": 30.0, "end_min": end_min, "objective": 1000.0, "bound": 1000.5, "status": "optimal",
        "steps": [step],
    }  # fmt: skip
