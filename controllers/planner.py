"""From a horizon to a plan: solve the MILP, choose balance units and a dispatch, write down what was decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial

import networkx as nx

from controllers.dispatch import build_dispatch
from controllers.literal.planning import solve_literal
from controllers.model import Model, build_model, contents, set_horizon
from controllers.plan import Plan
from controllers.plan_reader import is_online, nothing_restored, read_step
from controllers.problem import AreaGraph, Horizon
from controllers.solver import KeptSolver, Solution


@dataclass(frozen=True)
class PlanRecord:
    """A plan and how it was found: ``solution`` of the MILP, ``note`` on anything that did not go as hoped."""

    plan: Plan
    solution: Solution
    note: str = ""


class Planner:
    """Plans again and again with kept models.

    ``steps`` is the longest horizon; ``static`` asks for one topology and one set of sections throughout (D14);
    ``lazy_voltage`` leaves voltage limits out until a plan breaks one, which changes no optimum.
    """

    def __init__(self, graph: AreaGraph, steps: int, *, static: bool = False, lazy_voltage: bool = True) -> None:
        self.graph = graph
        self._steps, self._static = steps, static
        self.model = build_model(graph, steps, static)
        fixed = nx.MultiGraph((self.model.from_la[k], self.model.to_la[k]) for k in self.model.FIXED)
        # In a mesh of links without switches the flows themselves follow from the voltages.
        self._voltage_is_left_out = False
        lazy_voltage = lazy_voltage and graph.options.formulation == "compact"
        if lazy_voltage and (not len(fixed) or nx.is_forest(fixed)):
            self._leave_voltage_out(True)

    @cached_property
    def _solver(self) -> KeptSolver:
        options = self.graph.options
        limits = {"mip_rel_gap": options.mip_gap, "mip_max_nodes": options.node_limit}
        return KeptSolver(self.model, limits | options.solver_options, options.time_limit_s)

    @cached_property
    def _dispatch(self) -> tuple[Model, KeptSolver]:
        model = build_dispatch(self.graph, self._steps)
        return model, KeptSolver(model, {})

    def plan(self, horizon: Horizon, scenario: str, strategy: str) -> PlanRecord:
        """Plan a horizon. Always returns a plan: nothing restored where the solver found none."""
        set_horizon(self.model, horizon)
        solution = self._solve_with_voltages(horizon)
        if solution.status == "none":
            plan = nothing_restored(horizon, scenario, strategy)
            return PlanRecord(plan, solution, f"no plan found ({solution.reason}); nothing is restored")
        decided, note = self.model, "" if solution.status == "optimal" else f"not proven: {solution.reason}"
        if self._solve_dispatch(horizon):
            decided = self._dispatch[0]
        else:
            solution = replace(solution, status="feasible")
            note = "; ".join(
                filter(None, (note, "the dispatch stage found no solution; the MILP's own dispatch is used"))
            )
        plan = Plan(
            scenario=scenario,
            strategy=strategy,
            issued_at_min=horizon.start(0),
            step_min=max(horizon.dt_h(t) * 60 for t in range(horizon.steps)),
            end_min=horizon.end_min,
            objective=(objective := self._objective()),
            bound=max(objective, solution.bound),
            status="optimal" if solution.status == "optimal" else "feasible",
            steps=[read_step(decided, horizon, t) for t in range(horizon.steps)],
        )
        return PlanRecord(plan, solution, note)

    def _solve_with_voltages(self, horizon: Horizon) -> Solution:
        """Solve the MILP; voltage limits enter it only when a plan found without them breaks one.

        Leaving constraints out raises the optimum or keeps it, so a plan that meets them all the same is optimal with
        them too. Once they are in they stay.
        """
        solve = self._solver.solve_checked if self.graph.options.check_optimum else self._solver.solve
        if self.graph.options.formulation == "literal":
            solve = partial(solve_literal, horizon, self._static, self._solver)
        solution = solve()
        seconds = solution.seconds
        if solution.status != "none":
            _round_binaries(self.model)
            if not self._choose_balance_units(horizon) and self._voltage_is_left_out:
                self._leave_voltage_out(False)
                solution = solve()
                if solution.status != "none":
                    _round_binaries(self.model)
                    self._choose_balance_units(horizon)
                return replace(solution, seconds=seconds + solution.seconds)
        return solution

    def _objective(self) -> float:
        """(18) of what was decided; an incumbent short of optimal may count operations that it does not make."""
        m = self.model
        operations = sum(
            abs(m.b[k, t].value - (m.b[k, t - 1].value if t else m.b0[k].value)) * m.live[t].value
            for k in m.SWITCH
            for t in m.T
        )
        served = sum(m.value[s, t].value * m.X[s, t].value for s in m.S for t in m.T)
        return served - m.switching_cost * operations

    def _leave_voltage_out(self, out: bool) -> None:
        self._voltage_is_left_out = out
        for rule, _ in contents(self.model, self._static)["voltage"]:
            component = getattr(self.model, rule.__name__)
            (component.deactivate if out else component.activate)()

    def _choose_balance_units(self, horizon: Horizon) -> bool:
        """Break ties (D11): the first of an island's capable LAs, in a fixed order, from which all voltages fit.

        False if an island has none (it then keeps the model's own choice). Voltages of an island shift together when
        its reference moves.
        """
        m, view = self.model, self.graph.view
        order = list(dict.fromkeys(view.local_area_of_unit(u) for u in view.balance_order))
        fitting = True
        for t in range(horizon.steps):
            for island in _islands(m, t):
                las = [i for i in m.N if m.section[i] in island]
                at = _relative_voltages(m, las, t)
                lowest, highest = min(at.values()), max(at.values())
                capable = [i for i in order if i in at and i in m.INFEED]
                capable = capable or [i for i in order if i in at and (i in m.ESS or is_online(m, i, t))]
                fits = [
                    i
                    for i in capable
                    if lowest - at[i] >= m.u_min - m.u_ref[i] - 1e-9 and highest - at[i] <= m.u_max - m.u_ref[i] + 1e-9
                ]
                fitting = fitting and bool(fits)
                for i in las:
                    if fits and i in m.ROOT:
                        m.root[i, t].set_value(float(i == fits[0]))
        return fitting

    def _solve_dispatch(self, horizon: Horizon) -> bool:
        """Fix what the MILP decided and solve the dispatch problem; False if that failed."""
        d, solver = self._dispatch
        m = self.model
        set_horizon(d, horizon)
        for name in ("X", "b", "root", "launch"):
            source, target = getattr(m, name), getattr(d, name)
            for index in source:
                target[index].fix(source[index].value)
        for index in d.reserve_kw:
            d.reserve_kw[index] = d.reserve_kvar[index] = 0.0
        share = self.graph.options.reserve_pct / 100
        for t in range(horizon.steps):
            for island in _islands(m, t):
                las = [i for i in m.N if m.section[i] in island]
                for i in las:
                    if i in d.FORMER and m.root[i, t].value > 0.5:
                        d.reserve_kw[i, t] = share * sum(horizon.demand_kw(la, t) for la in las)
                        d.reserve_kvar[i, t] = share * sum(horizon.demand_kvar(la, t) for la in las)
        return solver.solve().status == "optimal"


def _round_binaries(m: Model) -> None:
    for name in ("X", "b", "root", "launch"):
        for var in getattr(m, name).values():
            var.set_value(float(round(var.value or 0.0)))


def _islands(m: Model, t: int) -> list[set[str]]:
    """Energised islands of a step, as sets of sections, in the order of the sections."""
    graph = nx.Graph()
    graph.add_nodes_from(s for s in m.S if m.X[s, t].value > 0.5)
    graph.add_edges_from(
        (m.sec_i[k], m.sec_j[k]) for k in m.SWITCH if m.b[k, t].value > 0.5 and m.X[m.sec_i[k], t].value > 0.5
    )
    return [set(c) for c in nx.connected_components(graph)]


def _relative_voltages(m: Model, las: list[str], t: int) -> dict[str, float]:
    """Squared voltages (p.u.²) of an island's LAs relative to the first, by (37) along its closed links."""
    drop = nx.Graph()
    drop.add_nodes_from(las)
    for k in m.L:
        i, j = m.from_la[k], m.to_la[k]
        if i in drop and j in drop and (k not in m.SWITCH or m.b[k, t].value > 0.5):
            drop.add_edge(i, j, start=i, fall=2e-3 * (m.P[k, t].value * m.r[k] + m.Q[k, t].value * m.x[k]))
    at = {las[0]: 0.0}
    for i, j in nx.bfs_edges(drop, las[0]):
        edge = drop.edges[i, j]
        at[j] = at[i] - edge["fall"] if edge["start"] == i else at[i] + edge["fall"]
    return at
