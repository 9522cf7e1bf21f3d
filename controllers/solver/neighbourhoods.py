"""A first plan for large networks: decide anew a part of the network, or a part of the time, while the rest stays.

From some sixty sections on HiGHS by itself finds no plan within minutes (``benchmarks/README.md``). Starting from
any plan, large neighbourhood search (Shaw 1998, doi:10.1007/3-540-49481-2_30) solves small MILPs instead: all decisions
stay as they are but those of some neighbouring sections in some consecutive steps. Each answer is a plan, and never a
worse one. What is found is then proven near optimal by the linear relaxation, or it is where solving the MILP starts.
"""

# pyright: basic
from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from pyomo.common.errors import InfeasibleConstraintException
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ...scenarios.schema.dispatch_options import DispatchCentreOptions
from .compiled import Compiled
from .highs import DISCIPLINE, QUICK_PROOF, RESIDUAL, KeptSolver, Solution, configured, run_stoppable

LARGE = 50
"""Sections from which on the search pays."""
SIZE = 100
"""Sections times steps decided at once, to begin with. It then grows and shrinks so that a subproblem takes about"""
EFFORT = 5_000
"""simplex iterations, a measure of work that no machine changes."""
CYCLE = (None, 2, 3, 2)
"""Steps decided at once, in turn; None: all. Few steps let many sections move together, all steps few."""
SUBPROBLEM: Mapping[str, Any] = {"mip_rel_gap": 0.0, "mip_max_nodes": 20, "mip_heuristic_effort": 0.01}
SEARCH_SHARE = 0.8
"""Share of the time limit that the search may take, at most."""
PRECISION = 0.006
"""Gap of a subproblem as a share of the bound. A subproblem without gain makes the next ones more precise, down to"""
FINEST = 0.001
SHARPEN = 0.9
PATIENCE = 0.25
"""The search ends after this many subproblems per section without gain, at least 12; it solves at most"""
MOST = 3
"""per section."""


@dataclass(frozen=True)
class Incumbent:
    """The best values of all columns, their objective, a proven bound, and how many subproblems were solved.

    ``cut_by_clock``: the time limit stopped the search, a subproblem or the relaxation.
    """

    values: NDArray[np.float64]
    objective: float
    bound: float
    solves: int
    incumbents: tuple[tuple[float, float], ...]
    cut_by_clock: bool = False

    def proven(self, gap: float) -> bool:
        return self.bound - self.objective <= gap * abs(self.objective)


def solve_large(
    solver: KeptSolver, m: Any, start: Mapping[int, float], options: DispatchCentreOptions, until: float
) -> Solution:
    """Search first; then, unless the relaxation proves what was found, solve the MILP from there in the time left.

    ``until`` is when to stop, by ``time.perf_counter()``.
    """
    began = time.perf_counter()
    try:
        compiled = solver.compiled()
    except InfeasibleConstraintException as error:
        return Solution("none", math.nan, math.nan, time.perf_counter() - began, 0, f"infeasible: {error}")
    found = search(m, compiled, start, options.mip_gap, SEARCH_SHARE * (until - began))
    if found is not None and compiled.worst_row(found.values)[0] <= RESIDUAL and found.proven(options.mip_gap):
        compiled.load(found.values)
        seconds = time.perf_counter() - began
        return Solution(
            "optimal", found.objective, found.bound, seconds, 0, "optimal", found.incumbents, found.cut_by_clock
        )
    rest: dict[str, Any] = {}
    if found is not None:
        start = {id(v): x for v, x in zip(compiled.columns, found.values.tolist(), strict=True)}
        rest = dict(QUICK_PROOF)
    solution = (solver.solve_checked if options.check_optimum else solver.solve)(start, until=until, **rest)
    return replace(_better(found, compiled, solution), seconds=time.perf_counter() - began)


def _better(found: Incumbent | None, compiled: Compiled, solution: Solution) -> Solution:
    """What the MILP made of what the search found, or that itself where the MILP has less; the closer bound."""
    if found is None:
        return solution
    solution = replace(
        solution,
        incumbents=(*found.incumbents, *solution.incumbents),
        cut_by_clock=found.cut_by_clock or solution.cut_by_clock,
    )
    if solution.status == "none" or solution.objective < found.objective - 1e-6 * max(1.0, abs(found.objective)):
        if compiled.worst_row(found.values)[0] > RESIDUAL:
            return solution
        compiled.load(found.values)
        contradiction = solution.status == "optimal" or "infeasible" in solution.reason
        reason = "the solver contradicts itself" if contradiction else solution.reason
        solution = replace(solution, status="feasible", objective=found.objective, reason=reason)
    bound = float(np.fmin(solution.bound, found.bound))
    return replace(solution, bound=max(solution.objective, bound))


def search(m: Any, compiled: Compiled, start: Mapping[int, float], gap: float, seconds: float) -> Incumbent | None:
    """Search from ``start`` (values of the binaries by ``id``), or from nothing restored where that is infeasible.

    Ends when the objective is within ``gap`` of the bound, when nothing was gained for long, or after ``seconds``, a
    safety stop that makes the outcome depend on the machine. None if not even a start could be completed.
    """
    began = time.perf_counter()
    around = _Around(m, compiled, began + seconds)
    first = around.complete(start) or around.complete({})
    if first is None:
        return None
    objective, x = first
    bound, relaxed, in_time = relaxation(compiled, around.until)
    around.cut = around.cut or not in_time
    precision = PRECISION * abs(bound)
    draw, solves, stale, failed = random.Random(0), 0, 0, dict.fromkeys(m.S, 0)
    size = float(SIZE)
    incumbents = [(time.perf_counter() - began, objective)]
    coupled = hasattr(m, "static_sections") or hasattr(m, "growing_sections")
    cycle = (None,) if coupled else CYCLE
    widths = [min(width or len(m.T), len(m.T)) for width in cycle]
    while True:
        over = time.perf_counter() > around.until
        best = Incumbent(x, objective, max(bound, objective), solves, tuple(incumbents), around.cut or over)
        if best.proven(gap):
            return replace(best, cut_by_clock=around.cut)
        if over or solves >= MOST * len(m.S) or stale >= max(12, PATIENCE * len(m.S)):
            return best
        width = widths[solves % len(widths)]
        first_step = draw.randrange(len(m.T) - width + 1)
        steps = range(first_step, first_step + width)
        # Most is to gain where the relaxation serves most that the plan does not, unless it was tried in vain since the
        # last gain.
        short = relaxed - x
        promise = {s: sum(around.worth_short(s, t, short) for t in steps) for s in m.S}
        weights = [(1e-3 + kwh) / 2 ** min(failed[s], 60) for s, kwh in promise.items()]
        sections = around.ball(draw.choices(list(m.S), weights)[0], max(2, round(size / width)), draw)
        found = around.solve(x, sections, set(steps), precision)
        solves += 1
        size = min(
            max(size * (1.1 if around.effort < EFFORT / 2 else 0.8 if around.effort > EFFORT else 1.0), 20), 1000
        )
        if found is not None and found[0] > objective + 1e-4 * abs(objective):
            stale, failed = 0, dict.fromkeys(m.S, 0)
        else:
            stale, precision = stale + 1, max(SHARPEN * precision, FINEST * abs(bound))
            for s in sections:
                failed[s] += 1
        if found is not None and found[0] > objective:
            objective, x = found
            incumbents.append((time.perf_counter() - began, objective))


class _Around:
    """The MILP with most of its decisions held where they are."""

    def __init__(self, m: Any, compiled: Compiled, until: float) -> None:
        self.m, self.until = m, until
        self.effort, self.cut = 0, False
        """simplex iterations of the last subproblem, and whether the clock stopped any"""
        self.lp, self.matrix, self.column = compiled.lp(), compiled.matrix, compiled.column
        self.worth = compiled.objective
        self.lower, self.upper = np.array(self.lp.col_lower_), np.array(self.lp.col_upper_)
        self.cost = np.array(self.lp.col_cost_)
        self.row_lower, self.row_upper = np.array(self.lp.row_lower_), np.array(self.lp.row_upper_)
        self.near: dict[str, list[str]] = {s: [] for s in m.S}
        for k in m.SWITCH:
            self.near[m.sec_i[k]].append(m.sec_j[k])
            self.near[m.sec_j[k]].append(m.sec_i[k])
        self.place = {s: k for k, s in enumerate(m.S)}
        self.owner = np.array([[self.place[s] for s in _ends(m, v)] for v in compiled.columns])
        """two sections (often the same one) for each column"""
        self.decided_at = np.array([_decided_at(v) for v in compiled.columns])
        """step of each decision; -1: not a decision"""
        has_supply = m.served if m.by_area else m.X
        self.worth_of: dict[tuple[str, int], list[tuple[float, int]]] = {}
        """value and column of who has supply in a section and step"""
        for (one, t), variable in has_supply.items():
            section, column = m.section[one] if m.by_area else one, self.column(id(variable))
            inside = self.worth_of.setdefault((section, t), [])
            if column is not None:
                inside.append((m.value[one, t].value + (m.earlier[one, t].value if m.earlier_asked else 0.0), column))
        edges = [(k, t) for k in m.SWITCH for t in m.T if self.column(id(m.edge[k, t])) is not None]
        self.edges = np.array([self.column(id(m.edge[k, t])) for k, t in edges], dtype=int)
        self.edge_step = np.array([t for _, t in edges], dtype=int)

    def worth_short(self, s: str, t: int, short: NDArray[np.float64]) -> float:
        """What more of the relaxation's supply of a section in a step would be worth, kWh."""
        return sum(kwh * max(0.0, float(short[column])) for kwh, column in self.worth_of[s, t])

    def ball(self, seed: str, size: int, draw: random.Random) -> set[str]:
        """Up to ``size`` sections around one, grown at random along switches."""
        inside: set[str] = set()
        edge, seen = [seed], {seed}
        while edge and len(inside) < size:
            s = edge.pop(draw.randrange(len(edge)))
            inside.add(s)
            for other in self.near[s]:
                if other not in seen:
                    seen.add(other)
                    edge.append(other)
        return inside

    def complete(self, start: Mapping[int, float]) -> tuple[float, NDArray[np.float64]] | None:
        """The best plan with these decisions (those not given: nothing restored, switches as they are)."""
        x = np.zeros(len(self.lower))
        for k in self.m.SWITCH:
            for t in self.m.T:
                x[self.column(id(self.m.b[k, t]))] = self.m.b0[k].value
        for variable, value in start.items():
            if self.column(variable) is not None:
                x[self.column(variable)] = value
        return self._solve(x, self.decided_at < 0, 0.0, start=False)

    def solve(
        self, x: NDArray[np.float64], sections: set[str], steps: set[int], precision: float
    ) -> tuple[float, NDArray[np.float64]] | None:
        """Decide these sections in these steps anew; None if nothing was found.

        Powers are free in every island that holds one of them, or a neighbour, at any step; all else stays at ``x``.
        """
        inside = np.zeros(len(self.place), dtype=bool)
        inside[[self.place[s] for s in sections]] = True
        around = inside.copy()
        around[[self.place[other] for s in sections for other in self.near[s]]] = True
        for t in self.m.T:
            live = self.edges[(self.edge_step == t) & (x[self.edges] > 0.5)]
            graph = coo_array((np.ones(len(live)), self.owner[live].T), shape=(len(inside), len(inside)))
            _, island = connected_components(graph, directed=False)
            around |= np.isin(island, island[around])
        decisions = np.isin(self.decided_at, list(steps)) & inside[self.owner].any(axis=1)
        return self._solve(x, decisions | (self.decided_at < 0) & around[self.owner].all(axis=1), precision, start=True)

    def _solve(
        self, x: NDArray[np.float64], free: NDArray[np.bool_], precision: float, *, start: bool
    ) -> tuple[float, NDArray[np.float64]] | None:
        """The best values of the free columns; ``start`` from ``x``. The rows that hold none of them are left out."""
        x = np.where(self.decided_at >= 0, np.round(x), x)
        part = self.matrix[:, free].tocsr()
        rows = np.flatnonzero(np.diff(part.indptr))
        part = part[rows].tocsc()
        held = (self.matrix @ np.where(free, 0.0, x))[rows]
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = part.shape[1], part.shape[0]
        lp.sense_, lp.col_cost_ = self.lp.sense_, self.cost[free]
        lp.col_lower_, lp.col_upper_ = self.lower[free], self.upper[free]
        lp.row_lower_, lp.row_upper_ = self.row_lower[rows] - held, self.row_upper[rows] - held
        if len(self.lp.integrality_):
            lp.integrality_ = [kind for kind, own in zip(self.lp.integrality_, free, strict=True) if own]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = part.indptr, part.indices, part.data
        left = max(0.0, self.until - time.perf_counter())
        highs = configured({**DISCIPLINE, **SUBPROBLEM, "mip_abs_gap": precision, "time_limit": left})
        highs.passModel(lp)
        if start:
            highs.setSolution(part.shape[1], np.arange(part.shape[1], dtype=np.int32), x[free])
        run_stoppable(highs)
        self.cut = self.cut or highs.getModelStatus() == highspy.HighsModelStatus.kTimeLimit
        info = highs.getInfo()
        self.effort = int(info.simplex_iteration_count)
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        x[free] = highs.getSolution().col_value
        return self.worth(x), x


def _ends(m: Any, variable: Any) -> tuple[str, str]:
    """The sections at a variable: of its section, its source or LA, or both ends of its link."""
    name, member = variable.parent_component().name, variable.index()[0]
    if name in ("X", "supply"):
        return member, member
    if name in ("b", "edge", "down", "op", "flow", "P", "Q"):
        return m.section[m.from_la[member]], m.section[m.to_la[member]]
    section = m.home[member] if member in m.home else m.node_section[member] if name == "U" else m.section[member]
    return section, section


def _decided_at(variable: Any) -> int:
    """Step of a decision (sections, LAs served, switches, launches); -1 for powers and all that follows from them."""
    decides = variable.parent_component().name in ("X", "served", "b", "launch") and variable.is_integer()
    return max(variable.index()[1], 0) if decides else -1


def relaxation(compiled: Compiled, until: float = math.inf) -> tuple[float, NDArray[np.float64], bool]:
    """Upper bound of a maximisation from its linear relaxation, the values of the relaxation's columns, and whether it
    was solved in time (``until``, by ``time.perf_counter()``).

    The bound is by weak duality from the solver's row duals y: c x = y A x + (c − yA) x, each term at its largest
    within the bounds of rows and columns. This holds for any y, so it does not rest on the solver's word, and without
    any y = 0 will do. Infinite where a column without a bound keeps a reduced cost.
    """
    left = max(0.0, until - time.perf_counter())
    lp, highs = compiled.lp(), configured({**DISCIPLINE, "solver": "ipm", "time_limit": left})
    lp.integrality_ = []
    highs.passModel(lp)
    run_stoppable(highs)
    in_time = highs.getModelStatus() != highspy.HighsModelStatus.kTimeLimit
    y, x = np.array(highs.getSolution().row_dual), np.array(highs.getSolution().col_value)
    if len(y) != lp.num_row_ or not (np.isfinite(y).all() and np.isfinite(x).all()):
        y, x = np.zeros(lp.num_row_), np.ones(lp.num_col_)
    bounds = (weak_duality_bound(lp, compiled.matrix, multipliers) for multipliers in (y, np.zeros(lp.num_row_)))
    return min(bounds), x, in_time


def weak_duality_bound(lp: highspy.HighsLp, matrix: Any, y: NDArray[np.float64]) -> float:
    """See ``relaxation``; rows of one column count as bounds of it."""
    row_lower, row_upper = np.array(lp.row_lower_), np.array(lp.row_upper_)
    lower, upper, cost = np.array(lp.col_lower_), np.array(lp.col_upper_), np.array(lp.col_cost_)
    by_row = matrix.tocsr()
    for i in np.flatnonzero(np.diff(by_row.indptr) == 1):
        j, a = by_row.indices[by_row.indptr[i]], by_row.data[by_row.indptr[i]]
        if a:
            ends = sorted((row_lower[i] / a, row_upper[i] / a))
            lower[j], upper[j] = max(lower[j], ends[0]), min(upper[j], ends[1])
    y = np.where((y > 0) & np.isinf(row_upper) | (y < 0) & np.isinf(row_lower), 0.0, y)
    reduced = cost - matrix.T @ y
    with np.errstate(invalid="ignore"):
        rows = np.where(y > 0, y * row_upper, np.where(y < 0, y * row_lower, 0.0))
        columns = np.where(reduced > 0, reduced * upper, np.where(reduced < 0, reduced * lower, 0.0))
    return float(lp.offset_ + rows.sum() + columns.sum())
