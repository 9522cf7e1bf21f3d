"""Normal, grid-connected operation of a case: no fault, every infeed live, AC power flow of each step.

The period is the calendar day on which the outage falls, in quarters of an hour: a scenario gives the peak and the
clear-sky index of that day and says nothing of others, so a simulated year would be an invention. Where the scenario
reads CSV series, which need not reach beyond the outage window, the period is that window.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...results.indices.measured import LEVELLED, NO_UNITS, NORMAL_COLUMNS, PV_ONLY, NormalOperation
from ...scenarios.case import Case
from ...scenarios.local_clock import LocalClock
from ...scenarios.quanta import PER_UNIT, rounded
from ...scenarios.schema.scenario import Clock
from ...scenarios.view import Branch, GridView, without_faults
from ..power_flow.engines import REFERENCE, engine_named
from ..power_flow.island_topology import Island, find_islands
from ..power_flow.protocol import AcPowerFlow, IslandInput, IslandSolution, Power
from ..series.profiles import Profiles
from .storage_levelling import level_import

STEP_MIN = 15
"""Resolution of the load curves, and of maximum-demand metering."""


class NoNormalOperation(Exception):
    """The case cannot be run grid-connected; the message says what it would need."""


@dataclass(frozen=True)
class NormalState:
    """A case freed of its outage. ``supplied`` are the islands with the infeed that holds each; ``notes`` what had to
    be assumed."""

    case: Case
    supplied: tuple[tuple[Island, str], ...]
    notes: tuple[str, ...]
    step_min: int
    period: str

    @property
    def buses(self) -> frozenset[str]:
        return frozenset(bus for island, _ in self.supplied for bus in island.buses)


def normal_state(case: Case) -> NormalState:
    """Take the outage away: faults repaired, infeeds live, switches as before the outage.

    Loaded buses that no infeed reaches then are joined by the first open switch, in the view's order, that leads to a
    supplied bus. Of several infeeds in one island the first in balance order supplies it. Raises NoNormalOperation.
    """
    scenario = case.scenario
    if not case.view.infeeds:
        raise NoNormalOperation("an infeed (external grid) in the network")
    has_series = any((scenario.load.forecast_csv, scenario.load.actual_csv, scenario.pv.forecast_csv,
                      scenario.pv.actual_csv))  # fmt: skip
    outage = scenario.outage.model_copy(update={"faulted": (), "dead_infeeds": (), "first_order_min": 0.0})
    clock, switching = scenario.clock, scenario.switching.model_copy(update={"in_runs": False})
    if not has_series:
        midnight, day_min = scenario.local_clock.day()
        outage = outage.model_copy(update={"start": midnight, "duration_min": int(day_min // STEP_MIN) * STEP_MIN})
        clock = Clock(plan_step_min=STEP_MIN, sim_step_min=STEP_MIN)
    end = LocalClock(outage.start, scenario.site.timezone).shows(outage.duration_min)
    view = without_faults(case.view)
    view = replace(view, infeeds={i.id: replace(i, live=True) for i in view.infeeds.values()})
    supplied, notes = _supply(view, case.base_load_kw)
    changed = {"outage": outage, "clock": clock, "switching": switching}
    return NormalState(
        case=replace(case, scenario=scenario.model_copy(update=changed), view=view),
        supplied=supplied,
        notes=notes,
        step_min=clock.sim_step_min,
        period=f"{outage.start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}, steps of {clock.sim_step_min} min",
    )


def _supply(view: GridView, load_kw: Mapping[str, float]) -> tuple[tuple[tuple[Island, str], ...], tuple[str, ...]]:
    """Islands with an infeed, and notes on what was assumed."""
    closed, notes = {b.id: b.closed for b in view.branches.values()}, list[str]()
    while True:
        islands = find_islands(view, closed)
        infeeds = {i.id: [u for u in view.balance_order if u in view.infeeds and view.infeeds[u].bus in i.buses]
                   for i in islands}  # fmt: skip
        live = {bus for island in islands if infeeds[island.id] for bus in island.buses}
        dark = {bus for island in islands if not infeeds[island.id] and _is_loaded(island, load_kw)
                for bus in island.buses}  # fmt: skip
        ties = [b for b in view.branches.values() if b.switchable and not closed[b.id]]
        tie = next((b for b in ties if _joins(b, live, dark)), None)
        if tie is None:
            break
        closed[tie.id] = True
        notes.append(f"{tie.id}, open before the outage, is taken as closed, or loads beyond it had no infeed")
    if dark:
        notes.append(f"no infeed reaches {', '.join(sorted(dark))}; their demand counts, unserved")
    for first, *others in filter(None, infeeds.values()):
        notes.extend(f"{other} stands by: {first} supplies the same island" for other in others)
    return tuple((island, infeeds[island.id][0]) for island in islands if infeeds[island.id]), tuple(notes)


def _is_loaded(island: Island, load_kw: Mapping[str, float]) -> bool:
    return any(load_kw.get(bus, 0.0) > 0 for bus in island.buses)


def _joins(branch: Branch, live: Collection[str], dark: Collection[str]) -> bool:
    """Whether a branch leads from a supplied to an unsupplied bus."""
    a, b = branch.from_bus, branch.to_bus
    return (a in live and b in dark) or (b in live and a in dark)


def bus_demand(state: NormalState, demand: Mapping[str, Power]) -> dict[str, Power]:
    """Demand (kW, kvar) of each loaded bus from that of the LAs, in proportion to the buses' parts of the peak."""
    base, result = state.case.base_load_kw, dict[str, Power]()
    for area in state.case.view.local_areas.values():
        total = sum(base.get(bus, 0.0) for bus in area.buses)
        p_kw, q_kvar = demand[area.id]
        for bus in area.buses:
            if base.get(bus, 0.0) > 0:
                result[bus] = (p_kw * base[bus] / total, q_kvar * base[bus] / total)
    return result


def solve_normal(
    state: NormalState, power_flow: AcPowerFlow, load: Mapping[str, Power], units_kw: Mapping[str, float]
) -> dict[str, IslandSolution] | None:
    """AC power flow of the supplied islands, by the infeed that holds each; None if one does not converge.

    ``load`` by bus (kW, kvar), ``units_kw`` injections by unit at power factor 1; those on unsupplied buses are left
    out.
    """
    units = state.case.view.units
    inputs = [
        IslandInput(
            island, infeed, {bus: load[bus] for bus in island.buses if bus in load},
            {unit: (p_kw, 0.0) for unit, p_kw in units_kw.items() if units[unit].bus in island.buses},
        )
        for island, infeed in state.supplied
    ]  # fmt: skip
    (solutions,) = power_flow.solve([inputs])
    solved = {one.balance_unit: flow for one, flow in zip(inputs, solutions, strict=True) if flow is not None}
    return solved if len(solved) == len(inputs) else None


def operate(state: NormalState) -> NormalOperation:
    """Simulate the period with no local units, with PV, and with PV and storage that levels the import.

    Storage ends as full as it began, at a level of its choice; NBSUs stand still: they are there to restore.
    Actual series are used, as drawn by the scenario's seed. Raises NoNormalOperation if a power flow fails.
    """
    case = state.case
    profiles, power_flow = Profiles(case), engine_named(REFERENCE)(case)
    times = np.arange(0, case.scenario.outage.duration_min, state.step_min, dtype=float)
    demands = [profiles.demand(time) for time in times]
    pv = {u.id: np.array([profiles.pv_pu(t)[u.id] * u.s_kva for t in times]) for u in case.view.pv.values()}
    pv = {unit: kw for unit, kw in pv.items() if case.view.pv[unit].bus in state.buses}
    loads = [bus_demand(state, demand) for demand in demands]
    reached = np.array([sum(p for bus, (p, _) in load.items() if bus in state.buses) for load in loads])
    storage = [u for u in case.view.ess.values() if u.bus in state.buses]
    ess = level_import(reached - sum(pv.values(), np.zeros(len(times))), storage, state.step_min / 60)
    rows: list[dict[str, object]] = []
    for operation, units in ((NO_UNITS, {}), (PV_ONLY, pv), (LEVELLED, {**pv, **ess})):
        for k, time in enumerate(times):
            flows = solve_normal(state, power_flow, loads[k], {unit: float(kw[k]) for unit, kw in units.items()})
            if flows is None:
                raise NoNormalOperation(f"an AC power flow that converges ({operation}, minute {time:g})")
            rows.append({
                "operation": operation,
                "time_min": time,
                "demand_kw": sum(p for p, _ in demands[k].values()),
                "pv_kw": float(sum(kw[k] for kw in pv.values())) if units else 0.0,
                "ess_kw": float(sum(kw[k] for kw in ess.values())) if operation == LEVELLED else 0.0,
                **_totals(flows),
            })  # fmt: skip
    largest = max(demands, key=lambda demand: sum(p for p, _ in demand.values()))
    p_kw, q_kvar = (sum(power[k] for power in largest.values()) for k in (0, 1))
    return NormalOperation(
        period=state.period,
        step_min=state.step_min,
        table=pd.DataFrame(rows, columns=list(NORMAL_COLUMNS)),
        infeed_kva=rated_infeeds_kva(case),
        power_factor=rounded(p_kw / math.hypot(p_kw, q_kvar), PER_UNIT) if p_kw > 0 else 1.0,
        notes=state.notes,
    )


def _totals(flows: Mapping[str, IslandSolution]) -> dict[str, float | None]:
    """Import, export, losses and the range of voltages and loadings over all islands."""
    infeeds = [flow.p_balance_kw for flow in flows.values()]
    loadings = [b.loading_pct for flow in flows.values() for b in flow.flows.values() if b.loading_pct is not None]
    return {
        "import_kw": sum(max(p, 0.0) for p in infeeds),
        "export_kw": sum(max(-p, 0.0) for p in infeeds),
        "losses_kw": sum(flow.losses_kw for flow in flows.values()),
        "vm_min_pu": min(float(flow.vm_pu.min()) for flow in flows.values()),
        "vm_max_pu": max(float(flow.vm_pu.max()) for flow in flows.values()),
        "loading_max_pct": max(loadings, default=None),
    }


def rated_infeeds_kva(case: Case) -> float | None:
    """Rating of all infeeds; None if one has none."""
    if not all(infeed.rated for infeed in case.view.infeeds.values()):
        return None
    return sum(infeed.s_kva for infeed in case.view.infeeds.values())
