"""What a run notes down, step by step."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ...scenarios.kinds.events import EVENT_KINDS, EventKind
from ...scenarios.kinds.messages import MESSAGE_KINDS, MESSAGE_STATUSES
from ...scenarios.kinds.violations import VIOLATION_KINDS
from .rows import Row, event
from .tables import EVENTS, OPTIONAL, OPTIONAL_TABLES, SERIES, VIOLATIONS
from .writing import cell

COLUMNS: dict[str, tuple[str, ...]] = {**SERIES, **OPTIONAL_TABLES, "violations": VIOLATIONS, "events": EVENTS}
"""Every table of a run: name → columns."""

CLOSED: dict[str, dict[str, Collection[str]]] = {
    "violations": {"kind": VIOLATION_KINDS},
    "events": {"kind": EVENT_KINDS},
    "message": {"kind": MESSAGE_KINDS, "status": MESSAGE_STATUSES},
}
"""Words that a column may hold: table → column → words."""

TEXT_COLUMNS = frozenset({
    "bus", "branch", "switch", "island", "balance_unit", "buses", "local_area", "section", "unit", "kind", "state",
    "sender", "receiver", "status", "element", "text", "cause",
})  # fmt: skip
"""Columns that hold ids and words, never numbers, even where an id looks like one."""

_FINE = ("vm_pu", "va_degree", "vm_min_pu", "vm_max_pu", "value", "limit")


def table_path(table: str) -> Path:
    """Where a table lies in a run's folder."""
    return Path(f"{table}.csv") if table in ("violations", "events", "forecast") else Path("series", f"{table}.csv")


class Recorder:
    """Collects a run's rows in memory. Rows are mappings with exactly the columns of their table; None and NaN make
    an empty cell, booleans become 0 and 1."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        self._optional: dict[str, tuple[str, ...]] = {}
        self.plans: list[dict[str, Any]] = []
        self._steps: set[float] = set()

    def add(self, table: str, rows: Iterable[Row]) -> None:
        """Append rows to a table. Raises ValueError for an unknown table, a missing or an unknown column, and a word
        that is none of those that ``CLOSED`` gives for a column."""
        if table not in COLUMNS:
            raise ValueError(f"unknown table {table!r}; tables are {', '.join(COLUMNS)}")
        for row in rows:
            if not self.rows[table]:
                self._optional[table] = tuple(column for column in OPTIONAL.get(table, ()) if column in row)
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
        cause: str = "",
    ) -> None:
        """Note one event; ``value`` is in ``unit``."""
        self.add("events", [{"time_min": time_min, **event(kind, element, value, unit, text, cause)}])

    def add_plan(self, plan: Mapping[str, Any]) -> None:
        """Keep a plan (its plain form), in the order of issue."""
        self.plans.append(dict(plan))

    def columns(self, table: str) -> tuple[str, ...]:
        """Columns of a table in this run: with those of ``OPTIONAL`` that its first row has."""
        return COLUMNS[table] + self._optional.get(table, ())

    @property
    def steps_seen(self) -> int:
        """Number of simulation steps with at least one row; a run is complete only when this is the window's number."""
        return len(self._steps)

    def table_text(self, table: str) -> str:
        """A table as CSV text: header, one line per row, ``\\n`` line ends."""
        columns = self.columns(table)
        digits = [9 if column in _FINE else 6 for column in columns]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([cell(v, d) for v, d in zip(row, digits, strict=True)] for row in self.rows[table])
        return out.getvalue()
