"""Keys that have another name by now and are still read under the former one, each beside what it is called now."""

from __future__ import annotations

from typing import Any

FORMER: dict[tuple[str, ...], str] = {
    ("outage", "faulted"): "faulted_branches",
    ("surprises", "faults", "*", "element"): "branch",
    ("surprises", "repairs", "*", "element"): "branch",
}
"""Path of a key (``*``: any item of a list) → what its last part was called."""


def _former(path: list[str]) -> str | None:
    place = tuple("*" if key.isdecimal() else key for key in path)
    return FORMER.get(place)


def as_written(field: str, data: Any) -> str:
    """A field's path as the scenario's data give it, be it by a former name."""
    keys, place = field.split("."), data
    for k, key in enumerate(keys):
        former = _former(keys[: k + 1])
        if former and isinstance(place, dict) and key not in place and former in place:
            return ".".join([*keys[:k], former, *keys[k + 1 :]])
        try:
            place = place[int(key)] if isinstance(place, list) else place[key]
        except (KeyError, IndexError, TypeError, ValueError):
            break
    return field


def namesake(path: list[str]) -> str | None:
    """The other name of a key."""
    if former := _former(path):
        return former
    for place, former in FORMER.items():
        if path and path[-1] == former and _former([*path[:-1], place[-1]]) == former:
            return place[-1]
    return None


def settle(data: Any, path: str) -> None:
    """Let what is in the data go by the names that a path uses, so that a change by it meets what is there."""
    keys, place = path.split("."), data
    for k, key in enumerate(keys):
        other = namesake(keys[: k + 1])
        if other and isinstance(place, dict) and key not in place and other in place:
            place[key] = place.pop(other)
        try:
            place = place[int(key)] if isinstance(place, list) else place[key]
        except (KeyError, IndexError, TypeError, ValueError):
            return
