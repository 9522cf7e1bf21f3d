"""What pydantic complains of, in the words of somebody who writes YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_WORDS = {
    "missing": "missing; this key is required",
    "tuple_type": "must be a list: [a, b]",
    "list_type": "must be a list: [a, b]",
    "set_type": "must be a list: [a, b]",
    "dict_type": "must be a mapping of keys and values",
    "mapping_type": "must be a mapping of keys and values",
    "model_type": "must be a mapping of keys and values",
    "model_attributes_type": "must be a mapping of keys and values",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number, not NaN or infinity",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "takes {max_length} characters at most",
    "int_parsing_size": "is larger than any number here can be",
    "none_required": "must be left out or null",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "too_short": "needs {min_length} or more entries",
    "too_long": "takes {max_length} entries at most",
    "datetime_type": "must be a time such as 2025-06-20T10:00",
    "datetime_parsing": "must be a time such as 2025-06-20T10:00",
    "datetime_from_date_parsing": "must be a time such as 2025-06-20T10:00",
    "union_tag_not_found": "missing; must be one of {expected_tags}",
    "union_tag_invalid": "must be one of {expected_tags}",
}


RENAMED = {"dispatch_centre.switching_cost_kwh": "objective.switching_kwh"}
"""Keys of earlier versions and what they are called now."""


def under_new_names(data: dict[str, Any]) -> dict[str, Any]:
    """A scenario that an earlier version resolved, its renamed keys under the names of today."""
    found = {key: dict(part) if isinstance(part, dict) else part for key, part in data.items()}
    for old, new in RENAMED.items():
        (part, key), (new_part, new_key) = old.split("."), new.split(".")
        if isinstance(found.get(part), dict) and key in found[part]:
            found[new_part] = {new_key: found[part].pop(key)} | (found.get(new_part) or {})
    return found


_BOUNDS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")
_NUMBERS = ("int_type", "int_parsing", "float_type", "float_parsing")
_DECIMAL_COMMA = re.compile(r"\s*([-+]?\d+),(\d+)\s*")
_WITH_UNIT = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)\s*[A-Za-zµ°%][\w/²°%]*\s*")
_UNITS = {
    "kw": "kW", "kwh": "kWh", "mwh": "MWh", "kva": "kVA", "kvar": "kvar", "kv": "kV", "hz": "Hz", "pu": "p.u.",
    "pct": "%", "min": "minutes", "s": "seconds", "ms": "milliseconds", "h": "hours", "km": "km", "m": "m",
    "deg": "degrees",
}  # fmt: skip
"""Unit of a number by the end of its key."""


def _number_as_text(item: Mapping[str, Any]) -> str:
    """What to write instead of ``0,5`` or ``2 MWh``; empty for other text."""
    text = item.get("input")
    if item["type"] not in _NUMBERS or not isinstance(text, str):
        return ""
    if found := _DECIMAL_COMMA.fullmatch(text):
        return f"; use a point: {found[1]}.{found[2]}"
    if _WITH_UNIT.fullmatch(text):
        words = str(item["loc"][-1] if item["loc"] else "").lower().split("_")
        unit = _UNITS.get(words[-1], "") if "per" not in words else ""
        return f" in {unit}, without its unit" if unit else " without a unit"
    return ""


def in_plain_words(item: Mapping[str, Any]) -> str:
    """The remedy for one of ``ValidationError.errors()``; what our own validators say stays as it is."""
    words = _WORDS.get(item["type"])
    if words is None:
        return str(item["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if item["type"] == "string_type" and isinstance(item["input"], int | float):
        return f"must be text; write it in quotes: '{item['input']}'"
    unit = _unit(item) if item["type"] in _BOUNDS else ""
    told = {key: _told(key, value) + unit for key, value in item.get("ctx", {}).items()}
    return words.format_map(_Told(told)) + _number_as_text(item) + _other_unit(item)


def _unit(item: Mapping[str, Any]) -> str:
    """The unit of a number by the end of its key, with a space before it."""
    names = [key for key in item.get("loc", ()) if isinstance(key, str)]
    words = names[-1].lower().split("_") if names else []
    unit = _UNITS.get(words[-1], "") if words and "per" not in words else ""
    return f" {unit}" if unit else ""


def _other_unit(item: Mapping[str, Any]) -> str:
    """The unit that was meant, where a number beyond its range is right in another one."""
    value, most = item.get("input"), item.get("ctx", {}).get("le")
    if item["type"] != "less_than_equal" or isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    key = str(item["loc"][-1] if item.get("loc") else "")
    if most <= 1.5 and 2 <= value <= 150:
        return f"; {value:g} % is {value / 100:g}" if key.endswith(("_pu", "factor", "ratio", "share")) else ""
    if _unit(item)[:2] == " k" and value <= 1000 * most:
        return f"; is this in {_unit(item)[2:]}? it must be in{_unit(item)}"
    return ""


class _Told(dict[str, str]):
    """Facts of a complaint by name; one that pydantic does not give is left open."""

    def __missing__(self, key: str) -> str:
        return "…"


def _told(key: str, value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace("'", "") if key == "expected_tags" else str(value)
