"""HiGHS under discipline: one thread, a fixed seed, node limits, and always incumbent, bound and status.

A Pyomo model is compiled to arrays and handed to HiGHS directly: that takes a start, reports each incumbent as it is
found, and lets this module check every incumbent against the rows by itself.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import highspy
import numpy as np
from numpy.typing import NDArray
from pyomo.common.errors import InfeasibleConstraintException

from ...scenarios.errors import InputError
from ...scenarios.schema.solver_options import DECIDED, option_problems, refused
from .compiled import Compiled
from .ctrl_c import held_back
from .mirror import Mirror

SolveStatus = Literal["optimal", "feasible", "none"]
RESIDUAL = 1e-5
"""Largest violation of a row by an incumbent; HiGHS itself is told 1e-6 of a scaled row."""

TIME_OVER = "time_limit_s reached"
NODES_OVER = "node_limit reached"


class SolverOptionError(InputError):
    """A solver option that HiGHS does not know, or a value it refuses (HiGHS itself would ignore it silently)."""


@dataclass(frozen=True)
class Solution:
    """Outcome of a solve: status, incumbent and bound of the objective (NaN where there is none), wall seconds, nodes.

    ``reason`` is the solver's last word, a limit by its name in the scenario. ``incumbents`` are the improving ones
    as (wall seconds since the solve began, objective). ``cut_by_clock``: the time limit stopped some part of the solve,
    so that another machine may find another plan, proven or not.
    """

    status: SolveStatus
    objective: float
    bound: float
    seconds: float
    nodes: int
    reason: str
    incumbents: tuple[tuple[float, float], ...] = ()
    cut_by_clock: bool = False


def check_options(options: Mapping[str, Any]) -> None:
    """Raise ``SolverOptionError`` naming all options of the solver that a scenario may not set."""
    if wrong := option_problems(options):
        raise SolverOptionError("; ".join(f"{name} = {options[name]!r}: {remedy}" for name, remedy in wrong.items()))


@cache
def silence_banner() -> None:
    """Make the first HiGHS of the process with the standard output shut: 1.16 prints its name there when it is made,
    before any option can forbid it."""
    try:
        shown = os.dup(1)
    except OSError:  # there is no standard output
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()
    finally:
        os.dup2(shown, 1)
        os.close(nowhere)
        os.close(shown)


def configured(options: Mapping[str, Any]) -> highspy.Highs:
    """A silent HiGHS with these options.

    Raises ``SolverOptionError`` for the first one that it refuses, and for ``threads`` other than 1: HiGHS solves
    nothing more once a process has used two numbers of threads.
    """
    silence_banner()
    highs = highspy.Highs()
    highs.setOptionValue("log_to_console", False)
    for name, value in options.items():
        if name == "threads" and value != 1:
            raise SolverOptionError(f"{name} = {value!r}: {DECIDED[name]}")
        if highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise SolverOptionError(f"{name} = {value!r}: {refused(name, value)}")
    return highs


def run_stoppable(highs: highspy.Highs) -> None:
    """Run HiGHS; Ctrl-C asks it to stop, which a search does at its next node or so, and takes effect then."""
    stop = False

    def ask() -> None:
        nonlocal stop
        stop = True

    def answer(event: Any) -> None:
        if stop:
            event.interrupt()

    for callback in (highs.cbMipInterrupt, highs.cbIpmInterrupt):
        callback.subscribe(answer)
    with held_back(ask):
        highs.run()


DISCIPLINE: Mapping[str, Any] = {"threads": 1, "random_seed": 0}
VERIFY: Mapping[str, Any] = {"random_seed": 7}
"""The second solve goes another way: HiGHS errs with presolve on some cases and without it on others, so it gets the
model ``mirrored``, which presolve reduces in another order. Without presolve, plans by area take 15 times as long."""
DECIDE: Mapping[str, Any] = {"random_seed": 11, "presolve": "off", "mip_heuristic_effort": 0.1}
"""The third solve, where the first two contradict each other."""
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
        """``time_limit_s`` is for each call of ``solve`` or ``solve_checked``.

        Raises ``SolverOptionError`` for an option that HiGHS does not take.
        """
        configured(options)
        self.model = model
        self._options, self._time_limit_s = dict(DISCIPLINE) | dict(options), time_limit_s
        self._compiled: Compiled | None = None

    def compiled(self) -> Compiled:
        """The arrays of the model as it now stands. Raises ``InfeasibleConstraintException`` if a row cannot hold."""
        if self._compiled is None:
            self._compiled = Compiled(self.model)
        else:
            self._compiled.refresh()
        return self._compiled

    def _as_it_stands(self, began: float) -> Compiled | Solution:
        """The arrays of the model; how a solve ends at once if a row cannot hold."""
        try:
            return self.compiled()
        except InfeasibleConstraintException as error:
            return Solution("none", math.nan, math.nan, time.perf_counter() - began, 0, f"infeasible: {error}")

    def solve(
        self, start: Mapping[int, float] | None = None, *, until: float | None = None, **options: Any
    ) -> Solution:
        """Solve the model as it stands and load the incumbent into its variables, if there is one.

        ``start`` gives some variables' values by ``id``; HiGHS completes it, or drops it where it is infeasible.
        ``until`` is when to stop, by ``time.perf_counter()``; None: after the solver's time limit. ``options`` replace
        the solver's own for this solve.
        """
        began = time.perf_counter()
        compiled = self._as_it_stands(began)
        if isinstance(compiled, Solution):
            return compiled
        until = began + self._time_limit_s if until is None else until
        solution, x = self._run(compiled, start or {}, options, began, until)
        if x is not None:
            compiled.load(x)
        return solution

    def solve_checked(
        self, start: Mapping[int, float] | None = None, *, until: float | None = None, **limits: Any
    ) -> Solution:
        """Solve a maximisation, then again in another way; keep the best incumbent, proven if two solves say so.

        HiGHS 1.15 was seen to call wrong plans optimal, or feasible problems infeasible, on about one small case in a
        thousand with presolve and on others without; 1.16 to hand out another solution than the one it tells of. A
        third solve decides where the first two contradict each other.
        ``until`` bounds all of them together; ``limits`` replace options of the solver in each of them.
        """
        began = time.perf_counter()
        compiled = self._as_it_stands(began)
        if isinstance(compiled, Solution):
            return compiled
        until = began + self._time_limit_s if until is None else until
        solves: list[Solution] = []
        best, values = math.nan, None
        for options in ({}, VERIFY, DECIDE):
            proving = {} if values is None else QUICK_PROOF
            solution, x = self._run(
                compiled, start or {} if values is None else values, {**limits, **proving, **options}, began, until,
                mirrored=options is VERIFY,
            )  # fmt: skip
            solves.append(solution)
            if x is not None and (values is None or solution.objective > best):
                best, values = solution.objective, x
            if len(solves) == 2 and (values is None or len(_proofs(best, solves)) == 2):
                break
        if values is not None:
            compiled.load(values)
        return replace(agreed(solves), seconds=time.perf_counter() - began)

    def completed(
        self, decided: Mapping[int, float], *, until: float | None = None
    ) -> tuple[Solution, NDArray[np.float64] | None]:
        """The best of the model with some variables, given by ``id``, at these values; to ``load``, if there is any."""
        began = time.perf_counter()
        compiled = self._as_it_stands(began)
        if isinstance(compiled, Solution):
            return compiled, None
        until = began + self._time_limit_s if until is None else until
        return self._run(compiled, decided, {}, began, until, held=True)

    def load(self, values: NDArray[np.float64]) -> None:
        """Give the model's variables the values of ``completed``, as long as its data have not changed since."""
        assert self._compiled is not None, "nothing was solved yet"
        self._compiled.load(values)

    def _run(
        self,
        compiled: Compiled,
        start: Mapping[int, float] | NDArray[np.float64],
        options: Mapping[str, Any],
        began: float,
        until: float,
        *,
        held: bool = False,
        mirrored: bool = False,
    ) -> tuple[Solution, NDArray[np.float64] | None]:
        """One run of HiGHS from a start: what came out, and the incumbent if it keeps every row.

        ``held``: the columns of the start keep their values, which may be against their bounds. ``mirrored``: HiGHS
        gets the problem as a mirror shows it.
        """
        left = until - time.perf_counter()
        if left <= 0:
            return Solution("none", math.nan, math.nan, time.perf_counter() - began, 0, TIME_OVER, (), True), None
        highs = configured(self._options | dict(options) | ({} if math.isinf(left) else {"time_limit": left}))
        lp = compiled.lp()
        if isinstance(start, Mapping):
            known = {compiled.column(v): value for v, value in start.items() if compiled.column(v) is not None}
            columns, values = np.array([*known], dtype=np.int32), np.array([*known.values()], dtype=float)
        else:
            columns, values = np.arange(len(start), dtype=np.int32), start
        if held:
            low, high = np.array(lp.col_lower_), np.array(lp.col_upper_)
            if ((values < low[columns]) | (values > high[columns])).any():
                told = "infeasible: a bound is against what was decided"
                return Solution("none", math.nan, math.nan, time.perf_counter() - began, 0, told), None
            low[columns] = high[columns] = values
            lp.col_lower_, lp.col_upper_ = low, high
        mirror = Mirror(lp) if mirrored else None
        highs.passModel(lp if mirror is None else mirror.lp)
        if len(columns):
            highs.setSolution(len(columns), *((columns, values) if mirror is None else mirror.into(columns, values)))
        incumbents: list[tuple[float, float]] = []

        def note(event: Any) -> None:
            incumbents.append((time.perf_counter() - began, float(event.data_out.objective_function_value)))

        highs.cbMipImprovingSolution += note
        run_stoppable(highs)
        info, status = highs.getInfo(), highs.getModelStatus()
        reason = _in_words(highs, status)
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        x = np.array(highs.getSolution().col_value) if found else None
        if x is not None:
            x = x if mirror is None else mirror.back(x)
            excess, row = compiled.worst_row(x)
            if not excess <= RESIDUAL:
                x, found, reason = None, False, f"the solver's incumbent breaks {row} by {excess:.2g}"
        objective = compiled.objective(x) if x is not None else math.nan
        claimed = float(info.objective_function_value)
        optimal = found and status == highspy.HighsModelStatus.kOptimal
        if x is not None and not abs(objective - claimed) <= RESIDUAL * max(1.0, abs(claimed)):
            # HiGHS 1.16 was seen to hand out the start in place of the optimum that it had found; so without a start.
            if len(columns) and not held:
                return self._run(compiled, {}, options, began, until, mirrored=mirrored)
            optimal, reason = False, f"the solver's incumbent is worth {objective:.6g}, not {claimed:.6g} as it says"
        bound = float(info.mip_dual_bound if compiled.is_mip else info.objective_function_value)
        return Solution(
            status="optimal" if optimal else "feasible" if found else "none",
            objective=objective,
            bound=bound if math.isfinite(bound) else math.nan,
            seconds=time.perf_counter() - began,
            nodes=max(0, int(info.mip_node_count)),
            reason=reason,
            incumbents=tuple(incumbents),
            cut_by_clock=status == highspy.HighsModelStatus.kTimeLimit,
        ), x


def _in_words(highs: highspy.Highs, status: highspy.HighsModelStatus) -> str:
    """How a solve ended; a limit by its name in the scenario."""
    if status == highspy.HighsModelStatus.kTimeLimit:
        return TIME_OVER
    # HiGHS says "solution limit" of nodes too.
    if status == highspy.HighsModelStatus.kSolutionLimit:
        _, most_nodes = highs.getOptionValue("mip_max_nodes")
        if isinstance(most_nodes, int) and highs.getInfo().mip_node_count >= most_nodes:
            return NODES_OVER
    return highs.modelStatusToString(status).lower()


def agreed(solves: Sequence[Solution]) -> Solution:
    """What solves of one maximisation say together: the best incumbent, and a bound.

    Two solves that call themselves optimal, with bounds that the best incumbent keeps, prove it; the bound is then
    theirs. Otherwise it is the weakest of all, and ``reason`` tells which limits were reached; or that the solves
    contradict each other, if the best incumbent lies above a bound or was found where another says infeasible.
    """
    nodes, incumbents = sum(s.nodes for s in solves), tuple(i for s in solves for i in s.incumbents)
    cut = any(s.cut_by_clock for s in solves)
    found = [s.objective for s in solves if s.status != "none"]
    if not found:
        return replace(solves[0], nodes=nodes, incumbents=incumbents, cut_by_clock=cut)
    best = max(found)
    proofs = _proofs(best, solves)
    proven = len(proofs) >= 2
    bounds = [s.bound for s in (proofs if proven else solves) if s.status != "none" and not math.isnan(s.bound)]
    reasons = dict.fromkeys(s.reason for s in solves if s.status != "optimal")
    if any(_contradicts(s, best) for s in solves):
        reasons = {"the solver contradicts itself": None} | reasons
    return Solution(
        status="optimal" if proven else "feasible",
        objective=best,
        bound=max(best, *bounds) if bounds else math.nan,
        seconds=sum(s.seconds for s in solves),
        nodes=nodes,
        reason="optimal" if proven else "; ".join(reasons),
        incumbents=incumbents,
        cut_by_clock=cut,
    )


def _tolerance(objective: float) -> float:
    return 1e-6 * max(1.0, abs(objective))


def _proofs(best: float, solves: Sequence[Solution]) -> list[Solution]:
    """The solves that call themselves optimal with a bound that the best incumbent respects."""
    return [s for s in solves if s.status == "optimal" and best <= s.bound + _tolerance(best)]


def _contradicts(solve: Solution, best: float) -> bool:
    return solve.bound < best - _tolerance(best) or (solve.status == "none" and "infeasible" in solve.reason)
