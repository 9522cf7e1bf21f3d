"""Frequency of one island in the seconds after a sudden change of its balance: aggregated swing equation.

One frequency f = f0 + x for the whole island, Δp_u the answer of unit u, P the step, L the demand connected:

    (2 Σ H_u S_u / f0) dx/dt = Σ Δp_u − P + shed − lost − D L x / f0
    T_u dΔp_u/dt = clip(−S_u db(x) / (R_u f0), room of u) − Δp_u          (T_u = 0: at once)

H inertia, S rating, R droop, T time constant, D load damping, db() the dead band; sums are over the units on line.
Kundur, Power System Stability and Control (1994), ch. 11; for inverters see ``relight.scenarios.schema.frequency``.
Integrated by the classical Runge-Kutta method at a fixed step. Relays act between steps. Powers kW, frequencies Hz,
times s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ...scenarios.schema.frequency import FrequencyLimits, UnitAnswer
from .section_shedding import SectionCut

LONGEST_STEP_S = 0.005
"""Longest step of the integration; also the resolution of relays' delays."""
STIFFNESS = 0.25
"""Largest step × fastest rate: the error of a step is then below 1e-5 of what changes in it."""
SETTLED = 1e-4
"""Settled is what moves slower than this (Hz/s), with answers this near (p.u.) and no relay timing."""


Why = Literal["under-frequency", "over-frequency", "RoCoF"]


@dataclass(frozen=True)
class Responder:
    """A unit on line: what it gave before the step, the range it can give, how it answers."""

    id: str
    s_kva: float
    p_kw: float
    p_range: tuple[float, float]
    answer: UnitAnswer
    forming: bool = False


@dataclass(frozen=True)
class SheddingStage:
    """A UFLS stage with what it sheds, and the demand of that (kW): the share left of each LA, or the section switches
    that open, with the units behind them, which are lost."""

    below_hz: float
    delay_s: float
    kept: Mapping[str, float]
    p_kw: float
    cuts: tuple[SectionCut, ...] = ()
    units: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Shedding:
    """A UFLS stage that acted: its number from 1."""

    time_s: float
    hz: float
    number: int
    stage: SheddingStage


@dataclass(frozen=True)
class FrequencyTrip:
    """A unit that its own protection took off."""

    time_s: float
    hz: float
    unit: str
    why: Why


@dataclass
class Response:
    """What the step did. ``hz`` and ``time_s`` are the course; ``rocof_hz_per_s`` the largest average, either sign."""

    step_kw: float
    time_s: list[float] = field(default_factory=list)
    hz: list[float] = field(default_factory=list)
    rocof_hz_per_s: float = 0.0
    sheddings: list[Shedding] = field(default_factory=list)
    trips: list[FrequencyTrip] = field(default_factory=list)
    collapsed: bool = False
    """the forming unit tripped"""

    @property
    def min_hz(self) -> float:
        return min(self.hz)

    @property
    def max_hz(self) -> float:
        return max(self.hz)

    @property
    def settled_hz(self) -> float | None:
        """Frequency at the end of primary response; None if the island collapsed."""
        return None if self.collapsed else self.hz[-1]

    @property
    def shed_kw(self) -> float:
        return sum((one.stage.p_kw for one in self.sheddings), 0.0)


class _Unit:
    """A responder on its way: its answer so far."""

    def __init__(self, spec: Responder, nominal_hz: float) -> None:
        self.spec, self.id = spec, spec.id
        self.limits: FrequencyLimits = spec.answer.limits
        self.room = (min(spec.p_range[0] - spec.p_kw, 0.0), max(spec.p_range[1] - spec.p_kw, 0.0))
        droop, self.deadband_hz = spec.answer.droop_pct, spec.answer.deadband_hz
        self.kw_per_hz = 0.0 if droop is None else spec.s_kva / (droop / 100 * nominal_hz)
        self.inertia = 2 * spec.answer.inertia_s * spec.s_kva / nominal_hz
        self.lag_s = spec.answer.response_s
        self.delta_kw = 0.0
        self.beyond_s: dict[Why, float] = {"under-frequency": 0.0, "over-frequency": 0.0}

    def target_kw(self, x: float) -> float:
        beyond = math.copysign(max(abs(x) - self.deadband_hz, 0.0), x)
        return min(max(-self.kw_per_hz * beyond, self.room[0]), self.room[1])


class _Island:
    """The state: deviation x (Hz), the answers of the units, what is connected."""

    def __init__(self, step_kw: float, load_kw: float, units: list[_Unit], nominal_hz: float, damping: float) -> None:
        self.x, self.units = 0.0, units
        self.imbalance_kw, self.load_kw = step_kw, load_kw
        self.nominal_hz, self.damping = nominal_hz, damping
        self._sum_up()

    def _sum_up(self) -> None:
        self.inertia = sum(u.inertia for u in self.units)
        self.damping_kw_per_hz = self.damping * self.load_kw / self.nominal_hz
        self.prompt = [u for u in self.units if u.lag_s == 0 and u.kw_per_hz > 0]
        self.lagging = [u for u in self.units if u.lag_s > 0 and u.kw_per_hz > 0]
        fastest = (sum(u.kw_per_hz for u in self.prompt) + self.damping_kw_per_hz) / self.inertia
        # A governor and the inertia swing against each other at this rate.
        swing = math.sqrt(sum(u.kw_per_hz / u.lag_s for u in self.lagging) / self.inertia)
        rate = max(fastest, swing, *(1 / u.lag_s for u in self.lagging))
        self.dt = min(LONGEST_STEP_S, STIFFNESS / rate) if rate > 0 else LONGEST_STEP_S

    @property
    def moving(self) -> bool:
        """Whether an answer is still on its way."""
        return any(abs(u.target_kw(self.x) - u.delta_kw) > SETTLED * u.spec.s_kva for u in self.lagging)

    def shed(self, kw: float) -> None:
        self.imbalance_kw -= kw
        self.load_kw = max(self.load_kw - kw, 0.0)
        self._sum_up()

    def lose(self, unit: _Unit) -> None:
        """Take a unit off that follows; its answer goes with it."""
        self.imbalance_kw += unit.spec.p_kw
        self.units = [u for u in self.units if u is not unit]
        self._sum_up()

    def _slopes(self, x: float, deltas: Sequence[float]) -> tuple[float, list[float]]:
        power = sum(deltas) + sum(u.target_kw(x) for u in self.prompt)
        slope = (power - self.imbalance_kw - self.damping_kw_per_hz * x) / self.inertia
        return slope, [(u.target_kw(x) - d) / u.lag_s for u, d in zip(self.lagging, deltas, strict=True)]

    def advance(self) -> float:
        """One step; returns the slope at its start (Hz/s)."""
        dt, x0, d0 = self.dt, self.x, [u.delta_kw for u in self.lagging]
        slopes = [self._slopes(x0, d0)]
        for part in (dt / 2, dt / 2, dt):
            dx, dd = slopes[-1]
            slopes.append(self._slopes(x0 + part * dx, [d + part * s for d, s in zip(d0, dd, strict=True)]))
        (a, da), (b, db), (c, dc), (d, dd) = slopes
        self.x = x0 + dt / 6 * (a + 2 * b + 2 * c + d)
        for k, unit in enumerate(self.lagging):
            unit.delta_kw = d0[k] + dt / 6 * (da[k] + 2 * db[k] + 2 * dc[k] + dd[k])
        return a


def respond(
    step_kw: float,
    load_kw: float,
    responders: Sequence[Responder],
    stages: Sequence[SheddingStage] = (),
    *,
    nominal_hz: float = 50.0,
    load_damping: float = 1.0,
    rocof_window_s: float = 0.5,
    duration_s: float = 30.0,
) -> Response:
    """Response to a lack of ``step_kw`` (a surplus, if negative) at t = 0, ``load_kw`` of demand then connected.

    Raises ValueError unless exactly one responder forms the voltage, and has inertia.
    """
    forming = [r for r in responders if r.forming]
    if len(forming) != 1 or not forming[0].answer.inertia_s > 0:
        raise ValueError(f"one unit with inertia must form the voltage, not {[r.id for r in forming]}")
    state = _Island(step_kw, load_kw, [_Unit(r, nominal_hz) for r in responders], nominal_hz, load_damping)
    response = Response(step_kw, [0.0], [nominal_hz])
    relays = _Relays(stages)
    time_s, first = 0.0, 0
    while time_s < duration_s:
        dt = state.dt
        slope = state.advance()
        time_s += dt
        hz = nominal_hz + state.x
        response.time_s.append(time_s)
        response.hz.append(hz)
        # The average over the window: from the last sample that is at least a window old; nominal before the step.
        while response.time_s[first + 1] <= time_s - rocof_window_s + 1e-9:
            first += 1
        then = response.hz[first] if time_s >= rocof_window_s else nominal_hz
        rocof = (hz - then) / rocof_window_s
        if abs(rocof) > abs(response.rocof_hz_per_s):
            response.rocof_hz_per_s = rocof
        busy = relays.act(state, response, rocof)
        if response.collapsed or (abs(slope) < SETTLED and not busy and not state.moving):
            break
    return response


class _Relays:
    """Under-frequency relays of customers, and the units' own protection."""

    def __init__(self, stages: Sequence[SheddingStage]) -> None:
        self._waiting = dict(enumerate(stages, 1))
        self._below_s = dict.fromkeys(self._waiting, 0.0)

    def act(self, state: _Island, response: Response, rocof: float) -> bool:
        """Shed and trip what is due after a step of the integration; whether any relay timed or acted."""
        time_s, hz = response.time_s[-1], response.hz[-1]
        dt = time_s - response.time_s[-2]
        busy = False
        for number, stage in list(self._waiting.items()):
            below = hz < stage.below_hz
            self._below_s[number] = self._below_s[number] + dt if below else 0.0
            busy |= below
            if below and self._below_s[number] >= stage.delay_s:
                del self._waiting[number]
                response.sheddings.append(Shedding(time_s, hz, number, stage))
                state.shed(stage.p_kw)
                for unit in [u for u in state.units if u.id in stage.units]:
                    state.lose(unit)
        for unit in list(state.units):
            why = _trips(unit, hz, dt, rocof)
            busy |= why is not None or any(unit.beyond_s.values())
            if why is None:
                continue
            response.trips.append(FrequencyTrip(time_s, hz, unit.id, why))
            if unit.spec.forming:
                response.collapsed = True
                return busy
            state.lose(unit)
        return busy


def _trips(unit: _Unit, hz: float, dt: float, rocof: float) -> Why | None:
    limits = unit.limits
    sides: tuple[tuple[Why, bool, float], ...] = (
        ("under-frequency", hz < limits.under_hz, limits.under_s),
        ("over-frequency", hz > limits.over_hz, limits.over_s),
    )
    for why, beyond, delay_s in sides:
        unit.beyond_s[why] = unit.beyond_s[why] + dt if beyond else 0.0
        if beyond and unit.beyond_s[why] >= delay_s:
            return why
    if limits.rocof_hz_per_s is not None and abs(rocof) > limits.rocof_hz_per_s:
        return "RoCoF"
    return None
