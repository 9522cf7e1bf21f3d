"""The page itself: head and key numbers as HTML, styles, script and data put into one file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..figures import style

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = (
    "courses.js",
    "signs.js",
    "labels.js",
    "hover.js",
    "diagram.js",
    "network.js",
    "charts.js",
    "tables.js",
    "page.js",
)
"""In this order, for each uses those before it."""
MOST_BYTES = 4_900_000
"""A page may be no larger."""
CLAIM = (
    "<b>Planned</b> is a claim: what the plan in force at each moment said it would serve. <b>Served</b> is what "
    "happened in a world that differs from the forecast, judged by AC power flow at every step."
)
KEYS = (
    "Keys: <kbd>←</kbd> <kbd>→</kbd> a step back and on, <kbd>Home</kbd> <kbd>End</kbd> first and last step, "
    "<kbd>Space</kbd> play and pause; in a diagram <kbd>+</kbd> <kbd>−</kbd> <kbd>0</kbd>, <kbd>Shift</kbd> and "
    "arrows, drag, or Ctrl and wheel. Hovering over a chart shows that moment everywhere, a click stays there."
)


def assemble(kind: str, title: str, head: str, data: Mapping[str, Any]) -> bytes:
    """The whole page; ``kind`` is run or comparison, ``head`` HTML, ``data`` what the script reads."""
    # "<" cannot end the script element early when it is written as an escape of JSON.
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "title": escape(title),
        "kind": kind,
        "colours": _colours(),
        "style": _asset("report.css"),
        "head": head,
        "foot": f"<footer><p>{KEYS}</p></footer>",
        "script": "\n".join(_asset(name) for name in SCRIPTS),
        "data": text,
    }
    page = _asset("report.html")
    pieces = page.split("@")
    # Placeholders are the odd pieces; replacing them in one pass leaves any "@" in what is put in alone.
    return "".join(parts[piece] if k % 2 else piece for k, piece in enumerate(pieces)).encode()


def tiles(facts: Sequence[tuple[str, str, str, str]]) -> str:
    """Key numbers: name, number, what it is a number of, and a class."""
    cells = (
        f'<div class="{css}"><dt>{escape(name)}</dt><dd>{escape(value)} <small>{escape(unit)}</small></dd></div>'
        for name, value, unit, css in facts
    )
    return f'<dl class="tiles">{"".join(cells)}</dl>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str, text_columns: int = 1) -> str:
    """An HTML table whose first columns are text and the rest numbers."""

    def line(cells: Sequence[str], tag: str) -> str:
        named = ((escape(cell), "" if k < text_columns else ' class="number"') for k, cell in enumerate(cells))
        return "<tr>" + "".join(f"<{tag}{css}>{text}</{tag}>" for text, css in named) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><caption>{caption}</caption><thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8").rstrip("\n")


def _colours() -> str:
    """Custom properties: the same colours as in the figures, and for islands what shows well as lines."""
    islands = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.SKY, style.RED, "var(--ink)")
    named = {
        **style.SOURCE_COLOURS,
        **{name: colour for name, (colour, _) in style.LOAD_LINES.items()},
        **{f"island-{k}": colour for k, colour in enumerate(islands)},
        "high": style.SKY,
        "low": style.BLUE,
        "differs": style.PURPLE,
    }
    return ":root {" + " ".join(f"--{name}: {colour};" for name, colour in named.items()) + "}"
