"""The case as a strategy meets it: who gets which forecast, and whether there is a dispatch centre.

What happens in the world, its load, sun and network, is the same under every strategy.
"""

from __future__ import annotations

from dataclasses import replace

from ...controllers.strategies.strategy import Strategy
from ...scenarios.case import Case
from ...scenarios.schema.communication import Communication, Span
from ...scenarios.schema.forecast import ForecastOptions


def case_under(case: Case, strategy: Strategy) -> Case:
    """The case under a strategy; the same object for one that asks for nothing special.

    With foresight every forecast is what happens, as means over plan steps. Without a dispatch centre it is dead from
    the first minute to the end.
    """
    scenario = case.scenario
    if strategy.foresight and not scenario.perfect_forecast:
        scenario = scenario.model_copy(
            update={
                "forecast": ForecastOptions(method="perfect"),
                "load": scenario.load.model_copy(update={"forecast_csv": None}),
                "pv": scenario.pv.model_copy(update={"forecast_csv": None}),
            }
        )
    if not strategy.has_centre:
        channel = scenario.communication or Communication()
        channel = channel.model_copy(update={"dispatch_centre_down": (Span(start_min=0.0),)})
        scenario = scenario.model_copy(update={"communication": channel})
    return case if scenario is case.scenario else replace(case, scenario=scenario)
