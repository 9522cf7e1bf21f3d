"""The judge of plans: topology first, then AC power flow of every island of every interval, then every limit.

It shares no code with the planner beyond the plan's own data types. A plan is judged by what it claims: which branches
are closed, who forms voltage, what units give, who is supplied. docs/validation.md tells what each violation means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from ...controllers.exchange.plan import Plan, UnitSetPoint, Violation
from ...scenarios.case import Case
from ..power_flow.engines import REFERENCE, engine_named
from ..power_flow.protocol import IslandInput, IslandSolution
from ..series.profiles import Profiles
from .already_so import AlreadySo
from .cold_course import ColdCourse
from .cold_load import follow
from .conditions import Conditions, StartState, actual, cut, forecast
from .dispatch import LACKING_KWH, dispatch
from .network_checks import AreaUnits, check_balance, check_network, check_promises, check_supply, forecast_kw
from .notes import notes
from .pick_up import check_pick_up
from .plan_claims import StepClaims, read_claims
from .unit_checks import JudgedInterval, UnitChecks
from .verdict import Dispatched, IslandSummary, Verdict, worst
from .walk import Phase, Topologies, Walk


class Validator:
    """Judges plans of one case; prepares network and series once, so that further plans cost little."""

    def __init__(
        self,
        case: Case,
        *,
        engine: str = REFERENCE,
        forecast: Conditions | None = None,
        actual: Conditions | None = None,
        seed: int | None = None,
    ) -> None:
        """``forecast`` and ``actual`` replace the scenario's series; ``seed`` (None: the scenario's) drives the actual
        ones. Raises ``EngineUnavailable``."""
        self.case = case
        self.engine = engine
        self._seed, self._forecast, self._actual = seed, forecast, actual
        self.power_flow = engine_named(engine)(case)
        self.topologies = Topologies(case.view)
        self._within = AreaUnits.of(case.view)

    @cached_property
    def _profiles(self) -> Profiles:
        return Profiles(self.case, self._seed)

    @property
    def forecast(self) -> Conditions:
        """Demand and sun as forecast, at the fault time unless told otherwise."""
        if self._forecast is None:
            self._forecast = forecast(self.case, self._profiles)
        return self._forecast

    @forecast.setter
    def forecast(self, series: Conditions) -> None:
        self._forecast = series

    @cached_property
    def actual(self) -> Conditions:
        """Demand and sun as they really come."""
        return self._actual or actual(self.case, self._profiles)

    def __call__(self, plan: Plan) -> tuple[Violation, ...]:
        """The violations that a plan causes by the forecast, from the state just after the fault."""
        return self.validate(plan).caused

    def phases(self, plan: Plan, start: StartState | None = None) -> list[Phase]:
        """The parts of a plan's steps with all set-points, those that it leaves out dispatched."""
        begin = start or StartState.after_fault(self.case)
        return self._complete(self._claims(plan), begin)[0]

    def validate(self, plan: Plan, *, actual: bool = False, start: StartState | None = None) -> Verdict:
        """Judge a plan, by the ``actual`` series or by the forecast.

        ``start`` is the state at the plan's first step; None: just after the fault. Ids of the plan must be known
        (``read_plan`` checks that). Raises KeyError for an unknown one.
        """
        begin = start or StartState.after_fault(self.case)
        claims = self._claims(plan)
        phases, lacking_kwh = self._complete(claims, begin)
        series = self.actual if actual else self.forecast
        if actual:
            _count_cold_load(phases, follow(self.case, phases, begin, estimated=False))
        intervals = [
            JudgedInterval(phase, a, b)
            for phase in phases
            for a, b in cut(phase.start_min, phase.end_min, series.edges_min if actual else ())
        ]
        states = [self.island_inputs(at, series) for at in intervals]
        solved = self.power_flow.solve(states)
        violations = [v for phase in phases for v in (*phase.violations, *check_supply(self.case, phase, series))]
        violations += check_pick_up(self.case, phases, series, begin)
        if not actual:
            first = {phase.claims.step: phase for phase in reversed(phases)}
            violations += [
                v for phase in first.values() for v in check_promises(self.case, phase, self.forecast, self._within)
            ]
        checks, islands = UnitChecks(self.case, begin, actual=actual), list[IslandSummary]()
        for at, state, solutions in zip(intervals, states, solved, strict=True):
            for one, solution in zip(state, solutions, strict=True):
                islands.append(_summary(at, one, solution))
                if solution is None:
                    violations.append(
                        Violation(at.phase.claims.step, at.start_min, "not_converged", one.island.id, None, None, "")
                    )
                    continue
                violations += check_network(self.case, at, one, solution)
                if not actual:
                    violations += check_balance(self.case, at, one, solution, self.forecast, self._within)
            self._judge_units(checks, at, series, state, solutions)
        before = AlreadySo(self.case, self.power_flow, self.topologies, begin)
        judged = list(zip(intervals, states, strict=True))
        violations = before.told_apart([*violations, *checks.violations], judged, series)
        return Verdict(
            scenario=self.case.scenario.name,
            engine=self.engine,
            actual=actual,
            violations=worst(violations),
            islands=tuple(islands),
            dispatched=_dispatched(phases),
            operations=tuple(_operations(claims, begin)),
            stored_kwh=checks.stored_kwh,
            notes=tuple(notes(self.case, plan, phases, start, lacking_kwh)),
        )

    def _claims(self, plan: Plan) -> list[StepClaims]:
        return read_claims(self.case.view, plan, self.case.scenario.local_areas.load_control)

    def _complete(self, claims: Sequence[StepClaims], start: StartState) -> tuple[list[Phase], float]:
        """The plan's phases with all set-points, and the energy (kWh) that units left out could not give or take.

        NBSUs that the plan does not speak of are started only if the other units cannot do without.
        """
        best: tuple[list[Phase], float] | None = None
        for auto_start in (False, True):
            first_min = float(self.case.scenario.first_step_min)
            walk = Walk(self.case.view, self.topologies, start, auto_start=auto_start, first_min=first_min)
            phases = walk.phases(claims, self.forecast.edges_min)
            _count_cold_load(phases, follow(self.case, phases, start, estimated=True))
            self._count_shares(phases)
            found = dispatch(self.case, phases, self.forecast, start)
            if best is None or found.lacking_kwh < best[1] - LACKING_KWH:
                for phase, set_points in zip(phases, found.set_points, strict=True):
                    phase.set_points |= set_points
                best = phases, found.lacking_kwh
            if best[1] <= LACKING_KWH or not self.case.view.nbsu:
                break
        assert best is not None
        return best

    def _count_shares(self, phases: Sequence[Phase]) -> None:
        """Note whom the plan serves in part, where it may: by what is forecast of their demand in the whole step."""
        if self.case.scenario.local_areas.load_control != "part":
            return
        for phase in phases:
            shares = {la: phase.claims.share(la, forecast_kw(phase, la, self.forecast)) for la in phase.claims.areas}
            phase.in_part = {la: share for la, share in shares.items() if 0 < share < 1}

    def island_inputs(self, at: JudgedInterval, series: Conditions) -> list[IslandInput]:
        """What the power flow gets: served demand by bus, output of followers by unit."""
        phase, index = at.phase, series.index(at.start_min)
        loads: dict[int, dict[str, tuple[float, float]]] = {k: {} for k in phase.live}
        for la, shares in self.case.shares.items():
            k = phase.island_of(self.case.view.local_areas[la].buses[0])
            if k is None or not (share := phase.share(la)) > 0:
                continue
            multiple = phase.multiple(la, at.start_min, at.end_min) * share
            p_kw, q_kvar = (float(s[la][index]) * multiple for s in (series.demand_kw, series.demand_kvar))
            if p_kw or q_kvar:
                loads[k] |= {bus: (p_kw * share, q_kvar * share) for bus, share in shares.items()}
        units: dict[int, dict[str, tuple[float, float]]] = {k: {} for k in phase.live}
        for unit, set_point in phase.set_points.items():
            k = phase.island_of(self.case.view.units[unit].bus)
            if k is not None and phase.live[k] != unit and unit not in self.case.view.infeeds:
                units[k][unit] = self._output(phase, unit, set_point, series, index)
        return [
            IslandInput(phase.topology.islands[k], balance, loads[k], units[k]) for k, balance in phase.live.items()
        ]

    def _output(
        self, phase: Phase, unit: str, set_point: UnitSetPoint, series: Conditions, index: int
    ) -> tuple[float, float]:
        """What a follower gives: its set-point, but PV no more than there is, and a starting NBSU draws its power."""
        if unit in self.case.view.nbsu and phase.nbsu[unit] == "starting":
            return -self.case.view.nbsu[unit].p_in_kw, 0.0
        if unit in self.case.view.pv and series is not self.forecast:
            return min(set_point.p_kw, self._available_kw(unit, series, index)), set_point.q_kvar
        return set_point.p_kw, set_point.q_kvar

    def _available_kw(self, unit: str, series: Conditions, index: int) -> float:
        return min(float(series.pv_pu[unit][index]), 1.0) * self.case.view.pv[unit].s_kva

    def _judge_units(
        self,
        checks: UnitChecks,
        at: JudgedInterval,
        series: Conditions,
        state: Sequence[IslandInput],
        solutions: Sequence[IslandSolution | None],
    ) -> None:
        view, phase, index = self.case.view, at.phase, series.index(at.start_min)
        asked = {
            one.balance_unit: (solution.p_balance_kw, solution.q_balance_kvar)
            for one, solution in zip(state, solutions, strict=True)
            if solution is not None
        }
        for unit, spec in view.units.items():
            forms = unit in asked
            set_point = phase.set_points.get(unit)
            p_kw, q_kvar = (set_point.p_kw, set_point.q_kvar) if set_point else (0.0, 0.0)
            if forms:
                p_kw, q_kvar = asked[unit]
            elif unit in view.infeeds:
                continue
            if phase.island_of(spec.bus) is None:
                planned = phase.topology.at[spec.bus] not in phase.failed
                checks.judge_dark(at, unit, p_kw, q_kvar, planned=planned)
            else:
                available_kw = self._available_kw(unit, series, index) if unit in view.pv else 0.0
                checks.judge(at, unit, p_kw, q_kvar, available_kw)


def _count_cold_load(phases: Sequence[Phase], course: ColdCourse | None) -> None:
    for phase in phases:
        phase.cold = course


def _summary(at: JudgedInterval, one: IslandInput, solution: IslandSolution | None) -> IslandSummary:
    demand_kw = sum(p_kw for p_kw, _ in one.load.values())
    known: Mapping[str, float | str | None] = {}
    if solution is not None:
        supplied_kvar, drawn_kvar = (sum(q for _, q in s.values()) for s in (one.units, one.load))
        loaded = solution.loading_pct.size > 0 and not np.isnan(solution.loading_pct).all()
        most = int(np.nanargmax(solution.loading_pct)) if loaded else None
        known = {
            "losses_kw": solution.losses_kw,
            "losses_kvar": solution.q_balance_kvar + supplied_kvar - drawn_kvar - solution.effect_kvar,
            "voltage_effect_kw": solution.effect_kw,
            "voltage_effect_kvar": solution.effect_kvar,
            "p_balance_kw": solution.p_balance_kw,
            "q_balance_kvar": solution.q_balance_kvar,
            "vm_min_pu": float(solution.vm_pu.min()),
            "vm_max_pu": float(solution.vm_pu.max()),
            "loading_max_pct": None if most is None else float(solution.loading_pct[most]),
            "loading_max_branch": None if most is None else one.island.branches[most],
        }
    return IslandSummary(
        at.phase.claims.step,
        at.start_min,
        at.end_min,
        one.island.id,
        one.balance_unit,
        len(one.island.buses),
        solution is not None,
        demand_kw,
        **known,  # pyright: ignore[reportArgumentType]
    )


def _operations(claims: Sequence[StepClaims], start: StartState) -> Iterator[tuple[int, str, bool]]:
    closed = frozenset(branch for branch, is_closed in start.closed.items() if is_closed)
    for step in claims:
        for branch in start.closed:
            if (branch in step.closed) != (branch in closed):
                yield step.step, branch, branch in step.closed
        closed = step.closed


def _dispatched(phases: Sequence[Phase]) -> Dispatched:
    units = [
        (p.claims.step, p.start_min, {u: s for u, s in p.set_points.items() if u not in p.claims.units}) for p in phases
    ]
    return Dispatched(
        tuple(one for one in units if one[2]),
        tuple(dict.fromkeys(p.claims.step for p in phases if p.claims.energised is None)),
        tuple(dict.fromkeys(p.claims.step for p in phases if p.chosen)),
    )
