"""Units that a scenario adds to those of its network, and how much of each kind there is.

Tags in the descriptions: [A] assumed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, TypeVar

from pydantic import Field, model_validator

from ..view import EssUnit, NbsuUnit, PvUnit
from .parts import Factor, Kilo, KiloWattHours, Name, Part, Positive, absent

_UnitT = TypeVar("_UnitT", PvUnit, EssUnit, NbsuUnit)

EXTENSIVE = ("s_kva", "discharge_kwh", "charge_kwh", "p_in_kw", "ramp_up_kw_per_h", "ramp_down_kw_per_h")
"""What grows with a unit; start-up times do not."""

Efficiency = Annotated[float, Field(ge=0.1, le=1)]

MOST_ESS_H = 1000
"""Most energy of a storage over its rating, in hours."""


class UnitSpec(Part):
    """What every unit has; ``element`` takes bus and rating from an element of the net."""

    id: Name = Field(description="Name of the unit, as plans and tables use it; no other unit may have it.")
    bus: str | None = Field(default=None, description="Bus it is connected to; None: that of its element.")
    element: str | None = Field(default=None, description="Element of the net, e.g. sgen.2, or its own name there.")
    s_kva: Kilo | None = Field(default=None, description="Apparent power; None: the element's rating.")


class PvSpec(UnitSpec):
    """A PV unit; ``element`` takes bus and rating from an element of the net."""


class EssSpec(UnitSpec):
    """An energy storage; able to form an island's voltage."""

    discharge_kwh: KiloWattHours = Field(
        description="Energy in store when the outage begins that it can discharge; times its efficiency it is given."
    )
    charge_kwh: KiloWattHours = Field(description="Room in store when the outage begins.")
    charge_efficiency: Efficiency | None = Field(
        default=None,
        exclude_if=absent,
        description="Stored of what is taken from the network; None: units.ess_charge_efficiency.",
    )
    discharge_efficiency: Efficiency | None = Field(
        default=None,
        exclude_if=absent,
        description="Given of what leaves the store; None: units.ess_discharge_efficiency.",
    )

    @model_validator(mode="after")
    def _has_power(self) -> EssSpec:
        room_kwh = self.discharge_kwh + self.charge_kwh
        if self.s_kva and room_kwh > MOST_ESS_H * self.s_kva:
            raise ValueError(
                f"holds {room_kwh:g} kWh at {self.s_kva:g} kVA, more than {MOST_ESS_H} hours of its rating; "
                "mend discharge_kwh, charge_kwh or s_kva"
            )
        return self


class NbsuSpec(UnitSpec):
    """A unit that cannot black start: it needs power for a while before it gives any."""

    p_in_kw: Annotated[float, Field(ge=0, le=1e6)] = Field(description="Power it draws while it starts.")
    ramp_up_kw_per_h: Positive = Field(description="Fastest rise of its output.")
    ramp_down_kw_per_h: Positive = Field(description="Fastest fall of its output.")
    start_min: Annotated[float, Field(ge=0, le=100_000)] = Field(
        description="Length of its start-up, with its bus energised throughout; whole simulation steps, one at least, "
        "count."
    )


class UnitScaling(Part):
    """Factors on rating, energy, start-up power and ramps of every unit of a kind."""

    pv: Factor = Field(default=1.0, description="On the rating of all PV.")
    ess: Factor = Field(default=1.0, description="On rating and energies of all ESSs.")
    nbsu: Factor = Field(default=1.0, description="On rating, start-up power and ramps of all NBSUs.")


class Units(Part):
    """Units of the scenario, added to those of the network's tables."""

    pv: tuple[PvSpec, ...] = Field(default=(), description="Photovoltaic systems.")
    ess: tuple[EssSpec, ...] = Field(default=(), description="Energy storage systems.")
    nbsu: tuple[NbsuSpec, ...] = Field(default=(), description="Non-black-start units.")
    scaling: UnitScaling = Field(default=UnitScaling(), description="Installed power by a factor.")
    ess_charge_efficiency: Efficiency = Field(
        default=0.92, description="Of ESSs that state none of their own; 85 % for a round trip [S: NREL ATB]."
    )
    ess_discharge_efficiency: Efficiency = Field(
        default=0.92, description="Of ESSs that state none of their own; 85 % for a round trip [S: NREL ATB]."
    )


def scaled(units: dict[str, _UnitT], factor: float) -> dict[str, _UnitT]:
    """The units, each ``factor`` times as large; the same objects for a factor of 1."""
    if factor == 1.0:
        return units
    return {
        name: replace(unit, **{field: factor * getattr(unit, field) for field in EXTENSIVE if hasattr(unit, field)})
        for name, unit in units.items()
    }
