"""How numbers and files become the same bytes everywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any


def cell(value: Any, digits: int = 6) -> str:
    """One value as text: fixed rounding, no trailing zeros, no negative zero, empty for None and NaN."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Integral) or type(value).__name__ in ("bool", "bool_"):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        if math.isnan(number):
            return ""
        if math.isinf(number):
            return "inf" if number > 0 else "-inf"
        text = f"{number:.{digits}f}".rstrip("0").rstrip(".")
        return "0" if text in ("-0", "") else text
    raise TypeError(f"a cell holds text, a number or nothing, not {type(value).__name__}: {value!r}")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with ``\\n`` line ends on every platform, making the folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write ``json_text``."""
    write_text(path, json_text(content))


def json_text(content: Any) -> str:
    """JSON, keys in the order given; NaN and infinity are refused (ValueError), they are no JSON."""
    return json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(content: Any) -> Any:
    """Only plain Python types, floats rounded to 12 digits so that a last bit never shows."""
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, bool) or type(content).__name__ == "bool_":
        return bool(content)
    if isinstance(content, Integral):
        return int(content)
    if isinstance(content, Real):
        return round(float(content), 12) + 0.0
    return content
