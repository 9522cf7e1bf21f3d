"""One plan without a run: what the dispatch centre decides at the fault time, from the messages it has then."""

from __future__ import annotations

from controllers.dispatch_centre import DispatchCentre
from controllers.gateway import EnergyGateway
from controllers.planner import PlanRecord
from controllers.solver import check_options
from controllers.strategies import strategy_named
from scenarios.case import Case
from sim.grid import Grid
from sim.profiles import Profiles


def plan_once(case: Case, strategy: str) -> PlanRecord:
    """The first plan of a run under ``strategy``, made from the forecast at the fault time.

    Raises ``UnknownStrategyError`` and ``SolverOptionError`` before anything is computed.
    """
    chosen = strategy_named(strategy)
    check_options(case.scenario.dispatch_centre.solver_options)
    profiles, grid = Profiles(case), Grid(case)
    measured = grid.measurements()
    messages = {
        la: EnergyGateway(case.view, la, case.scenario).assess(measured[la], profiles.forecast(la, 0.0), 0.0)
        for la in case.view.local_areas
    }
    centre = DispatchCentre(case.view, case.scenario, chosen)
    centre.receive(messages, grid.switch_states())
    record = centre.decide(0.0).issued
    assert record is not None, "the first decision always issues a plan"
    return record
