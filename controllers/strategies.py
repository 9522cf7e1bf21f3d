"""Strategies: when the dispatch centre plans, and what kind of plan it asks for."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.schema import DispatchCentre


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


class StrategyError(ValueError):
    """A strategy that cannot be followed."""


class UnknownStrategyError(StrategyError):
    """A strategy name that is not in ``STRATEGIES``."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown strategy {name!r}; there are: {', '.join(STRATEGIES)}")


class UnsuitableStrategyError(StrategyError):
    """A strategy that the scenario's options rule out."""


def strategy_named(name: str, options: DispatchCentre | None = None) -> Strategy:
    """The strategy of that name, under a scenario's options if given.

    Raises ``UnknownStrategyError``, and ``UnsuitableStrategyError`` for single devices in the literal form.
    """
    if name not in STRATEGIES:
        raise UnknownStrategyError(name)
    if options and options.formulation == "literal" and STRATEGIES[name].per_device:
        raise UnsuitableStrategyError(
            f"strategy {name!r} schedules single devices, which dispatch_centre.formulation: literal does not know; "
            "use formulation: compact"
        )
    return STRATEGIES[name]
