"""One plan without a run: what the dispatch centre decides when it first can, from the messages it has then."""

from __future__ import annotations

from dataclasses import replace

from ...controllers.centre.dispatch_centre import DispatchCentre
from ...controllers.gateways.gateway import EnergyGateway
from ...controllers.planning.planner import PlanRecord
from ...controllers.solver.highs import check_options
from ...controllers.strategies.named import UnsuitableStrategyError, strategy_named
from ...controllers.strategies.strategy import Strategy
from ...scenarios.case import Case
from ..series.profiles import Profiles
from ..world.grid import Grid
from .plan_check import PlanJudge
from .strategy_case import case_under


def plan_once(case: Case, strategy: str) -> PlanRecord:
    """The first plan of a run under ``strategy``, made from the forecast of the time when it begins; the plan carries
    its note.

    Raises ``StrategyError`` and ``SolverOptionError`` before anything is computed.
    """
    chosen = strategy_named(strategy, case.scenario.dispatch_centre)
    if not chosen.has_centre:
        raise UnsuitableStrategyError(f"strategy {strategy!r} has no dispatch centre, so it makes no plan")
    check_options(case.scenario.dispatch_centre.solver_options)
    record = first_plan(case, chosen)
    return replace(record, plan=record.plan.model_copy(update={"note": record.note}))


def first_plan(case: Case, chosen: Strategy) -> PlanRecord:
    """The first plan of a strategy that has a dispatch centre."""
    case = case_under(case, chosen)
    profiles, grid = Profiles(case), Grid(case)
    now = float(case.scenario.first_step_min - case.scenario.lead_min)
    measured = grid.measurements()
    messages = {
        la: EnergyGateway(case.view, la, case.scenario, per_device=chosen.per_device).assess(
            measured[la], profiles.forecast(la, now), now
        )
        for la in case.view.local_areas
    }
    centre = DispatchCentre(case.view, case.scenario, chosen, PlanJudge(case, profiles))
    centre.receive(messages, grid.switch_states())
    record = centre.decide(now).issued
    assert record is not None, "the first decision always issues a plan"
    return record
