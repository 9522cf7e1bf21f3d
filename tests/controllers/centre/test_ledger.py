"""What was ordered of whom, and who by the reports has not got it."""

from __future__ import annotations

import math
from typing import Any

from relight.controllers.centre.contacts import AlwaysHeard, Contacts, Watched
from relight.controllers.centre.ledger import Ledger
from relight.controllers.exchange.messages import SwitchOrder
from relight.controllers.exchange.plan import Plan, PlanStep

SWITCHES = {"a-b": True, "b-c": False}


def plan(issued: float = 0.0) -> Plan:
    steps = [PlanStep(start_min=issued + 30 * k, closed_branches=[]) for k in range(3)]
    return Plan(issued_at_min=issued, step_min=30, end_min=issued + 90, steps=steps)


def psc(la: str, at_min: float, follows: float | None) -> Any:
    return {"local_area": la, "issued_at_min": at_min, "plan_issued_at_min": follows}


def net_power(la: str, issued: float) -> Any:
    return {"local_area": la, "issued_at_min": issued}


def ledger(contacts: Contacts | None = None) -> tuple[Ledger, Contacts]:
    """One that has issued a plan at 0 and ordered it of two gateways and two switches, all heard then."""
    contacts = contacts or Watched(10.0, 25.0)
    contacts.hear([("gateway", "1"), ("gateway", "2"), ("terminal", "a-b"), ("terminal", "b-c")])
    contacts.changes(0.0)
    one = Ledger(contacts)
    one.plan = plan()
    orders = [SwitchOrder(switch=switch, closed=closed) for switch, closed in SWITCHES.items()]
    one.note(0.0, orders, [net_power(la, 0.0) for la in "12"])
    contacts.close()
    return one, contacts


def test_a_gateway_that_had_time_to_and_follows_another_plan_is_sent_its_own_again() -> None:
    one, contacts = ledger()
    contacts.hear([("gateway", "1"), ("gateway", "2")])
    assert one.without_plan({"1": psc("1", 5.0, None), "2": psc("2", 5.0, 0.0)}) == ["1"]
    assert one.without_plan({"1": psc("1", 0.0, None), "2": psc("2", 5.0, -30.0)}) == ["2"], "1 could not know yet"
    assert one.plans_again(["2"]) == [net_power("2", 0.0)]


def test_who_is_not_heard_now_is_sent_nothing() -> None:
    one, contacts = ledger()
    contacts.hear([("gateway", "2"), ("terminal", "b-c")])
    assert one.without_plan({"1": psc("1", 5.0, None), "2": psc("2", 5.0, 0.0)}) == []
    assert one.not_as_ordered(5.0, {"a-b": False, "b-c": False}, SWITCHES) == []


def test_a_switch_that_is_not_as_wanted_is_ordered_again_later_and_only_if_it_can_be_operated() -> None:
    one, contacts = ledger()
    contacts.hear([("terminal", "a-b"), ("terminal", "b-c")])
    closed = {"a-b": False, "b-c": True}
    assert one.not_as_ordered(0.0, closed, SWITCHES) == [], "in the instant of the order"
    again = [{"switch": "a-b", "closed": True}, {"switch": "b-c", "closed": False}]
    assert one.not_as_ordered(5.0, closed, SWITCHES) == again
    assert one.not_as_ordered(5.0, closed, {"b-c": False}) == again[1:]


def test_over_a_perfect_channel_nothing_is_said_twice() -> None:
    one, _ = ledger(AlwaysHeard())
    assert one.without_plan({la: psc(la, 5.0, None) for la in "12"}) == []
    assert one.not_as_ordered(5.0, {"a-b": False, "b-c": True}, SWITCHES) == []
    assert not one.may_await_orders({"a-b": False}, SWITCHES) and not one.may_await_plan(psc("1", 0.0, None))


def test_orders_may_be_awaited_where_a_switch_is_not_as_wanted_or_somebody_is_silent() -> None:
    one, contacts = ledger()
    assert not one.may_await_orders(SWITCHES, SWITCHES)
    assert one.may_await_orders(SWITCHES | {"b-c": True}, SWITCHES)
    assert not one.may_await_orders(SWITCHES | {"c-d": True}, SWITCHES), "nobody operates that one"
    contacts.changes(10.0)
    assert one.may_await_orders(SWITCHES, SWITCHES)
    assert one.may_await_plan(psc("1", 0.0, None)) and not one.may_await_plan(psc("1", 5.0, None))


def test_a_gateway_follows_the_plan_it_was_sent_when_last_heard_until_it_gives_it_up() -> None:
    one, contacts = ledger()
    first = one.plan
    assert first is not None
    contacts.hear([("gateway", "1")])
    contacts.changes(10.0)
    one.plan = plan(10.0)
    one.note(10.0, [], [])
    assert one.followed("1", 12.0) == (one.plan.steps[0], math.inf), "kept to 35, before its second step"
    assert one.followed("2", 12.0) == (first.steps[0], math.inf), "not heard since 0"
    assert one.followed("2", 80.0) == (first.steps[0], math.inf), "it holds what it gave last"
    assert one.followed("3", 12.0) == (None, math.inf), "never heard"


def test_a_plan_is_followed_step_by_step() -> None:
    one, _ = ledger(AlwaysHeard())
    assert one.plan is not None
    assert [one.followed("1", time) for time in (0.0, 29.0, 30.0, 60.0)] == [
        (one.plan.steps[0], 30.0), (one.plan.steps[0], 30.0), (one.plan.steps[1], 60.0), (one.plan.steps[2], math.inf),
    ]  # fmt: skip
