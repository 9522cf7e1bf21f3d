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

from controllers.compiled import Compiled
from controllers.solver import DISCIPLINE, QUICK_PROOF, RESIDUAL, KeptSolver, Solution, configured
from scenarios.schema import DispatchCentre

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
class Found:
    """The best values of all columns, their objective, a proven bound, and how many subproblems were solved."""

    values: NDArray[np.float64]
    objective: float
    bound: float
    solves: int
    incumbents: tuple[tuple[float, float], ...]

    def proven(self, gap: float) -> bool:
        return self.bound - self.objective <= gap * abs(self.objective)


def solve_large(solver: KeptSolver, m: Any, start: Mapping[int, float], options: DispatchCentre) -> Solution:
    """Search first; then, unless the relaxation proves what was found, solve the MILP from there in the time left.

    ``options.time_limit_s`` is for all of it.
    """
    began = time.perf_counter()
    try:
        compiled = solver.compiled()
    except InfeasibleConstraintException as error:
        return Solution("none", math.nan, math.nan, time.perf_counter() - began, 0, f"infeasible: {error}")
    found = search(m, compiled, start, options.mip_gap, SEARCH_SHARE * options.time_limit_s)
    if found is not None and compiled.worst_row(found.values)[0] <= RESIDUAL and found.proven(options.mip_gap):
        compiled.load(found.values)
        seconds = time.perf_counter() - began
        return Solution("optimal", found.objective, found.bound, seconds, 0, "optimal", found.incumbents)
    rest: dict[str, Any] = {"time_limit": max(1.0, options.time_limit_s - (time.perf_counter() - began))}
    if found is not None:
        start = {id(v): x for v, x in zip(compiled.columns, found.values.tolist(), strict=True)}
        rest |= dict(QUICK_PROOF)
    solution = (solver.solve_checked if options.check_optimum else solver.solve)(start, **rest)
    if found is not None:
        solution = replace(
            solution,
            bound=max(solution.objective, np.fmin(solution.bound, found.bound)),
            incumbents=(*found.incumbents, *solution.incumbents),
        )
    return replace(solution, seconds=time.perf_counter() - began)


def search(m: Any, compiled: Compiled, start: Mapping[int, float], gap: float, seconds: float) -> Found | None:
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
    bound = relaxation_bound(compiled)
    precision = PRECISION * abs(bound)
    draw, solves, stale, failed = random.Random(0), 0, 0, dict.fromkeys(m.S, 0)
    size = float(SIZE)
    incumbents = [(time.perf_counter() - began, objective)]
    cycle = (None,) if hasattr(m, "static_sections") else CYCLE
    widths = [min(width or len(m.T), len(m.T)) for width in cycle]
    while not (best := Found(x, objective, max(bound, objective), solves, tuple(incumbents))).proven(gap):
        over = time.perf_counter() - began > seconds
        if over or solves >= MOST * len(m.S) or stale >= max(12, PATIENCE * len(m.S)):
            break
        width = widths[solves % len(widths)]
        first_step = draw.randrange(len(m.T) - width + 1)
        steps = range(first_step, first_step + width)
        # Where most is unserved there is most to gain, unless it was tried in vain since the last gain.
        unserved = [
            (1e-3 + sum(m.value[s, t].value * (1 - x[around.energised[s, t]]) for t in steps)) / 2 ** min(failed[s], 60)
            for s in m.S
        ]
        sections = around.ball(draw.choices(list(m.S), unserved)[0], max(2, round(size / width)), draw)
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
    return best


class _Around:
    """The MILP with most of its decisions held where they are."""

    def __init__(self, m: Any, compiled: Compiled, until: float) -> None:
        self.m, self.until = m, until
        self.effort = 0
        self.lp = compiled.lp()
        self.lower, self.upper = np.array(self.lp.col_lower_), np.array(self.lp.col_upper_)
        column = compiled.column
        self.energised = {(s, t): column(id(m.X[s, t])) for s in m.S for t in m.T}
        owner = {j: ((s,), t) for (s, t), j in self.energised.items()}
        owner |= {column(id(m.b[k, t])): ((m.sec_i[k], m.sec_j[k]), t) for k in m.SWITCH for t in m.T}
        owner |= {column(id(m.launch[i, k])): ((m.home[i],), max(k, 0)) for i in m.NBSU for k in m.K}
        owner.pop(None, None)  # not in any active constraint
        self.decisions = owner
        self.column = column
        self.near: dict[str, list[str]] = {s: [] for s in m.S}
        for k in m.SWITCH:
            self.near[m.sec_i[k]].append(m.sec_j[k])
            self.near[m.sec_j[k]].append(m.sec_i[k])

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
        return self.solve(x, set(), set(), 0.0)

    def solve(
        self, x: NDArray[np.float64], sections: set[str], steps: set[int], precision: float
    ) -> tuple[float, NDArray[np.float64]] | None:
        """Decide these sections in these steps anew, all else held at ``x``; None if nothing was found."""
        lower, upper = self.lower.copy(), self.upper.copy()
        for j, (own, t) in self.decisions.items():
            if t not in steps or sections.isdisjoint(own):
                lower[j] = upper[j] = round(float(x[j]))
        self.lp.col_lower_, self.lp.col_upper_ = lower, upper
        left = max(1.0, self.until - time.perf_counter())
        highs = configured({**DISCIPLINE, **SUBPROBLEM, "mip_abs_gap": precision, "time_limit": left})
        highs.passModel(self.lp)
        if sections:
            highs.setSolution(len(x), np.arange(len(x), dtype=np.int32), x)
        highs.run()
        info = highs.getInfo()
        self.effort = int(info.simplex_iteration_count)
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        return float(info.objective_function_value), np.array(highs.getSolution().col_value)


def relaxation_bound(compiled: Compiled) -> float:
    """Upper bound of a maximisation from its linear relaxation, by weak duality from the solver's row duals y.

    c x = y A x + (c − yA) x, each term at its largest within the bounds of rows and columns. This holds for any y, so
    it does not rest on the solver's word. Infinite where a column without a bound keeps a reduced cost.
    """
    lp, highs = compiled.lp(), configured({**DISCIPLINE, "solver": "ipm"})
    lp.integrality_ = []
    highs.passModel(lp)
    highs.run()
    y = np.array(highs.getSolution().row_dual)
    return weak_duality_bound(lp, compiled.matrix, y) if len(y) == lp.num_row_ else math.inf


def weak_duality_bound(lp: highspy.HighsLp, matrix: Any, y: NDArray[np.float64]) -> float:
    """See ``relaxation_bound``; rows of one column count as bounds of it."""
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
