"""The lists of kinds: every word has its meaning, and nothing that nobody tells is in a list."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from relight.scenarios.kinds.events import EVENT_KINDS, EventKind
from relight.scenarios.kinds.messages import MESSAGE_KINDS, MESSAGE_STATUSES, MessageKind, MessageStatus
from relight.scenarios.kinds.violations import VIOLATION_KINDS, ViolationKind, by_kind

ROOT = Path(__file__).resolve().parents[3]
LISTS = {
    "violations": (ViolationKind, VIOLATION_KINDS),
    "events": (EventKind, EVENT_KINDS),
    "messages": (MessageKind, MESSAGE_KINDS),
    "statuses": (MessageStatus, MESSAGE_STATUSES),
}


@pytest.mark.parametrize("name", LISTS)
def test_each_kind_has_a_meaning(name: str) -> None:
    kinds, meanings = LISTS[name]
    assert get_args(kinds) == tuple(meanings)
    told: list[Any] = [*meanings.values()]
    assert all(told) and all(all(meaning) for meaning in told)


@pytest.mark.parametrize("name", LISTS)
def test_each_kind_is_told_somewhere(name: str) -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "sim").rglob("*.py"))
    assert {kind for kind in LISTS[name][1] if f'"{kind}"' not in source} == set()


def test_counts_are_in_the_order_of_the_list_and_leave_nothing_out() -> None:
    assert list(by_kind(["overload", "unit_q", "voltage_low", "overload", "melted", "bent"]).items()) == [
        ("voltage_low", 1), ("overload", 2), ("unit_q", 1), ("bent", 1), ("melted", 1),
    ]  # fmt: skip
    assert by_kind([]) == {}
