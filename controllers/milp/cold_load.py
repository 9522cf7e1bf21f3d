"""Cold load pick-up in the dispatch centre's model: demand that depends on how long a section has been energised.

A *spell* is a run of steps in which a section is energised without a break; it begins at a step u ≥ 0, or u = −1 if the
section is energised now. w_{s,u,t} is 1 if section s is in spell u in step t; with X binary the three constraints below
leave w no other value than 0 or 1. What is drawn beyond the forecast is Σ_u κ_{s,u,t} w_{s,u,t}, κ being demand times
the mean excess over the step (``Horizon.cold_excess``). Objective (18) does not count it: it restores nobody.
"""

# pyright: basic
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyomo.environ as pyo

from ..exchange.messages import NetPowerPlan
from ..exchange.plan import Plan
from .problem import AreaGraph, Horizon


def spell_energised(m, s, t):
    """An energised section is in one spell, a dark one in none: Σ_{u≤t} w_{s,u,t} = X_{s,t}."""
    return sum(m.spell[s, u, t] for u in m.K if u <= t) == m.X[s, t]


def spell_goes_on(m, s, u, t):
    """A spell begun before goes on only where it was: w_{s,u,t} ≤ w_{s,u,t−1}, and w_{s,−1,1} ≤ X_s as measured."""
    if u >= t:
        return pyo.Constraint.Skip
    return m.spell[s, u, t] <= (m.spell[s, u, t - 1] if t else m.live0[s])


def spell_begins(m, s, t):
    """A spell begins only after a dark step: w_{s,t,t} ≤ 1 − X_{s,t−1}, and w_{s,1,1} ≤ 1 − X_s as measured."""
    return m.spell[s, t, t] <= 1 - (m.X[s, t - 1] if t else m.live0[s])


def contents(m: Any) -> dict[str, tuple]:
    """The family by name, where the dispatch centre plans with cold load pick-up."""
    if not m.cold_load_asked:
        return {}
    rules = ((spell_energised, (m.S, m.T)), (spell_goes_on, (m.S, m.K, m.T)), (spell_begins, (m.S, m.T)))
    return {"cold_load": rules}


def declare(m: Any, graph: AreaGraph) -> None:
    """Data and variables of the family."""
    m.cold_load_asked = bool(graph.cold_load)
    m.live0 = pyo.Param(m.S, mutable=True, initialize=0.0, doc="1: section energised now")
    if m.cold_load_asked:
        spells = [(u, t) for u in m.K for t in m.T if u <= t]
        m.spell = pyo.Var(m.S, spells, bounds=(0, 1), doc="section energised without a break since a step")
        for name, told in (
            ("cold_kw", "κ, excess of demand [kW]"),
            ("cold_kvar", "κ, reactive [kvar]"),
        ):
            setattr(m, name, pyo.Param(m.Z, spells, mutable=True, initialize=0.0, doc=told))


def excess(m: Any, power: Any, z: Any, t: int) -> Any:
    """Σ_u κ_{z,u,t} w_{s,u,t}: what a node draws beyond the forecast; ``power`` is m.cold_kw or m.cold_kvar."""
    s = m.node_section[z]
    return sum(power[z, u, t] * m.spell[s, u, t] for u in m.K if u <= t)


def set_horizon(m: Any, horizon: Horizon) -> None:
    """Which sections are energised now, and κ of a horizon."""
    for s in m.S:
        m.live0[s] = float(horizon.is_live(s))
    if not m.cold_load_asked:
        return
    for z, u, t in m.cold_kw:
        excesses = {la: horizon.cold_excess(la, u, t) for la in m.areas_at[z]}
        m.cold_kw[z, u, t] = sum(horizon.demand_kw(la, t) * more for la, more in excesses.items())
        m.cold_kvar[z, u, t] = sum(horizon.demand_kvar(la, t) * more for la, more in excesses.items())


def spell_of(m: Any, horizon: Horizon, s: str, t: int) -> int:
    """The spell of an energised section in a step of a solved model."""
    begun = t
    while begun > 0 and m.X[s, begun - 1].value > 0.5:
        begun -= 1
    return -1 if begun == 0 and horizon.is_live(s) else begun


def drawn(m: Any, horizon: Horizon, la: str, t: int) -> tuple[float, float]:
    """What an LA draws in a step of a solved model (kW, kvar) if its section is energised."""
    p_kw, q_kvar = horizon.demand_kw(la, t), horizon.demand_kvar(la, t)
    if not m.cold_load_asked or m.X[m.section[la], t].value < 0.5:
        return p_kw, q_kvar
    multiple = 1.0 + horizon.cold_excess(la, spell_of(m, horizon, m.section[la], t), t)
    return p_kw * multiple, q_kvar * multiple


def tell_multiples(orders: Iterable[NetPowerPlan], plan: Plan, horizon: Horizon) -> None:
    """Add to the orders of a plan, by step, what it counts with as a multiple of each LA's forecast demand."""
    for order in orders:
        la = order["local_area"]
        areas = [step.local_areas.get(la) for step in plan.steps]
        order["demand_multiple"] = [
            area.demand_kw / kw if area and area.demand_kw and (kw := horizon.demand_kw(la, t)) > 0 else 1.0
            for t, area in enumerate(areas)
        ]
