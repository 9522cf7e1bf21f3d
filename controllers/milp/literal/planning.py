"""Planning with the literal form: it decides, the compact form takes its decisions over and carries the powers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ....scenarios.errors import RelightError
from ...solver.highs import KeptSolver, Solution
from ..model import Model
from ..problem import Horizon
from .decisions import fix_compact, read_literal, unfix_compact
from .model import build_literal


class FormsDifferError(RelightError):
    """The compact form has no powers for what the literal form decided: one of them is wrong."""


def solve_literal(horizon: Horizon, wanted: Mapping[str, bool], compact: Model, until: float) -> Solution:
    """Solve the literal form of a horizon under the options of the dispatch centre, and load it into the compact model.

    ``wanted``: what kind of plan, as ``build_literal`` takes it. ``compact`` is the detailed compact model with its
    horizon set; with the decisions fixed its powers and voltages follow, and whoever reads plans need know one form
    only. ``until`` is when to stop, by ``time.perf_counter()``. Raises ``FormsDifferError``.
    """
    options = horizon.graph.options
    literal = build_literal(horizon, **wanted)
    limits = {"mip_rel_gap": options.mip_gap, "mip_max_nodes": options.node_limit}
    solver = KeptSolver(literal, limits | options.solver_options)
    solution = (solver.solve_checked if options.check_optimum else solver.solve)(until=until)
    if solution.status == "none":
        return solution
    fix_compact(compact, read_literal(literal))
    # A linear problem: without it the decisions would be no plan, so it has no limit of time.
    powers = KeptSolver(compact, limits | options.solver_options).solve_checked()
    unfix_compact(compact)
    if powers.status == "none":
        raise FormsDifferError(f"the compact form refuses a plan of the literal one: {powers.reason}")
    return replace(solution, seconds=solution.seconds + powers.seconds, nodes=solution.nodes + powers.nodes)
