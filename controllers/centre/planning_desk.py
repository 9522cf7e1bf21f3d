"""Where the dispatch centre's plans are made: the planner for a network, and what is asked of its plans beside it."""

from __future__ import annotations

from dataclasses import replace

from ...scenarios.schema.scenario import Scenario
from ...scenarios.view import GridView
from ..exchange.plan import PlanChecker
from ..milp.problem import AreaGraph, Horizon
from ..planning.planner import Planner, PlanRecord
from ..planning.repair import PlanRepair, Repairable, reported
from ..planning.shares import NoDispatchFound, SourceIntervals
from ..planning.source_bounds import SourceBounds
from ..solver.highs import TIME_OVER
from ..strategies.strategy import PlanMaker, Strategy
from .look_ahead import longest_horizon


class PlanningDesk:
    """Plans for one network; a network that has changed gets a new one."""

    def __init__(self, view: GridView, scenario: Scenario, strategy: Strategy) -> None:
        self._scenario, self._strategy = scenario, strategy
        options, steps = scenario.dispatch_centre, longest_horizon(scenario)
        self.graph = AreaGraph.of(view, scenario, per_device=strategy.per_device)
        self._planner: PlanMaker = (
            strategy.planner(self.graph, steps)
            if strategy.planner
            else Planner(self.graph, steps, static=strategy.static_plan, constant_power=strategy.constant_power)
        )
        self._intervals = SourceIntervals(self.graph, steps) if options.source_intervals else None
        proven = options.source_intervals and options.source_bounds
        self._bounds = SourceBounds(self.graph, steps, static=strategy.static_plan) if proven else None

    def plan(self, horizon: Horizon, checker: PlanChecker | None) -> PlanRecord:
        """A plan, judged and repaired as asked, and signed; plans of a planner that cannot be told what they break,
        and of one without some family of constraints, are judged only."""
        options = self._scenario.dispatch_centre
        repairs = options.verify == "repair" and not options.without
        if checker and repairs and isinstance(self._planner, Repairable):
            record = PlanRepair(self._planner, checker, options.repair_rounds).plan(horizon)
        else:
            record = self._planner.plan(horizon)
            record = reported(record, checker) if checker else record
        names = {"scenario": self._scenario.name, "strategy": self._strategy.name}
        return replace(record, plan=record.plan.model_copy(update=names))

    def with_intervals(self, record: PlanRecord) -> PlanRecord:
        """If asked: the same plan with the least and largest energy of each source at its objective."""
        if self._intervals is None:
            return record
        try:
            found = self._intervals.of_plan(record.plan, record.horizon)
            proven = self._bounds.of_plan(record.plan, record.horizon) if self._bounds else {}
            for source, (low, high) in proven.items():
                found[source] = found[source].model_copy(update={"lower_bound": low, "upper_bound": high})
        except NoDispatchFound as error:
            return record.noted(f"no intervals: {error}")
        plan = record.plan.model_copy(update={"source_energy_kwh": found})
        cut = self._bounds is not None and self._bounds.cut_by_clock
        return replace(record, plan=plan).noted(f"bounds of sources: {TIME_OVER}" if cut else "")
