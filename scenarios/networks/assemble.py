"""From a scenario's network to the view that controllers read, and to each bus's peak demand."""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import networkx as nx
import numpy as np

from ..raw_network import EFFICIENCIES, RawNetwork
from ..reading.plain_text import name_complaint
from ..reading.problems import Problem, listed, no_such
from ..schema.cold_load import kinds_of
from ..schema.network_kinds import Network, SyntheticNetwork, TablesNetwork
from ..schema.scenario import Load, Scenario
from ..schema.surprises import ambiguity
from ..schema.units import EssSpec, NbsuSpec, PvSpec, scaled
from ..view import Branch, Bus, EssUnit, GridView, LocalArea, NbsuUnit, PvUnit, Section, find_sections, with_faults
from .cache import keep, recall
from .no_load_voltages import tapped_kv, with_levels
from .operated import leave_alone
from .pandapower_nets.pandapower_import import read_pandapower
from .synthetic import draw_network
from .tables import read_tables

_UnitT = TypeVar("_UnitT", PvUnit, EssUnit, NbsuUnit)
_UNOPERATED = "is a switch that network.operated leaves as it is; let it be operated, or name another"
NOTHING_ASSUMED: Mapping[str, float] = MappingProxyType({})
NO_STUBS: Mapping[str, str] = MappingProxyType({})


def load_network(network: Network, base: Path, file: str, problems: list[Problem]) -> RawNetwork | None:
    """Read a network of any kind; paths start at the folder ``base``, ``file`` names the scenario in problems.

    Everything wrong is added to ``problems``; None when there is nothing to go on with.
    """
    if (kept := recall(network, base)) is not None:
        return kept
    before = len(problems)
    if isinstance(network, SyntheticNetwork):
        raw = draw_network(network, file, problems)
    elif isinstance(network, TablesNetwork):
        raw = read_tables(network, base, file, problems)
    else:
        raw = read_pandapower(network, base, file, problems)
    if raw is None:
        return None
    if not len(raw.net.bus):
        problems.append(Problem(file, "network", None, "has no buses"))
        return None
    _check_names(raw, file, problems)
    leave_alone(raw, network.operated, file, problems)
    _check_connected(raw, file, problems)
    if len(problems) == before:
        keep(network, base, raw)
    return raw


def _check_names(raw: RawNetwork, file: str, problems: list[Problem]) -> None:
    """Names that tables, figures and messages cannot hold."""
    for table in ("bus", "line", "trafo", "switch"):
        for name in raw.net[table].name:
            if complaint := name_complaint(name):
                problems.append(Problem(file, f"network, {table}", name, complaint))


def _check_connected(raw: RawNetwork, file: str, problems: list[Problem]) -> None:
    """Every bus must be reachable with all switches closed and faulted lines repaired."""
    graph = nx.Graph()
    graph.add_nodes_from(raw.net.bus.name)
    graph.add_edges_from((b.from_bus, b.to_bus) for b in branches_of(raw.net))
    main, *others = sorted(nx.connected_components(graph), key=len, reverse=True)
    if others:
        apart = [bus for bus in raw.net.bus.name if bus not in main]
        remedy = "cannot be reached even with every switch closed; join them by branches or leave them out"
        if raw.unoperated:
            remedy = "cannot be reached by switches that are operated; add one to network.operated that leads there"
        problems.append(Problem(file, "network, buses", listed(apart), remedy))


def branches_of(net: Any, switchable: Collection[str] = (), stays_at: Mapping[str, str] = NO_STUBS) -> list[Branch]:
    """Branches of a named net: lines, transformers, switches. Impedances as in ``Branch``, at the end of ``to_bus``."""
    name, vn = net.bus.name, net.bus.vn_kv
    omega, found = 2 * math.pi * float(net.f_hz), []
    for line in net.line.itertuples():
        v = float(vn[line.from_bus])
        scale = line.length_km / line.parallel / v**2
        s_max = float(math.sqrt(3) * v * line.max_i_ka * line.df * line.parallel * 1000)
        r, x = line.r_ohm_per_km * scale, line.x_ohm_per_km * scale
        charging = omega * line.c_nf_per_km * 1e-9 * line.length_km * line.parallel * v**2 * 1e3
        ends = line.from_bus, line.to_bus
        found.append(("line", line.name, *ends, r, x, (s_max, s_max), charging, line.in_service, 1.0))
    for trafo in net.trafo.itertuples():
        hv_kv, lv_kv = float(vn[trafo.hv_bus]), float(vn[trafo.lv_bus])
        tapped_hv_kv, tapped_lv_kv = tapped_kv(trafo)
        ratio = tapped_lv_kv / lv_kv * (hv_kv / tapped_hv_kv)
        s_mva, own = trafo.sn_mva * trafo.parallel, (tapped_lv_kv / lv_kv) ** 2
        r, z = trafo.vkr_percent / 100 / s_mva * own, trafo.vk_percent / 100 / s_mva * own
        x = math.copysign(math.sqrt(max(z**2 - r**2, 0.0)), z)
        ratings = _trafo_ratings(trafo, hv_kv, lv_kv)
        found.append(("trafo", trafo.name, trafo.hv_bus, trafo.lv_bus, r, x, ratings, 0.0, trafo.in_service, ratio))
    for switch in net.switch.itertuples():
        unrated = math.inf, math.inf
        found.append(("switch", switch.name, switch.bus, switch.element, 0.0, 0.0, unrated, 0.0, switch.closed, 1.0))
    return [
        Branch(
            id=branch,
            from_bus=name[start],
            to_bus=name[end],
            r_pu=float(r),
            x_pu=float(x),
            s_max_kva=min(ratings),
            kind=kind,
            charging_kvar=float(charging),
            switchable=branch in switchable,
            closed=bool(closed),
            end_ratings_kva=ratings if ratings[0] != ratings[1] else None,
            stays_at=stays_at.get(branch),
            no_load_ratio=float(ratio),
        )
        for kind, branch, start, end, r, x, ratings, charging, closed, ratio in found
    ]


def _trafo_ratings(trafo: Any, hv_kv: float, lv_kv: float) -> tuple[float, float]:
    """Power (kVA) at the voltages of its buses (kV) that its windings' rated currents carry; none at a star point."""
    s_max = trafo.sn_mva * trafo.parallel * trafo.df * 1000
    star_end = getattr(trafo, "star_end", None)
    hv = math.inf if star_end == "hv" else float(s_max * (hv_kv / trafo.vn_hv_kv))
    return hv, math.inf if star_end == "lv" else float(s_max * (lv_kv / trafo.vn_lv_kv))


def build_view(raw: RawNetwork, scenario: Scenario, file: str, problems: list[Problem]) -> GridView:
    """The controllers' view; checks branches, infeeds, units and LAs that the scenario names, into ``problems``."""
    outage = scenario.outage
    buses = _buses(raw)
    branches = {branch.id: branch for branch in branches_of(raw.net, raw.switchable, raw.stays_at)}
    infeeds = {infeed.id: infeed for infeed in raw.infeeds}
    if outage and outage.dead_infeeds is not None:
        for name in outage.dead_infeeds:
            if name not in infeeds:
                problems.append(Problem(file, "outage.dead_infeeds", name, no_such("infeed", name, infeeds)))
        infeeds = {key: replace(infeed, live=key not in outage.dead_infeeds) for key, infeed in infeeds.items()}
    units = _Units(raw, list(buses), file, problems, taken=set(infeeds))
    pv = units.collect("pv", PvUnit, raw.pv, scenario.units.pv)
    assumed = {name: getattr(scenario.units, f"ess_{name}") for name in EFFICIENCIES}
    stored = [replace(unit, **(assumed | raw.ess_efficiency.get(unit.id, {}))) for unit in raw.ess]
    ess = units.collect("ess", EssUnit, stored, scenario.units.ess, assumed)
    sim_step_min = scenario.clock.sim_step_min
    nbsu = {
        u: started_by_steps(unit, sim_step_min)
        for u, unit in units.collect("nbsu", NbsuUnit, raw.nbsu, scenario.units.nbsu).items()
    }
    for name in scenario.switching.manual_switches if scenario.switching else ():
        if name in raw.unoperated:
            problems.append(Problem(file, "switching.manual_switches", name, _UNOPERATED))
        elif name not in branches or not branches[name].switchable:
            remedy = no_such("switch", name, (b.id for b in branches.values() if b.switchable))
            problems.append(Problem(file, "switching.manual_switches", name, remedy))
    sections = find_sections(buses, branches.values())
    for section in sections.values():
        live = [infeed.id for infeed in infeeds.values() if infeed.live and infeed.bus in section.buses]
        if len(live) > 1:
            remedy = "these live infeeds share a section, where no switch can keep them apart; let one be dead"
            problems.append(Problem(file, "outage.dead_infeeds", ", ".join(live), remedy))
    areas = _local_areas(scenario, sections, file, problems)
    scaling = scenario.units.scaling
    pv, ess, nbsu = scaled(pv, scaling.pv), scaled(ess, scaling.ess), scaled(nbsu, scaling.nbsu)
    buses = with_levels(buses, branches.values(), areas.values())
    view = GridView(buses, branches, sections, areas, pv, ess, nbsu, infeeds)
    return with_faults(view, _faulted(outage.faulted if outage else (), view, raw, file, problems))


def _faulted(names: Sequence[str], view: GridView, raw: RawNetwork, file: str, problems: list[Problem]) -> list[str]:
    """Those of the elements named as faulted that can be."""
    field, known = "outage.faulted", list[str]()
    for name in names:
        if name not in view.may_fault and name in raw.unoperated:
            problems.append(Problem(file, field, name, _UNOPERATED))
        elif name not in view.may_fault:
            remedy = no_such("branch, bus or transformer", name, view.may_fault)
            problems.append(Problem(file, field, name, remedy))
        elif complaint := ambiguity(view, name):
            problems.append(Problem(file, field, name, complaint))
        else:
            known.append(name)
    return known


def started_by_steps(unit: NbsuUnit, sim_step_min: float) -> NbsuUnit:
    """A unit that comes on line when a simulation step begins, one after its launch at the earliest: the same instant
    for whoever plans, simulates or judges it. Its start-up takes up to so much longer than stated."""
    steps = max(1, math.ceil(unit.start_min / sim_step_min - 1e-9))
    return replace(unit, start_min=float(steps * sim_step_min))


def _buses(raw: RawNetwork) -> dict[str, Bus]:
    drawn = raw.net.shunt.groupby("bus").q_mvar.sum()
    return {
        row.name: Bus(row.name, float(row.vn_kv), 0.0 - 1000 * float(drawn.get(row.Index, 0.0)), row.name in raw.inner)
        for row in raw.net.bus.itertuples()
    }


def with_customers(
    view: GridView, scenario: Scenario, p_kw: dict[str, float], file: str, problems: list[Problem]
) -> GridView:
    """The view with each LA's customers: as the scenario numbers them, else its peak load in kW (``p_kw`` by bus)."""
    numbered = scenario.local_areas.customers if scenario.local_areas else {}
    peak_kw = {la.id: sum(p_kw.get(bus, 0.0) for bus in la.buses) for la in view.local_areas.values()}
    field = "local_areas.customers"
    for name in numbered:
        if name not in peak_kw:
            problems.append(Problem(file, field, name, no_such("local area", name, peak_kw)))
    if numbered and (missing := [la for la, peak in peak_kw.items() if peak > 0 and la not in numbered]):
        remedy = f"number the customers of every local area with load, or of none; missing: {listed(missing)}"
        problems.append(Problem(file, field, None, remedy))
    if numbered and not sum(numbered.values()) > 0:
        problems.append(Problem(file, field, None, "there must be a customer somewhere"))
    areas = {
        la.id: replace(la, customers=numbered.get(la.id, 0.0) if numbered else peak_kw[la.id])
        for la in view.local_areas.values()
    }
    return replace(view, local_areas=areas)


def with_kinds(view: GridView, p_kw: dict[str, float], mixes: dict[str, dict[str, float]]) -> GridView:
    """The view with what kinds of customers make up each LA's load (peaks in kW and class mixes by bus)."""
    loads = {la.id: {bus: p_kw[bus] for bus in la.buses if p_kw.get(bus)} for la in view.local_areas.values()}
    areas = {la.id: replace(la, kinds=kinds_of(mixes, loads[la.id])) for la in view.local_areas.values()}
    return replace(view, local_areas=areas)


def _local_areas(
    scenario: Scenario, sections: dict[str, Section], file: str, problems: list[Problem]
) -> dict[str, LocalArea]:
    if scenario.local_areas.by == "section":
        members = [(f"area.{section.id}", section.buses, section.id) for section in sections.values()]
    else:
        members = [(bus, (bus,), section.id) for section in sections.values() for bus in section.buses]
    priority = scenario.local_areas.priority
    names = [name for name, _, _ in members]
    for name in priority:
        if name not in names:
            problems.append(Problem(file, "local_areas.priority", name, no_such("local area", name, names)))
    return {name: LocalArea(name, buses, section, priority.get(name, 1.0)) for name, buses, section in members}


class _Units:
    """Collects units from tables and scenario, and complains about places that do not exist and ids used twice."""

    def __init__(self, raw: RawNetwork, buses: list[str], file: str, problems: list[Problem], taken: set[str]):
        self.raw, self.buses, self.file, self.problems, self.taken = raw, buses, file, problems, taken

    def collect(
        self,
        kind: str,
        make: type[_UnitT],
        from_tables: list[_UnitT],
        specs: tuple[PvSpec | EssSpec | NbsuSpec, ...],
        assumed: Mapping[str, float] = NOTHING_ASSUMED,
    ) -> dict[str, _UnitT]:
        """Units by id; ``assumed``: facts of those specs that do not state them."""
        declared = [self._place(f"units.{kind}.{k}", make, spec, assumed) for k, spec in enumerate(specs)]
        result: dict[str, _UnitT] = {}
        fields = [f"tables, {kind}.csv"] * len(from_tables) + [f"units.{kind}.{k}" for k in range(len(specs))]
        for field, unit in zip(fields, [*from_tables, *declared], strict=True):
            if unit is None:
                continue
            if unit.id in self.taken:
                self.problems.append(Problem(self.file, f"{field}.id", unit.id, "this id is used by another unit"))
            self.taken.add(unit.id)
            result[unit.id] = unit
        return result

    def _place(
        self, field: str, make: type[_UnitT], spec: PvSpec | EssSpec | NbsuSpec, assumed: Mapping[str, float]
    ) -> _UnitT | None:
        bus, s_kva = spec.bus, spec.s_kva
        if (bus is None) == (spec.element is None):
            remedy = "give either bus, or element such as sgen.3 of a pandapower net"
            self.problems.append(Problem(self.file, field, spec.id, remedy))
            return None
        if spec.element is not None:
            if spec.element not in self.raw.elements:
                remedy = no_such("element", spec.element, self.raw.elements)
                self.problems.append(Problem(self.file, f"{field}.element", spec.element, remedy))
                return None
            bus, rating = self.raw.elements[spec.element]
            s_kva = s_kva or rating
        elif bus not in self.buses:
            self.problems.append(Problem(self.file, f"{field}.bus", bus, no_such("bus", bus, self.buses)))
            return None
        if s_kva is None:
            self.problems.append(Problem(self.file, f"{field}.s_kva", None, "missing: rated power in kVA"))
            return None
        stated = spec.model_dump(exclude={"element", "bus", "s_kva"}, exclude_none=True)
        facts: dict[str, Any] = {**assumed, **stated}
        return make(**facts, bus=str(bus), s_kva=s_kva)


def bus_demand(
    raw: RawNetwork, load: Load, seed: int, file: str, problems: list[Problem]
) -> tuple[dict[str, float], dict[str, float] | None, dict[str, dict[str, float]]]:
    """Each bus's share of the coincident peak in kW, its kvar (None: from the power factor), and its class mix.

    ``seed`` draws random shares whose ``shares_seed`` is not given.
    """
    buses = list(raw.net.bus.name)
    for field, names in (
        ("load.unloaded_buses", load.unloaded_buses),
        ("load.mix_by_bus", load.mix_by_bus),
        ("load.shares", load.shares if isinstance(load.shares, dict) else ()),
    ):
        problems.extend(Problem(file, field, bus, no_such("bus", bus, buses)) for bus in names if bus not in buses)
    mixes = {bus: _mix(bus, raw, load) for bus in buses}
    loaded = [bus for bus in buses if bus not in load.unloaded_buses]
    shares = _shares(load, loaded, seed)
    if load.source == "network":
        # Here shares weigh the net's own loads; their sum stays.
        weighted = {bus: raw.load_kw.get(bus, 0.0) * share for bus, share in shares.items()}
        if not sum(weighted.values()) > 0:
            remedy = "the network holds no load, or the shares leave none; use shares and peak_kw"
            problems.append(Problem(file, "load.source", "network", remedy))
            return {}, {}, mixes
        factor = load.scaling * sum(raw.load_kw.get(bus, 0.0) for bus in loaded) / sum(weighted.values())
        for bus in loaded:
            if raw.load_kw.get(bus, 0.0) < 0 or (raw.load_kvar.get(bus, 0.0) and not raw.load_kw.get(bus, 0.0)):
                remedy = f"bus {bus} has a negative load, or kvar without kW; leave it out by load.unloaded_buses"
                problems.append(Problem(file, "load.source", "network", remedy))
        p_kw = {bus: weighted.get(bus, 0.0) * factor for bus in buses}
        kvar = {bus: raw.load_kvar.get(bus, 0.0) * shares.get(bus, 0.0) * factor for bus in buses}
        return p_kw, kvar, mixes
    total = sum(shares.values())
    if not total > 0:
        problems.append(Problem(file, "load.shares", None, "at least one bus must have load"))
        total = 1.0
    return {bus: (load.peak_kw or 0.0) * shares.get(bus, 0.0) / total for bus in buses}, None, mixes


def _mix(bus: str, raw: RawNetwork, load: Load) -> dict[str, float]:
    named = load.mix_by_bus.get(bus)
    if named is None and bus in raw.mix_by_bus:
        return dict(raw.mix_by_bus[bus])
    return {str(load_class): weight for load_class, weight in (named or load.mix).items()}


def _shares(load: Load, loaded: list[str], seed: int) -> dict[str, float]:
    if isinstance(load.shares, dict):
        return {bus: load.shares.get(bus, 0.0) for bus in loaded}
    if load.shares == "equal":
        return dict.fromkeys(loaded, 1.0)
    entropy = load.shares_seed if load.shares_seed is not None else seed
    # One stream per bus, so that adding a bus leaves the others' draws alone.
    streams = {bus: np.random.default_rng([entropy, zlib.crc32(f"share {bus}".encode())]) for bus in loaded}
    return {bus: 1 + load.shares_spread * stream.uniform(-1, 1) for bus, stream in streams.items()}
