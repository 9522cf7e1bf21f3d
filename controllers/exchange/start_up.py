"""How far the start-up of an NBSU is, read from a measurement: all that gateways, PSC and validation share about it."""

from __future__ import annotations

from typing import Literal

from ...scenarios.view import NbsuUnit
from .messages import ON_LINE, UnitMeasurement

NbsuState = Literal["off", "starting", "online"]


def start_up_remaining(unit: NbsuUnit, measured: UnitMeasurement, age_min: float) -> float:
    """Minutes of start-up a unit still needs, the measurement being ``age_min`` old; the full time if it is off."""
    if measured["state"] in ON_LINE:
        return 0.0
    if measured["state"] == "starting":
        return max(0.0, unit.start_min - measured["state_min"] - age_min)
    return unit.start_min
