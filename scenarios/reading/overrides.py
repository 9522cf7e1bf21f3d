"""Changes of a scenario's values: lines ``path=value`` as the command takes them, or a mapping from Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

from .former_keys import settle
from .problems import Problem, ScenarioError
from .yaml_text import OverrideError, apply_override, set_value

Overrides = Sequence[str] | Mapping[str, Any]
LINES, MAPPING = "--set", "overrides"
"""What a problem gives as the place of a value that a line, or an item of a mapping, has set."""


def override(data: dict[str, Any], overrides: Overrides, problems: list[Problem]) -> dict[str, str]:
    """Apply changes to a scenario's data; return the paths that they set, each with the place it came from.

    A mapping's keys are paths (``"load.peak_kw"``), its values plain Python. A value that is a mapping itself changes
    the keys that it names and leaves others as they are; with a ``kind`` it replaces the part whole. Lists are
    replaced. Raises ScenarioError unless it is a mapping or lines.
    """
    changed: dict[str, str] = {}
    if isinstance(overrides, Mapping):
        for keys, value in _leaves(overrides):
            path = ".".join(keys)
            try:
                if not all(keys):
                    raise OverrideError(path, "write the path as a key, e.g. 'load.peak_kw'")
                settle(data, path)
                set_value(data, keys, value, path)
            except OverrideError as error:
                problems.append(Problem(MAPPING, error.override, None, error.remedy))
                continue
            changed[path] = MAPPING
        return changed
    if isinstance(overrides, str):
        remedy = "must be a mapping, e.g. {'load.peak_kw': 3000}"
        raise ScenarioError([Problem(MAPPING, "", overrides, remedy)])
    for line in overrides:
        try:
            settle(data, line.partition("=")[0].strip())
            changed[apply_override(data, line)] = LINES
        except OverrideError as error:
            problems.append(Problem(LINES, error.override, None, error.remedy))
    return changed


def _leaves(overrides: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value to set, with the keys that lead to it."""
    for path, value in overrides.items():
        keys = tuple(str(path).strip().split("."))
        yield from _inside(keys, _plain(value))


def _inside(keys: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and value and "kind" not in value:
        for key, inner in value.items():
            yield from _inside((*keys, key), inner)
    else:
        yield keys, value


def _plain(value: Any) -> Any:
    """A Python value as YAML would have given it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return _plain(value.tolist()) if hasattr(value, "tolist") else value  # of numpy and pandas
