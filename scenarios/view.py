"""The network as controllers see it: a small typed view, free of any power-flow library.

Ids are the scenario's names (``12-13``) or ``line.5``, ``bus.7`` for elements of a pandapower net without names.
Impedances are per unit on a base of 1 MVA and the rated voltage of the branch; powers are kW, kvar, kVA.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

import networkx as nx

BranchKind = Literal["line", "trafo", "switch"]

STAR = ".star"
"""What the name of a three-winding transformer's star point ends with."""


@dataclass(frozen=True)
class Bus:
    """A bus: its id and rated voltage in kV, and what shunts at it give at that voltage.

    ``inner``: the star point of a three-winding transformer, where nothing can be and no limit is meant. ``level``: its
    voltage over that of its LA where no current flows, other than 1 behind a transformer inside an LA.
    """

    id: str
    vn_kv: float
    shunt_kvar: float = 0.0
    inner: bool = False
    level: float = 1.0


@dataclass(frozen=True)
class Branch:
    """A two-terminal branch between buses.

    ``switchable`` branches are operated by a field terminal; all others stay closed, so both their ends share one
    state. A ``faulted`` branch stays open for the whole window: a fault is on it or, if it ``isolates``, in a section
    that it leads to. ``closed`` is the state before the outage.
    ``kind="switch"`` has no impedance. ``s_max_kva`` is infinite where the data give no rating.
    ``charging_kvar`` is what a cable's capacitance gives at rated voltage. ``end_ratings_kva``: power at rated voltage
    of its bus at which an end carries its rated current, where the ends differ; ``s_max_kva`` is the smaller one.
    ``stays_at``: the bus at which it stays connected while it is open, for its only switch is at the other end.
    ``no_load_ratio``: voltage (p.u.) at ``to_bus`` over that at ``from_bus`` without current, by windings and taps.
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
    end_ratings_kva: tuple[float, float] | None = None
    stays_at: str | None = None
    isolates: bool = False
    no_load_ratio: float = 1.0

    @property
    def ratings_kva(self) -> tuple[float, float]:
        """Of both ends; infinite where the data give none."""
        return self.end_ratings_kva or (self.s_max_kva, self.s_max_kva)


@dataclass(frozen=True)
class Unit:
    """What units of all kinds have: a bus and a rated power. ``kind`` is a key of ``KINDS``."""

    kind: ClassVar[str]
    id: str
    bus: str
    s_kva: float


@dataclass(frozen=True)
class PvUnit(Unit):
    """A photovoltaic unit."""

    kind = "pv"


class StoreEfficiency(NamedTuple):
    """Shares of energy that get into a store, of what is taken, and out of it, of what leaves it."""

    charge: float = 1.0
    discharge: float = 1.0

    def drawn_kwh(self, p_kw: float, hours: float) -> float:
        """Energy that leaves the store (< 0: comes into it) while so much power is given; never less than p Δt."""
        return p_kw * hours / self.discharge if p_kw > 0 else p_kw * hours * self.charge


@dataclass(frozen=True)
class EssUnit(Unit):
    """An energy storage system: energy in store at the start that it can discharge, and room there to charge.

    Powers are those at its terminals. Charging puts ``charge_efficiency`` of what is taken into store; of what leaves
    the store ``discharge_efficiency`` is given.
    """

    kind = "ess"
    discharge_kwh: float
    charge_kwh: float
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0

    @property
    def efficiency(self) -> StoreEfficiency:
        return StoreEfficiency(self.charge_efficiency, self.discharge_efficiency)

    @property
    def lossless(self) -> bool:
        return self.efficiency == StoreEfficiency()

    def drawn_kwh(self, p_kw: float, hours: float) -> float:
        """Energy that leaves the store (< 0: comes into it) while it gives so much power."""
        return self.efficiency.drawn_kwh(p_kw, hours)

    def range_kw(self, discharge_kwh: float, charge_kwh: float, hours: float) -> tuple[float, float]:
        """Least and largest power that it can give for so long with so much in store, and so much room."""
        taken_kw = charge_kwh / hours / self.charge_efficiency
        return -min(self.s_kva, taken_kw), min(self.s_kva, discharge_kwh / hours * self.discharge_efficiency)

    def after(self, discharge_kwh: float, charge_kwh: float, p_kw: float, hours: float) -> tuple[float, float]:
        """What is in store, and the room, after it was asked for so much power: it runs empty or full, then stays."""
        drawn_kwh = min(max(self.drawn_kwh(p_kw, hours), -charge_kwh), discharge_kwh)
        return discharge_kwh - drawn_kwh, charge_kwh + drawn_kwh


@dataclass(frozen=True)
class NbsuUnit(Unit):
    """A non-black-start unit: needs ``p_in_kw`` from the island for ``start_min`` minutes before it can generate.

    As read for a scenario these are whole simulation steps, one at least.
    """

    kind = "nbsu"
    p_in_kw: float
    ramp_up_kw_per_h: float
    ramp_down_kw_per_h: float
    start_min: float


@dataclass(frozen=True)
class Infeed(Unit):
    """The upstream grid at a bus; ``live`` says whether it holds voltage during the outage.

    ``held``: it has voltage, but a fault in its section keeps its breaker open, so it is not live.
    ``rated``: whether its rating is known; if not ``s_kva`` is more than it can ever need to give.
    """

    kind = "infeed"
    vm_pu: float = 1.0
    live: bool = False
    rated: bool = True
    held: bool = False


@dataclass(frozen=True)
class UnitKind:
    """What tells a kind of unit from the others wherever no equation needs to know which it is."""

    name: str
    """in tables, files and messages"""
    word: str
    """in texts"""
    books: Literal["generation", "storage", "infeed"]
    """as what its energy counts; an infeed is the upstream grid, all others are units of an LA"""
    merit: int | None = None
    """place among those that form an island's voltage, first choice first (D11); None: it cannot"""
    starts: bool = False
    """whether it draws power to start up, before it can generate"""


KINDS = {
    kind.name: kind
    for kind in (
        UnitKind("pv", "PV", "generation"),
        UnitKind("ess", "ESS", "storage", merit=1),
        UnitKind("nbsu", "NBSU", "generation", merit=2, starts=True),
        UnitKind("infeed", "infeeds", "infeed", merit=0),
    )
}
"""All kinds of units, in the order of every table; docs/adding.md tells what else a new one needs."""


def local_kinds() -> list[UnitKind]:
    """Kinds of the units of LAs: all but infeeds."""
    return [kind for kind in KINDS.values() if kind.books != "infeed"]


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
    others: dict[str, Unit] = field(default_factory=dict)
    """units of kinds that no model of the controllers has equations for"""
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """section that stays dark, for the switches around it isolate faults → where these are, as far as is known"""

    @cached_property
    def units(self) -> dict[str, Unit]:
        """All units by id: PV, ESS, NBSU, infeeds, others."""
        return {**self.pv, **self.ess, **self.nbsu, **self.infeeds, **self.others}

    @cached_property
    def local_units(self) -> dict[str, Unit]:
        """Units of LAs by id: all but infeeds."""
        return {unit.id: unit for unit in self.units.values() if KINDS[unit.kind] in local_kinds()}

    def units_of(self, kind: str) -> dict[str, Unit]:
        """Units of a kind by id."""
        return {unit.id: unit for unit in self.units.values() if unit.kind == kind}

    @cached_property
    def section_of_bus(self) -> dict[str, str]:
        return {bus: s.id for s in self.sections.values() for bus in s.buses}

    @cached_property
    def faults(self) -> tuple[str, ...]:
        """Branches, buses and transformers that are faulted."""
        on_branches = (b.id for b in self.branches.values() if b.faulted and not b.isolates)
        return tuple(dict.fromkeys([*on_branches, *(one for inside in self.held.values() for one in inside)]))

    @cached_property
    def may_fault(self) -> tuple[str, ...]:
        """What a fault can be on: branches, buses, three-winding transformers. A section is named as its first bus."""
        inner = (bus.id.removesuffix(STAR) for bus in self.buses.values() if bus.inner and bus.id.endswith(STAR))
        return (*self.branches, *(bus.id for bus in self.buses.values() if not bus.inner), *inner)

    def is_apart(self, element: str) -> bool:
        """Whether a fault is on a branch that stays open by itself: one that has a switch, be it at one end, is cut off
        by it. Any other fault holds a section dark."""
        return element in self.branches and (self.branches[element].switchable or self.branches[element].faulted)

    def fault_place(self, element: str) -> str:
        """Where field terminals can tell that a fault is: on their own branch, or in a section."""
        if self.is_apart(element):
            return element
        branch = self.branches.get(element)
        inside = element if element in self.buses else f"{element}{STAR}"
        return self.section_of_bus[branch.from_bus if branch else inside]

    def switches_at(self, section: str) -> list[str]:
        """Switches that end in a section: those that isolate a fault in it."""
        home = self.section_of_bus
        return [b.id for b in self.branches.values() if b.switchable and section in (home[b.from_bus], home[b.to_bus])]

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
        able = [
            (merit, -unit.s_kva, unit.id)
            for unit in self.units.values()
            if (merit := KINDS[unit.kind].merit) is not None
            and (unit.id not in self.infeeds or self.infeeds[unit.id].live)
        ]
        return tuple(unit for *_, unit in sorted(able))

    def charging_kvar(self, buses: Iterable[str], branches: Iterable[str]) -> float:
        """What cables and shunts give at rated voltage in an island of these buses and closed branches."""
        cables = sum(self.branches[branch].charging_kvar for branch in branches)
        return cables + sum(self.buses[bus].shunt_kvar for bus in buses)

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


def with_faults(view: GridView, elements: Collection[str]) -> GridView:
    """A view just after these became faulted: the nearest switches open and stay so, what they leave with a fault is
    held dark, and infeeds in it are cut off. An element is one of ``may_fault``."""
    struck, held = set[str](), {section: list(inside) for section, inside in view.held.items()}
    for element in elements:
        if view.is_apart(element):
            struck.add(element)
        else:
            held.setdefault(view.fault_place(element), []).append(element)
    if not struck and not held:
        return view
    around = {switch for section in held for switch in view.switches_at(section)}
    dark = {bus for section in held for bus in view.sections[section].buses}
    opened = {
        k: replace(b, faulted=True, isolates=k not in struck and (b.isolates or not b.faulted))
        for k, b in view.branches.items()
        if k in struck | around
    }
    cut_off = {k: replace(i, live=False, held=i.live or i.held) for k, i in view.infeeds.items() if i.bus in dark}
    return replace(
        view,
        branches={**view.branches, **opened},
        infeeds={**view.infeeds, **cut_off},
        held={section: tuple(held[section]) for section in view.sections if section in held},
    )


def without_faults(view: GridView) -> GridView:
    """A view with every fault repaired."""
    return replace(
        view,
        branches={k: replace(b, faulted=False, isolates=False) for k, b in view.branches.items()},
        infeeds={k: replace(i, live=i.live or i.held, held=False) for k, i in view.infeeds.items()},
        held={},
    )


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
    """A view without some units of LAs."""
    if not units:
        return view
    kept = {
        field: {u: spec for u, spec in getattr(view, field).items() if u not in units}
        for field in ("pv", "ess", "nbsu", "others")
    }
    return replace(view, **kept)
