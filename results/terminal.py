"""Tables for a terminal of 80 columns: plain text that a pipe or a file can take; emphasis only where somebody looks.

Plain: letters, spaces and rules of ``-`` and ``=``; nothing else is needed to read them. On a terminal headings become
bold and rules dim (``emphasised``), unless NO_COLOR is set (https://no-color.org) or the terminal is dumb.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import TextIO

WIDTH = 80
BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def takes_emphasis(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream is a terminal that wants more than plain text."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") not in ("dumb", "", None)


def emphasised(text: str) -> str:
    """The same text with headings (lines above a rule) in bold and rules dim; without the codes it is unchanged."""
    lines = text.split("\n")
    for k, line in enumerate(lines):
        if re.fullmatch(r"-{3,}|={3,}", line):
            lines[k] = f"{DIM}{line}{RESET}"
            if k and lines[k - 1]:
                lines[k - 1] = f"{BOLD}{lines[k - 1]}{RESET}"
    return "\n".join(lines)


def text_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Labels to the left, all else aligned to the right, a rule below the head.

    A row of one cell is a heading within the table. A label too wide for the terminal stands on a line of its own above
    its values.
    """
    full = [head, *(row for row in body if len(row) > 1)]
    widths = [max(len(row[k]) for row in full) for k in range(len(head))]
    widths[0] = max(widths[0], *(len(row[0]) for row in body), 0)
    widths[0] = min(widths[0], WIDTH - sum(w + 2 for w in widths[1:]))
    lines: list[str] = []
    for row in [head, *body]:
        label, values = row[0], [text.rjust(w) for text, w in zip(row[1:], widths[1:], strict=False)]
        if values and len(label) > widths[0]:
            lines.append(label[:WIDTH])
            label = ""
        lines.append("  ".join([label.ljust(widths[0]), *values])[:WIDTH].rstrip())
        if row is head:
            lines.append("-" * (sum(widths) + 2 * len(widths) - 2))
    return lines


Rows = Sequence[tuple[str, str, list[str]]]
"""Label, unit and one text per column."""


def column_tables(title: str, names: Sequence[str], groups: Sequence[tuple[str, Rows]]) -> list[str]:
    """Tables with a column per name, as many side by side as fit; ``groups`` are headings, maybe empty, and their rows.

    Under a heading that gives the unit rows do not repeat it.
    """
    body: list[tuple[str, list[str]]] = []
    for heading, rows in groups:
        body += [(heading, [])] if heading and rows else []
        for name, unit, values in rows:
            shown = f"{name} ({unit})" if unit and f"({unit})" not in heading else name
            shown = shown.removeprefix("AC ") if heading.startswith("AC ") else shown
            body.append((f"  {shown}" if heading else shown, values))
    columns = [[name, *(values[k] for _, values in body if values)] for k, name in enumerate(names)]
    lines: list[str] = []
    for block in _blocks([label for label, _ in body], columns):
        head = [title, *(names[k] for k in block)]
        lines += [*text_table(head, [[label, *(values[k] for k in block if values)] for label, values in body]), ""]
    return lines


def _blocks(labels: Sequence[str], columns: Sequence[Sequence[str]]) -> list[list[int]]:
    """Indices of the columns (each with its head) that fit side by side beside the labels."""
    label = max(map(len, labels), default=0)
    blocks: list[list[int]] = [[]]
    room = WIDTH - label
    for k, column in enumerate(columns):
        width = 2 + max(map(len, column))
        if blocks[-1] and room < width:
            blocks.append([])
            room = WIDTH - label
        blocks[-1].append(k)
        room -= width
    return blocks
