"""How a gateway bends its schedule within one simulation step, so that its LA still follows the net power it was given.

Plain arithmetic on set-points: what is measured (one step old) against what was scheduled. What the LA's own units
have no room for is left to the island's balance unit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

RAISE_ORDER = ("pv", "ess", "nbsu")
LOWER_ORDER = ("ess", "nbsu", "pv")


@dataclass(frozen=True)
class Device:
    """A unit as the correction sees it: scheduled output and the range expected of it in the next step, kW.

    A unit that must not be moved (a balance unit, an NBSU in start-up) has a range of one point. ``at_forecast`` marks
    a PV that was planned at all that was forecast for it, so that more would have been welcome.
    """

    id: str
    kind: Literal["pv", "ess", "nbsu"]
    s_kva: float
    planned_kw: float
    p_min_kw: float
    p_max_kw: float
    forms_voltage: bool = False
    at_forecast: bool = False


def correct_active(target_kw: float, devices: Sequence[Device]) -> dict[str, float]:
    """Orders (kW) by unit id that bring the LA's units to ``target_kw`` in sum, as far as they have room.

    1. Every unit starts at its schedule, within what is expected of it.
    2. PV planned at its forecast that gives more than forecast replaces ESS discharge.
    3. The rest goes by merit: a shortage to PV, ESS, NBSU; a surplus to ESS, NBSU, and last PV is curtailed.
    4. A PV order is an upper limit, and availability may have risen since it was measured: PV is never asked for less
       than its schedule (unless curtailed in 3), is asked for what nobody else fills, and for no more than the target.
    """
    p = {d.id: min(max(d.planned_kw, d.p_min_kw), d.p_max_kw) for d in devices}
    pv = [d for d in devices if d.kind == "pv"]
    saved = _let_pv_replace_ess(devices, p)
    rest = target_kw - sum(p.values())
    for kind in RAISE_ORDER if rest > 0 else LOWER_ORDER:
        rest = _spread(rest, [d for d in devices if d.kind == kind], p)
    curtailed = {d.id for d in pv if p[d.id] < min(d.planned_kw, d.p_max_kw) - 1e-9}
    orders = p | {d.id: max(p[d.id], d.planned_kw) for d in pv if d.id not in curtailed}
    wanted = max(0.0, rest) + saved
    _spread(wanted, [_up_to_rating(d) for d in pv if d.id not in curtailed], orders)
    cap = target_kw - sum(min(p[d.id], 0.0) for d in devices if d.kind != "pv")
    excess = max(0.0, sum(orders[d.id] for d in pv) - max(cap, 0.0))
    _spread(-excess, [_up_to_rating(d) for d in pv], orders)
    return {d.id: p[d.id] if d.forms_voltage else orders[d.id] for d in devices}


def correct_reactive(target_kvar: float, limits: Mapping[str, float]) -> dict[str, float]:
    """Orders (kvar) by unit id: the target shared in proportion to each unit's reactive limit (kvar)."""
    room = sum(limits.values())
    share = min(1.0, max(-1.0, target_kvar / room)) if room > 0 else 0.0
    return {unit: share * limit for unit, limit in limits.items()}


def reactive_limit(s_kva: float, p_kw: float, sin_phi: float, true_circle: bool) -> float:
    """Reactive power a unit may give beside p, kvar: S sin φ, inside the circle p² + q² ≤ S² if asked for."""
    inside = math.sqrt(max(0.0, s_kva**2 - p_kw**2))
    return min(s_kva * sin_phi, inside) if true_circle else s_kva * sin_phi


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
    lowered = [Device(d.id, d.kind, d.s_kva, d.planned_kw, floor[d.id], p[d.id]) for d in discharging]
    _spread(-extra, lowered, p)
    return sum(p[d.id] for d in discharging if d.forms_voltage) if pv else 0.0


def _up_to_rating(pv: Device) -> Device:
    return Device(pv.id, pv.kind, pv.s_kva, pv.planned_kw, 0.0, pv.s_kva)


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
