"""What actors tell each other: plain dictionaries of numbers, strings and lists, so that any channel can carry them.

Times are minutes since the start of the outage; powers kW, kvar; energies kWh.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

UnitState = Literal["off", "waiting", "starting", "idle", "follow", "form"]
"""off: no output (an NBSU not started); waiting: PV counting its reconnect delay; starting: an NBSU drawing start-up
power; idle: an NBSU on line behind its open breaker; follow: on line at its set-point; form: on line as the island's
balance unit."""

ON_LINE: tuple[UnitState, ...] = ("idle", "follow", "form")
"""States of a unit that runs."""


class UnitMeasurement(TypedDict):
    """A unit as metered in the last simulation step."""

    p_kw: float
    q_kvar: float
    state: UnitState
    state_min: float
    """minutes spent in ``state``"""
    p_min_kw: float
    p_max_kw: float
    """range that limits (power, energy over one simulation step, ramp) leave for the next simulation step"""
    discharge_kwh: float
    charge_kwh: float
    """ESS: energy in store that it can still discharge, and room there to charge; 0 for the rest"""
    failed: NotRequired[bool]
    """off line and deaf to orders; only where it is so"""
    upstream_live: NotRequired[bool]
    """a dead infeed that may return: whether there is voltage behind its breaker"""


class LocalAreaMeasurement(TypedDict):
    """What an energy gateway meters in its local area; one simulation step old when a controller reads it."""

    time_min: float
    energised: bool
    energised_min: float
    """minutes since the LA was last energised without a break; 0 when dark"""
    share_on: float
    """share of the demand whose customers are switched on, be the area live or dark: 1 unless they are off by order or
    were shed"""
    demand_p_kw: float
    demand_q_kvar: float
    """what all customers would take now; with cold load pick-up where they have supply"""
    supply_changes_min: NotRequired[list[float]]
    """times at which the LA's customers lost supply, got it back, lost it …; they had it before the first"""
    units: dict[str, UnitMeasurement]


class Forecast(TypedDict):
    """A local area's forecast per plan step from now to the end of the window."""

    step_start_min: list[float]
    demand_p_kw: list[float]
    demand_q_kvar: list[float]
    pv_pu: dict[str, list[float]]
    """PV unit id → available power per unit of rating"""


class SourceState(TypedDict):
    """State of what the dispatch centre schedules as one: all units of an LA or, centralised, a single device."""

    pv_pu: list[float]
    """ζ^PV of (2)"""
    charge_kwh: float
    """E^Char of (3)"""
    discharge_kwh: float
    """E^Dis of (4)"""
    nbsu_state: Literal["off", "starting", "online"]
    nbsu_remaining_min: float
    """minutes of start-up still to go (state starting)"""
    nbsu_p_min_kw: float
    nbsu_p_max_kw: float
    """range its ramp leaves at the next instant (state online)"""


class PscBasis(TypedDict):
    """What a gateway made its assessment from; sent along, so that the dispatch centre can have its plans checked from
    it, and carry it forward while nothing newer arrives."""

    measurement: LocalAreaMeasurement
    forecast: Forecast


class PscMessage(SourceState):
    """D_i of (1) with the state the dispatch centre needs to plan from now on; gateway → dispatch centre."""

    local_area: str
    issued_at_min: float
    step_start_min: list[float]
    demand_p_kw: list[float]
    demand_q_kvar: list[float]
    energised_min: float
    shed: bool
    """all its customers are off, by order or shed"""
    share_on: NotRequired[float]
    """share of its customers that are switched on; only where some are and some are not"""
    supply_changes_min: NotRequired[list[float]]
    """as measured, see ``LocalAreaMeasurement``"""
    devices: NotRequired[dict[str, SourceState]]
    """by unit id, where the dispatch centre schedules every device itself"""
    plan_issued_at_min: NotRequired[float | None]
    """issue time of the newest plan that the gateway has, which may begin later; None: it has none, or runs its area by
    itself"""
    alone: NotRequired[bool]
    """it runs its area by itself"""
    basis: NotRequired[PscBasis]
    """without it a report that grows old is of no use"""
    out_of_service: NotRequired[list[str]]
    """units that have failed; the rest of the message is without them"""
    infeeds: NotRequired[dict[str, Literal["dead", "live", "connected"]]]
    """infeeds that were dead and may return: voltage behind the breaker, and the breaker closed"""


class UnitSchedule(TypedDict):
    """A unit's set-points per plan step, from a dispatch centre that schedules every device itself."""

    p_kw: list[float]
    q_kvar: list[float]
    state: list[UnitState]


class NetPowerPlan(TypedDict):
    """The dispatch centre's order to one gateway: net power of its LA per plan step; dispatch centre → gateway."""

    local_area: str
    issued_at_min: float
    step_start_min: list[float]
    end_min: float
    energised: list[bool]
    served: list[float]
    """share of the LA's demand that is to be served, in [0, 1]; 0 where dark"""
    p_kw: list[float]
    q_kvar: list[float]
    """net injection p_{i,t}, q_{i,t}"""
    p_ess_kw: list[float]
    p_pv_kw: list[float]
    p_nbsu_kw: list[float]
    nbsu_state: list[Literal["off", "starting", "online"]]
    balance_unit: list[str | None]
    """which of this LA's units forms its island's voltage, if any"""
    demand_multiple: NotRequired[list[float]]
    """planned demand over forecast demand, where the dispatch centre counts with cold load pick-up"""
    units: NotRequired[dict[str, UnitSchedule]]
    """by unit id, where the dispatch centre schedules every device itself; else the gateway solves (46)"""


class UnitOrder(TypedDict):
    """Set-point for one unit until the next order; gateway → world."""

    p_kw: float
    q_kvar: float
    state: UnitState


class LocalAreaOrder(TypedDict):
    """Orders of a gateway to its own area; gateway → world."""

    units: dict[str, UnitOrder]
    customers: Literal["on", "off", "keep"]
    """on: switch customers on, those too that were shed (sent once at each plan step that serves this LA); off: switch
    all off; keep: leave them as they are"""
    share: float
    """of the demand that is to be on after ``on``; 1 unless the LA can be served in part"""


class SwitchReport(TypedDict):
    """Field terminal → dispatch centre: the state of its switch, one simulation step old."""

    switch: str
    closed: bool
    faults: NotRequired[list[str]]
    """where the terminal saw fault currents, not repaired yet: this branch, or the section at one of its sides"""
    shed_min: NotRequired[float]
    """when it opened by itself so that the rest of its island could live; left out once it was operated since"""


class SwitchOrder(TypedDict):
    """Dispatch centre → field terminal: the state this switch shall have from now on, or from a time to come."""

    switch: str
    closed: bool
    at_min: NotRequired[float]
    """when it shall have operated; left out: at once"""


class Heartbeat(TypedDict):
    """Dispatch centre → gateway at every step without a net power plan, where messages can fail: it is there."""

    sent_min: float
