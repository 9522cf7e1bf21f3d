"""How much PV a grid-connected network can take: a search by AC power flow, each kind of limit on its own.

PV gives its full rating at power factor 1 while demand is at its daytime minimum; storage and NBSUs stand still. The
capacity grows from little, in steps of a quarter, until a limit is passed or no power flow exists, and is then found
by bisection: the first crossing counts, for beyond it voltages need not be monotone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...results.indices.measured import NO_RATING, CapacityBound, CarryingCapacity
from ..power_flow.engines import REFERENCE, engine_named
from ..power_flow.protocol import IslandSolution, Power
from ..series.profiles import Profiles
from .operation import NormalState, bus_demand, rated_infeeds_kva, solve_normal

REVERSE_SHARE = 0.80
"""Largest reverse flow through a transformer or infeed over its rating (recalled from DL/T 2041)."""
DAYTIME_H = (10, 16)
"""Hours whose lowest demand counts: 10 to 16 o'clock, the usual span of minimum daytime load for fixed PV."""
GROWTH, PRECISION, LARGEST = 1.25, 1e-3, 1000.0
"""Factor between tries, relative precision of the result, largest capacity tried over the demand."""
FIRST_SHARE = 0.05
"""First capacity tried, over the demand."""
KINDS = ("thermal", "voltage", "reverse flow")

_NO_POWER_FLOW = "no power flow"

Checks = dict[str, str]
"""Kinds of limits that a state passes → the element that passes it furthest."""


@dataclass(frozen=True)
class Pattern:
    """Where PV stands: shares of the total by unit of the case and by loaded bus, 1 in all."""

    name: str
    by_unit: Mapping[str, float]
    by_bus: Mapping[str, float]


def carrying_capacities(state: NormalState) -> tuple[CarryingCapacity, ...]:
    """Search with PV at its present sites, in proportion to their ratings, where there is any, and with PV at every
    loaded bus, in proportion to demand."""
    demand, conditions = _daytime_minimum(state)
    load = {bus: power for bus, power in bus_demand(state, demand).items() if bus in state.buses}
    total_kw = sum(p for p, _ in load.values())
    if not total_kw > 0:
        return ()
    sites = {u.id: u.s_kva for u in state.case.view.pv.values() if u.bus in state.buses}
    patterns = [Pattern("PV spread over all loads", {}, {bus: p / total_kw for bus, (p, _) in load.items()})]
    if sites:
        rated = sum(sites.values())
        patterns.insert(0, Pattern("PV at its present sites", {u: s / rated for u, s in sites.items()}, {}))
    search = _Search(state, load)
    return tuple(
        CarryingCapacity(pattern.name, conditions, total_kw, search.bounds(pattern, total_kw)) for pattern in patterns
    )


def _daytime_minimum(state: NormalState) -> tuple[dict[str, Power], str]:
    """Demand by LA at the period's step of lowest daytime demand, and those conditions in words."""
    profiles, scenario = Profiles(state.case), state.case.scenario
    times = range(0, scenario.outage.duration_min, state.step_min)
    first, last = DAYTIME_H
    daytime = [t for t in times if first <= scenario.local_clock.shows(t).hour < last]
    at = min(daytime or times, key=lambda t: sum(p for p, _ in profiles.demand(t).values()))
    when = scenario.local_clock.shows(at)
    span = f"lowest demand from {first}:00 to {last}:00" if daytime else "lowest demand of the period"
    return profiles.demand(at), f"PV at rated power, {span} ({when:%H:%M}), storage idle"


class _Search:
    """Power flows of one state of demand under growing PV."""

    def __init__(self, state: NormalState, load: Mapping[str, Power]) -> None:
        self.state, self.load, self.view = state, load, state.case.view
        self.power_flow = engine_named(REFERENCE)(state.case)
        self.infeeds_are_rated = rated_infeeds_kva(state.case) is not None

    def bounds(self, pattern: Pattern, demand_kw: float) -> tuple[CapacityBound, ...]:
        """One bound per kind of limit."""
        seen: dict[float, Checks | None] = {}

        def checks(capacity_kw: float) -> Checks | None:
            if capacity_kw not in seen:
                seen[capacity_kw] = self._checks(pattern, capacity_kw)
            return seen[capacity_kw]

        return tuple(
            _bound(kind, checks, demand_kw) if self._is_limited(kind) else CapacityBound(kind, None, NO_RATING, 0.0)
            for kind in KINDS
        )

    def _is_limited(self, kind: str) -> bool:
        """Whether the network's data hold any limit of this kind."""
        rated = [b for b in self.view.branches.values() if math.isfinite(b.s_max_kva)]
        if kind == "reverse flow":
            return self.infeeds_are_rated or any(branch.kind == "trafo" for branch in rated)
        return kind == "voltage" or bool(rated)

    def _checks(self, pattern: Pattern, capacity_kw: float) -> Checks | None:
        """Limits that are passed with so much PV; None if there is no power flow."""
        load = {bus: (p - capacity_kw * pattern.by_bus.get(bus, 0.0), q) for bus, (p, q) in self.load.items()}
        units = {unit: capacity_kw * share for unit, share in pattern.by_unit.items()}
        flows = solve_normal(self.state, self.power_flow, load, units)
        if flows is None:
            return None
        found = zip(KINDS, (self._overload(flows), self._voltage(flows), self._reverse(flows)), strict=True)
        return {kind: element for kind, element in found if element is not None}

    def _overload(self, flows: Mapping[str, IslandSolution]) -> str | None:
        limit = self.state.case.scenario.limits.max_loading_pct
        loading = {name: b.loading_pct for f in flows.values() for name, b in f.flows.items() if b.loading_pct}
        return _worst({name: pct - limit for name, pct in loading.items()})

    def _voltage(self, flows: Mapping[str, IslandSolution]) -> str | None:
        limits = self.state.case.scenario.limits
        vm = {bus: voltage.vm_pu for flow in flows.values() for bus, voltage in flow.voltages.items()}
        return _worst({bus: max(v - limits.vm_max_pu, limits.vm_min_pu - v) for bus, v in vm.items()})

    def _reverse(self, flows: Mapping[str, IslandSolution]) -> str | None:
        excess: dict[str, float] = {}
        for infeed, flow in flows.items():
            if self.infeeds_are_rated:
                excess[infeed] = -flow.p_balance_kw / self.view.infeeds[infeed].s_kva - REVERSE_SHARE
            for name, ends in flow.flows.items():
                branch = self.view.branches[name]
                if branch.kind == "trafo" and ends.p_to_kw is not None:
                    # p_to is what the low-voltage side takes in from its network: the reverse flow.
                    excess[name] = ends.p_to_kw / branch.s_max_kva - REVERSE_SHARE
        return _worst(excess)


def _worst(excess: Mapping[str, float]) -> str | None:
    """The element with the largest excess above 0."""
    name = max(excess, key=excess.__getitem__, default=None)
    return name if name is not None and excess[name] > 0 else None


def _bound(kind: str, checks: Callable[[float], Checks | None], demand_kw: float) -> CapacityBound:
    """The largest capacity within one kind of limit: growth to the first failure, then bisection."""

    def failure(capacity_kw: float) -> str:
        """The element beyond its limit, or ``_NO_POWER_FLOW``; empty if all is well."""
        found = checks(capacity_kw)
        return _NO_POWER_FLOW if found is None else found.get(kind, "")

    good, bad = 0.0, FIRST_SHARE * demand_kw
    if reason := failure(good):
        return CapacityBound(kind, 0.0, f"{reason}, already without PV", 0.0)
    while not (reason := failure(bad)):
        good, bad = bad, bad * GROWTH
        if bad > LARGEST * demand_kw:
            return CapacityBound(kind, None, "", good)
    while bad - good > PRECISION * bad:
        middle = (good + bad) / 2
        if found := failure(middle):
            bad, reason = middle, found
        else:
            good = middle
    return CapacityBound(kind, None if reason == _NO_POWER_FLOW else good, reason, good)
