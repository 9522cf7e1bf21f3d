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
    one.issue(plan(), 0.0)
    orders = [SwitchOrder(switch=switch, closed=closed) for switch, closed in SWITCHES.items()]
    one.note(0.0, 0.0, 0.0, orders, [net_power(la, 0.0) for la in "12"])
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
    one.issue(plan(10.0), 10.0)
    one.note(10.0, 10.0, 10.0, [], [])
    assert one.plan is not None
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


def test_a_plan_waits_until_it_begins_and_gives_way_to_those_that_begin_later() -> None:
    """Issued 20 min ahead, at 0, 10 and 40, the last one instead of another of the same instant."""
    one = Ledger(AlwaysHeard())
    assert one.step_at(100.0) is None and one.plan is None and not one.waits(0.0)
    first, second, never, third = plan(20.0), plan(30.0), plan(60.0), plan(60.0)
    for issued, begins_min in ((first, 20.0), (second, 30.0), (never, 60.0), (third, 60.0)):
        one.issue(issued, begins_min)
    assert one.plan is third and one.waits(60.0) and not one.waits(65.0), "a report of 60 is of what was before"
    in_force = [one.step_at(time) for time in (15.0, 20.0, 29.0, 30.0, 59.0, 60.0, 95.0)]
    assert in_force == [
        None, first.steps[0], first.steps[0], second.steps[0], second.steps[0], third.steps[0], third.steps[1],
    ]  # fmt: skip
    one.note(40.0, 60.0, 65.0, [], [net_power("1", 40.0)])
    assert one.followed("1", 25.0) == (first.steps[0], 30.0) and one.followed("1", 10.0) == (None, 20.0)
    assert one.followed("1", 45.0) == (second.steps[0], 60.0), "its second step would begin with the next plan"


def test_an_order_is_under_way_until_reports_can_tell_what_became_of_it() -> None:
    """Ordered at 0, to be done by 20, told of later than 30."""
    contacts = Watched(100.0, 100.0)
    one = Ledger(contacts)
    one.note(0.0, 20.0, 30.0, [SwitchOrder(switch="a-b", closed=True, at_min=20.0)], [])
    assert one.under_way(0.0, 20.0) == {}, "not before it is due"
    assert one.under_way(5.0, 25.0) == one.under_way(30.0, 50.0) == {"a-b": True}
    assert one.under_way(35.0, 55.0) == {}
    contacts.hear([("terminal", "a-b")])
    assert one.not_as_ordered(30.0, {"a-b": False}, SWITCHES) == []
    assert one.not_as_ordered(35.0, {"a-b": False}, SWITCHES) == [{"switch": "a-b", "closed": True}]
