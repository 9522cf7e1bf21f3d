"""Voltage limits left out until they bind: the same optimum as with all of them, and they do bind in some cases."""

from __future__ import annotations

import pytest
from brute_force import brute_force
from small_cases import random_case

from controllers.island_flow import island_flows
from controllers.model import build_model, set_horizon
from controllers.planner import Planner
from controllers.solver import KeptSolver

SEEDS = range(40)
BINDING = (114, 168, 31, 17, 9)
"""Seeds whose optimum falls when voltage limits are added (see test_brute_force.NOTICED_BY)."""


def both(seed: int) -> tuple[Planner, Planner, float, float]:
    case = random_case(seed)
    lazy, always = (Planner(case.graph, case.horizon.steps, lazy_voltage=lazy) for lazy in (True, False))
    values = [p.plan(case.horizon, "small", "dynamic").plan for p in (lazy, always)]
    return lazy, always, *(plan.objective for plan in values)


@pytest.mark.parametrize("seed", [*SEEDS, *(s for s in BINDING if s not in SEEDS)])
def test_leaving_voltage_out_until_it_binds_changes_no_optimum(seed: int) -> None:
    _, _, lazy, always = both(seed)
    gap = random_case(seed).scenario.dispatch_centre.mip_gap
    assert lazy == pytest.approx(always, rel=2 * gap + 1e-6, abs=1e-6)


def test_voltage_limits_enter_where_they_bind() -> None:
    entered = {seed: both(seed)[0].model.detailed for seed in BINDING}
    assert any(entered.values())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
def test_the_planner_finds_the_enumerated_optimum(seed: int, static: bool) -> None:
    """The model on sections, with voltages where needed, against enumeration of every state with voltages."""
    case = random_case(seed)
    optimum = brute_force(case.horizon, static=static)
    record = Planner(case.graph, case.horizon.steps, static=static).plan(case.horizon, "small", "any")
    if optimum is None:
        assert record.plan.status == "fallback"
    else:
        gap = case.scenario.dispatch_centre.mip_gap
        assert record.plan.objective <= optimum.objective + 1e-6 * max(1.0, optimum.objective)
        assert record.plan.objective >= optimum.objective * (1 - gap) - 1e-6
        assert record.plan.bound >= optimum.objective * (1 - 1e-6) - 1e-6


@pytest.mark.parametrize("seed", range(12))
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
