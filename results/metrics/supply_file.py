"""Reading a supply table from a CSV file, whoever wrote it: every cell must stand under its own header."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from .supply import REQUIRED, BadTable, Supply, supply_of

SHOWN = 5
"""problems with rows that are told one by one"""


def read_supply(path: Path, end_min: float | None = None) -> Supply:
    """A supply table from a CSV file. Raises BadTable with everything wrong with it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise BadTable(f"{path}: no CSV table in UTF-8 ({' '.join(str(error).split())})") from error
    if problems := _shape(table):
        raise BadTable("\n".join(f"{path}: {problem}" for problem in problems))
    rows = pd.read_csv(
        io.StringIO(text), dtype={"local_area": str}, keep_default_na=False, na_values=[""], index_col=False
    )
    return supply_of(rows, end_min, str(path))


def _shape(table: Sequence[Sequence[str]]) -> list[str]:
    """What is wrong with header and rows before any number is read."""
    header = table[0] if table else []
    problems = [f"column {name} appears {n} times; keep one" for name, n in Counter(header).items() if n > 1 and name]
    if missing := [column for column in REQUIRED if column not in header]:
        other = next((name for sign, name in {";": "semicolons", "\t": "tabs"}.items() if sign in "".join(header)), "")
        hint = f"; cells are separated by commas, not by {other}" if other else ""
        problems.append(f"no column {', '.join(missing)}; needed are {', '.join(REQUIRED)}{hint}")
    wrong: list[str] = []
    place = header.index("local_area") if "local_area" in header else None
    for number, row in enumerate(table[1:], start=2):
        if not row:
            continue  # a blank line
        if len(row) != len(header):
            comma = "; a comma too many at its end?" if len(row) == len(header) + 1 and not row[-1] else ""
            wrong.append(f"row {number} has {len(row)} cells, the header {len(header)}{comma}")
        elif place is not None and not row[place].strip():
            wrong.append(f"row {number}: local_area is empty; it must name a local area")
    more = [f"and {len(wrong) - SHOWN} more rows like these"] if len(wrong) > SHOWN else []
    return [*problems, *wrong[:SHOWN], *more]
