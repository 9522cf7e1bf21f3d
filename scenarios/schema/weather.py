"""The sky of a scenario: how clouds differ from site to site, and clouds that pass. Tags as in ``scenario``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .parts import NonNegative, Part, Positive


class PassingCloud(Part):
    """One cloud that darkens the sites, one after another or all at once, and goes."""

    start_min: NonNegative = Field(description="When its edge reaches the first site, min from the outage's start.")
    duration_min: Positive = Field(description="How long it stays over a site, both edges included.")
    depth_pct: Annotated[float, Field(gt=0, le=100)] = Field(
        description="Part of the irradiance under whatever other clouds there are that it takes away, in %."
    )
    edge_min: NonNegative = Field(
        default=5.0, description="How long irradiance takes to fall, and to rise again, in a straight line [A]."
    )
    towards_deg: Annotated[float, Field(ge=0, lt=360)] | None = Field(
        default=None, description="Compass direction it moves in: 0 north (y), 90 east (x); None: all sites at once."
    )
    speed_m_per_s: Positive | None = Field(default=None, description="None: weather.cloud_speed_m_per_s.")
    foreseen_min: NonNegative = Field(
        default=15.0,
        description="Forecasts with errors by lead time know it this long before it reaches a site [A: about as far as "
        "sky cameras see]; a perfect forecast always does, mean and persistence never.",
    )

    @model_validator(mode="after")
    def _edges_fit(self) -> PassingCloud:
        if 2 * self.edge_min > self.duration_min:
            raise ValueError(
                f"duration_min ({self.duration_min:g}) must hold two edges of edge_min ({self.edge_min:g})"
            )
        return self


class Weather(Part):
    """The clear-sky index site by site: AR(1) in time as without this part, with a correlation exp(−d/L) in space.

    L = ½ · cloud speed · correlation time: Lave and Kleissl, Solar Energy 91 (2013) 11–21, as in ``pvlib.scaling.wvm``,
    taken at the time scale of the process, ``pv.correlation_min``. One site is one bus. d is the distance by the
    coordinates of the buses if all with PV have some, else the least number of branches between them, each of
    ``branch_km``.
    """

    sites: Literal["correlated", "common", "where_placed"] = Field(
        default="correlated",
        description="correlated: one series per site; common: one for all, as without this part; where_placed: "
        "correlated where all buses with PV have coordinates, else common.",
    )
    cloud_speed_m_per_s: Positive = Field(default=10.0, description="Of clouds in general [A].")
    decay_km: Positive | None = Field(default=None, description="L, where correlation is 1/e; None: the formula's.")
    unit_km: Positive | Literal["degrees"] = Field(
        default=1.0, description="Length of one unit of the network's coordinates in km, or degrees of longitude (x) "
        "and latitude (y)."
    )  # fmt: skip
    branch_km: Positive = Field(default=0.5, description="Length of a branch where buses have no coordinates [A].")
    passing_clouds: tuple[PassingCloud, ...] = Field(default=(), description="Single clouds on top of the others.")

    def correlation_length_km(self, correlation_min: float) -> float:
        """L in km, for a correlation time in minutes."""
        return self.decay_km or 0.5 * self.cloud_speed_m_per_s * correlation_min * 60 / 1000
