"""YAML in and out: strict reading, overrides, and a deterministic form.

Plain YAML 1.1 keeps the last of two equal keys and reads ``no``, ``12:30`` or ``010`` as something else than typed;
here equal keys are an error, and only true/false, null and decimal numbers are not text.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml

from .files import read_text, why_unreadable
from .plain_text import MOST_DEPTH, data_complaints
from .problems import Problem, ScenarioError

_RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|false|False)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("float", r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", "-+."),
):
    for _letter in _first:
        _RESOLVERS.setdefault(_letter, []).append((f"tag:yaml.org,2002:{_tag}", re.compile(_pattern)))


MOST_BYTES = 2_000_000
"""Of a YAML file; the largest that ships has 8 kB."""
_PLAIN = {
    tag: maker
    for tag, maker in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rsplit(":", 1)[-1] in ("null", "bool", "int", "float", "str", "seq", "map")
}
"""Makers of values by tag: no dates, sets or bytes, which nothing here means; None tells of any other tag."""


_TAG_WORDS = {"bool": "true or false", "int": "a whole number that can be meant", "float": "a number"}


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = _RESOLVERS
    yaml_constructors = _PLAIN
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise yaml.YAMLError(f"nested more than {MOST_DEPTH} deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, TypeError, OverflowError) as error:  # of what stands behind a tag such as !!bool
            what = node.tag.removeprefix("tag:yaml.org,2002:")
            digits = isinstance(node.value, str) and len(node.value) > 100
            shown = f"{node.value[:20]}… ({len(node.value)} characters)" if digits else f"{node.value!r}"
            line = node.start_mark.line + 1 if node.start_mark else 1
            raise yaml.YAMLError(f"line {line}: {shown} is not {_TAG_WORDS.get(what, what)}") from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise DuplicateKey(str(key), key_node.start_mark.line + 1)
            seen.add(key if isinstance(key, Hashable) else id(key_node))
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers = _RESOLVERS

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _FlowDumper(_Dumper):
    """Breaks lines between values, never inside one: the name of a line may hold spaces."""

    def write_plain(self, text: str, split: bool = True) -> None:
        super().write_plain(text, split=False)

    def write_single_quoted(self, text: str, split: bool = True) -> None:
        super().write_single_quoted(text, split=False)


class DuplicateKey(yaml.YAMLError):
    """The same key twice in one mapping."""

    def __init__(self, key: str, line: int):
        self.key, self.line = key, line
        super().__init__(f"key {key!r} appears twice (line {line})")


class OverrideError(Exception):
    """An override ``path=value`` that cannot be applied; ``remedy`` tells the way out."""

    def __init__(self, override: str, remedy: str):
        self.override, self.remedy = override, remedy
        super().__init__(f"{override}: {remedy}")


def read_yaml(text: str) -> Any:
    """Parse one document; raises ``yaml.YAMLError`` (``DuplicateKey`` for equal keys in a mapping)."""
    try:
        return yaml.load(text, Loader=_Loader)
    except RecursionError as error:
        raise yaml.YAMLError("nested too deep") from error


def read_mapping(path: Path, file: str, see: str) -> dict[str, Any]:
    """A YAML file that is a mapping; ``file`` is its name in problems, ``see`` where its form is told.

    Raises ScenarioError.
    """
    try:
        data = read_yaml(read_text(path, MOST_BYTES))
    except DuplicateKey as error:
        problem = Problem(file, f"line {error.line}", error.key, "this key appears twice; keep one")
        raise ScenarioError([problem]) from error
    except (yaml.YAMLError, ValueError, OSError) as error:
        reason = " ".join(str(error).split()) if isinstance(error, yaml.YAMLError) else why_unreadable(error)
        raise ScenarioError([Problem(file, "", None, f"not a YAML file: {reason}")]) from error
    if not isinstance(data, dict):
        raise ScenarioError([Problem(file, "", data, f"must be a mapping of keys to values; see {see}")])
    if complaints := list(data_complaints(data)):
        raise ScenarioError(Problem(file, *complaint) for complaint in complaints)
    return data


def write_yaml(data: Any) -> str:
    """Text that ``read_yaml`` turns back into ``data``; keys keep their order."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)


def write_flow(data: Any, width: int = 100) -> list[str]:
    """The same in brackets and braces, in lines of about so many characters: a value to put into text of one's own."""
    text = yaml.dump(
        data, Dumper=_FlowDumper, sort_keys=False, allow_unicode=True, width=width, default_flow_style=True
    )
    return [line for line in text.splitlines() if line != "..."]


def apply_override(data: dict[str, Any], override: str) -> str:
    """Set ``path=value`` in ``data``, the value read as YAML; returns the path.

    Raises ``OverrideError``, as ``set_value``.
    """
    path, equals, text = override.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise OverrideError(override, "write path=value, e.g. load.peak_kw=3000")
    try:
        value = read_yaml(text)
    except yaml.YAMLError as error:
        raise OverrideError(override, f"the value is not YAML ({_first_line(error)})") from error
    set_value(data, keys, value, override)
    return ".".join(keys)


def set_value(data: dict[str, Any], keys: Sequence[str], value: Any, override: str) -> None:
    """Set the value at ``keys`` in ``data``; ``override`` is what a complaint calls the change.

    Missing mappings on the way are made: whether such a key exists is for the schema to say.
    A number selects an item of a list. Raises ``OverrideError``.
    """
    if len(keys) > MOST_DEPTH:
        raise OverrideError(override, f"a path has {MOST_DEPTH} keys at most")
    for field, _, remedy in data_complaints({".".join(keys): value}):
        raise OverrideError(override, f"{field} {remedy}")
    place: Any = data
    for k, key in enumerate(keys):
        last = k == len(keys) - 1
        if isinstance(place, list):
            if not key.isdecimal() or int(key) >= len(place):
                remedy = f"{'.'.join(keys[:k])} is a list of {len(place)}: number its items from 0"
                raise OverrideError(override, remedy)
            index: Any = int(key)
        elif isinstance(place, dict):
            index = key
            if not last and place.get(key) is None:
                place[key] = {}
        else:
            raise OverrideError(override, f"{'.'.join(keys[:k])} holds a single value and has no part {key!r}")
        if last:
            place[index] = value
        else:
            place = place[index]


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
