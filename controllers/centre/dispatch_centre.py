"""The dispatch centre: gathers PSC messages, plans, and orders switches and net power.

It sees what gateways and field terminals tell it, never the world itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...scenarios.schema.scenario import Scenario
from ...scenarios.view import GridView
from ..exchange.messages import NetPowerPlan, PscMessage, SwitchOrder, UnitSchedule
from ..exchange.plan import Plan, PlanChecker, PlanStep, UnitSetPoint
from ..milp.cold_load import tell_multiples
from ..milp.problem import AreaGraph, Horizon
from ..milp.stricter_limits import NOTHING_KNOWN, Tightened
from ..planning.planner import Planner, PlanRecord
from ..planning.repair import Repair, reported
from ..planning.shares import NoDispatchFound, SourceIntervals
from ..planning.source_bounds import SourceBounds
from ..solver.highs import TIME_OVER
from ..strategies.strategy import PlanMaker, Strategy
from .known_world import Facts, KnownWorld
from .transfers import with_transfers


@dataclass
class Decision:
    """What the dispatch centre sends out at one instant.

    ``issued`` is set when it has planned just now, with the reason in ``why``; ``net_power`` then holds an order per
    gateway. ``switches`` are sent at every start of a plan step.
    """

    switches: list[SwitchOrder] = field(default_factory=list)
    net_power: list[NetPowerPlan] = field(default_factory=list)
    issued: PlanRecord | None = None
    why: str = ""
    failed: str = ""
    """set when planning failed and the plan in force goes on"""
    cut_by_clock: bool = False
    """a time limit stopped some part of the planning: another machine may decide otherwise"""


class DispatchCentre:
    """The agent that restores: one per run.

    ``checker`` judges its plans before they are issued, as ``dispatch_centre.verify`` asks; without one nothing is
    checked. ``checker_of`` gives the checker for a network that has changed, where ``surprises`` can change it.
    """

    def __init__(
        self,
        view: GridView,
        scenario: Scenario,
        strategy: Strategy,
        checker: PlanChecker | None = None,
        checker_of: Callable[[GridView], PlanChecker] | None = None,
    ) -> None:
        self._scenario, self._strategy = scenario, strategy
        self._end_min = float(scenario.outage.duration_min)
        self._take_view(view, checker)
        self._checker_of = checker_of
        surprises = scenario.surprises
        self._known = KnownWorld(view, surprises.give_up_after) if surprises else None
        self._facts = self._known.facts if self._known else Facts()
        """what the planner knows by now"""
        self._psc: dict[str, PscMessage] = {}
        self._switch_closed: dict[str, bool] = {}
        self._faults: dict[str, list[str]] = {}
        self._plan: Plan | None = None
        self._step_in_force: PlanStep | None = None

    @property
    def plan(self) -> Plan | None:
        """The plan in force."""
        return self._plan

    def receive(
        self,
        messages: Mapping[str, PscMessage],
        switch_closed: Mapping[str, bool],
        faults: Mapping[str, list[str]] | None = None,
    ) -> None:
        """Take in PSC messages (by LA) and switch states reported by field terminals; older ones are replaced.

        ``faults``: switch → places of the faults its terminal saw; a terminal that reports without one sees none.
        """
        self._psc.update(messages)
        self._switch_closed.update(switch_closed)
        for switch in switch_closed:
            self._faults.pop(switch, None)
        self._faults.update(faults or {})

    def decide(self, time_min: float) -> Decision:
        """Plan if it is time to, and say what follows from the plan in force at this time."""
        decision = Decision(why=self._reason_to_plan(time_min, self._learn(time_min)))
        if decision.why:
            self._take_changes()
            record = self._handed_over(self._checked_plan(self._horizon(time_min)))
            if record.plan.status == "fallback" and self._plan is not None and time_min < self._plan.end_min:
                # Half a plan is better than none: the one in force goes on.
                decision.why, decision.failed, decision.cut_by_clock = "", record.note, _is_cut(record)
            else:
                if self._intervals and record.plan.status != "fallback":
                    record = self._with_intervals(record)
                decision.issued, self._plan, decision.cut_by_clock = record, record.plan, _is_cut(record)
                decision.net_power = net_power_plans(self._plan, self._view, per_device=self._strategy.per_device)
                if self._graph.cold_load:
                    tell_multiples(decision.net_power, record.plan, record.horizon)
        assert self._plan is not None
        step = self._plan.step_at(time_min)
        if decision.issued or step is not self._step_in_force:
            closed = set(step.closed_branches)
            decision.switches = [
                SwitchOrder(switch=b.id, closed=b.id in closed)
                for b in self._view.branches.values()
                if b.switchable and not b.faulted
            ]
        elif self._known:
            decision.switches = self._known.reminders()
        if self._known:
            self._known.note_orders(time_min, decision.switches)
        self._step_in_force = step
        return decision

    def planned_kw(self, time_min: float) -> dict[str, float]:
        """Demand that the plan in force says is served now, by LA."""
        if self._plan is None:
            return {}
        return {la: area.demand_kw for la, area in self._plan.step_at(time_min).local_areas.items() if area.demand_kw}

    def _take_view(self, view: GridView, checker: PlanChecker | None) -> None:
        """Plan with this network from now on."""
        scenario, strategy = self._scenario, self._strategy
        steps = longest_horizon(scenario)
        self._view = view
        self._graph = AreaGraph.of(view, scenario, per_device=strategy.per_device)
        self._planner: PlanMaker = (
            strategy.planner(self._graph, steps)
            if strategy.planner
            else Planner(self._graph, steps, static=strategy.static_plan, constant_power=strategy.constant_power)
        )
        self._checker = checker if scenario.dispatch_centre.verify != "off" else None
        asked = scenario.dispatch_centre.source_intervals
        self._intervals = SourceIntervals(self._graph, steps) if asked else None
        proven = asked and scenario.dispatch_centre.source_bounds
        self._bounds = SourceBounds(self._graph, steps, static=strategy.static_plan) if proven else None

    def _learn(self, time_min: float) -> list[str]:
        """What reports tell of the network that is new and calls for a plan."""
        if not self._known:
            return []
        return self._known.learn(time_min, self._psc, self._switch_closed, self._faults)

    def _take_changes(self) -> None:
        """Give the planner and the check of plans the network as it is known by now, if it has changed."""
        if self._known and self._known.facts != self._facts:
            self._facts, view = self._known.facts, self._known.view()
            self._take_view(view, self._checker_of(view) if self._checker_of else None)

    def _handed_over(self, record: PlanRecord) -> PlanRecord:
        """The plan with the dark moments of those who change over to an infeed that returned."""
        synchronised = self._scenario.switching.synchronised_closing
        if not self._known or not self._facts.infeeds or synchronised or record.plan.status == "fallback":
            return record
        live = {bus for bus, la in self._view.local_area_of_bus.items() if self._psc[la]["energised_min"] > 0}
        fed, dark_min = self._known.fed(self._view, self._psc), float(self._scenario.clock.sim_step_min)
        plan, areas = with_transfers(record.plan, self._view, self._facts.infeeds, live, fed, dark_min)
        if not areas:
            return record
        note = f"{len(areas)} local areas change over to an infeed, dark for {dark_min:g} min"
        return replace(record, plan=plan, note="; ".join(filter(None, (record.note, note))))

    def _checked_plan(self, horizon: Horizon) -> PlanRecord:
        """A plan, judged and repaired as asked, and signed; plans of other planners than the MILP, and of one without
        some family of constraints, are judged only."""
        options = self._scenario.dispatch_centre
        repairs = options.verify == "repair" and not options.without
        if self._checker and repairs and isinstance(self._planner, Planner):
            record = Repair(self._planner, self._checker, options.repair_rounds).plan(horizon)
        else:
            record = self._planner.plan(horizon)
            record = reported(record, self._checker) if self._checker else record
        names = {"scenario": self._scenario.name, "strategy": self._strategy.name}
        return replace(record, plan=record.plan.model_copy(update=names))

    def _with_intervals(self, record: PlanRecord) -> PlanRecord:
        """The same plan with the least and largest energy of each source at its objective."""
        assert self._intervals is not None
        try:
            found = self._intervals.of_plan(record.plan, record.horizon)
            proven = self._bounds.of_plan(record.plan, record.horizon) if self._bounds else {}
            for source, (low, high) in proven.items():
                found[source] = found[source].model_copy(update={"lower_bound": low, "upper_bound": high})
        except NoDispatchFound as error:
            return replace(record, note="; ".join(filter(None, (record.note, f"no intervals: {error}"))))
        note = f"bounds of sources: {TIME_OVER}" if self._bounds and self._bounds.cut_by_clock else ""
        plan = record.plan.model_copy(update={"source_energy_kwh": found})
        return replace(record, plan=plan, note="; ".join(filter(None, (record.note, note))))

    def _reason_to_plan(self, time_min: float, news: list[str]) -> str:
        if self._plan is None:
            return "first plan"
        if not self._strategy.replans or time_min >= self._end_min:
            return ""
        if time_min % self._scenario.clock.replan_min == 0:
            return "replan interval"
        lost = self._gone_dark()
        dark = [f"planned areas went dark: {', '.join(lost)}"] if lost else []
        return "; ".join([*news, *dark, *self._not_started()])

    def _not_started(self) -> list[str]:
        """LAs of which the step in force has an NBSU on its way, but which report none, live for a step or more."""
        if not self._known or not self._step_in_force:
            return []
        since_min, areas = self._scenario.clock.sim_step_min, self._step_in_force.local_areas
        failed = [
            la
            for la, message in self._psc.items()
            if la in areas and areas[la].nbsu_state != "off" and message["nbsu_state"] == "off"
            and message["energised_min"] > since_min
        ]  # fmt: skip
        return [f"NBSUs did not start: {', '.join(failed)}"] if failed else []

    def _gone_dark(self) -> list[str]:
        return [la for la in self._planned_live() if self._psc[la]["energised_min"] == 0]

    def _planned_live(self) -> list[str]:
        """LAs that the step in force wants energised."""
        live = set(self._step_in_force.energised_buses or ()) if self._step_in_force else set()
        return [la.id for la in self._view.local_areas.values() if la.buses[0] in live]

    def _psc_at(self, time_min: float) -> dict[str, PscMessage]:
        """What it plans from."""
        return dict(self._psc)

    def _horizon(self, time_min: float) -> Horizon:
        psc = self._psc_at(time_min)
        starts, end_min = ahead(next(iter(psc.values()))["step_start_min"], self._end_min, self._scenario)
        closed = self._known.closed if self._known else self._switch_closed
        tightened = NOTHING_KNOWN
        if self._known and (blocked := self._known.blocked(self._view)):
            tightened = Tightened(bounds={("X", s, t): (0.0, 0.0) for s in blocked for t in range(len(starts))})
        return Horizon(self._graph, starts, end_min, psc, dict(closed), tightened)


def _is_cut(record: PlanRecord) -> bool:
    """Whether a time limit stopped any part of a planning."""
    return record.solution.cut_by_clock or TIME_OVER in record.note


def longest_horizon(scenario: Scenario) -> int:
    """Most steps that a plan can have: those of the window, or of the look-ahead and a first one begun between two."""
    clock, look_ahead_min = scenario.clock, scenario.dispatch_centre.look_ahead_min
    window = scenario.outage.duration_min // clock.plan_step_min
    return window if look_ahead_min is None else min(window, look_ahead_min // clock.plan_step_min + 1)


def ahead(step_start_min: Sequence[float], end_min: float, scenario: Scenario) -> tuple[tuple[float, ...], float]:
    """Starts of the plan steps that ``dispatch_centre.look_ahead_min`` reaches into, all whole, and where they end."""
    look_ahead_min = scenario.dispatch_centre.look_ahead_min
    if look_ahead_min is None:
        return tuple(step_start_min), end_min
    seen = tuple(start for start in step_start_min if start < step_start_min[0] + look_ahead_min)
    return seen, step_start_min[len(seen)] if len(seen) < len(step_start_min) else end_min


def net_power_plans(plan: Plan, view: GridView, *, per_device: bool = False) -> list[NetPowerPlan]:
    """For each gateway the part of a plan that it needs to know, in the order of the LAs; ``per_device`` with the
    set-points of its units."""
    live = [set(step.energised_buses or ()) for step in plan.steps]
    return [
        _net_power_plan(plan, view, la, [area.buses[0] in buses for buses in live], per_device=per_device)
        for la, area in view.local_areas.items()
    ]


def _net_power_plan(plan: Plan, view: GridView, la: str, energised: list[bool], *, per_device: bool) -> NetPowerPlan:
    own = set(view.units_in[la])
    areas = [step.local_areas.get(la) for step in plan.steps]
    order = NetPowerPlan(
        local_area=la,
        issued_at_min=plan.issued_at_min,
        step_start_min=[step.start_min for step in plan.steps],
        end_min=plan.end_min,
        energised=energised,
        p_kw=[a.p_kw if a else 0.0 for a in areas],
        q_kvar=[a.q_kvar if a else 0.0 for a in areas],
        p_ess_kw=[a.p_ess_kw if a else 0.0 for a in areas],
        p_pv_kw=[a.p_pv_kw if a else 0.0 for a in areas],
        p_nbsu_kw=[a.p_nbsu_kw if a else 0.0 for a in areas],
        nbsu_state=[a.nbsu_state if a else "off" for a in areas],
        balance_unit=[next((u for u in step.balance_units or () if u in own), None) for step in plan.steps],
    )
    if per_device:
        order["units"] = {u: _schedule(plan, u) for u in view.units if u in own and u not in view.infeeds}
    return order


def _schedule(plan: Plan, unit: str) -> UnitSchedule:
    """A unit's set-points in every step; off where the plan does not name it."""
    points = [step.units.get(unit, UnitSetPoint(p_kw=0.0, q_kvar=0.0, state="off")) for step in plan.steps]
    return UnitSchedule(
        p_kw=[u.p_kw for u in points], q_kvar=[u.q_kvar for u in points], state=[u.state or "off" for u in points]
    )
