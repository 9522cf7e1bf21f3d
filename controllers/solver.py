"""HiGHS under discipline: one thread, a fixed seed, node limits, and always incumbent, bound and status.

A Pyomo model is compiled to arrays and handed to HiGHS directly: that takes a start, reports each incumbent as it is
found, and lets this module check every incumbent against the rows by itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import highspy
import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.common.errors import InfeasibleConstraintException
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

SolveStatus = Literal["optimal", "feasible", "none"]
RESIDUAL = 1e-5
"""Largest violation of a row by an incumbent; HiGHS itself is told 1e-6 of a scaled row."""


class SolverOptionError(ValueError):
    """A solver option that HiGHS does not know, or a value it refuses (HiGHS itself would ignore it silently)."""


@dataclass(frozen=True)
class Solution:
    """Outcome of a solve: status, incumbent and bound of the objective (NaN without incumbent), wall seconds, nodes.

    ``incumbents`` are the improving solutions as (wall seconds since the solve began, objective).
    """

    status: SolveStatus
    objective: float
    bound: float
    seconds: float
    nodes: int
    reason: str
    incumbents: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Compiled:
    """A linear model as arrays: maximise or minimise c x + offset, row_lower ≤ A x ≤ row_upper, lower ≤ x ≤ upper."""

    lp: Any
    columns: Sequence[Any]
    rows: Sequence[Any]
    matrix: Any
    index: Mapping[int, int] = field(repr=False)
    """id of a Pyomo variable → its column"""

    def worst_row(self, x: NDArray[np.float64]) -> tuple[float, str]:
        """Largest violation of a row, and that row's name."""
        if not len(self.rows):
            return 0.0, ""
        value = self.matrix @ x
        excess = np.maximum(value - self.lp.row_upper_, self.lp.row_lower_ - value)
        worst = int(np.argmax(excess))
        return float(excess[worst]), str(self.rows[worst])


def compile_model(model: Any) -> Compiled:
    """Arrays of a Pyomo model as it stands: inactive constraints and fixed variables are no longer in it.

    Raises ``InfeasibleConstraintException`` if a row without variables cannot hold.
    """
    form = LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=None)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(form.columns), len(form.rows)
    lp.sense_ = (
        highspy.ObjSense.kMaximize if form.objectives[0].sense == pyo.maximize else highspy.ObjSense.kMinimize
    )
    lp.col_cost_ = np.asarray(form.c.todense()).reshape(-1)
    lp.offset_ = float(form.c_offset[0])
    infinite = highspy.kHighsInf
    bounds = [v.bounds for v in form.columns]
    lp.col_lower_ = np.array([-infinite if low is None else low for low, _ in bounds])
    lp.col_upper_ = np.array([infinite if high is None else high for _, high in bounds])
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[v.is_integer()] for v in form.columns]
    side = np.array([row.bound_type for row in form.rows])
    lp.row_lower_ = np.where(side > 0, -infinite, form.rhs)
    lp.row_upper_ = np.where(side < 0, infinite, form.rhs)
    a = form.A.tocsc()
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = a.indptr, a.indices, a.data
    index = {id(v): k for k, v in enumerate(form.columns)}
    return Compiled(lp, form.columns, [row.constraint for row in form.rows], a, index)


def check_options(options: Mapping[str, Any]) -> None:
    """Raise ``SolverOptionError`` for the first option that HiGHS refuses."""
    configured(options)


def configured(options: Mapping[str, Any]) -> highspy.Highs:
    """A silent HiGHS with these options. Raises ``SolverOptionError`` for the first one that it refuses."""
    highs = highspy.Highs()
    highs.setOptionValue("log_to_console", False)
    for name, value in options.items():
        if highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise SolverOptionError(f"HiGHS does not take option {name} = {value!r}; see its option list")
    return highs


DISCIPLINE: Mapping[str, Any] = {"threads": 1, "random_seed": 0}
VERIFY: Mapping[str, Any] = {"presolve": "off", "random_seed": 7}
"""The second solve goes another way: HiGHS errs with presolve on some cases and without it on others."""
QUICK_PROOF: Mapping[str, Any] = {
    "mip_heuristic_effort": 0.0,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
}
"""With a good start what remains is to prove it."""


class KeptSolver:
    """Solves one Pyomo model again and again, each time as it then stands."""

    def __init__(self, model: Any, options: Mapping[str, Any], time_limit_s: float = math.inf) -> None:
        """Raises ``SolverOptionError`` for an option that HiGHS does not take."""
        check_options(options)
        self.model = model
        self._options = dict(DISCIPLINE) | dict(options)
        if not math.isinf(time_limit_s):
            self._options["time_limit"] = time_limit_s

    def solve(self, start: Mapping[int, float] | None = None, **options: Any) -> Solution:
        """Solve the model as it stands and load the incumbent into its variables, if there is one.

        ``start`` gives some variables' values by ``id``; HiGHS completes it, or drops it where it is infeasible.
        ``options`` replace the solver's own for this solve.
        """
        began = time.perf_counter()
        try:
            compiled = compile_model(self.model)
        except InfeasibleConstraintException as error:
            return Solution("none", math.nan, math.nan, time.perf_counter() - began, 0, f"infeasible: {error}")
        solution, x = self._run(compiled, start or {}, options, began)
        _load(compiled, x)
        return solution

    def solve_checked(self, start: Mapping[int, float] | None = None) -> Solution:
        """Solve a maximisation, then again in another way; keep the best incumbent, proven if two solves say so.

        HiGHS 1.15 was seen to call wrong plans optimal, or feasible problems infeasible, on about one small case in a
        thousand with presolve and on others without. A third solve decides where the first two contradict each other.
        """
        began = time.perf_counter()
        try:
            compiled = compile_model(self.model)
        except InfeasibleConstraintException as error:
            return Solution("none", math.nan, math.nan, time.perf_counter() - began, 0, f"infeasible: {error}")
        solves: list[Solution] = []
        best: Solution | None = None
        values: NDArray[np.float64] | None = None
        for options in ({}, VERIFY, {"random_seed": 11, "presolve": "off", "mip_heuristic_effort": 0.1}):
            known = {} if values is None else dict(zip(map(id, compiled.columns), values, strict=True))
            proving = QUICK_PROOF if known else {}
            solution, x = self._run(compiled, known or start or {}, {**proving, **options}, began)
            solves.append(solution)
            if x is not None and (best is None or solution.objective > best.objective):
                best, values = solution, x
            if len(solves) == 2 and (best is None or _proofs(best, solves) == 2):
                break
        nodes, incumbents = sum(s.nodes for s in solves), tuple(i for s in solves for i in s.incumbents)
        seconds = time.perf_counter() - began
        if best is None:
            return replace(solves[0], seconds=seconds, nodes=nodes)
        _load(compiled, values)
        proven = _proofs(best, solves) >= 2
        contradicted = not proven and any(s.status == "optimal" for s in solves)
        return Solution(
            status="optimal" if proven else "feasible",
            objective=best.objective,
            bound=max([best.objective, *(s.bound for s in solves if s.status != "none" and not math.isnan(s.bound))]),
            seconds=seconds,
            nodes=nodes,
            reason="the solver contradicts itself" if contradicted else best.reason,
            incumbents=incumbents,
        )

    def _run(
        self, compiled: Compiled, start: Mapping[int, float], options: Mapping[str, Any], began: float
    ) -> tuple[Solution, NDArray[np.float64] | None]:
        """One run of HiGHS: what came out, and the incumbent if it keeps every row."""
        highs = configured(self._options | dict(options))
        highs.passModel(compiled.lp)
        if start:
            known = {compiled.index[v]: value for v, value in start.items() if v in compiled.index}
            highs.setSolution(
                len(known), np.array(list(known), dtype=np.int32), np.array(list(known.values()), dtype=np.float64)
            )
        incumbents: list[tuple[float, float]] = []

        def note(event: Any) -> None:
            incumbents.append((time.perf_counter() - began, float(event.data_out.objective_function_value)))

        highs.cbMipImprovingSolution += note
        highs.run()
        info, status = highs.getInfo(), highs.getModelStatus()
        reason = highs.modelStatusToString(status).lower()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        x = np.array(highs.getSolution().col_value) if found else None
        if x is not None:
            excess, row = compiled.worst_row(x)
            if not excess <= RESIDUAL:
                x, found, reason = None, False, f"the solver's incumbent breaks {row} by {excess:.2g}"
        optimal = found and status == highspy.HighsModelStatus.kOptimal
        integer = highspy.HighsVarType.kInteger in compiled.lp.integrality_
        bound = float(info.mip_dual_bound) if integer else float(info.objective_function_value)
        return Solution(
            status="optimal" if optimal else "feasible" if found else "none",
            objective=float(info.objective_function_value) if found else math.nan,
            bound=bound if math.isfinite(bound) else math.nan,
            seconds=time.perf_counter() - began,
            nodes=max(0, int(info.mip_node_count)),
            reason=reason,
            incumbents=tuple(incumbents),
        ), x


def _load(compiled: Compiled, x: NDArray[np.float64] | None) -> None:
    for variable, value in zip(compiled.columns, () if x is None else x.tolist(), strict=x is not None):
        variable.set_value(value, skip_validation=True)


def _proofs(best: Solution, solves: Sequence[Solution]) -> int:
    """How many solves call themselves optimal with a bound that the best incumbent respects."""
    tolerance = 1e-6 * max(1.0, abs(best.objective))
    return sum(s.status == "optimal" and best.objective <= s.bound + tolerance for s in solves)
