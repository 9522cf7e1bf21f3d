"""The index system as text for a terminal of 80 columns, as CSV and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..comparison.text import table_csv
from ..run.writing import write_json, write_text
from .index import NOT_AVAILABLE, TABLE_1, Check, Index
from .measured import Measured

WIDTH = 80
NAME_WIDTH = 39
EXAMPLE = "Business data are an EXAMPLE with invented numbers; given values describe no real network."


@dataclass(frozen=True)
class Report:
    """All that is reported of a case. ``business_file`` is empty without business data."""

    measured: Measured
    indices: tuple[Index, ...]
    checks: tuple[Check, ...]
    business_file: str = ""
    business_source: str = ""
    is_example: bool = False

    @property
    def notes(self) -> list[str]:
        """What a reader must know beside the numbers."""
        notes: list[str] = []
        if self.is_example:
            notes.append(EXAMPLE)
        if self.measured.normal:
            notes.append(f"Normal operation: {self.measured.normal.period}.")
            notes += [f"{note}." for note in self.measured.normal.notes]
        return notes


def as_text(report: Report) -> str:
    """The table, then readings and other readings' values, what is missing, and the background figures."""
    title = f"{report.measured.scenario}: index system of Zhu et al., Table 1"
    lines = [title, "=" * len(title), f"{'':{NAME_WIDTH}}{'value':>13} {'unit':<11} {'better':<6}"]
    for head, names in TABLE_1.items():
        lines.append(head)
        for index in (one for one in report.indices if one.name in names):
            lines += _row(index)
    lines += ["", *_paragraphs(report.notes), "Readings, and values under others", "-" * 33]
    for index in report.indices:
        lines += _wrapped(f"{index.number:>2} {index.reading}", 3)
        lines += [part for one in index.alternatives for part in _alternative(one.reading, one.value, one.unit)]
    missing = [f"{index.number:>2} needs {index.needs}" for index in report.indices if not index.available]
    if missing:
        lines += ["", f"{NOT_AVAILABLE.capitalize()}", "-" * len(NOT_AVAILABLE)]
        lines += [part for line in missing for part in _wrapped(line, 3)]
    lines += ["", "Background figures (section 2.2; no index targets)", "-" * 50]
    for check in report.checks:
        lines += _check_lines(check)
    return "\n".join(lines) + "\n"


def _row(index: Index) -> list[str]:
    name = textwrap.wrap(
        f"{index.number:>2} {index.name}", NAME_WIDTH - 1, initial_indent=" ", subsequent_indent="    "
    )
    value = f"{NOT_AVAILABLE:>13}" if index.value is None else f"{number(index.value):>13}"
    tail = f"{value} {index.unit:<11} {index.direction:<6}" + (f" {index.source}" if index.source else "")
    return [*name[:-1], f"{name[-1]:<{NAME_WIDTH}}{tail}".rstrip()]


def _alternative(reading: str, value: float | None, unit: str) -> list[str]:
    shown = "" if value is None else f"{number(value)} {unit}"
    return _wrapped(f"     {reading}" + (f": {shown}" if shown else ""), 7)


def _check_lines(check: Check) -> list[str]:
    if check.value_pct is None:
        shown = f"{NOT_AVAILABLE}, needs {check.needs}"
    else:
        shown = f"{number(check.value_pct)} %, {'met' if check.met else 'not met'}"
    lines = _wrapped(f"{check.figure} by at least {check.target_pct:g} %: {shown}", 3)
    return [*lines, *_wrapped(f"     against: {check.baseline}", 7)]


def number(value: float) -> str:
    """Four significant digits, no fewer before the point: ``0.2512``, ``10,796``."""
    value = round(value, 9) + 0.0  # no negative zero, no rounding noise
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _wrapped(text: str, indent: int) -> list[str]:
    lead = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(text.strip(), WIDTH, initial_indent=lead, subsequent_indent=" " * indent)


def _paragraphs(notes: Sequence[str]) -> list[str]:
    return [*(part for note in notes for part in _wrapped(note, 2)), ""] if notes else []


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write ``indices.csv`` (twelve rows), ``other_readings.csv``, ``checks.csv``, ``normal_operation.csv``,
    ``carrying_capacity.csv`` and ``indices.txt`` into an existing folder; an empty cell means not available."""
    tables = {
        "indices": pd.DataFrame([_record(index) for index in report.indices]),
        "other_readings": pd.DataFrame(
            [
                {"number": index.number, "index": index.name, "reading": a.reading, "value": a.value, "unit": a.unit}
                for index in report.indices
                for a in index.alternatives
            ],
            columns=["number", "index", "reading", "value", "unit"],
        ),
        "checks": pd.DataFrame([_check_record(check) for check in report.checks]),
        "carrying_capacity": pd.DataFrame(
            [
                {"pattern": c.pattern, "bound": b.kind, "capacity_kw": b.capacity_kw, "element": b.element,
                 "searched_kw": b.searched_kw, "conditions": c.conditions}
                for c in report.measured.capacities
                for b in c.bounds
            ],
            columns=["pattern", "bound", "capacity_kw", "element", "searched_kw", "conditions"],
        ),
    }  # fmt: skip
    if report.measured.normal:
        tables["normal_operation"] = report.measured.normal.table
    for name, table in tables.items():
        write_text(folder / f"{name}.csv", table_csv(table))
    write_text(folder / "indices.txt", as_text(report))
    return [*(folder / f"{name}.csv" for name in tables), folder / "indices.txt"]


def write_manifest(report: Report, folder: Path, inputs: dict[str, str], versions: dict[str, str]) -> Path:
    """``indices.json``: the twelve indices and the checks with all that led to them."""
    write_json(
        folder / "indices.json",
        {
            "scenario": report.measured.scenario,
            "strategy": report.measured.outage.strategy,
            "seed": report.measured.outage.seed,
            "business": {"file": report.business_file, "source": report.business_source, "example": report.is_example}
            if report.business_file
            else None,
            "notes": report.notes,
            "indices": [
                {
                    **_record(index),
                    "other_readings": [
                        {"reading": a.reading, "value": a.value, "unit": a.unit} for a in index.alternatives
                    ],
                }
                for index in report.indices
            ],
            "checks": [_check_record(check) for check in report.checks],
            "inputs": inputs,
            "versions": versions,
        },
    )
    return folder / "indices.json"


def _record(index: Index) -> dict[str, Any]:
    return {
        "number": index.number,
        "level_1": index.head,
        "index": index.name,
        "value": index.value,
        "unit": index.unit,
        "better": index.direction,
        "source": index.source or NOT_AVAILABLE,
        "needs": index.needs,
        "reading": index.reading,
        "radar": index.scaled,
        "radar_scale": index.scale,
    }


def _check_record(check: Check) -> dict[str, Any]:
    return {
        "figure": check.figure,
        "target_pct": check.target_pct,
        "value_pct": check.value_pct,
        "met": NOT_AVAILABLE if check.met is None else "yes" if check.met else "no",
        "baseline": check.baseline,
        "needs": check.needs,
    }
