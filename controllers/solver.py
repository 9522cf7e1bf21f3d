"""HiGHS under discipline: one thread, a fixed seed, node limits, and always incumbent, bound and status."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import highspy
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
        self._options = {"threads": 1, "random_seed": 0, **options}
        self._time_limit_s = time_limit_s
        self._solver = SolverFactory("highs")

    def solve(self) -> Solution:
        """Solve the model as it stands and load the incumbent into its variables, if there is one."""
        began = time.perf_counter()
        results: Any = self._solver.solve(
            self.model,
            load_solutions=False,
            raise_exception_on_nonoptimal_result=False,
            time_limit=None if math.isinf(self._time_limit_s) else self._time_limit_s,
            solver_options=self._options,
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
