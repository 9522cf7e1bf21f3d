"""A field terminal keeps orders for later until its switch has just the time to operate."""

from __future__ import annotations

from typing import Any

from relight.sim.cosim.field_terminal import FieldTerminal


def order(closed: bool, at_min: float | None = None) -> Any:
    return {"switch": "a-b", "closed": closed} | ({} if at_min is None else {"at_min": at_min})


def told(terminal: FieldTerminal, *times: float) -> list[bool | None]:
    return [terminal.operation(time) for time in times]


def test_an_order_for_now_is_obeyed_once_and_told_the_same_all_that_instant() -> None:
    terminal = FieldTerminal("a-b", operation_min=5.0)
    assert told(terminal, 0.0) == [None]
    terminal.receive(order(True))
    assert told(terminal, 0.0, 0.0, 5.0) == [True, True, None]


def test_an_order_for_later_begins_one_operation_before_and_at_once_if_that_is_over() -> None:
    terminal = FieldTerminal("a-b", operation_min=5.0)
    terminal.receive(order(True, 30.0))
    assert told(terminal, 20.0, 25.0, 30.0) == [None, True, None]
    terminal.receive(order(False, 32.0))
    assert told(terminal, 30.0, 35.0) == [False, None], "late by three minutes"


def test_an_order_replaces_what_was_to_be_done_then_or_later_and_nothing_earlier() -> None:
    terminal = FieldTerminal("a-b")
    for one in (order(True, 30.0), order(False, 60.0), order(True, 90.0), order(True, 60.0)):
        terminal.receive(one)
    assert told(terminal, 30.0, 60.0, 90.0) == [True, True, None]
    terminal.receive(order(False, 120.0))
    terminal.receive(order(True))
    assert told(terminal, 95.0, 120.0) == [True, None], "an order for now ends all that waited"
