"""The kinds of units: what state they are in, what they can do in the next step, what they did."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from ...controllers.exchange.messages import ON_LINE, UnitMeasurement
from ...scenarios.angles import sin_phi
from ...scenarios.schema.scenario import Scenario
from ...scenarios.view import EssUnit, GridView, Infeed, NbsuUnit, PvUnit
from .unit_model import OFF, Misfit, UnitModel

LONG_AGO_MIN = -1440.0
"""When buses outside the outage area are taken to have been energised: long enough for every delay to have passed."""


class PvModel(UnitModel):
    """Photovoltaic unit: waits for its reconnect delay after its bus was energised, or its own protection tripped it,
    then gives what is available."""

    gives_way = "curtailed_kw"
    weather_driven = True

    def __init__(self, spec: PvUnit, step_min: float, sin_phi: float, reconnect_delay_min: float) -> None:
        super().__init__(spec, step_min, sin_phi)
        self.reconnect_delay_min = reconnect_delay_min
        self.energised_min: float | None = None

    def energise(self, energised: bool, energised_min: float, forming: bool) -> None:
        energised_min = min(energised_min, self.now - self.tripped_at)
        self.energised_min = energised_min if energised else None
        if not energised or self.order["state"] == "off":
            self._enter("off")
        else:
            self._enter("waiting" if energised_min < self.reconnect_delay_min else "follow")

    def untimely(self) -> Misfit | None:
        if self.state == "waiting" and self.energised_min is not None:
            return "pv_reconnect", self.energised_min, self.reconnect_delay_min, "min"
        return None

    def trip(self) -> None:
        super().trip()
        self.energised_min = None

    def p_range(self) -> tuple[float, float]:
        return (0.0, self.available_kw) if self.running else (0.0, 0.0)

    def next_range(self) -> tuple[float, float]:
        """What is available now counts for the next step too: the meter knows no better."""
        if self.outages or self.energised_min is None or self.energised_min + self.step_min < self.reconnect_delay_min:
            return 0.0, 0.0
        return 0.0, self.available_kw


class Ess(UnitModel):
    """Energy storage: limited by rating and by energy over the step; able to form voltage at any energy."""

    gives_way = "discharge_cut_kw"

    def __init__(self, spec: EssUnit, step_min: float, sin_phi: float) -> None:
        super().__init__(spec, step_min, sin_phi)
        self.spec = spec
        self.discharge_kwh, self.charge_kwh = spec.discharge_kwh, spec.charge_kwh

    def able_to_form(self) -> bool:
        return True

    def energise(self, energised: bool, energised_min: float, forming: bool) -> None:
        follows = energised and self.order["state"] in ("follow", "form")
        self._enter("form" if forming else "follow" if follows else "off")

    def p_range(self) -> tuple[float, float]:
        return self.next_range() if self.running else (0.0, 0.0)

    def next_range(self) -> tuple[float, float]:
        if self.outages:
            return 0.0, 0.0
        return self.spec.range_kw(self.discharge_kwh, self.charge_kwh, self.step_h)

    def commit(self, p_kw: float, q_kvar: float) -> None:
        super().commit(p_kw, q_kvar)
        drawn_kwh = self.spec.drawn_kwh(p_kw, self.step_h)
        # max() only removes the rounding of a division undone by a multiplication: p is within p_range.
        self.discharge_kwh = max(self.discharge_kwh - drawn_kwh, 0.0)
        self.charge_kwh = max(self.charge_kwh + drawn_kwh, 0.0)

    def misfit(self, p_kw: float, tolerance: float) -> Misfit | None:
        low, high = self.p_range()
        if abs(p_kw) > self.s_kva + tolerance:
            return "unit_p", p_kw, self.s_kva if p_kw > 0 else -self.s_kva, "kW"
        if (p_kw - high) * self.step_h > tolerance:
            return "unit_energy", self.spec.drawn_kwh(p_kw, self.step_h), self.discharge_kwh, "kWh"
        if (low - p_kw) * self.step_h > tolerance:
            return "unit_energy", self.spec.drawn_kwh(p_kw, self.step_h), -self.charge_kwh, "kWh"
        return None

    def energies(self) -> tuple[float, float]:
        return self.discharge_kwh, self.charge_kwh

    @property
    def storage_losses_kw(self) -> float:
        return self.spec.drawn_kwh(self.p_kw, self.step_h) / self.step_h - self.p_kw


class Nbsu(UnitModel):
    """Non-black-start unit: off → starting (draws ``p_in_kw``) → on line, with ramps.

    It comes on line at the first step that finds it starting for ``start_min`` and ordered to follow or form.
    Ramp: the output now differs from every output that still held within the last window by at most
    rate × window. Ordered off while generating, it ramps down and opens when its ramp lets it reach 0.
    Ordered to idle, or on a bus de-energised by order, it idles on line at 0 kW; by collapse it trips.
    """

    gives_way = "throttled_kw"

    def __init__(
        self, spec: NbsuUnit, step_min: float, sin_phi: float, window_min: float, first_step_free: bool
    ) -> None:
        super().__init__(spec, step_min, sin_phi)
        self.p_in_kw, self.start_min = spec.p_in_kw, spec.start_min
        self.window_min, self.first_step_free = window_min, first_step_free
        self.up_kw = spec.ramp_up_kw_per_h * window_min / 60
        self.down_kw = spec.ramp_down_kw_per_h * window_min / 60
        self.history: deque[tuple[float, float]] = deque()
        """(start of a step, output in it) since it came on line; the window's worth of it"""
        self.failing_starts = 0
        """start-ups that will fail from now on"""
        self.start_failed = False
        """whether one failed in this step"""

    def begin(self, time_min: float) -> None:
        super().begin(time_min)
        self.start_failed = False
        if self.state == "starting" and self.order["state"] in ON_LINE and self._started_at(time_min):
            if self.failing_starts:
                self.failing_starts, self.start_failed = self.failing_starts - 1, True
                self.trip()
                return
            self._enter("idle")
            self._restart_history(time_min)

    @property
    def on_line(self) -> bool:
        """Started: running, or idling behind its open breaker."""
        return self.state in ON_LINE

    def able_to_form(self) -> bool:
        return self.on_line

    def able_to_take_over(self) -> bool:
        return self.on_line and self.order["state"] not in ("off", "idle")

    def energise(self, energised: bool, energised_min: float, forming: bool) -> None:
        if self.on_line:
            idles = self.order["state"] == "idle" or not energised
            if idles:
                self.history = deque([(self.now - self.step_min, 0.0)])
            opens = self.order["state"] == "off" and self.p_range()[0] <= 0
            self._enter("form" if forming else "off" if opens else "idle" if idles else "follow")
        elif not energised:
            if self.state == "starting":
                self.order = OFF
            self._enter("off")
        else:
            keeps_starting = self.state == "starting" and self.order["state"] in ON_LINE
            self._enter("starting" if self.order["state"] == "starting" or keeps_starting else "off")

    def p_range(self) -> tuple[float, float]:
        if self.state == "starting":
            return -self.p_in_kw, -self.p_in_kw
        return self._ramp_range(self.now) if self.running else (0.0, 0.0)

    def commit(self, p_kw: float, q_kvar: float) -> None:
        super().commit(p_kw, q_kvar)
        if self.on_line:
            self.history.append((self.now, p_kw))

    @property
    def startup_kw(self) -> float:
        return self.p_in_kw if self.state == "starting" else 0.0

    def untimely(self) -> Misfit | None:
        if self.running:
            return None
        return "unit_start", self.now - self.since if self.state == "starting" else 0.0, self.start_min, "min"

    def misfit(self, p_kw: float, tolerance: float) -> Misfit | None:
        low, high = self.p_range()
        if (passed := super().misfit(p_kw, tolerance)) or low - tolerance <= p_kw <= high + tolerance:
            return passed
        return "unit_ramp", p_kw, low if p_kw < low else high, "kW"

    def next_range(self) -> tuple[float, float]:
        then = self.now + self.step_min
        if self.on_line:
            return self._ramp_range(then)
        if self.state == "starting" and self._started_at(then):
            return 0.0, self.s_kva if self.first_step_free else min(self.s_kva, self.up_kw)
        return self.p_range()

    def _started_at(self, time_min: float) -> bool:
        return time_min - self.since >= self.start_min

    def _restart_history(self, time_min: float) -> None:
        self.history = deque() if self.first_step_free else deque([(time_min - self.step_min, 0.0)])

    def _ramp_range(self, time_min: float) -> tuple[float, float]:
        # An output that began at t held until t + step: it counts while any of that lies within the window.
        while self.history and self.history[0][0] + self.step_min <= self.now - self.window_min:
            self.history.popleft()
        held = [p for start, p in self.history if start + self.step_min > time_min - self.window_min]
        low = max((p - self.down_kw for p in held), default=0.0)
        high = min((p + self.up_kw for p in held), default=self.s_kva)
        return max(low, 0.0), min(high, self.s_kva)


class InfeedUnit(UnitModel):
    """The upstream grid: forms the voltage of its island whenever it is live, and takes no orders.

    ``held``: protection keeps its breaker open, for a fault is isolated in its section.
    """

    def __init__(self, spec: Infeed, step_min: float) -> None:
        super().__init__(spec, step_min, sin_phi=1.0)
        self.live, self.held = spec.live or spec.held, spec.held

    def able_to_form(self) -> bool:
        return self.live and not self.held

    def willing_to_form(self) -> bool:
        return self.able_to_form()

    def demote(self) -> None:
        """Nothing to remember: it gives way for as long as another infeed holds the island."""

    def energise(self, energised: bool, energised_min: float, forming: bool) -> None:
        self._enter("form" if forming else "off")

    def p_range(self) -> tuple[float, float]:
        return (-self.s_kva, self.s_kva) if self.running else (0.0, 0.0)


class ReturningInfeed(InfeedUnit):
    """An infeed that is dead at first: voltage may come back behind its breaker, which is closed by order only."""

    def __init__(self, spec: Infeed, step_min: float) -> None:
        super().__init__(spec, step_min)
        self.upstream_live = False

    @property
    def wants_to_close(self) -> bool:
        """Ordered to feed, and able to."""
        return self.upstream_live and self.order["state"] == "form"

    def trip(self) -> None:
        super().trip()
        self.live = False

    def measurement(self, time_min: float) -> UnitMeasurement:
        return {**super().measurement(time_min), "upstream_live": self.upstream_live}


def _pv(spec: PvUnit, scenario: Scenario, step_min: float, q_ratio: float) -> UnitModel:
    return PvModel(spec, step_min, q_ratio, float(scenario.pv.reconnect_delay_min))


def _ess(spec: EssUnit, scenario: Scenario, step_min: float, q_ratio: float) -> UnitModel:
    return Ess(spec, step_min, q_ratio)


def _nbsu(spec: NbsuUnit, scenario: Scenario, step_min: float, q_ratio: float) -> UnitModel:
    window_min = float(scenario.world.nbsu_ramp_window_min or scenario.clock.plan_step_min)
    return Nbsu(spec, step_min, q_ratio, window_min, scenario.dispatch_centre.first_online_step_free)


def _infeed(spec: Infeed, scenario: Scenario, step_min: float, q_ratio: float) -> UnitModel:
    returns = scenario.surprises and spec.id in {one.infeed for one in scenario.surprises.infeeds}
    return (ReturningInfeed if returns else InfeedUnit)(spec, step_min)


MACHINES: dict[str, Callable[[Any, Scenario, float, float], UnitModel]] = {
    "pv": _pv,
    "ess": _ess,
    "nbsu": _nbsu,
    "infeed": _infeed,
}
"""By kind: makes the machine of a spec, given the scenario, the step (min) and sin φ of the least power factor."""


def build_units(view: GridView, scenario: Scenario) -> dict[str, UnitModel]:
    """All units of a case by id, off, in the view's order."""
    step_min, q_ratio = float(scenario.clock.sim_step_min), sin_phi(scenario.limits.min_power_factor)
    return {u.id: MACHINES[u.kind](u, scenario, step_min, q_ratio) for u in view.units.values()}
