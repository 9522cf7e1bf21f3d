"""What the objective alone leaves open: least and largest energy of each source over *all* plans of a plan's worth.

``shares.py`` keeps a plan's topology and start-ups and asks what its dispatch could be. Here topology, areas and
start-ups are free too: the MILP of ``model.py`` with (18) held at the plan's objective, once per source and direction.
What is given is the solver's proven bound, so no plan worth as much lies outside. Voltages and flows inside sections
are left out, which can only widen the interval. Of a repaired plan the MILP is the one with all that its checks taught:
"worth as much" is said of plans that the dispatch centre could still have issued.
"""

# pyright: basic
from __future__ import annotations

import math

import pyomo.environ as pyo

from ...scenarios.quanta import POWER_KW, rounded
from ..exchange.plan import Plan
from ..milp.model import Model, build_model, set_horizon
from ..milp.problem import AreaGraph, Horizon
from ..milp.stricter_limits import Form
from ..solver.highs import KeptSolver
from .shares import SOURCES, TOLERANCE_KWH, NoDispatchFound, planned_energy_kwh
from .stage import Wanted

BOUNDED = tuple(source for source in SOURCES if source != "ess_discharge")
"""Gross discharge would need to forbid charging and discharging at once in every plan; it is left out."""

GAP = 1e-3
SLACK = 1e-6
"""Relative, so that rounding does not rule out the plan itself."""


class SourceBounds:
    """Finds the bounds for plans of the ``wanted`` kind, with a kept model for each form of what checks have taught.

    The problem is the one of ``model.py`` with what checks have taught (``Horizon.tightened``) and losses counted on
    both sides, as when powers are dispatched: so it holds the plan that was issued, also a repaired one.
    """

    def __init__(self, graph: AreaGraph, wanted: Wanted) -> None:
        self._graph, self._wanted = graph, wanted
        options = graph.options
        self._limits = {"mip_rel_gap": GAP, "mip_max_nodes": options.node_limit} | options.solver_options
        self._time_limit_s = options.time_limit_s
        self._models: dict[Form, Model] = {}
        self.cut_by_clock = False
        """whether the time limit weakened a bound of the last plan"""

    def of_plan(self, plan: Plan, horizon: Horizon) -> dict[str, tuple[float, float]]:
        """Lower and upper bound of each source's energy (kWh); the plan must be one of this horizon.

        Raises NoDispatchFound if the solver proves no bound, as where a plan meets the model to a tolerance only, or
        one that leaves the plan itself out.
        """
        assert plan.objective is not None, "our own plans have one"
        m = self._model(horizon)
        set_horizon(m, horizon)
        m.worth_of_the_plan = plan.objective - SLACK * max(1.0, abs(plan.objective))
        planned = planned_energy_kwh(plan, self._graph)
        found: dict[str, tuple[float, float]] = {}
        self.cut_by_clock = False
        for source in BOUNDED:
            low, high = (self._bound(m, source, sense) for sense in (pyo.minimize, pyo.maximize))
            if not low - TOLERANCE_KWH <= planned[source] <= high + TOLERANCE_KWH:
                raise NoDispatchFound(f"the planned energy of {source} is outside {low:.6g} to {high:.6g} kWh")
            found[source] = min(low, planned[source]), max(high, planned[source])
        return found

    def _model(self, horizon: Horizon) -> Model:
        form = horizon.tightened.form
        if form not in self._models:
            m = build_model(
                self._graph,
                self._wanted.steps,
                self._wanted.static,
                detailed=False,
                form=form,
                growing=self._wanted.growing,
                closing=self._wanted.closing,
            )
            m.two_sided_losses = True
            worth = m.restored_energy.expr
            m.restored_energy.deactivate()
            m.worth_of_the_plan = pyo.Param(mutable=True, initialize=0.0)
            m.worth_as_much = pyo.Constraint(expr=worth >= m.worth_of_the_plan)
            m.energy = pyo.Objective(expr=0.0)
            self._models[form] = m
        return self._models[form]

    def _bound(self, m: Model, source: str, sense: int) -> float:
        sources, power = {
            "pv": (m.PV, m.p_pv), "ess_net": (m.ESS, m.p_ess), "nbsu_net": (m.NBSU, m.p_nbsu),
            "infeed": (m.INFEED, m.p_infeed),
        }[source]  # fmt: skip
        if not len(sources):
            return 0.0
        m.energy.set_value(sum(m.dt[t] * power[i, t] for i in sources for t in m.T))
        m.energy.sense = sense
        solution = KeptSolver(m, self._limits, self._time_limit_s).solve()
        self.cut_by_clock = self.cut_by_clock or solution.cut_by_clock
        if math.isnan(solution.bound):
            raise NoDispatchFound(f"no bound for {source} ({solution.reason})")
        return rounded(solution.bound, POWER_KW)
