"""Tables of docs/networks.md, from the inventory by which nets are read: python tools/networks_page.py writes them."""

from __future__ import annotations

import re
from pathlib import Path

from relight.scenarios.networks.pandapower_nets.inventory import TABLES, Column, Table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "networks.md"
_BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(\n<!-- /\2 -->)", re.DOTALL)


def elements() -> str:
    """A row per kind of element: what becomes of it, and how."""
    rows = ["| table | elements | what becomes of them | how, or what to do |", "|---|---|---|---|"]
    told = [(name, table) for name, table in TABLES.items() if table.fate != "no physics"]
    rows += [f"| `{name}` | {table.word} | {table.fate} | {table.text} |" for name, table in told]
    silent = ", ".join(f"`{name}`" for name, table in TABLES.items() if table.fate == "no physics")
    return "\n".join([*rows, "", f"Without physics, and not read: {silent}."])


def columns() -> str:
    """A row per column, or columns told in the same words, beside those that are modelled."""
    rows = ["| table | column | what becomes of it | what to do, or what it may change |", "|---|---|---|---|"]
    for name, table in TABLES.items():
        for column, alike in _alike(table):
            names = ", ".join(f"`{one}`" for one in alike)
            rows.append(f"| `{name}` | {names} | {column.fate} | {column.text} |")
    return "\n".join(rows)


def _alike(table: Table) -> list[tuple[Column, list[str]]]:
    found: dict[Column, list[str]] = {}
    for name, column in table.others.items():
        if column.fate != "no physics":
            found.setdefault(column, []).append(name)
    return list(found.items())


def with_tables(text: str) -> str:
    """The page with its tables as they are now."""
    made = {"elements": elements(), "columns": columns()}
    return _BLOCK.sub(lambda match: f"{match[1]}\n{made[match[2]]}\n{match[3]}", text)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
