"""What the objective alone leaves open: least and largest energy of each source over *all* plans of a plan's worth.

``shares.py`` keeps a plan's topology and start-ups and asks what its dispatch could be. Here topology, areas and
start-ups are free too: the MILP of ``model.py`` with (18) held at the plan's objective, once per source and direction.
What is given is the solver's proven bound, so no plan worth as much lies outside. Voltages and flows inside sections
are left out, which can only widen the interval.
"""

# pyright: basic
from __future__ import annotations

import math

import pyomo.environ as pyo

from controllers.model import Model, build_model, set_horizon
from controllers.plan import Plan
from controllers.problem import AreaGraph, Horizon
from controllers.shares import SOURCES, NoDispatchFound
from controllers.solver import KeptSolver

BOUNDED = tuple(source for source in SOURCES if source != "ess_discharge")
"""Gross discharge would need to forbid charging and discharging at once in every plan; it is left out."""

GAP = 1e-3
SLACK = 1e-6
"""Relative, so that rounding does not rule out the plan itself."""


class SourceBounds:
    """Finds the bounds for plans of up to ``steps`` steps, with one kept model."""

    def __init__(self, graph: AreaGraph, steps: int, *, static: bool = False) -> None:
        m: Model = build_model(graph, steps, static, detailed=False)
        worth = m.restored_energy.expr
        m.restored_energy.deactivate()
        m.worth_of_the_plan = pyo.Param(mutable=True, initialize=0.0)
        m.worth_as_much = pyo.Constraint(expr=worth >= m.worth_of_the_plan)
        m.energy = pyo.Objective(expr=0.0)
        self._energy = {
            "pv": (m.PV, m.p_pv),
            "ess_net": (m.ESS, m.p_ess),
            "nbsu_net": (m.NBSU, m.p_nbsu),
            "infeed": (m.INFEED, m.p_infeed),
        }
        options = graph.options
        self._limits = {"mip_rel_gap": GAP, "mip_max_nodes": options.node_limit} | options.solver_options
        self._time_limit_s = options.time_limit_s
        self.model = m

    def of_plan(self, plan: Plan, horizon: Horizon) -> dict[str, tuple[float, float]]:
        """Lower and upper bound of each source's energy (kWh); the plan must be one of this horizon.

        Raises NoDispatchFound if the solver proves no bound, as where a plan meets the model to a tolerance only.
        """
        assert plan.objective is not None, "our own plans have one"
        m = self.model
        set_horizon(m, horizon)
        m.worth_of_the_plan = plan.objective - SLACK * max(1.0, abs(plan.objective))
        return {source: (self._bound(source, pyo.minimize), self._bound(source, pyo.maximize)) for source in BOUNDED}

    def _bound(self, source: str, sense: int) -> float:
        m = self.model
        sources, power = self._energy[source]
        if not len(sources):
            return 0.0
        m.energy.set_value(sum(m.dt[t] * power[i, t] for i in sources for t in m.T))
        m.energy.sense = sense
        solution = KeptSolver(m, self._limits, self._time_limit_s).solve()
        if math.isnan(solution.bound):
            raise NoDispatchFound(f"no bound for {source} ({solution.reason})")
        return round(solution.bound, 6) + 0.0
