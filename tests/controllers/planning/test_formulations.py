"""A formulation is a row of a table: planning, dispatch and repair take whatever it decides."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from relight.controllers.milp.problem import Horizon
from relight.controllers.planning import planner as planner_module
from relight.controllers.planning.formulations import FORMULATIONS, Compact
from relight.controllers.planning.planner import Planner
from relight.controllers.planning.repair import Repairable
from relight.controllers.planning.stage import Stage
from relight.controllers.planning.warm_start import PreviousPlan
from relight.controllers.rules.greedy import Greedy
from relight.controllers.solver.highs import Solution
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions
from support.small_cases import random_case


def test_every_formulation_of_a_scenario_has_a_row() -> None:
    assert list(FORMULATIONS) == list(get_args(DispatchCentreOptions.model_fields["formulation"].annotation))


def test_a_third_formulation_needs_a_row_and_no_other_change(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    class Third(Compact):
        """As the compact form, with voltages from the start; it notes what it is asked."""

        holds_voltages = True

        def solve(self, stage: Stage, horizon: Horizon, before: PreviousPlan | None, until: float) -> Solution:
            assert stage.detailed
            asked.append(until)
            return super().solve(stage, horizon, before, until)

    case = random_case(1)
    usual = Planner(case.graph, case.horizon.steps).plan(case.horizon).plan
    monkeypatch.setattr(planner_module, "FORMULATIONS", {**FORMULATIONS, "third": Third()})
    graph = replace(case.graph, options=case.graph.options.model_copy(update={"formulation": "third"}))
    plan = Planner(graph, case.horizon.steps).plan(replace(case.horizon, graph=graph)).plan
    assert len(asked) == 1 and plan.status == "optimal"
    assert plan.objective == pytest.approx(usual.objective)


def test_only_a_planner_that_can_be_told_what_its_plans_break_is_repairable() -> None:
    case = random_case(1)
    assert isinstance(Planner(case.graph, 2), Repairable)
    assert not isinstance(Greedy(case.graph, 2), Repairable)
