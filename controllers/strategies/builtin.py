"""Relight's own strategies, by name (docs/strategies.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .strategy import PlanMaker, Strategy

if TYPE_CHECKING:  # the planner loads the solver, which takes seconds
    from ..milp.problem import AreaGraph


def _greedy(graph: AreaGraph, steps: int) -> PlanMaker:
    from ..rules.greedy import Greedy

    return Greedy(graph, steps)


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


STATIC_FINAL = Strategy(
    "static_final",
    replans=False,
    growing_plan=True,
    closing_plan=True,
    starts_from=STATIC,
    summary="plans once; switches only close and areas only join, each when it pays, in what becomes one topology",
)


GROWING = Strategy(
    "growing",
    replans=False,
    growing_plan=True,
    starts_from=STATIC_FINAL,
    summary="plans once; areas only join, live ones may change the path of their supply",
)


OPEN_LOOP = Strategy(
    "open_loop",
    replans=False,
    starts_from=GROWING,
    summary="the first plan of dynamic, carried out to the end whatever happens",
)


DYNAMIC = Strategy(
    "dynamic",
    starts_from=GROWING,
    summary="replans the rest of the window from fresh PSC messages; topology and areas may change at every step",
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
    starts_from=GROWING,
    summary="as dynamic, with what will happen in place of the forecast: how much foresight is worth",
)


STRATEGIES = {
    s.name: s for s in (
        DYNAMIC, STATIC, STATIC_RIGID, STATIC_FINAL, GROWING, OPEN_LOOP, CENTRALISED, ISLANDED, GREEDY, ORACLE,
    )
}  # fmt: skip
