"""A textbook model beside ours, the same horizons and decisions, plain HiGHS: python benchmarks/plain.py [case …].

It shares no line with the planner's models: a binary per section, switch and, by area, served LA, one commodity from
the balance units for connection, no voltages, no cuts, no start, one thread. It is a second formulation behind the
claim that a plan is optimal, and the naive way that ours must not be much slower than. ``ours`` builds the model,
solves it once and dispatches, with voltages as needed; ``checked`` adds the second proof, as plans are made by default.
``--suite``: variations of both faults, as in suite a of ``planning.py``, in place of single cases.
"""

from __future__ import annotations

import itertools
import math
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import highspy
import numpy as np
from planning import FAULTS, INDICES, PEAKS_KW, READINGS, first_horizon, with_options

from relight.controllers.milp.problem import Horizon
from relight.controllers.planning.planner import Planner
from relight.scenarios.loader import load_case
from relight.scenarios.schema.scenario import LoadControl

Terms = Mapping[int, float]
INF = highspy.kHighsInf


@dataclass
class Rows:
    """A MILP written row by row: columns with cost, bounds and integrality; rows as {column: coefficient}."""

    cost: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[float, Terms, float]] = field(default_factory=list)

    def column(self, low: float, high: float, cost: float = 0.0, whole: bool = False) -> int:
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)
        return len(self.cost) - 1

    def binary(self, cost: float = 0.0) -> int:
        return self.column(0, 1, cost, True)

    def row(self, low: float, terms: Terms, high: float) -> None:
        self.rows.append((low, dict(terms), high))

    def solver(self, gap: float) -> highspy.Highs:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.cost), len(self.rows)
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = map(np.array, (self.cost, self.low, self.high))
        lp.row_lower_ = np.array([low for low, _, _ in self.rows])
        lp.row_upper_ = np.array([high for _, _, high in self.rows])
        lp.integrality_ = [highspy.HighsVarType.kInteger if w else highspy.HighsVarType.kContinuous for w in self.whole]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *(len(terms) for _, terms, _ in self.rows)])
        lp.a_matrix_.index_ = np.array([j for _, terms, _ in self.rows for j in terms])
        lp.a_matrix_.value_ = np.array([v for _, terms, _ in self.rows for v in terms.values()], dtype=float)
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("threads", 1)
        solver.passModel(lp)
        return solver


def plus(*parts: tuple[float, Terms]) -> dict[int, float]:
    """Σ factor · terms."""
    total: dict[int, float] = defaultdict(float)
    for factor, terms in parts:
        for j, value in terms.items():
            total[j] += factor * value
    return total


def textbook(h: Horizon, load_control: LoadControl, static: bool = False) -> Rows:
    """The model of a horizon without cold load and pick-up limits."""
    m, g, options, steps = Rows(), h.graph, h.graph.options, range(h.steps)
    sections, switches = list(g.areas_in), [link for link in g.links.values() if link.switchable]
    home, count = g.section, len(g.areas_in)
    X = {(s, t): m.binary() for s in sections for t in steps}
    b = {(k.id, t): m.binary() for k in switches for t in steps}
    a = {(k.id, t): m.binary() for k in switches for t in steps}
    op = {(k.id, t): m.column(0, 1, -g.objective.switching_kwh) for k in switches for t in steps}
    root = {(s, t): m.binary() for s in sections for t in steps}
    out, net, net_q = (defaultdict[tuple[str, int], dict[int, float]](dict) for _ in range(3))

    def flow(k: str, t: int, i: str, j: str, most: float, into: Mapping[tuple[str, int], dict[int, float]]) -> None:
        f = m.column(-most, most)
        m.row(-INF, {f: 1, a[k, t]: -most}, 0)
        m.row(0, {f: 1, a[k, t]: most}, INF)
        into[i, t][f], into[j, t][f] = -1.0, 1.0

    for k in switches:
        i, j = home[k.i], home[k.j]
        for t in steps:
            x, y, c, e = X[i, t], X[j, t], b[k.id, t], a[k.id, t]
            m.row(-INF, {x: 1, y: -1, c: 1}, 1)
            m.row(-INF, {y: 1, x: -1, c: 1}, 1)
            for other in (c, x, y):
                m.row(-INF, {e: 1, other: -1}, 0)
            m.row(-1, {e: 1, c: -1, x: -1}, INF)
            before = {b[k.id, t - 1]: 1.0} if t else {}
            was = 0.0 if t else float(h.closed[k.id])
            m.row(-was, plus((1, {op[k.id, t]: 1, c: -1}), (1, before)), INF)
            m.row(was, plus((1, {op[k.id, t]: 1, c: 1}), (-1, before)), INF)
            flow(k.id, t, i, j, count, out)
            flow(k.id, t, i, j, k.s_max_kva, net)
            flow(k.id, t, i, j, k.s_max_kva, net_q)
            for end in (i, j):
                net_q[end, t][e] = net_q[end, t].get(e, 0.0) + k.charging_kvar / 2
    forms = defaultdict[tuple[str, int], dict[int, float]](dict)
    always = defaultdict[str, int](int)
    for la, kva in g.live_infeed_kva.items():
        s = home[la]
        always[s] += 1
        for t in steps:
            p, q = m.column(-kva, kva), m.column(-kva, kva)
            net[s, t][p], net_q[s, t][q] = 1.0, 1.0
            for v in (p, q):
                m.row(-INF, {v: 1, X[s, t]: -kva}, 0)
                m.row(0, {v: 1, X[s, t]: kva}, INF)
            for side in range(16):
                angle, apothem = (2 * side + 1) * math.pi / 16, math.cos(math.pi / 16)
                m.row(-INF, {p: math.cos(angle), q: math.sin(angle), X[s, t]: -kva * apothem}, 0)
    for i, source in g.sources.items():
        _source(m, h, i, X, net, net_q, forms)
        if source.parameters.s_ess_kva:
            always[home[source.local_area]] += 1
    served: dict[tuple[str, int], int] = {}
    alike = {s: _alike(h, g.areas_in[s]) for s in sections}
    for s in sections:
        areas = g.areas_in[s]
        loss = 1 + options.loss_allowance_pct / 100
        for t in steps:
            if g.live_infeed_kva and any(la in g.live_infeed_kva for la in areas):
                m.row(1, {root[s, t]: 1}, 1)
            if not always[s]:
                m.row(-INF, plus((1, {root[s, t]: 1}), (-1, forms[s, t])), 0)
            m.row(-INF, {root[s, t]: 1, X[s, t]: -1}, 0)
            # Every live section takes one unit of the commodity, which balance units give.
            given = m.column(0, count)
            m.row(-INF, {given: 1, root[s, t]: -count}, 0)
            m.row(0, plus((1, out[s, t]), (1, {given: 1, X[s, t]: -1})), 0)
            drawn_p, drawn_q = dict[int, float](), dict[int, float]()
            value = {la: g.view.local_areas[la].priority * h.demand_kw(la, t) * h.dt_h(t) for la in areas}
            if load_control == "section":
                m.cost[X[s, t]] += sum(value.values())
                drawn_p[X[s, t]] = loss * sum(h.demand_kw(la, t) for la in areas)
                drawn_q[X[s, t]] = loss * sum(h.demand_kvar(la, t) for la in areas)
            else:
                for members in alike[s]:
                    la, size = members[0], len(members)
                    n = served[la, t] = m.column(0, size, value[la], load_control == "area")
                    m.row(-INF, {n: 1, X[s, t]: -size}, 0)
                    drawn_p[n], drawn_q[n] = loss * h.demand_kw(la, t), loss * h.demand_kvar(la, t)
            charged = sum(g.charging_kvar[la] for la in areas)
            m.row(0, plus((1, net[s, t]), (-1, drawn_p)), 0)
            m.row(0, plus((1, net_q[s, t]), (-1, drawn_q), (charged, {X[s, t]: 1})), 0)
    for t in steps:  # a forest: edges and balance units are as many as live sections
        parts = ({a[k.id, t]: 1.0 for k in switches}, {root[s, t]: 1.0 for s in sections})
        m.row(0, plus(*((1, part) for part in parts), (-1, {X[s, t]: 1.0 for s in sections})), 0)
        if static and t:
            for s in sections:
                m.row(0, {X[s, t]: 1, X[s, 0]: -1}, 0)
            for k in switches:
                m.row(0, {b[k.id, t]: 1, b[k.id, 0]: -1}, 0)
            for la in {la for la, _ in served}:
                m.row(0, {served[la, t]: 1, served[la, 0]: -1}, 0)
    return m


def _alike(h: Horizon, areas: list[str]) -> list[list[str]]:
    """LAs of a section with equal demand and value in every step."""
    groups = defaultdict[object, list[str]](list)
    for la in areas:
        series = [(h.demand_kw(la, t), h.demand_kvar(la, t), h.area_value_kwh(la, t)) for t in range(h.steps)]
        groups[tuple(series)].append(la)
    return list(groups.values())


def _source(m: Rows, h: Horizon, i: str, X, net, net_q, forms) -> None:
    """PV, ESS and NBSU of a source, (13)."""
    g, p = h.graph, h.graph.sources[i].parameters
    s, state, steps = g.section[g.sources[i].local_area], h.state(i), range(h.steps)
    circle = g.options.apparent_power == "circle"

    def reactive(kind: str, kva: float, t: int, power: int, most: float, on: Terms) -> None:
        q = m.column(-g.q_ratio * kva, g.q_ratio * kva)
        net_q[s, t][q] = 1.0
        m.row(-INF, plus((1, {q: 1}), (-g.q_ratio * kva, on)), 0)
        m.row(0, plus((1, {q: 1}), (g.q_ratio * kva, on)), INF)
        m.row(-INF, {q: 1, X[s, t]: -g.q_ratio * kva}, 0)
        m.row(0, {q: 1, X[s, t]: g.q_ratio * kva}, INF)
        for sign_p in (1, -1) if kind == "ess" else (1,):
            for sign_q in (1, -1) if circle else ():
                m.row(-INF, {power: sign_p, q: sign_q * g.chord * most / kva}, most)

    if p.s_pv_kva:
        for t in steps:
            on, power = m.column(0, 1), m.column(0, p.s_pv_kva)
            net[s, t][power] = 1.0
            m.row(-INF, {power: 1, on: -h.pv_kw(i, t)}, 0)
            m.row(-INF, {on: 1, X[s, t]: -1}, float(0))
            m.row(-INF, {on: 1}, float(h.pv_delay_met(i, t)))
            for earlier in range(t):
                if h.pv_waits_for(t, earlier):
                    m.row(-INF, {on: 1, X[s, earlier]: -1}, 0)
            reactive("pv", p.s_pv_kva, t, power, p.s_pv_kva, {on: 1})
    if p.s_ess_kva:
        most_taken: Terms = {}
        least_taken: Terms = {}
        for t in steps:
            power = m.column(-p.s_ess_min_kva, p.s_ess_min_kva)
            net[s, t][power] = 1.0
            m.row(-INF, {power: 1, X[s, t]: -p.s_ess_min_kva}, 0)
            m.row(0, {power: 1, X[s, t]: p.s_ess_min_kva}, INF)
            charged: Terms = {}
            if min(*p.ess_least, *p.ess_most) < 1:
                charging, charges = m.column(0, p.s_ess_min_kva), m.binary()
                charged = {charging: 1}
                m.row(0, {charging: 1, power: 1}, INF)
                m.row(-INF, {charging: 1, charges: -p.s_ess_min_kva}, 0)
                m.row(-INF, {charging: 1, power: 1, charges: p.s_ess_min_kva}, p.s_ess_min_kva)
            drawn = [
                plus((1 / of.discharge, {power: 1}), (1 / of.discharge - of.charge, charged))
                for of in (p.ess_least, p.ess_most)
            ]
            most_taken = plus((1, most_taken), (h.dt_h(t), drawn[0]))
            least_taken = plus((1, least_taken), (h.dt_h(t), drawn[1]))
            m.row(-INF, most_taken, state["discharge_kwh"])
            m.row(-state["charge_kwh"], least_taken, INF)
            reactive("ess", p.s_ess_kva, t, power, p.s_ess_min_kva, {X[s, t]: 1})
    if p.s_nbsu_kva:
        assert state["nbsu_state"] == "off", "only a first plan"
        launch = {k: m.binary() for k in h.launches(i)}
        m.row(-INF, dict.fromkeys(launch.values(), 1.0), 1)
        last: tuple[int, Terms] | None = None
        for t in steps:
            online = {v: 1.0 for k, v in launch.items() if k <= t and h.is_online(i, k, t)}
            starts = {v: 1.0 for k, v in launch.items() if k <= t and h.is_starting(i, k, t)}
            power = m.column(-p.p_in_kw, p.s_nbsu_kva)
            net[s, t][power] = 1.0
            forms[s, t] |= online
            m.row(-INF, plus((1, starts), (-1, {X[s, t]: 1})), 0)
            m.row(0, plus((1, {power: 1}), (p.p_in_kw, starts)), INF)
            m.row(-INF, plus((1, {power: 1}), (p.p_in_kw, starts), (-p.s_nbsu_kva, online)), 0)
            m.row(-INF, {power: 1, X[s, t]: -p.s_nbsu_kva}, 0)
            if last:
                most, (before, was_on) = p.s_nbsu_kva + p.p_in_kw, last
                down, up = h.ramp_kw(i, t)
                free = most if g.options.first_online_step_free else 0.0
                m.row(-INF, plus((1, {power: 1, before: -1}), (free, was_on)), up + free)
                m.row(
                    -down - most - p.s_nbsu_kva,
                    plus((1, {power: 1, before: -1}), (-most, was_on), (-p.s_nbsu_kva, {X[s, t]: 1})),
                    INF,
                )
            last = power, online
            on = online if g.options.nbsu_reactive == "online" else {X[s, t]: 1.0}
            reactive("nbsu", p.s_nbsu_kva, t, power, p.s_nbsu_kva, on)


MODES: tuple[LoadControl, ...] = ("section", "area", "part")
CASES = tuple(f"guo45/{kind}-{fault}" for kind in ("fault", "calibrated") for fault in FAULTS)
GAP = 1e-3


@dataclass(frozen=True)
class Beside:
    """One horizon planned by both: objectives (kWh), the textbook model's bound, seconds."""

    plain_kwh: float
    plain_bound_kwh: float
    plain_s: float
    ours_kwh: float
    ours_s: float
    checked_s: float


def solve_textbook(horizon: Horizon, load_control: LoadControl, *, static: bool, gap: float) -> tuple[float, float]:
    """Objective and proven bound of the textbook model, kWh. Raises RuntimeError if HiGHS calls it anything else."""
    solver = textbook(horizon, load_control, static).solver(gap)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"the textbook model: {solver.modelStatusToString(solver.getModelStatus())}")
    info = solver.getInfo()
    return float(info.objective_function_value), float(info.mip_dual_bound)


def beside(horizon: Horizon, load_control: LoadControl, *, static: bool = False) -> Beside:
    """Plan a horizon by the textbook model and by ours, both to the same gap, each from nothing."""
    began = time.perf_counter()
    plain, bound = solve_textbook(horizon, load_control, static=static, gap=GAP)
    plain_s = time.perf_counter() - began
    seconds, objective = list[float](), 0.0
    for check in (False, True):
        asked = with_options(horizon, mip_gap=GAP, check_optimum=check)
        began = time.perf_counter()
        graph = replace(asked.graph, load_control=load_control)
        plan = Planner(graph, asked.steps, static=static).plan(replace(asked, graph=graph)).plan
        seconds.append(time.perf_counter() - began)
        objective = plan.objective or 0.0
    return Beside(plain, bound, plain_s, objective, *seconds)


def suite() -> Iterator[tuple[str, Horizon]]:
    """Both faults × readings × peaks × clear-sky indices."""
    for fault, reading, peak, index in itertools.product(FAULTS, READINGS, PEAKS_KW, INDICES):
        changed = (f"network.options.reading={reading}", f"load.peak_kw={peak}", f"pv.clear_sky_index={index}")
        yield f"{fault} {reading} {peak} kW {index}", first_horizon(load_case(f"guo45/fault-{fault}", changed))


def quantiles(values: Sequence[float]) -> str:
    return " / ".join(f"{x:.2f}" for x in (*np.quantile(values, (0.5, 0.9)), max(values)))


def main(names: Sequence[str]) -> None:
    if "--suite" in names:
        for mode in MODES[1:]:
            found = [beside(horizon, mode) for _, horizon in suite()]
            ratios = [one.ours_s / one.plain_s for one in found]
            print(f"| {mode} | {len(found)} | {quantiles([one.plain_s for one in found])} s "
                  f"| {quantiles([one.ours_s for one in found])} s | {quantiles([one.checked_s for one in found])} s "
                  f"| {quantiles(ratios)} |", flush=True)  # fmt: skip
        return
    print("| case | load control | | plain (kWh) | its bound | ours (kWh) | plain (s) | ours (s) | checked (s) |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|")
    for name in names or CASES:
        horizon = first_horizon(load_case(name))
        for mode, static in itertools.product(MODES, (False, True)):
            one = beside(horizon, mode, static=static)
            print(f"| `{name}` | {mode} | {'static' if static else 'dynamic'} | {one.plain_kwh:.2f} "
                  f"| {one.plain_bound_kwh:.2f} | {one.ours_kwh:.2f} | {one.plain_s:.2f} | {one.ours_s:.2f} "
                  f"| {one.checked_s:.2f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
