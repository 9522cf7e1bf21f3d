"""Whom the dispatch centre hears: over a channel that can fail, and over one that cannot."""

from __future__ import annotations

import math

from relight.controllers.centre.contacts import AlwaysHeard, Watched, contacts_of
from relight.scenarios.schema.communication import Communication

ONE, TWO, SWITCH = ("gateway", "1"), ("gateway", "2"), ("terminal", "1-2")


def watched(**options: float) -> Watched:
    contacts = contacts_of(Communication.model_validate(options))
    assert isinstance(contacts, Watched)
    contacts.expect([ONE, TWO, SWITCH])
    return contacts


def test_the_scenario_decides_whether_contacts_are_watched() -> None:
    assert isinstance(contacts_of(None), AlwaysHeard)
    assert isinstance(contacts_of(Communication()), Watched)


def test_contact_is_lost_once_after_ten_silent_minutes_and_regained_when_heard() -> None:
    contacts, told = watched(), {}
    for time in range(0, 30, 5):
        contacts.hear([ONE] if time != 5 else [])
        contacts.hear([TWO] if time == 20 else [])
        told[time] = contacts.changes(time)
        contacts.close()
    assert told == {
        0: ([], []), 5: ([], []), 10: ([TWO, SWITCH], []), 15: ([], []), 20: ([], [TWO]), 25: ([], []),
    }  # fmt: skip
    assert contacts.silent == {SWITCH}
    assert contacts.changes(30) == ([TWO], []), "not heard since 20"


def test_patience_is_the_scenarios() -> None:
    contacts = watched(fallback_after_min=20)
    assert contacts.changes(19.9) == ([], []) and contacts.changes(20) == ([ONE, TWO, SWITCH], [])


def test_who_was_heard_counts_for_one_decision() -> None:
    contacts = watched()
    assert contacts.now == set(), "what was known before is not of now"
    contacts.hear([ONE])
    contacts.changes(0)
    assert contacts.now == {ONE}
    contacts.close()
    assert contacts.now == set()


def test_a_plan_is_followed_for_its_validity_after_its_gateway_was_heard() -> None:
    contacts = watched(plan_validity_min=30)
    assert contacts.follows_until("1") == 30
    contacts.hear([ONE])
    contacts.changes(15)
    assert (contacts.follows_until("1"), contacts.follows_until("2")) == (45, 30)
    assert watched().follows_until("1") == math.inf


def test_over_a_channel_that_can_fail_any_order_may_be_missed_and_everybody_is_reassured() -> None:
    assert watched().may_have_missed([ONE, SWITCH]) == [ONE, SWITCH]
    assert watched().to_reassure(["1", "2"]) == ["1", "2"]


def test_over_a_perfect_channel_everybody_is_heard_and_nothing_is_ever_missed() -> None:
    contacts = contacts_of(None)
    contacts.expect([ONE])
    contacts.hear([TWO])
    for time in (0, 1000):
        assert contacts.changes(time) == ([], [])
        assert contacts.now == {ONE, TWO} and not contacts.silent
        contacts.close()
    assert contacts.may_have_missed([ONE, SWITCH]) == [] == contacts.to_reassure(["1"])
    assert contacts.follows_until("1") == math.inf
