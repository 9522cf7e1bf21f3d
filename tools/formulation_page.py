"""Tables of docs/formulation.md, written from the model: python tools/formulation_page.py rewrites them.

Each model has a block between ``<!-- constraints: model -->`` and ``<!-- /constraints -->``, with a row per constraint:
name in the model, equation in the paper, statement (its docstring), golden LP file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from golden_lp import FORMS, TESTS, folder_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "formulation.md"


def equations(statement: str) -> str:
    """The paper's equations that a statement names: ``(27)–(30)`` is 27–30, ``(13f), (13g)`` is 13f, 13g."""
    found = re.findall(r"\((A?\d+[a-z]?)\)(?:–\((A?\d+[a-z]?)\))?", statement)
    return ", ".join(dict.fromkeys(f"{first}–{last}" if last else first for first, last in found)) or "–"


def row(golden: str, name: str, rule: Callable[..., Any]) -> str:
    statement = " ".join((rule.__doc__ or "").split()).replace("|", "&#124;")
    return f"| `{name}` | {equations(statement)} | {statement} | [lp]({golden}/{name}.lp) |"


def block(form: str) -> str:
    """The tables of a model, one per family."""
    m, table, objective, _, room = FORMS[form]()
    golden = "../" + folder_of(form, room).relative_to(TESTS.parents[1]).as_posix()
    families = [(family, [rule for rule, _ in rules]) for family, rules in table.items()]
    lines: list[str] = []
    for family, rules in families:
        lines += ["", f"### {family}", "", "| name in the model | paper | statement | golden |", "|---|---|---|---|"]
        lines += [row(golden, rule.__name__, rule) for rule in rules]
    statement = " ".join(getattr(m, objective).doc.split())
    lines += ["", f"Objective `{objective}`: {statement} [lp]({golden}/{objective}.lp)", ""]
    return "\n".join(lines)


def with_tables(page: str) -> str:
    """The page with the tables of every model."""
    for form in FORMS:
        begin, end = f"<!-- constraints: {form} -->", "<!-- /constraints -->"
        before, found, rest = page.partition(begin)
        if not found or end not in rest:
            raise ValueError(f"{PAGE.name} has no block {begin} … {end}")
        page = before + begin + "\n" + block(form) + "\n" + end + rest.partition(end)[2]
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
