"""Strategies: when the dispatch centre plans, and what kind of plan it asks for (docs/strategies.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...scenarios.errors import InputError

if TYPE_CHECKING:  # the planner loads the solver, which takes seconds
    from ..milp.problem import AreaGraph, Horizon
    from ..planning.planner import PlanRecord


class PlanMaker(Protocol):
    """What makes the plans of a strategy: one object per run."""

    def plan(self, horizon: Horizon) -> PlanRecord:
        """Plan a horizon; ``relight.strategy.rule_record`` makes the record. Who asked for the plan signs it."""
        ...


PlanMakerFactory = Callable[["AreaGraph", int], PlanMaker]
"""From the LA graph and the largest number of steps of a horizon."""


@dataclass(frozen=True)
class Strategy:
    """A strategy of the dispatch centre; unless it says otherwise, one as ``dynamic``.

    ``replans``: plan again at every replan interval and after an event, with fresh PSC messages (receding horizon).
    ``static_plan``: one topology and one set of energised LAs for the whole window (D14).
    ``growing_plan``: who is restored is kept to the end of the window. ``closing_plan``, with that: switches only close
    after the first step, so that areas join what becomes one topology.
    ``starts_from``: the strategy of fewer choices whose plan the first one starts from and is worth no less than
    (``dispatch_centre.climb``; a growing plan always does).
    ``per_device``: the dispatch centre schedules every device itself instead of the net power of each LA.
    ``constant_power``: with ``static_plan``, units give constant power too, but for islands' balance units.
    ``foresight``: gateways are given what will happen in place of a forecast.
    ``has_centre``: without a dispatch centre gateways are on their own from the first minute, and nobody plans.
    ``planner`` makes the plans; None: the MILP (41). ``source``: the file of a strategy from outside Relight.
    """

    name: str
    _: KW_ONLY
    summary: str
    replans: bool = True
    static_plan: bool = False
    per_device: bool = False
    growing_plan: bool = False
    closing_plan: bool = False
    starts_from: Strategy | None = None
    constant_power: bool = False
    foresight: bool = False
    has_centre: bool = True
    planner: PlanMakerFactory | None = None
    source: Path | None = None


class StrategyError(InputError):
    """A strategy that cannot be followed.

    Examples:
        >>> try:
        ...     relight.run("guo45/fault-1000", "dynamical")
        ... except relight.StrategyError as error:
        ...     print(str(error)[:28])
        unknown strategy 'dynamical'
    """


def source_hash(strategy: Strategy) -> dict[str, str]:
    """SHA-256 of the file of a strategy from outside Relight, by the file's name; empty for Relight's own."""
    if strategy.source is None:
        return {}
    return {strategy.source.name: hashlib.sha256(strategy.source.read_bytes()).hexdigest()}
