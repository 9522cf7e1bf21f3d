"""What the dispatch centre has ordered of whom, and who by their last reports has not got it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from ..exchange.messages import NetPowerPlan, PscMessage, SwitchOrder
from ..exchange.plan import Plan, PlanStep
from .contacts import Address, Contacts

Issued = tuple[float, Plan]
"""when a plan comes into force, and the plan"""


class Ledger:
    """The plans issued, the orders that came of them, and what each gateway is taken to follow.

    A plan is in force from when its orders can have taken effect until one issued later is; before that it waits.
    """

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts
        self.step: PlanStep | None = None
        """in force since the last decision"""
        self.ordered: PlanStep | None = None
        """the last one for which switches were ordered"""
        self._plans: tuple[Issued, ...] = ()
        self._net_power: dict[str, NetPowerPlan] = {}
        self._sent_min: dict[Address, float] = {}
        """when each was sent its last order"""
        self._switches: dict[str, tuple[float, float, bool]] = {}
        """switch → when it shall have done what it was ordered last, until when no report needs to tell of it, and what
        it was ordered"""
        self._follows: dict[str, tuple[Issued, ...]] = {}
        """LA → the plans issued when its gateway was last heard, which it is taken to have been told of"""

    @property
    def plan(self) -> Plan | None:
        """The plan issued last."""
        return self._plans[-1][1] if self._plans else None

    def issue(self, plan: Plan, begins_min: float) -> None:
        """Note a plan that is in force from then on; one issued before that begins no earlier never is."""
        self._plans = (*(one for one in self._plans if one[0] < begins_min), (begins_min, plan))

    def waits(self, time_min: float) -> bool:
        """Whether the plan issued last comes into force at a time or later, so that no report of that time is of it."""
        return bool(self._plans) and time_min <= self._plans[-1][0]

    def step_at(self, time_min: float) -> PlanStep | None:
        """The plan step in force at a time; None before the first plan is."""
        return _step_at(self._plans, time_min)

    def note(
        self,
        time_min: float,
        due_min: float,
        seen_min: float,
        switches: Iterable[SwitchOrder],
        net_power: Iterable[NetPowerPlan],
    ) -> None:
        """Enter what is sent now and shall be done by ``due_min``, which reports tell later than ``seen_min``.

        Who was heard now is taken to know of the last plan, and to have followed it ever since its report; where it
        takes time until anybody can tell, who is not silent, to follow each plan in its time.
        """
        for order in switches:
            self._sent_min["terminal", order["switch"]] = time_min
            self._switches[order["switch"]] = due_min, seen_min, order["closed"]
        for plan in net_power:
            self._net_power[plan["local_area"]] = plan
            self._sent_min["gateway", plan["local_area"]] = time_min
        if due_min > time_min:
            reached, plans = [la for la in self._net_power if ("gateway", la) not in self._contacts.silent], self._plans
        else:
            reached = [name for kind, name in self._contacts.now if kind == "gateway"]
            plans = ((-math.inf, self.plan),) if self.plan else ()
        self._follows |= dict.fromkeys(reached, plans)

    def under_way(self, time_min: float, until_min: float) -> dict[str, bool]:
        """Switch → the state that it gets before ``until_min`` by an order of which no report tells at a time."""
        orders = self._switches.items()
        return {switch: closed for switch, (due, seen, closed) in orders if time_min <= seen and due < until_min}

    def followed(self, la: str, time_min: float) -> tuple[PlanStep | None, float]:
        """The plan step that the gateway of an LA is taken to follow at a time, and until when.

        Of the plans that were issued when it was heard last: what was issued since has not reached it. When its plan
        has expired the gateway is on its own, and its LA is taken to give what it gave then.
        """
        if not (plans := self._follows.get(la)):
            return None, math.inf
        last_min = self._contacts.follows_until(la)
        later = (start for start in _starts(plans) if time_min < start <= last_min)
        return _step_at(plans, min(time_min, last_min)), min(later, default=math.inf)

    def has_answered(self, message: PscMessage) -> bool:
        """Whether a gateway's report is younger than the last order sent to it."""
        return message["issued_at_min"] > self._sent_min.get(("gateway", message["local_area"]), -1.0)

    def without_plan(self, psc: Mapping[str, PscMessage]) -> list[str]:
        """LAs heard now whose gateway does not follow the plan in force, which may not have reached it."""
        if self.plan is None:
            return []
        heard = [psc[name] for kind, name in sorted(self._contacts.now) if kind == "gateway"]
        others = [message for message in heard if message.get("plan_issued_at_min") != self.plan.issued_at_min]
        answered = [("gateway", message["local_area"]) for message in others if self.has_answered(message)]
        return [la for _, la in self._contacts.may_have_missed(answered)]

    def plans_again(self, areas: Iterable[str]) -> list[NetPowerPlan]:
        """The net power plans in force of these LAs."""
        return [self._net_power[la] for la in areas]

    def not_as_ordered(
        self, time_min: float, closed: Mapping[str, bool], wanted: Mapping[str, bool]
    ) -> list[SwitchOrder]:
        """Orders for the switches heard now that are not as ``wanted``, for the order may not have reached them."""
        heard = [name for kind, name in sorted(self._contacts.now) if kind == "terminal" and name in wanted]
        others = [("terminal", switch) for switch in heard if closed[switch] != wanted[switch]]
        others = [who for who in others if time_min > self._switches.get(who[1], (-1.0, -1.0, False))[1]]
        return [
            SwitchOrder(switch=switch, closed=wanted[switch]) for _, switch in self._contacts.may_have_missed(others)
        ]

    def may_await_orders(self, closed: Mapping[str, bool], wanted: Mapping[str, bool]) -> bool:
        """Whether some order in force may not have arrived: somebody is silent, or a switch not as wanted."""
        others = [("terminal", switch) for switch in closed if switch in wanted and closed[switch] != wanted[switch]]
        return bool(self._contacts.silent or self._contacts.may_have_missed(others))

    def may_await_plan(self, message: PscMessage) -> bool:
        """Whether a gateway's last order may not have arrived: its report is not younger."""
        who = ("gateway", message["local_area"])
        return not self.has_answered(message) and bool(self._contacts.may_have_missed([who]))


def _step_at(plans: Sequence[Issued], time_min: float) -> PlanStep | None:
    """The step in force at a time, of plans that follow each other."""
    begun = [plan for begins_min, plan in plans if begins_min <= time_min]
    return begun[-1].step_at(time_min) if begun else None


def _starts(plans: Sequence[Issued]) -> list[float]:
    """When steps begin that come into force, of plans that follow each other."""
    ends = [*(begins_min for begins_min, _ in plans[1:]), math.inf]
    return [
        step.start_min
        for (_, plan), end in zip(plans, ends, strict=True)
        for step in plan.steps
        if step.start_min < end
    ]
