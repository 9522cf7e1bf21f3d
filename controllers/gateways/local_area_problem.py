"""The local area problem (46): the cheapest schedule of an LA's own units that follows the net power it was given.

``LocalAreaProblem`` is the data, ``CONTENTS`` the table of contents: each function states one equation and gives its
name to a Pyomo component. Powers in kW and kvar, durations in hours.

The η binaries of (43)–(45) are kept as printed. Where neither cost is negative (the schema allows no other) the LP with
``cost_form="epigraph"``, C_c = max(α^Dis p_c, −α^Char p_c), has the same optimum.

Net power is followed exactly wherever the units can. A slack that costs more than anything it could save
(``follow_penalty``) takes the rest, so that a plan no unit can follow is reported, not infeasible.
"""

# pyright: basic
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import pyomo.environ as pyo
from pyomo.contrib.solver.common.factory import SolverFactory
from pyomo.contrib.solver.common.results import SolutionStatus

from ...scenarios.angles import chord, sin_phi
from ...scenarios.quanta import POWER_KW, rounded
from ...scenarios.schema.dispatch_options import DispatchCentre
from ...scenarios.schema.scenario import Gateway
from ...scenarios.view import EssUnit, NbsuUnit, PvUnit
from ..exchange.start_up import NbsuState
from ..solver.highs import silence_banner

CostForm = Literal["printed", "epigraph"]


@dataclass(frozen=True)
class LocalAreaProblem:
    """Data of (46) for one LA over the plan's remaining steps.

    ``p_kw`` and ``q_kvar`` are the net injection to follow; in a step that is not ``energised`` nothing is served and
    every unit gives zero. ``pv_connected`` is X_{i,t−1} of (15c): energised and past the reconnect delay. All NBSUs of
    the LA share ``nbsu_state``: they are launched and come on line together. ``nbsu_first_kw`` is the range of
    each NBSU already on line that its ramp leaves for the first step.
    """

    pv: tuple[PvUnit, ...]
    ess: tuple[EssUnit, ...]
    nbsu: tuple[NbsuUnit, ...]
    step_start_min: tuple[float, ...]
    dt_h: tuple[float, ...]
    energised: tuple[bool, ...]
    pv_connected: tuple[bool, ...]
    nbsu_state: tuple[NbsuState, ...]
    p_kw: tuple[float, ...]
    q_kvar: tuple[float, ...]
    demand_p_kw: tuple[float, ...]
    demand_q_kvar: tuple[float, ...]
    pv_pu: Mapping[str, tuple[float, ...]]
    discharge_kwh: Mapping[str, float]
    charge_kwh: Mapping[str, float]
    nbsu_first_kw: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    costs: Gateway = field(default_factory=Gateway)
    options: DispatchCentre = field(default_factory=DispatchCentre)
    min_power_factor: float = 0.95

    @property
    def steps(self) -> range:
        return range(len(self.step_start_min))

    @cached_property
    def units(self) -> dict[str, PvUnit | EssUnit | NbsuUnit]:
        return {u.id: u for u in (*self.pv, *self.ess, *self.nbsu)}

    @cached_property
    def sin_phi(self) -> float:
        """Reactive limit per unit of rating, 0.31 in the paper (D7)."""
        return sin_phi(self.min_power_factor)

    @cached_property
    def chord(self) -> float:
        """Slope of the chord through (S, 0) and (S cos φ, S sin φ): (1 − cos φ)/sin φ."""
        return chord(self.min_power_factor)

    @property
    def true_circle(self) -> bool:
        return self.options.apparent_power == "circle"

    def online(self, t: int) -> bool:
        """φ_{i,t}: on line, may generate; idles in a dark LA."""
        return self.nbsu_state[t] == "online"

    def starting(self, t: int) -> bool:
        """μ_{i,t} − φ_{i,t}: drawing start-up power, which needs an energised LA (17e)."""
        return self.nbsu_state[t] == "starting" and self.energised[t]

    def target_p(self, t: int) -> float:
        """p_{i,t} + p^L_{i,t}: what the units shall give together, kW; a dark LA serves nothing."""
        return self.p_kw[t] + self.demand_p_kw[t] * self.energised[t]

    def target_q(self, t: int) -> float:
        """q_{i,t} + q^L_{i,t}: what the units shall give together, kvar."""
        return self.q_kvar[t] + self.demand_q_kvar[t] * self.energised[t]

    @cached_property
    def follow_penalty(self) -> float:
        """Price of not following, CNY/kWh.

        One kWh less in one step can, through energy and ramps, save at most the dearest way of moving a kWh in each
        step; ten times that is out of reach. ``operating_cost`` doubles it for the first step, so that what cannot be
        followed falls late, and takes a tenth for reactive power: where the chord forces a choice, active power is
        followed.
        """
        c = self.costs
        dearest = 1 + c.pv_cost + c.nbsu_cost + c.ess_discharge_cost + c.ess_charge_cost
        return 10 * dearest * len(self.step_start_min) * max(self.dt_h) / min(self.dt_h)


@dataclass(frozen=True)
class LocalAreaSchedule:
    """Solution of (46): kW and kvar per unit and step; cost in CNY without penalty (NaN if the schedule was ordered).

    Follow errors are what the LA's units give above (below, if negative) what the net power plan asks, per step.
    """

    step_start_min: tuple[float, ...]
    p_kw: Mapping[str, tuple[float, ...]]
    q_kvar: Mapping[str, tuple[float, ...]]
    cost: float
    follow_error_kw: tuple[float, ...]
    follow_error_kvar: tuple[float, ...]


def operating_cost(m):
    """Cost of generation, of ESSs and of not following. (42): Σ_t Δt (Σ_b α^PV p_b + Σ_c C_c + Σ_e α^NBSU p_e), CNY.

    Start-up power costs nothing: p_e counts only while on line.
    """
    early = {t: 2 - t / len(m.T) for t in m.T}
    return sum(m.dt[t] * (m.unit_cost[t] + early[t] * m.penalty * (m.p_slack[t] + 0.1 * m.q_slack[t])) for t in m.T)


def unit_cost(m, t):
    """Cost of the units in a step, CNY/h. (42): Σ_b α^PV p_b + Σ_c C_c + Σ_e α^NBSU p_e."""
    pv = m.data.costs.pv_cost * sum(m.p[b, t] for b in m.B)
    nbsu = m.data.costs.nbsu_cost * sum(m.p[e, t] for e in m.E) if m.data.online(t) else 0.0
    return pv + sum(m.C_ess[c, t] for c in m.C) + nbsu


def p_slack(m, t):
    """Active power not followed, kW."""
    return m.p_over[t] + m.p_under[t]


def q_slack(m, t):
    """Reactive power not followed, kvar."""
    return m.q_over[t] + m.q_under[t]


def active_balance(m, t):
    """Units follow the net power. (14a): p_{i,t} = Σ_b p_b + Σ_c p_c + Σ_e p_e − p^L_{i,t}, kW."""
    return sum(m.p[d, t] for d in m.D) == m.data.target_p(t) + m.p_over[t] - m.p_under[t]


def reactive_balance(m, t):
    """Units follow the net reactive power. (14b): q_{i,t} = Σ_b q_b + Σ_c q_c + Σ_e q_e − q^L_{i,t}, kvar."""
    return sum(m.q[d, t] for d in m.D) == m.data.target_q(t) + m.q_over[t] - m.q_under[t]


def octagon(m, d, sign, t):
    """Outer bound of the rating, kVA. (15a), (16a), (17a): −√2 S_d ≤ p_d ± q_d ≤ √2 S_d."""
    limit = math.sqrt(2) * m.S[d]
    return pyo.inequality(-limit, m.p[d, t] + sign * m.q[d, t], limit)


def inside_circle(m, d, sign_p, sign_q, t):
    """A chord inside p² + q² ≤ S², for the octagon lets a corner reach 1.047 S: ±p_d ± q_d (1 − cos φ)/sin φ ≤ S_d."""
    return sign_p * m.p[d, t] + sign_q * m.data.chord * m.q[d, t] <= m.S[d]


def pv_reactive(m, b, t):
    """Reactive limit of a PV, kvar; with ``circle`` only while connected. (15b): −0.31 S_b ≤ q_b ≤ 0.31 S_b."""
    on = m.data.pv_connected[t] if m.data.true_circle else m.data.energised[t]
    limit = m.data.sin_phi * m.S[b] * on
    return pyo.inequality(-limit, m.q[b, t], limit)


def pv_power(m, b, t):
    """A PV gives at most what is available, kW. (15c): 0 ≤ p_b ≤ X_{i,t−1} ζ_{t,b} S_b."""
    return pyo.inequality(0, m.p[b, t], m.data.pv_connected[t] * m.data.pv_pu[b][t] * m.S[b])


def ess_reactive(m, c, t):
    """Reactive limit of an ESS, kvar. (16b): −0.31 S_c ≤ q_c ≤ 0.31 S_c."""
    limit = m.data.sin_phi * m.S[c] * m.data.energised[t]
    return pyo.inequality(-limit, m.q[c, t], limit)


def ess_power(m, c, t):
    """Power limit of an ESS, kW. (16c): −S_c ≤ p_c ≤ S_c."""
    limit = m.S[c] * m.data.energised[t]
    return pyo.inequality(-limit, m.p[c, t], limit)


def ess_share(m, c, t):
    """ESSs that are one by rating, not by (8), share it so, kW: p_c / S_c is the same for all; E_c / S_c stays so."""
    first = m.C.first()
    if m.data.options.ess_aggregation == "printed" or c == first:
        return pyo.Constraint.Skip
    return m.S[first] * m.p[c, t] == m.S[c] * m.p[first, t]


def ess_energy(m, c, t):
    """Energy limits of an ESS, kWh. (16d): −E_c^Char ≤ Δt Σ_{d≤t} p_{d,c} ≤ E_c^Dis."""
    taken = sum(m.dt[d] * m.p[c, d] for d in m.T if d <= t)
    return pyo.inequality(-m.data.charge_kwh[c], taken, m.data.discharge_kwh[c])


def nbsu_reactive(m, e, t):
    """Reactive limit of an NBSU, kvar. (17b): −S_e ≤ q_e ≤ S_e; times φ_t (D10); 0.31 S_e where the chord holds."""
    on = m.data.energised[t] and (m.data.online(t) or m.data.options.nbsu_reactive == "printed")
    limit = m.S[e] * on * (m.data.sin_phi if m.data.true_circle else 1)
    return pyo.inequality(-limit, m.q[e, t], limit)


def nbsu_power(m, e, t):
    """Start-up power, then generation up to the rating, kW. (17f): 0 ≤ p_e + (μ − φ) p_e^in ≤ φ S_e.

    (17c)–(17e) are data here: the net power plan says when the NBSUs start and when they are on line.
    """
    draw = m.data.units[e].p_in_kw * m.data.starting(t)
    return pyo.inequality(0, m.p[e, t] + draw, m.S[e] * (m.data.online(t) and m.data.energised[t]))


def nbsu_first(m, e):
    """What its ramp leaves an NBSU that is on line now, kW. (17g) from the last step to the first one."""
    if e not in m.data.nbsu_first_kw or not (m.data.online(0) and m.data.energised[0]):
        return pyo.Constraint.Skip
    low, high = (min(max(p, 0.0), m.S[e]) for p in m.data.nbsu_first_kw[e])
    return pyo.inequality(low, m.p[e, 0], high)


def nbsu_ramp_up(m, e, t):
    """Rise, free into the first on-line step (D8), kW. (17g): p_{t} − p_{t−1} ≤ (1 − φ_{t−1}) M + p_e^up Δt.

    Without that freedom a unit rises from −p_e^in, but never is it kept from giving zero.
    """
    if not t or not m.data.online(t):
        return pyo.Constraint.Skip
    rise = m.data.units[e].ramp_up_kw_per_h * m.full_step
    if m.data.online(t - 1):
        return m.p[e, t] - m.p[e, t - 1] <= rise
    if m.data.options.first_online_step_free:
        return pyo.Constraint.Skip
    return m.p[e, t] <= max(0.0, rise - m.data.units[e].p_in_kw)


def nbsu_ramp_down(m, e, t):
    """Fall, unless the LA goes dark, kW. (17g): (φ_{t−1} − 1) M − p_e^down Δt ≤ p_{t} − p_{t−1}."""
    if not t or not (m.data.online(t - 1) and m.data.online(t) and m.data.energised[t]):
        return pyo.Constraint.Skip
    return m.p[e, t] - m.p[e, t - 1] >= -m.data.units[e].ramp_down_kw_per_h * m.full_step


def charge_or_discharge(m, c, sign, t):
    """η tells discharge from charge, kW. (43): (η − 1) M ≤ p_c ≤ η M, M = S_c."""
    return sign * m.p[c, t] <= (m.eta[c, t] if sign > 0 else 1 - m.eta[c, t]) * m.S[c]


def discharge_cost(m, c, sign, t):
    """Cost while discharging, CNY/h. (44): (η − 1) M ≤ C_c − α^Dis p_c ≤ (1 − η) M, M = (α^Dis + α^Char) S_c."""
    return sign * (m.C_ess[c, t] - m.data.costs.ess_discharge_cost * m.p[c, t]) <= (1 - m.eta[c, t]) * m.M_cost[c]


def charge_cost(m, c, sign, t):
    """Cost while charging, a cost and not an income (D12), CNY/h. (45): −η M ≤ C_c + α^Char p_c ≤ η M, M as in (44)."""
    return sign * (m.C_ess[c, t] + m.data.costs.ess_charge_cost * m.p[c, t]) <= m.eta[c, t] * m.M_cost[c]


def discharge_cost_epigraph(m, c, t):
    """Equal to (43)–(45) where neither cost is negative, CNY/h: C_c ≥ α^Dis p_c."""
    return m.C_ess[c, t] >= m.data.costs.ess_discharge_cost * m.p[c, t]


def charge_cost_epigraph(m, c, t):
    """Equal to (43)–(45) where neither cost is negative, CNY/h: C_c ≥ −α^Char p_c."""
    return m.C_ess[c, t] >= -m.data.costs.ess_charge_cost * m.p[c, t]


SIGNS = (1, -1)
CONTENTS: tuple[tuple[Callable[..., Any], str], ...] = (
    (active_balance, "T"),
    (reactive_balance, "T"),
    (octagon, "D SIGN T"),
    (pv_reactive, "B T"),
    (pv_power, "B T"),
    (ess_reactive, "C T"),
    (ess_power, "C T"),
    (ess_share, "C T"),
    (ess_energy, "C T"),
    (nbsu_reactive, "E T"),
    (nbsu_power, "E T"),
    (nbsu_first, "E"),
    (nbsu_ramp_up, "E T"),
    (nbsu_ramp_down, "E T"),
)
TRUE_CIRCLE: tuple[tuple[Callable[..., Any], str], ...] = ((inside_circle, "D SIGN SIGN T"),)
ESS_COST: dict[CostForm, tuple[tuple[Callable[..., Any], str], ...]] = {
    "printed": ((charge_or_discharge, "C SIGN T"), (discharge_cost, "C SIGN T"), (charge_cost, "C SIGN T")),
    "epigraph": ((discharge_cost_epigraph, "C T"), (charge_cost_epigraph, "C T")),
}


def build_local_area(problem: LocalAreaProblem, cost_form: CostForm = "printed") -> Any:
    """The Pyomo model of (46): min (42) s.t. (14)–(17), (43)–(45)."""
    m: Any = pyo.ConcreteModel("local_area")
    m.data = problem
    m.T = pyo.Set(initialize=list(problem.steps))
    m.B = pyo.Set(initialize=[u.id for u in problem.pv])
    m.C = pyo.Set(initialize=[u.id for u in problem.ess])
    m.E = pyo.Set(initialize=[u.id for u in problem.nbsu])
    m.D = pyo.Set(initialize=list(problem.units))
    m.SIGN = pyo.Set(initialize=SIGNS)
    m.dt = dict(enumerate(problem.dt_h))
    m.S = {u.id: u.s_kva for u in problem.units.values()}
    m.M_cost = {c.id: (problem.costs.ess_discharge_cost + problem.costs.ess_charge_cost) * c.s_kva for c in problem.ess}
    m.penalty = problem.follow_penalty
    m.full_step = max(problem.dt_h, default=0.0)

    m.p = pyo.Var(m.D, m.T)
    m.q = pyo.Var(m.D, m.T)
    m.C_ess = pyo.Var(m.C, m.T)
    reach = sum(m.S.values()) + sum(e.p_in_kw for e in problem.nbsu)
    p_reach = reach + max(abs(problem.target_p(t)) for t in problem.steps)
    q_reach = reach + max(abs(problem.target_q(t)) for t in problem.steps)
    m.p_over, m.p_under = pyo.Var(m.T, bounds=(0, p_reach)), pyo.Var(m.T, bounds=(0, p_reach))
    m.q_over, m.q_under = pyo.Var(m.T, bounds=(0, q_reach)), pyo.Var(m.T, bounds=(0, q_reach))
    for expression in (p_slack, q_slack, unit_cost):
        setattr(m, expression.__name__, pyo.Expression(m.T, rule=expression))

    if cost_form == "printed":
        m.eta = pyo.Var(m.C, m.T, domain=pyo.Binary)
    for rule, sets in CONTENTS + (TRUE_CIRCLE if problem.true_circle else ()) + ESS_COST[cost_form]:
        setattr(m, rule.__name__, pyo.Constraint(*(getattr(m, name) for name in sets.split()), rule=rule))
    m.operating_cost = pyo.Objective(rule=operating_cost, sense=pyo.minimize)
    return m


def solve_local_area(problem: LocalAreaProblem, cost_form: CostForm = "printed") -> LocalAreaSchedule:
    """Solve (46) with HiGHS, one thread and a fixed seed.

    An LA without units gives nothing and needs no solver. Raises RuntimeError if HiGHS does not prove an optimum,
    which the slack rules out but for numerical trouble.
    """
    steps = problem.steps
    if not problem.units or not steps:
        p_error = tuple(_clean(-problem.target_p(t)) for t in steps)
        q_error = tuple(_clean(-problem.target_q(t)) for t in steps)
        return LocalAreaSchedule(problem.step_start_min, {}, {}, 0.0, p_error, q_error)
    m = build_local_area(problem, cost_form)
    silence_banner()
    solver = SolverFactory("highs")
    result = solver.solve(
        m,
        load_solutions=False,
        raise_exception_on_nonoptimal_result=False,
        threads=1,
        rel_gap=0.0,
        solver_options={"random_seed": 0},
    )
    if result.solution_status is not SolutionStatus.optimal:
        raise RuntimeError(f"local area problem not solved: {result.termination_condition.name}")
    loader: Any = result.solution_loader
    loader.load_vars()
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
