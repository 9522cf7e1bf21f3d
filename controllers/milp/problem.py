"""What the dispatch centre plans with: the LA graph it stores and the data of one horizon, all numbers looked up here.

The dispatch centre sees a local area as one node, so branches inside an LA vanish; ``model.py`` holds the algebra.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import networkx as nx

from ...scenarios.angles import chord, sin_phi
from ...scenarios.schema.cold_load import AreaColdLoad, SupplyRecord, estimated_cold_load
from ...scenarios.schema.dispatch_options import DispatchCentreOptions, Objective
from ...scenarios.schema.scenario import Limits, LoadControl, Scenario
from ...scenarios.view import GridView
from ..exchange.messages import PscMessage, SourceState
from ..exchange.psc import PscParameters, device_parameters, psc_parameters
from .stricter_limits import NOTHING_KNOWN, Tightened


@dataclass(frozen=True)
class Link:
    """A branch between two LAs; ``r_pu``, ``x_pu`` on 1 MVA; ``s_max_kva`` is finite (see ``AreaGraph.links``).

    ``charging_kvar`` is given by its capacitance, half at each end, while it is energised. ``ratio``: squared voltage
    of ``j`` over that of ``i`` where no current flows.
    """

    id: str
    i: str
    j: str
    r_pu: float
    x_pu: float
    s_max_kva: float
    switchable: bool
    charging_kvar: float = 0.0
    ratio: float = 1.0


@dataclass(frozen=True)
class Source:
    """What the dispatch centre schedules as one: an LA's units by (5)–(12), or, centralised, a single device."""

    id: str
    local_area: str
    parameters: PscParameters


@dataclass(frozen=True)
class AreaGraph:
    """Static data of the dispatch centre: LAs, sections, links and the PSC parameters (5)–(12).

    ``per_device``: the dispatch centre knows every device and schedules it itself (strategy ``centralised``).
    ``load_control``: whose customers can be off in a live section: each LA's, nobody's, or any share of an LA's.
    ``objective``: the prices of what a plan is for.
    """

    view: GridView
    options: DispatchCentreOptions
    limits: Limits
    pv_reconnect_min: float
    ess_discharge_cost: float
    ess_charge_cost: float
    nbsu_cost: float
    plan_step_min: float
    per_device: bool = False
    load_control: LoadControl = "section"
    objective: Objective = field(default_factory=Objective)
    cold_load_estimate: Mapping[str, AreaColdLoad] = field(default_factory=dict)
    """LA → its cold load pick-up as the dispatch centre takes it to be; empty: it plans without"""
    ess_pick_up_pct: float | None = None
    """Most that an ESS which forms an island takes at once, % of its rating; None: it is not known to be limited"""

    @classmethod
    def of(cls, view: GridView, scenario: Scenario, *, per_device: bool = False) -> AreaGraph:
        costs, options = scenario.gateway, scenario.dispatch_centre
        kinds = {la.id: la.kinds for la in view.local_areas.values()}
        return cls(
            view=view,
            options=options,
            limits=scenario.limits,
            pv_reconnect_min=scenario.pv.reconnect_delay_min,
            ess_discharge_cost=costs.ess_discharge_cost,
            ess_charge_cost=costs.ess_charge_cost,
            nbsu_cost=costs.nbsu_cost,
            plan_step_min=scenario.clock.plan_step_min,
            per_device=per_device,
            load_control=scenario.local_areas.load_control,
            objective=scenario.objective,
            cold_load_estimate=estimated_cold_load(options.cold_load, scenario.cold_load, kinds),
            ess_pick_up_pct=scenario.world.pick_up_limit_pct,
        )

    @cached_property
    def sources(self) -> dict[str, Source]:
        """What is scheduled as one, by id: the id of its LA, or of its device."""
        view, options = self.view, self.options
        if self.per_device:
            return {
                u: Source(u, view.local_area_of_unit(u), device_parameters(view, u))
                for u in view.units
                if u not in view.infeeds
            }
        return {
            la: Source(la, la, psc_parameters(view, la, options.startup_power, options.ess_aggregation))
            for la in view.local_areas
        }

    @property
    def cold_load(self) -> Mapping[str, AreaColdLoad]:
        """LA → the cold load pick-up that is planned with."""
        return {} if "cold_load" in self.options.without else self.cold_load_estimate

    @cached_property
    def areas_in(self) -> dict[str, list[str]]:
        """Section → its LAs."""
        inside: dict[str, list[str]] = {s: [] for s in self.view.sections}
        for la in self.view.local_areas.values():
            inside[la.section].append(la.id)
        return inside

    @cached_property
    def meshed_inside(self) -> bool:
        """Whether links without switches form loops: flows then follow from the voltages, not from a tree."""
        unswitched = nx.MultiGraph((link.i, link.j) for link in self.links.values() if not link.switchable)
        return bool(unswitched) and not nx.is_forest(unswitched)

    def has_customers(self, la: str) -> bool:
        return self.view.local_areas[la].customers > 0

    @cached_property
    def section(self) -> dict[str, str]:
        return {la.id: la.section for la in self.view.local_areas.values()}

    @cached_property
    def live_infeed_kva(self) -> dict[str, float]:
        """LA → rating of the live infeeds in it."""
        rating: dict[str, float] = {}
        for infeed in self.view.infeeds.values():
            if infeed.live:
                la = self.view.local_area_of_bus[infeed.bus]
                rating[la] = rating.get(la, 0.0) + infeed.s_kva
        return rating

    @cached_property
    def capacity_kva(self) -> float:
        """All that can ever flow: the rated power of every source, and what all cables and shunts give or take. The
        largest big-M of a flow, where reactive demand is not leading."""
        kinds = (source.parameters for source in self.sources.values())
        units = sum(p.s_pv_kva + p.s_ess_kva + p.s_nbsu_kva for p in kinds)
        cables = sum(b.charging_kvar for b in self.view.branches.values() if not b.faulted)
        shunts = sum(abs(bus.shunt_kvar) for bus in self.view.buses.values())
        return units + sum(self.live_infeed_kva.values()) + cables + shunts

    @cached_property
    def links(self) -> dict[str, Link]:
        """Unfaulted branches between different LAs, up to the loading allowed; at most all that can ever flow."""
        area, share, links = self.view.local_area_of_bus, self.limits.max_loading_pct / 100, dict[str, Link]()
        for b in self.view.branches.values():
            i, j, s_kva = area[b.from_bus], area[b.to_bus], min(b.s_max_kva * share, self.capacity_kva)
            if not b.faulted and i != j:
                start, end = self.view.buses[b.from_bus].level, self.view.buses[b.to_bus].level
                r, x, ratio = b.r_pu / end**2, b.x_pu / end**2, (b.no_load_ratio * start / end) ** 2
                links[b.id] = Link(b.id, i, j, r, x, s_kva, b.switchable, b.charging_kvar, ratio)
        return links

    @cached_property
    def links_at(self) -> dict[str, list[tuple[str, str]]]:
        """LA → its links, each with the LA at the other end."""
        at: dict[str, list[tuple[str, str]]] = {la: [] for la in self.view.local_areas}
        for link in self.links.values():
            at[link.i].append((link.id, link.j))
            at[link.j].append((link.id, link.i))
        return at

    @cached_property
    def charging_kvar(self) -> dict[str, float]:
        """What cables without a switch and shunts give in each LA while it is energised; half of a link at each end."""
        given = dict.fromkeys(self.view.local_areas, 0.0)
        for bus in self.view.buses.values():
            given[self.view.local_area_of_bus[bus.id]] += bus.shunt_kvar
        for b in self.view.branches.values():
            if not b.switchable and not b.faulted:
                for bus in (b.from_bus, b.to_bus):
                    given[self.view.local_area_of_bus[bus]] += b.charging_kvar / 2
        return given

    @cached_property
    def reference_vm_pu(self) -> dict[str, float]:
        """Voltage of an LA that holds a balance unit: from a live infeed's own at its bus, else U_N of (36)."""
        view, own = self.view, dict[str, float]()
        for infeed in view.infeeds.values():
            if infeed.live:
                own[view.local_area_of_bus[infeed.bus]] = infeed.vm_pu / view.buses[infeed.bus].level
        return {la: own.get(la, self.limits.reference_vm_pu) for la in view.local_areas}

    @cached_property
    def q_ratio(self) -> float:
        """sin φ_max: reactive limit per unit of rating, 0.3122 at power factor 0.95 (D7)."""
        return sin_phi(self.limits.min_power_factor)

    @cached_property
    def chord(self) -> float:
        """Slope of the chord p + chord·|q| ≤ S that stays inside p² + q² ≤ S² for |q| ≤ S sin φ_max."""
        return chord(self.limits.min_power_factor)


@dataclass(frozen=True)
class Horizon:
    """Data of one planning horizon, from now to the end of the window.

    ``step_start_min`` are the starts of its steps; ``psc`` holds one message per LA; ``closed`` is the state of every
    switchable branch now; ``tightened`` is what checks of earlier plans of this horizon have taught.
    """

    graph: AreaGraph
    step_start_min: Sequence[float]
    end_min: float
    psc: Mapping[str, PscMessage]
    closed: Mapping[str, bool]
    tightened: Tightened = NOTHING_KNOWN
    holds_now: bool = True
    """whether ``objective`` may ask that those who have supply now keep it"""
    loss_pct: Mapping[str, float] = field(default_factory=dict)
    """Section → allowance for losses, % of demand, where it was learned"""

    def loss_factor(self, section: str) -> float:
        """Demand of a section with its loss allowance, a multiple."""
        return 1 + self.loss_allowance_pct(section) / 100

    def loss_allowance_pct(self, section: str) -> float:
        return self.loss_pct.get(section, self.graph.options.loss_allowance_pct)

    @cached_property
    def steps(self) -> int:
        return len(self.step_start_min)

    def start(self, t: int) -> float:
        return self.step_start_min[t] if t < self.steps else self.end_min

    def dt_h(self, t: int) -> float:
        """Length of step t in hours; 0 past the window."""
        return (self.start(t + 1) - self.start(t)) / 60 if t < self.steps else 0.0

    @property
    def full_step_h(self) -> float:
        """Δt of the plan in hours; a first step begun between two plan steps is shorter, the window's last may be."""
        return max((self.graph.plan_step_min / 60, *(self.dt_h(t) for t in range(self.steps))))

    def of_section(self, section: str) -> Horizon:
        """The same horizon as if a section were all there is."""
        view, areas = self.graph.view, self.graph.areas_in[section]
        buses = view.sections[section].buses
        kinds = ("pv", "ess", "nbsu", "infeeds", "others")
        own = GridView(
            buses={bus: view.buses[bus] for bus in buses},
            branches={k: b for k, b in view.branches.items() if {b.from_bus, b.to_bus} <= set(buses)},
            sections={section: view.sections[section]},
            local_areas={la: view.local_areas[la] for la in areas},
            **{kind: {u: unit for u, unit in getattr(view, kind).items() if unit.bus in buses} for kind in kinds},
        )
        bounds = {key: bound for key, bound in self.tightened.bounds.items() if key[1] in (section, *areas)}
        return replace(
            self,
            graph=replace(self.graph, view=own),
            psc={la: self.psc[la] for la in areas},
            closed={k: closed for k, closed in self.closed.items() if k in own.branches},
            tightened=replace(NOTHING_KNOWN, bounds=bounds),
        )

    def state(self, source: str) -> SourceState:
        """What is known of a source now."""
        message = self.psc[self.graph.sources[source].local_area]
        return message.get("devices", {})[source] if self.graph.per_device else message

    def demand_kw(self, la: str, t: int) -> float:
        return self.psc[la]["demand_p_kw"][t] if t < self.steps else 0.0

    def demand_kvar(self, la: str, t: int) -> float:
        return self.psc[la]["demand_q_kvar"][t] if t < self.steps else 0.0

    def area_value_kwh(self, la: str, t: int) -> float:
        """What serving an LA in a step is worth: C_i p^L_{i,t} Δt of (18)."""
        return self.graph.view.local_areas[la].priority * self.demand_kw(la, t) * self.dt_h(t)

    def earlier_kwh(self, la: str, t: int) -> float:
        """What it is worth that an LA's customers have supply in a step, and not later: c_e c_i Δt times the hours from
        the middle of the step to the end of the horizon; nothing where they draw nothing."""
        if not self.graph.objective.earlier_kwh or not self.demand_kw(la, t) > 0:
            return 0.0
        left_h = (self.end_min - (self.start(t) + self.start(t + 1)) / 2) / 60
        customers = self.graph.view.local_areas[la].customers
        return self.graph.objective.earlier_kwh * customers * self.dt_h(t) * left_h

    def value_kwh(self, section: str, t: int) -> float:
        """What serving a section in a step is worth: Σ C_i p^L_{i,t} Δt of (18)."""
        return sum(self.area_value_kwh(la, t) for la in self.graph.areas_in[section])

    def is_live(self, section: str) -> bool:
        """Whether a section is energised now."""
        return any(self.psc[la]["energised_min"] > 0 for la in self.graph.areas_in[section])

    def is_supplied(self, la: str) -> bool:
        """Whether the customers of an LA have supply now."""
        return self.psc[la]["energised_min"] > 0 and not self.psc[la]["shed"]

    def supplied_share(self, la: str) -> float:
        """Share of the customers of an LA that have supply now; all or none of them unless load control is in part."""
        message = self.psc[la]
        share = message.get("share_on", 1.0) if self.graph.load_control == "part" else 1.0
        return share * self.is_supplied(la)

    def supplied_min(self, la: str) -> float:
        """Minutes since the customers of an LA have had supply, as far as is known; without end if never lost."""
        message = self.psc[la]
        changes = message.get("supply_changes_min")
        if changes is None:
            return message["energised_min"]
        return self.start(0) - changes[-1] if changes else math.inf

    def interrupted_min(self, la: str) -> float:
        """Minutes since an LA lost supply, where that was no part of the blackout; else, or unknown: without end."""
        changes = self.psc[la].get("supply_changes_min", [])
        blackout = 1 if la in self.graph.view.lost_areas else 0
        again = len(changes) % 2 == 1 and len(changes) > blackout and not self.is_supplied(la)
        return self.start(0) - changes[-1] if again else math.inf

    @cached_property
    def _supply(self) -> dict[str, SupplyRecord]:
        """Supply of each LA up to now; one that does not tell lost it at 0, or never."""
        found: dict[str, SupplyRecord] = {}
        for la, area in self.graph.cold_load.items():
            message = self.psc[la]
            lost = message["shed"] or not message["energised_min"] > 0
            found[la] = SupplyRecord.of(area, message.get("supply_changes_min", [0.0] if lost else []))
        return found

    def cold_excess(self, la: str, begun: int, t: int) -> float:
        """Mean excess of an LA's demand over step t, relative to the forecast, if it has supply from step ``begun`` on.

        −1: its section is energised now, so that it keeps its supply, or gets it back now if it was shed.
        """
        if la not in self.graph.cold_load or t >= self.steps:
            return 0.0
        area, record, now = self.graph.cold_load[la], self._supply[la], self.start(0)
        if begun < 0 and record.supplied:
            return record.excess(area, self.start(t), self.start(t + 1))
        return record.planned_excess(area, now, self.start(max(begun, 0)), self.start(t), self.start(t + 1))

    def pv_kw(self, source: str, t: int) -> float:
        """ζ_{i,t} S_i^PV of (13c)."""
        return self.state(source)["pv_pu"][t] * self._of(source).s_pv_kva if t < self.steps else 0.0

    def _of(self, source: str) -> PscParameters:
        return self.graph.sources[source].parameters

    def pv_delay_met(self, source: str, t: int) -> bool:
        """Whether the part of PV's reconnect delay before step t that lies before now has been served.

        The part that lies inside the horizon is X of those steps, see ``pv_waits_for``.
        """
        before_now = self.graph.pv_reconnect_min - (self.start(t) - self.start(0))
        return self.psc[self.graph.sources[source].local_area]["energised_min"] >= before_now - 1e-9

    def pv_waits_for(self, t: int, earlier: int) -> bool:
        """Whether the delay before step t reaches into an earlier step; with delay = step only t − 1, as in (13c)."""
        return self.start(earlier + 1) > self.start(t) - self.graph.pv_reconnect_min + 1e-9

    def launches(self, source: str) -> list[int]:
        """Steps at which an NBSU's start-up may be launched; −1 is the start-up under way, [] if it is on line."""
        state = self.state(source)["nbsu_state"]
        if state == "online":
            return []
        return [-1, *range(self.steps)] if state == "starting" else list(range(self.steps))

    def online_from(self, source: str, launch: int) -> float:
        """When an NBSU launched at that step comes on line, in minutes."""
        if launch < 0:
            return self.start(0) + self.state(source)["nbsu_remaining_min"]
        return self.start(launch) + self._of(source).start_min

    def is_online(self, source: str, launch: int, t: int) -> bool:
        return self.start(t) >= self.online_from(source, launch) - 1e-9

    def is_starting(self, source: str, launch: int, t: int) -> bool:
        return t >= max(launch, 0) and not self.is_online(source, launch, t)

    def ramp_kw(self, source: str, t: int) -> tuple[float, float]:
        """Largest fall and rise from step t − 1 to step t ≥ 1: rate × Δt, Δt the full plan step (D8)."""
        hours = self.full_step_h if t < self.steps else math.inf
        parameters = self._of(source)
        rating = parameters.s_nbsu_kva + parameters.p_in_kw
        return min(rating, parameters.ramp_down_kw_per_h * hours), min(rating, parameters.ramp_up_kw_per_h * hours)
