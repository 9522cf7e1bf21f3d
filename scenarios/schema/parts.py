"""What all parts of a scenario share: their base and their numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Minutes = Annotated[int, Field(gt=0)]


class Part(BaseModel):
    """Base of all parts: unknown keys are errors, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def absent(value: object) -> bool:
    """For ``exclude_if``: an optional part that a scenario does not have stays out of its resolved form."""
    return value is None


def never(at_min: float, end_min: float) -> str:
    """For people: what is listed for a time after the window does not happen."""
    return "" if at_min < end_min else f": never, the window ends at {end_min:g} min"
