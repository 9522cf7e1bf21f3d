"""The states that ``brute_force`` enumerates: who may be live, started, connected, and what it then draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import chain, combinations, pairwise, product

import numpy as np
from scipy.integrate import quad

from relight.controllers.exchange.messages import PscMessage
from relight.controllers.milp.problem import Horizon
from relight.scenarios.view import Branch, GridView

EPS_MIN = 1e-6
EFFICIENCIES = ("charge_efficiency", "discharge_efficiency")


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
    worst: tuple[float, float]
    best: tuple[float, float]
    """efficiency of charging, and of discharging"""

    @property
    def loses(self) -> bool:
        return min(self.worst) < 1


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
            worst=tuple(min((getattr(c, side) for c in ess), default=1.0) for side in EFFICIENCIES),
            best=tuple(max((getattr(c, side) for c in ess), default=1.0) for side in EFFICIENCIES),
        )  # fmt: skip
    return result


@dataclass(frozen=True)
class Configuration:
    """What is energised in a step: sections, the closed switches between them, and the LAs that are served."""

    sections: frozenset[str]
    switches: frozenset[str]
    served: frozenset[str]


Sequence = tuple[Configuration, ...]
"""One configuration per step."""

State = bool | None
"""On, off, or free: whoever is free may be either, as it suits."""


@dataclass(frozen=True)
class Island:
    """LAs joined by closed links; ``paths`` are the links from the first LA to each, with +1 for from → to.

    ``served``: who is served, in this island and elsewhere.
    """

    las: tuple[str, ...]
    paths: dict[str, tuple[tuple[str, int], ...]] = field(hash=False)
    is_tree: bool
    served: frozenset[str]

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
    """The best objective (18) and one way to reach it; ``launches`` is the step of each NBSU's start-up.

    With load control in part the configurations name all that may be served.
    """

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


class States:
    """Every state that a horizon's sections, switches and units can be in."""

    def __init__(self, horizon: Horizon, *, static: bool = False, growing: bool = False, closing: bool = False) -> None:
        """``static``: one state throughout; ``growing``: who has supply keeps it; ``closing``, of growing plans: a
        switch that is closed in use stays closed."""
        self.view, self.options, self.limits = horizon.graph.view, horizon.graph.options, horizon.graph.limits
        self.prices = horizon.graph.objective
        self.psc: dict[str, PscMessage] = dict(horizon.psc)
        self.static, self.growing, self.closing = static, growing, closing
        self.closed_before = horizon.closed
        self.pv_delay_min = horizon.graph.pv_reconnect_min
        self.start = [*horizon.step_start_min, horizon.end_min]
        self.steps = range(len(horizon.step_start_min))
        self.hours = [(self.start[t + 1] - self.start[t]) / 60 for t in self.steps]
        self.full_step_h = horizon.graph.plan_step_min / 60
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
        limits = (self.options.pick_up_limit_pct, horizon.graph.ess_pick_up_pct)
        self.limit_pct, self.ess_limit_pct = (None, None) if "pick_up" in without else limits
        self.limited = self.limit_pct is not None or self.ess_limit_pct is not None
        self.load_control = horizon.graph.load_control
        self.with_customers = [la.id for la in self.view.local_areas.values() if la.customers]
        self.supplied_before = {
            la: supply_now(message, in_part=self.load_control == "part") for la, message in self.psc.items()
        }
        self.live_now = self._supplied_now()
        self._supply_costs: dict[tuple[str, tuple[State, ...]], float] = {}
        self._excess: dict[tuple[str, int, int], float] = {}
        self._spells: list[tuple[tuple[str, int], ...]] = [()] * len(self.steps)
        """of the sequence that is tried: the step since which each LA has supply, −1 if it had before"""

    def _supplied_now(self) -> set[str]:
        """LAs whose supply may go on: those of an energised section, or those that are not shed if they can be."""
        live = {la for la in self.areas if self.psc[la]["energised_min"] > 0}
        if self.load_control != "section":
            return {la for la in live if not self.psc[la]["shed"]}
        sections = {self.areas[la].section for la in live}
        return {la for la, area in self.areas.items() if area.section in sections}

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
        return Island(tuple(paths), paths, is_tree, configuration.served)

    @cached_property
    def configurations(self) -> list[Configuration]:
        """Configurations with (19), radial islands (28), and a unit in each that forms voltage at some time (36)."""
        fed = {area.section for area in self.areas.values() if area.s_infeed}
        former = {la for la, area in self.areas.items() if area.s_infeed or area.s_ess or area.s_nbsu}
        result = []
        for live in map(frozenset, subsets(self.view.sections)):
            if not fed <= live or not live.isdisjoint(self.view.held):
                continue
            inside = [k for k in self.switches if set(self.sections_of(k)) <= live]
            for closed in map(frozenset, subsets(inside)):
                everybody = frozenset(la for la, area in self.areas.items() if area.section in live)
                configuration = Configuration(live, closed, everybody)
                islands = self.islands(configuration)
                fed_by = [sum(bool(self.areas[la].s_infeed) for la in island.las) for island in islands]
                if max(fed_by, default=0) > 1:  # two live infeeds are never joined
                    continue
                if all(island.is_tree and former & set(island.las) for island in islands):
                    result += self._by_area(configuration) if self.load_control == "area" else [configuration]
        return result

    def _by_area(self, whole: Configuration) -> Iterator[Configuration]:
        """The configuration with every set of LAs served; those that never draw anything always are."""
        draws = [la for la in sorted(whole.served) if any(self.psc[la]["demand_p_kw"])]
        for off in map(frozenset, subsets(draws)):
            yield Configuration(whole.sections, whole.switches, whole.served - off)

    def sequences(self) -> list[tuple[float, Sequence]]:
        """All sequences of configurations with their objective (18), D13, best first."""
        if self.static:
            steps = [(c,) * len(self.steps) for c in self.configurations]
        else:
            steps = [s for s in product(self.configurations, repeat=len(self.steps)) if self._is_allowed(s)]
        value = {(c, t): self._value(c, t) for c in self.configurations for t in self.steps}
        ranked = [
            (sum(value[c, t] for t, c in enumerate(sequence)) - self.cost(sequence), sequence) for sequence in steps
        ]
        return sorted((pair for pair in ranked if pair[0] > -math.inf), key=lambda pair: -pair[0])

    def value_of(self, la: str, t: int) -> float:
        """What serving an LA in a step is worth: energy, and that customers have it so long before the end."""
        kw, left_min = self.psc[la]["demand_p_kw"][t], self.start[-1] - (self.start[t] + self.start[t + 1]) / 2
        early = self.prices.earlier_kwh * self.view.local_areas[la].customers * left_min / 60 if kw else 0.0
        return self.hours[t] * (self.areas[la].priority * kw + early)

    def _is_allowed(self, sequence: Sequence) -> bool:
        """Whether nobody is dropped, where that is asked, and no switch between live sections opens, where that is.

        A switch of a growing plan that is not in use yet may rest as it will be used: that is one operation however.
        """
        for before, after in pairwise(sequence) if self.growing else ():
            if not (before.sections <= after.sections and before.served <= after.served):
                return False
            if self.closing and not before.switches <= after.switches:
                return False
        return True

    def _value(self, configuration: Configuration, t: int) -> float:
        return sum(self.value_of(la, t) for la, area in self.areas.items() if la in configuration.served)

    def cost(self, sequence: Sequence) -> float:
        """What a sequence costs beyond energy; where shares are free, without interruptions."""
        switched = sum(self._operations_of(switch, sequence) for switch in self.switches)
        cost = self.prices.switching_kwh * switched
        if self.load_control != "part" and (self.prices.interruption_kwh or self.prices.keeps_supply):
            cost += sum(self._supply_cost(la, sequence) for la in self.with_customers)
        return cost

    def _operations_of(self, switch: str, sequence: Sequence) -> float:
        ends = set(self.sections_of(switch))
        states = tuple(switch in c.switches if ends & c.sections else None for c in sequence)
        return operations(self.closed_before[switch], states, self.static)

    def _supply_cost(self, la: str, sequence: Sequence) -> float:
        """Of an LA's interruptions, as few as may be; without end if it is not kept as it must be.

        In a live section, with nothing to draw, its customers may be on or off.
        """
        idle = [self.load_control == "area" and not self.psc[la]["demand_p_kw"][t] for t in self.steps]
        states = tuple(
            None if free and self.areas[la].section in c.sections else la in c.served
            for free, c in zip(idle, sequence, strict=True)
        )
        if (la, states) not in self._supply_costs:
            self._supply_costs[la, states] = fewest(lambda course: self._course_cost(la, course), states)
        return self._supply_costs[la, states]

    def _course_cost(self, la: str, course: tuple[bool, ...]) -> float:
        before = self.supplied_before[la] > 0
        if not all(low <= on <= high for (low, high), on in zip(self.held(la), course, strict=True)):
            return math.inf
        lost = 0
        for t, (was, on) in enumerate(pairwise((before, *course))):
            lost += was and not on
            least_min = 0 if was == on else self.prices.min_on_min if on else self.prices.min_off_min
            within = [course[k] for k in self.steps[t:] if self.start[k] < self.start[t] + least_min - EPS_MIN]
            if (self.prices.keep_served and was and not on) or any(state != on for state in within):
                return math.inf
        return self.prices.interruption_kwh * lost

    def held(self, la: str) -> list[tuple[float, float]]:
        """Least and largest share of an LA with supply in each step, for what was before: who had supply for too short
        a time keeps it, and who lost it after the blackout, in a section that is dark or by area, stays without."""
        changes, share = self.psc[la].get("supply_changes_min"), self.supplied_before[la]
        since = (changes or [-math.inf])[-1] if changes is not None else self.start[0] - self.psc[la]["energised_min"]
        losses = 0 if changes is None else (len(changes) + 1) // 2 - (la in self.view.lost_areas)
        may_stay_off = self.load_control != "section" or not self.psc[la]["energised_min"]
        found = []
        for t in self.steps:
            fixed = [
                self.start[t] < since + least - EPS_MIN for least in (self.prices.min_on_min, self.prices.min_off_min)
            ]
            kept = share if fixed[0] or (self.prices.keep_served and t == 0) else 0.0
            off = not share and changes is not None and len(changes) % 2 == 1 and losses > 0 and may_stay_off
            found.append((kept, 0.0 if off and fixed[1] else 1.0))
        return found

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
        """LAs that are served in each step with the first step of their unbroken supply."""
        begun = dict.fromkeys(self.live_now, -1)
        found = []
        for t, configuration in enumerate(sequence):
            begun = {la: begun.get(la, t) for la in sorted(configuration.served)}
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
        begun = dict(self._spells[t]).get(la, t)
        return self.psc[la][series][t] * (1 + self.excess(la, begun, t))

    def takes(self, la: str, island: Island, t: int) -> bool:
        """Whether the balance unit of an LA may pick up what is new in its island, where that is limited."""
        units = [[u for u in kind.values() if u.bus in self.view.local_areas[la].buses]
                 for kind in (self.view.ess, self.view.nbsu)]  # fmt: skip
        rating = self.areas[la].s_infeed or max(u.s_kva for u in (units[0] or units[1]))
        begun = dict(self._spells[t])
        new = [
            i for i in island.las if i in begun and (begun[i] == t or (t == 0 and begun[i] < 0 and self.psc[i]["shed"]))
        ]
        shares = [self.limit_pct] if self.limit_pct is not None else []
        if self.ess_limit_pct is not None and units[0] and not self.areas[la].s_infeed:
            shares.append(self.ess_limit_pct)
        new_kw = sum(self.demand("demand_p_kw", i, t) for i in new)
        return all(new_kw <= rating * share / 100 + 1e-9 for share in shares)

    def can_form(self, la: str, status: dict[str, str]) -> bool:
        """D11: an ESS, a live infeed or an NBSU on line."""
        area = self.areas[la]
        return bool(area.s_ess or area.s_infeed or status.get(la) == "online")


def decayed(own, minutes: float) -> float:
    """g of the delayed exponential model."""
    return 1.0 if minutes <= own.hold_min else math.exp(-(minutes - own.hold_min) / own.decay_min)


def subsets(items) -> Iterator[tuple]:
    items = list(items)
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


def fewest(cost: Callable[[tuple[bool, ...]], float], states: Iterable[State], *, fixed: bool = False) -> float:
    """The least cost of a course of states, over all choices of those that are free; ``fixed``: all are the same."""
    filled = product(*((False, True) if state is None else (state,) for state in states))
    return min(cost(course) for course in filled if not fixed or len(set(course)) <= 1)


@cache
def operations(before: bool, states: tuple[State, ...], fixed: bool) -> float:
    """Fewest operations of a switch: between dark sections its state is free."""
    return fewest(lambda course: sum(a != b for a, b in pairwise((before, *course))), states, fixed=fixed)


def supply_now(message: Mapping[str, object], *, in_part: bool) -> float:
    """Share of the customers of an LA that have supply before the first step."""
    if not message["energised_min"] or message["shed"]:
        return 0.0
    share = message.get("share_on", 1.0) if in_part else 1.0
    assert isinstance(share, float)
    return share
