"""Choices of the dispatch centre: what its plans are for, its model, its check and its solver."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from .cold_load import ColdLoadEstimate
from .parts import Minutes, Part, Percent, Positive, absent

ConstraintFamily = Literal[
    "pv", "ess", "nbsu", "reactive", "infeed", "states", "forest", "loops", "switching", "balance", "flow_limits",
    "voltage", "apparent_power", "cold_load", "pick_up", "interruptions", "continuity", "static", "growing",
    "closing", "constant_power",
]  # fmt: skip
"""Families of docs/formulation.md."""


def _off(value: object) -> object:
    """YAML reads an unquoted off as false."""
    return "off" if value is False else value


Price = Annotated[float, Field(ge=0, le=1e6)]
"""kWh of supply of priority 1; 0: it does not count."""


class Objective(Part):
    """Prices of what counts in a plan's objective, where energy by priority counts as such, and what it must keep."""

    switching_kwh: Price = Field(
        default=1.0, description="c_sw of (18), price of a switch operation, once per branch and operation (D13) [A]."
    )
    interruption_kwh: Price = Field(
        default=5.0,
        description="Price of a local area with customers that has supply in one step and none in the next; in part, "
        "of the share that loses it [A].",
    )
    earlier_kwh: Price = Field(
        default=0.001, description="Price of an hour of a customer's supply, for each hour that it comes earlier [A]."
    )

    keep_served: bool = Field(
        default=False,
        description="Who has supply is not dropped in a plan, nor at its start while the forecast lets all be kept.",
    )
    min_on_min: Annotated[int, Field(ge=0, le=100_000)] = Field(
        default=0, description="Least time that customers who get supply have it, within plans and at their start."
    )
    min_off_min: Annotated[int, Field(ge=0, le=100_000)] = Field(
        default=0, description="Least time that customers whom a plan drops are without supply; not after the blackout."
    )

    @property
    def keeps_supply(self) -> bool:
        """Whether plans are bound by who had supply before."""
        return self.keep_served or self.min_on_min > 0 or self.min_off_min > 0

    @property
    def beyond_energy_and_switching(self) -> bool:
        """Whether anything counts that (18) does not."""
        return self.interruption_kwh > 0 or self.earlier_kwh > 0


class DispatchCentreOptions(Part):
    """Choices of the dispatch centre's model, and its solver's discipline."""

    loss_allowance_pct: Percent = Field(
        default=1.0,
        description="Added to the demand an island must cover, for losses the model does not see; where it is learned, "
        "of islands of which nothing is known yet [A].",
    )
    loss_allowance: Literal["fixed", "learned"] = Field(
        default="learned",
        description="fixed: loss_allowance_pct for ever; learned: by what the AC check of a plan finds its islands to "
        "lose, and by what gateways report, for the plans after it; the first plan is made again.",
    )
    first_online_step_free: bool = Field(
        default=True, description="(13j) as printed; false bounds the first on-line step too (D8)."
    )
    startup_power: Literal["sum", "printed"] = Field(default="sum", description="Σ p_in, or (12) as printed (D9).")
    ess_aggregation: Literal["printed", "proportional"] = Field(
        default="printed",
        description="ESSs of an LA as one: S_min with Σ E, (8) as printed; or Σ S with Σ S · min E/S, each ESS taking "
        "its part by rating. Both can be carried out; the second is exact for equal ESSs at equal state.",
    )
    nbsu_reactive: Literal["online", "printed"] = Field(
        default="online", description="(13a): NBSU term only while on line, or always (D10)."
    )
    apparent_power: Literal["circle", "printed"] = Field(
        default="circle", description="Keep p, q inside the unit circle by a chord, or (13) as printed."
    )
    cold_load: ColdLoadEstimate | None = Field(
        default=None, description="Plan with cold load pick-up, as it is estimated here; None: plan without."
    )
    pick_up_limit_pct: Positive | None = Field(
        default=None,
        description="Most demand that an island may pick up at the start of a plan step, % of its balance unit's "
        "rating; None: no limit.",
    )
    look_ahead_min: Minutes | None = Field(
        default=None,
        exclude_if=absent,
        description="How far each plan looks ahead (rolling horizon), whole plan steps; what is stored at its end is "
        "worth nothing to (18). None: to the end of the window.",
    )
    climb: bool = Field(
        default=False,
        description="The first plan of dynamic, open_loop and oracle starts from that of growing, that from the one of "
        "static_final, that from the one of static (which those do anyway), so that none is worth less than the one "
        "before; each is planned and checked in turn, with time limits of its own.",
    )
    replan_gain_kwh: Annotated[float, Field(ge=0, le=1e6)] | None = Field(
        default=0.0,
        description="Planning again starts from the rest of the plan in force, by the new forecast, and leaves it only "
        "for one worth more than so much more, in kWh of the objective. None: for any other that the solver finds.",
    )
    reserve_pct: Percent = Field(
        default=10.0,
        description="Headroom a balance unit keeps where the plan's value allows it, % of its island's demand [A].",
    )
    stored_energy_value: Annotated[float, Field(ge=0, le=1e4)] = Field(
        default=3.0,
        description="CNY/kWh; among plans of equal value the one that leaves more energy in store is taken [A].",
    )
    without: tuple[ConstraintFamily, ...] = Field(
        default=(),
        description="Families of constraints left out (an ablation); such plans may be impossible to carry out.",
    )
    formulation: Literal["compact", "literal"] = Field(
        default="compact",
        description="literal: (13), (18)–(41) as printed, for a few LAs; compact: the same plans, far smaller.",
    )
    mip_gap: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=1e-3, description="A plan is optimal once |bound − objective| / |objective| is no more than this."
    )
    node_limit: Annotated[int, Field(gt=0, le=10**9)] = Field(
        default=20_000, description="Branch-and-bound nodes after which a search ends, the same on every machine."
    )
    time_limit_s: Positive = Field(
        default=300.0,
        description="Safety stop of one planning: all its solves together, check and second stage included (a tenth is "
        "kept for that one). Plans that are repaired are planned again with a limit of their own. A plan whose proof "
        "it stops is marked not proven; a proven one tells if it stopped any solve: it depends on the machine.",
    )
    check_optimum: bool = Field(
        default=True,
        description="Check each optimum by a second solve with other settings; HiGHS was seen to be wrong.",
    )
    verify: Annotated[Literal["off", "report", "repair"], BeforeValidator(_off)] = Field(
        default="repair",
        description="Check each plan by AC power flow of the forecast before it is issued: not at all, tell what it "
        "breaks, or repair it too (docs/validation.md). Plans made without some family are told of only.",
    )
    repair_rounds: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=8, description="Rounds of repair before the least valuable sections are left out."
    )
    source_intervals: bool = Field(
        default=False,
        description="Find, for each plan, the least and largest energy of each source at the plan's own objective.",
    )
    source_bounds: bool = Field(
        default=False,
        description="With source_intervals, also prove bounds of these energies over all plans worth as much (slower).",
    )
    solver_options: dict[str, str | int | float | bool] = Field(
        default_factory=dict,
        description="Further HiGHS options; not those that a field above says, nor threads, seeds, files and printing.",
    )


def look_ahead_conflict(look_ahead_min: int, plan_step_min: int, replan_min: int) -> str:
    """Why plans cannot look ahead that far; empty: they can."""
    if look_ahead_min % plan_step_min:
        return f"must be a multiple of clock.plan_step_min ({plan_step_min})"
    if look_ahead_min < replan_min:
        return f"must not be below the replan interval ({replan_min}), or a plan would end before the next one"
    return ""
