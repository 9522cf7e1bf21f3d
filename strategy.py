"""What a strategy of your own is written with: `from relight.strategy import ...`; docs/strategies.md tells how.

A strategy is a class with `plan(horizon)`, called whenever the dispatch centre plans. Powers are kW
and kvar, energies kWh, times minutes since the outage began.

Examples:
    >>> from relight.strategy import MeritOrder, SectionTopology, extensions, rule_record, rule_step, starts
"""

from __future__ import annotations

from .controllers.exchange.plan import LocalAreaSetPoint, Plan, PlanStep, UnitSetPoint
from .controllers.milp.problem import AreaGraph, Horizon
from .controllers.planning.planner import PlanRecord
from .controllers.rules.expansion import Expansion, SectionTopology, extensions, joins, reconnections, starts
from .controllers.rules.rule_plan import rule_record, rule_step
from .controllers.rules.supply import MeritOrder, StepPowers, SupplyState
from .controllers.strategies.strategy import PlanMaker, Strategy, StrategyError

__all__ = [
    "AreaGraph",
    "Expansion",
    "Horizon",
    "LocalAreaSetPoint",
    "MeritOrder",
    "Plan",
    "PlanMaker",
    "PlanRecord",
    "PlanStep",
    "SectionTopology",
    "StepPowers",
    "Strategy",
    "StrategyError",
    "SupplyState",
    "UnitSetPoint",
    "extensions",
    "joins",
    "reconnections",
    "rule_record",
    "rule_step",
    "starts",
]
