"""What all parts of a scenario share: their base and their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ..reading.files import file_name_complaint
from ..reading.former_keys import FORMER
from ..reading.plain_text import folder_name_complaint, name_complaint

LEAST, MOST = 1e-6, 1e9
"""Of numbers without a narrower range: what lies beyond is a slip, and overflows somewhere."""


def _not_tiny(value: float) -> float:
    if 0 < value < LEAST:
        raise ValueError(f"is too small to be meant; must be {LEAST:g} or more")
    return value


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} is listed twice; keep one")
    return names


def _refusing(complaint: Callable[[str], str]) -> AfterValidator:
    def check(text: str) -> str:
        if told := complaint(text):
            raise ValueError(told)
        return text

    return AfterValidator(check)


Positive = Annotated[float, Field(gt=0, le=MOST, allow_inf_nan=False), AfterValidator(_not_tiny)]
NonNegative = Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)]
Minutes = Annotated[int, Field(gt=0, le=100_000)]
PerUnit = Annotated[float, Field(ge=0.5, le=1.5)]
"""A voltage, 1 is nominal."""
Kilo = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False), AfterValidator(_not_tiny)]
"""kW or kVA of one thing; 1e6 is a large power station."""
KiloWattHours = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100)]
Factor = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False), AfterValidator(_not_tiny)]
Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
"""Relative to others; they are normalised."""
Count = Annotated[int, Field(ge=0, le=100_000)]
Share = Annotated[float, Field(gt=0, le=10_000)]
"""% of something else, perhaps many times it."""
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
Names = Annotated[tuple[str, ...], AfterValidator(_once)]
"""Each once."""
Name = Annotated[str, _refusing(name_complaint)]
"""Of a thing in tables and figures: no formula, nothing that cannot be printed, at most 100 characters."""
FolderName = Annotated[str, _refusing(folder_name_complaint)]
"""Of what has a folder of its own."""
FileName = Annotated[str, _refusing(file_name_complaint)]


class Part(BaseModel):
    """Base of all parts: unknown keys are errors, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def by_former_name(data: Any, *path: str) -> Any:
    """Data of a part one of whose keys, with its path in ``FORMER``, may be given by the name that it had before.
    Raises ValueError if both are."""
    name, former = path[-1], FORMER[path]
    if not isinstance(data, dict) or former not in data:
        return data
    if name in data:
        raise ValueError(f"{name} and {former} are two names of one key; give {name} only")
    return {name if key == former else key: value for key, value in data.items()}


def absent(value: object) -> bool:
    """For ``exclude_if``: an optional part that a scenario does not have stays out of its resolved form."""
    return value is None


def never(at_min: float, end_min: float) -> str:
    """For people: what is listed for a time after the window does not happen."""
    return "" if at_min < end_min else f": never, the window ends at {end_min:g} min"
