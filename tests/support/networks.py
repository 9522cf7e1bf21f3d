"""Small cases built by hand or drawn at random, without scenario files."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from relight.controllers.exchange.messages import LocalAreaOrder, UnitState
from relight.controllers.gateways.gateway import EnergyGateway
from relight.scenarios.case import Case
from relight.scenarios.networks.net_of_tables import net_of
from relight.scenarios.schema.scenario import Scenario
from relight.scenarios.view import (
    Branch,
    Bus,
    EssUnit,
    GridView,
    Infeed,
    LocalArea,
    NbsuUnit,
    PvUnit,
    Section,
    Unit,
    find_sections,
)
from relight.sim.power_flow.island_topology import find_islands
from relight.sim.power_flow.protocol import IslandInput
from support.three_bus_case import PLAIN, merged

VN_KV = 10.0


@dataclass(frozen=True)
class Line:
    """A line of a test network; ``kind="switch"`` has no impedance."""

    from_bus: str
    to_bus: str
    switchable: bool = True
    closed: bool = True
    faulted: bool = False
    length_km: float = 0.5
    c_nf_per_km: float = 0.0
    max_i_ka: float = 0.4
    kind: Literal["line", "switch"] = "line"

    @property
    def id(self) -> str:
        return f"{self.from_bus}-{self.to_bus}"

    @property
    def facts(self) -> dict[str, float]:
        """What its type would say."""
        return {
            "r_ohm_per_km": R_OHM_PER_KM, "x_ohm_per_km": X_OHM_PER_KM, "c_nf_per_km": self.c_nf_per_km,
            "max_i_ka": self.max_i_ka,
        }  # fmt: skip


R_OHM_PER_KM, X_OHM_PER_KM = 0.164, 0.318


def build_case(
    lines: Iterable[Line],
    units: Iterable[Unit] = (),
    loads: Mapping[str, float] | None = None,
    buses: Iterable[str] | None = None,
    priority: Mapping[str, float] | None = None,
    **scenario: Any,
) -> Case:
    """A case with one LA per bus and, unless told otherwise, 100 kW of base load on each bus.

    ``scenario`` replaces parts of the scenario, e.g. ``world={"nbsu_ramp_window_min": 10}``.
    """
    lines, units = list(lines), list(units)
    names = list(buses or sorted({end for line in lines for end in (line.from_bus, line.to_bus)}))
    net = net_of(
        dict.fromkeys(names, VN_KV),
        dict.fromkeys(names),
        {line.id: line.facts for line in lines if line.kind != "switch"},
        [line.id for line in lines if line.kind == "switch"],
        {line.id: (line.from_bus, line.to_bus) for line in lines},
        {line.id: line.length_km for line in lines},
        {line.id: line.closed and not line.faulted for line in lines},
    )
    branches = []
    for line in lines:
        r_pu = x_pu = 0.0
        s_max_kva = math.inf
        if line.kind != "switch":
            r_pu, x_pu = (z * line.length_km / VN_KV**2 for z in (R_OHM_PER_KM, X_OHM_PER_KM))
            s_max_kva = math.sqrt(3) * VN_KV * line.max_i_ka * 1000
        ends = (line.id, line.from_bus, line.to_bus)
        branches.append(Branch(*ends, r_pu, x_pu, s_max_kva, line.kind, line.switchable, line.faulted, line.closed))
    sections = find_sections(names, branches)
    section_of = {bus: s.id for s in sections.values() for bus in s.buses}
    view = GridView(
        buses={name: Bus(name, VN_KV) for name in names},
        branches={b.id: b for b in branches},
        sections=sections,
        local_areas={b: LocalArea(b, (b,), section_of[b], (priority or {}).get(b, 1.0)) for b in names},
        pv={u.id: u for u in units if isinstance(u, PvUnit)},
        ess={u.id: u for u in units if isinstance(u, EssUnit)},
        nbsu={u.id: u for u in units if isinstance(u, NbsuUnit)},
        infeeds={u.id: u for u in units if isinstance(u, Infeed)},
        others={u.id: u for u in units if not isinstance(u, PvUnit | EssUnit | NbsuUnit | Infeed)},
    )
    loads = dict.fromkeys(names, 100.0) if loads is None else dict(loads)
    data = {
        "name": "test",
        "network": {"kind": "json", "file": "none.json"},
        "outage": {"start": "2025-06-21T04:00", "duration_min": 300},
        "site": {"latitude_deg": 40.0, "longitude_deg": 116.0, "timezone": "Asia/Shanghai"},
        "load": {"peak_kw": 1000.0},
    }
    return Case(Scenario.model_validate(merged(merged(PLAIN, data), scenario)), net, view, Path(), loads, None, {})


def ess(
    bus: str,
    s_kva: float = 500.0,
    discharge_kwh: float = 1000.0,
    charge_kwh: float = 1000.0,
    efficiency: tuple[float, float] = (1.0, 1.0),
) -> EssUnit:
    return EssUnit(f"ess.{bus}", bus, s_kva, discharge_kwh, charge_kwh, *efficiency)


def pv(bus: str, s_kva: float = 200.0) -> PvUnit:
    return PvUnit(f"pv.{bus}", bus, s_kva)


def nbsu(bus: str, s_kva: float = 300.0, ramp_kw_per_h: float = 300.0, start_min: float = 30.0) -> NbsuUnit:
    return NbsuUnit(f"nbsu.{bus}", bus, s_kva, 10.0, ramp_kw_per_h, ramp_kw_per_h, start_min)


def infeed(bus: str, s_kva: float = 5000.0, live: bool = True) -> Infeed:
    return Infeed(f"infeed.{bus}", bus, s_kva, live=live)


def one_bus_gateway(*units: Unit, communication: Mapping[str, Any] | None = None) -> EnergyGateway:
    """The gateway of the only LA, of the only bus, named 1, with these units at it."""

    def kind(of: type) -> dict[str, Any]:
        return {unit.id: unit for unit in units if isinstance(unit, of)}

    view = GridView(
        {"1": Bus("1", VN_KV)}, {}, {"1": Section("1", ("1",))}, {"1": LocalArea("1", ("1",), "1")},
        kind(PvUnit), kind(EssUnit), kind(NbsuUnit),
    )  # fmt: skip
    told = {
        "name": "one",
        "network": {"kind": "tables", "folder": "x"},
        "outage": {"start": "2025-06-21T04:00:00", "duration_min": 300},
        "site": {"latitude_deg": 31.0, "longitude_deg": 118.0, "timezone": "Asia/Shanghai"},
        "load": {"peak_kw": 100.0},
        "communication": communication,
    }
    return EnergyGateway(view, "1", Scenario.model_validate(merged(PLAIN, told)))


def chain(*buses: str, **options: Any) -> list[Line]:
    """Lines from each bus to the next."""
    return [Line(a, b, **options) for a, b in itertools.pairwise(buses)]


BY_AREA: dict[str, Any] = {"load_control": "area"}
"""``local_areas`` of a scenario in which each LA has a switch."""


def order(unit: str, state: UnitState, p_kw: float = 0.0, q_kvar: float = 0.0) -> dict[str, Any]:
    """A unit's order, by its id; merged by ``orders``."""
    return {unit: {"p_kw": p_kw, "q_kvar": q_kvar, "state": state}}


def orders(
    case: Case,
    *units: Mapping[str, Any],
    pick_up: Iterable[str] = (),
    off: Iterable[str] = (),
    in_part: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, LocalAreaOrder]:
    """Orders by LA: to units, and to customers, wholly on, off, or on in part."""
    picked = set(pick_up)
    areas: dict[str, LocalAreaOrder] = {la: {"units": {}, "customers": "on", "share": 1.0} for la in picked}
    areas |= {la: {"units": {}, "customers": "off", "share": 1.0} for la in off}
    areas |= {la: {"units": {}, "customers": "on", "share": share} for la, share in in_part.items()}
    for one in units:
        for unit, content in one.items():
            la = case.view.local_area_of_unit(unit)
            areas.setdefault(la, {"units": {}, "customers": "keep", "share": 1.0})["units"][unit] = content
    return areas


class Run:
    """A grid and its clock. Demand and PV stay as last given; keeps the last record."""

    def __init__(self, case: Case, demand: Mapping[str, tuple[float, float]] | None = None) -> None:
        from relight.sim.world.grid import Grid

        self.case, self.grid, self.time_min = case, Grid(case), 0.0
        self.demand = dict(demand or {})
        self.pv_pu: dict[str, float] = {}

    def step(
        self,
        *units: Mapping[str, Any],
        switches: Mapping[str, bool] | None = None,
        pick_up: Iterable[str] = (),
        off: Iterable[str] = (),
        in_part: Mapping[str, float] = MappingProxyType({}),
        planned: Mapping[str, float] | None = None,
        steps: int = 1,
    ) -> Run:
        """Orders arrive in the first of ``steps`` steps."""
        given = orders(self.case, *units, pick_up=pick_up, off=off, in_part=in_part)
        for _ in range(steps):
            self.record = self.grid.step(self.time_min, self.demand, self.pv_pu, switches or {}, given, planned or {})
            self.time_min += self.case.scenario.clock.sim_step_min
            switches, given = {}, {}
        return self

    def unit(self, unit: str) -> dict[str, Any]:
        return next(row for row in self.record.series["unit"] if row["unit"] == unit)

    def area(self, la: str) -> dict[str, Any]:
        return next(row for row in self.record.series["local_area"] if row["local_area"] == la)

    def island(self, island: str) -> dict[str, Any]:
        return next(row for row in self.record.series["island"] if row["island"] == island)

    def metered(self, unit: str) -> dict[str, Any]:
        la = self.case.view.local_area_of_unit(unit)
        return self.grid.measurements()[la]["units"][unit]

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(row["kind"], row["element"]) for row in self.record.events]

    @property
    def violations(self) -> list[tuple[str, str]]:
        return [(row["kind"], row["element"]) for row in self.record.violations]

    @property
    def shed(self) -> set[str]:
        return {row["local_area"] for row in self.record.series["local_area"] if row["shed"]}


def random_case(rng: random.Random) -> Case:
    """A random tree with an ESS on each bus."""
    names = [f"n{k}" for k in range(rng.randint(2, 30))]
    lines = [
        Line(rng.choice(names[:k]), name, length_km=rng.uniform(0.05, 3), c_nf_per_km=rng.choice((0.0, 11.5, 370.0)))
        for k, name in enumerate(names)
        if k
    ]
    return build_case(lines, [ess(name) for name in names], buses=names)


def random_state(case: Case, rng: random.Random) -> tuple[dict[str, bool], list[IslandInput]]:
    """Random switch states; some islands dark, the others with one source each, random loads and followers."""
    closed = {branch: rng.random() < 0.8 for branch in case.view.branches}
    inputs = []
    for island in find_islands(case.view, closed):
        if rng.random() < 0.25:
            continue
        source = rng.choice(island.buses)
        load = {bus: (rng.uniform(0, 120), rng.uniform(-10, 40)) for bus in island.buses if rng.random() < 0.8}
        units = {
            f"ess.{bus}": (rng.uniform(-100, 100), rng.uniform(-30, 30))
            for bus in island.buses
            if bus != source and rng.random() < 0.3
        }
        inputs.append(IslandInput(island, f"ess.{source}", load, units))
    return closed, inputs
