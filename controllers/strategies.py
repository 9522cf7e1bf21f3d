"""Strategies: when the dispatch centre plans, and what kind of plan it asks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Strategy:
    """A strategy of the dispatch centre.

    ``replans``: plan again at every replan interval and after an event, with fresh PSC messages (receding horizon).
    ``static_plan``: one topology and one set of energised LAs for the whole window (D14).
    ``per_device``: the dispatch centre schedules every device itself instead of the net power of each LA.
    """

    name: str
    replans: bool
    static_plan: bool
    summary: str
    per_device: bool = False


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
CENTRALISED = Strategy(
    "centralised",
    replans=True,
    static_plan=False,
    per_device=True,
    summary="as dynamic, but the dispatch centre knows and schedules every device itself, so nothing is aggregated",
)

STRATEGIES = {s.name: s for s in (DYNAMIC, STATIC, CENTRALISED)}


class UnknownStrategyError(ValueError):
    """A strategy name that is not in ``STRATEGIES``."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown strategy {name!r}; there are: {', '.join(STRATEGIES)}")


def strategy_named(name: str) -> Strategy:
    """The strategy of that name; raises ``UnknownStrategyError``."""
    if name not in STRATEGIES:
        raise UnknownStrategyError(name)
    return STRATEGIES[name]
