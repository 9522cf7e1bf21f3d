"""What forecasts know: the method behind them and how their error grows with lead time. Tags as in ``scenario``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .parts import FileName, Part, Percent, Positive


class ErrorGrowth(Part):
    """Standard deviation of the forecast error by lead time ℓ: near + (far − near)(1 − e^(−ℓ/g)), % of the mean course.

    ℓ is the time from the issue to the start of the plan step that is forecast, 0 for the one in progress.
    """

    near_pct: Percent = Field(description="At ℓ = 0.")
    far_pct: Percent = Field(description="At large ℓ.")
    growth_min: Positive = Field(default=120.0, description="g: 63 % of the growth are over by then [A].")
    correlation_min: Positive = Field(default=120.0, description="Between errors of one issue, by target time [A].")
    common_share: Annotated[float, Field(ge=0, le=1)] = Field(
        description="Share of the error's variance that all sites (all LAs) have in common."
    )

    @model_validator(mode="after")
    def _grows(self) -> ErrorGrowth:
        if self.near_pct > self.far_pct:
            raise ValueError(f"near_pct ({self.near_pct:g}) must not be above far_pct ({self.far_pct:g})")
        return self


class ForecastOptions(Part):
    """How the forecasts come about that gateways are given at each simulation step."""

    method: Literal["mean", "persistence", "lead_time", "perfect"] = Field(
        default="mean",
        description="mean: the mean course, never updated. persistence: the ratio to the mean course in the simulation "
        "step before the issue stays (for PV: the clear-sky index). lead_time: what happens plus an error that grows "
        "with lead time. perfect: what happens, as means over plan steps.",
    )
    pv: ErrorGrowth = Field(
        default=ErrorGrowth(near_pct=5, far_pct=20, common_share=0.8), description="For method lead_time [A]."
    )
    load: ErrorGrowth = Field(
        default=ErrorGrowth(near_pct=1, far_pct=4, common_share=0.5), description="For method lead_time [A]."
    )
    pv_issues_csv: FileName | None = Field(
        default=None,
        description="Forecasts by issue: columns issued and time (local, ISO 8601) or issued_min and time_min (from "
        "the start), then one column per PV unit id, per unit of s_kva. The latest issue not later than now is used; "
        "replaces the method for the units named.",
    )
    load_issues_csv: FileName | None = Field(
        default=None, description="Same form, columns <LA id> or <LA id>:q (kW, kvar)."
    )
