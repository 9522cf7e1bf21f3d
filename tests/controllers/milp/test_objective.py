"""Objective (18) says the same as an expression of either form, of the plan that was read from it, and as a bound."""

from __future__ import annotations

from collections.abc import Sequence

import pyomo.environ as pyo
import pytest

from relight.controllers.exchange.plan import PlanStep
from relight.controllers.milp import objective
from relight.controllers.milp.literal.model import build_literal
from relight.controllers.milp.model import Model, build_model, set_horizon
from relight.controllers.milp.objective import Term, most_kwh, worth_kwh
from relight.controllers.milp.problem import Horizon
from relight.controllers.planning.planner import Planner
from relight.controllers.solver.highs import KeptSolver
from support.small_cases import SmallCase, random_case, with_options, with_prices

SEEDS = (1, 3, 8)


def solved(case: SmallCase, form: str) -> Model:
    m = build_literal(case.horizon) if form == "literal" else build_model(case.graph, case.horizon.steps)
    if form == "compact":
        set_horizon(m, case.horizon)
    assert KeptSolver(m, {"mip_rel_gap": 0.0}).solve_checked().status == "optimal"
    return m


def steps_of(m: Model, case: SmallCase, form: str) -> list[PlanStep]:
    """Who is live and what is closed in a solved model."""
    closed, of = (m.closed, lambda la: la) if form == "literal" else (m.b, lambda la: m.section[la])
    return [
        PlanStep(
            start_min=case.horizon.start(t),
            closed_branches=[k for k in m.SWITCH if closed[k, t].value > 0.5],
            energised_buses=[
                bus for la in case.view.local_areas.values() if m.X[of(la.id), t].value > 0.5 for bus in la.buses
            ],
        )
        for t in range(case.horizon.steps)
    ]


@pytest.mark.parametrize("form", ["compact", "literal"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_model_and_its_plan_are_worth_the_same(seed: int, form: str) -> None:
    case = random_case(seed)
    m = solved(case, form)
    worth = worth_kwh(case.horizon, steps_of(m, case, form))
    assert worth == pytest.approx(pyo.value(m.restored_energy), abs=1e-6)
    assert 0 < worth <= most_kwh(case.horizon, case.view.local_areas)


def everyone(horizon: Horizon) -> list[PlanStep]:
    closed = [k for k, shut in horizon.closed.items() if shut]
    buses = list(horizon.graph.view.buses)
    return [
        PlanStep(start_min=horizon.start(t), closed_branches=closed, energised_buses=buses)
        for t in range(horizon.steps)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_can_be_worth_more_than_everybody_served_without_an_operation(seed: int) -> None:
    horizon = random_case(seed).horizon
    assert worth_kwh(horizon, everyone(horizon)) == pytest.approx(most_kwh(horizon, horizon.graph.view.local_areas))


def test_an_operation_costs_unless_switching_is_left_out() -> None:
    case = with_prices(random_case(3), switching_kwh=2.5)
    steps = everyone(case.horizon)
    switch = next(k for k, link in case.graph.links.items() if link.switchable)
    other = sorted({switch} ^ set(steps[0].closed_branches))
    steps[0] = steps[0].model_copy(update={"closed_branches": other})
    loss = most_kwh(case.horizon, case.view.local_areas) - worth_kwh(case.horizon, steps)
    assert loss == pytest.approx(2 * 2.5), "there and back"
    free = with_options(case, without=("switching",)).horizon
    assert worth_kwh(free, steps) == pytest.approx(most_kwh(free, case.view.local_areas))


def test_a_row_more_counts_in_both_forms_in_plans_and_in_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step in which anybody is live at the first section is worth 1000 kWh more."""

    def of_plan(horizon: Horizon, steps: Sequence[PlanStep]) -> float:
        first = next(iter(horizon.graph.view.buses))
        return 1000.0 * sum(first in (step.energised_buses or ()) for step in steps)

    case = random_case(1)
    before = worth_kwh(case.horizon, steps_of(solved(case, "compact"), case, "compact"))
    first = next(iter(case.view.local_areas))
    term = Term(
        "first",
        lambda m: 1000.0 * sum(m.X[m.section[first] if hasattr(m, "section") else first, t] for t in m.T),
        of_plan,
        lambda horizon, areas: 1000.0 * horizon.steps,
    )
    monkeypatch.setattr(objective, "TERMS", (*objective.TERMS, term))
    plan = Planner(case.graph, case.horizon.steps).plan(case.horizon).plan
    assert plan.objective is not None and plan.bound is not None
    assert before + 900.0 < plan.objective <= plan.bound + 1e-6 <= most_kwh(case.horizon, case.view.local_areas) + 1e-6
    m = solved(case, "literal")
    assert pyo.value(m.restored_energy) == pytest.approx(plan.objective, rel=1e-6)
