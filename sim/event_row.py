"""An event as a row of ``events.csv``, but its time."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def event(kind: str, element: str, value: float | None = None, unit: str = "", text: str = "") -> Row:
    """An event row without its time."""
    return {"kind": kind, "element": element, "value": value, "unit": unit, "text": text}
