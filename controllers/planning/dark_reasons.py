"""Why a plan restores nothing, or leaves a section dark that could be alone, in one sentence that people understand.

What is necessary for any supply is looked at first: customers, a unit that forms voltage, a way, enough power. Where
that is there, the model is asked whether anything at all could be served, with one limit waived at a time: the first
that makes it possible is the cause. If none does, several limits together forbid it, and that is what is said.
"""

# pyright: basic
from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import networkx as nx
import pyomo.environ as pyo

from ...scenarios.view import GridView, without_faults
from ..exchange.plan import Plan
from ..milp.model import build_model, set_horizon
from ..milp.pick_up import most_taken_kw
from ..milp.problem import AreaGraph, Horizon
from ..milp.served import supply
from ..milp.stricter_limits import NOTHING_KNOWN
from ..solver.highs import KeptSolver
from .stage import Wanted

AMPLE = 10.0
"""Size of a source that is no limit, in peaks of all demand."""
MOST_TOLD = 3
"""Sections left dark that are told of."""
SERVED_LEAST = 1e-3
"""Share of an area, or of a section, that counts as served."""
SEVERAL = "several limits together forbid it, none of them alone"


@dataclass(frozen=True)
class _Waiver:
    """A limit, what the question becomes without it, and how to tell that it is the cause."""

    waived: Callable[[Horizon, Wanted], tuple[Horizon, Wanted]]
    told: Callable[[Horizon], str]


def why_dark(plan: Plan, horizon: Horizon, wanted: Wanted, *, by_rules: bool = False, sections: bool = True) -> str:
    """Why a plan restores nobody, or else, if ``sections`` are asked for, why some stay dark in it that could be alone;
    empty: neither is so.

    ``horizon`` is what was planned for before any check taught anything. ``by_rules``: no solver made the plan.
    """
    graph = horizon.graph
    lost = [la for la in graph.view.local_areas if la in graph.view.lost_areas]
    if not lost:
        return ""
    if not plan.energy_kwh(lost) > 0:
        if plan.checks:
            kinds = ", ".join(dict.fromkeys(kind for check in plan.checks for kind in check.violations_by_kind))
            return f"nothing is restored: no plan that was tried passes its check by power flow ({kinds})"
        possible = "what could be served is worth less than the operations and interruptions that it takes"
        if plan.status != "optimal":
            possible = "a plan that serves somebody exists, but the search for it was stopped by its limits"
        if by_rules:
            possible = "there is a plan, but the rules of the strategy do not find it"
        return f"nothing is restored: {_why_nothing(horizon, wanted, possible)}"
    if not sections:
        return ""
    live = {graph.view.local_area_of_bus[bus] for step in plan.steps for bus in step.energised_buses or ()}
    dark = [s for s, las in graph.areas_in.items() if live.isdisjoint(las) and not set(las).isdisjoint(lost)]
    possible = "alone it could be served, but for less than operations and the gap of the plan are worth"
    if plan.checks:
        possible = "alone it could be served, but it was left out after checks by power flow"
    told = []
    for s in dark:
        if s in graph.view.held:
            if _draws(horizon, s) > 0:
                told.append(f"section {s} stays dark: {_held_by(graph.view, [s])}")
            continue
        alone = horizon.of_section(s)
        if _formers(alone) and _draws(alone, s) > 0:
            told.append(f"section {s} stays dark: {_why_nothing(alone, wanted, possible)}")
    more = [f"and {len(told) - MOST_TOLD} more sections stay dark"] if len(told) > MOST_TOLD else []
    return "; ".join(told[:MOST_TOLD] + more)


def _why_nothing(horizon: Horizon, wanted: Wanted, told_if_possible: str) -> str:
    """Why nobody can be served, or what to tell if somebody could."""
    needed = (_no_customers, _no_former, _no_way, _no_power)
    if why := next(filter(None, (check(horizon) for check in needed)), ""):
        return why
    until = time.perf_counter() + horizon.graph.options.time_limit_s
    possible = _can_serve(horizon, wanted, until)
    if possible:
        return told_if_possible
    for waiver in WAIVERS:
        if possible is None:
            return "the solver was stopped before the reason was found"
        possible = _can_serve(*waiver.waived(horizon, wanted), until)
        if possible:
            return waiver.told(horizon)
    return SEVERAL


def _can_serve(horizon: Horizon, wanted: Wanted, until: float) -> bool | None:
    """Whether there is any plan that serves somebody in the outage area at some time; None: not found in time."""
    graph = horizon.graph
    m = build_model(
        graph, wanted.steps, wanted.static, form=horizon.tightened.form,
        constant_power=wanted.constant_power, growing=wanted.growing, closing=wanted.closing,
    )  # fmt: skip
    set_horizon(m, horizon)
    lost = [la for la in graph.view.local_areas if la in graph.view.lost_areas]
    ones = lost if m.by_area else list(dict.fromkeys(graph.section[la] for la in lost))
    drawing = [(one, t) for one in ones for t in range(horizon.steps) if _demand(horizon, one, t, m.by_area) > 0]
    m.somebody = pyo.Constraint(expr=sum(supply(m)[index] for index in drawing) >= SERVED_LEAST)
    limits = {"mip_rel_gap": math.inf, "mip_max_nodes": graph.options.node_limit}
    found = KeptSolver(m, limits).solve(until=until)
    if found.status == "none":
        return False if "infeasible" in found.reason else None
    return True


def _demand(horizon: Horizon, one: str, t: int, by_area: bool) -> float:
    return sum(horizon.demand_kw(la, t) for la in ([one] if by_area else horizon.graph.areas_in[one]))


# -- what is necessary ------------------------------------------------------------------------------------------------


def _draws(horizon: Horizon, section: str) -> float:
    """Largest demand of a section's lost areas, kW."""
    lost = [la for la in horizon.graph.areas_in[section] if la in horizon.graph.view.lost_areas]
    return max(sum(horizon.demand_kw(la, t) for la in lost) for t in range(horizon.steps))


def _no_customers(horizon: Horizon) -> str:
    drawing = any(_draws(horizon, s) > 0 for s in horizon.graph.view.sections)
    return "" if drawing else "nobody in the outage area draws power in what is left of the window"


def _formers(horizon: Horizon) -> list[str]:
    """Sections in which voltage can be formed from nothing, or is there: by an ESS, a live infeed, an NBSU on line."""
    graph = horizon.graph
    able = [
        *graph.live_infeed_kva,
        *(source.local_area for source in graph.sources.values() if source.parameters.s_ess_kva > 0),
        *(i.local_area for i in _nbsu(graph) if horizon.state(i.id)["nbsu_state"] == "online"),
    ]
    return list(dict.fromkeys(graph.section[la] for la in able if graph.section[la] not in graph.view.held))


def _held_by(view: GridView, sections: Iterable[str]) -> str:
    faults = dict.fromkeys(one for section in sections for one in view.held[section])
    return f"held by the fault on {_listed(list(faults))}"


def _nbsu(graph: AreaGraph) -> Iterator[Any]:
    return (source for source in graph.sources.values() if source.parameters.s_nbsu_kva > 0)


def _no_former(horizon: Horizon) -> str:
    if _formers(horizon):
        return ""
    there = sorted({unit.kind for unit in horizon.graph.view.units.values() if unit.kind in ("pv", "nbsu")})
    names = {"pv": "PV", "nbsu": "units that cannot black-start"}
    more = f"; there are only {' and '.join(names[kind] for kind in there)}" if there else ""
    view = horizon.graph.view
    held = {view.section_of_bus[unit.bus] for unit in (*view.ess.values(), *view.infeeds.values())} & set(view.held)
    if held:
        more = f"; those that could are {_held_by(view, [s for s in view.held if s in held])}"
    return f"no unit can form voltage (a storage or a live infeed){more}"


def _reached(horizon: Horizon) -> dict[str, set[str]]:
    """Section that can form voltage → sections that branches without a fault could join to it."""
    graph = horizon.graph
    ways = nx.Graph()
    ways.add_nodes_from(graph.view.sections)
    ways.add_edges_from((graph.section[link.i], graph.section[link.j]) for link in graph.links.values())
    ways.remove_nodes_from(graph.view.held)
    return {s: set(nx.node_connected_component(ways, s)) for s in _formers(horizon) if s in ways}


def _no_way(horizon: Horizon) -> str:
    graph, reached = horizon.graph, _reached(horizon)
    there = set[str]().union(*reached.values())
    if any(_draws(horizon, s) > 0 for s in there):
        return ""
    view, home = graph.view, graph.view.section_of_bus
    shut = [b for b in view.branches.values() if b.faulted and not there.isdisjoint((home[b.from_bus], home[b.to_bus]))]
    faulted, isolating = ([b.id for b in shut if b.isolates is isolates] for isolates in (False, True))
    because = [f"{_listed(faulted)} faulted or locked"] if faulted else []
    if isolating:
        because.append(f"{_listed(isolating)} open for what is {_held_by(view, view.held)}")
    told = f": {', '.join(because)}" if because else ""
    return f"no switch that can be closed leads from a unit that forms voltage to customers{told}"


def _no_power(horizon: Horizon) -> str:
    """Whoever is served is in an island with a section that forms voltage; its sources are those that can be joined."""
    steps = range(horizon.steps)
    for s, joined in _reached(horizon).items():
        if horizon.is_live(s) or any(_least_kw(horizon, s, t) <= _most_kw(horizon, joined, t) for t in steps):
            return ""
    return _sources(horizon)


def _least_kw(horizon: Horizon, section: str, t: int) -> float:
    """Least that a live section draws in a step: nothing where its customers can be off."""
    if horizon.graph.load_control != "section":
        return 0.0
    kw = sum(horizon.demand_kw(la, t) for la in horizon.graph.areas_in[section])
    return kw * horizon.loss_factor(section) * (1 - 1e-6)


def _most_kw(horizon: Horizon, sections: Iterable[str], t: int) -> float:
    """Most that the sources of sections could give in a step."""
    graph, inside = horizon.graph, set(sections)
    here = [i for i, source in graph.sources.items() if graph.section[source.local_area] in inside]
    parameters = (graph.sources[i].parameters for i in here)
    units = sum(p.s_ess_min_kva + p.s_nbsu_kva for p in parameters) + sum(horizon.pv_kw(i, t) for i in here)
    return units + sum(kva for la, kva in graph.live_infeed_kva.items() if graph.section[la] in inside)


# -- what can be waived -----------------------------------------------------------------------------------------------


def _on_graph(change: Callable[[AreaGraph], AreaGraph]) -> Callable[[Horizon, Wanted], tuple[Horizon, Wanted]]:
    return lambda horizon, wanted: (replace(horizon, graph=change(horizon.graph)), wanted)


def _without(*families: str) -> Callable[[Horizon, Wanted], tuple[Horizon, Wanted]]:
    return _on_graph(
        lambda graph: replace(
            graph, options=graph.options.model_copy(update={"without": (*graph.options.without, *families)})
        )
    )


def _any_loading(graph: AreaGraph) -> AreaGraph:
    return replace(graph, limits=graph.limits.model_copy(update={"max_loading_pct": math.inf}))


def _no_reactive(horizon: Horizon, wanted: Wanted) -> tuple[Horizon, Wanted]:
    """Nothing draws or gives reactive power."""
    view = horizon.graph.view
    still = replace(
        view,
        buses={key: replace(bus, shunt_kvar=0.0) for key, bus in view.buses.items()},
        branches={key: replace(branch, charging_kvar=0.0) for key, branch in view.branches.items()},
    )
    psc: dict[str, Any] = {
        la: {**message, "demand_q_kvar": [0.0] * len(message["demand_q_kvar"])} for la, message in horizon.psc.items()
    }
    return replace(horizon, graph=replace(horizon.graph, view=still), psc=psc), wanted


def _ample_stores(horizon: Horizon, wanted: Wanted) -> tuple[Horizon, Wanted]:
    """Stores with energy and room for all demand."""
    peak_kw = _peak_kw(horizon)
    kwh = AMPLE * peak_kw * max(1.0, (horizon.end_min - horizon.start(0)) / 60)

    def filled(state: Mapping[str, Any]) -> dict[str, Any]:
        devices = {"devices": {u: filled(one) for u, one in state["devices"].items()}} if "devices" in state else {}
        return {
            **state,
            "discharge_kwh": state["discharge_kwh"] + kwh,
            "charge_kwh": state["charge_kwh"] + kwh,
            **devices,
        }

    psc: dict[str, Any] = {la: filled(message) for la, message in horizon.psc.items()}
    return replace(horizon, psc=psc), wanted


def _ample_sources(horizon: Horizon, wanted: Wanted) -> tuple[Horizon, Wanted]:
    """Stores, generators and infeeds that could each give all demand, and stores with the energy for it."""
    view, kva = horizon.graph.view, AMPLE * _peak_kw(horizon)
    large = replace(
        view,
        ess={u: replace(one, s_kva=max(one.s_kva, kva)) for u, one in view.ess.items()},
        nbsu={u: replace(one, s_kva=max(one.s_kva, kva)) for u, one in view.nbsu.items()},
        infeeds={u: replace(one, s_kva=max(one.s_kva, kva)) for u, one in view.infeeds.items()},
    )
    return _ample_stores(replace(horizon, graph=replace(horizon.graph, view=large)), wanted)


def _peak_kw(horizon: Horizon) -> float:
    las = horizon.graph.view.local_areas
    return max(sum(math.hypot(horizon.demand_kw(la, t), horizon.demand_kvar(la, t)) for la in las) for t in
               range(horizon.steps))  # fmt: skip


def _no_faults(horizon: Horizon, wanted: Wanted) -> tuple[Horizon, Wanted]:
    """Every switch can be operated, and all that is held dark could be energised."""
    view = horizon.graph.view
    sound = {key: replace(b, faulted=b.faulted and not b.switchable) for key, b in view.branches.items()}
    closed = {key: horizon.closed.get(key, False) for key, b in sound.items() if b.switchable}
    graph = replace(horizon.graph, view=replace(without_faults(view), branches=sound))
    return replace(horizon, graph=graph, closed=closed, tightened=NOTHING_KNOWN), wanted


def _free_of_strategy(horizon: Horizon, wanted: Wanted) -> tuple[Horizon, Wanted]:
    return horizon, Wanted(wanted.steps)


def _sources(horizon: Horizon) -> str:
    return f"{_smallest(horizon)}, the largest source gives {_power(_largest_kva(horizon.graph.view), 'VA')}"


def _first_sources(horizon: Horizon) -> str:
    """Sources are large enough together, but somebody must begin."""
    view = horizon.graph.view
    most = _largest_kva(view, forming={*view.ess, *view.infeeds})
    return f"{_smallest(horizon)}, the largest unit that forms voltage from nothing gives {_power(most, 'VA')}"


def _largest_kva(view: GridView, forming: set[str] | None = None) -> float:
    units = (unit for unit in view.units.values() if forming is None or unit.id in forming)
    return max((u.s_kva for u in units if u.id not in view.infeeds or view.infeeds[u.id].live), default=0.0)


def _smallest(horizon: Horizon) -> str:
    """The least that would have to be served at once where voltage can be formed."""
    graph, steps = horizon.graph, range(horizon.steps)
    start = [s for s in _formers(horizon) if _draws(horizon, s) > 0] or list(graph.view.sections)
    by_area = graph.load_control != "section"
    ones = [la for s in start for la in graph.areas_in[s]] if by_area else start
    least = [min(_demand(horizon, one, t, by_area) for t in steps) for one in ones]
    kw = min((kw for kw in least if kw > 0), default=0.0)
    what = "area" if by_area else "section that could be live"
    return f"the smallest {what} draws {_power(kw, 'W')}" if len(ones) > 1 else f"{ones[0]} draws {_power(kw, 'W')}"


def _pick_up(horizon: Horizon) -> str:
    graph = horizon.graph
    roots = [la for la in graph.view.local_areas if graph.section[la] in _formers(horizon)]
    able = [la for la in roots if la in graph.live_infeed_kva or any(graph.view.local_area_of_unit(u) == la for u in
            (*graph.view.ess, *graph.view.nbsu))]  # fmt: skip
    most = max((most_taken_kw(graph, la) for la in able), default=0.0)
    return (
        f"{_smallest(horizon)} at once, and no unit that forms voltage takes more than {_power(most, 'W')} in one step "
        "(pick-up limit)"
    )


def _faults(horizon: Horizon) -> str:
    view = horizon.graph.view
    shut = [b.id for b in view.branches.values() if b.faulted and b.switchable]
    if view.held:
        return f"what would be needed is {_held_by(view, view.held)}"
    return f"a switch that would be needed cannot be closed ({_listed(shut) or 'its section is held dark'})"


WAIVERS = (
    _Waiver(_without("pick_up"), _pick_up),
    _Waiver(_no_reactive, lambda horizon: "the sources cannot give, or take, the reactive power that it needs"),
    _Waiver(_without("voltage"), lambda horizon: "voltage would leave its limits"),
    _Waiver(_on_graph(_any_loading), lambda horizon: "a branch would be loaded beyond its rating"),
    _Waiver(
        _free_of_strategy,
        lambda horizon: "the strategy keeps what it restores, and no choice of that lasts to the end of the window",
    ),
    _Waiver(
        _ample_stores, lambda horizon: f"{_smallest(horizon)}, and too little energy is in store for one step of it"
    ),
    _Waiver(_ample_sources, _first_sources),
    _Waiver(_no_faults, _faults),
)
"""In the order in which they are asked: those that mean more than one limit come later."""


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _power(kilo: float, unit: str) -> str:
    return f"{kilo / 1000:.1f} M{unit}" if kilo >= 1000 else f"{kilo:.0f} k{unit}"
