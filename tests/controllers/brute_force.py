"""The dispatch centre's problem (41) a second time: every state is enumerated, only powers are left to a solver.

Written from the equations, not from the model. A configuration of a step is a set of energised sections and of closed
switches between them; it is admitted by searching the graph (closed switches join states, every island is a tree and
could hold a balance unit). Sequences of configurations are tried from the best objective (18) downwards. One is
accepted if, for some start-up of each NBSU and some balance unit of each island, powers exist within (13), (31)-(34)
and (37)-(40). Since islands are trees, flows and voltages are sums along paths, so powers are the only variables.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, combinations, pairwise, product

import numpy as np
from scipy.integrate import quad
from scipy.linalg import block_diag
from scipy.optimize import linprog

from controllers.messages import PscMessage
from controllers.problem import Horizon
from scenarios.view import Branch, GridView

EPS_MIN = 1e-6


@dataclass(frozen=True)
class Area:
    """An LA as the dispatch centre knows it, (5)-(12); several units of a kind count as one."""

    id: str
    section: str
    priority: float
    s_pv: float
    s_ess: float
    s_ess_min: float
    s_nbsu: float
    p_in: float
    ramp_up: float
    ramp_down: float
    start_min: float
    s_infeed: float


def areas_of(view: GridView, startup_power: str) -> dict[str, Area]:
    result = {}
    for la in view.local_areas.values():
        pv, ess, nbsu, infeeds = (
            [u for u in units.values() if u.bus in la.buses] for units in (view.pv, view.ess, view.nbsu, view.infeeds)
        )
        start_min = max((e.start_min for e in nbsu), default=0.0)
        p_in = sum(e.p_in_kw for e in nbsu)
        if startup_power == "printed" and start_min > 0:
            p_in = sum(e.p_in_kw * e.start_min for e in nbsu) / start_min
        result[la.id] = Area(
            la.id, la.section, la.priority,
            s_pv=sum(b.s_kva for b in pv),
            s_ess=sum(c.s_kva for c in ess), s_ess_min=min((c.s_kva for c in ess), default=0.0),
            s_nbsu=sum(e.s_kva for e in nbsu), p_in=p_in,
            ramp_up=min((e.ramp_up_kw_per_h for e in nbsu), default=0.0),
            ramp_down=min((e.ramp_down_kw_per_h for e in nbsu), default=0.0), start_min=start_min,
            s_infeed=sum(i.s_kva for i in infeeds if i.live),
        )  # fmt: skip
    return result


@dataclass(frozen=True)
class Configuration:
    """What is energised in a step: sections, and the closed switches between them."""

    sections: frozenset[str]
    switches: frozenset[str]


Sequence = tuple[Configuration, ...]
"""One configuration per step."""


@dataclass(frozen=True)
class Island:
    """LAs joined by closed links; ``paths`` are the links from the first LA to each, with +1 for from → to."""

    las: tuple[str, ...]
    paths: dict[str, tuple[tuple[str, int], ...]] = field(hash=False)
    is_tree: bool

    def beyond(self, link: str) -> tuple[int, list[str]]:
        """The direction of a link, and the LAs that it feeds as seen from the first one."""
        fed = [la for la, path in self.paths.items() if any(link == k for k, _ in path)]
        sign = next(sign for k, sign in self.paths[fed[0]] if k == link)
        return sign, fed

    @property
    def links(self) -> set[str]:
        return {k for path in self.paths.values() for k, _ in path}


@dataclass(frozen=True)
class Optimum:
    """The best objective (18) and one way to reach it; ``launches`` is the step of each NBSU's start-up."""

    objective: float
    configurations: tuple[Configuration, ...]
    launches: dict[str, int | None]
    balance_units: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Block:
    """Rows of one step over its own powers: A x ≤ b and E x = f, with bounds of x."""

    a: np.ndarray
    b: np.ndarray
    e: np.ndarray
    f: np.ndarray
    low: np.ndarray
    high: np.ndarray


class BruteForce:
    """Data of one horizon and all that is enumerated over it. Steps are numbered from 0."""

    def __init__(self, horizon: Horizon, *, static: bool = False) -> None:
        self.view, self.options, self.limits = horizon.graph.view, horizon.graph.options, horizon.graph.limits
        self.psc: dict[str, PscMessage] = dict(horizon.psc)
        self.static, self.closed_before = static, horizon.closed
        self.pv_delay_min = horizon.graph.pv_reconnect_min
        self.start = [*horizon.step_start_min, horizon.end_min]
        self.steps = range(len(horizon.step_start_min))
        self.hours = [(self.start[t + 1] - self.start[t]) / 60 for t in self.steps]
        self.areas = areas_of(self.view, self.options.startup_power)
        self.links = self._links()
        self.switches = [k for k, link in self.links.items() if link.switchable]
        self.sin_phi = math.sqrt(1 - self.limits.min_power_factor**2)
        self._islands: dict[Configuration, list[Island]] = {}
        self._blocks: dict[tuple, Block] = {}
        self._possible: dict[tuple, bool] = {}
        self._first_possible: dict[tuple, bool] = {}
        self.programmes = 0
        without = self.options.without
        self.cold_load = None if "cold_load" in without else self.options.cold_load
        self.limit_pct = None if "pick_up" in without else self.options.pick_up_limit_pct
        self.live_now = {a.section for la, a in self.areas.items() if self.psc[la]["energised_min"] > 0}
        self._excess: dict[tuple[str, int, int], float] = {}
        self._spells: list[tuple[tuple[str, int], ...]] = [()] * len(self.steps)
        """of the sequence that is tried: the step since which each section is energised, −1 if it was before"""

    def _links(self) -> dict[str, Branch]:
        area = self.view.local_area_of_bus
        return {k: b for k, b in self.view.branches.items() if not b.faulted and area[b.from_bus] != area[b.to_bus]}

    def ends(self, link: str) -> tuple[str, str]:
        area, branch = self.view.local_area_of_bus, self.links[link]
        return area[branch.from_bus], area[branch.to_bus]

    def sections_of(self, link: str) -> tuple[str, str]:
        i, j = self.ends(link)
        return self.areas[i].section, self.areas[j].section

    # -- what may be energised -----------------------------------------------------------------------------------

    def islands(self, configuration: Configuration) -> list[Island]:
        """Islands of a configuration by depth-first search over LAs and closed links."""
        if configuration not in self._islands:
            left = [la for la, area in self.areas.items() if area.section in configuration.sections]
            found = []
            while left:
                island = self._island_from(left[0], configuration)
                found.append(island)
                left = [la for la in left if la not in island.las]
            self._islands[configuration] = found
        return self._islands[configuration]

    def _island_from(self, first: str, configuration: Configuration) -> Island:
        paths: dict[str, tuple[tuple[str, int], ...]] = {first: ()}
        stack, used, is_tree = [first], set(), True
        while stack:
            here = stack.pop()
            for link, branch in self.links.items():
                ends = self.ends(link)
                if here not in ends or link in used or (branch.switchable and link not in configuration.switches):
                    continue
                used.add(link)
                there, sign = (ends[1], 1) if here == ends[0] else (ends[0], -1)
                if there in paths:
                    is_tree = False
                else:
                    paths[there] = (*paths[here], (link, sign))
                    stack.append(there)
        return Island(tuple(paths), paths, is_tree)

    @cached_property
    def configurations(self) -> list[Configuration]:
        """Configurations with (19), radial islands (28), and a unit in each that forms voltage at some time (36)."""
        fed = {area.section for area in self.areas.values() if area.s_infeed}
        former = {la for la, area in self.areas.items() if area.s_infeed or area.s_ess or area.s_nbsu}
        result = []
        for live in map(frozenset, subsets(self.view.sections)):
            if not fed <= live:
                continue
            inside = [k for k in self.switches if set(self.sections_of(k)) <= live]
            for closed in map(frozenset, subsets(inside)):
                configuration = Configuration(live, closed)
                islands = self.islands(configuration)
                fed_by = [sum(bool(self.areas[la].s_infeed) for la in island.las) for island in islands]
                if max(fed_by, default=0) > 1:  # two live infeeds are never joined
                    continue
                if all(island.is_tree and former & set(island.las) for island in islands):
                    result.append(configuration)
        return result

    def sequences(self) -> list[tuple[float, Sequence]]:
        """All sequences of configurations with their objective (18), D13, best first."""
        if self.static:
            steps = [(c,) * len(self.steps) for c in self.configurations]
        else:
            steps = list(product(self.configurations, repeat=len(self.steps)))
        value = {(c, t): self._value(c, t) for c in self.configurations for t in self.steps}
        operations = self._operations()
        ranked = [
            (
                sum(value[c, t] for t, c in enumerate(sequence))
                - self.options.switching_cost_kwh * sum(operations(k, sequence) for k in self.switches),
                sequence,
            )
            for sequence in steps
        ]
        return sorted(ranked, key=lambda pair: -pair[0])

    def _value(self, configuration: Configuration, t: int) -> float:
        return sum(
            area.priority * self.hours[t] * self.psc[la]["demand_p_kw"][t]
            for la, area in self.areas.items()
            if area.section in configuration.sections
        )

    def _operations(self):
        """Fewest operations of a switch along a sequence: between dark sections its state is free."""
        cache: dict[tuple, int] = {}

        def state(switch: str, c: Configuration) -> bool | None:
            return switch in c.switches if set(self.sections_of(switch)) & c.sections else None

        def fewest(switch: str, sequence: Sequence) -> int:
            states = tuple(state(switch, c) for c in sequence)
            key = (self.closed_before[switch], states)
            if key not in cache:
                filled = product(*((False, True) if s is None else (s,) for s in states))
                if self.static:
                    filled = (f for f in filled if len(set(f)) == 1)
                cache[key] = min(sum(a != b for a, b in zip((key[0], *f), f, strict=False)) for f in filled)
            return cache[key]

        return fewest

    # -- start-up and reconnection -------------------------------------------------------------------------------

    def launches(self, la: str) -> list[int | None]:
        """Steps at which start-up may begin: −1 if it has begun already, None if it never does."""
        state = self.psc[la]["nbsu_state"]
        if state == "online":
            return [None]
        return [None, *([-1] if state == "starting" else []), *self.steps]

    def status(self, la: str, launch: int | None, t: int) -> str:
        """(13f), (13g): off, starting (μ = 1, φ = 0) or online (φ = 1) in step t."""
        if self.psc[la]["nbsu_state"] == "online":
            return "online"
        if launch is None or t < launch:
            return "off"
        if launch < 0:
            ready = self.start[0] + self.psc[la]["nbsu_remaining_min"]
        else:
            ready = self.start[launch] + self.areas[la].start_min
        return "online" if self.start[t] > ready - EPS_MIN else "starting"

    def schedules(self, sequence: Sequence) -> Iterator[tuple[dict[str, int | None], list[dict[str, str]]]]:
        """Start-ups that keep (13h): launch of each NBSU and the statuses per step."""
        nbsu = [la for la, area in self.areas.items() if area.s_nbsu]
        allowed = []
        for la in nbsu:
            live = [self.areas[la].section in configuration.sections for configuration in sequence]
            allowed.append(
                [
                    k
                    for k in self.launches(la)
                    if all(live[t] or self.status(la, k, t) != "starting" for t in self.steps)
                ]
            )
        for choice in product(*allowed):
            launch = dict(zip(nbsu, choice, strict=True))
            yield launch, [{la: self.status(la, k, t) for la, k in launch.items()} for t in self.steps]

    def pv_connected(self, sequence: Sequence, t: int) -> frozenset[str]:
        """(13c): LAs energised without a break since the reconnect delay before step t."""
        since = self.start[t] - self.pv_delay_min
        reached = [e for e in range(t) if self.start[e + 1] > since + EPS_MIN]
        return frozenset(
            la
            for la, area in self.areas.items()
            if area.s_pv
            and all(area.section in sequence[e].sections for e in (*reached, t))
            and self.psc[la]["energised_min"] >= self.start[0] - since - EPS_MIN
        )

    # -- cold load pick-up ---------------------------------------------------------------------------------------

    def spells(self, sequence: Sequence) -> list[tuple[tuple[str, int], ...]]:
        """Energised sections of each step with the first step of their unbroken supply."""
        begun = dict.fromkeys(self.live_now, -1)
        found = []
        for t, configuration in enumerate(sequence):
            begun = {s: begun.get(s, t) for s in sorted(configuration.sections)}
            found.append(tuple(begun.items()))
        return found

    def excess(self, la: str, begun: int, t: int) -> float:
        """Mean of the delayed exponential over a step, integrated numerically, or its largest."""
        if self.cold_load is None:
            return 0.0
        if (la, begun, t) not in self._excess:
            parameters, now = self.cold_load.parameters, self.start[0]
            total = 0.0
            for kind, share in self.view.local_areas[la].kinds.items():
                own = getattr(parameters, kind)
                supplied, since, cold, left = True, None, 0.0, 0.0
                for time in self.psc[la]["supply_changes_min"]:
                    if supplied:
                        left = cold * decayed(own, time - since) if since is not None else 0.0
                    else:
                        cold = 1 - (1 - left) * math.exp(-(time - since) / own.rise_min)
                    supplied, since = not supplied, time
                if begun < 0 and supplied:
                    picked_up = since
                else:
                    picked_up = self.start[max(begun, 0)]
                    if supplied:  # dropped within the plan: as if it were dark from now on
                        left, since = cold * decayed(own, now - since) if since is not None else 0.0, now
                    cold = 1 - (1 - left) * math.exp(-(picked_up - since) / own.rise_min)
                if picked_up is None or not cold:
                    continue
                a, b = self.start[t] - picked_up, self.start[t + 1] - picked_up
                kink = [own.hold_min] if a < own.hold_min < b else None
                area = quad(lambda x, own=own: decayed(own, x), a, b, points=kink, epsabs=1e-12)[0]
                of_step = area / (b - a) if self.cold_load.of_step == "mean" else decayed(own, a)
                total += share * (own.peak - 1) * cold * of_step
            self._excess[la, begun, t] = self.cold_load.factor * total
        return self._excess[la, begun, t]

    def demand(self, series: str, la: str, t: int) -> float:
        begun = dict(self._spells[t]).get(self.areas[la].section, t)
        return self.psc[la][series][t] * (1 + self.excess(la, begun, t))

    def takes(self, la: str, island: Island, t: int) -> bool:
        """Whether the balance unit of an LA may pick up what is new in its island, where that is limited."""
        units = [[u for u in kind.values() if u.bus in self.view.local_areas[la].buses]
                 for kind in (self.view.ess, self.view.nbsu)]  # fmt: skip
        rating = self.areas[la].s_infeed or max(u.s_kva for u in (units[0] or units[1]))
        begun = dict(self._spells[t])
        new = [
            i
            for i in island.las
            if begun[self.areas[i].section] == t
            or (t == 0 and begun[self.areas[i].section] < 0 and self.psc[i]["shed"])
        ]
        return sum(self.demand("demand_p_kw", i, t) for i in new) <= rating * self.limit_pct / 100 + 1e-9

    def can_form(self, la: str, status: dict[str, str]) -> bool:
        """D11: an ESS, a live infeed or an NBSU on line."""
        area = self.areas[la]
        return bool(area.s_ess or area.s_infeed or status.get(la) == "online")

    # -- powers --------------------------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> dict[tuple[str, str], int]:
        """Variables of one step: p and q by kind and LA, then the squared voltage of each island's first LA."""
        rating = {"pv": "s_pv", "ess": "s_ess", "nbsu": "s_nbsu", "infeed": "s_infeed"}
        keys = [
            (name + kind, la)
            for la, area in self.areas.items()
            for kind, s in rating.items()
            if getattr(area, s)
            for name in ("p_", "q_")
        ]
        return {key: n for n, key in enumerate([*keys, *(("u", la) for la in self.areas)])}

    def block(self, t: int, configuration: Configuration, status: dict[str, str], connected: frozenset[str]) -> Block:
        """One step's rows: (13a)-(13d), (13i), balance of islands (31)-(34), ratings (38), voltages (37), (40)."""
        key = (t, configuration, tuple(status.values()), connected, self._spells[t])
        if key not in self._blocks:
            self._blocks[key] = self._build_block(*key[:2], status, connected)
        return self._blocks[key]

    def _build_block(self, t, configuration, status, connected) -> Block:
        n = len(self.columns)
        low, high = np.zeros(n), np.zeros(n)
        at_most: list[tuple[np.ndarray, float]] = []
        equal: list[tuple[np.ndarray, float]] = []
        for island in self.islands(configuration):
            for la in island.las:
                self._bound_units(la, t, status, connected, low, high)
                at_most += self._circle(la, status)
            first = self.columns["u", island.las[0]]
            low[first], high[first] = self.limits.vm_min_pu**2, self.limits.vm_max_pu**2
            for name in ("p", "q"):
                row, constant = self._net(name, island.las, t)
                equal.append((row, -constant))
            for link in island.links:
                for name in ("p", "q"):
                    row, constant = self._flow(name, island, link, t)
                    at_most += between(-self.links[link].s_max_kva, row, constant, self.links[link].s_max_kva)
            for la in island.las[1:]:
                row, constant = self._voltage(island, la, t)
                at_most += between(self.limits.vm_min_pu**2, row, constant, self.limits.vm_max_pu**2)
        return Block(*stacked(at_most, n), *stacked(equal, n), low, high)

    def _bound_units(self, la, t, status, connected, low, high) -> None:
        area, state = self.areas[la], status.get(la, "off")
        q = self.sin_phi
        q_nbsu = q * area.s_nbsu if state == "online" or self.options.nbsu_reactive == "printed" else 0.0
        p_nbsu = {"off": (0, 0), "starting": (-area.p_in, -area.p_in), "online": (0, area.s_nbsu)}[state]
        ranges = {
            "p_pv": (0, self.psc[la]["pv_pu"][t] * area.s_pv if la in connected else 0),
            "q_pv": (-q * area.s_pv, q * area.s_pv) if la in connected else (0, 0),
            "p_ess": (-area.s_ess_min, area.s_ess_min),
            "q_ess": (-q * area.s_ess, q * area.s_ess),
            "p_nbsu": p_nbsu,
            "q_nbsu": (-q_nbsu, q_nbsu),
            "p_infeed": (-area.s_infeed, area.s_infeed),
            "q_infeed": (-area.s_infeed, area.s_infeed),
        }
        for name, (least, most) in ranges.items():
            if (name, la) in self.columns:
                low[self.columns[name, la]], high[self.columns[name, la]] = least, most

    def _circle(self, la: str, status: dict[str, str]) -> Iterator[tuple[np.ndarray, float]]:
        """|p| + |q| (1 − cos φ) / sin φ ≤ S: the chord from (S, 0) to the point at φ on the circle, where asked for.

        ESSs together give no more than the smallest may, so each has its share of q and the smallest has S_min.
        """
        if self.options.apparent_power != "circle":
            return
        yield from self._infeed_circle(la)
        if not self.sin_phi:
            return
        slope = (1 - self.limits.min_power_factor) / self.sin_phi
        area = self.areas[la]
        for kind, s in (("pv", area.s_pv), ("ess", area.s_ess_min), ("nbsu", area.s_nbsu)):
            if s:
                share = s / area.s_ess if kind == "ess" else 1.0
                for sign_p, sign_q in product((1, -1), repeat=2):
                    row = np.zeros(len(self.columns))
                    row[self.columns["p_" + kind, la]] = sign_p
                    row[self.columns["q_" + kind, la]] = sign_q * slope * share
                    yield row, s + (area.p_in if kind == "nbsu" and sign_p < 0 else 0.0)

    def _infeed_circle(self, la: str) -> Iterator[tuple[np.ndarray, float]]:
        """The polygon through 16 points of the circle p² + q² = S², one of them (S, 0): each side by its two ends."""
        s = self.areas[la].s_infeed
        corners = [(s * math.cos(math.pi * k / 8), s * math.sin(math.pi * k / 8)) for k in range(17)] if s else []
        for (p, q), (next_p, next_q) in pairwise(corners):
            row = np.zeros(len(self.columns))
            row[self.columns["p_infeed", la]], row[self.columns["q_infeed", la]] = next_q - q, p - next_p
            yield row, p * next_q - q * next_p

    def _net(self, name: str, las, t: int) -> tuple[np.ndarray, float]:
        """Net injection of some LAs with their loss allowance, as a row and a constant."""
        row = np.zeros(len(self.columns))
        for kind in ("pv", "ess", "nbsu", "infeed"):
            for la in las:
                if (f"{name}_{kind}", la) in self.columns:
                    row[self.columns[f"{name}_{kind}", la]] = 1.0
        series = "demand_p_kw" if name == "p" else "demand_q_kvar"
        losses = 1 + self.options.loss_allowance_pct / 100
        return row, -losses * sum(self.demand(series, la, t) for la in las)

    def _flow(self, name: str, island: Island, link: str, t: int) -> tuple[np.ndarray, float]:
        """(34) on a tree: a link carries what the LAs beyond it lack."""
        sign, fed = island.beyond(link)
        row, constant = self._net(name, fed, t)
        return -sign * row, -sign * constant

    def _voltage(self, island: Island, la: str, t: int) -> tuple[np.ndarray, float]:
        """(37) along the path: U_la = U_first − Σ 2 (P R + Q X), kW on 1 MVA."""
        row, constant = np.zeros(len(self.columns)), 0.0
        row[self.columns["u", island.las[0]]] = 1.0
        for link, sign in island.paths[la]:
            for name, ohms in (("p", self.links[link].r_pu), ("q", self.links[link].x_pu)):
                flow, part = self._flow(name, island, link, t)
                row -= 2e-3 * sign * ohms * flow
                constant -= 2e-3 * sign * ohms * part
        return row, constant

    def reference(self, island: Island, root: str, t: int) -> tuple[np.ndarray, float]:
        """(36): the balance unit's LA is at U_N."""
        row, constant = self._voltage(island, root, t)
        return row, self.limits.reference_vm_pu**2 - constant

    def solvable(self, block: Block) -> bool:
        self.programmes += 1
        found = linprog(
            np.zeros(len(block.low)), block.a, block.b, block.e if len(block.f) else None,
            block.f if len(block.f) else None, np.column_stack((block.low, block.high)),
        )  # fmt: skip
        assert found.status in (0, 2), found.message
        return found.status == 0

    def joined(self, blocks: list[Block], status: list[dict[str, str]], sequence: Sequence) -> Block:
        """All steps, or the first of them, together with what couples them: energy (13e) and ramps (13j)."""
        n = len(self.columns) * len(blocks)
        coupled = chain(self._energy(), self._ramps(status, sequence))
        a, b = stacked([(row[:n], limit) for row, limit in coupled if not row[n:].any()], n)
        return Block(
            np.vstack((block_diag(*(k.a for k in blocks)), a)), np.concatenate([*(k.b for k in blocks), b]),
            block_diag(*(k.e for k in blocks)), np.concatenate([k.f for k in blocks]),
            np.concatenate([k.low for k in blocks]), np.concatenate([k.high for k in blocks]),
        )  # fmt: skip

    def _at(self, name: str, la: str, t: int) -> np.ndarray:
        row = np.zeros(len(self.columns) * len(self.steps))
        row[t * len(self.columns) + self.columns[name, la]] = 1.0
        return row

    def _energy(self) -> Iterator[tuple[np.ndarray, float]]:
        for la, area in self.areas.items():
            if area.s_ess:
                taken = np.zeros(len(self.columns) * len(self.steps))
                for t in self.steps:
                    taken = taken + self.hours[t] * self._at("p_ess", la, t)
                    yield from between(-self.psc[la]["charge_kwh"], taken, 0.0, self.psc[la]["discharge_kwh"])

    def _ramps(self, status: list[dict[str, str]], sequence) -> Iterator[tuple[np.ndarray, float]]:
        """(13j), D8: rate × the full plan step; after a shorter first step the range now bounds the second too.

        A unit whose LA goes dark need not ramp down.

        Into the first on-line step a unit jumps freely, or (option) rises from where it was: −p_in, or 0 if it starts
        in no time. A measured range bounds the first step of a unit that is on line already.
        """
        for la, area in self.areas.items():
            for t in self.steps if area.s_nbsu else ():
                if status[t][la] != "online":
                    continue
                live = area.section in sequence[t].sections
                now, message = self._at("p_nbsu", la, t), self.psc[la]
                if t == 0:
                    if message["nbsu_state"] == "online":
                        yield now, message["nbsu_p_max_kw"]
                        if live:
                            yield -now, -message["nbsu_p_min_kw"]
                    elif not self.options.first_online_step_free:
                        drawn = area.p_in if message["nbsu_state"] == "starting" else 0.0
                        yield now, max(0.0, area.ramp_up * max(self.hours) - drawn)
                    continue
                if t == 1 and message["nbsu_state"] == "online" and self.hours[0] < max(self.hours):
                    yield now, message["nbsu_p_max_kw"]
                    if live:
                        yield -now, -message["nbsu_p_min_kw"]
                rise = now - self._at("p_nbsu", la, t - 1)
                was_online = status[t - 1][la] == "online"
                if was_online or not self.options.first_online_step_free:
                    yield rise, area.ramp_up * max(self.hours)
                if was_online and live:
                    yield -rise, area.ramp_down * max(self.hours)

    # -- the search ----------------------------------------------------------------------------------------------

    def best(self) -> Optimum | None:
        """The optimum, or None if not even the least that must be energised (live infeeds) can be."""
        for objective, sequence in self.sequences():
            for launches, status in self.schedules(sequence):
                roots = self._balance_units(sequence, status)
                if roots is not None:
                    return Optimum(objective, sequence, launches, roots)
        return None

    def _balance_units(self, sequence, status) -> tuple[tuple[str, ...], ...] | None:
        """Balance units per step with which powers exist; None if there are none."""
        capable = []
        self._spells = self.spells(sequence) if self.cold_load or self.limit_pct else self._spells
        for t, configuration in enumerate(sequence):
            choices = [
                [la for la in island.las if self.areas[la].s_infeed]
                or [la for la in island.las if self.can_form(la, status[t])]
                for island in self.islands(configuration)
            ]
            if self.limit_pct is not None:
                choices = [
                    [la for la in able if self.takes(la, island, t)]
                    for able, island in zip(choices, self.islands(configuration), strict=True)
                ]
            if not all(choices):
                return None
            capable.append(list(product(*choices)))
        connected: list[frozenset[str]] = []
        for t in self.steps:
            connected.append(self.pv_connected(sequence, t))
            if not self._step_possible(t, sequence[t], status[t], connected[t]):
                return None
        if not self._first_steps_possible(sequence, status, connected):
            return None
        joined = self._joined_of(self.steps, sequence, status, connected)
        if not self.solvable(joined):
            return None
        return next((roots for roots in product(*capable) if self._referenced(joined, sequence, roots)), None)

    def _step_possible(self, t, configuration, status, connected) -> bool:
        """Whether a step taken alone has a solution; if not, no sequence with it has."""
        key = (t, configuration, tuple(status.values()), connected, self._spells[t])
        if key not in self._possible:
            self._possible[key] = self.solvable(self.block(t, configuration, status, connected))
        return self._possible[key]

    def _first_steps_possible(self, sequence, status, connected) -> bool:
        """Whether all steps but the last have a solution together; if not, no sequence that begins so has."""
        steps = self.steps[:-1]
        if len(steps) < 2:
            return True
        key = tuple((sequence[t], tuple(status[t].values()), connected[t], self._spells[t]) for t in steps)
        if key not in self._first_possible:
            self._first_possible[key] = self.solvable(self._joined_of(steps, sequence, status, connected))
        return self._first_possible[key]

    def _joined_of(self, steps: range, sequence, status, connected) -> Block:
        blocks = [self.block(t, sequence[t], status[t], connected[t]) for t in steps]
        return self.joined(blocks, status, sequence)

    def _referenced(self, joined: Block, sequence, roots: tuple[tuple[str, ...], ...]) -> bool:
        n, rows = len(self.columns), []
        for t, configuration in enumerate(sequence):
            for island, root in zip(self.islands(configuration), roots[t], strict=True):
                row, value = self.reference(island, root, t)
                whole = np.zeros(n * len(self.steps))
                whole[t * n : (t + 1) * n] = row
                rows.append((whole, value))
        e, f = stacked(rows, n * len(self.steps))
        return self.solvable(
            Block(joined.a, joined.b, np.vstack((joined.e, e)), np.concatenate((joined.f, f)), joined.low, joined.high)
        )


def decayed(own, minutes: float) -> float:
    """g of the delayed exponential model."""
    return 1.0 if minutes <= own.hold_min else math.exp(-(minutes - own.hold_min) / own.decay_min)


def subsets(items) -> Iterator[tuple]:
    items = list(items)
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


def between(low: float, row: np.ndarray, constant: float, high: float) -> list[tuple[np.ndarray, float]]:
    """low ≤ row x + constant ≤ high as rows of A x ≤ b; infinite ends are left out."""
    rows = [(row, high - constant), (-row, constant - low)]
    return [(r, limit) for r, limit in rows if math.isfinite(limit)]


def stacked(rows: list[tuple[np.ndarray, float]], n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array([row for row, _ in rows]).reshape(len(rows), n), np.array([limit for _, limit in rows], dtype=float)


def brute_force(horizon: Horizon, *, static: bool = False) -> Optimum | None:
    """The best plan of a horizon, or None if there is none at all."""
    return BruteForce(horizon, static=static).best()
