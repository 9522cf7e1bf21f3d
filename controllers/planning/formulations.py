"""In which form (41) is stated and solved: a row of ``FORMULATIONS`` for each ``dispatch_centre.formulation``.

Whatever form decides, its decisions and powers end in the compact model of the stage: who reads plans, dispatches and
repairs knows that one only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..milp.literal.planning import solve_literal
from ..milp.problem import Horizon
from ..milp.stricter_limits import NOTHING_KNOWN
from ..solver.highs import Solution
from ..solver.neighbourhoods import LARGE, solve_large
from .stage import Stage
from .warm_start import PreviousPlan, start_values


class Formulation(Protocol):
    """A form of (41)."""

    @property
    def holds_voltages(self) -> bool:
        """Whether it decides with voltages and flows inside sections from the start."""
        ...

    def solve(self, stage: Stage, horizon: Horizon, before: PreviousPlan | None, until: float) -> Solution:
        """Solve a horizon, which the stage's model holds already, and load what was decided into that model.

        ``before``: the plan to start from. ``until``: when to stop, by ``time.perf_counter()``.
        """
        ...


class Compact:
    """Sections and a spanning forest; from ``LARGE`` sections on neighbourhoods are searched first."""

    holds_voltages = False

    def solve(self, stage: Stage, horizon: Horizon, before: PreviousPlan | None, until: float) -> Solution:
        options = horizon.graph.options
        start = start_values(stage.model, horizon, before)
        if len(stage.model.S) >= LARGE:
            return solve_large(stage.solver, stage.model, start, options, until)
        return (stage.solver.solve_checked if options.check_optimum else stage.solver.solve)(start, until=until)


class Literal:
    """As printed. What checks have taught it cannot say, so a repaired plan is the compact form's."""

    holds_voltages = True

    def solve(self, stage: Stage, horizon: Horizon, before: PreviousPlan | None, until: float) -> Solution:
        if horizon.tightened != NOTHING_KNOWN:
            return FORMULATIONS["compact"].solve(stage, horizon, before, until)
        wanted = stage.wanted
        kind = {"static": wanted.static, "growing": wanted.growing, "closing": wanted.closing}
        return solve_literal(horizon, kind, stage.model, until)


FORMULATIONS: Mapping[str, Formulation] = {"compact": Compact(), "literal": Literal()}
"""Formulation by its name in the scenario."""
