"""Rows of events and violations, but for their time: the kinds are closed lists."""

from __future__ import annotations

from typing import Any

from ...scenarios.kinds.events import EventKind
from ...scenarios.kinds.violations import ViolationKind

Row = dict[str, Any]
"""Column → value."""


def event(
    kind: EventKind, element: str = "", value: float | None = None, unit: str = "", text: str = "", cause: str = ""
) -> Row:
    """A row of events.csv without its time; ``value`` is in ``unit``."""
    return {"kind": kind, "element": element, "value": value, "unit": unit, "text": text, "cause": cause}


def violation(
    island: str, kind: ViolationKind, element: str, value: float | None, limit: float | None, unit: str
) -> Row:
    """A row of violations.csv without its time and step; ``value`` and ``limit`` are in ``unit``."""
    return {"island": island, "kind": kind, "element": element, "value": value, "limit": limit, "unit": unit}
