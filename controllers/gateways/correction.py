"""How a gateway bends its schedule within one simulation step, so that its LA still follows the net power it was given.

Plain arithmetic on set-points: what is measured (one step old) against what was scheduled. What the LA's own units
have no room for is left to the island's balance unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...scenarios.view import EssUnit, NbsuUnit, PvUnit
from ..exchange.messages import ON_LINE, LocalAreaMeasurement, UnitMeasurement
from ..exchange.start_up import NbsuState, start_up_remaining

RAISE_ORDER = ("pv", "ess", "nbsu")
LOWER_ORDER = ("ess", "nbsu", "pv")


@dataclass(frozen=True)
class Device:
    """A unit as the correction sees it: scheduled output and the range expected of it in the next step, kW.

    A unit that must not be moved (a balance unit, an NBSU in start-up) has a range of one point. ``connected`` units
    can give reactive power. ``at_forecast`` marks a PV planned at all that was forecast for it, so that more would have
    been welcome.
    """

    id: str
    kind: Literal["pv", "ess", "nbsu"]
    s_kva: float
    planned_kw: float
    p_min_kw: float
    p_max_kw: float
    connected: bool = True
    forms_voltage: bool = False
    at_forecast: bool = False


def balance_device(unit: EssUnit | NbsuUnit, planned_kw: float) -> Device:
    """The island's balance unit: the physics moves it, the gateway does not."""
    kind = "ess" if isinstance(unit, EssUnit) else "nbsu"
    return Device(unit.id, kind, unit.s_kva, planned_kw, planned_kw, planned_kw, forms_voltage=True)


def pv_device(
    unit: PvUnit,
    planned_kw: float,
    forecast_kw: float,
    measurement: LocalAreaMeasurement,
    age_min: float,
    reconnect_delay_min: float,
) -> Device:
    """A PV: nothing until its reconnect delay is over, then what was last seen to be available."""
    measured = measurement["units"][unit.id]
    waited = measurement["energised"] and measurement["energised_min"] + age_min >= reconnect_delay_min
    connected = measured["state"] in ON_LINE or waited
    if not connected:
        return Device(unit.id, "pv", unit.s_kva, 0.0, 0.0, 0.0, connected=False)
    available_kw, at_forecast = measured["p_max_kw"], planned_kw >= forecast_kw - 1e-3
    return Device(unit.id, "pv", unit.s_kva, planned_kw, 0.0, available_kw, at_forecast=at_forecast)


def ess_device(unit: EssUnit, planned_kw: float, measured: UnitMeasurement) -> Device:
    """An ESS: range as measured."""
    return Device(unit.id, "ess", unit.s_kva, planned_kw, measured["p_min_kw"], measured["p_max_kw"])


def nbsu_device(
    unit: NbsuUnit, planned_kw: float, measured: UnitMeasurement, age_min: float, nbsu_state: NbsuState
) -> Device:
    """An NBSU: range as measured where it is on line or comes on line just now, its start-up power before."""
    ready = measured["state"] == "starting" and start_up_remaining(unit, measured, age_min) <= 0
    if nbsu_state == "online" and (ready or measured["state"] in ON_LINE):
        return Device(unit.id, "nbsu", unit.s_kva, planned_kw, measured["p_min_kw"], measured["p_max_kw"])
    draws = nbsu_state == "starting" or (nbsu_state == "online" and measured["state"] == "starting")
    p_kw = -unit.p_in_kw if draws else 0.0
    return Device(unit.id, "nbsu", unit.s_kva, p_kw, p_kw, p_kw, connected=False)


def correct_active(target_kw: float, devices: Sequence[Device]) -> dict[str, float]:
    """Orders (kW) by unit id that bring the LA's units to ``target_kw`` in sum, as far as they have room.

    1. Every unit starts at its schedule, within what is expected of it.
    2. PV planned at its forecast that gives more than forecast replaces ESS discharge.
    3. The rest goes by merit: a shortage to PV, ESS, NBSU; a surplus to ESS, NBSU, and last PV is curtailed.
    4. A PV order is an upper limit, and availability may have risen since it was measured: PV is never asked for less
       than its schedule (unless curtailed in 3), is asked for what nobody else fills, and for no more than the target.
    """
    p = {d.id: min(max(d.planned_kw, d.p_min_kw), d.p_max_kw) for d in devices}
    pv = [d for d in devices if d.kind == "pv" and d.connected]
    saved = _let_pv_replace_ess(devices, p)
    rest = target_kw - sum(p.values())
    for kind in RAISE_ORDER if rest > 0 else LOWER_ORDER:
        rest = _spread(rest, [d for d in devices if d.kind == kind], p)
    curtailed = {d.id for d in pv if p[d.id] < min(d.planned_kw, d.p_max_kw) - 1e-9}
    orders = p | {d.id: max(p[d.id], d.planned_kw) for d in pv if d.id not in curtailed}
    wanted = max(0.0, rest) + saved
    _spread(wanted, [replace(d, p_max_kw=d.s_kva) for d in pv if d.id not in curtailed], orders)
    cap = target_kw - sum(min(p[d.id], 0.0) for d in devices if d.kind != "pv")
    excess = max(0.0, sum(orders[d.id] for d in pv) - max(cap, 0.0))
    _spread(-excess, [replace(d, p_min_kw=p[d.id]) for d in pv], orders)
    return {d.id: p[d.id] if d.forms_voltage else orders[d.id] for d in devices}


def correct_reactive(target_kvar: float, limits: Mapping[str, float]) -> dict[str, float]:
    """Orders (kvar) by unit id: the target shared in proportion to each unit's reactive limit (kvar)."""
    room = sum(limits.values())
    share = min(1.0, max(-1.0, target_kvar / room)) if room > 0 else 0.0
    return {unit: share * limit for unit, limit in limits.items()}


def _let_pv_replace_ess(devices: Iterable[Device], p: dict[str, float]) -> float:
    """Raise PVs planned at their forecast to what they can give; lower discharging ESSs by as much.

    Returns the discharge (kW) that a balance unit would still be spared if PV gave more than measured: it answers at
    once, so there PV may be asked for more than was seen.
    """
    pv = [d for d in devices if d.kind == "pv" and d.at_forecast]
    discharging = [d for d in devices if d.kind == "ess" and p[d.id] > 0]
    floor = {d.id: 0.0 if d.forms_voltage else max(0.0, d.p_min_kw) for d in discharging}
    extra = min(sum(d.p_max_kw - p[d.id] for d in pv), sum(p[d.id] - floor[d.id] for d in discharging))
    _spread(extra, pv, p)
    lowered = [replace(d, p_min_kw=floor[d.id], p_max_kw=p[d.id]) for d in discharging]
    _spread(-extra, lowered, p)
    return sum(p[d.id] for d in discharging if d.forms_voltage) if pv else 0.0


def _spread(amount_kw: float, devices: Sequence[Device], p: dict[str, float]) -> float:
    """Move ``p`` of the devices by up to ``amount_kw`` in sum, in proportion to their room; returns what is left."""
    up = amount_kw > 0
    room = {d.id: max(0.0, d.p_max_kw - p[d.id] if up else p[d.id] - d.p_min_kw) for d in devices}
    total = sum(room.values())
    if not total:
        return amount_kw
    moved = min(abs(amount_kw), total) * (1 if up else -1)
    for unit, own in room.items():
        p[unit] += moved * own / total
    return amount_kw - moved
