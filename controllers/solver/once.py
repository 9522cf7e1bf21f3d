"""A small model solved once by HiGHS, one thread and a fixed seed: no incumbents, no bound, an optimum or nothing."""

# pyright: basic
from __future__ import annotations

from typing import Any

from pyomo.contrib.solver.common.factory import SolverFactory
from pyomo.contrib.solver.common.results import SolutionStatus

from ...scenarios.errors import UnsolvedError
from .highs import silence_banner


def solve_once(model: Any) -> None:
    """Load an optimum into a Pyomo model. Raises UnsolvedError, with the solver's reason, if HiGHS proves none."""
    silence_banner()
    result = SolverFactory("highs").solve(
        model,
        load_solutions=False,
        raise_exception_on_nonoptimal_result=False,
        threads=1,
        rel_gap=0.0,
        solver_options={"random_seed": 0},
    )
    if result.solution_status is not SolutionStatus.optimal:
        raise UnsolvedError(f"{model.name} not solved: {result.termination_condition.name}")
    loader: Any = result.solution_loader
    loader.load_vars()
