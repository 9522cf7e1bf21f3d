"""Cold load pick-up in the dispatch centre's model: demand that depends on how long customers have had supply.

A *spell* is a run of steps in which a section is energised without a break; it begins at a step u ≥ 0, or u = −1 if the
section is energised now. w_{s,u,t} is 1 if section s is in spell u in step t; with X binary the three constraints below
leave w no other value than 0 or 1. What is drawn beyond the forecast is Σ_u κ_{s,u,t} w_{s,u,t}, κ being demand times
the mean excess over the step (``Horizon.cold_excess``). Objective (18) does not count it: it restores nobody.

With load control by area a spell is an LA's and begins when its customers get supply: n_{i,t} takes the place of
X_{s,t} in all of this, i that of s.
"""

# pyright: basic
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyomo.environ as pyo

from ..exchange.messages import NetPowerPlan
from ..exchange.plan import Plan
from .problem import AreaGraph, Horizon
from .served import SHARE_TOLERANCE, as_one, steps_of, supply


def spell_energised(m, s, t):
    """An energised section is in one spell, a dark one in none: Σ_{u≤t} w_{s,u,t} = X_{s,t}."""
    return sum(m.spell[s, u, t] for u in m.K if u <= t) == supply(m)[s, t]


def spell_goes_on(m, s, u, t):
    """A spell begun before goes on only where it was: w_{s,u,t} ≤ w_{s,u,t−1}, and w_{s,−1,1} ≤ X_s as measured."""
    if u >= t:
        return pyo.Constraint.Skip
    return m.spell[s, u, t] <= (m.spell[s, u, t - 1] if t else m.live0[s])


def spell_begins(m, s, t):
    """A spell begins only after a dark step: w_{s,t,t} ≤ 1 − X_{s,t−1}, and w_{s,1,1} ≤ 1 − X_s as measured."""
    return m.spell[s, t, t] <= 1 - (supply(m)[s, t - 1] if t else m.live0[s])


def contents(m: Any) -> dict[str, tuple]:
    """The family by name, where the dispatch centre plans with cold load pick-up."""
    if not m.cold_load_asked:
        return {}
    V = as_one(m)
    rules = ((spell_energised, (V, m.T)), (spell_goes_on, (V, m.K, m.T)), (spell_begins, (V, m.T)))
    return {"cold_load": rules}


def declare(m: Any, graph: AreaGraph) -> None:
    """Data and variables of the family."""
    m.cold_load_asked = bool(graph.cold_load)
    now = "LAs with supply now, of those that an LA counts" if m.by_area else "1: section energised now"
    m.live0 = pyo.Param(as_one(m), mutable=True, initialize=0.0, doc=now)
    if m.cold_load_asked:
        spells = [(u, t) for u in m.K for t in m.T if u <= t]
        m.spell = pyo.Var(as_one(m), spells, bounds=(0, 1), doc="with supply without a break since a step")
        for name, told in (
            ("cold_kw", "κ, excess of demand [kW]"),
            ("cold_kvar", "κ, reactive [kvar]"),
        ):
            setattr(m, name, pyo.Param(m.LA if m.by_area else m.Z, spells, mutable=True, initialize=0.0, doc=told))


def excess(m: Any, unit: str, z: Any, t: int) -> Any:
    """Σ_u κ_{z,u,t} w_{s,u,t}: what a node draws beyond the forecast, in ``kw`` or ``kvar``; 0 if planned without."""
    if not m.cold_load_asked:
        return 0.0
    power = {"kw": m.cold_kw, "kvar": m.cold_kvar}[unit]
    if m.by_area:
        return sum(power[i, u, t] * m.spell[i, u, t] for i in m.areas_at[z] for u in m.K if u <= t)
    s = m.node_section[z]
    return sum(power[z, u, t] * m.spell[s, u, t] for u in m.K if u <= t)


def set_horizon(m: Any, horizon: Horizon) -> None:
    """Who has supply now, and κ of a horizon."""
    if m.by_area:
        for members in m.alike:
            for la in members:
                m.live0[la] = float(sum(map(horizon.is_supplied, members))) if la == members[0] else 0.0
    else:
        for s in m.S:
            m.live0[s] = float(horizon.is_live(s))
    if not m.cold_load_asked:
        return
    for z, u, t in m.cold_kw:
        excesses = {la: horizon.cold_excess(la, u, t) for la in ([z] if m.by_area else m.areas_at[z])}
        m.cold_kw[z, u, t] = sum(horizon.demand_kw(la, t) * more for la, more in excesses.items())
        m.cold_kvar[z, u, t] = sum(horizon.demand_kvar(la, t) * more for la, more in excesses.items())


def spell_of(m: Any, horizon: Horizon, la: str, t: int) -> int:
    """The spell of an LA with supply in a step of a solved model."""
    one, has_supply, begun = la if m.by_area else m.section[la], supply(m), t
    least = SHARE_TOLERANCE if m.in_part else 0.5
    while begun > 0 and has_supply[one, begun - 1].value > least:
        begun -= 1
    now = horizon.is_supplied(la) if m.by_area else horizon.is_live(one)
    return -1 if begun == 0 and now else begun


def drawn(m: Any, horizon: Horizon, la: str, t: int) -> tuple[float, float]:
    """What an LA draws in a step of a solved model (kW, kvar) if its section is energised."""
    p_kw, q_kvar = horizon.demand_kw(la, t), horizon.demand_kvar(la, t)
    if m.by_area:
        p_kw, q_kvar = p_kw * m.served[la, t].value, q_kvar * m.served[la, t].value
    if not m.cold_load_asked or m.X[m.section[la], t].value < 0.5:
        return p_kw, q_kvar
    multiple = 1.0 + horizon.cold_excess(la, spell_of(m, horizon, la, t), t)
    return p_kw * multiple, q_kvar * multiple


def tell_multiples(orders: Iterable[NetPowerPlan], plan: Plan, horizon: Horizon) -> None:
    """Add to the orders of a plan, by step, what it counts with as a multiple of each LA's forecast demand."""
    for order in orders:
        la = order["local_area"]
        areas = [step.local_areas.get(la) for step in plan.steps]
        order["demand_multiple"] = [
            area.demand_kw / kw if area and area.demand_kw and (kw := horizon.demand_kw(la, t) * share) > 0 else 1.0
            for t, area, share in zip(steps_of(horizon, plan.steps), areas, order["served"], strict=True)
        ]
