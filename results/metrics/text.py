"""Metrics as CSV, as Markdown and for a terminal of 80 columns."""

from __future__ import annotations

import textwrap

import pandas as pd

from ..run.writing import cell
from .catalogue import METRICS, Metric, Value
from .score import Score

WIDTH = 80
COLUMNS = ("metric", "value", "unit", "low", "high", "note")


def metrics_csv(score: Score) -> str:
    """One line per metric; an empty value is not defined, and the note says why."""
    return pd.DataFrame(score_cells(score), columns=list(COLUMNS)).to_csv(index=False, lineterminator="\n")


def score_cells(score: Score) -> list[tuple[str, ...]]:
    """A row of ``COLUMNS`` per metric, as text."""
    return [
        (name, cell(found.value, 9), METRICS[name].unit, cell(found.low, 9), cell(found.high, 9), found.note)
        for name, found in score.items()
    ]


def table_csv(table: pd.DataFrame, digits: int = 9) -> str:
    """A table as CSV text: fixed rounding, ``\\n`` line ends."""
    return table.map(lambda value: cell(value, digits)).to_csv(index=False, lineterminator="\n")


def metrics_markdown(score: Score) -> str:
    """A table per heading."""
    lines: list[str] = []
    for heading, names in headings(score).items():
        lines += [f"## {heading}", "", "| metric | value | unit | note |", "|---|---:|---|---|"]
        lines += [
            f"| {METRICS[name].label} (`{name}`) | {shown(METRICS[name], score[name])} | {METRICS[name].unit} | "
            f"{score[name].note} |"
            for name in names
        ]
        lines.append("")
    return "\n".join(lines)


def metrics_text(score: Score) -> str:
    """Aligned columns under headings; notes are numbered and stand below."""
    notes: dict[str, int] = {}
    lines: list[str] = []
    for heading, names in headings(score).items():
        lines += [heading, "-" * len(heading)]
        for name in names:
            metric, found = METRICS[name], score[name]
            mark = f"[{notes.setdefault(found.note, len(notes) + 1)}]" if found.note else ""
            lines.append(f"{metric.label:<30} {shown(metric, found):>25} {metric.unit:<12} {mark}".rstrip())
        lines.append("")
    for note, number in notes.items():
        lines += textwrap.wrap(f"[{number}] {note}", WIDTH, subsequent_indent="    ")
    return "\n".join(lines) + "\n"


def headings(score: Score) -> dict[str, list[str]]:
    """Metrics of a score by heading, in the order of the catalogue."""
    grouped: dict[str, list[str]] = {}
    for name in score:
        grouped.setdefault(METRICS[name].heading, []).append(name)
    return grouped


def shown(metric: Metric, found: Value) -> str:
    """A value with the metric's decimals, ``-`` where there is none, and its interval if it has one."""
    if found.value is None:
        return "-"
    text = rounded(found.value, metric.decimals)
    if found.low is None or found.high is None:
        return text
    return f"{text} [{rounded(found.low, metric.decimals)}..{rounded(found.high, metric.decimals)}]"


def rounded(value: float, decimals: int) -> str:
    """A number with so many decimals, and no negative zero."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


FORMS = {"text": metrics_text, "csv": metrics_csv, "markdown": metrics_markdown}
"""Form of output by name."""
