"""Synthetic medium-voltage networks: radial feeders with normally open ties, loads and units, all drawn from a seed.

Bus bars stand in a row, joined by normally open couplers; each has up to eight feeders. A feeder is a tree of
sections, each entered through one switch; a section is a tree of buses. A feeder's farthest bus is 1.4 to 3.3 km from
the bar, as in guo45, and it is cable or overhead line section by section, of the two types of ``guo45/line_types.csv``.
Ties lead from the far ends of feeders to the nearest bus of another feeder. Loads are lognormal with power factor 0.95.
Storage stands in as many different sections as it can, NBSUs likewise, PV at different buses: most sections hold no
unit that could form voltage and must be reached from others.

All numbers here are assumptions [A]; such networks show how cost grows, not how any real network behaves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..angles import tan_phi
from ..quanta import LENGTH_KM, PER_UNIT, rounded
from ..raw_network import RawNetwork
from ..reading.problems import Problem
from ..schema.network_kinds import SyntheticNetwork
from ..view import EssUnit, Infeed, NbsuUnit, PvUnit
from .pandapower_nets.whole_net import empty_net

CABLE = {"r_ohm_per_km": 0.0601, "x_ohm_per_km": 0.090, "c_nf_per_km": 370.0, "max_i_ka": 0.450}
OVERHEAD = {"r_ohm_per_km": 0.164, "x_ohm_per_km": 0.318, "c_nf_per_km": 11.5, "max_i_ka": 0.460}
CABLE_SHARE = 0.4
REACH_KM = (1.4, 3.3)
BAR_DISTANCE_KM = 4.0
CHAINED = 0.7
"""Chance that a bus (a section) follows the one drawn before it; otherwise any earlier one of its section (feeder)."""
DETOUR = 1.2
"""Length of a tie over the straight distance of its ends."""
BAR_KVA = 50_000.0
TAN_PHI = tan_phi(0.95)


@dataclass
class _Lines:
    """Lines in order: ends as bus numbers, whether they have a switch and are closed, length and type."""

    ends: list[tuple[int, int]] = field(default_factory=list)
    switched: list[bool] = field(default_factory=list)
    closed: list[bool] = field(default_factory=list)
    length_km: list[float] = field(default_factory=list)
    cable: list[bool] = field(default_factory=list)

    def add(self, start: int, end: int, length_km: float, *, switched: bool, closed: bool, cable: bool) -> None:
        self.ends.append((start, end))
        self.switched.append(switched)
        self.closed.append(closed)
        self.length_km.append(length_km)
        self.cable.append(cable)


class _Drawing:
    """A network while it is drawn. Buses are numbers from 0, bus bars first; sections likewise."""

    def __init__(self, network: SyntheticNetwork) -> None:
        self.network, self.rng = network, np.random.default_rng(network.seed)
        self.lines = _Lines()
        self.place = np.zeros((network.buses, 2))
        self.section = np.zeros(network.buses, dtype=int)
        self.feeder = np.full(network.buses, -1)
        self.section_pairs: set[frozenset[int]] = set()
        """sections that a line joins"""
        self.place[: network.bars, 0] = BAR_DISTANCE_KM * np.arange(network.bars)
        self.section[: network.bars] = np.arange(network.bars)

    def feeders(self) -> None:
        """Sections dealt out to feeders, buses to sections, then one feeder after another."""
        network, rng = self.network, self.rng
        count, own = network.feeder_count, network.sections - network.bars
        sections_of = np.bincount(np.arange(own) % count, minlength=count)
        spare = network.buses - network.bars - own
        sizes = 1 + rng.multinomial(spare, rng.dirichlet(np.full(own, 4.0)))
        section, bus = network.bars, network.bars
        for feeder in range(count):
            here = sizes[section - network.bars : section - network.bars + sections_of[feeder]]
            self._feeder(feeder, section, bus, here)
            section, bus = section + len(here), bus + int(here.sum())

    def _feeder(self, feeder: int, first_section: int, first_bus: int, sizes: np.ndarray) -> None:
        """A tree of sections from its bar, then scaled to its reach."""
        rng, bar = self.rng, feeder // 8
        last, first_line = first_bus + int(sizes.sum()), len(self.lines.ends)
        reach, angle = rng.uniform(*REACH_KM), 2 * math.pi * (feeder % 8) / 8 + rng.normal(0, 0.1)
        distance = np.zeros(last - first_bus)
        step = np.zeros_like(self.place[first_bus:last])
        starts = first_bus + np.concatenate([[0], np.cumsum(sizes)[:-1]])
        for k, (start, size) in enumerate(zip(starts.tolist(), sizes.tolist(), strict=True)):
            before = bar
            if k:
                parent = k - 1 if rng.random() < CHAINED else int(rng.integers(k))
                before = int(starts[parent] + rng.integers(sizes[parent]))
                self.section_pairs.add(frozenset((first_section + parent, first_section + k)))
            cable = bool(rng.random() < CABLE_SHARE)
            for bus in range(start, start + size):
                entry = bus == start
                if not entry:
                    before = bus - 1 if rng.random() < CHAINED else int(rng.integers(start, bus))
                length, turn = rounded(rng.lognormal(0, 0.5), LENGTH_KM), angle + rng.normal(0, 0.7)
                inner = before >= first_bus
                distance[bus - first_bus] = length + (distance[before - first_bus] if inner else 0.0)
                come = step[before - first_bus] if inner else np.zeros(2)
                along = np.array([math.cos(turn), math.sin(turn)])
                step[bus - first_bus] = come + length * rounded(along, PER_UNIT)
                self.lines.add(before, bus, length, switched=entry, closed=True, cable=cable)
                self.section[bus], self.feeder[bus] = first_section + k, feeder
        scale = reach / distance.max()
        self.place[first_bus:last] = self.place[bar] + scale * step
        for line in range(first_line, len(self.lines.ends)):
            self.lines.length_km[line] *= scale

    def ties(self, wanted: int) -> int:
        """Join sections, farthest from their bars first, to the nearest bus of another feeder; returns how many.

        A lone feeder is joined to itself, to a section that is no neighbour.
        """
        network, made = self.network, 0
        home = self.place[np.maximum(self.feeder, 0) // 8]
        away = rounded(np.hypot(*(self.place - home).T), LENGTH_KM)
        ends: dict[int, int] = {}
        for bus in range(network.bars, network.buses):
            section = int(self.section[bus])
            if section not in ends or away[bus] > away[ends[section]]:
                ends[section] = bus
        order = sorted(ends, key=lambda s: -away[ends[s]])
        while made < wanted:
            before = made
            for section in order:
                made += self._tie(section, ends[section]) if made < wanted else 0
            if made == before:
                break
        return made

    def _tie(self, section: int, end: int) -> int:
        joined = {s for pair in self.section_pairs if section in pair for s in pair} | {section}
        allowed = (self.feeder >= 0) & ~np.isin(self.section, [*joined])
        if self.network.feeder_count > 1:
            allowed &= self.feeder != self.feeder[end]
        if not allowed.any():
            return 0
        apart = rounded(np.hypot(*(self.place - self.place[end]).T), LENGTH_KM)
        distance = np.where(allowed, apart, np.inf)
        other = int(distance.argmin())
        length = max(0.05, DETOUR * float(distance[other]))
        self.lines.add(end, other, length, switched=True, closed=False, cable=True)
        self.section_pairs.add(frozenset((section, int(self.section[other]))))
        return 1

    def loads_kw(self) -> np.ndarray:
        """Peak load by bus; each feeder's adds up to ``feeder_peak_kw``."""
        drawn = rounded(self.rng.lognormal(0, 0.7, self.network.buses), PER_UNIT)
        weight = np.where(self.feeder >= 0, drawn, 0.0)
        total = np.bincount(np.maximum(self.feeder, 0), weights=weight, minlength=self.network.feeder_count)
        return self.network.feeder_peak_kw * weight / total[np.maximum(self.feeder, 0)]

    def buses_in_sections(self, count: int) -> list[int]:
        """A bus each in as many different sections as possible."""
        members = [np.flatnonzero(self.section == s) for s in range(self.network.bars, self.network.sections)]
        order = [int(k) for _ in range(-(-count // len(members))) for k in self.rng.permutation(len(members))]
        return [int(self.rng.choice(members[k])) for k in order[:count]]

    def ratings(self, count: int, total: float) -> list[float]:
        """Ratings that add up to about ``total``, lognormal, full kVA."""
        weight = rounded(self.rng.lognormal(0, 0.4, count), PER_UNIT)
        return [max(1.0, float(np.round(total * w / weight.sum()))) for w in weight]


def draw_network(network: SyntheticNetwork, file: str, problems: list[Problem]) -> RawNetwork | None:
    """Draw the network; ``file`` names the scenario in problems. None if it cannot hold as many ties as asked."""
    drawing = _Drawing(network)
    drawing.feeders()
    wanted = network.feeder_count // 2 if network.ties is None else network.ties
    made = drawing.ties(wanted)
    if made < wanted:
        remedy = f"at most {made} pairs of sections can be joined here"
        problems.append(Problem(file, "network.ties", wanted, remedy))
        return None
    names = [str(bus + 1) for bus in range(network.buses)]
    lines = drawing.lines
    line_names = [f"{names[a]}-{names[b]}" for a, b in lines.ends]
    couplers = [f"coupler.{bar + 1}" for bar in range(network.bars - 1)]
    load = drawing.loads_kw()
    raw = RawNetwork(
        net=_net(network, drawing, names, line_names, couplers),
        switchable={*couplers, *(n for n, switched in zip(line_names, lines.switched, strict=True) if switched)},
        infeeds=[Infeed(f"infeed.{names[bar]}", names[bar], BAR_KVA) for bar in range(network.bars)],
        load_kw={name: float(kw) for name, kw in zip(names, load, strict=True) if kw},
        load_kvar={name: float(kw) * TAN_PHI for name, kw in zip(names, load, strict=True) if kw},
    )
    _add_units(raw, drawing, names, float(load.sum()))
    return raw


def _add_units(raw: RawNetwork, drawing: _Drawing, names: list[str], peak_kw: float) -> None:
    """PV, ESS and NBSU in that order of drawing; a tenth of a storage's energy is room to charge."""
    network, rng = drawing.network, drawing.rng
    per_section = max(1, (network.sections - network.bars) // 4)
    count = max(1, network.buses // 10) if network.pv_units is None else network.pv_units
    buses = network.bars + rng.choice(network.buses - network.bars, count, replace=count > network.buses - network.bars)
    ratings = drawing.ratings(count, network.pv_pct / 100 * peak_kw)
    raw.pv = [PvUnit(f"pv.{k + 1}", names[bus], s) for k, (bus, s) in enumerate(zip(buses, ratings, strict=True))]

    count = per_section if network.ess_units is None else network.ess_units
    buses = drawing.buses_in_sections(count)
    for k, s_kva in enumerate(drawing.ratings(count, network.ess_pct / 100 * peak_kw)):
        energy = s_kva * network.ess_hours
        raw.ess.append(EssUnit(f"ess.{k + 1}", names[buses[k]], s_kva, energy, energy / 9))

    count = per_section if network.nbsu_units is None else network.nbsu_units
    buses = drawing.buses_in_sections(count)
    for k, s_kva in enumerate(drawing.ratings(count, network.nbsu_pct / 100 * peak_kw)):
        start_min = float(rng.choice([30, 60]))
        raw.nbsu.append(NbsuUnit(f"nbsu.{k + 1}", names[buses[k]], s_kva, 0.02 * s_kva, s_kva, s_kva, start_min))


def _net(
    network: SyntheticNetwork, drawing: _Drawing, names: list[str], line_names: list[str], couplers: list[str]
) -> Any:
    import pandapower as pp

    net = empty_net()
    pp.create_buses(
        net, network.buses, network.vn_kv, name=names, geodata=[(float(x), float(y)) for x, y in drawing.place]
    )
    lines = drawing.lines
    kinds = [CABLE if cable else OVERHEAD for cable in lines.cable]
    starts, ends = [a for a, _ in lines.ends], [b for _, b in lines.ends]
    pp.create_lines_from_parameters(
        net,
        starts,
        ends,
        lines.length_km,
        name=line_names,
        in_service=lines.closed,
        r_ohm_per_km=[kind["r_ohm_per_km"] for kind in kinds],
        x_ohm_per_km=[kind["x_ohm_per_km"] for kind in kinds],
        c_nf_per_km=[kind["c_nf_per_km"] for kind in kinds],
        max_i_ka=[kind["max_i_ka"] for kind in kinds],
    )
    if couplers:
        bars = list(range(len(couplers)))
        pp.create_switches(net, bars, [b + 1 for b in bars], et="b", closed=False, name=couplers)
    return net
