"""What all units have in common, seen as machines: an order, a state, a range, an output.

Each step a unit lives through ``begin`` → ``energise`` → ``commit`` (or ``trip``); ``p_range`` and ``q_max`` hold for
the step begun. Times min, powers kW and kvar, energies kWh; generation and discharge are positive.
"""

from __future__ import annotations

import math
from typing import ClassVar, Literal, get_args

from ...controllers.exchange.messages import UnitMeasurement, UnitOrder, UnitState
from ...scenarios.angles import reactive_limit
from ...scenarios.kinds.violations import ViolationKind
from ...scenarios.view import Unit

GivesWay = Literal["curtailed_kw", "throttled_kw", "discharge_cut_kw"]
"""In the order in which units give way."""
Misfit = tuple[ViolationKind, float, float, str]
"""What a set-point asks of a unit that it cannot do: kind of violation, value, limit, their unit."""
OFF: UnitOrder = {"p_kw": 0.0, "q_kvar": 0.0, "state": "off"}


def clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


class UnitModel:
    """What all units share: the order, the state and since when, the output of the last step.

    It keeps its last order until the next one; without any order it is off.
    """

    gives_way: ClassVar[GivesWay | None] = None
    """as what it counts when it lowers its output because there is too much power; None: it does not"""
    weather_driven: ClassVar[bool] = False
    """whether ``available_kw``, and no more, is there for it to give"""

    def __init__(self, spec: Unit, step_min: float, sin_phi: float) -> None:
        self.kind, self.id, self.bus, self.s_kva = spec.kind, spec.id, spec.bus, spec.s_kva
        self.step_min, self.sin_phi = step_min, sin_phi
        self.order: UnitOrder = OFF
        self.state: UnitState = "off"
        self.since = 0.0
        self.now = 0.0
        self.was: tuple[UnitState, float] = ("off", 0.0)
        self.p_kw = self.q_kvar = self.available_kw = 0.0
        self.tripped_at = -math.inf
        """start of the step in which it last tripped"""
        self.outages = 0
        """failures not over yet: with any the unit is off and takes no orders"""

    @property
    def step_h(self) -> float:
        return self.step_min / 60

    @property
    def startup_kw(self) -> float:
        """What it draws in this step to start up."""
        return 0.0

    @property
    def was_on_line(self) -> bool:
        """On line in the step before this one."""
        return self.was[0] in ("follow", "form")

    @property
    def running(self) -> bool:
        """On line in this step: may generate."""
        return self.state in ("follow", "form")

    def receive(self, order: UnitOrder) -> None:
        """Take an order. Raises ValueError for an unknown state or a set-point that is not finite."""
        if order["state"] not in get_args(UnitState):
            raise ValueError(f"unit {self.id}: unknown state {order['state']!r} in an order")
        if not (math.isfinite(order["p_kw"]) and math.isfinite(order["q_kvar"])):
            raise ValueError(f"unit {self.id}: set-point {order['p_kw']} kW, {order['q_kvar']} kvar is not finite")
        if not self.outages:
            self.order = {"p_kw": float(order["p_kw"]), "q_kvar": float(order["q_kvar"]), "state": order["state"]}

    def fail(self) -> None:
        """Go off line until ``recover``."""
        self.outages += 1
        self.trip()

    def recover(self) -> None:
        """Be ready for orders again, once as often as it failed."""
        self.outages = max(self.outages - 1, 0)

    def begin(self, time_min: float) -> None:
        """Start the step at ``time_min``."""
        self.now = time_min
        self.was = (self.state, self.since)

    def able_to_form(self) -> bool:
        """Whether it can form an island's voltage in this step."""
        return False

    def willing_to_form(self) -> bool:
        return self.able_to_form() and self.order["state"] == "form"

    def able_to_take_over(self) -> bool:
        """On line before this step, not ordered off, and able to form voltage."""
        return self.able_to_form() and self.was_on_line and self.order["state"] != "off"

    def demote(self) -> None:
        """Follow another unit's voltage instead of forming it."""
        self.order = {**self.order, "state": "follow"}

    def energise(self, energised: bool, energised_min: float, forming: bool) -> None:
        """Take up the state of this step. ``energised_min``: how long its bus has been energised at its start."""
        raise NotImplementedError

    def trip(self) -> None:
        """Protection opens: off, and the order is forgotten."""
        self.order = OFF
        self.tripped_at = self.now
        self._enter("off")

    def p_range(self) -> tuple[float, float]:
        """Least and largest output (kW) in this step."""
        raise NotImplementedError

    def q_max(self, p_kw: float) -> float:
        """Largest |q| (kvar) beside ``p_kw``; 0 unless on line."""
        return reactive_limit(self.s_kva, p_kw, self.sin_phi) if self.running else 0.0

    def set_point(self) -> tuple[float, float]:
        """The order's p (kW) and q (kvar), clipped to what the unit can do in this step."""
        if not self.running:
            return self.p_range()[0], 0.0
        p_kw = clip(0.0 if self.order["state"] == "off" else self.order["p_kw"], *self.p_range())
        q_max = self.q_max(p_kw)
        return p_kw, clip(self.order["q_kvar"], -q_max, q_max)

    def untimely(self) -> Misfit | None:
        """Why it cannot give anything yet, if so."""
        return None

    def misfit(self, p_kw: float, tolerance: float) -> Misfit | None:
        """The limit that output at ``p_kw`` passes by more than the tolerance (kW; kWh), other than reactive ones."""
        if p_kw > self.s_kva + tolerance:
            return "unit_p", p_kw, self.s_kva, "kW"
        return ("unit_p", p_kw, 0.0, "kW") if p_kw < -tolerance else None

    def commit(self, p_kw: float, q_kvar: float) -> None:
        """Book this step's output."""
        self.p_kw, self.q_kvar = p_kw, q_kvar

    def next_range(self) -> tuple[float, float]:
        """``p_range`` of the step after this one, if nothing but the unit itself limits it."""
        return self.p_range()

    def energies(self) -> tuple[float, float]:
        """Energy in store that it can still discharge, and room there to charge, kWh."""
        return 0.0, 0.0

    @property
    def storage_losses_kw(self) -> float:
        """What left its store in the last step and was not given, or was taken and not stored."""
        return 0.0

    def measurement(self, time_min: float) -> UnitMeasurement:
        """Metered at ``time_min``, the end of the last step."""
        p_min_kw, p_max_kw = self.next_range()
        discharge_kwh, charge_kwh = self.energies()
        metered: UnitMeasurement = {
            "p_kw": self.p_kw, "q_kvar": self.q_kvar, "state": self.state, "state_min": time_min - self.since,
            "p_min_kw": p_min_kw, "p_max_kw": p_max_kw, "discharge_kwh": discharge_kwh, "charge_kwh": charge_kwh,
        }  # fmt: skip
        if self.outages:
            metered["failed"] = True
        return metered

    def _enter(self, state: UnitState) -> None:
        self.state = state
        self.since = self.was[1] if state == self.was[0] else self.now
