"""The verdict on a step: violations (what a plan got wrong) and invariants (what the world must never get wrong).

The world clips and trips, so what *happened* keeps every limit of a unit: that is checked as an invariant. What was
*ordered* may not: a follower's set-point beyond its rating, energy, ramp or start-up is a violation. A balance
unit's set-point is no more than a forecast and is not judged; what it could not give shows as unsupplied load.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ...results.run.rows import Row, violation
from ...scenarios.case import Case
from ...scenarios.kinds.violations import ViolationKind
from ...scenarios.view import KINDS, EssUnit, Unit
from ..islands.operating_point import IslandStep
from ..power_flow.island_topology import WorldError
from ..units.unit_model import UnitModel

ORDER_TOLERANCE_KW = 0.05
"""An order may pass a limit by this (kW, kvar, kVA; kWh for energy): rounding in plans and files."""
MISMATCH_KW = 1e-3
"""Energy is conserved to 1 W in each island and step."""
EXACT = 1e-6
"""Tolerance (kW, kVA, kWh, kW/h × h) of what happened."""
_TINY = 1e-9


@dataclass(frozen=True)
class Bills:
    """An island's energy balance in kW: generation + discharge + infeed = start-up + served + charge + losses + what
    voltage adds to demand (``voltage_effect_kw``); served is demand at nominal voltage."""

    generation_kw: float = 0.0
    discharge_kw: float = 0.0
    charge_kw: float = 0.0
    infeed_kw: float = 0.0
    startup_kw: float = 0.0
    served_kw: float = 0.0
    losses_kw: float = 0.0
    voltage_effect_kw: float = 0.0

    @property
    def mismatch_kw(self) -> float:
        given = self.generation_kw + self.discharge_kw + self.infeed_kw
        return given - self.startup_kw - self.served_kw - self.charge_kw - self.losses_kw - self.voltage_effect_kw


def bills(one: IslandStep) -> Bills:
    """The energy balance of an island; all zero when dark."""
    if not one.energised or one.flow is None:
        return Bills()
    p_kw: dict[str, list[float]] = {"generation": [], "storage": [], "infeed": []}
    for kind in KINDS.values():
        p_kw[kind.books] += [p for unit, (p, _) in one.output.items() if one.units[unit].kind == kind.name]
    return Bills(
        generation_kw=sum((max(p, 0.0) for p in p_kw["generation"]), 0.0),
        discharge_kw=sum((max(p, 0.0) for p in p_kw["storage"]), 0.0),
        charge_kw=sum((max(-p, 0.0) for p in p_kw["storage"]), 0.0),
        infeed_kw=sum(p_kw["infeed"], 0.0),
        startup_kw=sum((max(-p, 0.0) for p in p_kw["generation"]), 0.0),
        served_kw=sum((p for p, _ in one.served.values()), 0.0),
        losses_kw=one.flow.losses_kw,
        voltage_effect_kw=one.flow.effect_kw,
    )


def judge(case: Case, one: IslandStep, planned_kw: Mapping[str, float]) -> Iterator[Row]:
    """Violations of one island, without time and step. ``planned_kw``: planned supply by LA, outage area only."""
    missing = {la: planned_kw[la] * _missed(one, la) for la in one.demand if planned_kw.get(la, 0.0) > 0}
    missing = {la: kw for la, kw in missing.items() if kw > 0}
    if one.choice.demoted:
        yield _row(one, "several_balance_units", one.island.id, 1 + len(one.choice.demoted), 1, "units")
    if one.trip and one.trip.kind == "not_converged":
        yield _row(one, "not_converged", one.island.id, None, None, "")
    if one.energised:
        yield from _judge_network(case, one)
        for unit in one.units.values():
            yield from _judge_order(unit, one)
    elif one.trip is None and missing:
        yield _row(one, "no_balance_unit", one.island.id, 0, 1, "units")
    for la, kw in missing.items():
        yield _row(one, "unsupplied_load", la, kw, 0.0, "kW")


def _missed(one: IslandStep, local_area: str) -> float:
    """Share of what was planned of an LA that it does not get: all where it is dark or off, else what was shed."""
    share = one.share(local_area) if one.energised else 0.0
    return 1.0 - share / one.ordered[local_area] if share > 0 else 1.0


def _row(
    one: IslandStep, kind: ViolationKind, element: str, value: float | None, limit: float | None, unit: str
) -> Row:
    return violation(one.island.id, kind, element, value, limit, unit)


def _judge_network(case: Case, one: IslandStep) -> Iterator[Row]:
    limits = case.scenario.limits
    assert one.flow is not None
    if one.island.loops:
        yield _row(one, "not_radial", one.island.id, one.island.loops, 0, "loops")
    for bus, (vm_pu, _) in one.flow.voltages.items():
        if case.view.buses[bus].inner:
            continue
        # Written so that NaN, which compares False, would be a violation too.
        if not vm_pu >= limits.vm_min_pu - _TINY:
            yield _row(one, "voltage_low", bus, vm_pu, limits.vm_min_pu, "p.u.")
        elif not vm_pu <= limits.vm_max_pu + _TINY:
            yield _row(one, "voltage_high", bus, vm_pu, limits.vm_max_pu, "p.u.")
    for branch, flow in one.flow.flows.items():
        if flow.loading_pct is not None and not flow.loading_pct <= limits.max_loading_pct + _TINY:
            yield _row(one, "overload", branch, flow.loading_pct, limits.max_loading_pct, "%")


def _judge_order(unit: UnitModel, one: IslandStep) -> Iterator[Row]:
    """Set-points that a unit of an energised island cannot carry out; to be called before the step is booked."""
    p, q, wanted = unit.order["p_kw"], unit.order["q_kvar"], unit.order["state"]
    tol = ORDER_TOLERANCE_KW
    if wanted not in ("follow", "form") or unit.state == "form":
        return
    if p > tol and (untimely := unit.untimely()):
        yield _row(one, untimely[0], unit.id, *untimely[1:])
    if unit.state != "follow":
        return
    if misfit := unit.misfit(p, tol):
        yield _row(one, misfit[0], unit.id, *misfit[1:])
    q_max = unit.s_kva * unit.sin_phi
    if abs(q) > q_max + tol:
        yield _row(one, "unit_q", unit.id, q, math.copysign(q_max, q), "kvar")
    elif abs(p) <= unit.s_kva + tol and math.hypot(p, q) > unit.s_kva + tol:
        yield _row(one, "unit_s", unit.id, math.hypot(p, q), unit.s_kva, "kVA")


def check_island(one: IslandStep) -> None:
    """What must hold of an energised island, called before the step is booked. Raises WorldError."""
    unit_id, flow = one.choice.unit, one.flow
    if unit_id is None or flow is None:
        raise WorldError(f"island {one.island.id}: energised without a balance unit or a power flow")
    forming = [u.id for u in one.units.values() if u.state == "form"]
    if forming != [unit_id] or not one.units[unit_id].able_to_form():
        raise WorldError(f"island {one.island.id}: units {forming} form its voltage, expected only {unit_id}, able to")
    if np.isnan(flow.vm_pu).any():
        raise WorldError(f"island {one.island.id}: energised, but a voltage is not defined")
    mismatch = bills(one).mismatch_kw
    if not abs(mismatch) <= MISMATCH_KW:
        raise WorldError(f"island {one.island.id}: energy is not conserved, {mismatch * 1000:.3g} W left over")
    for unit, (p, q) in one.output.items():
        low, high = one.units[unit].p_range()
        if not low - EXACT <= p <= high + EXACT:
            raise WorldError(f"unit {unit}: {p} kW outside [{low}, {high}] kW")
        if not abs(q) <= one.units[unit].q_max(p) + EXACT:
            raise WorldError(f"unit {unit}: {q} kvar beside {p} kW is more than it can give")


def check_booked(units: Iterable[UnitModel], specs: Mapping[str, Unit], energised_buses: Iterable[str]) -> None:
    """What must hold of units after the step was booked. Raises WorldError."""
    live = set(energised_buses)
    for unit in units:
        if unit.bus not in live and (unit.p_kw or unit.q_kvar or unit.state in ("form", "waiting", "starting")):
            raise WorldError(f"unit {unit.id}: {unit.state} with {unit.p_kw} kW on a dark bus")
        if isinstance(spec := specs[unit.id], EssUnit):
            discharge_kwh, charge_kwh = unit.energies()
            drift = discharge_kwh + charge_kwh - spec.discharge_kwh - spec.charge_kwh
            if discharge_kwh < 0 or charge_kwh < 0 or abs(drift) > EXACT:
                raise WorldError(f"unit {unit.id}: energy {discharge_kwh} / {charge_kwh} kWh is out of bounds")
