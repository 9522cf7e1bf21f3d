"""Units against their limits, interval by interval: rating, circle, energy, ramp, start-up and reconnect delay.

Followers are judged by their set-points, a balance unit by what the power flow asks of it. A unit that breaks a limit
is taken at its word afterwards, but never has more energy than its store holds.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from ...controllers.exchange.messages import ON_LINE
from ...controllers.exchange.plan import Violation
from ...scenarios.angles import sin_phi
from ...scenarios.case import Case
from ...scenarios.kinds.violations import ViolationKind
from ...scenarios.view import KINDS, NbsuUnit, PvUnit
from ..world.judge import ORDER_TOLERANCE_KW
from .conditions import StartState
from .walk import Phase

TOLERANCE = ORDER_TOLERANCE_KW
"""kW, kvar, kVA and kWh by which a limit may be passed, as in the world: rounding in plans and files."""
_EPS_MIN = 1e-6


@dataclass(frozen=True)
class JudgedInterval:
    """A part of a phase with constant series; a whole phase when judged by the forecast."""

    phase: Phase
    start_min: float
    end_min: float

    @property
    def hours(self) -> float:
        return (self.end_min - self.start_min) / 60


@dataclass
class _Running:
    """Outputs (start, end, kW) of an NBSU since it came on line, and the range that its past left for the first one."""

    history: deque[tuple[float, float, float]] = field(default_factory=deque)
    first_kw: tuple[float, float] | None = None


class UnitChecks:
    """Judges all units of a plan in the order of time; keeps stored energy and recent outputs."""

    def __init__(self, case: Case, start: StartState, *, actual: bool) -> None:
        self._case, self._view, self._actual = case, case.view, actual
        scenario = case.scenario
        self.sin_phi = sin_phi(scenario.limits.min_power_factor)
        self._delay_min = float(scenario.pv.reconnect_delay_min)
        self._window_min = float(scenario.world.nbsu_ramp_window_min or scenario.clock.plan_step_min)
        self._first_free = scenario.dispatch_centre.first_online_step_free
        self.stored_kwh = {u: (start.units[u]["discharge_kwh"], start.units[u]["charge_kwh"]) for u in self._view.ess}
        self._running: dict[str, _Running | None] = {
            u: _Running(first_kw=(start.units[u]["p_min_kw"], start.units[u]["p_max_kw"]))
            if start.units[u]["state"] in ON_LINE
            else None
            for u in self._view.nbsu
        }
        self._steps: dict[str, tuple[int, tuple[float, float], float]] = {}
        """ESS → current step, (discharge, charge) left when it began, energy asked for since (kWh)"""
        self.violations: list[Violation] = []

    def judge(self, at: JudgedInterval, unit: str, p_kw: float, q_kvar: float, available_kw: float) -> None:
        """Judge a unit on a live bus. ``available_kw`` is what a PV could give now."""
        spec = self._view.units[unit]
        if isinstance(spec, PvUnit):
            self._pv(at, spec, p_kw, q_kvar, available_kw)
        elif isinstance(spec, NbsuUnit):
            self._nbsu(at, spec, p_kw, q_kvar)
        else:
            books = KINDS[spec.kind].books
            least_kw = 0.0 if books == "generation" else -spec.s_kva
            if self._within(at, unit, p_kw, least_kw, spec.s_kva):
                self._circle(at, unit, p_kw, q_kvar, spec.s_kva * (1.0 if books == "infeed" else self.sin_phi))
            if books == "storage":
                self._energy(at, unit, p_kw)

    def judge_dark(self, at: JudgedInterval, unit: str, p_kw: float, q_kvar: float, *, planned: bool) -> None:
        """Judge a unit on a dark bus: it gives nothing. ``planned``: the plan wants the bus dark."""
        if unit in self._view.nbsu and self._running[unit] is not None:
            # Behind its open breaker it idles, and is loaded from zero again.
            self._running[unit] = _Running(deque([(at.start_min, at.end_min, 0.0)]))
        if not planned or (abs(p_kw) <= TOLERANCE and abs(q_kvar) <= TOLERANCE):
            return
        if unit in self._view.pv:
            self._add(at, "pv_reconnect", unit, 0.0, self._delay_min, "min")
        elif unit in self._view.nbsu and at.phase.nbsu[unit] != "online":
            return  # the start-up on a dark bus is a violation already
        elif abs(p_kw) > TOLERANCE:
            self._add(at, "unit_p", unit, p_kw, 0.0, "kW")
        else:
            self._add(at, "unit_q", unit, q_kvar, 0.0, "kvar")

    def _pv(self, at: JudgedInterval, spec: PvUnit, p_kw: float, q_kvar: float, available_kw: float) -> None:
        waited = at.phase.pv_min[spec.id] or 0.0
        if waited < self._delay_min - _EPS_MIN:
            if abs(p_kw) > TOLERANCE or abs(q_kvar) > TOLERANCE:
                self._add(at, "pv_reconnect", spec.id, waited, self._delay_min, "min")
            return
        # A set-point is an upper limit: when less sun comes than forecast, PV gives less and the balance unit more.
        most_kw = spec.s_kva if self._actual else available_kw
        if self._within(at, spec.id, p_kw, 0.0, most_kw):
            self._circle(at, spec.id, p_kw, q_kvar, spec.s_kva * self.sin_phi)

    def _nbsu(self, at: JudgedInterval, spec: NbsuUnit, p_kw: float, q_kvar: float) -> None:
        mode, running = at.phase.nbsu[spec.id], self._running[spec.id]
        if mode == "online":
            if running is None:
                held = [] if self._first_free else [(at.start_min, at.start_min, 0.0)]
                running = self._running[spec.id] = _Running(deque(held))
            low, high = self._ramp(at, spec, running)
            if self._within(at, spec.id, p_kw, 0.0, spec.s_kva):
                if not low - TOLERANCE <= p_kw <= high + TOLERANCE:
                    self._add(at, "unit_ramp", spec.id, p_kw, low if p_kw < low else high, "kW")
                self._circle(at, spec.id, p_kw, q_kvar, spec.s_kva * self.sin_phi)
            running.history.append((at.start_min, at.end_min, p_kw))
            return
        if running is not None:
            low, _ = self._ramp(at, spec, running)
            if low > TOLERANCE:
                self._add(at, "unit_ramp", spec.id, 0.0, low, "kW")
            self._running[spec.id] = None
        draw = -spec.p_in_kw if mode == "starting" else 0.0
        self._within(at, spec.id, p_kw, draw, draw)
        if abs(q_kvar) > TOLERANCE:
            self._add(at, "unit_q", spec.id, q_kvar, 0.0, "kvar")

    def _ramp(self, at: JudgedInterval, spec: NbsuUnit, running: _Running) -> tuple[float, float]:
        """What every output that still held within the last window leaves (13j)."""
        if running.first_kw is not None:
            low, high = running.first_kw
            running.first_kw = None
            return low, high
        since = at.start_min - self._window_min
        while running.history and running.history[0][1] <= since + _EPS_MIN and len(running.history) > 1:
            running.history.popleft()
        down, up = (rate * self._window_min / 60 for rate in (spec.ramp_down_kw_per_h, spec.ramp_up_kw_per_h))
        held = [p for _, end, p in running.history if end > since + _EPS_MIN]
        return max((p - down for p in held), default=0.0), min((p + up for p in held), default=spec.s_kva)

    def _energy(self, at: JudgedInterval, unit: str, p_kw: float) -> None:
        """A violation tells the energy asked for in its step so far, and what was left for it when the step began."""
        discharge_kwh, charge_kwh = self.stored_kwh[unit]
        step, begun_with, asked_kwh = self._steps.get(unit, (-1, (0.0, 0.0), 0.0))
        if step != at.phase.claims.step:
            begun_with, asked_kwh = (discharge_kwh, charge_kwh), 0.0
        spec = self._view.ess[unit]
        energy_kwh = spec.drawn_kwh(p_kw, at.hours)
        asked_kwh += energy_kwh
        self._steps[unit] = at.phase.claims.step, begun_with, asked_kwh
        if energy_kwh > discharge_kwh + TOLERANCE:
            self._add(at, "unit_energy", unit, asked_kwh, begun_with[0], "kWh")
        elif energy_kwh < -charge_kwh - TOLERANCE:
            self._add(at, "unit_energy", unit, asked_kwh, -begun_with[1], "kWh")
        self.stored_kwh[unit] = spec.after(discharge_kwh, charge_kwh, p_kw, at.hours)

    def _within(self, at: JudgedInterval, unit: str, p_kw: float, low: float, high: float) -> bool:
        if low - TOLERANCE <= p_kw <= high + TOLERANCE:
            return True
        self._add(at, "unit_p", unit, p_kw, high if p_kw > high else low, "kW")
        return False

    def _circle(self, at: JudgedInterval, unit: str, p_kw: float, q_kvar: float, q_max: float) -> None:
        """Reactive limit S sin φ, then the true circle p² + q² ≤ S²; the octagon of (15a) would allow 1.047 S."""
        s_kva = self._view.units[unit].s_kva
        if abs(q_kvar) > q_max + TOLERANCE:
            self._add(at, "unit_q", unit, q_kvar, math.copysign(q_max, q_kvar), "kvar")
        elif math.hypot(p_kw, q_kvar) > s_kva + TOLERANCE:
            self._add(at, "unit_s", unit, math.hypot(p_kw, q_kvar), s_kva, "kVA")

    def _add(
        self, at: JudgedInterval, kind: ViolationKind, element: str, value: float, limit: float, unit: str
    ) -> None:
        self.violations.append(Violation(at.phase.claims.step, at.start_min, kind, element, value, limit + 0.0, unit))
