"""HiGHS under discipline: one thread, a fixed seed, node limits, and always incumbent, bound and status."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import highspy
import pyomo.environ as pyo
from pyomo.contrib.solver.common.factory import SolverFactory
from pyomo.contrib.solver.common.results import SolutionStatus, TerminationCondition

SolveStatus = Literal["optimal", "feasible", "none"]


class SolverOptionError(ValueError):
    """A solver option that HiGHS does not know, or a value it refuses (HiGHS itself would ignore it silently)."""


@dataclass(frozen=True)
class Solution:
    """Outcome of a solve: status, incumbent and bound of the objective (NaN without incumbent), wall seconds, nodes."""

    status: SolveStatus
    objective: float
    bound: float
    seconds: float
    nodes: int
    reason: str


def check_options(options: Mapping[str, Any]) -> None:
    """Raise ``SolverOptionError`` for the first option that HiGHS refuses."""
    trial = highspy.Highs()
    trial.setOptionValue("log_to_console", False)
    for name, value in options.items():
        if trial.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise SolverOptionError(f"HiGHS does not take option {name} = {value!r}; see its option list")


class KeptSolver:
    """A HiGHS instance that keeps one Pyomo model, so that a re-solve passes on only what changed."""

    def __init__(self, model: Any, options: Mapping[str, Any], time_limit_s: float = math.inf) -> None:
        check_options(options)
        self.model = model
        # Options stick to HiGHS between solves, so each solve states those that another one may have changed.
        self._options = {"threads": 1, "random_seed": 0, "presolve": "choose", **options}
        self._time_limit_s = time_limit_s
        self._solver = SolverFactory("highs")

    def solve(self, **options: Any) -> Solution:
        """Solve the model as it stands and load the incumbent into its variables, if there is one.

        ``options`` replace the solver's own for this solve; they must be ones that the constructor states.
        """
        began = time.perf_counter()
        results: Any = self._solver.solve(
            self.model,
            load_solutions=False,
            raise_exception_on_nonoptimal_result=False,
            time_limit=None if math.isinf(self._time_limit_s) else self._time_limit_s,
            solver_options=self._options | options,
        )
        found = results.solution_status in (SolutionStatus.optimal, SolutionStatus.feasible)
        if found:
            results.solution_loader.load_vars()
        proven = results.termination_condition == TerminationCondition.convergenceCriteriaSatisfied
        return Solution(
            status="optimal" if found and proven else "feasible" if found else "none",
            objective=float(results.incumbent_objective) if found else math.nan,
            bound=math.nan if results.objective_bound is None else float(results.objective_bound),
            seconds=time.perf_counter() - began,
            nodes=int(getattr(results.extra_info, "mip_node_count", 0) or 0),
            reason=str(results.termination_condition),
        )

    def solve_checked(self) -> Solution:
        """Solve a maximisation, then again without presolve; keep the best incumbent, proven if two solves say so.

        HiGHS 1.15 was seen to call wrong plans optimal, or feasible problems infeasible, on about one small case in a
        thousand with presolve and on others without. A third solve decides where the first two contradict each other.
        """
        solves: list[Solution] = []
        best, values = None, {}
        for options in ({}, {"presolve": "off"}, {"random_seed": 7}):
            solution = self.solve(**options)
            solves.append(solution)
            if solution.status != "none" and (best is None or solution.objective > best.objective):
                best, values = solution, {id(v): v.value for v in self.model.component_data_objects(pyo.Var)}
            if len(solves) == 2 and (best is None or self._proofs(best, solves) == 2):
                break
        seconds, nodes = sum(s.seconds for s in solves), sum(s.nodes for s in solves)
        if best is None:
            return replace(solves[0], seconds=seconds, nodes=nodes)
        for variable in self.model.component_data_objects(pyo.Var):
            variable.set_value(values[id(variable)], skip_validation=True)
        proven = self._proofs(best, solves) >= 2
        contradicted = not proven and any(s.status == "optimal" for s in solves)
        return Solution(
            status="optimal" if proven else "feasible",
            objective=best.objective,
            bound=max([best.objective, *(s.bound for s in solves if s.status != "none" and not math.isnan(s.bound))]),
            seconds=seconds,
            nodes=nodes,
            reason="the solver contradicts itself" if contradicted else best.reason,
        )

    @staticmethod
    def _proofs(best: Solution, solves: Sequence[Solution]) -> int:
        """How many solves call themselves optimal with a bound that the best incumbent respects."""
        tolerance = 1e-6 * max(1.0, abs(best.objective))
        return sum(s.status == "optimal" and best.objective <= s.bound + tolerance for s in solves)
