"""How much of a plan's energy each source must and can give at the plan's own objective.

Objective (18) counts load only, so the split between PV, ESS, NBSU and infeed is not identifiable: any dispatch that
serves the same load is as good. For each source these linear problems find the least and the largest energy over all
dispatches that keep the plan's energised sections, switches, balance units and start-ups, and so its objective. That is
an *inner* interval: other plans of the same objective may reach beyond it.
"""

# pyright: basic
from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from ...scenarios.quanta import POWER_KW, rounded
from ..exchange.messages import ON_LINE
from ..exchange.plan import Plan, PlanStep, SourceEnergy
from ..milp.model import Model, set_horizon
from ..milp.problem import AreaGraph, Horizon
from ..milp.second_stage import build_dispatch
from ..milp.served import hold, shares_by_step
from ..milp.stricter_limits import Form
from ..solver.highs import KeptSolver

SOURCES = ("pv", "ess_net", "nbsu_net", "infeed", "ess_discharge")
"""All but the last add up to what the plan supplies; ``ess_discharge`` is gross, without what is charged."""

TOLERANCE_KWH = 1e-3


class NoDispatchFound(RuntimeError):
    """The plan's own decisions leave the model no dispatch, so there is no interval to give."""


class SourceIntervals:
    """Finds the intervals of plans of up to ``steps`` steps, with a kept model for each form of what checks taught."""

    def __init__(self, graph: AreaGraph, steps: int) -> None:
        self._graph, self._steps = graph, steps
        self._models: dict[Form, Model] = {}

    def of_plan(self, plan: Plan, horizon: Horizon) -> dict[str, SourceEnergy]:
        """Planned energy and its interval by source (kWh); the plan must be one of this horizon.

        Raises NoDispatchFound if the model has no dispatch for the plan's decisions.
        """
        form = horizon.tightened.form
        if form not in self._models:
            self._models[form] = _all_dispatches(self._graph, self._steps, form)
        m = self._models[form]
        set_horizon(m, horizon)
        fix_decisions(m, plan, horizon)
        planned = planned_energy_kwh(plan, self._graph)
        found: dict[str, SourceEnergy] = {}
        for source in SOURCES:
            # Charging and discharging at once would only matter to the gross figure.
            for component in (m.gross, m.only_discharges, m.only_charges):
                (component.activate if source == "ess_discharge" else component.deactivate)()
            least, largest = (_extreme(m, source, sense) for sense in (pyo.minimize, pyo.maximize))
            if least - TOLERANCE_KWH <= planned[source] <= largest + TOLERANCE_KWH:
                # The plan's own dispatch is one of them; solvers meet their constraints to a tolerance only.
                least, largest = min(least, planned[source]), max(largest, planned[source])
            found[source] = SourceEnergy(planned=planned[source], least=least, largest=largest)
        return found


def _all_dispatches(graph: AreaGraph, steps: int, form: Form) -> Model:
    """The dispatch problem without its preferences, and with discharge apart from charge."""
    m = build_dispatch(graph, steps, detailed=True, form=form)
    m.dispatch_cost.deactivate()
    m.headroom_power.deactivate()  # what the dispatch stage likes is no bound on what is possible
    m.headroom_energy.deactivate()
    m.headroom_reactive.deactivate()
    m.discharge = pyo.Var(m.ESS, m.T, domain=pyo.NonNegativeReals)
    m.charge = pyo.Var(m.ESS, m.T, domain=pyo.NonNegativeReals)
    m.discharging = pyo.Var(m.ESS, m.T, domain=pyo.Binary)
    m.gross = pyo.Constraint(m.ESS, m.T, rule=lambda m, i, t: m.discharge[i, t] - m.charge[i, t] == m.p_ess[i, t])
    m.only_discharges = pyo.Constraint(
        m.ESS, m.T, rule=lambda m, i, t: m.discharge[i, t] <= m.s_ess_min[i] * m.discharging[i, t]
    )
    m.only_charges = pyo.Constraint(
        m.ESS, m.T, rule=lambda m, i, t: m.charge[i, t] <= m.s_ess_min[i] * (1 - m.discharging[i, t])
    )
    m.energy = pyo.Objective(expr=0.0)
    return m


def _extreme(m: Model, source: str, sense: int) -> float:
    """Least or largest energy of a source (kWh)."""
    sources, power = {
        "pv": (m.PV, m.p_pv), "ess_net": (m.ESS, m.p_ess), "nbsu_net": (m.NBSU, m.p_nbsu),
        "infeed": (m.INFEED, m.p_infeed), "ess_discharge": (m.ESS, m.discharge),
    }[source]  # fmt: skip
    if not len(sources):
        return 0.0
    energy = sum(m.dt[t] * power[i, t] for i in sources for t in m.T)
    m.energy.set_value(energy)
    m.energy.sense = sense
    solution = KeptSolver(m, {}).solve()
    if solution.status != "optimal":
        raise NoDispatchFound(f"no dispatch for the plan's own decisions ({solution.reason})")
    kwh: Any = pyo.value(energy)
    return rounded(kwh, POWER_KW)


def planned_energy_kwh(plan: Plan, graph: AreaGraph) -> dict[str, float]:
    """Energy of each source in the dispatch that a plan states, kWh; the infeed's is what its LA gives besides."""
    energy = dict.fromkeys(SOURCES, 0.0)
    for k, step in enumerate(plan.steps):
        hours = plan.duration_h(k)
        for la, area in step.local_areas.items():
            energy["pv"] += hours * area.p_pv_kw
            energy["ess_net"] += hours * area.p_ess_kw
            if not graph.per_device:
                energy["ess_discharge"] += hours * max(area.p_ess_kw, 0.0)
            energy["nbsu_net"] += hours * area.p_nbsu_kw
            if la in graph.live_infeed_kva:
                units = area.p_pv_kw + area.p_ess_kw + area.p_nbsu_kw
                energy["infeed"] += hours * (area.p_kw + (area.demand_kw or 0.0) - units)
        if graph.per_device:
            discharge = (max(u.p_kw, 0.0) for unit, u in step.units.items() if unit in graph.view.ess)
            energy["ess_discharge"] += hours * sum(discharge)
    return {source: rounded(kwh, POWER_KW) for source, kwh in energy.items()}


def fix_decisions(m: Model, plan: Plan, horizon: Horizon) -> None:
    """Fix sections, who is served, switches, balance units and start-ups of a model to what a plan says."""
    view, served = horizon.graph.view, shares_by_step(horizon, plan.steps)
    for t in m.T:
        step = plan.steps[t] if t < len(plan.steps) else None
        live = set(step.energised_buses) if step else set()
        closed = set(step.closed_branches) if step else {k for k in m.SWITCH if m.b[k, t - 1].value > 0.5}
        forming = {view.local_area_of_unit(unit) for unit in step.balance_units} if step else set()
        for s in m.S:
            m.X[s, t].fix(float(view.sections[s].buses[0] in live))
        shares = served[t] if step else {}
        for la in m.LA if m.by_area else ():
            hold(m.served[la, t], shares.get(la, 0.0))
        for k in m.SWITCH:
            m.b[k, t].fix(float(k in closed))
            m.edge[k, t].fix(float(k in closed and m.X[m.sec_i[k], t].value > 0.5))
        for i in m.ROOT:
            m.root[i, t].fix(float(i in forming))
    for i in m.NBSU:
        said = [nbsu_state(step, i, horizon.graph) for step in plan.steps]
        chosen = next((k for k in horizon.launches(i) if said == _states(horizon, i, k)), None)
        for k in m.K:
            m.launch[i, k].fix(float(k == chosen))


def nbsu_state(step: PlanStep, i: str, graph: AreaGraph) -> str:
    """State of an NBSU source in a plan step, in the words of ``LocalAreaSetPoint.nbsu_state``."""
    if not graph.per_device:
        return step.local_areas[i].nbsu_state if i in step.local_areas else "off"
    state = step.units[i].state if i in step.units else None
    return "online" if state in ON_LINE else state or "off"


def _states(horizon: Horizon, la: str, launch: int) -> list[str]:
    """State of an LA's NBSU in each step if it is launched then."""
    return [
        "online" if horizon.is_online(la, launch, t) else "starting" if horizon.is_starting(la, launch, t) else "off"
        for t in range(horizon.steps)
    ]
