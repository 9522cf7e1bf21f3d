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

from ...scenarios.schema.scenario import LoadControl
from ..exchange.plan import LocalAreaSetPoint, PlanStep
from .problem import AreaGraph, Horizon

SHARE_TOLERANCE = 1e-6
"""By how much less of a share than was decided may be served in the end: the solver keeps rows to 1e-7."""


def served_live(m, i, t):
    """Customers have supply in a live section only: n_{i,t} ≤ N_i X_{s,t}, N_i LAs like i counted by it."""
    return m.served[i, t] <= m.counted[i] * m.X[m.section[i], t]


def static_served(m, i, t):
    """A static plan serves one set of LAs while the window lasts (D14): n_{i,t} = n_{i,1}."""
    return m.served[i, t] == m.live[t] * m.served[i, 0] if t else pyo.Constraint.Skip


def growing_served(m, i, t):
    """A growing plan keeps everybody whom it restores while the window lasts: n_{i,t} ≥ n_{i,t−1}."""
    return m.served[i, t] >= m.live[t] * m.served[i, t - 1] if t else pyo.Constraint.Skip


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


def steps_of(horizon: Horizon, steps: Sequence[PlanStep]) -> list[int]:
    """The horizon's step that each step of a plan lies in; one put in for a transfer lies in the one it delays."""
    return [max(t for t in range(horizon.steps) if t == 0 or horizon.start(t) <= one.start_min) for one in steps]


def shares_by_step(horizon: Horizon, steps: Sequence[PlanStep]) -> list[dict[str, float]]:
    """LA → share of its demand that each step of a plan serves: what the plan says where customers can be off."""
    areas, control = horizon.graph.view.local_areas, horizon.graph.load_control
    at, found = steps_of(horizon, steps), list[dict[str, float]]()
    multiple = {la: multiples(horizon, steps, la) for la in areas} if control == "part" else {}
    for k, (step, t) in enumerate(zip(steps, at, strict=True)):
        live = set(step.energised_buses or ())
        drawn_kw = {la: horizon.demand_kw(la, t) * (multiple[la][k] if multiple else 1.0) for la in areas}
        found.append(
            {
                la: share_of(step.local_areas.get(la), drawn_kw[la], control) if area.buses[0] in live else 0.0
                for la, area in areas.items()
            }
        )
    return found


def share_of(area: LocalAreaSetPoint | None, drawn_kw: float, load_control: LoadControl) -> float:
    """Share of an LA's demand (all: ``drawn_kw``) that is to be served in a live section, as far as switches allow.

    By section nobody can be off; by area any demand that is served means all of it. No demand, no switching.
    """
    if load_control == "section" or area is None or area.demand_kw is None or not drawn_kw > 0:
        return 1.0
    return min(area.demand_kw / drawn_kw, 1.0) if load_control == "part" else float(area.demand_kw > 0)


def multiples(horizon: Horizon, steps: Sequence[PlanStep], la: str) -> list[float]:
    """What customers with supply draw in each step of a plan as a multiple of their LA's forecast.

    1 without cold load pick-up, and where the LA has no supply. A step put in for a transfer ends no spell: the plan
    counts without it.
    """
    if la not in horizon.graph.cold_load:
        return [1.0] * len(steps)
    bus, at = horizon.graph.view.local_areas[la].buses[0], steps_of(horizon, steps)
    supplied: dict[int, bool] = {}
    for t, step in zip(at, steps, strict=True):
        area = step.local_areas.get(la)
        off = area is not None and area.demand_kw == 0 and horizon.graph.load_control != "section"
        supplied[t] = bus in (step.energised_buses or ()) and not off
    by_area = horizon.graph.load_control != "section"
    begun = -1 if (horizon.is_supplied(la) if by_area else horizon.is_live(horizon.graph.section[la])) else None
    found: dict[int, float] = {}
    for t, has_supply in supplied.items():
        begun = (t if begun is None else begun) if has_supply else None
        found[t] = 1.0 if begun is None else 1.0 + horizon.cold_excess(la, begun, t)
    return [found[t] for t in at]
