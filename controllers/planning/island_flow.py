"""Linear power flow (34), (37) of a decided plan along the trees of its islands: does every flow and voltage fit?

The planner leaves voltages, and flows inside sections, out of its model as long as this check passes.
"""

# pyright: basic
from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from ..milp.cold_load import drawn
from ..milp.problem import AreaGraph, Horizon

FLOW_TOLERANCE_KVA = 1e-4
VOLTAGE_TOLERANCE_PU2 = 1e-9


@dataclass(frozen=True)
class LinearIslandFlow:
    """An island in one step: squared voltages (p.u.²) by its first LA's, as a multiple (``gain``, off 1 behind
    transformers) and what is added to it (``relative_u``); flows (kW, kvar) of its links, the links loaded beyond their
    limits, and what all of it draws (kW, kvar) beyond what it gives."""

    step: int
    areas: list[str]
    gain: dict[str, float]
    relative_u: dict[str, float]
    flows: dict[str, tuple[float, float]]
    overloaded: list[str]
    drawn: tuple[float, float]

    def u(self, graph: AreaGraph, reference: str) -> dict[str, float]:
        """Squared voltages (p.u.²) when that LA holds its reference: all of an island go together."""
        first = (graph.reference_vm_pu[reference] ** 2 - self.relative_u[reference]) / self.gain[reference]
        return {la: u + self.gain[la] * first for la, u in self.relative_u.items()}

    def holds(self, horizon: Horizon, reference: str) -> bool:
        """Whether every voltage fits when that LA holds its reference."""
        limits, known, t = horizon.graph.limits, horizon.tightened, self.step
        least, most = limits.vm_min_pu**2, limits.vm_max_pu**2
        return all(
            known.u_least.get((la, t), least) - VOLTAGE_TOLERANCE_PU2
            <= u
            <= known.bounds.get(("U", la, t), (0.0, most))[1] + VOLTAGE_TOLERANCE_PU2
            for la, u in self.u(horizon.graph, reference).items()
        )

    def way(self, graph: AreaGraph, start: str, end: str) -> list[tuple[str, str, str]]:
        """Links from one LA of the island to another, each with its LA nearer to the start and the one beyond."""
        tree = nx.Graph((graph.links[k].i, graph.links[k].j, {"link": k}) for k in self.flows)
        if start == end:
            return []
        passed = nx.shortest_path(tree, start, end)
        return [(tree[one][other]["link"], one, other) for one, other in itertools.pairwise(passed)]


def island_flows(m: Any, horizon: Horizon, t: int) -> list[LinearIslandFlow]:
    """Every energised island of a step of a solved model. Links without switches must not form loops."""
    graph = horizon.graph
    live = {s for s in m.S if m.X[s, t].value > 0.5}
    areas = [la for s in m.S if s in live for la in graph.areas_in[s]]
    joined = {
        k: not link.switchable or m.b[k, t].value > 0.5
        for k, link in graph.links.items()
        if graph.section[link.i] in live and graph.section[link.j] in live
    }
    p, q = _injections(m, horizon, areas, joined, t)
    seen: set[str] = set()
    islands = []
    for first in areas:
        if first not in seen:
            islands.append(_sweep(horizon, t, first, joined, p, q))
            seen.update(islands[-1].areas)
    return islands


def flows_without_plan(horizon: Horizon, t: int) -> dict[str, LinearIslandFlow]:
    """LA of an infeed → the live part that hangs on it as the outage left it, in a step with nothing restored.

    In a mesh along some tree of it.
    """
    graph, view = horizon.graph, horizon.graph.view
    live = dict.fromkeys(la for la in view.local_areas if la not in view.lost_areas)
    joined = {k: view.branches[k].closed and link.i in live and link.j in live for k, link in graph.links.items()}
    factor = {la: horizon.loss_factor(graph.section[la]) for la in live}
    p = {la: -factor[la] * horizon.demand_kw(la, t) for la in live}
    q = {la: graph.charging_kvar[la] - factor[la] * horizon.demand_kvar(la, t) for la in live}
    for k, link in graph.links.items():
        for la in (link.i, link.j) if link.switchable and joined[k] else ():
            q[la] += link.charging_kvar / 2
    found: dict[str, LinearIslandFlow] = {}
    for la in graph.live_infeed_kva:
        if la in p and not any(la in flow.areas for flow in found.values()):
            found[la] = _sweep(horizon, t, la, joined, p, q)
    return found


def _injections(
    m: Any, horizon: Horizon, areas: list[str], joined: Mapping[str, bool], t: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Net injection of each energised LA as (34) counts it: with the loss allowance, and with what cables give."""
    graph = horizon.graph
    beyond = {la: horizon.tightened.losses(la, t, two_sided=m.two_sided_losses) for la in areas}
    demand = {la: drawn(m, horizon, la, t) for la in areas}
    factor = {la: horizon.loss_factor(graph.section[la]) for la in areas}
    p = {la: -factor[la] * demand[la][0] - beyond[la][0] for la in areas}
    q = {la: graph.charging_kvar[la] - factor[la] * demand[la][1] - beyond[la][1] for la in areas}
    for k, closed in joined.items():
        if closed and k in m.SWITCH:
            link = graph.links[k]
            q[link.i] += link.charging_kvar / 2
            q[link.j] += link.charging_kvar / 2
    for members, p_of, q_of in ((m.PV, m.p_pv, m.q_pv), (m.ESS, m.p_ess, m.q_ess), (m.NBSU, m.p_nbsu, m.q_nbsu)):
        for i in members:
            la = graph.sources[i].local_area
            if la in p:
                p[la] += p_of[i, t].value
                q[la] += q_of[i, t].value
    for la in m.INFEED:
        if la in p:
            p[la] += m.p_infeed[la, t].value
            q[la] += m.q_infeed[la, t].value
    return p, q


def _sweep(
    horizon: Horizon, t: int, first: str, joined: Mapping[str, bool], p: Mapping[str, float], q: Mapping[str, float]
) -> LinearIslandFlow:
    """Walk an island's tree outwards, add up flows inwards, then let the voltage fall outwards."""
    graph = horizon.graph
    order, via = [first], {first: ("", "")}
    for la in order:
        for k, other in graph.links_at[la]:
            if joined.get(k) and other not in via:
                via[other] = (la, k)
                order.append(other)
    into_p, into_q = {la: -p[la] for la in order}, {la: -q[la] for la in order}
    flows: dict[str, tuple[float, float]] = {}
    for la in reversed(order[1:]):
        inner, k = via[la]
        into_p[inner] += into_p[la]
        into_q[inner] += into_q[la]
        flows[k] = into_p[la], into_q[la]
    gain, u = {first: 1.0}, {first: 0.0}
    for la in order[1:]:
        inner, k = via[la]
        link = graph.links[k]
        fall = 2e-3 * (into_p[la] * link.r_pu + into_q[la] * link.x_pu)
        if la == link.j:
            gain[la], u[la] = link.ratio * gain[inner], link.ratio * u[inner] - fall
        else:
            gain[la], u[la] = gain[inner] / link.ratio, (u[inner] - fall) / link.ratio
    overloaded = [k for k, (into_kw, into_kvar) in flows.items() if not _fits(horizon, k, t, into_kw, into_kvar)]
    return LinearIslandFlow(t, order, gain, u, flows, overloaded, (into_p[first], into_q[first]))


def _fits(horizon: Horizon, k: str, t: int, p_kw: float, q_kvar: float) -> bool:
    """Whether a link can carry a flow."""
    s_kva, known = horizon.graph.links[k].s_max_kva, horizon.tightened.link_share
    if known and math.hypot(p_kw, q_kvar) > s_kva * known.get((k, t), 1.0) + FLOW_TOLERANCE_KVA:
        return False
    return max(abs(p_kw), abs(q_kvar)) <= s_kva + FLOW_TOLERANCE_KVA
