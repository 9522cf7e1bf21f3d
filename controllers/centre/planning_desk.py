"""Where the dispatch centre's plans are made: the planner for a network, and what is asked of its plans beside it."""

from __future__ import annotations

from dataclasses import replace

from ...scenarios.schema.scenario import Scenario
from ...scenarios.view import GridView
from ..exchange.plan import PlanChecker
from ..milp.problem import AreaGraph, Horizon
from ..planning.at_hand import TIE, AtHand
from ..planning.dark_reasons import why_dark
from ..planning.planner import Planner, PlanRecord
from ..planning.repair import PlanRepair, Repairable, reported
from ..planning.shares import NoDispatchFound, SourceIntervals
from ..planning.source_bounds import SourceBounds
from ..planning.stage import Wanted
from ..solver.highs import TIME_OVER
from ..strategies.strategy import PlanMaker, Strategy
from .look_ahead import longest_horizon


class PlanningDesk:
    """Plans for one network; a network that has changed gets a new one."""

    def __init__(self, view: GridView, scenario: Scenario, strategy: Strategy) -> None:
        self._scenario, self._strategy = scenario, strategy
        options, steps = scenario.dispatch_centre, longest_horizon(scenario)
        kind = {"static": strategy.static_plan, "growing": strategy.growing_plan, "closing": strategy.closing_plan}
        self.graph = AreaGraph.of(view, scenario, per_device=strategy.per_device)
        self._planner: PlanMaker = (
            strategy.planner(self.graph, steps)
            if strategy.planner
            else Planner(self.graph, steps, constant_power=strategy.constant_power, **kind)
        )
        self._wanted = Wanted(steps, constant_power=strategy.constant_power, **kind)
        self._intervals = SourceIntervals(self.graph, steps) if options.source_intervals else None
        proven = options.source_intervals and options.source_bounds
        self._bounds = SourceBounds(self.graph, Wanted(steps, **kind)) if proven else None
        climbs = strategy.starts_from if strategy.growing_plan or options.climb else None
        climbs = replace(climbs, per_device=strategy.per_device) if climbs else None  # messages are of one kind
        self._below = PlanningDesk(view, scenario, climbs) if climbs else None
        """plans with fewer choices, from which the first one starts"""

    def plan(
        self, horizon: Horizon, checker: PlanChecker | None, at_hand: AtHand | None = None, *, first: bool = True
    ) -> PlanRecord:
        """A plan, judged and repaired as asked, and signed; plans of a planner that cannot be told what they break,
        and of one without some family of constraints, are judged only.

        ``at_hand``: the plan in force, to start from and to be worth more than. The ``first`` plan starts from the one
        of fewer choices, if there is such a desk, and is not worth less. It is told why it
        restores nothing, or why the first one leaves out sections that could be alone.
        """
        record = self._signed(horizon, checker, at_hand, first=first)
        if record.solution.status == "none":
            return record  # the note tells already what the horizon lacks, or that the solver was stopped
        by_rules = not isinstance(self._planner, Planner)
        why = why_dark(record.plan, horizon, self._wanted, by_rules=by_rules, sections=first)
        told = replace(record, plan=record.plan.model_copy(update={"note": why})) if why else record
        return told.noted(why)

    def _signed(
        self, horizon: Horizon, checker: PlanChecker | None, at_hand: AtHand | None = None, *, first: bool = True
    ) -> PlanRecord:
        below = self._below._signed(horizon, checker) if first and self._below and not at_hand else None
        if below and below.plan.status != "fallback":
            at_hand = AtHand.of(below.plan, below.horizon, self.graph, f"plan of {below.plan.strategy}")
        if isinstance(self._planner, Planner):
            self._planner.start_from(at_hand)
        record = self._made(horizon, checker)
        record = not_below(record, below) if below else record
        names = {"scenario": self._scenario.name, "strategy": self._strategy.name}
        return replace(record, plan=record.plan.model_copy(update=names))

    def _made(self, horizon: Horizon, checker: PlanChecker | None) -> PlanRecord:
        options = self._scenario.dispatch_centre
        repairs = options.verify == "repair" and not options.without
        if checker and repairs and isinstance(self._planner, Repairable):
            return PlanRepair(self._planner, checker, options.repair_rounds).plan(horizon)
        record = self._planner.plan(horizon)
        return reported(record, checker) if checker else record

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


def not_below(record: PlanRecord, below: PlanRecord) -> PlanRecord:
    """A plan, or the one of fewer choices where that is worth more in the end: what checks took from it may be more.

    The bound is that of more choices, or what the plan itself is worth.
    """
    least, worth = below.plan.objective, record.plan.objective
    cut = record.solution.cut_by_clock or below.solution.cut_by_clock
    solution = replace(record.solution, cut_by_clock=cut)
    if least is None or (worth is not None and least <= worth + TIE * max(1.0, abs(worth))):
        return replace(record, solution=solution)
    bounds = [bound for bound in (record.plan.bound, least) if bound is not None]
    plan = below.plan.model_copy(update={"bound": max(bounds), "status": "feasible"})
    kept = replace(below, plan=plan, solution=solution, kept=True, note="")
    return kept.noted(f"kept plan of {below.plan.strategy}, worth more than what was left after checks").noted(
        below.note
    )
