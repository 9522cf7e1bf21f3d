"""A limit on what an island picks up at the start of a step: a share of its balance unit's rating.

What sections newly draw flows along the edges of the energised forest to the section that holds the balance unit, which
takes no more than its limit. Islands are trees with one balance unit, so that is: the sum over the island ≤ the limit.
Where balance units may stay shared (``build_model`` without voltages) the limit is shared like them; the planner then
gives the island a balance unit that keeps it, or turns to the detailed model.
"""

# pyright: basic
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyomo.environ as pyo

from .cold_load import drawn
from .problem import AreaGraph, Horizon
from .served import as_one, supply

TOLERANCE_KW = 1e-6


def pick_up_begins(m, s, t):
    """A section is picked up when it was dark before: v_{s,t} ≥ X_{s,t} − X_{s,t−1}, X_{s,0} as measured.

    With load control by area its LAs are, one by one: v_{i,t} ≥ n_{i,t} − n_{i,t−1}.
    """
    has_supply = supply(m)
    return m.newly[s, t] >= has_supply[s, t] - (has_supply[s, t - 1] if t else m.live0[s])


def pick_up_carried(m, s, t):
    """New demand flows to the balance unit: D_{s,t} v_{s,t} + R_{s,t} X_{s,t} + Σ_in h − Σ_out h = a_{s,t}, kW.

    D is all demand of the section with cold load pick-up, R that of customers who are shed though it is energised. With
    load control by area Σ_i D_{i,t} v_{i,t} takes the place of both.
    """
    if m.by_area:
        new = sum(m.new_kw[i, t] * m.newly[i, t] for i in m.areas_in[s])
    else:
        new = m.new_kw[s, t] * m.newly[s, t] + m.rejoining_kw[s, t] * m.X[s, t]
    return (
        new + sum(m.carry[k, t] for k in m.links_into[s]) - sum(m.carry[k, t] for k in m.links_from[s])
        == (m.taken[s, t])
    )


def pick_up_flow_max(m, k, t):
    """It flows over edges only: h_{l,t} ≤ M a_{l,t}, M the largest limit of any balance unit."""
    return m.carry[k, t] <= m.most_taken_kw * m.edge[k, t]


def pick_up_flow_min(m, k, t):
    """It flows over edges only: −M a_{l,t} ≤ h_{l,t}."""
    return m.carry[k, t] >= -m.most_taken_kw * m.edge[k, t]


def pick_up_limit(m, s, t):
    """A balance unit takes a share of its rating: a_{s,t} ≤ λ Σ_{i∈s} S_i r_{i,t}."""
    return m.taken[s, t] <= sum(m.taken_max_kw[i] * m.root[i, t] for i in m.roots_in[s])


def contents(m: Any) -> dict[str, tuple]:
    """The family by name, where a limit is asked for."""
    if not m.pick_up_asked:
        return {}
    rules = (
        (pick_up_begins, (as_one(m), m.T)),
        (pick_up_carried, (m.S, m.T)),
        (pick_up_flow_max, (m.SWITCH, m.T)),
        (pick_up_flow_min, (m.SWITCH, m.T)),
        (pick_up_limit, (m.S, m.T)),
    )
    return {"pick_up": rules}


def declare(m: Any, graph: AreaGraph) -> None:
    """Data and variables of the family."""
    limited = graph.options.pick_up_limit_pct is not None or graph.ess_pick_up_pct is not None
    m.pick_up_asked = limited and "pick_up" not in graph.options.without
    if not m.pick_up_asked:
        return
    m.taken_max_kw = {i: most_taken_kw(graph, i) for i in m.ROOT}
    m.most_taken_kw = max(m.taken_max_kw.values(), default=0.0)
    m.newly = pyo.Var(as_one(m), m.T, bounds=lambda m, one, t: (0, supply(m)[one, t].ub), doc="with supply anew")
    m.carry = pyo.Var(m.SWITCH, m.T, bounds=(-m.most_taken_kw, m.most_taken_kw), doc="new demand on an edge [kW]")
    m.taken = pyo.Var(m.S, m.T, bounds=(0, m.most_taken_kw), doc="new demand of an island, at its balance unit [kW]")
    m.new_kw = pyo.Param(as_one(m), m.T, mutable=True, initialize=0.0, doc="demand that is picked up [kW]")
    if not m.by_area:
        m.rejoining_kw = pyo.Param(m.S, m.T, mutable=True, initialize=0.0, doc="of its shed LAs [kW]")


def most_taken_kw(graph: AreaGraph, la: str) -> float:
    """Most that an island picks up at once with its balance unit in an LA: as asked of plans, and as its ESS can.

    Without a limit it is all that can ever flow.
    """
    rating, asked_pct = balance_rating_kva(graph, la), graph.options.pick_up_limit_pct
    limits = [] if asked_pct is None else [asked_pct / 100 * rating]
    if graph.ess_pick_up_pct is not None and formed_by_ess(graph, la):
        limits.append(graph.ess_pick_up_pct / 100 * rating)
    return min(limits, default=graph.capacity_kva)


def formed_by_ess(graph: AreaGraph, la: str) -> bool:
    """Whether an ESS forms the voltage where an LA holds the balance unit: ESSs come before NBSUs (D11)."""
    view = graph.view
    return la not in graph.live_infeed_kva and any(view.local_area_of_unit(ess) == la for ess in view.ess)


def balance_rating_kva(graph: AreaGraph, la: str) -> float:
    """Rating of the unit that forms voltage where an LA holds the balance unit.

    A live infeed, else the first of its ESSs, else of its NBSUs, in the fixed order (D11); of NBSUs that the dispatch
    centre starts one by one the smallest, for any of them may be the one on line.
    """
    view = graph.view
    if la in graph.live_infeed_kva:
        return graph.live_infeed_kva[la]
    inside = [u for u in view.balance_order if view.local_area_of_unit(u) == la and u not in view.infeeds]
    if inside[0] in view.nbsu and graph.per_device:
        return min(view.units[u].s_kva for u in inside)
    return view.units[inside[0]].s_kva


def set_horizon(m: Any, horizon: Horizon) -> None:
    """What sections, or LAs, newly draw in each step of a horizon."""
    if not m.pick_up_asked:
        return
    for s, t in m.new_kw:
        of_step = {
            la: max(horizon.demand_kw(la, t), 0.0) * (1.0 + horizon.cold_excess(la, t, t))
            for la in ([s] if m.by_area else horizon.graph.areas_in[s])
        }
        m.new_kw[s, t] = sum(of_step.values())
        if m.by_area:
            continue
        shed = [la for la in of_step if t == 0 and horizon.psc[la]["shed"]]
        m.rejoining_kw[s, t] = sum(of_step[la] for la in shed) if horizon.is_live(s) else 0.0


def keeps_limit(m: Any, horizon: Horizon, la: str, areas: Iterable[str], t: int) -> bool:
    """Whether an island of these LAs, its balance unit in ``la``, keeps its limit in a step of a solved model."""
    if not m.pick_up_asked:
        return True
    new_kw = sum(max(drawn(m, horizon, i, t)[0], 0.0) * _new_share(m, horizon, i, t) for i in areas)
    return new_kw <= m.taken_max_kw[la] + TOLERANCE_KW


def _new_share(m: Any, horizon: Horizon, la: str, t: int) -> float:
    """Share of what an LA draws in a step that it did not draw before."""
    if m.by_area:
        now = m.served[la, t].value
        before = m.served[la, t - 1].value if t else float(horizon.is_supplied(la))
        return max(0.0, now - before) / now if now > 0 else 0.0
    s = m.section[la]
    before = m.X[s, t - 1].value > 0.5 if t else horizon.is_live(s)
    return float(not before or (t == 0 and horizon.psc[la]["shed"]))
