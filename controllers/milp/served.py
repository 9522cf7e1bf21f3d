"""Who is served in a live section: n_{i,t}, the customers of LA i, where load control lets them be off (`AreaGraph`).

With load control by area n is 0 or 1, in part any share of the LA's demand. By section nobody is off in a live section,
so there is no n: X says it all. LAs that are alike, in one section and with equal demand and value in every step, are
counted by the n of the first of them, up to N_i; the others have N_i = 0. ``share_out`` then tells them apart. Where
they lie, or since when they are supplied, matters to voltages, cold load pick-up and least times of supply: there each
counts itself.
"""

# pyright: basic
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyomo.environ as pyo

from ..exchange.plan import PlanStep
from .problem import AreaGraph, Horizon

SHARE_TOLERANCE = 1e-6
"""By how much less of a share than was decided may be served in the end: the solver keeps rows to 1e-7."""


def served_live(m, i, t):
    """Customers have supply in a live section only: n_{i,t} ≤ N_i X_{s,t}, N_i LAs like i counted by it."""
    return m.served[i, t] <= m.counted[i] * m.X[m.section[i], t]


def static_served(m, i, t):
    """A static plan serves one set of LAs while the window lasts (D14): n_{i,t} = n_{i,1}."""
    return m.served[i, t] == m.live[t] * m.served[i, 0] if t else pyo.Constraint.Skip


def as_one(m: Any) -> Any:
    """The set of those who are served as one: LAs, or sections."""
    return m.LA if m.by_area else m.S


def supply(m: Any) -> Any:
    """The variable that says who has supply: n by LA, or X by section."""
    return m.served if m.by_area else m.X


def declare(m: Any, graph: AreaGraph) -> None:
    """Data and variables, where customers can be off in a live section."""
    if not m.by_area:
        return
    wanted, without = graph.objective, graph.options.without
    timed = "continuity" not in without and wanted.min_on_min + wanted.min_off_min > 0
    m.each_alone = m.detailed or bool(graph.cold_load) or timed
    m.counted = pyo.Param(m.LA, mutable=True, initialize=1.0, doc="N, LAs that an LA counts: alike, or itself")
    most = {la: 1 if m.each_alone else len(graph.areas_in[graph.section[la]]) for la in m.LA}
    m.served = pyo.Var(
        m.LA,
        m.T,
        domain=pyo.NonNegativeReals if m.in_part else pyo.NonNegativeIntegers,
        bounds=lambda m, la, t: (0, most[la]),
        doc="LAs with supply, of those that an LA counts",
    )
    m.alike = [[la] for la in m.LA]


def set_horizon(m: Any, horizon: Horizon) -> None:
    """Find the LAs that are alike in a horizon."""
    if not m.by_area:
        return
    m.alike = [[la] for la in m.LA] if m.each_alone else _alike(m, horizon)
    for members in m.alike:
        for la in members:
            m.counted[la] = float(len(members)) if la == members[0] else 0.0


def _alike(m: Any, horizon: Horizon) -> list[list[str]]:
    """LAs by what the model knows of them, those with supply now first; bounds, or supply in part, set one apart."""
    groups: dict[tuple, list[str]] = {}
    apart = {la for name, la, _ in horizon.tightened.bounds if name == "served"}
    apart |= {la for la in m.LA if 0 < horizon.supplied_share(la) < 1}
    for la in sorted(m.LA, key=lambda la: not horizon.is_supplied(la)):
        demand = (tuple(of(la, t) for t in m.T) for of in (horizon.demand_kw, horizon.demand_kvar))
        worth = tuple(of(la, t) for of in (horizon.area_value_kwh, horizon.earlier_kwh) for t in m.T)
        groups.setdefault(
            (m.section[la], *demand, worth, horizon.graph.has_customers(la), la if la in apart else ""), []
        ).append(la)
    return list(groups.values())


def share_out(m: Any) -> None:
    """Say of each LA whether it is served, and free that of solver noise: of those that are alike the first ones are.

    So no LA is on and off in turn with another, and at most one of them is served in part.
    """
    if not m.by_area:
        return
    for members in m.alike:
        for t in m.T:
            left = float(m.served[members[0], t].value or 0.0) * (m.X[m.section[members[0]], t].value > 0.5)
            left = left if m.in_part else float(round(left))
            for la in members:
                share = min(1.0, max(0.0, left))
                m.served[la, t].set_value(share, skip_validation=True)
                left -= share


def hold(variable: Any, share: float) -> None:
    """Bound n of an LA to a share that was decided; one in part may come out a trifle lower."""
    variable.setlb(max(0.0, share - SHARE_TOLERANCE) if 0.0 < share < 1.0 else share)
    variable.setub(share)
    variable.set_value(share, skip_validation=True)


def served_shares(horizon: Horizon, step: PlanStep, t: int) -> dict[str, float]:
    """LA → share of its demand that step ``t`` of a plan serves: what the plan says where customers can be off."""
    graph, live = horizon.graph, set(step.energised_buses or ())
    return {
        la: _share(horizon, step, la, t) if graph.view.local_areas[la].buses[0] in live else 0.0
        for la in graph.view.local_areas
    }


def _share(horizon: Horizon, step: PlanStep, la: str, t: int) -> float:
    area, kw = step.local_areas.get(la), horizon.demand_kw(la, t)
    if horizon.graph.load_control == "section" or area is None or area.demand_kw is None or not kw > 0:
        return 1.0
    return min(1.0, area.demand_kw / kw) if horizon.graph.load_control == "part" else float(area.demand_kw > 0)


def shares_by_step(horizon: Horizon, steps: Sequence[PlanStep]) -> list[dict[str, float]]:
    """``served_shares`` of each step of a plan."""
    return [served_shares(horizon, step, t) for t, step in enumerate(steps)]
