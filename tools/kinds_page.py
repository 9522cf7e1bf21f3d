"""The reference of the words in a run's tables, from their lists: python tools/kinds_page.py rewrites
docs/reference/kinds.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from relight.scenarios.kinds.events import EVENT_KINDS
from relight.scenarios.kinds.messages import MESSAGE_KINDS, MESSAGE_STATUSES
from relight.scenarios.kinds.violations import VIOLATION_KINDS
from schema_pages import row

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "kinds.md"
HEAD = """# Violations, events, messages: every kind

<!-- written by tools/kinds_page.py -->

The lists are closed: a row with another word is not written. [A run's folder](../results.md) has the tables,
[validation](../validation.md#what-is-judged) says how plans are judged, [the world](../world.md#verdicts) how runs
are, and [where to add what](../adding.md) how a list grows."""


def table(kinds: Mapping[str, str], head: str) -> Iterator[str]:
    yield from ["", f"| {head} | meaning |", "|---|---|"]
    yield from (row(f"`{kind}`", meaning) for kind, meaning in kinds.items())


def lines() -> Iterator[str]:
    yield HEAD
    yield from ["", "## Violations", "", "| kind | value | limit | broken when |", "|---|---|---|---|"]
    yield from (row(f"`{kind}`", *meaning) for kind, meaning in VIOLATION_KINDS.items())
    yield from ["", "## Events", *table(EVENT_KINDS, "kind")]
    yield from ["", "## Messages", *table(MESSAGE_KINDS, "kind"), *table(MESSAGE_STATUSES, "status")]


def page() -> str:
    """The whole page."""
    return "\n".join(lines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
