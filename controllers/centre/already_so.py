"""Limits that the live part is beyond before anything is planned, as far as linear power flow tells.

No plan mends them, and no plan could be made under them: so they are widened to what the live part needs by itself.
What a plan adds to that is held against them by its check.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ...scenarios.angles import apothem
from ...scenarios.schema.scenario import Limits
from ...scenarios.view import GridView
from ..milp.declarations import SIDES
from ..milp.problem import AreaGraph, Horizon
from ..planning.island_flow import LinearIslandFlow, flows_without_plan

ROOM = 1.5
"""Limits are widened by so much more than linear power flow asks for: what is lost is known only when a plan is
checked, and customers who have supply must not be shed for it."""


@dataclass
class _Needs:
    """What is more than a limit allows: kVA by link and by LA of a live infeed, p.u. where the voltage ends."""

    links: dict[str, float] = field(default_factory=dict)
    infeeds: dict[str, float] = field(default_factory=dict)
    vm_pu: list[float] = field(default_factory=list)

    def take(self, graph: AreaGraph, root: str, flow: LinearIslandFlow) -> None:
        """Note what an island needs in a step."""
        _raise(self.links, ((k, math.hypot(*s), graph.links[k].s_max_kva) for k, s in flow.flows.items()))
        _raise(self.infeeds, [(root, math.hypot(*flow.drawn), graph.live_infeed_kva[root])])
        reference = graph.reference_vm_pu[root]
        voltages = [math.sqrt(max(u, 0.0)) for u in flow.u(graph, root).values()]
        for vm_pu in (min(voltages), max(voltages)):
            if not graph.limits.vm_min_pu <= vm_pu <= graph.limits.vm_max_pu:
                self.vm_pu += [reference, reference + ROOM * (vm_pu - reference)]


def _raise(kva: dict[str, float], needed: Iterable[tuple[str, float, float]]) -> None:
    for name, need, limit in needed:
        if need > limit:
            kva[name] = max(kva.get(name, 0.0), ROOM * need / apothem(SIDES))


def widened(horizon: Horizon) -> tuple[GridView, Limits] | None:
    """A horizon's view and limits with room for what is live already; None: there is room."""
    graph, needs = horizon.graph, _Needs()
    for t in range(horizon.steps):
        for root, flow in flows_without_plan(horizon, t).items():
            needs.take(graph, root, flow)
    if not (needs.links or needs.infeeds or needs.vm_pu):
        return None
    view, limits, share = graph.view, graph.limits, graph.limits.max_loading_pct / 100
    branches, infeeds = dict(view.branches), dict(view.infeeds)
    for k, kva in needs.links.items():
        branches[k] = replace(branches[k], s_max_kva=kva / share)
    for la, kva in needs.infeeds.items():
        first = next(i for i in infeeds.values() if i.live and view.local_area_of_bus[i.bus] == la)
        infeeds[first.id] = replace(first, s_kva=first.s_kva + kva - graph.live_infeed_kva[la])
    ends = {
        "vm_min_pu": min([limits.vm_min_pu, *needs.vm_pu]),
        "vm_max_pu": max([limits.vm_max_pu, *needs.vm_pu]),
    }
    return replace(view, branches=branches, infeeds=infeeds), limits.model_copy(update=ends)
