"""What a run notes down, step by step, and how its numbers become the same bytes everywhere."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Collection, Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from ...scenarios.kinds.events import EVENT_KINDS, EventKind
from ...scenarios.kinds.messages import MESSAGE_KINDS, MESSAGE_STATUSES
from ...scenarios.kinds.violations import VIOLATION_KINDS
from .rows import Row, event
from .tables import EVENTS, OPTIONAL, OPTIONAL_SERIES, SERIES, VIOLATIONS

COLUMNS: dict[str, tuple[str, ...]] = {**SERIES, **OPTIONAL_SERIES, "violations": VIOLATIONS, "events": EVENTS}
"""Every table of a run: name → columns."""

CLOSED: dict[str, dict[str, Collection[str]]] = {
    "violations": {"kind": VIOLATION_KINDS},
    "events": {"kind": EVENT_KINDS},
    "message": {"kind": MESSAGE_KINDS, "status": MESSAGE_STATUSES},
}
"""Words that a column may hold: table → column → words."""

TEXT_COLUMNS = frozenset({
    "bus", "branch", "switch", "island", "balance_unit", "buses", "local_area", "section", "unit", "kind", "state",
    "sender", "receiver", "status", "element", "text",
})  # fmt: skip
"""Columns that hold ids and words, never numbers, even where an id looks like one."""

_FINE = ("vm_pu", "va_degree", "vm_min_pu", "vm_max_pu", "value", "limit")


def table_path(table: str) -> Path:
    """Where a table lies in a run's folder."""
    return Path(f"{table}.csv") if table in ("violations", "events") else Path("series", f"{table}.csv")


class Recorder:
    """Collects a run's rows in memory. Rows are mappings with exactly the columns of their table; None and NaN make
    an empty cell, booleans become 0 and 1."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        self._optional: set[str] = set()
        self.plans: list[dict[str, Any]] = []
        self._steps: set[float] = set()

    def add(self, table: str, rows: Iterable[Row]) -> None:
        """Append rows to a table. Raises ValueError for an unknown table, a missing or an unknown column, and a word
        that is none of those that ``CLOSED`` gives for a column."""
        if table not in COLUMNS:
            raise ValueError(f"unknown table {table!r}; tables are {', '.join(COLUMNS)}")
        for row in rows:
            if not self.rows[table] and row.keys() >= set(OPTIONAL.get(table, "?")):
                self._optional.add(table)
            columns = self.columns(table)
            if row.keys() != set(columns):
                missing, unknown = set(columns) - row.keys(), row.keys() - set(columns)
                raise ValueError(f"table {table}: missing columns {sorted(missing)}, unknown columns {sorted(unknown)}")
            for column, words in CLOSED.get(table, {}).items():
                if row[column] not in words:
                    raise ValueError(f"table {table}: {column} {row[column]!r} is none of {', '.join(words)}")
            self.rows[table].append(tuple(row[column] for column in columns))
            # Messages may be sent between steps; every other series has one time per simulation step.
            if table in SERIES and table != "message":
                self._steps.add(float(row["time_min"]))

    def add_event(
        self,
        time_min: float,
        kind: EventKind,
        element: str = "",
        value: float | None = None,
        unit: str = "",
        text: str = "",
    ) -> None:
        """Note one event; ``value`` is in ``unit``."""
        self.add("events", [{"time_min": time_min, **event(kind, element, value, unit, text)}])

    def add_plan(self, plan: Mapping[str, Any]) -> None:
        """Keep a plan (its plain form), in the order of issue."""
        self.plans.append(dict(plan))

    def columns(self, table: str) -> tuple[str, ...]:
        """Columns of a table in this run: with those of ``OPTIONAL`` if its first row has them."""
        return COLUMNS[table] + (OPTIONAL[table] if table in self._optional else ())

    @property
    def steps_seen(self) -> int:
        """Number of simulation steps with at least one row; a run is complete only when this is the window's number."""
        return len(self._steps)

    @property
    def last_step_min(self) -> float | None:
        """Start of the last simulation step seen (min)."""
        return max(self._steps, default=None)

    def table_text(self, table: str) -> str:
        """A table as CSV text: header, one line per row, ``\\n`` line ends."""
        columns = self.columns(table)
        digits = [9 if column in _FINE else 6 for column in columns]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([cell(v, d) for v, d in zip(row, digits, strict=True)] for row in self.rows[table])
        return out.getvalue()


def cell(value: Any, digits: int = 6) -> str:
    """One value as text: fixed rounding, no trailing zeros, no negative zero, empty for None and NaN."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Integral) or type(value).__name__ in ("bool", "bool_"):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        if math.isnan(number):
            return ""
        if math.isinf(number):
            return "inf" if number > 0 else "-inf"
        text = f"{number:.{digits}f}".rstrip("0").rstrip(".")
        return "0" if text in ("-0", "") else text
    raise TypeError(f"a cell holds text, a number or nothing, not {type(value).__name__}: {value!r}")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with ``\\n`` line ends on every platform, making the folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write JSON, keys in the order given; NaN and infinity are refused (ValueError), they are no JSON."""
    write_text(path, json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _plain(content: Any) -> Any:
    """Only plain Python types, floats rounded to 12 digits so that a last bit never shows."""
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, bool) or type(content).__name__ == "bool_":
        return bool(content)
    if isinstance(content, Integral):
        return int(content)
    if isinstance(content, Real):
        return round(float(content), 12) + 0.0
    return content
