"""Tables of docs/formulation.md, written from the model: python tools/formulation_page.py rewrites them.

Each model has a block between ``<!-- constraints: model -->`` and ``<!-- /constraints -->``, with a row per constraint:
name in the model, a link to the file that says it; equation in the paper; statement (its docstring); golden LP file.
Before them stand its sets, data and variables, each with what its declaration says of it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyomo.environ as pyo

from golden_lp import FORMS, TESTS, folder_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "formulation.md"


def equations(statement: str) -> str:
    """The paper's equations that a statement names: ``(27)–(30)`` is 27–30, ``(13f), (13g)`` is 13f, 13g."""
    found = re.findall(r"\((A?\d+[a-z]?)\)(?:–\((A?\d+[a-z]?)\))?", statement)
    return ", ".join(dict.fromkeys(f"{first}–{last}" if last else first for first, last in found)) or "–"


def row(golden: str, name: str, rule: Callable[..., Any]) -> str:
    statement = " ".join((rule.__doc__ or "").split()).replace("|", "&#124;")
    source = Path(inspect.getsourcefile(rule) or "").relative_to(PAGE.parents[1]).as_posix()
    return f"| [`{name}`](../{source}) | {equations(statement)} | {statement} | [lp]({golden}/{name}.lp) |"


class Name(NamedTuple):
    """A set, a datum or a variable of a model."""

    name: str
    kind: str
    over: str
    unit: str
    meaning: str


def names_in(form: str) -> list[Name]:
    """Sets, data and variables of a model, in the order of their declaration; of one that takes over the constraints
    of another only those that the other has not. Raises ValueError for one that does not say what it is."""
    m, _, _, taken_over, room = FORMS[form]()
    first = form.removesuffix("_by_area").removesuffix("_lossy")
    if first == form:
        first = next(other for other in FORMS if FORMS[other]().room == room)
    known = {one.name for one in names_in(first)} if taken_over else set[str]()
    found: list[Name] = []
    for kind, component in (("set", pyo.Set), ("set", pyo.RangeSet), ("data", pyo.Param), ("variable", pyo.Var)):
        for one in m.component_objects(component):
            if one.local_name in known or (one.doc is None and one.local_name.endswith("_domain")):
                continue
            if one.doc is None:
                raise ValueError(f"{form}: {kind} {one.local_name} does not say what it is")
            found.append(_name(m, kind, one))
    given: dict[str, str] = getattr(m, "given", {})
    found += [Name(name, "data", "", *_unit(told)) for name, told in given.items() if name not in known]
    order = {"set": 0, "data": 1, "variable": 2}
    return sorted(found, key=lambda one: order[one.kind])


def _unit(told: str) -> tuple[str, str]:
    """Unit, in brackets at the end, and meaning."""
    meaning, _, unit = told.removesuffix("]").partition(" [")
    return unit, meaning


def _name(m: Any, kind: str, one: Any) -> Name:
    unit, meaning = _unit(one.doc)
    if kind == "set":
        return Name(one.local_name, kind, "", "", meaning)
    sets = one.index_set().subsets() if one.is_indexed() else ()
    over = " ".join(s.local_name if s.doc else "…" for s in sets)
    whole = kind == "variable" and all(v.is_binary() for v in one.values())
    return Name(one.local_name, kind, over, "0/1" if whole else unit, meaning)


def block(form: str) -> str:
    """The tables of a model: its names, then its constraints, one table per family."""
    m, table, objective, _, room = FORMS[form]()
    golden = "../" + folder_of(form, room).relative_to(TESTS.parents[1]).as_posix()
    families = [(family, [rule for rule, _ in rules]) for family, rules in table.items()]
    lines: list[str] = []
    if names := names_in(form):
        lines += ["", "### Sets, data, variables", "", "| name | | over | unit | meaning |", "|---|---|---|---|---|"]
        lines += [f"| `{n.name}` | {n.kind} | {n.over or '–'} | {n.unit or '–'} | {n.meaning} |" for n in names]
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
