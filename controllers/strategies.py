"""Strategies: when the dispatch centre plans, and what kind of plan it asks for (docs/strategies.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from scenarios.problems import meant
from scenarios.schema import DispatchCentre

if TYPE_CHECKING:  # the planner loads the solver, which takes seconds
    from controllers.planner import PlanRecord
    from controllers.problem import AreaGraph, Horizon


class PlanMaker(Protocol):
    """What makes the plans of a strategy: one object per run."""

    def plan(self, horizon: Horizon, scenario: str, strategy: str) -> PlanRecord:
        """Plan a horizon; the names go into the plan. ``controllers.rule_plan.rule_record`` makes the record."""
        ...


PlanMakerFactory = Callable[["AreaGraph", int], PlanMaker]
"""From the LA graph and the largest number of steps of a horizon."""


@dataclass(frozen=True)
class Strategy:
    """A strategy of the dispatch centre.

    ``replans``: plan again at every replan interval and after an event, with fresh PSC messages (receding horizon).
    ``static_plan``: one topology and one set of energised LAs for the whole window (D14).
    ``per_device``: the dispatch centre schedules every device itself instead of the net power of each LA.
    ``constant_power``: with ``static_plan``, units give constant power too, but for islands' balance units.
    ``foresight``: gateways are given what will happen in place of a forecast.
    ``has_centre``: without a dispatch centre gateways are on their own from the first minute, and nobody plans.
    ``planner`` makes the plans; None: the MILP (41). ``source``: the file of a strategy from outside Relight.
    """

    name: str
    replans: bool
    static_plan: bool
    summary: str
    per_device: bool = False
    constant_power: bool = False
    foresight: bool = False
    has_centre: bool = True
    planner: PlanMakerFactory | None = None
    source: Path | None = None


def _greedy(graph: AreaGraph, steps: int) -> PlanMaker:
    from controllers.greedy import Greedy

    return Greedy(graph, steps)


DYNAMIC = Strategy(
    "dynamic",
    replans=True,
    static_plan=False,
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
    static_plan=False,
    summary="the first plan of dynamic, carried out to the end whatever happens",
)
CENTRALISED = Strategy(
    "centralised",
    replans=True,
    static_plan=False,
    per_device=True,
    summary="as dynamic, but the dispatch centre knows and schedules every device itself, so nothing is aggregated",
)
ISLANDED = Strategy(
    "islanded",
    replans=False,
    static_plan=False,
    has_centre=False,
    summary="no dispatch centre: switches open when voltage is lost, each section with a unit able to start is its own",
)
GREEDY = Strategy(
    "greedy",
    replans=True,
    static_plan=False,
    planner=_greedy,
    summary="a priority rule, no optimisation: the most value per switch operation first, units by merit order",
)
ORACLE = Strategy(
    "oracle",
    replans=True,
    static_plan=False,
    foresight=True,
    summary="as dynamic, with what will happen in place of the forecast: how much foresight is worth",
)

STRATEGIES = {
    s.name: s for s in (DYNAMIC, STATIC, STATIC_RIGID, OPEN_LOOP, CENTRALISED, ISLANDED, GREEDY, ORACLE)
}  # fmt: skip


class StrategyError(ValueError):
    """A strategy that cannot be followed."""


class UnknownStrategyError(StrategyError):
    """A strategy name that neither Relight nor an installed package offers."""

    def __init__(self, name: str, offered: Iterable[str]) -> None:
        known = (*STRATEGIES, *offered)
        super().__init__(
            f"unknown strategy {name!r}; there are: {', '.join(known)}; "
            f"or name a class of your own: path/to/file.py:Class{meant(name, known)}"
        )


class UnsuitableStrategyError(StrategyError):
    """A strategy that the scenario's options rule out."""


def strategy_named(name: str, options: DispatchCentre | None = None) -> Strategy:
    """The strategy of that name, under a scenario's options if given.

    A name is one of ``STRATEGIES``, of an entry point ``relight.strategies`` of an installed package, or
    ``path/to/file.py:Class``. Raises ``UnknownStrategyError``, ``BrokenStrategyError`` (``strategy_source``), and
    ``UnsuitableStrategyError`` for single devices or constant power in the literal form, and for a strategy that plans
    once where plans do not reach to the end of the window.
    """
    chosen = STRATEGIES.get(name)
    if chosen is None:
        from controllers.strategy_source import strategy_from_outside

        chosen = strategy_from_outside(name)
    if options and options.formulation == "literal":
        for asked, what in ((chosen.per_device, "schedules single devices"), (chosen.constant_power, "holds power")):
            if asked:
                raise UnsuitableStrategyError(
                    f"strategy {name!r} {what}, which dispatch_centre.formulation: literal does not know; "
                    "use formulation: compact"
                )
    if options and options.look_ahead_min and chosen.has_centre and not chosen.replans:
        raise UnsuitableStrategyError(
            f"strategy {name!r} plans once, so its plan must reach to the end of the window; leave out "
            "dispatch_centre.look_ahead_min, or take a strategy that replans"
        )
    return chosen


def strategies_named(names: Iterable[str], options: Iterable[DispatchCentre] = ()) -> list[Strategy]:
    """The strategies of these names, under the options of every scenario.

    Raises ``StrategyError`` with everything that is wrong with any of them; two strategies of one name are wrong too.
    """
    found: dict[str, Strategy] = {}
    problems: list[str] = []
    all_options = list(options)
    for name in names:
        try:
            chosen = strategy_named(name)
            for one in all_options:
                strategy_named(name, one)
        except StrategyError as error:
            problems.append(str(error))
            continue
        if chosen.name in found:
            problems.append(f"strategy {name!r} is called {chosen.name!r}, and so is another one; give it another name")
        found[chosen.name] = chosen
    if problems:
        raise StrategyError("\n".join(dict.fromkeys(problems)))
    return list(found.values())


def source_hash(strategy: Strategy) -> dict[str, str]:
    """SHA-256 of the file of a strategy from outside Relight, by the file's name; empty for Relight's own."""
    if strategy.source is None:
        return {}
    return {strategy.source.name: hashlib.sha256(strategy.source.read_bytes()).hexdigest()}
