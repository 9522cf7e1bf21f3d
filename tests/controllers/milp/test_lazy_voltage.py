"""Voltage limits left out until they bind: the same optimum as with all of them, and they do bind in some cases."""

from __future__ import annotations

import pytest

from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.planning.island_flow import island_flows
from relight.controllers.planning.planner import Planner, PlanRecord
from relight.controllers.solver.highs import KeptSolver
from support.brute_force import brute_force
from support.small_cases import random_case, seeds

BINDING = (114, 168, 31, 17, 9)
"""Seeds whose optimum falls when voltage limits are added (see test_brute_force.NOTICED_BY)."""


def check_same_as_always(seed: int, lazy: PlanRecord) -> None:
    """The plan with voltages left out until they bind is worth as much as that of a model that always has them."""
    case = random_case(seed)
    always = Planner(case.graph, case.horizon.steps, lazy_voltage=False).plan(case.horizon)
    gap = case.scenario.dispatch_centre.mip_gap
    assert lazy.plan.objective == pytest.approx(always.plan.objective, rel=2 * gap + 1e-6, abs=1e-6)


def test_voltage_limits_enter_where_they_bind_and_change_no_optimum() -> None:
    entered: dict[int, bool] = {}
    for seed in BINDING:
        case = random_case(seed)
        planner = Planner(case.graph, case.horizon.steps)
        check_same_as_always(seed, planner.plan(case.horizon))
        entered[seed] = planner.model.detailed
    assert any(entered.values())


@pytest.mark.parametrize("seed", seeds(3, 40))
@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
def test_the_planner_finds_the_enumerated_optimum(seed: int, static: bool) -> None:
    """The model on sections, with voltages where needed, against enumeration of every state with voltages."""
    case = random_case(seed)
    optimum = brute_force(case.horizon, static=static)
    record = Planner(case.graph, case.horizon.steps, static=static).plan(case.horizon)
    if not static:
        check_same_as_always(seed, record)
    if optimum is None:
        assert record.plan.status == "fallback"
    else:
        gap = case.scenario.dispatch_centre.mip_gap
        assert record.plan.objective <= optimum.objective + 1e-6 * max(1.0, optimum.objective)
        assert record.plan.objective >= optimum.objective * (1 - gap) - 1e-6
        assert record.plan.bound >= optimum.objective * (1 - 1e-6) - 1e-6


@pytest.mark.parametrize("seed", seeds(4, 12))
def test_flows_of_a_plan_are_those_of_the_model_with_voltages(seed: int) -> None:
    """Walking the trees gives the voltages that (37) gives, up to the reference."""
    case = random_case(seed)
    m = build_model(case.graph, case.horizon.steps)
    set_horizon(m, case.horizon)
    if KeptSolver(m, {}).solve().status == "none":
        return
    for t in range(case.horizon.steps):
        for island in island_flows(m, case.horizon, t):
            first = island.areas[0]
            for la in island.areas:
                assert island.relative_u[la] == pytest.approx(m.U[la, t].value - m.U[first, t].value, abs=1e-6)
