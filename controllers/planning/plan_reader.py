"""Writes down what a solved model says: one plan step after another, numbers freed of solver noise."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyomo.environ as pyo

from ...scenarios.quanta import POWER_KW, rounded
from ..exchange.messages import UnitState
from ..exchange.plan import IslandLosses, LocalAreaSetPoint, Plan, PlanStatus, PlanStep, UnitSetPoint
from ..milp.cold_load import drawn
from ..milp.model import Model
from ..milp.objective import most_kwh
from ..milp.problem import AreaGraph, Horizon
from ..milp.units import phi, starting
from .loss_allowance import live_islands


def is_online(m: Model, la: str, t: int) -> bool:
    """Whether an LA has an NBSU on line."""
    return any(_number(phi(m, e, t)) > 0.5 for e in m.nbsu_la[la])


def formers(m: Model, la: str, t: int) -> list[str]:
    """Sources of an LA that can form voltage in a step, ESS first; none where a live infeed does."""
    if la in m.INFEED:
        return []
    return [*m.ess_la[la], *(e for e in m.nbsu_la[la] if is_online(m, la, t))]


def _number(expression: Any) -> float:
    """The value of an expression of a solved model."""
    return float(pyo.value(expression) or 0.0)


def _tidy(number: float) -> float:
    """Solver noise off a power: six decimals of a kW, and no negative zero."""
    return rounded(number, POWER_KW)


def read_step(m: Model, horizon: Horizon, t: int) -> PlanStep:
    view = horizon.graph.view
    live = {s for s in m.S if m.X[s, t].value > 0.5}
    balance = [balance_unit(m, horizon.graph, i, t) for i in m.ROOT if m.root[i, t].value > 0.5]
    areas = {
        la: _read_area(m, horizon, la, t) for la in view.local_areas if m.section[la] in live or is_online(m, la, t)
    }
    return PlanStep(
        start_min=horizon.start(t),
        closed_branches=[k for k in m.SWITCH if m.b[k, t].value > 0.5],
        energised_buses=[bus for s in view.sections.values() if s.id in live for bus in s.buses],
        balance_units=balance,
        local_areas=areas,
        units=_single_units(m, horizon, areas, set(balance), t),
    )


def balance_unit(m: Model, graph: AreaGraph, la: str, t: int) -> str:
    """The unit of an LA that forms its island's voltage: the first capable one in the fixed order."""
    view = graph.view

    def capable(unit: str) -> bool:
        return unit not in view.nbsu or _number(phi(m, unit if graph.per_device else la, t)) > 0.5

    return next(u for u in view.balance_order if view.local_area_of_unit(u) == la and capable(u))


def _sum(var: Any, members: list[str], t: int) -> float:
    return sum(var[i, t].value for i in members)


def _read_area(m: Model, horizon: Horizon, la: str, t: int) -> LocalAreaSetPoint:
    live = m.X[m.section[la], t].value > 0.5
    demand, demand_q = drawn(m, horizon, la, t) if live else (0.0, 0.0)
    pv, ess, nbsu = m.pv_la[la], m.ess_la[la], m.nbsu_la[la]
    infeed = [la] if la in m.INFEED else []
    begun = any(_number(starting(m, e, t)) > 0.5 for e in nbsu)
    p_pv, p_ess, p_nbsu = _sum(m.p_pv, pv, t), _sum(m.p_ess, ess, t), _sum(m.p_nbsu, nbsu, t)
    q = _sum(m.q_pv, pv, t) + _sum(m.q_ess, ess, t) + _sum(m.q_nbsu, nbsu, t) + _sum(m.q_infeed, infeed, t)
    return LocalAreaSetPoint(
        p_kw=_tidy(p_pv + p_ess + p_nbsu + _sum(m.p_infeed, infeed, t) - demand),
        q_kvar=_tidy(q - demand_q),
        demand_kw=_tidy(demand),
        p_pv_kw=_tidy(p_pv),
        p_ess_kw=_tidy(p_ess),
        p_nbsu_kw=_tidy(p_nbsu),
        nbsu_state="online" if is_online(m, la, t) else "starting" if begun else "off",
    )


def _single_units(
    m: Model, horizon: Horizon, areas: dict[str, LocalAreaSetPoint], balance: set[str], t: int
) -> dict[str, UnitSetPoint]:
    """Set-points of the units that are scheduled as one; gateways decide those of the others."""
    graph, result = horizon.graph, {}
    kinds = (
        ("pv", graph.view.pv, m.p_pv, m.q_pv),
        ("ess", graph.view.ess, m.p_ess, m.q_ess),
        ("nbsu", graph.view.nbsu, m.p_nbsu, m.q_nbsu),
    )
    for kind, units, p, q in kinds:
        per_la = Counter(map(graph.view.local_area_of_unit, units))
        for unit in units:
            la = graph.view.local_area_of_unit(unit)
            i = unit if graph.per_device else la
            if la not in areas or (per_la[la] > 1 and not graph.per_device):
                continue
            state: UnitState
            if kind == "nbsu":
                begun = "starting" if _number(starting(m, i, t)) > 0.5 else "off"
                state = "follow" if _number(phi(m, i, t)) > 0.5 else begun
            elif kind == "pv":
                state = "follow" if m.pv_on[i, t].value > 0.5 else "waiting"
            else:
                state = "follow" if m.X[m.section[la], t].value > 0.5 else "off"
            result[unit] = UnitSetPoint(
                p_kw=_tidy(p[i, t].value), q_kvar=_tidy(q[i, t].value), state="form" if unit in balance else state
            )
    return result


def plan_of(
    horizon: Horizon,
    steps: Sequence[PlanStep],
    status: PlanStatus,
    terms: Mapping[str, float],
    bound: float | None = None,
) -> Plan:
    """A plan of such steps, one for each of the horizon's; the dispatch centre signs it for a scenario and strategy.

    ``terms`` are what its objective is the sum of.
    """
    objective = sum(terms.values())
    return Plan(
        issued_at_min=horizon.start(0),
        step_min=max(horizon.dt_h(t) * 60 for t in range(horizon.steps)),
        end_min=horizon.end_min,
        objective=objective,
        bound=None if bound is None else max(objective, bound),
        terms_kwh=dict(terms) if horizon.graph.objective.beyond_energy_and_switching else {},
        status=status,
        steps=list(steps),
    )


def nothing_restored(horizon: Horizon, losses: Iterable[IslandLosses] = ()) -> Plan:
    """The plan that restores nobody: what had not lost supply stays as it is, all else is off, its switches open.

    Live infeeds give what their islands draw: demand and ``losses`` as a check found them, else those allowed for. Its
    objective is 0 and its bound what the outage area is worth: what never lost supply is not restored.
    """
    view = horizon.graph.view
    live = [bus for bus in view.buses if bus not in view.outage_area]
    kept = [
        k
        for k, closed in horizon.closed.items()
        if closed and {view.branches[k].from_bus, view.branches[k].to_bus} <= set(live)
    ]
    balance = [i.id for i in view.infeeds.values() if i.live]
    value = most_kwh(horizon, [la for la in view.local_areas if la in view.lost_areas])
    steps = [
        PlanStep(
            start_min=horizon.start(t),
            closed_branches=kept,
            energised_buses=live,
            balance_units=balance,
            local_areas={
                la: LocalAreaSetPoint(
                    p_kw=-horizon.demand_kw(la, t),
                    q_kvar=-horizon.demand_kvar(la, t),
                    demand_kw=horizon.demand_kw(la, t),
                )
                for la in view.local_areas
                if view.local_areas[la].buses[0] in live
            },
        )
        for t in range(horizon.steps)
    ]
    known = {(one.step, one.balance_unit): (one.losses_kw, one.losses_kvar) for one in losses}
    for t, step in enumerate(steps):
        for unit, areas in _fed(step, horizon):
            step.local_areas[view.local_area_of_unit(unit)] = _feeding(unit, areas, horizon, t, known.get((t, unit)))
    return plan_of(horizon, steps, "fallback", {}, value if math.isfinite(value) else 0.0)


def _fed(step: PlanStep, horizon: Horizon) -> list[tuple[str, list[str]]]:
    """Of each island of a step that an infeed holds: the infeed, and its LAs."""
    view, found = horizon.graph.view, list[tuple[str, list[str]]]()
    for areas in live_islands(step, view):
        found += [(unit, areas) for unit in step.balance_units or () if view.local_area_of_unit(unit) in areas][:1]
    return found


def _feeding(
    infeed: str, areas: Sequence[str], horizon: Horizon, t: int, losses: tuple[float, float] | None
) -> LocalAreaSetPoint:
    """The LA of an infeed that gives what its island takes: (kW, kvar) of losses, else those allowed for."""
    view = horizon.graph.view
    own = view.local_area_of_unit(infeed)
    demand = {la: (horizon.demand_kw(la, t), horizon.demand_kvar(la, t)) for la in areas}
    if losses is None:
        share = {la: horizon.loss_factor(view.local_areas[la].section) - 1 for la in areas}
        losses = (
            sum(share[la] * p for la, (p, _) in demand.items()),
            sum(share[la] * q for la, (_, q) in demand.items()),
        )
    others = [power for la, power in demand.items() if la != own]
    return LocalAreaSetPoint(
        p_kw=_tidy(sum(p for p, _ in others) + losses[0]),
        q_kvar=_tidy(sum(q for _, q in others) + losses[1]),
        demand_kw=demand[own][0],
    )
