"""The dispatch centre: gathers PSC messages, plans, and orders switches and net power.

It sees what gateways and field terminals tell it, never the world itself. Where orders take time (``lead_min``) it
gives them so long before they shall have taken effect, and plans from what it expects to be so then. Where messages can
fail

- it plans with the last PSC it knows, carried forward in time (``carry_forward``), and marks it as stale in the plan;
- contact with a gateway or terminal is lost when nothing was heard of it for ``fallback_after_min``. When it is heard
  again and has missed an order, or has run its area by itself, a strategy that replans does so before it orders
  anything;
- a gateway that reports an older plan, or none, is sent its plan again; a switch that is not as ordered is ordered
  again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from ...scenarios.schema.scenario import Scenario
from ...scenarios.view import GridView
from ..exchange.messages import Forecast, LocalAreaMeasurement, NetPowerPlan, PscMessage, SwitchOrder
from ..exchange.plan import Findings, Plan, PlanStep
from ..milp.cold_load import tell_multiples
from ..milp.problem import Horizon
from ..milp.stricter_limits import NOTHING_KNOWN
from ..planning.at_hand import AtHand
from ..planning.loss_allowance import LossAllowance
from ..planning.planner import PlanRecord
from ..solver.highs import TIME_OVER
from ..strategies.strategy import Strategy
from .already_so import widened
from .carry_forward import NbsuRamps
from .contacts import Address, contacts_of
from .known_world import world_of
from .ledger import Ledger
from .look_ahead import ahead
from .orders import net_power_plans, switch_orders, wanted_switches
from .planning_desk import PlanningDesk
from .reports import Reports
from .transfers import with_transfers


class Judge(Protocol):
    """What judges a plan by what the dispatch centre takes to be so when it makes it."""

    def __call__(
        self,
        plan: Plan,
        measured: Mapping[str, LocalAreaMeasurement],
        closed: Mapping[str, bool],
        forecasts: Mapping[str, Forecast],
    ) -> Findings:
        """What it finds; meters and forecasts by LA, switches closed or not."""
        ...

    def of_view(self, view: GridView) -> Judge:
        """The same judge for a network that has changed."""
        ...


@dataclass
class Decision:
    """What the dispatch centre sends out at one instant, and what made it do so.

    ``issued`` is set when it has planned just now, with the reason in ``why``; ``net_power`` then holds an order per
    gateway. ``switches`` are sent for every start of a plan step. Orders that did not arrive are sent again.
    """

    switches: list[SwitchOrder] = field(default_factory=list)
    net_power: list[NetPowerPlan] = field(default_factory=list)
    heartbeats: list[str] = field(default_factory=list)
    """LAs whose gateways are told only that the dispatch centre is there"""
    issued: PlanRecord | None = None
    why: str = ""
    failed: str = ""
    """set when planning failed and the plan in force goes on"""
    cut_by_clock: bool = False
    """a time limit stopped some part of the planning: another machine may decide otherwise"""
    contact_lost: list[Address] = field(default_factory=list)
    contact_regained: list[Address] = field(default_factory=list)


class DispatchCentre:
    """The agent that restores: one per run.

    ``judge`` judges its plans before they are issued, as ``dispatch_centre.verify`` asks; without one nothing is
    checked. Its parts: ``Contacts`` (whom it hears), ``Reports`` (what they said), ``KnownWorld`` (what it makes of
    that), ``PlanningDesk`` (plans), ``Ledger`` (what it has ordered).
    """

    def __init__(self, view: GridView, scenario: Scenario, strategy: Strategy, judge: Judge | None = None) -> None:
        self._scenario, self._strategy = scenario, strategy
        self._begin_min, self._end_min = float(scenario.first_step_min), float(scenario.outage.duration_min)
        self._lead_min, self._ramps = scenario.lead_min, NbsuRamps.of(scenario)
        self._contacts = contacts_of(scenario.communication)
        self._reports, self._ledger = Reports(), Ledger(self._contacts)
        self._expected = self._reports
        """what reports would say when a plan that is made now comes into force"""
        self._known = world_of(view, scenario.surprises)
        self._facts = self._known.facts
        """what the planner knows by now"""
        self._view, self._desk = view, PlanningDesk(view, scenario, strategy)
        self._judge = judge if scenario.dispatch_centre.verify != "off" else None
        self._allowance = LossAllowance() if scenario.dispatch_centre.loss_allowance == "learned" else None
        self._findings: list[tuple[Plan, Findings]] = []
        """what checks found on the versions of the plan in the making"""
        self._was_down = False
        self._in_force: tuple[PlanRecord, float] | None = None
        """the plan in force as the desk made it, and when what it decides was decided first"""

    @property
    def plan(self) -> Plan | None:
        """The plan issued last."""
        return self._ledger.plan

    def remember(self, messages: Mapping[str, PscMessage], closed: Mapping[str, bool]) -> None:
        """What it knew when the outage began; it plans with that until it hears something newer."""
        self._reports.receive(messages, closed, {})
        self._contacts.expect(_senders(messages, closed))

    def receive(
        self,
        messages: Mapping[str, PscMessage],
        switch_closed: Mapping[str, bool],
        faults: Mapping[str, list[str]] | None = None,
        shed_min: Mapping[str, float] | None = None,
    ) -> None:
        """Take in PSC messages (by LA) and switch states reported by field terminals; older ones are replaced.

        ``faults``: switch → places of the faults its terminal saw; a terminal that reports without one sees none.
        ``shed_min``: switch that opened by itself to shed → when.
        """
        self._reports.receive(messages, switch_closed, faults or {}, shed_min)
        self._contacts.hear(_senders(messages, switch_closed))

    def comes_back(self) -> None:
        """It was dead for a while. What it knew and had planned is kept; it plans anew if its strategy allows."""
        self._was_down = True

    def decide(self, time_min: float) -> Decision:
        """Plan if it is time to, and say what follows from the plan in force at this time, and who is told again."""
        reports, contacts = self._reports, self._contacts
        if not self._lead_min:  # else ``ahead`` carries them, further
            reports.carry_to(time_min, self._view, self._ledger.followed)
        lost, regained = contacts.changes(time_min)
        self._learn_losses_from_reports(time_min)
        news = self._known.learn(time_min, reports.psc, reports.closed, reports.faults, contacts.now, reports.shed_min)

        decision = Decision(contact_lost=lost, contact_regained=regained)
        decision.why = self._reason_to_plan(time_min, news, regained)
        if decision.why:
            self._make_plan(time_min, decision)
        self._give_orders(time_min, decision)

        due_min = time_min + self._lead_min
        seen_min = due_min + self._scenario.message_min
        self._known.note_orders(seen_min, decision.switches)
        self._ledger.note(time_min, due_min, seen_min, decision.switches, decision.net_power)
        self._was_down = False
        reports.close()
        contacts.close()
        return decision

    def planned_kw(self, time_min: float) -> dict[str, float]:
        """Demand that the plan in force says is served now, by LA."""
        step = self._ledger.step_at(time_min)
        return {la: area.demand_kw for la, area in step.local_areas.items() if area.demand_kw} if step else {}

    # -- reason to plan -----------------------------------------------------------------------------------------------

    def _reason_to_plan(self, time_min: float, news: list[str], regained: list[Address]) -> str:
        effect_min = time_min + self._lead_min
        if self.plan is None:
            return "first plan" if self._begin_min <= effect_min < self._end_min else ""
        if not self._strategy.replans or effect_min >= self._end_min:
            return ""
        if (effect_min - self._begin_min) % self._scenario.clock.replan_min == 0:
            return "replan interval"
        if why := "; ".join([*news, *self._gone_dark(), *self._not_started()]):
            return why
        return "the dispatch centre is back" if self._was_down else self._missed_something(time_min, regained)

    def _gone_dark(self) -> list[str]:
        """Planned areas heard to be dark just now: they were live, or nothing stands in the way of being so."""
        psc, areas = self._reports.psc, self._view.local_areas
        dark = [la for la in areas if psc[la]["energised_min"] == 0 and ("gateway", la) in self._contacts.now]
        spoken_of = {la: self._spoken_of(la) for la in dark}
        steps = {la: step for la, (step, _) in spoken_of.items() if step}
        planned = [la for la, step in steps.items() if areas[la].buses[0] in (step.energised_buses or ())]
        unknown = [la for la in planned if spoken_of[la][1] and not self._awaits_orders(la)]
        found = [la for la in planned if la in self._reports.went_dark or la in unknown]
        return [f"planned areas went dark: {', '.join(found)}"] if found else []

    def _spoken_of(self, la: str) -> tuple[PlanStep | None, bool]:
        """The plan step in force of which an LA's report speaks, and whether it is of the plan issued last."""
        if not self._lead_min:
            return self._ledger.step, True
        told_min = self._reports.psc[la]["issued_at_min"]
        step = self._ledger.step_at(told_min - self._scenario.clock.sim_step_min)
        return step, not self._ledger.waits(told_min)

    def _awaits_orders(self, la: str) -> bool:
        """Whether an LA may be dark because an order has not arrived: at its gateway, or at any switch."""
        step, reports = self._ledger.step, self._reports
        wanted = wanted_switches(step, self._view) if step else {}
        return self._ledger.may_await_orders(reports.closed, wanted) or self._ledger.may_await_plan(reports.psc[la])

    def _not_started(self) -> list[str]:
        """LAs of which the step in force has an NBSU on its way, but which report none, live for a step or more."""
        since_min, psc = self._scenario.clock.sim_step_min, self._reports.psc
        spoken_of = {la: self._spoken_of(la) for la in psc}
        steps = {la: step for la, (step, latest) in spoken_of.items() if step and latest}
        failed = self._known.not_started(steps, psc, since_min)
        return [f"NBSUs did not start: {', '.join(failed)}"] if failed else []

    def _missed_something(self, time_min: float, regained: list[Address]) -> str:
        """Those heard now who ran their area by themselves, or are back and did not get an order."""
        psc = self._reports.psc
        alone = [la for kind, la in sorted(self._contacts.now) if kind == "gateway" and psc[la].get("alone")]
        alone = [la for la in alone if self._ledger.has_answered(psc[la])]
        missed = {("gateway", la) for la in self._ledger.without_plan(psc)}
        missed |= {("terminal", order["switch"]) for order in self._not_as_ordered(time_min)}
        back = [name for kind, name in regained if (kind, name) in missed]
        return f"contact regained: {', '.join(dict.fromkeys((*back, *alone)))}" if back or alone else ""

    # -- plan, check --------------------------------------------------------------------------------------------------

    def _make_plan(self, time_min: float, decision: Decision) -> None:
        self._take_changes()
        begins_min = time_min + self._lead_min
        horizon = self._horizon(time_min, begins_min)
        if room := widened(horizon):
            scenario = self._scenario.model_copy(update={"limits": room[1]})
            self._desk = PlanningDesk(room[0], scenario, self._strategy)
            horizon = replace(horizon, graph=self._desk.graph)
        record = self._planned(horizon)
        if self._allowance and self.plan is None:
            record = self._planned_again(record)
        made = record
        record = self._handed_over(self._marked_as_stale(record, time_min))
        in_vain, before = record.plan.status == "fallback", self.plan
        if not in_vain:
            record = self._desk.with_intervals(record)
        decision.cut_by_clock = record.solution.cut_by_clock or TIME_OVER in record.note
        if in_vain and before is not None and begins_min < before.end_min:
            # Half a plan is better than none: the one in force goes on.
            decision.why, decision.failed = "", record.note
            return
        if begins_min > time_min:
            record = replace(record, plan=record.plan.model_copy(update={"issued_at_min": float(time_min)}))
        decision.issued = record
        self._ledger.issue(record.plan, begins_min)
        self._in_force = made, self._in_force[1] if self._in_force and made.kept else time_min
        decision.net_power = net_power_plans(record.plan, record.horizon, per_device=self._strategy.per_device)
        if self._desk.graph.cold_load:
            tell_multiples(decision.net_power, record.plan, record.horizon)

    def _planned(self, horizon: Horizon) -> PlanRecord:
        """A plan, checked as asked; what its islands lose by AC power flow is learned."""
        self._findings = []
        checker = self._checked if self._judge else None
        record = self._desk.plan(horizon, checker, self._at_hand(), first=self.plan is None)
        if self._allowance is None:
            return record
        for plan, found in self._findings:
            if plan.steps is record.plan.steps:
                self._allowance.learn_from_check(plan, found.losses, self._view)
        told = {s: horizon.loss_allowance_pct(s) for s in self._view.sections}
        return replace(record, plan=record.plan.model_copy(update={"loss_allowance_pct": told}))

    def _planned_again(self, first: PlanRecord) -> PlanRecord:
        """The first plan made anew with the losses that its check found; the first one where that is worth more."""
        assert self._allowance is not None
        learned = self._allowance.by_section(self._view)
        if not learned or first.plan.status == "fallback":
            return first
        again = self._planned(replace(first.horizon, loss_pct=learned, tightened=NOTHING_KNOWN))
        better = again.plan.status != "fallback" and (again.plan.objective or 0.0) >= (first.plan.objective or 0.0)
        seconds = first.solution.seconds + again.solution.seconds
        cut = first.solution.cut_by_clock or again.solution.cut_by_clock
        chosen = again if better else first
        return replace(chosen, solution=replace(chosen.solution, seconds=seconds, cut_by_clock=cut))

    def _learn_losses_from_reports(self, time_min: float) -> None:
        """What was lost in the last simulation step, if the step in force was there and all switches are as it has
        them."""
        step, hours = self._ledger.step, self._scenario.clock.sim_step_min / 60
        if self._allowance is None or step is None or time_min <= step.start_min or self._not_as_ordered(time_min):
            return
        measured = {la: one for la, one in self._reports.measured.items() if one["time_min"] == time_min}
        self._allowance.learn_from_reports(step, measured, self._view, hours)

    def _at_hand(self) -> AtHand | None:
        """The plan in force, where one made anew must be worth more than its rest."""
        gain_kwh = self._scenario.dispatch_centre.replan_gain_kwh
        if gain_kwh is None or self._in_force is None:
            return None
        record, made_min = self._in_force
        clock = self._scenario.local_clock.shows(made_min)
        return AtHand.of(record.plan, record.horizon, self._desk.graph, f"plan of {clock:%H:%M}", gain_kwh)

    def _take_changes(self) -> None:
        """Give the planner and the check of plans the network as it is known by now, if it has changed."""
        if self._known.facts != self._facts:
            self._facts, self._view = self._known.facts, self._known.view()
            self._desk = PlanningDesk(self._view, self._scenario, self._strategy)
            self._judge = self._judge.of_view(self._view) if self._judge else None

    def _horizon(self, time_min: float, begins_min: float) -> Horizon:
        """What a plan is made from that is issued now and begins then."""
        under_way = self._ledger.under_way(time_min, begins_min)
        self._expected = self._reports.ahead(begins_min, self._view, self._ledger.followed, self._ramps, under_way)
        psc = self._expected.psc_at(
            begins_min,
            self._view,
            ess_aggregation=self._scenario.dispatch_centre.ess_aggregation,
            per_device=self._strategy.per_device,
        )
        starts, end_min = ahead(next(iter(psc.values()))["step_start_min"], self._end_min, self._scenario)
        learned = self._allowance.by_section(self._view) if self._allowance else {}
        closed = {**self._known.closed, **under_way}
        return Horizon(self._desk.graph, starts, end_min, psc, closed, loss_pct=learned)

    def _checked(self, plan: Plan) -> Findings:
        assert self._judge is not None
        expected = self._expected
        found = self._judge(plan, expected.measured, expected.closed, expected.forecasts)
        self._findings.append((plan, found))
        return found

    def _marked_as_stale(self, record: PlanRecord, time_min: float) -> PlanRecord:
        """A plan that names the LAs whose PSC is older than it, with their ages."""
        stale = self._reports.ages_min(float(time_min))
        if not stale:
            return record
        note = f"stale PSC of {len(stale)} areas, the oldest {max(stale.values()):g} min old"
        return replace(record, plan=record.plan.model_copy(update={"stale_psc_min": stale})).noted(note)

    def _handed_over(self, record: PlanRecord) -> PlanRecord:
        """The plan with the dark moments of those who change over to an infeed that returned."""
        synchronised, psc = self._scenario.switching.synchronised_closing, record.horizon.psc
        if not self._facts.infeeds or synchronised or record.plan.status == "fallback":
            return record
        live = {bus for bus, la in self._view.local_area_of_bus.items() if psc[la]["energised_min"] > 0}
        fed, dark_min = self._known.fed(self._view, psc), float(self._scenario.clock.sim_step_min)
        plan, areas = with_transfers(record.plan, self._view, self._facts.infeeds, live, fed, dark_min)
        if not areas:
            return record
        note = f"{len(areas)} local areas change over to an infeed, dark for {dark_min:g} min"
        return replace(record, plan=plan).noted(note)

    # -- orders -------------------------------------------------------------------------------------------------------

    def _give_orders(self, time_min: float, decision: Decision) -> None:
        """What follows from the plan just issued or from a step that begins; else what has to be said again.

        Before the first plan it says only that it is there.
        """
        if self.plan is None:
            decision.heartbeats = self._contacts.to_reassure(self._view.local_areas)
            return
        due_min = time_min + self._lead_min
        step = self.plan.step_at(due_min)
        if decision.issued or step is not self._ledger.ordered:
            decision.switches = switch_orders(wanted_switches(step, self._view), due_min if self._lead_min else None)
        else:
            decision.switches = self._known.reminders(time_min) or self._not_as_ordered(time_min)
        if not decision.issued:
            decision.net_power = self._ledger.plans_again(self._ledger.without_plan(self._reports.psc))
        planned = {plan["local_area"] for plan in decision.net_power}
        decision.heartbeats = self._contacts.to_reassure(la for la in self._view.local_areas if la not in planned)
        self._ledger.ordered, self._ledger.step = step, self._ledger.step_at(time_min)

    def _not_as_ordered(self, time_min: float) -> list[SwitchOrder]:
        """Orders to those that should be in another state by now."""
        step = self._ledger.step_at(time_min)
        wanted = wanted_switches(step, self._view) if step else {}
        return self._ledger.not_as_ordered(time_min, self._reports.closed, wanted)


def _senders(messages: Mapping[str, PscMessage], closed: Mapping[str, bool]) -> list[Address]:
    """Whose messages these are: gateways by LA, terminals by switch."""
    return [*(("gateway", la) for la in messages), *(("terminal", switch) for switch in closed)]
