"""Rows of the series tables (relight.results.run.tables.SERIES) from a settled step: plain numbers, None where not
defined."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ...results.run.rows import Row
from ...results.run.tables import FREQUENCY_COLUMNS
from ...scenarios.view import GridView
from ..islands.operating_point import IslandStep
from ..power_flow.protocol import BranchFlow
from ..units.unit_model import UnitModel
from .judge import bills

_NO_FLOW = BranchFlow(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Settled:
    """All that rows are made from; units are booked already."""

    time_min: float
    islands: list[IslandStep]
    units: Mapping[str, UnitModel]
    closed: Mapping[str, bool]
    operated: frozenset[str]
    shed: frozenset[str]
    lost: Collection[str]
    """LAs that have lost supply so far"""
    ordered: Mapping[str, float] | None
    """share of each LA's demand that is on by order; None: nobody can be off by order"""
    planned_kw: Mapping[str, float]
    violations: Mapping[str, int]
    """number of violations by island"""
    with_frequency: bool = False
    """whether island rows have the columns of frequency"""
    storage_loses: bool = False
    """whether unit rows tell losses of storage"""
    loads_vary: bool = False
    """whether island rows tell what voltage adds to demand"""


def series(view: GridView, settled: Settled) -> dict[str, list[Row]]:
    """Rows by table, for all tables but ``message``."""
    return {
        "bus": _stamped(settled, _bus_rows(view, settled)),
        "branch": _stamped(settled, _branch_rows(view, settled)),
        "switch": _stamped(settled, _switch_rows(view, settled)),
        "island": _stamped(settled, (_island_row(one, settled) for one in settled.islands if _is_told(one, settled))),
        "local_area": _stamped(settled, _local_area_rows(view, settled)),
        "unit": _stamped(settled, _unit_rows(view, settled)),
    }


def _stamped(settled: Settled, rows: Iterable[Row]) -> list[Row]:
    return [{"time_min": settled.time_min, **row} for row in rows]


def _is_told(one: IslandStep, settled: Settled) -> bool:
    """Energised islands, and dark ones that were to be energised: tripped, or with supply planned in them."""
    return one.energised or one.trip is not None or settled.violations.get(one.island.id, 0) > 0


def _bus_rows(view: GridView, settled: Settled) -> Iterable[Row]:
    flows = {bus: one.flow for one in settled.islands for bus in one.island.buses}
    for bus in view.buses:
        flow = flows[bus]
        vm_pu, va_degree = flow.voltages[bus] if flow else (None, None)
        yield {"bus": bus, "energised": int(flow is not None), "vm_pu": vm_pu, "va_degree": va_degree}


def _branch_rows(view: GridView, settled: Settled) -> Iterable[Row]:
    flows = {branch: flow for one in settled.islands if one.flow for branch, flow in one.flow.flows.items()}
    for branch in view.branches:
        flow = flows.get(branch, _NO_FLOW)
        yield {
            "branch": branch, "closed": int(settled.closed[branch]), "energised": int(branch in flows),
            "p_from_kw": flow.p_from_kw, "q_from_kvar": flow.q_from_kvar, "p_to_kw": flow.p_to_kw,
            "q_to_kvar": flow.q_to_kvar, "loading_pct": flow.loading_pct,
        }  # fmt: skip


def _switch_rows(view: GridView, settled: Settled) -> Iterable[Row]:
    for branch in view.branches.values():
        if branch.switchable:
            operated = int(branch.id in settled.operated)
            yield {"switch": branch.id, "closed": int(settled.closed[branch.id]), "operated": operated}


def _island_row(one: IslandStep, settled: Settled) -> Row:
    bill, flow = bills(one), one.flow
    frequency = _frequency_cells(one) if settled.with_frequency else {}
    loadings = [b.loading_pct for b in flow.flows.values() if b.loading_pct is not None] if flow else []
    return {
        "island": one.island.id, "balance_unit": one.choice.unit if one.energised else "",
        "buses": len(one.island.buses), "radial": int(one.island.loops == 0), "converged": int(flow is not None),
        "violations": settled.violations.get(one.island.id, 0), "generation_kw": bill.generation_kw,
        "discharge_kw": bill.discharge_kw, "charge_kw": bill.charge_kw, "infeed_kw": bill.infeed_kw,
        "startup_kw": bill.startup_kw, "served_kw": bill.served_kw, "losses_kw": bill.losses_kw,
        "mismatch_kw": bill.mismatch_kw, "vm_min_pu": float(flow.vm_pu.min()) if flow else None,
        "vm_max_pu": float(flow.vm_pu.max()) if flow else None, "loading_max_pct": max(loadings, default=None),
        **frequency, **({"voltage_effect_kw": bill.voltage_effect_kw} if settled.loads_vary else {}),
    }  # fmt: skip


def _frequency_cells(one: IslandStep) -> Row:
    response = one.frequency
    if response is None:
        return dict.fromkeys(FREQUENCY_COLUMNS)
    values = (
        response.step_kw, response.min_hz, response.max_hz, response.settled_hz, response.rocof_hz_per_s,
        response.shed_kw,
    )  # fmt: skip
    return dict(zip(FREQUENCY_COLUMNS, values, strict=True))


def _local_area_rows(view: GridView, settled: Settled) -> Iterable[Row]:
    at = {la: one for one in settled.islands for la in one.demand}
    served = {la: powers for one in settled.islands for la, powers in one.served.items()}
    for la in view.local_areas.values():
        demand = at[la.id].demand[la.id].values()
        yield {
            "local_area": la.id, "section": la.section, "in_outage_area": int(la.id in settled.lost),
            "priority": la.priority, "customers": la.customers, "energised": int(at[la.id].energised),
            "shed": int(la.id in settled.shed),
            "demand_kw": sum((p for p, _ in demand), 0.0), "demand_kvar": sum((q for _, q in demand), 0.0),
            "planned_kw": settled.planned_kw.get(la.id, 0.0),
            "served_kw": served[la.id][0], "served_kvar": served[la.id][1],
            **({} if settled.ordered is None else {"ordered_share": settled.ordered[la.id]}),
        }  # fmt: skip


def _unit_rows(view: GridView, settled: Settled) -> Iterable[Row]:
    for unit in settled.units.values():
        discharge_kwh, charge_kwh = unit.energies()
        p_min_kw, p_max_kw = unit.next_range()
        yield {
            "unit": unit.id, "kind": unit.kind, "local_area": view.local_area_of_unit(unit.id), "state": unit.state,
            "p_kw": unit.p_kw, "q_kvar": unit.q_kvar,
            "p_available_kw": unit.available_kw if unit.weather_driven else None, "p_order_kw": unit.order["p_kw"],
            "p_min_kw": p_min_kw, "p_max_kw": p_max_kw, "discharge_kwh": discharge_kwh, "charge_kwh": charge_kwh,
            **({"storage_losses_kw": unit.storage_losses_kw} if settled.storage_loses else {}),
        }  # fmt: skip
