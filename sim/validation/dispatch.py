"""Set-points that a plan leaves out, by the gateways' rules: least cost (42), units within (15)–(17).

One linear problem over the plan. A local area (LA) whose net power the plan gives follows it, as its gateway would. All
other units share what their island needs, the losses by the planner's own allowance; what is lacking is left to the
balance unit, where the power flow will show it. Reactive power is shared in proportion to what units can give.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

from ...controllers.exchange.messages import UnitState
from ...controllers.exchange.plan import UnitSetPoint
from ...controllers.gateways.correction import correct_reactive
from ...scenarios.angles import chord, reactive_limit, sin_phi
from ...scenarios.case import Case
from ...scenarios.errors import UnsolvedError
from ...scenarios.quanta import POWER_KW, rounded
from ...scenarios.reading.problems import Problem, ScenarioError
from ...scenarios.view import EssUnit, NbsuUnit, PvUnit
from .conditions import Conditions, StartState
from .plan_claims import StepClaims
from .walk import Phase

SHORTAGE_COST = 1000.0
"""CNY/kWh of what nobody gives; far above what moving energy through every step of a plan could cost."""
INFEED_COST = 1e-3
"""CNY/kWh: an infeed gives way to PV, which is free, and to nothing else."""
LACKING_KWH = 0.1
MOST_STEPS = 3000
"""of a plan that leaves set-points out: the problem grows with the steps, and with the steps of a ramp's window."""


@dataclass(frozen=True)
class FoundSetPoints:
    """Set-points found, by phase and unit; ``lacking_kwh``: what units could not give or take."""

    set_points: list[dict[str, UnitSetPoint]]
    lacking_kwh: float


@dataclass(frozen=True)
class _Target:
    """A group of missing units in a phase that shall give ``p_kw`` and ``q_kvar`` together; ``infeed`` helps."""

    phase: int
    units: tuple[str, ...]
    p_kw: float
    q_kvar: float
    infeed: str | None = None


@dataclass
class _Program:
    """A linear problem in the making: bounds and costs of columns, which of them are whole, rows low ≤ Σ a x ≤ high."""

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    rows: list[tuple[dict[int, float], float, float]] = field(default_factory=list)
    whole: set[int] = field(default_factory=set)

    def column(self, lower: float, upper: float, cost: float = 0.0) -> int:
        self.lower.append(lower)
        self.upper.append(upper)
        self.cost.append(cost)
        return len(self.lower) - 1

    def row(self, terms: dict[int, float], low: float, high: float) -> None:
        self.rows.append((terms, low, high))

    def solve(self) -> np.ndarray:
        """Columns of an optimum. Raises UnsolvedError if HiGHS finds none, which slack rules out."""
        entries = [(r, c, a) for r, (terms, _, _) in enumerate(self.rows) for c, a in terms.items()]
        r, c, a = (np.array(part) for part in zip(*entries, strict=True))
        matrix = coo_array((a, (r, c)), shape=(len(self.rows), len(self.lower))).tocsr()
        low, high = (np.array([row[k] for row in self.rows]) for k in (1, 2))
        has_low, has_high = np.isfinite(low), np.isfinite(high)
        both: Any = linprog(
            self.cost,
            A_ub=vstack([matrix[has_high], -matrix[has_low]]),
            b_ub=np.concatenate([high[has_high], -low[has_low]]),
            bounds=np.column_stack([self.lower, self.upper]),
            method="highs" if self.whole else "highs-ds",
            integrality=[int(column in self.whole) for column in range(len(self.lower))] if self.whole else None,
        )
        if both.x is None:
            raise UnsolvedError(f"set-points were not found: {both.message}")
        return both.x


def dispatch(case: Case, phases: Sequence[Phase], conditions: Conditions, start: StartState) -> FoundSetPoints:
    """Find the set-points that ``phases`` lack. Those that they have stay.

    Raises ScenarioError where they are too many to be found together.
    """
    targets = [target for k in range(len(phases)) for target in _targets(case, phases, k, conditions)]
    if not targets:
        return FoundSetPoints([{} for _ in phases], 0.0)
    if (steps := len({phase.claims.step for phase in phases})) > MOST_STEPS:
        remedy = f"set-points are found for {MOST_STEPS} steps at most; give units in every step, or longer steps"
        raise ScenarioError([Problem("plan", "steps", steps, remedy)])
    problem = _Problem(case, phases, conditions, start)
    for target in targets:
        problem.meet(target)
    problem.link()
    x = problem.program.solve()
    set_points: list[dict[str, UnitSetPoint]] = [{} for _ in phases]
    for target in targets:
        phase = phases[target.phase]
        p_kw = {unit: float(x[problem.p[unit, target.phase]]) for unit in target.units}
        sin_phi = problem.sin_phi
        room = {
            unit: reactive_limit(case.view.units[unit].s_kva, p_kw[unit], sin_phi) * _connected(case, phase, unit)
            for unit in target.units
        }
        if target.infeed is not None:
            room[target.infeed] = case.view.infeeds[target.infeed].s_kva
        q_kvar = correct_reactive(target.q_kvar, room)
        for unit in target.units:
            state = _state(case, phase, unit)
            set_points[target.phase][unit] = UnitSetPoint(
                p_kw=rounded(p_kw[unit], POWER_KW), q_kvar=rounded(q_kvar[unit], POWER_KW), state=state
            )
    return FoundSetPoints(set_points, float(sum(x[c] * hours for c, hours in problem.slack)))


def _targets(case: Case, phases: Sequence[Phase], k: int, conditions: Conditions) -> list[_Target]:
    """What the missing units of a phase shall give, LA by LA where the plan gives an LA's net power, else by island."""
    view, phase, claims = case.view, phases[k], phases[k].claims
    found: list[_Target] = []
    for number, balance in phase.live.items():
        island = phase.topology.islands[number]
        buses = set(island.buses)
        units = [u for u in (*view.pv, *view.ess, *view.nbsu) if view.units[u].bus in buses]
        missing = [u for u in units if u not in claims.units]
        if not missing:
            continue
        areas = [la.id for la in view.local_areas.values() if la.buses[0] in buses]
        drawn = {la: _drawn(phase, conditions, la) for la in areas}
        # What LAs take out of the island: by their net power where that is given for missing units, else their demand.
        taken_kw = taken_kvar = 0.0
        following: set[str] = set()
        for la in areas:
            own = tuple(u for u in missing if view.local_area_of_unit(u) == la)
            area = claims.areas.get(la)
            if area is None or not own:
                taken_kw += drawn[la][0] * (1 + case.scenario.dispatch_centre.loss_allowance_pct / 100)
                taken_kvar += drawn[la][1]
                continue
            following.add(la)
            taken_kw, taken_kvar = taken_kw - area.p_kw, taken_kvar - area.q_kvar
            given = _sum(claims, (u for u in units if view.local_area_of_unit(u) == la))
            promised_kw = drawn[la][0] if area.demand_kw is None else area.demand_kw
            infeed = balance if balance in view.infeeds and view.local_area_of_unit(balance) == la else None
            p_kw, q_kvar = area.p_kw + promised_kw - given[0], area.q_kvar + drawn[la][1] - given[1]
            found.append(_Target(k, own, p_kw, q_kvar, infeed))
        free = tuple(u for u in missing if view.local_area_of_unit(u) not in following)
        if free:
            given = _sum(claims, (u for u in units if view.local_area_of_unit(u) not in following))
            charging_kvar = view.charging_kvar(island.buses, island.branches)
            infeed = balance if balance in view.infeeds else None
            found.append(_Target(k, free, taken_kw - given[0], taken_kvar - given[1] - charging_kvar, infeed))
    return found


def _drawn(phase: Phase, conditions: Conditions, local_area: str) -> tuple[float, float]:
    """Demand (kW, kvar) of an LA on a live bus."""
    share = phase.share(local_area)
    if not share > 0:
        return 0.0, 0.0
    index, multiple = conditions.index(phase.start_min), phase.multiple(local_area) * share
    p_kw, q_kvar = conditions.demand_kw[local_area][index], conditions.demand_kvar[local_area][index]
    return float(p_kw) * multiple, float(q_kvar) * multiple


def _sum(claims: StepClaims, units: Iterable[str]) -> tuple[float, float]:
    """What the plan says that units give together (kW, kvar), those left out aside."""
    given = [claims.units[unit] for unit in units if unit in claims.units]
    return sum((s.p_kw for s in given), 0.0), sum((s.q_kvar for s in given), 0.0)


def _connected(case: Case, phase: Phase, unit: str) -> bool:
    """Whether a unit on a live bus is on line: it may generate."""
    if unit in case.view.pv:
        waited = phase.pv_min[unit]
        return waited is not None and waited >= case.scenario.pv.reconnect_delay_min - 1e-6
    return unit not in case.view.nbsu or phase.nbsu[unit] == "online"


def _state(case: Case, phase: Phase, unit: str) -> UnitState:
    if unit in phase.live.values():
        return "form"
    if unit in case.view.nbsu and phase.nbsu[unit] != "online":
        return "starting" if phase.nbsu[unit] == "starting" else "off"
    return "follow" if _connected(case, phase, unit) else "waiting"


class _Problem:
    """The linear problem: output p and reactive room r of every missing unit in every phase where its bus lives."""

    def __init__(self, case: Case, phases: Sequence[Phase], conditions: Conditions, start: StartState) -> None:
        self._case, self._phases, self._conditions, self._start = case, phases, conditions, start
        power_factor = case.scenario.limits.min_power_factor
        self.sin_phi = sin_phi(power_factor)
        self._chord = chord(power_factor)
        self.program = _Program()
        self.p: dict[tuple[str, int], int] = {}
        self.slack: list[tuple[int, float]] = []

    def meet(self, target: _Target) -> None:
        """Units give what is asked, in active power exactly but for slack, in reactive power as far as room is left."""
        program, hours = self.program, self._phases[target.phase].hours
        active: dict[int, float] = {}
        reactive: dict[int, float] = {}
        for unit in target.units:
            p, room = self._unit(unit, target.phase)
            active[p] = 1.0
            if room is not None:
                reactive[room] = 1.0
        for sign in (1.0, -1.0):
            column = program.column(0.0, np.inf, SHORTAGE_COST * hours)
            active[column] = sign
            self.slack.append((column, hours))
            if target.infeed is not None:
                s_kva = self._case.view.infeeds[target.infeed].s_kva
                active[program.column(0.0, s_kva, INFEED_COST * hours)] = sign
        program.row(active, target.p_kw, target.p_kw)
        if target.infeed is None:
            # A shortage of reactive power costs a tenth: active power comes first, as with the gateways.
            reactive[program.column(0.0, np.inf, SHORTAGE_COST / 10 * hours)] = 1.0
            program.row(reactive, abs(target.q_kvar), np.inf)

    def _unit(self, unit: str, k: int) -> tuple[int, int | None]:
        """Columns of a unit: output (kW), and room for reactive power (kvar) inside its circle by the chord."""
        case, phase, program = self._case, self._phases[k], self.program
        spec, costs = case.view.units[unit], case.scenario.gateway
        on, hours = _connected(case, phase, unit), phase.hours
        if isinstance(spec, PvUnit):
            available = min(float(self._conditions.pv_pu[unit][self._conditions.index(phase.start_min)]), 1.0)
            p = program.column(0.0, on * available * spec.s_kva, costs.pv_cost * hours)
        elif isinstance(spec, EssUnit):
            p = program.column(-spec.s_kva, spec.s_kva)
            wear = program.column(0.0, np.inf, hours)
            program.row({wear: 1.0, p: -costs.ess_discharge_cost}, 0.0, np.inf)
            program.row({wear: 1.0, p: costs.ess_charge_cost}, 0.0, np.inf)
        else:
            assert isinstance(spec, NbsuUnit)
            draw = spec.p_in_kw if phase.nbsu[unit] == "starting" else 0.0
            p = program.column(-draw, spec.s_kva if on else -draw, costs.nbsu_cost * hours * on)
        self.p[unit, k] = p
        if not on or self._chord == 0.0:
            return p, None
        room = program.column(0.0, spec.s_kva * self.sin_phi)
        for sign in (1.0, -1.0):
            program.row({p: sign, room: self._chord}, -np.inf, spec.s_kva)
        return p, room

    def link(self) -> None:
        """Energy of ESSs (16d) and ramps of NBSUs (17g), from one phase to the next."""
        for unit in self._case.view.ess:
            if any((unit, k) in self.p for k in range(len(self._phases))):
                self._energy(unit)
        for unit in self._case.view.nbsu:
            if any((unit, k) in self.p for k in range(len(self._phases))):
                self._ramps(unit)

    def _energy(self, unit: str) -> None:
        """Energy taken out so far, a column per phase: a sum over all phases before would grow with their square."""
        measured, program, spec = self._start.units[unit], self.program, self._case.view.ess[unit]
        given, before = 0.0, None
        for k, phase in enumerate(self._phases):
            if (unit, k) in self.p:
                low, high = -measured["charge_kwh"], measured["discharge_kwh"]
                # Storage that the plan itself overdraws must not leave this problem without a solution.
                taken = program.column(min(low - given, 0.0), max(high - given, 0.0))
                carried = {} if before is None else {before: -1.0}
                drawn = {self.p[unit, k]: -phase.hours / spec.discharge_efficiency}
                if not spec.lossless:
                    lost = 1 / spec.discharge_efficiency - spec.charge_efficiency
                    drawn[self._charge(spec, self.p[unit, k], measured["charge_kwh"])] = -phase.hours * lost
                program.row({taken: 1.0, **drawn, **carried}, 0.0, 0.0)
                before = taken
            elif unit in phase.claims.units:
                given += spec.drawn_kwh(phase.claims.units[unit].p_kw, phase.hours)

    def _charge(self, spec: EssUnit, p: int, room_kwh: float) -> int:
        """Column of what an ESS that loses energy charges, kW: no less than −p. Where it could run full also no more,
        for charging and discharging at once would make room."""
        program = self.program
        charge = program.column(0.0, spec.s_kva)
        program.row({charge: 1.0, p: 1.0}, 0.0, np.inf)
        if room_kwh < spec.charge_efficiency * spec.s_kva * sum(phase.hours for phase in self._phases):
            charges = program.column(0.0, 1.0)
            program.whole.add(charges)
            program.row({charge: 1.0, charges: -spec.s_kva}, -np.inf, 0.0)
            program.row({p: 1.0, charge: 1.0, charges: spec.s_kva}, -np.inf, spec.s_kva)
        return charge

    def _ramps(self, unit: str) -> None:
        """Between phases that lie within one window; the first on-line phase is free if the scenario says so (D8)."""
        spec, clock = self._case.view.nbsu[unit], self._case.scenario.clock
        window_min = float(self._case.scenario.world.nbsu_ramp_window_min or clock.plan_step_min)
        up, down = (rate * window_min / 60 for rate in (spec.ramp_up_kw_per_h, spec.ramp_down_kw_per_h))
        free = self._case.scenario.dispatch_centre.first_online_step_free
        for k, phase in enumerate(self._phases):
            if (unit, k) not in self.p or phase.nbsu[unit] != "online":
                continue
            for before in range(k - 1, -1, -1):
                if self._phases[before].end_min <= phase.start_min - window_min:
                    break
                if self._phases[before].nbsu[unit] != "online":
                    if not free:
                        self.program.row({self.p[unit, k]: 1.0}, -np.inf, up)
                    break
                if self._phases[before].island_of(spec.bus) is None:
                    self.program.row({self.p[unit, k]: 1.0}, -np.inf, up)
                    break
                if (unit, before) in self.p:
                    self.program.row({self.p[unit, k]: 1.0, self.p[unit, before]: -1.0}, -down, up)
                else:
                    last = self._phases[before].claims.units[unit].p_kw
                    last = min(max(last, 0.0), spec.s_kva)
                    self.program.row({self.p[unit, k]: 1.0}, last - down, last + up)
            else:
                if self._start.units[unit]["state"] in ("idle", "follow", "form") and k == 0:
                    measured = self._start.units[unit]
                    self.program.row({self.p[unit, k]: 1.0}, measured["p_min_kw"], measured["p_max_kw"])
