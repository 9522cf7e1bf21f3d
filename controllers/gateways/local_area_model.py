"""The local area problem (46) as a Pyomo model, and its solution: the cheapest schedule that follows the net power."""

# pyright: basic
from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from ...scenarios.quanta import POWER_KW, rounded
from .. import storage_losses
from ..solver.once import solve_once
from .local_area_constraints import CostForm, contents, operating_cost, p_slack, q_slack, unit_cost
from .local_area_problem import LocalAreaProblem, LocalAreaSchedule


def build_local_area(problem: LocalAreaProblem, cost_form: CostForm = "printed") -> Any:
    """The Pyomo model of (46): min (42) s.t. (14)–(17), (43)–(45)."""
    m: Any = pyo.ConcreteModel("local area problem")
    m.data, m.cost_form = problem, cost_form
    m.T = pyo.Set(initialize=list(problem.steps), doc="plan steps still to come")
    m.B = pyo.Set(initialize=[u.id for u in problem.pv], doc="PV of the LA")
    m.C = pyo.Set(initialize=[u.id for u in problem.ess], doc="ESSs of the LA")
    m.E = pyo.Set(initialize=[u.id for u in problem.nbsu], doc="NBSUs of the LA")
    m.D = pyo.Set(initialize=list(problem.units), doc="all units of the LA")
    m.SIGN = pyo.Set(initialize=(1, -1), doc="signs of a bound on both sides")
    _declare_data(m)
    _declare_variables(m)
    storage_losses.declare(m, {c.id: (c.efficiency, c.efficiency) for c in problem.ess}, m.S)
    storage_losses.set_room(m, problem.charge_kwh, sum(problem.dt_h))
    for family in contents(m).values():
        for rule, index in family:
            setattr(m, rule.__name__, pyo.Constraint(*index, rule=rule, doc=rule.__doc__))
    m.operating_cost = pyo.Objective(rule=operating_cost, sense=pyo.minimize, doc=operating_cost.__doc__)
    return m


def _declare_data(m: Any) -> None:
    problem, costs = m.data, m.data.costs
    dearest = costs.ess_discharge_cost + costs.ess_charge_cost
    m.given = {}
    for name, value, told in (
        ("dt", dict(enumerate(problem.dt_h)), "Δt [h]"),
        ("S", {u.id: u.s_kva for u in problem.units.values()}, "S, rating of a unit [kVA]"),
        ("M_cost", {c.id: dearest * c.s_kva for c in problem.ess}, "M of (44), (45) [CNY/h]"),
        ("penalty", problem.follow_penalty, "price of not following the plan [CNY/kWh]"),
        ("full_step", max((*problem.dt_h, problem.plan_step_h)), "longest step, Δt of (17g) [h]"),
        ("ess_discharge_cost_rate", costs.ess_discharge_cost, "α^Dis [CNY/kWh]"),
        ("ess_charge_cost_rate", dict.fromkeys(m.C * m.T, costs.ess_charge_cost), "α^Char [CNY/kWh]"),
    ):
        setattr(m, name, value)
        m.given[name] = told


def _declare_variables(m: Any) -> None:
    problem = m.data
    m.p = pyo.Var(m.D, m.T, doc="power that a unit gives [kW]")
    m.q = pyo.Var(m.D, m.T, doc="reactive power that a unit gives [kvar]")
    m.p_ess = {(c, t): m.p[c, t] for c in m.C for t in m.T}
    m.c_ess = pyo.Var(m.C, m.T, doc="cost of an ESS, C_c [CNY/h]")
    reach = sum(m.S.values()) + sum(e.p_in_kw for e in problem.nbsu)
    p_reach = reach + max(abs(problem.target_p(t)) for t in problem.steps)
    q_reach = reach + max(abs(problem.target_q(t)) for t in problem.steps)
    m.p_over = pyo.Var(m.T, bounds=(0, p_reach), doc="power given beyond the plan [kW]")
    m.p_under = pyo.Var(m.T, bounds=(0, p_reach), doc="power that the plan asks and units cannot give [kW]")
    m.q_over = pyo.Var(m.T, bounds=(0, q_reach), doc="reactive power given beyond the plan [kvar]")
    m.q_under = pyo.Var(m.T, bounds=(0, q_reach), doc="reactive power that units cannot give [kvar]")
    for expression in (p_slack, q_slack, unit_cost):
        setattr(m, expression.__name__, pyo.Expression(m.T, rule=expression))
    if m.cost_form == "printed":
        m.eta = pyo.Var(m.C, m.T, domain=pyo.Binary, doc="η: 1 while discharging")


def solve_local_area(problem: LocalAreaProblem, cost_form: CostForm = "printed") -> LocalAreaSchedule:
    """Solve (46).

    An LA without units gives nothing and needs no solver. Raises UnsolvedError if HiGHS does not prove an optimum,
    which the slack rules out but for numerical trouble.
    """
    steps = problem.steps
    if not problem.units or not steps:
        p_error = tuple(_clean(-problem.target_p(t)) for t in steps)
        q_error = tuple(_clean(-problem.target_q(t)) for t in steps)
        return LocalAreaSchedule(problem.step_start_min, {}, {}, 0.0, p_error, q_error)
    m = build_local_area(problem, cost_form)
    solve_once(m)
    return LocalAreaSchedule(
        step_start_min=problem.step_start_min,
        p_kw={d: tuple(_clean(m.p[d, t].value) for t in steps) for d in problem.units},
        q_kvar={d: tuple(_clean(m.q[d, t].value) for t in steps) for d in problem.units},
        cost=_clean(pyo.value(sum(m.dt[t] * m.unit_cost[t] for t in steps))),
        follow_error_kw=tuple(_clean(m.p_over[t].value - m.p_under[t].value) for t in steps),
        follow_error_kvar=tuple(_clean(m.q_over[t].value - m.q_under[t].value) for t in steps),
    )


def _clean(value: Any) -> float:
    """Rounded to mW and mvar, far above the solver's tolerance."""
    return rounded(value, POWER_KW)
