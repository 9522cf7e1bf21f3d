"""What a strategy of your own is written with: `from relight.strategy import ...`; docs/strategies.md tells how.

A strategy is a class with `plan(horizon)`, called whenever the dispatch centre plans. Powers are kW
and kvar, energies kWh, times minutes since the outage began.

Examples:
    >>> from relight.strategy import Supply, Topology, extensions, rule_record, rule_step, starts
"""

from __future__ import annotations

from .controllers.exchange.plan import LocalAreaSetPoint, Plan, PlanStep, UnitSetPoint
from .controllers.milp.problem import AreaGraph, Horizon
from .controllers.planning.planner import PlanRecord
from .controllers.rules.expansion import Move, Topology, extensions, joins, starts
from .controllers.rules.rule_plan import rule_record, rule_step
from .controllers.rules.supply import StepPowers, Supply, SupplyState
from .controllers.strategies.strategy import PlanMaker, Strategy, StrategyError

__all__ = [
    "AreaGraph",
    "Horizon",
    "LocalAreaSetPoint",
    "Move",
    "Plan",
    "PlanMaker",
    "PlanRecord",
    "PlanStep",
    "StepPowers",
    "Strategy",
    "StrategyError",
    "Supply",
    "SupplyState",
    "Topology",
    "UnitSetPoint",
    "extensions",
    "joins",
    "rule_record",
    "rule_step",
    "starts",
]
