"""Bounds of sources over all plans worth as much: by hand, around the intervals of one plan, and other plans inside."""

from __future__ import annotations

import pytest
from small_cases import random_case, with_options
from test_shares import one_bus

from controllers.dispatch_centre import DispatchCentre
from controllers.planner import Planner
from controllers.shares import SourceIntervals, planned_energy_kwh
from controllers.source_bounds import BOUNDED, SourceBounds
from controllers.strategies import DYNAMIC


def test_bounds_by_hand() -> None:
    """One bus leaves no other plan, so the bounds are those of its dispatches."""
    horizon, _ = one_bus()
    plan = Planner(horizon.graph, 2).plan(horizon, "one-bus", "test").plan
    bounds = SourceBounds(horizon.graph, 2).of_plan(plan, horizon)
    assert bounds["pv"] == pytest.approx((0, 50), abs=1e-3)
    assert bounds["ess_net"] == pytest.approx((-10, 40), abs=1e-3)
    assert bounds["nbsu_net"] == bounds["infeed"] == (0, 0)


def test_bounds_hold_for_the_plan_its_dispatches_and_other_plans_of_its_worth() -> None:
    wider, others = 0, 0
    for seed in range(16):
        case = random_case(seed)
        plan = Planner(case.graph, case.horizon.steps).plan(case.horizon, "small", "test").plan
        if plan.status == "fallback":
            continue
        inside = SourceIntervals(case.graph, case.horizon.steps).of_plan(plan, case.horizon)
        bounds = SourceBounds(case.graph, case.horizon.steps).of_plan(plan, case.horizon)
        assert set(bounds) == set(BOUNDED)
        tolerance = 1e-3 * max(1.0, plan.planned_energy_kwh)
        for source, (low, high) in bounds.items():
            assert low - tolerance <= inside[source].least and inside[source].largest <= high + tolerance, (
                seed,
                source,
            )
            wider += high - low > inside[source].largest - inside[source].least + tolerance
        changed = with_options(case, solver_options={"random_seed": 5}, mip_gap=0.0)
        other = Planner(changed.graph, changed.horizon.steps).plan(changed.horizon, "small", "test").plan
        if other.status != "fallback" and other.objective >= plan.objective - 1e-6:
            others += 1
            energy = planned_energy_kwh(other, case.graph)
            for source, (low, high) in bounds.items():
                assert low - tolerance <= energy[source] <= high + tolerance, (seed, source)
    assert wider > 3 and others > 8


def test_the_dispatch_centre_writes_them_into_its_plan() -> None:
    horizon, scenario = one_bus()
    asked = {"source_intervals": True, "source_bounds": True}
    options = scenario.dispatch_centre.model_copy(update=asked)
    scenario = scenario.model_copy(update={"dispatch_centre": options})
    centre = DispatchCentre(horizon.graph.view, scenario, DYNAMIC)
    centre.receive(horizon.psc, {})
    record = centre.decide(0.0).issued
    assert record is not None
    energy = record.plan.source_energy_kwh
    assert (energy["pv"].lower_bound, energy["pv"].upper_bound) == pytest.approx((0, 50), abs=1e-3)
    assert energy["ess_discharge"].lower_bound is None
