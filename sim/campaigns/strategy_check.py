"""Does a strategy keep the contract? It is run on a small scenario and what it does is looked at.

The contract: it makes a plan whenever asked; its plans break no limit by the forecast; the same messages give the same
plan; it knows nothing but messages, and changes none of them.
"""

from __future__ import annotations

import ast
import copy
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ...controllers.milp.problem import AreaGraph, Horizon
from ...controllers.planning.planner import PlanRecord
from ...controllers.strategies.strategy import PlanMaker, Strategy
from ...scenarios.loader import load_case
from ..cosim.run_log import RunLog
from ..cosim.wiring import run_world

SCENARIO, SHORT = "guo45/fault-1000", ("outage.duration_min=120",)
"""What a strategy is checked on unless another scenario is named: two hours of it, so that it is over in seconds."""
FORBIDDEN = ("mosaik", "pandapower")
"""Packages that hold the world; a controller that looks into them knows more than its messages."""
FREE = ("strategy", "controllers", "scenarios")
"""Of what lies directly in ``relight``; all else can load or run a world."""


class ContractBrokenError(Exception):
    """A plan maker gave back what is no plan, or changed what it was given."""


@dataclass(frozen=True)
class StrategyCheck:
    """One point of the contract: whether it is kept, and if not how it was broken."""

    point: str
    kept: bool
    told: str = ""


def check_strategy(strategy: Strategy, scenario: str | None = None) -> list[StrategyCheck]:
    """Check every point of the contract; later ones are left out where a run failed. Raises ``ScenarioError``."""
    verify = "report" if strategy.planner else "repair"
    overrides = (f"dispatch_centre.verify={verify}", *(() if scenario else SHORT))

    def plans(seed: int) -> list[dict[str, Any]]:
        log = RunLog()
        run_world(case, watched, seed, log)
        return log.recorder.plans

    watched = replace(strategy, planner=_watched(strategy.planner)) if strategy.planner else strategy
    case = load_case(scenario or SCENARIO, overrides, 0)
    checks = [_imports(strategy)]
    try:
        first = plans(0)
        checks.append(StrategyCheck("a whole run is possible, every plan in the agreed form", kept=True))
    except Exception as error:
        return [*checks, StrategyCheck("a whole run is possible, every plan in the agreed form", False, _told(error))]
    checks.append(_valid(first))
    same = first == plans(0)
    checks.append(
        StrategyCheck("the same messages give the same plans", same, "" if same else "a second run had other plans")
    )
    if strategy.has_centre and not strategy.foresight:
        # The first forecast does not depend on the seed unless the scenario's forecasts err by chance.
        method = case.scenario.forecast
        if method is None or method.method == "mean":
            unseen = first[:1] == plans(1)[:1]
            told = "" if unseen else "its first plan changed with what happens later, which no message tells"
            checks.append(StrategyCheck("it knows nothing but messages", unseen, told))
    return checks


def as_text(strategy: Strategy, checks: list[StrategyCheck]) -> str:
    """The checks for people, one a line."""
    lines = [f"{strategy.name}: {strategy.summary}"]
    lines += [f"{'ok  ' if c.kept else 'NO  '}{c.point}{': ' + c.told if c.told else ''}" for c in checks]
    return "\n".join(lines)


def _of_the_world(name: str) -> bool:
    top, _, rest = name.partition(".")
    if top == "relight":
        return rest.split(".")[0] not in FREE
    return f"{name}.".startswith(tuple(f"{world}." for world in FORBIDDEN))


def _imports(strategy: Strategy) -> StrategyCheck:
    point = "it imports nothing of the world"
    if strategy.source is None:
        return StrategyCheck(point, kept=True)
    names: set[str] = set()
    for node in ast.walk(ast.parse(strategy.source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = node.module == "relight"
            names |= {f"relight.{alias.name}" for alias in node.names} if inside else {node.module or ""}
    found = sorted(name for name in names if _of_the_world(name))
    return StrategyCheck(point, not found, f"{strategy.source.name} imports {', '.join(found)}" if found else "")


def _valid(plans: list[dict[str, Any]]) -> StrategyCheck:
    told: list[str] = []
    for plan in plans:
        for check in plan["checks"]:
            if check["then"] == "issue":
                kinds = ", ".join(f"{kind} {count}" for kind, count in check["violations_by_kind"].items())
                told.append(f"minute {plan['issued_at_min']:g}: {kinds}")
    return StrategyCheck("its plans break no limit by the forecast", not told, "; ".join(told))


def _watched(factory: Callable[[AreaGraph, int], PlanMaker]) -> Callable[[AreaGraph, int], PlanMaker]:
    """The same factory, with what its plan makers are given and give back looked at."""

    class WatchedPlanner:
        def __init__(self, graph: AreaGraph, steps: int) -> None:
            self._own = factory(graph, steps)

        def plan(self, horizon: Horizon) -> PlanRecord:
            before = copy.deepcopy((horizon.psc, horizon.closed, horizon.step_start_min))
            record = self._own.plan(horizon)
            if (horizon.psc, horizon.closed, horizon.step_start_min) != before:
                raise ContractBrokenError("it changed the messages that it was given")
            if problem := _misfit(record, horizon):
                raise ContractBrokenError(problem)
            return record

    return WatchedPlanner


def _misfit(record: Any, horizon: Horizon) -> str:
    """What is wrong with the form of a plan; empty: nothing."""
    if not isinstance(record, PlanRecord):
        made_by = "relight.controllers.rules.rule_plan.rule_record"
        return f"plan() gave a {type(record).__name__}; it must give a PlanRecord ({made_by})"
    plan = record.plan
    if plan.objective is None or plan.status is None:
        return "the plan lacks objective or status; relight.controllers.rules.rule_plan.rule_record knows them"
    if [step.start_min for step in plan.steps] != list(horizon.step_start_min) or plan.end_min != horizon.end_min:
        return "the steps of the plan are not those of the horizon"
    if any(step.energised_buses is None for step in plan.steps):
        return "a step of the plan does not say which buses are energised"
    return ""


def _told(error: Exception) -> str:
    """What went wrong and the line where, if it was outside Relight's own loop."""
    if isinstance(error, ContractBrokenError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({last.filename.rpartition('/')[2]}, line {last.lineno})"
