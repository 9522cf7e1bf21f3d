"""Installed power of all units of a kind at once, those of tables among them: how much DG there is."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from pydantic import Field

from ..view import EssUnit, NbsuUnit, PvUnit
from .parts import Factor, Part

_UnitT = TypeVar("_UnitT", PvUnit, EssUnit, NbsuUnit)

EXTENSIVE = ("s_kva", "discharge_kwh", "charge_kwh", "p_in_kw", "ramp_up_kw_per_h", "ramp_down_kw_per_h")
"""What grows with a unit; start-up times do not."""


class UnitScaling(Part):
    """Factors on rating, energy, start-up power and ramps of every unit of a kind."""

    pv: Factor = Field(default=1.0, description="On the rating of all PV.")
    ess: Factor = Field(default=1.0, description="On rating and energies of all ESSs.")
    nbsu: Factor = Field(default=1.0, description="On rating, start-up power and ramps of all NBSUs.")


def scaled(units: dict[str, _UnitT], factor: float) -> dict[str, _UnitT]:
    """The units, each ``factor`` times as large; the same objects for a factor of 1."""
    if factor == 1.0:
        return units
    return {
        name: replace(unit, **{field: factor * getattr(unit, field) for field in EXTENSIVE if hasattr(unit, field)})
        for name, unit in units.items()
    }
