"""From a horizon to a plan: solve the MILP, choose balance units and a dispatch, write down what was decided."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import networkx as nx

from ..exchange.plan import Plan
from ..milp.cold_load import drawn
from ..milp.continuity import holds_now
from ..milp.model import Model, set_horizon
from ..milp.objective import most_kwh, terms_kwh
from ..milp.pick_up import keeps_limit
from ..milp.problem import AreaGraph, Horizon
from ..milp.second_stage import decide, price_charging
from ..milp.served import share_out
from ..milp.stricter_limits import NOTHING_KNOWN, Form, Tightened
from ..solver.highs import TIME_OVER, Solution
from .at_hand import AtHand, solve_from
from .formulations import FORMULATIONS
from .infeasible import explain
from .island_flow import LinearIslandFlow, island_flows
from .plan_reader import balance_unit, formers, is_online, nothing_restored, plan_of, read_step
from .stage import Stage, Wanted
from .warm_start import PreviousPlan

NOT_ALL_KEPT = "not all who have supply now can be kept"
NOTHING = "; nothing is restored"
MILP_SHARE = 0.9
"""Share of the time limit that the MILP may take; the rest is for the dispatch problem."""


@dataclass(frozen=True)
class PlanRecord:
    """A plan and how it was found: ``solution`` of the MILP, ``note`` on anything that did not go as hoped.

    ``horizon`` is what it was made for, with what checks have taught. ``kept``: its decisions are those of the plan
    that was at hand (``Planner.start_from``).
    """

    plan: Plan
    solution: Solution
    horizon: Horizon
    note: str = ""
    kept: bool = False

    @property
    def planned_energy_kwh(self) -> float:
        """Demand of the outage area that the plan says it serves."""
        return self.plan.energy_kwh(self.horizon.graph.view.lost_areas)

    def noted(self, note: str) -> PlanRecord:
        """The same record with one more note, if there is any."""
        return replace(self, note="; ".join(filter(None, (self.note, note))))


class Planner:
    """Plans again and again with kept models.

    ``steps`` is the longest horizon; ``static`` asks for one topology and one set of LAs throughout (D14), with
    ``constant_power`` for one power of every unit too; ``growing`` keeps who is restored, with ``closing`` in what
    becomes one topology;
    ``lazy_voltage`` leaves voltages and flows inside sections out until a plan breaks one of their limits, which
    changes no optimum.
    """

    def __init__(
        self,
        graph: AreaGraph,
        steps: int,
        *,
        static: bool = False,
        constant_power: bool = False,
        growing: bool = False,
        closing: bool = False,
        lazy_voltage: bool = True,
    ) -> None:
        self.graph = graph
        self._wanted = Wanted(steps, static, constant_power, growing, closing)
        self._stages: dict[tuple[bool, Form], Stage] = {}
        self._before: PreviousPlan | None = None
        self._at_hand: AtHand | None = None
        self._kept = ""
        """what to tell of the plan at hand, if it is what was decided last"""
        self._last: tuple[Stage, Solution] | None = None
        self._decided: Model = None
        self._formulation = FORMULATIONS[graph.options.formulation]
        self._detailed = self._formulation.holds_voltages or graph.meshed_inside or not lazy_voltage
        self._dispatch_cut = False
        """whether the time limit stopped a dispatch problem of the plan in the making"""

    def _stage(self, detailed: bool, known: Tightened = NOTHING_KNOWN) -> Stage:
        """The stage that can take in what is known."""
        key = detailed, known.form
        if key not in self._stages:
            self._stages[key] = Stage(self.graph, self._wanted, *key)
        return self._stages[key]

    @property
    def model(self) -> Model:
        """The MILP that planning starts with."""
        return self._stage(self._detailed).model

    @property
    def decided(self) -> Model:
        """The solved model that the last plan was read from."""
        return self._decided

    def start_from(self, at_hand: AtHand | None) -> None:
        """What plans start from and are held against from now on; None: the last one made, which binds to nothing."""
        self._at_hand = at_hand

    def plan(self, horizon: Horizon) -> PlanRecord:
        """Plan a horizon. Always returns a plan: nothing restored where the solver found none.

        ``time_limit_s`` is for all solves of both stages.
        """
        self._dispatch_cut = False
        began, note = time.perf_counter(), ""
        stage, solution, dispatched = self._solve(horizon, began)
        if solution.status == "none" and "infeasible" in solution.reason and holds_now(horizon):
            horizon, note = replace(horizon, holds_now=False), NOT_ALL_KEPT
            stage, solution, dispatched = self._solve(horizon, began)
        solution = replace(solution, cut_by_clock=solution.cut_by_clock or self._dispatch_cut)
        if solution.status == "none":
            why = explain(stage.model, horizon) if "infeasible" in solution.reason else ""
            note = f"no plan found ({'; '.join(filter(None, (solution.reason, why)))}){NOTHING}"
            return PlanRecord(nothing_restored(horizon), solution, horizon, note)
        self._before, self._last = PreviousPlan.of(stage.model, horizon), (stage, solution)
        if dispatched is None:
            solution = replace(solution, status="feasible")
            note = "; ".join(
                filter(None, (note, "the dispatch stage found no solution; the MILP's own dispatch is used"))
            )
        decided = stage.model if dispatched is None else dispatched
        return self._record(solution, horizon, decided, note)

    def redispatch(self, horizon: Horizon) -> PlanRecord | None:
        """The last plan with powers chosen anew, for the same horizon with other ``tightened`` data.

        Sections, switches and start-ups stay, so does the objective; balance units stay where they still may. None if
        there is no such dispatch.
        """
        assert self._last is not None, "there is no plan yet"
        stage, solution = self._last
        self._dispatch_cut = False
        set_horizon(stage.model, horizon)
        islands = self._islands(stage.model, horizon)
        until = time.perf_counter() + self.graph.options.time_limit_s
        moved = any(name == "root" for name, _, _ in horizon.tightened.bounds)
        if moved and not _choose_balance_units(stage.model, horizon, islands, fixed=self._wanted.constant_power):
            return None
        dispatched = self._solve_dispatch(stage, horizon, until, fits=True)
        if self._dispatch_cut:
            solution = replace(solution, cut_by_clock=True)
            self._last = stage, solution
        if dispatched is None:
            return None
        return self._record(solution, horizon, dispatched, "")

    def _record(self, solution: Solution, horizon: Horizon, decided: Model, note: str) -> PlanRecord:
        """Write down a plan: ``decided`` holds the MILP's topology, and powers."""
        self._decided = decided
        found = self._last[1] if self._last else solution
        proven = "" if found.status == "optimal" or not found.reason else f"not proven: {found.reason}"
        if found.cut_by_clock and TIME_OVER not in proven:
            proven = "; ".join(filter(None, (proven, "time_limit_s stopped part of the search: not reproducible")))
        steps = [read_step(decided, horizon, t) for t in range(horizon.steps)]
        # Of what was decided: an incumbent short of optimal may count operations that it does not make.
        terms = terms_kwh(horizon, steps)
        bound = most_kwh(horizon, horizon.graph.view.local_areas) if math.isnan(solution.bound) else solution.bound
        status = "optimal" if solution.status == "optimal" else "feasible"
        plan = plan_of(horizon, steps, status, terms, bound)
        notes = (self._kept, proven, note)
        return PlanRecord(plan, solution, horizon, "; ".join(filter(None, notes)), kept=bool(self._kept))

    def _solve(self, horizon: Horizon, began: float) -> tuple[Stage, Solution, Model | None]:
        """Solve the MILP and the dispatch problem; voltages enter the MILP only if there is no other way to keep them.

        Leaving constraints out raises the optimum or keeps it, so a plan that meets them all the same is optimal with
        them too. Where the MILP's own dispatch breaks one, another dispatch of the same decisions may not. Once
        voltages are in the MILP they stay. The dispatched model is None if that problem had no solution.
        """
        limit_s, seconds, cut = self.graph.options.time_limit_s, 0.0, False
        while True:
            stage = self._stage(self._detailed, horizon.tightened)
            set_horizon(stage.model, horizon)
            until = began + MILP_SHARE * limit_s
            if self._at_hand:
                solution, self._kept = solve_from(self._at_hand, self._formulation, stage, horizon, until)
            else:
                solution = self._formulation.solve(stage, horizon, self._before, until)
            seconds, cut = seconds + solution.seconds, cut or solution.cut_by_clock
            solution = replace(solution, seconds=seconds, cut_by_clock=cut)
            if solution.status == "none":
                return stage, solution, None
            _settle(stage.model)
            islands = self._islands(stage.model, horizon)
            # Power is constant but for the balance units that the MILP chose.
            fits = _choose_balance_units(stage.model, horizon, islands, fixed=self._wanted.constant_power)
            dispatched = self._solve_dispatch(stage, horizon, began + limit_s, fits=fits)
            if fits or dispatched is not None or stage.detailed or "voltage" in self.graph.options.without:
                return stage, solution, dispatched
            self._detailed = True

    def _islands(self, m: Model, horizon: Horizon) -> list[list[LinearIslandFlow]]:
        """Islands of every step, with their linear power flow where links without switches form trees."""
        return [] if self.graph.meshed_inside else [island_flows(m, horizon, t) for t in range(horizon.steps)]

    def _solve_dispatch(self, stage: Stage, horizon: Horizon, until: float, *, fits: bool) -> Model | None:
        """Fix what the MILP decided and solve the dispatch problem; None if it has no solution.

        Voltages enter it where the MILP's own split of power (``fits``), or the one found here, breaks one of their
        limits.
        """
        checked = not self.graph.meshed_inside and not stage.detailed and "voltage" not in self.graph.options.without
        for detailed in (stage.detailed, True) if fits or not checked else (True,):
            solver = self._stage(detailed, horizon.tightened).dispatch
            d = solver.model
            set_horizon(d, horizon)
            decide(d, stage.model)
            _ask_for_headroom(d, horizon, self.graph.options.reserve_pct / 100)
            for t in d.T:
                islands = [[la for s in island for la in self.graph.areas_in[s]] for island in section_islands(d, t)]
                price_charging(d, t, {la for las in islands if not d.INFEED.isdisjoint(las) for la in las})
            found = solver.solve(until=until)
            self._dispatch_cut = self._dispatch_cut or found.cut_by_clock
            if found.status != "optimal":
                return None
            if detailed or not checked:
                return d
            if _choose_balance_units(d, horizon, self._islands(d, horizon), fixed=True):
                return d
        raise AssertionError("the detailed dispatch problem returns")


def _settle(m: Model) -> None:
    """Free decisions of solver noise, and state the edges that follow from them."""
    for name in ("X", "b", "launch"):
        for var in getattr(m, name).values():
            var.set_value(float(round(var.value or 0.0)))
    share_out(m)
    for root in m.root.values():
        value = min(1.0, max(0.0, root.value or 0.0))
        root.set_value(float(round(value)) if root.is_binary() else value)
    for (k, t), edge in m.edge.items():
        edge.set_value(m.b[k, t].value * m.X[m.sec_i[k], t].value, skip_validation=True)


def _choose_balance_units(
    m: Model, horizon: Horizon, islands: list[list[LinearIslandFlow]], *, fixed: bool = False
) -> bool:
    """Break ties (D11): the first of an island's capable LAs, in a fixed order, from which all voltages fit.

    ``fixed`` keeps the choice that was made. False if an island has none or overloads a link; it then keeps what it
    had.
    """
    view, fitting = horizon.graph.view, True
    order = list(dict.fromkeys(view.local_area_of_unit(u) for u in view.balance_order))
    for t, of_step in enumerate(islands):
        for island in of_step:
            every = [i for i in order if i in island.relative_u and i in m.ROOT]
            roots = [i for i in every if fixed or m.root[i, t].ub > 0]
            capable = [i for i in roots if i in m.INFEED]
            capable = capable or [i for i in roots if m.ess_la[i] or is_online(m, i, t)]
            if fixed:
                capable = [i for i in roots if m.root[i, t].value > 0.5]
            fits = [i for i in capable if island.holds(horizon, i) and keeps_limit(m, horizon, i, island.areas, t)]
            fitting = fitting and bool(fits) and not island.overloaded
            chosen = (fits or [i for i in capable if m.root[i, t].value > 0.5] or capable)[:1]
            for i in every:
                m.root[i, t].set_value(float(i in chosen), skip_validation=True)
    return fitting


def _ask_for_headroom(d: Model, horizon: Horizon, share: float) -> None:
    """Reserve of each balance unit's LA, a share of its island's demand, and of the unit itself as far as it goes."""
    graph = horizon.graph
    for index in d.reserve_kw:
        d.reserve_kw[index] = d.reserve_kvar[index] = 0.0
    for t in range(horizon.steps):
        for island in section_islands(d, t):
            las = [la for s in island for la in graph.areas_in[s]]
            roots = (la for la in las if la in d.ROOT and d.root[la, t].value > 0.5)
            former = next((la for la in roots if formers(d, la, t)), None)
            if former is None:
                continue
            demand = [drawn(d, horizon, la, t) for la in las]
            p_kw, q_kvar = share * sum(p for p, _ in demand), share * sum(q for _, q in demand)
            d.reserve_kw[former, "", t], d.reserve_kvar[former, "", t] = p_kw, q_kvar
            if graph.per_device:
                unit = balance_unit(d, graph, former, t)
                s_kva = d.s_ess_min[unit] + d.s_nbsu[unit]
                d.reserve_kw[former, unit, t] = min(p_kw, s_kva)
                d.reserve_kvar[former, unit, t] = min(q_kvar, d.q_ratio * s_kva)


def section_islands(m: Model, t: int) -> list[list[str]]:
    """Energised islands of a step and their sections, in the order of the sections: sums over them must not depend on
    how strings hash."""
    graph = nx.Graph()
    graph.add_nodes_from(s for s in m.S if m.X[s, t].value > 0.5)
    graph.add_edges_from((m.sec_i[k], m.sec_j[k]) for k in m.SWITCH if m.edge[k, t].value > 0.5)
    order = {s: n for n, s in enumerate(m.S)}
    return [sorted(c, key=order.__getitem__) for c in nx.connected_components(graph)]
