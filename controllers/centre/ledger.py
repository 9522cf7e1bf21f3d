"""What the dispatch centre has ordered of whom, and who by their last reports has not got it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ..exchange.messages import NetPowerPlan, PscMessage, SwitchOrder
from ..exchange.plan import Plan, PlanStep
from .contacts import Address, Contacts


class Ledger:
    """The plan in force, the orders that came of it, and what each gateway is taken to follow."""

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts
        self.plan: Plan | None = None
        """in force"""
        self.step: PlanStep | None = None
        """of that plan, in force since the last decision"""
        self._net_power: dict[str, NetPowerPlan] = {}
        self._ordered_min: dict[Address, float] = {}
        """when each was sent its last order"""
        self._follows: dict[str, Plan | None] = {}
        """LA → the plan in force when its gateway was last heard, which it was told of then"""

    def note(self, time_min: float, switches: Iterable[SwitchOrder], net_power: Iterable[NetPowerPlan]) -> None:
        """Enter what is sent now; who was heard now follows the plan in force."""
        for order in switches:
            self._ordered_min["terminal", order["switch"]] = time_min
        for plan in net_power:
            self._net_power[plan["local_area"]] = plan
            self._ordered_min["gateway", plan["local_area"]] = time_min
        self._follows |= {name: self.plan for kind, name in self._contacts.now if kind == "gateway"}

    def followed(self, la: str, time_min: float) -> tuple[PlanStep | None, float]:
        """The plan step that the gateway of an LA is taken to follow at a time, and until when.

        Of the plan that was in force when it was heard last: what was issued since has not reached it. When that plan
        has expired the gateway is on its own, and its LA is taken to give what it gave then.
        """
        if (plan := self._follows.get(la)) is None:
            return None, math.inf
        last_min = self._contacts.follows_until(la)
        later = (step.start_min for step in plan.steps if time_min < step.start_min <= last_min)
        return plan.step_at(min(time_min, last_min)), next(later, math.inf)

    def has_answered(self, message: PscMessage) -> bool:
        """Whether a gateway's report is younger than the last order sent to it."""
        return message["issued_at_min"] > self._ordered_min.get(("gateway", message["local_area"]), -1.0)

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
        others = [who for who in others if time_min > self._ordered_min.get(who, -1.0)]
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
