"""A plan that is there before a horizon is planned: the solve starts from it, and what is found is held against it.

It is one in force, of which the remaining steps are meant, or one of fewer choices for the same horizon. Its
decisions are valued in the model of that horizon, by its forecast and state, powers chosen anew; where they break a
limit now it is a start that may fail, as any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..exchange.plan import Plan
from ..milp.problem import AreaGraph, Horizon
from ..solver.highs import Solution
from .stage import Stage
from .warm_start import PreviousPlan, start_values

if TYPE_CHECKING:
    from .formulations import Formulation

TIE = 1e-6
"""Relative difference of objectives that is none."""


@dataclass(frozen=True)
class AtHand:
    """A plan at hand, by a name to tell it by; another one is preferred if it is worth more than ``leave_for_kwh``
    more."""

    decided: PreviousPlan
    name: str
    leave_for_kwh: float = 0.0

    @classmethod
    def of(cls, plan: Plan, horizon: Horizon, graph: AreaGraph, name: str, leave_for_kwh: float = 0.0) -> AtHand:
        """Of a plan that was made for a horizon, to be used with a graph that may know more by now."""
        return cls(PreviousPlan.of_plan(plan, horizon, graph), name, leave_for_kwh)


def solve_from(
    at_hand: AtHand, formulation: Formulation, stage: Stage, horizon: Horizon, until: float
) -> tuple[Solution, str]:
    """Solve a horizon, which the stage's model holds already, from a plan at hand; and what to tell if it was kept.

    What was decided is in the stage's model then. The bound is that of the solve, whichever plan was taken.
    """
    start = start_values(stage.model, horizon, at_hand.decided)
    known, values = stage.solver.completed(start, until=until)
    found = formulation.solve(stage, horizon, at_hand.decided, until)
    if values is None:
        return found, ""
    gain_kwh = found.objective - known.objective
    if found.status != "none" and gain_kwh > at_hand.leave_for_kwh + TIE * max(1.0, abs(known.objective)):
        return found, ""
    stage.solver.load(values)
    told = f"kept {at_hand.name}"
    if gain_kwh > TIE * max(1.0, abs(known.objective)):
        told += f", another would be worth {gain_kwh:.3g} kWh more"
    return _as_kept(known, found, horizon.graph.options.mip_gap), told


def _as_kept(known: Solution, found: Solution, gap: float) -> Solution:
    """The solution of a plan that was kept: its objective under the bound of what was searched, proven if that is."""
    proven = found.status == "optimal" and found.bound - known.objective <= max(gap * abs(known.objective), TIE)
    reason = found.reason if proven or found.status != "optimal" else ""  # that it was kept says it
    return replace(
        found,
        status="optimal" if proven else "feasible",
        objective=known.objective,
        reason=reason,
        seconds=found.seconds + known.seconds,
        nodes=found.nodes + known.nodes,
        cut_by_clock=found.cut_by_clock or known.cut_by_clock,
    )
