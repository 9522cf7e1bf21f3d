"""What a gateway orders when it is on its own: no plan to follow, nobody to ask, no field terminal within reach.

It knows its own meters only, so it never switches and never decides what its island consists of:

- Its area is live and one of its units forms the voltage: that unit goes on; the area's other units take over what it
  gives, so that it keeps room, and NBSUs that are off are started.
- Its area is live and somebody else forms the voltage: it keeps the net power of its last plan (0 without one).
- Its area is dark and it has an ESS with energy, or an NBSU on line: nobody else supplies it, so it tries to form the
  voltage of whatever is connected, at once and then every plan step's length. Where two gateways of one island try at
  the same time, one forms and the other follows: a unit that meets a voltage synchronises to it.
- Its area is dark and it has neither: its units are off, an NBSU on line idles.

PV that is connected may give all it has beside its reactive power; the island's balance unit has it curtailed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...scenarios.angles import reactive_limit
from ...scenarios.view import EssUnit, NbsuUnit, PvUnit
from ..exchange.messages import ON_LINE, LocalAreaMeasurement, LocalAreaOrder, UnitOrder, UnitState
from ..exchange.start_up import start_up_remaining
from .correction import (
    Device,
    balance_device,
    correct_active,
    correct_reactive,
    ess_device,
    nbsu_device,
    pv_device,
)


@dataclass(frozen=True)
class LocalIsland:
    """The rule for one LA's units; ``sin_phi`` limits reactive power, within p² + q² ≤ S²."""

    pv: Sequence[PvUnit]
    ess: Sequence[EssUnit]
    nbsu: Sequence[NbsuUnit]
    reconnect_delay_min: float
    sin_phi: float

    def orders(
        self,
        time_min: float,
        measurement: LocalAreaMeasurement,
        own_demand: tuple[float, float],
        held_net: tuple[float, float],
        attempt: bool,
    ) -> LocalAreaOrder:
        """Orders for the simulation step from ``time_min``; powers (kW, kvar).

        ``own_demand``: of the LA's customers; ``held_net``: net injection of its last plan; ``attempt``: now is a time
        to form voltage if the area is dark, and to switch customers on that are off.
        """
        if not measurement["energised"]:
            return self._dark(measurement, attempt)
        units = measurement["units"]
        forming = next((u for u in units if units[u]["state"] == "form"), None)
        age_min = max(0.0, time_min - measurement["time_min"])
        starts = {e.id for e in self.nbsu if units[e.id]["state"] not in ON_LINE and forming}
        devices = [self._device(u, measurement, age_min, forming) for u in (*self.pv, *self.ess, *self.nbsu)]
        picks_up = attempt and forming is not None
        share = 1.0 if picks_up else measurement["share_on"]
        demand_kw, demand_kvar = own_demand[0] * share, own_demand[1] * share
        target_kw, target_kvar = held_net[0] + demand_kw, held_net[1] + demand_kvar
        if forming is not None:
            target_kw, target_kvar = sum(units[d.id]["p_kw"] for d in devices), demand_kvar
        p = correct_active(target_kw, devices)
        seen = {d.id: d.p_max_kw if d.kind == "pv" else p[d.id] for d in devices}
        limits = {d.id: reactive_limit(d.s_kva, seen[d.id], self.sin_phi) for d in devices if d.connected}
        q = correct_reactive(target_kvar, limits)
        # An order to PV is an upper limit, for more sun than was last seen.
        p |= {d.id: math.sqrt(d.s_kva**2 - q[d.id] ** 2) if d.connected else 0.0 for d in devices if d.kind == "pv"}
        orders = {
            d.id: _order(self._state(d, measurement, age_min, starts), p[d.id], q.get(d.id, 0.0)) for d in devices
        }
        return LocalAreaOrder(units=orders, customers="on" if picks_up else "keep", share=1.0)

    def _dark(self, measurement: LocalAreaMeasurement, attempt: bool) -> LocalAreaOrder:
        units = measurement["units"]
        able = [e.id for e in self.nbsu if units[e.id]["state"] in ON_LINE]
        orders = {u: _order("off") for u in units} | {u: _order("idle") for u in able}
        charged = [c.id for c in self.ess if units[c.id]["discharge_kwh"] > 0 and not units[c.id].get("failed")]
        charged.sort(key=lambda unit: -units[unit]["discharge_kwh"])
        if attempt and (charged or able):
            orders[(*charged, *able)[0]] = _order("form")
        return LocalAreaOrder(units=orders, customers="keep", share=1.0)

    def _device(
        self, unit: PvUnit | EssUnit | NbsuUnit, measurement: LocalAreaMeasurement, age_min: float, forming: str | None
    ) -> Device:
        metered = measurement["units"][unit.id]
        if isinstance(unit, PvUnit):
            device = pv_device(unit, 0.0, 0.0, measurement, age_min, self.reconnect_delay_min)
            return replace(device, planned_kw=device.p_max_kw)
        if unit.id == forming:
            return balance_device(unit, 0.0)
        if isinstance(unit, EssUnit):
            return ess_device(unit, metered["p_kw"], metered)
        runs = metered["state"] in ON_LINE or self._ready(unit, measurement, age_min)
        state = "online" if runs else "starting" if forming or metered["state"] == "starting" else "off"
        return nbsu_device(unit, metered["p_kw"], metered, age_min, state)

    def _state(self, device: Device, measurement: LocalAreaMeasurement, age_min: float, starts: set[str]) -> UnitState:
        if device.forms_voltage:
            return "form"
        unit = next((e for e in self.nbsu if e.id == device.id), None)
        if unit is None:
            return "follow"
        state = measurement["units"][unit.id]["state"]
        if state in ON_LINE or self._ready(unit, measurement, age_min):
            return "follow"
        return "starting" if state == "starting" or unit.id in starts else "off"

    def _ready(self, unit: NbsuUnit, measurement: LocalAreaMeasurement, age_min: float) -> bool:
        metered = measurement["units"][unit.id]
        return metered["state"] == "starting" and start_up_remaining(unit, metered, age_min) <= 0


def _order(state: UnitState, p_kw: float = 0.0, q_kvar: float = 0.0) -> UnitOrder:
    return UnitOrder(p_kw=p_kw, q_kvar=q_kvar, state=state)
