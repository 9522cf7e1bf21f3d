"""An island that lives only between two steps: its units' output by the gateways' rules, AC power flow, every limit.

Set-points of a plan are made for the islands of its steps. In an island that is in neither step, gateways must find
others, as they do where a plan leaves set-points out: least cost, losses on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...controllers.exchange.plan import Violation
from ...scenarios.case import Case
from ..power_flow.protocol import IslandInput, IslandSolution
from ..validation.conditions import Conditions
from ..validation.dispatch import dispatch
from ..validation.network_checks import check_network
from ..validation.plan_claims import StepClaims
from ..validation.unit_checks import JudgedInterval, UnitChecks
from ..validation.validator import Validator
from ..validation.walk import NbsuMode, Phase, Topology
from .boundary import Boundary, IslandKey, key_of

LOSS_ROUNDS = 2
"""How often units are dispatched: first with the loss allowance, then with the losses of the power flow."""


@dataclass(frozen=True)
class IslandState:
    """An island in between: violations, and its extremes (None: the power flow did not converge; no rating)."""

    violations: tuple[Violation, ...] = ()
    vm_min_pu: float | None = None
    vm_max_pu: float | None = None
    loading_max_pct: float | None = None


class IslandsBetween:
    """Solves islands at one boundary and remembers them. ``duration_min``: how long they may have to last."""

    def __init__(self, validator: Validator, boundary: Boundary, duration_min: float) -> None:
        self._validator, self._boundary = validator, boundary
        self._end_min = boundary.time_min + duration_min
        self._known: dict[tuple[IslandKey, frozenset[str]], IslandState] = {}

    def solve(self, topology: Topology, number: int, balance_unit: str, lost: frozenset[str]) -> IslandState:
        """One island; ``lost``: units that went dark on the way and cannot generate."""
        key = key_of(topology, number, balance_unit)
        here = frozenset(unit for unit in lost if self._validator.case.view.units[unit].bus in key[0])
        if (key, here) not in self._known:
            self._known[key, here] = self._solve(topology, number, key, here)
        return self._known[key, here]

    def _solve(self, topology: Topology, number: int, key: IslandKey, lost: frozenset[str]) -> IslandState:
        before, after = self._boundary.before.islands, self._boundary.after.islands
        planned = None if lost else after.get(key) or before.get(key)
        if planned is not None:  # the validator judged it where it stands in the plan
            return _state(planned, self._power_flow(planned), ())
        phase = self._phase(topology, number, key[2], lost)
        one, solution = self._dispatched(phase)
        if key in before and not lost:
            return _state(one, solution, ())
        return _state(one, solution, tuple(self._judge(phase, one, solution)))

    def _power_flow(self, one: IslandInput) -> IslandSolution | None:
        return self._validator.power_flow.solve([[one]])[0][0]

    def _phase(self, topology: Topology, number: int, balance_unit: str, lost: frozenset[str]) -> Phase:
        """The island alone, nothing said of its units but what they can do by now."""
        at, view = self._boundary, self._validator.case.view
        claims = StepClaims(at.step, at.time_min, self._end_min, frozenset(), None, None, {}, {}, frozenset(), ())
        nbsu: dict[str, NbsuMode] = {
            unit: "starting" if unit in lost and mode != "off" else mode for unit, mode in at.phase.nbsu.items()
        }
        if balance_unit in nbsu:
            nbsu[balance_unit] = "online"
        waited: dict[str, float | None] = {}
        for pv in view.pv.values():
            since = at.waited_min[pv.id]
            waited[pv.id] = 0.0 if since is None or pv.id in lost else since
        return Phase(
            claims,
            at.time_min,
            self._end_min,
            topology,
            live={number: balance_unit},
            nbsu=nbsu,
            pv_min=waited,
            cold=at.phase.cold,
        )

    def _dispatched(self, phase: Phase) -> tuple[IslandInput, IslandSolution | None]:
        """Output of all units, and the power flow."""
        validator = self._validator
        series = self._conditions()
        interval = JudgedInterval(phase, phase.start_min, phase.end_min)
        raised = series
        one, solution = None, None
        for _ in range(LOSS_ROUNDS):
            phase.set_points = dict(dispatch(validator.case, [phase], raised, self._boundary.start).set_points[0])
            one = validator.island_inputs(interval, series)[0]
            solution = self._power_flow(one)
            if solution is None:
                break
            raised = _with_losses(validator.case, series, one, solution)
        assert one is not None
        return one, solution

    def _conditions(self) -> Conditions:
        """Demand and sun at the boundary, held; customers whom the next step leaves switched off draw nothing."""
        forecast, at = self._validator.forecast, self._boundary
        k = forecast.index(at.time_min)
        on = {la: at.phase.share(la) for la in forecast.demand_kw}
        return Conditions(
            np.array([at.time_min, self._end_min]),
            {la: on[la] * series[k : k + 1] for la, series in forecast.demand_kw.items()},
            {la: on[la] * series[k : k + 1] for la, series in forecast.demand_kvar.items()},
            {unit: series[k : k + 1] for unit, series in forecast.pv_pu.items()},
        )

    def _judge(self, phase: Phase, one: IslandInput, solution: IslandSolution | None) -> Sequence[Violation]:
        case, at = self._validator.case, JudgedInterval(phase, phase.start_min, phase.end_min)
        if solution is None:
            return [Violation(phase.claims.step, phase.start_min, "not_converged", one.island.id, None, None, "")]
        series, buses = self._conditions(), set(one.island.buses)
        checks = UnitChecks(case, self._boundary.start, actual=False)
        for unit, spec in case.view.units.items():
            if spec.bus not in buses or (unit in case.view.infeeds and unit != one.balance_unit):
                continue
            set_point = phase.set_points.get(unit)
            p_kw, q_kvar = (set_point.p_kw, set_point.q_kvar) if set_point else (0.0, 0.0)
            if unit == one.balance_unit:
                p_kw, q_kvar = solution.p_balance_kw, solution.q_balance_kvar
            available = float(series.pv_pu[unit][0]) if unit in case.view.pv else 0.0
            checks.judge(at, unit, p_kw, q_kvar, min(available, 1.0) * spec.s_kva)
        found = [*check_network(case, at, one, solution), *checks.violations]
        return [v for v in found if (v.kind, v.element) not in self._boundary.excused]


def _with_losses(case: Case, series: Conditions, one: IslandInput, solution: IslandSolution) -> Conditions:
    """Demand raised so that dispatch, which adds the loss allowance, counts with the losses of a power flow, and what
    voltage adds to the demand, instead."""
    p_kw = sum(p for p, _ in one.load.values())
    q_kvar = sum(q for _, q in one.load.values())
    lost_kvar = solution.q_balance_kvar + sum(q for _, q in one.units.values()) - q_kvar
    charging = case.view.charging_kvar(one.island.buses, one.island.branches)
    allowance = 1 + case.scenario.dispatch_centre.loss_allowance_pct / 100
    more_p = (1 + (solution.losses_kw + solution.effect_kw) / p_kw) / allowance if p_kw > 0 else 1.0
    more_q = (q_kvar + lost_kvar + charging) / q_kvar if q_kvar > 0 else 1.0
    return replace(
        series,
        demand_kw={la: kw * more_p for la, kw in series.demand_kw.items()},
        demand_kvar={la: kvar * max(more_q, 0.0) for la, kvar in series.demand_kvar.items()},
    )


def _state(one: IslandInput, solution: IslandSolution | None, violations: tuple[Violation, ...]) -> IslandState:
    if solution is None:
        return IslandState(violations)
    rated = solution.loading_pct[~np.isnan(solution.loading_pct)]
    return IslandState(
        violations,
        float(solution.vm_pu.min()),
        float(solution.vm_pu.max()),
        float(rated.max()) if rated.size else None,
    )
