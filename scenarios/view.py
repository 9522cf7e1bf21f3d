"""The network as controllers see it: a small typed view, free of any power-flow library.

Ids are the scenario's names (``12-13``) or ``line.5``, ``bus.7`` for elements of a pandapower net without names.
Impedances are per unit on a base of 1 MVA and the rated voltage of the branch; powers are kW, kvar, kVA.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import networkx as nx

BranchKind = Literal["line", "trafo", "switch"]


@dataclass(frozen=True)
class Bus:
    """A bus: its id and rated voltage in kV."""

    id: str
    vn_kv: float


@dataclass(frozen=True)
class Branch:
    """A two-terminal branch between buses.

    ``switchable`` branches are operated by a field terminal; all others stay closed, so both their ends share one
    state. A ``faulted`` branch stays open for the whole window. ``closed`` is the state before the outage.
    ``kind="switch"`` has no impedance. ``s_max_kva`` is infinite where the data give no rating.
    ``charging_kvar`` is what a cable's capacitance gives at rated voltage.
    """

    id: str
    from_bus: str
    to_bus: str
    r_pu: float
    x_pu: float
    s_max_kva: float
    kind: BranchKind = "line"
    switchable: bool = False
    faulted: bool = False
    closed: bool = True
    charging_kvar: float = 0.0


@dataclass(frozen=True)
class PvUnit:
    """A photovoltaic unit of ``s_kva`` rated power."""

    id: str
    bus: str
    s_kva: float


@dataclass(frozen=True)
class EssUnit:
    """An energy storage system: rated power, energy it can still discharge and charge at the start (lossless)."""

    id: str
    bus: str
    s_kva: float
    discharge_kwh: float
    charge_kwh: float


@dataclass(frozen=True)
class NbsuUnit:
    """A non-black-start unit: needs ``p_in_kw`` from the island for ``start_min`` minutes before it can generate."""

    id: str
    bus: str
    s_kva: float
    p_in_kw: float
    ramp_up_kw_per_h: float
    ramp_down_kw_per_h: float
    start_min: float


@dataclass(frozen=True)
class Infeed:
    """The upstream grid at a bus; ``live`` says whether it holds voltage during the outage."""

    id: str
    bus: str
    s_kva: float
    vm_pu: float = 1.0
    live: bool = False


Unit = PvUnit | EssUnit | NbsuUnit | Infeed


@dataclass(frozen=True)
class Section:
    """Buses joined by closed unswitched branches: they are energised together or not at all."""

    id: str
    buses: tuple[str, ...]


@dataclass(frozen=True)
class LocalArea:
    """A local area (LA): the buses behind one energy gateway, all in one section. ``priority`` is C_i of (18).

    ``customers`` weigh the LA in customer indices; where the scenario gives no numbers they are its peak load in kW.
    ``kinds``: share of its load by kind of customer (see ``relight.scenarios.schema.cold_load``).
    """

    id: str
    buses: tuple[str, ...]
    section: str
    priority: float = 1.0
    customers: float = 0.0
    kinds: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class GridView:
    """Everything static that a controller may know of the network. All mappings are keyed by id, in a fixed order."""

    buses: dict[str, Bus]
    branches: dict[str, Branch]
    sections: dict[str, Section]
    local_areas: dict[str, LocalArea]
    pv: dict[str, PvUnit] = field(default_factory=dict)
    ess: dict[str, EssUnit] = field(default_factory=dict)
    nbsu: dict[str, NbsuUnit] = field(default_factory=dict)
    infeeds: dict[str, Infeed] = field(default_factory=dict)

    @cached_property
    def units(self) -> dict[str, Unit]:
        """All units by id: PV, ESS, NBSU, infeeds."""
        return {**self.pv, **self.ess, **self.nbsu, **self.infeeds}

    @cached_property
    def section_of_bus(self) -> dict[str, str]:
        return {bus: s.id for s in self.sections.values() for bus in s.buses}

    @cached_property
    def local_area_of_bus(self) -> dict[str, str]:
        return {bus: la.id for la in self.local_areas.values() for bus in la.buses}

    @cached_property
    def units_in(self) -> dict[str, list[str]]:
        """LA → its units by id, infeeds included, in the order of ``units``."""
        inside: dict[str, list[str]] = {la: [] for la in self.local_areas}
        for unit in self.units:
            inside[self.local_area_of_unit(unit)].append(unit)
        return inside

    def local_area_of_unit(self, unit_id: str) -> str:
        return self.local_area_of_bus[self.units[unit_id].bus]

    @cached_property
    def balance_order(self) -> tuple[str, ...]:
        """Units able to form an island's voltage, first choice first: live infeeds, then ESSs, then NBSUs (D11).

        Within a kind the larger rating comes first, then the id. An NBSU counts only while it is on line.
        """

        def by_size(units: Iterable[Infeed | EssUnit | NbsuUnit]) -> list[str]:
            return [u.id for u in sorted(units, key=lambda u: (-u.s_kva, u.id))]

        live = by_size(i for i in self.infeeds.values() if i.live)
        return (*live, *by_size(self.ess.values()), *by_size(self.nbsu.values()))

    @cached_property
    def outage_area(self) -> frozenset[str]:
        """Buses that lose supply: not joined to a live infeed by branches that were closed before the outage."""
        graph = nx.Graph()
        graph.add_nodes_from(self.buses)
        graph.add_edges_from((b.from_bus, b.to_bus) for b in self.branches.values() if b.closed and not b.faulted)
        supplied: set[str] = set()
        for infeed in self.infeeds.values():
            if infeed.live:
                supplied |= nx.node_connected_component(graph, infeed.bus)
        return frozenset(self.buses) - supplied

    @cached_property
    def lost_areas(self) -> frozenset[str]:
        """LAs of the outage area: demand, planned and served energy are theirs only."""
        return frozenset(la.id for la in self.local_areas.values() if la.buses[0] in self.outage_area)


def find_sections(buses: Iterable[str], branches: Iterable[Branch]) -> dict[str, Section]:
    """Sections of a network: components over branches that are neither switchable nor faulted.

    Buses keep the order given; a section is named after its first bus.
    """
    order = {bus: k for k, bus in enumerate(buses)}
    graph = nx.Graph()
    graph.add_nodes_from(order)
    graph.add_edges_from((b.from_bus, b.to_bus) for b in branches if not b.switchable and not b.faulted)
    members = [tuple(sorted(component, key=order.__getitem__)) for component in nx.connected_components(graph)]
    return {m[0]: Section(m[0], m) for m in sorted(members, key=lambda m: order[m[0]])}


def without_units(view: GridView, units: Collection[str]) -> GridView:
    """A view without some PVs, ESSs and NBSUs."""
    if not units:
        return view
    kept = {
        kind: {u: spec for u, spec in getattr(view, kind).items() if u not in units} for kind in ("pv", "ess", "nbsu")
    }
    return replace(view, **kept)
