"""When and where: clock, outage, site, how long orders take; steps that do not divide, times that no clock shows, zones
far off."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from ..local_clock import LocalClock
from ..reading.problems import Problem
from .communication import Communication
from .dispatch_options import DispatchCentreOptions, look_ahead_conflict
from .parts import Minutes, Names, NonNegative, Part, Positive, by_former_name

MOST_HOURS_OFF = 3.5
"""Between a zone and the sun; politics explains less."""
LATER_THAN_COUNTED = 1e-3
"""Share of messages that may take longer than the dispatch centre counts with [A]."""


class Clock(Part):
    """Plan step, simulation step, replan interval (min)."""

    plan_step_min: Minutes = Field(default=30, description="Δt of the plan [A, D4].")
    sim_step_min: Minutes = Field(
        default=5, description="Step of the world and its AC power flow; divides the plan step."
    )
    replan_interval_min: Minutes | None = Field(
        default=None, description="How often the dispatch centre replans; None: each plan step."
    )

    @property
    def replan_min(self) -> int:
        return self.replan_interval_min or self.plan_step_min


class Outage(Part):
    """When, how long, and what is lost."""

    start: datetime = Field(
        description="Local time at the site, e.g. 2025-06-21T04:00; one that its clock shows, and shows once."
    )
    duration_min: Minutes = Field(description="Length of the outage window, a multiple of the plan step.")
    first_order_min: NonNegative = Field(
        default=15.0,
        description="Until the first orders take effect: detection, decision, operation [A]. Plans begin in the first "
        "simulation step that starts then or later; nobody in the outage area has supply before.",
    )
    faulted: Names = Field(
        default=(),
        description="What failed first: branches, with a switch or without, buses, transformers, sections (by their "
        "first bus). The nearest switches isolate each fault, and what they leave with it stays dark until the "
        "repair. Its former name faulted_branches is read too.",
    )
    dead_infeeds: Names | None = Field(
        default=None, description="Infeeds without voltage; None: as the network's tables say, else all."
    )

    @model_validator(mode="before")
    @classmethod
    def _former_names(cls, data: Any) -> Any:
        return by_former_name(data, "outage", "faulted")

    @field_validator("start")
    @classmethod
    def _is_local(cls, start: datetime) -> datetime:
        if start.tzinfo is not None:
            raise ValueError("must be local time without an offset; site.timezone says where")
        if start.second or start.microsecond or not 1970 <= start.year <= 2100:
            raise ValueError("must be a full minute in the years 1970 to 2100")
        return start


class Site(Part):
    """Where the PV stands; for the clear-sky model."""

    latitude_deg: Annotated[float, Field(ge=-90, le=90)] = Field(description="North positive.")
    longitude_deg: Annotated[float, Field(ge=-180, le=180)] = Field(description="East positive.")
    altitude_m: Annotated[float, Field(ge=-500, le=9000)] = Field(default=0.0, description="Above sea level.")
    timezone: str = Field(description="Name in the time zone database, e.g. Asia/Shanghai.")

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("must be a name in the time zone database, e.g. Asia/Shanghai") from error
        return timezone


class Switching(Part):
    """How long operations take, one after another, and what equipment can do; for switching sequences, and for runs if
    they count it."""

    in_runs: bool = Field(
        default=True,
        description="Runs count these times too, and those of messages, in whole simulation steps: orders go out so "
        "far ahead that operations end when a plan step begins. False: a switch operates when its order arrives, and "
        "orders go out when a plan step begins.",
    )
    remote_operation_s: Positive = Field(
        default=60.0, description="A switch with a field terminal: order, operation and the report that it is done [A]."
    )
    manual_switches: Names = Field(default=(), description="Switches that a crew operates on site.")
    manual_operation_min: Positive = Field(default=30.0, description="A crew's way and one operation [A].")
    unit_operation_s: Positive = Field(
        default=60.0, description="A unit begins to form an island's voltage, or stops doing so [A]."
    )
    synchronised_closing: bool = Field(
        default=False,
        description="Switches can join two live islands, where one unit gives up its voltage at once [A: they cannot].",
    )

    def operation_min(self, switch: str) -> float:
        """Minutes that one operation of a switch takes."""
        return self.manual_operation_min if switch in self.manual_switches else self.remote_operation_s / 60

    @property
    def longest_operation_min(self) -> float:
        """Of any switch."""
        by_crew_min = self.manual_operation_min if self.manual_switches else 0.0
        return max(by_crew_min, self.remote_operation_s / 60)


def operation_step_min(switching: Switching, switch: str, clock: Clock) -> int:
    """Minutes from when a switch is told to operate until it has, in the world: whole simulation steps, or none."""
    return _whole_steps_min(switching.operation_min(switch), clock) if switching.in_runs else 0


def message_step_min(switching: Switching, communication: Communication | None, clock: Clock) -> int:
    """Minutes that a message takes at most, all but ``LATER_THAN_COUNTED`` of them; 0 where runs count no such times.

    In whole simulation steps as the channel counts them: what takes less than one arrives in the instant it was sent.
    """
    if not switching.in_runs or communication is None:
        return 0
    way_min = (communication.latency_s - math.log(LATER_THAN_COUNTED) * communication.jitter_s) / 60
    return _whole_steps_min(way_min, clock) if way_min >= clock.sim_step_min else 0


def lead_min(switching: Switching, communication: Communication | None, clock: Clock) -> int:
    """How long before they shall have taken effect orders go out, min; 0 where runs count no times of operations.

    The longest way of a message and the longest operation of a switch, each in whole simulation steps. Units and
    customers' switches are operated by the gateway of their area, which has its plan by then and begins in time.
    """
    if not switching.in_runs:
        return 0
    way_min = message_step_min(switching, communication, clock)
    return way_min + _whole_steps_min(switching.longest_operation_min, clock)


def _whole_steps_min(minutes: float, clock: Clock) -> int:
    return math.ceil(minutes / clock.sim_step_min - 1e-9) * clock.sim_step_min


def first_step_min(clock: Clock, outage: Outage, ahead_min: int = 0) -> int:
    """Start of the first simulation step in which an order can take effect, min; one given at once takes so long."""
    return max(math.ceil(outage.first_order_min / clock.sim_step_min) * clock.sim_step_min, ahead_min)


def step_conflicts(clock: Clock, outage: Outage, centre: DispatchCentreOptions, ahead_min: int = 0) -> list[Problem]:
    """A problem for each time step that does not divide; orders go out ``ahead_min`` before they are carried out."""
    plan, step, replan = clock.plan_step_min, clock.sim_step_min, clock.replan_min
    conflicts: list[Problem] = []
    if plan % step:
        conflicts.append(Problem("", "clock.sim_step_min", step, f"must divide clock.plan_step_min ({plan})"))
    if outage.duration_min % plan:
        remedy = f"must be a multiple of clock.plan_step_min ({plan})"
        conflicts.append(Problem("", "outage.duration_min", outage.duration_min, remedy))
    if first_step_min(clock, outage) >= outage.duration_min:
        remedy = f"must lie a simulation step ({step}) or more before the window's end ({outage.duration_min})"
        conflicts.append(Problem("", "outage.first_order_min", outage.first_order_min, remedy))
    elif ahead_min >= outage.duration_min:
        remedy = f"must be more than {ahead_min}, how long orders and operations take (switching.in_runs)"
        conflicts.append(Problem("", "outage.duration_min", outage.duration_min, remedy))
    if clock.replan_interval_min and replan % step:
        conflicts.append(
            Problem("", "clock.replan_interval_min", replan, f"must be a multiple of clock.sim_step_min ({step})")
        )
    if (ahead := centre.look_ahead_min) and (remedy := look_ahead_conflict(ahead, plan, replan)):
        conflicts.append(Problem("", "dispatch_centre.look_ahead_min", ahead, remedy))
    return conflicts


def start_in_doubt(clock: LocalClock) -> str:
    """Why a scenario cannot start then by the site's clock, and what it can do; empty: it can."""
    doubt = clock.doubt(clock.start)
    if not doubt:
        return ""
    if not clock.minutes(clock.start):
        return f"{doubt}, write that"
    return f"{doubt}; start before it or after it, or in a zone whose clock does not change (Etc/GMT-2 is UTC+2)"


def zone_far_from(longitude_deg: float, clock: LocalClock) -> str:
    """A warning where the site's clock and the sun at its longitude differ by hours; empty: they do not."""
    zone_h, sun_h = clock.offset_h, longitude_deg / 15
    apart = abs((zone_h - sun_h + 12) % 24 - 12)
    if apart <= MOST_HOURS_OFF:
        return ""
    return (
        f"site.timezone {clock.timezone} is UTC{zone_h:+g} h, the sun at {longitude_deg:g} degrees east has "
        f"UTC{sun_h:+.1f} h: PV will peak far from noon; are both of one place?"
    )
