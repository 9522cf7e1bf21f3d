"""The strategy of a name, whoever wrote it, and whether a scenario's options allow it."""

from __future__ import annotations

from collections.abc import Iterable

from ...scenarios.schema.dispatch_options import DispatchCentreOptions
from .builtin import STRATEGIES
from .strategy import Strategy, StrategyError


class UnsuitableStrategyError(StrategyError):
    """A strategy that the scenario's options rule out."""


def strategy_named(name: str, options: DispatchCentreOptions | None = None) -> Strategy:
    """The strategy of that name, under a scenario's options if given.

    A name is one of ``STRATEGIES``, of an entry point ``relight.strategies`` of an installed package, or
    ``path/to/file.py:Class``. Raises ``UnknownStrategyError``, ``BrokenStrategyError`` (``outside``), and
    ``UnsuitableStrategyError`` for single devices or constant power in the literal form, and for a strategy that plans
    once where plans do not reach to the end of the window.
    """
    chosen = STRATEGIES.get(name)
    if chosen is None:
        from .outside import strategy_from_outside

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


def strategies_named(names: Iterable[str], options: Iterable[DispatchCentreOptions] = ()) -> list[Strategy]:
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
