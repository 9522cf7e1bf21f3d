"""A file written by ``pandapower.to_json``, read without letting it choose what is imported.

pandapower's reader imports the module and makes the class that any ``_module`` and ``_class`` in the file names, in
nested text too. So the whole file is looked through first: only the containers of data below may stand in it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...reading.files import read_text, why_unreadable
from ...reading.plain_text import printable
from ...reading.time_limit import OutOfTime, time_limit
from .whole_net import empty_net

ALLOWED = frozenset({
    ("pandapower.auxiliary", "pandapowerNet"),
    ("pandas.core.frame", "DataFrame"), ("pandas", "DataFrame"),
    ("pandas.core.series", "Series"), ("pandas", "Series"),
    ("networkx", "MultiGraph"),
    *(("numpy", name) for name in ("array", "bool", "bool_", "int32", "int64", "uint32", "float32", "float64")),
    *(("builtins", name) for name in ("tuple", "set", "frozenset", "complex")),
})  # fmt: skip
"""Module and class of what may stand in a file: data, and nothing that acts."""
_OF_TABLES = frozenset({
    "_module", "_class", "_object", "orient", "dtype", "typ", "is_multiindex", "is_multicolumn", "index_name",
    "index_names", "column_name", "column_names", "columns",
})  # fmt: skip
"""What may be said of a table; pandas would take more, such as places to read from."""
_NO_NUMBERS = ("nan", "inf", "-inf")
"""What a number of numpy may hold as text."""
_CONTROLLERS = "pandapower.control."
"""Controllers act on power flows; the tables that hold them are left out."""
MOST_DEPTH = 20
"""Text within text within text."""
READING_S = 120.0


class NetFileError(Exception):
    """The file is no net, or names what is not allowed."""


def read_net(path: Path) -> tuple[Any, int]:
    """The net in a file, and how many controllers were left out of it. Raises NetFileError, in plain words, and never
    SystemExit."""
    try:
        text, controllers = _without_controllers(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError):
            raise NetFileError(f"not JSON: line {error.lineno}, {error.msg}") from error
        deep = isinstance(error, RecursionError)
        raise NetFileError("nested too deep" if deep else why_unreadable(error)) from error
    import pandapower as pp

    blank = empty_net() if text.count("pandapowerNet") == 1 else None  # a net in a net needs one of its own
    try:
        with time_limit(READING_S):
            net = pp.from_json_string(text, convert=True, empty_dict_like_object=blank)
    except OutOfTime as error:
        raise NetFileError(f"takes more than {READING_S:g} s to read") from error
    except (Exception, SystemExit) as error:
        raise NetFileError(printable(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")) from error
    if not hasattr(net, "bus") or not hasattr(net, "line"):
        raise NetFileError("no buses or lines in it")
    return net, controllers


def _without_controllers(text: str) -> tuple[str, int]:
    """The text itself, or without its tables of controllers, and their number. Raises NetFileError for what is not
    allowed."""
    look = _Look()
    data = look.through(text, 0)
    if not isinstance(data, dict):
        raise NetFileError("not a net but something else in JSON")
    if not look.controllers:
        return text, 0
    holder = data.get("_object")
    tables: dict[str, Any] = holder if isinstance(holder, dict) else data
    for name in [name for name, table in tables.items() if _CONTROLLERS in json.dumps(table)]:
        del tables[name]
    kept = json.dumps(data)
    again = _Look()
    again.through(kept, 0)
    if again.controllers:
        raise NetFileError("holds a controller outside its tables")
    return kept, look.controllers


class _Look:
    """Looks at every object of a text, and of the texts in it, also at those that a second equal key hides."""

    def __init__(self) -> None:
        self.controllers = 0
        self.depth = 0

    def through(self, text: str, depth: int) -> Any:
        if depth > MOST_DEPTH:
            raise NetFileError("holds text within text too deep")
        before, self.depth = self.depth, depth
        data = json.loads(text, object_pairs_hook=self._object)
        self._texts([data] if isinstance(data, list) else [])
        self.depth = before
        return data

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            raise NetFileError(f"the key {next(k for k in keys if keys.count(k) > 1)!r} stands twice in one object")
        if "_module" in found or "_class" in found:
            self._allow(found)
        inner = found.get("_object")
        unset = found.get("_module") == "numpy" and inner in _NO_NUMBERS
        if isinstance(inner, str) and not unset and ("_module" in found or "_class" in found):
            try:
                holds = self.through(inner, self.depth + 1)
            except ValueError as error:
                raise NetFileError(f"the text in a {found.get('_class')} is not JSON") from error
            if not isinstance(holds, dict | list):
                raise NetFileError(f"the text in a {found.get('_class')} holds no table")
            del holds
        self._texts([value for key, value in pairs if key != "_object"] + ([] if isinstance(inner, str) else [inner]))
        return found

    def _allow(self, found: dict[str, Any]) -> None:
        module, name = found.get("_module"), found.get("_class")
        if (module, name) in ALLOWED:
            if name in ("DataFrame", "Series") and (odd := sorted(set(found) - _OF_TABLES)):
                raise NetFileError(f"a {name} with {odd[0]!r}, which no table needs")
        elif isinstance(module, str) and module.startswith(_CONTROLLERS) and isinstance(name, str):
            self.controllers += 1
        else:
            what = ".".join(str(part) for part in (module, name) if part is not None)
            raise NetFileError(f"it names {printable(what)[:80]}, which is no data; nothing of it was imported")

    def _texts(self, values: list[Any]) -> None:
        """Look into texts that are JSON themselves: readers may read them again."""
        for value in values:
            if isinstance(value, list):
                self._texts(value)
            elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
                try:
                    self.through(value, self.depth + 1)
                except ValueError:
                    if "_module" in value or "_class" in value:
                        raise NetFileError("text that names a class and is not JSON") from None
