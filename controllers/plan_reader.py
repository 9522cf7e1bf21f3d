"""Writes down what a solved model says: one plan step after another, numbers freed of solver noise."""

from __future__ import annotations

import math
from typing import Any

import pyomo.environ as pyo

from controllers.messages import UnitState
from controllers.model import Model
from controllers.plan import LocalAreaSetPoint, Plan, PlanStep, UnitSetPoint
from controllers.powerflow import generation, generation_q
from controllers.problem import Horizon
from controllers.psc import NbsuState
from controllers.region import phi, starting
from scenarios.view import GridView

_ORDERED: dict[NbsuState, UnitState] = {"off": "off", "starting": "starting", "online": "follow"}


def is_online(m: Model, i: str, t: int) -> bool:
    return i in m.NBSU and _number(phi(m, i, t)) > 0.5


def _number(expression: Any) -> float:
    """The value of an expression of a solved model."""
    return float(pyo.value(expression) or 0.0)


def _tidy(number: float) -> float:
    """Solver noise off a power: six decimals of a kW, and no negative zero."""
    return round(number, 6) + 0.0


def read_step(m: Model, horizon: Horizon, t: int) -> PlanStep:
    view = horizon.graph.view
    live = {s for s in m.S if m.X[s, t].value > 0.5}
    balance = [_balance_unit(m, view, i, t) for i in m.ROOT if m.root[i, t].value > 0.5]
    areas = {i: _read_area(m, horizon, i, t) for i in m.N if m.section[i] in live or is_online(m, i, t)}
    return PlanStep(
        start_min=horizon.start(t),
        closed_branches=[k for k in m.SWITCH if m.b[k, t].value > 0.5],
        energised_buses=[bus for s in view.sections.values() if s.id in live for bus in s.buses],
        balance_units=balance,
        local_areas=areas,
        units=_single_units(m, horizon, areas, set(balance), t),
    )


def _balance_unit(m: Model, view: GridView, i: str, t: int) -> str:
    """The unit of an LA that forms its island's voltage: the first capable one in the fixed order."""
    return next(
        u for u in view.balance_order if view.local_area_of_unit(u) == i and (u not in view.nbsu or is_online(m, i, t))
    )


def _read_area(m: Model, horizon: Horizon, i: str, t: int) -> LocalAreaSetPoint:
    live = m.X[m.section[i], t].value > 0.5
    demand, demand_q = (horizon.demand_kw(i, t), horizon.demand_kvar(i, t)) if live else (0.0, 0.0)
    state: NbsuState = "off"
    if i in m.NBSU:
        state = "online" if is_online(m, i, t) else "starting" if _number(starting(m, i, t)) > 0.5 else "off"
    return LocalAreaSetPoint(
        p_kw=_tidy(_number(generation(m, i, t)) - demand),
        q_kvar=_tidy(_number(generation_q(m, i, t)) - demand_q),
        demand_kw=_tidy(demand),
        p_pv_kw=_tidy(_number(m.p_pv[i, t])) if i in m.PV else 0.0,
        p_ess_kw=_tidy(_number(m.p_ess[i, t])) if i in m.ESS else 0.0,
        p_nbsu_kw=_tidy(_number(m.p_nbsu[i, t])) if i in m.NBSU else 0.0,
        nbsu_state=state,
    )


def _single_units(
    m: Model, horizon: Horizon, areas: dict[str, LocalAreaSetPoint], balance: set[str], t: int
) -> dict[str, UnitSetPoint]:
    """Set-points of units that are the only one of their kind in their LA; gateways decide the others."""
    view, result = horizon.graph.view, {}
    kinds = (
        ("pv", view.pv, m.p_pv, m.q_pv),
        ("ess", view.ess, m.p_ess, m.q_ess),
        ("nbsu", view.nbsu, m.p_nbsu, m.q_nbsu),
    )
    for kind, units, p, q in kinds:
        for unit in units:
            i = view.local_area_of_unit(unit)
            if i not in areas or sum(view.local_area_of_unit(u) == i for u in units) > 1:
                continue
            state: UnitState
            if kind == "nbsu":
                state = _ORDERED[areas[i].nbsu_state]
            elif kind == "pv":
                state = "follow" if m.pv_on[i, t].value > 0.5 else "waiting"
            else:
                state = "follow" if m.X[m.section[i], t].value > 0.5 else "off"
            result[unit] = UnitSetPoint(
                p_kw=_tidy(p[i, t].value), q_kvar=_tidy(q[i, t].value), state="form" if unit in balance else state
            )
    return result


def nothing_restored(horizon: Horizon, scenario: str, strategy: str) -> Plan:
    """The plan that restores nobody: what had not lost supply stays as it is, all else is off, its switches open."""
    view = horizon.graph.view
    live = [bus for bus in view.buses if bus not in view.outage_area]
    kept = [
        k
        for k, closed in horizon.closed.items()
        if closed and {view.branches[k].from_bus, view.branches[k].to_bus} <= set(live)
    ]
    balance = [i.id for i in view.infeeds.values() if i.live]
    value = sum(
        la.priority * horizon.dt_h(t) * horizon.demand_kw(la.id, t)
        for la in horizon.graph.view.local_areas.values()
        for t in range(horizon.steps)
    )
    return Plan(
        scenario=scenario,
        strategy=strategy,
        issued_at_min=horizon.start(0),
        step_min=max(horizon.dt_h(t) * 60 for t in range(horizon.steps)),
        end_min=horizon.end_min,
        objective=0.0,
        bound=value if math.isfinite(value) else 0.0,
        status="fallback",
        steps=[
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
        ],
    )
