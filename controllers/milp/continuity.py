"""Who keeps supply: what it costs to interrupt customers.

d_{i,t} is how many of the LAs that LA i counts (in part: which share of its customers) have supply in step t − 1 and
none in step t. Of LAs that are alike the first ones are served (``served.share_out``), so the fall of their number is
how many lose supply, and no other choice of them interrupts fewer: a count says it exactly. What was before the first
step is as measured. With load control by section X takes the place of n, and d counts sections.
"""

# pyright: basic
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyomo.environ as pyo

from ..exchange.plan import PlanStep
from .problem import AreaGraph, Horizon
from .served import as_one, shares_by_step, supply


def interruption_begins(m, s, t):
    """Who had supply before and has none is interrupted: d_{s,t} ≥ X_{s,t−1} − X_{s,t}, X_{s,0} as measured.

    With load control by area d_{i,t} ≥ n_{i,t−1} − n_{i,t}. No step past the window interrupts anybody.
    """
    has_supply = supply(m)
    before = has_supply[s, t - 1] if t else m.supplied0[s]
    return m.ended[s, t] >= m.live[t] * before - has_supply[s, t]


def contents(m: Any) -> dict[str, tuple]:
    """The family by name, where interruptions have a price."""
    return {"interruptions": ((interruption_begins, (as_one(m), m.T)),)} if m.interruptions_asked else {}


def declare(m: Any, graph: AreaGraph) -> None:
    """Data and variables of the family."""
    m.interruption_kwh = graph.objective.interruption_kwh
    m.interruptions_asked = m.interruption_kwh > 0 and "interruptions" not in graph.options.without
    if not m.interruptions_asked:
        return
    m.given["interruption_kwh"] = "c_int, price of an interruption of an LA [kWh]"
    now = "LAs with supply now, of those that an LA counts" if m.by_area else "1: section energised now"
    m.supplied0 = pyo.Param(as_one(m), mutable=True, initialize=0.0, doc=now)
    m.interrupted = pyo.Param(as_one(m), m.T, mutable=True, initialize=0.0, doc="LAs with customers that d counts for")
    m.ended = pyo.Var(
        as_one(m), m.T, bounds=lambda m, one, t: (0, supply(m)[one, t].ub), doc="d, with supply before, none now"
    )


def set_horizon(m: Any, horizon: Horizon) -> None:
    """Who has supply now, and for how many LAs d counts."""
    if not m.interruptions_asked:
        return
    if m.by_area:
        for members in m.alike:
            for la in members:
                m.supplied0[la] = sum(map(horizon.supplied_share, members)) if la == members[0] else 0.0
                for t in m.T:
                    m.interrupted[la, t] = float(horizon.graph.has_customers(la))
        return
    for s in m.S:
        inside = [la for la in horizon.graph.areas_in[s] if horizon.graph.has_customers(la)]
        m.supplied0[s] = float(horizon.is_live(s))
        for t in m.T:
            m.interrupted[s, t] = float(len(inside) if t else sum(map(horizon.is_supplied, inside)))


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
