"""Text from outside: what a name, a title and a message may hold, and how the rest is shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

MOST_NAME = 100
"""Characters of a name: of a bus, a unit, a scenario."""
MOST_DEPTH = 50
MOST_INTEGER = 2**63
MOST_VALUES = 1_000_000
FORMULA = ("=", "+", "@", "\t", "\r")
"""Beginnings that make a spreadsheet calculate what a table only names."""
_NO_FOLDER = re.compile(r'[<>:"|?*\\]')


def printable(text: str, *, lines: bool = False) -> str:
    """The text with every control character, lone surrogate and change of direction as an escape; ``lines`` stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or (lines and c in "\n\t") else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def text_complaint(text: str) -> str:
    """Why a text cannot be shown or written; empty: it can. Line ends and tabs are no fault."""
    for c in text:
        if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp"):
            return f"holds the control character {_escape(c)}; leave it out"
    return ""


def name_complaint(name: str) -> str:
    """Why nothing can have this name in tables, figures and messages; empty: it can."""
    if not name.strip():
        return "a name must not be empty"
    if len(name) > MOST_NAME:
        return f"a name has {MOST_NAME} characters at most, this one has {len(name)}"
    if name.startswith(FORMULA):
        return f"a name cannot begin with {name[0]!a}: a spreadsheet would take it for a formula"
    if odd := [c for c in name if not c.isprintable()]:
        return f"a name cannot hold {_escape(odd[0])}; leave it out"
    return ""


def folder_name_complaint(name: str) -> str:
    """Why a folder of results cannot be named after this; empty: it can. ``/`` is replaced there."""
    if complaint := name_complaint(name):
        return complaint
    if found := _NO_FOLDER.search(name):
        return f"a folder is named after it and cannot hold {found[0]!r} on every system; leave it out"
    if any(part in ("", ".", "..") or part != part.strip(" ") for part in name.split("/")):
        return "a folder is named after it: parts between slashes must not be empty, dots, or end with a space"
    return ""


def data_complaints(data: Any) -> Iterator[tuple[str, object, str]]:
    """What no file of ours can mean, wherever it stands in plain data: field, value, remedy. A look, not a schema."""
    left, seen = [("", data, 0)], 0
    while left:
        field, value, depth = left.pop()
        seen += 1
        if depth > MOST_DEPTH or seen > MOST_VALUES:
            much = f"nested more than {MOST_DEPTH} deep" if depth > MOST_DEPTH else f"more than {MOST_VALUES:,} values"
            yield field.split(".")[0], None, f"holds {much}; nothing here needs so much"
            return
        if isinstance(value, dict):
            inside: list[tuple[Any, Any]] = list(value.items())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            for key, _ in inside:
                if isinstance(key, str) and (complaint := text_complaint(key)):
                    yield field, key, f"a key {complaint}"
            left += [(f"{field}.{key}" if field else str(key), one, depth + 1) for key, one in reversed(inside)]
        elif isinstance(value, list):
            many: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
            left += [
                (f"{field}.{k}" if field else str(k), one, depth + 1) for k, one in reversed(list(enumerate(many)))
            ]
        elif isinstance(value, str):
            if complaint := text_complaint(value):
                yield field, value, complaint
        elif isinstance(value, int) and abs(value) >= MOST_INTEGER:
            yield field, _shown(value), "is larger than any number here can be"


def _shown(number: int) -> str:
    """A number too long to be printed."""
    return f"a number of about {int(number.bit_length() * 0.30103) + 1} digits"
