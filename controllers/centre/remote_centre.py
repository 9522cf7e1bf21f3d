"""The dispatch centre where messages can fail: it knows whom it has not heard, and sets right what did not arrive.

- It plans with the last PSC it knows, carried forward in time (``carry_forward``), and marks it as stale in the plan.
- Switches count as they were last reported.
- Contact with a gateway or terminal is lost when nothing was heard of it for ``fallback_after_min``. When it is heard
  again and has missed an order, or has run its area by itself, a strategy that replans does so before it orders
  anything.
- A gateway that reports an older plan, or none, is sent its plan again; a switch that is not as ordered is ordered
  again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ...scenarios.schema.scenario import Scenario
from ...scenarios.view import GridView
from ..exchange.messages import Forecast, LocalAreaMeasurement, NetPowerPlan, PscBasis, PscMessage, SwitchOrder
from ..exchange.plan import Findings, Plan, PlanChecker, PlanStep
from ..exchange.psc import assess
from ..milp.problem import Horizon
from ..planning.planner import PlanRecord
from ..strategies.strategy import Strategy
from .carry_forward import carried_forecast, carried_measurement
from .dispatch_centre import Decision, DispatchCentre

Judge = Callable[[Plan, Mapping[str, LocalAreaMeasurement], Mapping[str, bool], Mapping[str, Forecast]], Findings]


@dataclass
class RemoteDecision(Decision):
    """A decision, with what changed in its contacts: addresses in the form (kind, name)."""

    contact_lost: list[tuple[str, str]] = field(default_factory=list)
    contact_regained: list[tuple[str, str]] = field(default_factory=list)


class RemoteDispatchCentre(DispatchCentre):
    """A dispatch centre behind a channel that can fail.

    ``known`` and ``closed`` are the last PSCs and switch states from before the outage; it plans with these until it
    hears something newer. ``checker`` is given a plan, what the dispatch centre takes the meters to read now, switch
    states and forecasts as it knows them; ``checker_of`` gives one for a network that has changed.
    """

    def __init__(
        self,
        view: GridView,
        scenario: Scenario,
        strategy: Strategy,
        known: Mapping[str, PscMessage],
        closed: Mapping[str, bool],
        checker: Judge | None = None,
        checker_of: Callable[[GridView], Judge] | None = None,
    ) -> None:
        self._judge_by, self._judge_of = checker, checker_of
        super().__init__(
            view, scenario, strategy, self._judge if checker else None, self._judge_with if checker_of else None
        )
        assert scenario.communication is not None
        self._patience_min = scenario.communication.fallback_after_min
        self._kept_min = scenario.communication.plan_kept_min
        self._follows: dict[str, Plan | None] = {}
        """LA → the plan in force when its gateway was last heard, which it was told of then"""
        self._basis: dict[str, PscBasis] = {}
        self._heard_min = {("gateway", la): 0.0 for la in known} | {("terminal", switch): 0.0 for switch in closed}
        self._silent: set[tuple[str, str]] = set()
        self._news: set[tuple[str, str]] = set()
        self._regained: list[tuple[str, str]] = []
        self._went_dark: set[str] = set()
        self._net_power: dict[str, NetPowerPlan] = {}
        self._ordered_min: dict[tuple[str, str], float] = {}
        """when each was sent its last order"""
        self._was_down = False
        self.receive(known, closed)
        self._news.clear()

    def receive(
        self,
        messages: Mapping[str, PscMessage],
        switch_closed: Mapping[str, bool],
        faults: Mapping[str, list[str]] | None = None,
    ) -> None:
        """Take in what was heard since the last decision. Raises ValueError for a PSC without its basis."""
        for la, message in messages.items():
            before = self._psc.get(la)
            if before and before["energised_min"] > 0 and message["energised_min"] == 0:
                self._went_dark.add(la)
            if "basis" not in message:
                raise ValueError(f"the PSC of LA {la} does not say what it was made from")
            self._basis[la] = message["basis"]
        super().receive(messages, switch_closed, faults)
        self._news |= {("gateway", la) for la in messages} | {("terminal", switch) for switch in switch_closed}

    def comes_back(self) -> None:
        """It was dead for a while. What it knew and had planned is kept; it plans anew if its strategy allows."""
        self._was_down = True

    def decide(self, time_min: float) -> RemoteDecision:
        """As ``DispatchCentre.decide``, with orders sent again to whom they did not reach."""
        self._carry_to(time_min)
        self._regained = sorted(self._news & self._silent)
        self._silent -= self._news
        self._heard_min |= dict.fromkeys(self._news, float(time_min))
        lost = [who for who, heard in self._heard_min.items() if time_min - heard >= self._patience_min]
        lost = [who for who in lost if who not in self._silent]
        self._silent.update(lost)

        plain = super().decide(time_min)
        decision = RemoteDecision(**vars(plain), contact_lost=lost, contact_regained=self._regained)
        if decision.issued:
            self._net_power = {order["local_area"]: order for order in decision.net_power}
        else:
            decision.net_power = [self._net_power[la] for la in self._without_plan(time_min)]
        if not decision.switches:
            decision.switches = [self._order(switch, time_min) for switch in self._not_as_ordered(time_min)]
            if self._known:
                self._known.note_orders(time_min, decision.switches)
        self._ordered_min |= {("gateway", order["local_area"]): time_min for order in decision.net_power}
        self._ordered_min |= {("terminal", order["switch"]): time_min for order in decision.switches}
        self._follows |= {la: self._plan for kind, la in self._news if kind == "gateway"}
        self._news.clear()
        self._went_dark.clear()
        self._was_down = False
        return decision

    # -- what it knows ------------------------------------------------------------------------------------------------

    def _carry_to(self, time_min: float) -> None:
        """Bring every last report forward to now."""
        for la, basis in self._basis.items():
            measurement = basis["measurement"]
            while (then := measurement["time_min"]) < time_min:
                step, until_min = self._followed(la, then)
                measurement = carried_measurement(measurement, min(until_min, time_min) - then, self._view, la, step)
            if measurement is not basis["measurement"]:
                self._basis[la] = PscBasis(
                    measurement=measurement, forecast=carried_forecast(basis["forecast"], time_min)
                )

    def _followed(self, la: str, time_min: float) -> tuple[PlanStep | None, float]:
        """The plan step that the gateway of an LA is taken to follow at a time, and until when.

        Of the plan that was in force when it was heard last: what was issued since has not reached it. When that plan
        has expired the gateway is on its own, and its LA is taken to give what it gave then.
        """
        if (plan := self._follows.get(la)) is None:
            return None, math.inf
        last_min = self._heard_min["gateway", la] + self._kept_min
        later = (step.start_min for step in plan.steps if time_min < step.start_min <= last_min)
        return plan.step_at(min(time_min, last_min)), next(later, math.inf)

    def _psc_at(self, time_min: float) -> dict[str, PscMessage]:
        return {la: self._psc_now(la, time_min) for la in self._psc}

    def _learn(self, time_min: float) -> list[str]:
        """As without delays, but only what was heard just now can contradict a report, or show an order undone."""
        if not self._known:
            return []
        return self._known.learn(time_min, self._psc, self._switch_closed, self._faults, self._news)

    def _psc_now(self, la: str, time_min: float) -> PscMessage:
        if self._psc[la]["issued_at_min"] >= time_min:
            return self._psc[la]
        options = self._scenario.dispatch_centre
        return assess(
            self._view,
            la,
            self._basis[la]["measurement"],
            self._basis[la]["forecast"],
            time_min,
            ess_aggregation=options.ess_aggregation,
            per_device=self._strategy.per_device,
        )

    def _checked_plan(self, horizon: Horizon) -> PlanRecord:
        """A plan that names the LAs whose PSC is older than it, with their ages."""
        record = super()._checked_plan(horizon)
        ages = {la: horizon.start(0) - psc["issued_at_min"] for la, psc in self._psc.items()}
        stale = {la: age for la, age in ages.items() if age > 0}
        if not stale:
            return record
        note = f"stale PSC of {len(stale)} areas, the oldest {max(stale.values()):g} min old"
        plan = record.plan.model_copy(update={"stale_psc_min": stale})
        return replace(record, plan=plan, note="; ".join(filter(None, (record.note, note))))

    def _judge_with(self, view: GridView) -> PlanChecker:
        """The same check for a network that has changed."""
        assert self._judge_of is not None
        self._judge_by = self._judge_of(view)
        return self._judge

    def _judge(self, plan: Plan) -> Findings:
        assert self._judge_by is not None
        meters = {la: basis["measurement"] for la, basis in self._basis.items()}
        forecasts = {la: basis["forecast"] for la, basis in self._basis.items()}
        return self._judge_by(plan, meters, dict(self._switch_closed), forecasts)

    # -- what it does about it ----------------------------------------------------------------------------------------

    def _reason_to_plan(self, time_min: float, news: list[str]) -> str:
        if why := super()._reason_to_plan(time_min, news):
            return why
        if not self._strategy.replans or time_min >= self._end_min:
            return ""
        if self._was_down:
            return "the dispatch centre is back"
        alone = [la for kind, la in sorted(self._news) if kind == "gateway" and self._psc[la].get("alone")]
        alone = [la for la in alone if self._reported_since(la)]
        missed = {("gateway", la) for la in self._without_plan(time_min)}
        missed |= {("terminal", switch) for switch in self._not_as_ordered(time_min)}
        back = [name for kind, name in self._regained if (kind, name) in missed]
        if alone or back:
            return f"contact regained: {', '.join(dict.fromkeys((*back, *alone)))}"
        return ""

    def _gone_dark(self) -> list[str]:
        """Planned areas heard to be dark just now: they were live, or nothing stands in the way of being so."""
        heard = [la for la in super()._gone_dark() if ("gateway", la) in self._news]
        step = self._step_in_force
        wanted = set(step.closed_branches) if step else set[str]()
        as_ordered = not self._silent and all(
            closed == (switch in wanted) for switch, closed in self._switch_closed.items() if self._operable(switch)
        )
        return [la for la in heard if la in self._went_dark or (as_ordered and self._reported_since(la))]

    def _reported_since(self, la: str) -> bool:
        """Whether a gateway's last report is younger than the last order sent to it."""
        return self._psc[la]["issued_at_min"] > self._ordered_min.get(("gateway", la), -1.0)

    def _without_plan(self, time_min: float) -> list[str]:
        """LAs heard now whose gateway does not follow the plan in force although it was sent it."""
        if self._plan is None:
            return []
        follows = {la: self._psc[la].get("plan_issued_at_min") for kind, la in sorted(self._news) if kind == "gateway"}
        other = [la for la, issued in follows.items() if issued != self._plan.issued_at_min]
        return [la for la in other if self._reported_since(la)]

    def _not_as_ordered(self, time_min: float) -> list[str]:
        """Switches heard now that are not in the state that the plan in force wants."""
        if self._plan is None:
            return []
        wanted = set(self._plan.step_at(time_min).closed_branches)
        heard = [switch for kind, switch in sorted(self._news) if kind == "terminal" and self._operable(switch)]
        other = [switch for switch in heard if self._switch_closed[switch] != (switch in wanted)]
        return [switch for switch in other if time_min > self._ordered_min.get(("terminal", switch), -1.0)]

    def _operable(self, switch: str) -> bool:
        return self._view.branches[switch].switchable and not self._view.branches[switch].faulted

    def _order(self, switch: str, time_min: float) -> SwitchOrder:
        assert self._plan is not None
        return SwitchOrder(switch=switch, closed=switch in self._plan.step_at(time_min).closed_branches)
