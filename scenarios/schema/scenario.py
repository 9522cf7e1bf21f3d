"""A scenario: everything a run depends on, as a YAML file, with units in the names.

Tags in the descriptions: [T] printed in Guo et al. 2025, [C] computed from it, [S] from a named source, [A] assumed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..local_clock import LocalClock
from ..reading.problems import Problem
from .cold_load import ColdLoad
from .communication import Communication
from .dispatch_options import ConstraintFamily as ConstraintFamily
from .dispatch_options import DispatchCentreOptions, Objective
from .forecast import ForecastOptions
from .frequency import Frequency
from .network_kinds import Network
from .network_kinds import TablesNetwork as TablesNetwork
from .parts import (
    Factor,
    FileName,
    FolderName,
    Kilo,
    Minutes,
    Names,
    NonNegative,
    Part,
    Percent,
    PerUnit,
    Positive,
    Seed,
    Weight,
    absent,
)
from .surprises import Surprises
from .time_and_place import Clock as Clock
from .time_and_place import Outage as Outage
from .time_and_place import Site as Site
from .time_and_place import Switching as Switching
from .time_and_place import first_step_min, lead_min, message_step_min, step_conflicts
from .units import Units
from .weather import Weather

LoadControl = Literal["area", "section", "part"]
"""What can be without supply in a live section: a local area, nothing, or a part of a local area."""

LoadClass = Literal["h0", "g0", "g1", "g2", "g3", "g4", "g5", "g6", "l0", "l1", "l2"]
"""Classes of the BDEW standard load profiles: h household, g business, l farming."""


Priority = Annotated[float, Field(ge=1e-3, le=1e3)]


class LocalAreas(Part):
    """How buses are grouped behind energy gateways."""

    by: Literal["bus", "section"] = Field(
        default="bus", description="One gateway per bus, or per section: buses joined by closed unswitched branches."
    )
    load_control: LoadControl = Field(
        default="area",
        description="Whose customers can be off while their section is live. area: each LA's, by its gateway's switch; "
        "section: nobody's, customers go on and off with their section; part: any share of an LA's demand.",
    )
    priority: dict[str, Priority] = Field(default_factory=dict, description="C_i of (18) by LA id; 1 where not named.")
    customers: dict[str, Annotated[float, Field(ge=0, le=1e7)]] = Field(
        default_factory=dict,
        description="Customers by LA id, for SAIFI and the like; names every loaded LA, or none: then in proportion to "
        "peak load, one per kW [A].",
    )


class ActualLoad(Part):
    """How the actual load differs from the forecast: AR(1) noise per LA, relative to the forecast."""

    sd_pct: Percent = Field(default=2.0, description="Standard deviation [A].")
    correlation_min: Positive = Field(default=30.0, description="Correlation time of the noise [A].")
    day_sd_pct: Percent = Field(default=3.0, description="Of the day's level: one factor for all LAs, drawn once [A].")


class Load(Part):
    """Demand of the LAs."""

    source: Literal["shares", "network"] = Field(
        default="shares", description="Peaks by shares of peak_kw, or from the net's load table."
    )
    peak_kw: Kilo | None = Field(default=None, description="Coincident peak of the day for source=shares.")
    scaling: Factor = Field(default=1.0, description="Factor on the net's loads for source=network.")
    power_factor: Annotated[float, Field(ge=0.1, le=1)] = Field(
        default=0.95, description="Of loads by shares and of CSV series without kvar, lagging [A]."
    )
    unloaded_buses: Names = Field(default=(), description="Buses whose load is left out.")
    shares: Literal["equal", "random"] | dict[str, Weight] = Field(
        default="equal", description="Relative share by bus; buses that a mapping does not name have none."
    )
    shares_seed: Seed | None = Field(default=None, description="Seed of random shares; None: the run's seed.")
    shares_spread: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="Random shares are 1 ± spread, then normalised."
    )
    mix: dict[LoadClass, Weight] = Field(
        default_factory=lambda: {"h0": 0.40, "g0": 0.35, "g3": 0.25},
        description="Class mix of BDEW profiles: 40 % household, 35 % general business, 25 % round the clock [A].",
    )
    mix_by_bus: dict[str, dict[LoadClass, Weight]] = Field(
        default_factory=dict, description="Other mixes for single buses."
    )
    forecast_csv: FileName | None = Field(
        default=None,
        description="Column time (local, ISO 8601) or time_min (from the start), then <LA id> or <LA id>:q (kW, kvar); "
        "each row holds until the next; replaces the forecast of the LAs named, and what happens to those follows it, "
        "with the noise of actual.",
    )
    actual_csv: FileName | None = Field(default=None, description="Same form; replaces the actual series.")
    actual: ActualLoad = Field(default=ActualLoad(), description="Noise of the actual load.")

    @model_validator(mode="after")
    def _complete(self) -> Load:
        if self.source == "shares" and self.peak_kw is None:
            raise ValueError("peak_kw is missing; source: shares needs it")
        for where, mix in {"mix": self.mix, **self.mix_by_bus}.items():
            if not sum(mix.values()) > 0:
                raise ValueError(f"mix of {where!r} must hold at least one class above 0")
        return self


class Pv(Part):
    """PV availability, per unit of rated power: clear-sky irradiance × performance ratio × clear-sky index."""

    performance_ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.78, description="AC output per unit of rating at an irradiance of 1000 W/m² [A]."
    )
    clear_sky_index: Annotated[float, Field(ge=0, le=1.5)] = Field(default=1.0, description="Mean index; the forecast.")
    variability_pct: Annotated[float, Field(ge=0, le=100)] = Field(
        default=30.0, description="The actual index stays within ± this of its mean on the day [T: ±30 %]."
    )
    correlation_min: Positive = Field(default=30.0, description="Correlation time of the index [A].")
    day_sd_pct: Percent = Field(default=15.0, description="As in load.actual: a factor for all sites, drawn once [A].")
    reconnect_delay_min: Annotated[int, Field(ge=0, le=100_000)] = Field(
        default=30, description="PV waits this long after its bus is energised; one plan step in (13c)."
    )
    forecast_csv: FileName | None = Field(
        default=None,
        description="Same form, one column per PV unit id, per unit of s_kva; what happens follows it, with the sky's "
        "variability and passing clouds.",
    )
    actual_csv: FileName | None = Field(default=None, description="Same form; replaces the actual series.")


class Limits(Part):
    """Limits of operation."""

    vm_min_pu: Annotated[float, Field(ge=0.3, le=1.5)] = Field(
        default=0.93, description="Lowest voltage; ±7 % for 10 kV and 20 kV [S: GB/T 12325]."
    )
    vm_max_pu: PerUnit = Field(default=1.07, description="Highest voltage.")
    reference_vm_pu: PerUnit = Field(default=1.0, description="U_N of (36): voltage held by a balance unit.")
    min_power_factor: Annotated[float, Field(ge=0.1, le=1)] = Field(
        default=0.95, description="|q| ≤ S·sin(arccos ·); 0.95 gives the paper's 0.31 (D7)."
    )
    max_loading_pct: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=100.0, description="Of the rating of a line or transformer."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        if not self.vm_min_pu <= self.reference_vm_pu <= self.vm_max_pu:
            raise ValueError("vm_min_pu ≤ reference_vm_pu ≤ vm_max_pu must hold")
        return self


class Gateway(Part):
    """Costs of (42)–(45), CNY/kWh [A: the paper gives none]."""

    pv_cost: NonNegative = Field(default=0.0, description="Of PV output, CNY/kWh.")
    nbsu_cost: NonNegative = Field(default=2.0, description="Of NBSU output, CNY/kWh.")
    ess_discharge_cost: NonNegative = Field(default=0.5, description="Of discharging, CNY/kWh.")
    ess_charge_cost: NonNegative = Field(default=0.1, description="Of charging, CNY/kWh; it costs money (D12).")


class World(Part):
    """How the simulated equipment behaves."""

    nbsu_ramp_window_min: Minutes | None = Field(
        default=None,
        description="A ramp of r kW/h lets output change by r × window within any such window; None: plan step (13j).",
    )
    pick_up_limit_pct: Positive | None = Field(
        default=50.0,
        description="Most demand that an ESS which forms an island can take at once, % of its rating, in the world, in "
        "plans and in verdicts [A]; None: its rating alone limits it.",
    )


class Published(Part):
    """What a publication prints for this case, shown beside our results; never used by any calculation."""

    source: str = Field(description="The publication.")
    dynamic_energy_mwh: Positive | None = Field(default=None, description="Restored by dynamic plans, as printed.")
    static_energy_mwh: Positive | None = Field(default=None, description="Restored by a static plan, as printed.")
    ratio: Positive | None = Field(default=None, description="Dynamic / static, as printed.")
    calibrated: bool = Field(
        default=False, description="Free numbers of this scenario were chosen so that the dynamic energy comes near."
    )
    note: str = Field(default="", description="Said below the numbers.")


class Scenario(Part):
    """One case: a network, an outage, series, units and the choices of planners and world."""

    schema_version: Literal[1] = Field(default=1, description="Of this form.")
    name: FolderName = Field(description="In tables, figures and folder names, e.g. my/case33.")
    title: str = Field(default="", description="A line for people.")
    seed: Seed = Field(default=0, description="Fixes all that is drawn; --seed replaces it.")
    network: Network = Field(description="Where buses and branches come from, by kind.")
    clock: Clock = Field(default=Clock(), description="Time steps.")
    outage: Outage = Field(description="The blackout.")
    site: Site = Field(description="For the sun.")
    local_areas: LocalAreas = Field(default=LocalAreas(), description="Which buses share a gateway.")
    load: Load = Field(description="Demand, as forecast and as it happens.")
    pv: Pv = Field(default=Pv(), description="Sun, as forecast and as it happens.")
    perfect_forecast: bool = Field(default=False, description="Actual series equal the forecast, step by step.")
    forecast: ForecastOptions | None = Field(
        default=None, exclude_if=absent, description="None: the mean course, never updated."
    )
    weather: Weather | None = Field(
        default=Weather(sites="where_placed"), description="None: one clear-sky index for all sites."
    )
    units: Units = Field(default=Units(), description="PV, storage and NBSUs.")
    limits: Limits = Field(default=Limits(), description="What plans keep and verdicts judge by.")
    dispatch_centre: DispatchCentreOptions = Field(
        default=DispatchCentreOptions(), description="Choices of the planner."
    )
    objective: Objective = Field(default=Objective(), description="What plans are for.")
    gateway: Gateway = Field(default=Gateway(), description="Costs by which gateways dispatch their units.")
    cold_load: ColdLoad | None = Field(
        default=None,
        exclude_if=absent,
        description="Cold load pick-up of the world; None: demand returns as if nothing had happened.",
    )
    world: World = Field(default=World(), description="Behaviour of equipment.")
    switching: Switching = Field(default=Switching(), description="Times of switch operations.")
    communication: Communication | None = Field(
        default=None,
        exclude_if=absent,
        description="None: every message arrives at once, and nobody watches the links.",
    )
    surprises: Surprises | None = Field(
        default=None, exclude_if=absent, description="What goes wrong on the way; None: nothing."
    )
    published: Published | None = Field(default=None, description="Printed numbers, shown beside ours.")
    frequency: Frequency | None = Field(
        default=None,
        exclude_if=absent,
        description="Frequency response of islands; None: islands keep the nominal frequency.",
    )

    @property
    def local_clock(self) -> LocalClock:
        """Turns minutes since the start into local times at the site and back."""
        return LocalClock(self.outage.start, self.site.timezone)

    @property
    def lead_min(self) -> int:
        """How long before they shall have taken effect orders go out, min."""
        return lead_min(self.switching, self.communication, self.clock)

    @property
    def message_min(self) -> int:
        """How long a message takes at most, min, as far as runs count such times."""
        return message_step_min(self.switching, self.communication, self.clock)

    @property
    def first_step_min(self) -> int:
        """Start of the first plan step, min."""
        return first_step_min(self.clock, self.outage, self.lead_min)

    @property
    def plan_starts_min(self) -> range:
        """Starts of all plan steps; the last one ends with the window and may be shorter."""
        return range(self.first_step_min, self.outage.duration_min, self.clock.plan_step_min)

    @property
    def step_conflicts(self) -> list[Problem]:
        """A problem for each time step that does not divide, and for orders that take too long."""
        return step_conflicts(self.clock, self.outage, self.dispatch_centre, self.lead_min)

    @model_validator(mode="after")
    def _steps_divide(self) -> Scenario:
        if conflicts := self.step_conflicts:
            raise ValueError("; ".join(f"{one.field} {one.value} {one.remedy}" for one in conflicts))
        return self
