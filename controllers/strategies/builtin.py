"""Relight's own strategies, by name (docs/strategies.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .strategy import PlanMaker, Strategy

if TYPE_CHECKING:  # the planner loads the solver, which takes seconds
    from ..milp.problem import AreaGraph


def _greedy(graph: AreaGraph, steps: int) -> PlanMaker:
    from ..rules.greedy import Greedy

    return Greedy(graph, steps)


DYNAMIC = Strategy(
    "dynamic",
    summary="replans the rest of the window from fresh PSC messages; topology and areas may change at every step",
)


STATIC = Strategy(
    "static",
    replans=False,
    static_plan=True,
    summary="plans once at the fault time from the forecast then known; one topology and one set of areas (D14)",
)


STATIC_RIGID = Strategy(
    "static_rigid",
    replans=False,
    static_plan=True,
    constant_power=True,
    summary="as static, and each LA's PV, ESS and NBSU give one power throughout; balance units cover the rest",
)


OPEN_LOOP = Strategy(
    "open_loop",
    replans=False,
    summary="the first plan of dynamic, carried out to the end whatever happens",
)


CENTRALISED = Strategy(
    "centralised",
    per_device=True,
    summary="as dynamic, but the dispatch centre knows and schedules every device itself, so nothing is aggregated",
)


ISLANDED = Strategy(
    "islanded",
    replans=False,
    has_centre=False,
    summary="no dispatch centre: switches open when voltage is lost, each section with a unit able to start is its own",
)


GREEDY = Strategy(
    "greedy",
    planner=_greedy,
    summary="a priority rule, no optimisation: the most value per switch operation first, units by merit order",
)


ORACLE = Strategy(
    "oracle",
    foresight=True,
    summary="as dynamic, with what will happen in place of the forecast: how much foresight is worth",
)


STRATEGIES = {
    s.name: s for s in (DYNAMIC, STATIC, STATIC_RIGID, OPEN_LOOP, CENTRALISED, ISLANDED, GREEDY, ORACLE)
}  # fmt: skip
