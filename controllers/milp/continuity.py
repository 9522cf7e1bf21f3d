"""Who keeps supply: what it costs to interrupt customers, whom a plan keeps, and how long they are on or off at least.

d_{i,t} is how many of the LAs that LA i counts (in part: which share of its customers) have supply in step t − 1 and
none in step t. Of LAs that are alike the first ones are served (``served.share_out``), so the fall of their number is
how many lose supply, and no other choice of them interrupts fewer: a count says it exactly, and that none is dropped.
Least times on and off speak of each LA by itself: where they are asked for, nothing is counted together. What was
before the first step is as measured. With load control by section X takes the place of n, and d counts sections.
"""

# pyright: basic
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyomo.environ as pyo

from ..exchange.plan import PlanStep
from .problem import AreaGraph, Horizon
from .served import as_one, shares_by_step, supply

MOMENT_MIN = 1e-6
"""Times that differ by less are the same."""


def interruption_begins(m, s, t):
    """Who had supply before and has none is interrupted: d_{s,t} ≥ X_{s,t−1} − X_{s,t}, X_{s,0} as measured.

    With load control by area d_{i,t} ≥ n_{i,t−1} − n_{i,t}. No step past the window interrupts anybody.
    """
    has_supply = supply(m)
    before = has_supply[s, t - 1] if t else m.supplied0[s]
    return m.ended[s, t] >= m.live[t] * before - has_supply[s, t]


def supply_held(m, s, t):
    """Who has supply now keeps it: X_{s,1} ≥ X_{s,0} if nobody is to be dropped, X_{s,t} ≥ 1 until the least time on is
    over. With load control by area n takes the place of X, here and below."""
    return supply(m)[s, t] >= m.held_on[s, t]


def supply_kept(m, s, t):
    """Who was restored is not dropped: X_{s,t} ≥ X_{s,t−1}."""
    if not m.keeps_served or not t:
        return pyo.Constraint.Skip
    return supply(m)[s, t] >= m.live[t] * supply(m)[s, t - 1]


def supply_begins(m, s, t):
    """Who gets supply: g_{s,t} ≥ X_{s,t} − X_{s,t−1}."""
    has_supply = supply(m)
    return m.begun[s, t] >= has_supply[s, t] - (has_supply[s, t - 1] if t else m.all_supplied0[s])


def least_time_on(m, s, t):
    """Who got supply less than the least time on ago has it: Σ_u g_{s,u} ≤ X_{s,t}, over the steps u within it."""
    return sum(m.on_reach[u, t] * m.begun[s, u] for u in m.T if u <= t) <= supply(m)[s, t]


def least_time_off(m, s, t):
    """Who lost supply less than the least time off ago has none: Σ_u d_{s,u} ≤ 1 − X_{s,t}, u within it; nor has who
    lost it shortly before now."""
    lost = sum(m.off_reach[u, t] * m.ended[s, u] for u in m.T if u <= t)
    return lost + m.held_off[s, t] <= 1 - supply(m)[s, t]


def contents(m: Any) -> dict[str, tuple]:
    """The families by name, where they are asked for; only who has customers is kept."""
    table: dict[str, tuple] = {}
    if m.interruptions_asked:
        table["interruptions"] = ((interruption_begins, (as_one(m), m.T)),)
    if m.continuity_asked:
        rules = [(supply_held, (m.KEPT, m.T)), (supply_kept, (m.KEPT, m.T))]
        rules += [(supply_begins, (m.KEPT, m.T)), (least_time_on, (m.KEPT, m.T))] if m.on_min else []
        rules += [(least_time_off, (m.KEPT, m.T))] if m.off_min else []
        table["continuity"] = tuple(rules)
    return table


def declare(m: Any, graph: AreaGraph) -> None:
    """Data and variables of the families."""
    wanted, without = graph.objective, graph.options.without
    m.keeps_served, m.on_min, m.off_min = wanted.keep_served, wanted.min_on_min, wanted.min_off_min
    m.continuity_asked = wanted.keeps_supply and "continuity" not in without
    ended = wanted.interruption_kwh > 0 or (m.continuity_asked and wanted.min_off_min > 0)
    m.interruptions_asked = ended and "interruptions" not in without
    if not (ended or m.continuity_asked):
        return
    most = {one: max(supply(m)[one, t].ub for t in m.T) for one in as_one(m)}
    now = "LAs with supply now, of those that an LA counts" if m.by_area else "1: LAs of a section have supply now"
    m.supplied0 = pyo.Param(as_one(m), mutable=True, initialize=0.0, doc=now)
    if ended:
        m.given["interruption_kwh"] = "c_int, price of an interruption of an LA [kWh]"
        m.interruption_kwh = wanted.interruption_kwh
        m.interrupted = pyo.Param(as_one(m), m.T, mutable=True, initialize=0.0, doc="LAs with customers that d counts")
        m.ended = pyo.Var(
            as_one(m), m.T, bounds=lambda m, one, t: (0, most[one]), doc="d, with supply before, none now"
        )
    if m.continuity_asked:
        _declare_continuity(m, graph, most)


def _declare_continuity(m: Any, graph: AreaGraph, most: dict[str, int]) -> None:
    inside = {la: [la] for la in graph.view.local_areas} if m.by_area else graph.areas_in
    kept = [one for one in as_one(m) if any(map(graph.has_customers, inside[one]))]
    m.KEPT = pyo.Set(initialize=kept, ordered=True, doc="of those who are served as one, who have customers")
    m.held_on = pyo.Param(m.KEPT, m.T, mutable=True, initialize=0.0, doc="least supply, by who has it now")
    if m.on_min:
        m.all_supplied0 = pyo.Param(m.KEPT, mutable=True, initialize=0.0, doc="1: all LAs with customers have supply")
        m.on_reach = pyo.Param(m.T, m.T, mutable=True, initialize=0.0, doc="1: in a step, the least time on since one")
        m.begun = pyo.Var(m.KEPT, m.T, bounds=lambda m, one, t: (0, most[one]), doc="g, with supply, none before")
    if m.off_min:
        m.held_off = pyo.Param(m.KEPT, m.T, mutable=True, initialize=0.0, doc="1: lost supply too shortly before now")
        m.off_reach = pyo.Param(
            m.T, m.T, mutable=True, initialize=0.0, doc="1: in a step, the least time off since one"
        )


def set_horizon(m: Any, horizon: Horizon) -> None:
    """Who has supply now, for how many LAs d counts, and who is held."""
    if not (m.interruptions_asked or m.continuity_asked):
        return
    graph = horizon.graph
    for one, members in _members(m, graph).items():
        inside = [la for la in members if graph.has_customers(la)]
        shares = list(map(horizon.supplied_share, inside))
        m.supplied0[one] = sum(shares) if m.by_area else max(shares, default=0.0)
        for t in m.T if m.interruptions_asked else ():
            counted = float(bool(inside)) if m.by_area else float(len(inside)) if t else sum(shares)
            m.interrupted[one, t] = counted
        if m.continuity_asked and one in m.KEPT:
            _hold(m, horizon, one, inside)
    for name, minutes in (("on_reach", m.on_min), ("off_reach", m.off_min)) if m.continuity_asked else ():
        for u, t in getattr(m, name) if minutes else ():
            inside = u <= t < horizon.steps and horizon.start(t) < horizon.start(u) + minutes - MOMENT_MIN
            getattr(m, name)[u, t] = float(inside)


def _members(m: Any, graph: AreaGraph) -> dict[str, list[str]]:
    """Who is served as one, and the LAs that it counts; none if another LA counts it."""
    if not m.by_area:
        return graph.areas_in
    return {la: members if la == members[0] else [] for members in m.alike for la in members}


def _hold(m: Any, horizon: Horizon, one: str, inside: list[str]) -> None:
    """Who must keep supply and who must not have it, for what was before now."""
    section = horizon.graph.section.get(one, one)
    supplied = m.supplied0[one].value if horizon.holds_now and section not in horizon.graph.view.held else 0.0
    on_for = min((horizon.supplied_min(la) for la in inside if horizon.is_supplied(la)), default=0.0)
    dark = m.by_area or not horizon.is_live(one)
    off_for = min(map(horizon.interrupted_min, inside), default=math.inf) if dark else math.inf
    if m.on_min and inside:
        m.all_supplied0[one] = min(map(horizon.supplied_share, inside))
    for t in m.T:
        passed = horizon.start(t) - horizon.start(0)
        held = (m.keeps_served and t == 0) or on_for + passed < m.on_min - MOMENT_MIN
        m.held_on[one, t] = supplied * float(held and t < horizon.steps)
        if m.off_min:
            m.held_off[one, t] = float(off_for + passed < m.off_min - MOMENT_MIN and t < horizon.steps)


def holds_now(horizon: Horizon) -> bool:
    """Whether a horizon's plans must keep who has supply now."""
    asked = horizon.graph.objective.keeps_supply and "continuity" not in horizon.graph.options.without
    return asked and horizon.holds_now and any(map(horizon.is_supplied, horizon.graph.view.local_areas))


def interruptions(horizon: Horizon, steps: Sequence[PlanStep]) -> float:
    """How many LAs with customers lose supply at the start of a step, in part: the sum of the shares that do.

    Whose customers can be off in a live section and draw nothing in a step may be on or off in it: they stay as they
    were.
    """
    graph, lost = horizon.graph, 0.0
    of_step = shares_by_step(horizon, steps)
    for la in filter(graph.has_customers, graph.view.local_areas):
        before = horizon.supplied_share(la)
        for t, shares in enumerate(of_step):
            idle = graph.load_control != "section" and shares[la] > 0 and not horizon.demand_kw(la, t) > 0
            now = before if idle else shares[la]
            lost += max(0.0, before - now)
            before = now
    return lost
