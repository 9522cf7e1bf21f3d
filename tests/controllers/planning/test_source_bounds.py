"""Bounds of sources over all plans worth as much: by hand, around the intervals of one plan, and other plans inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from relight.controllers.centre.dispatch_centre import DispatchCentre
from relight.controllers.exchange.plan import Findings, IslandLosses, Plan, PlanChecker, Violation
from relight.controllers.planning.planner import Planner
from relight.controllers.planning.shares import NoDispatchFound, SourceIntervals, planned_energy_kwh
from relight.controllers.planning.source_bounds import BOUNDED, SourceBounds
from relight.controllers.planning.stage import Wanted
from relight.controllers.strategies.builtin import DYNAMIC
from relight.scenarios.schema.scenario import LoadControl
from relight.scenarios.view import GridView
from support.small_cases import one_bus, random_case, with_load_control, with_options


def test_bounds_by_hand() -> None:
    """One bus leaves no other plan, so the bounds are those of its dispatches."""
    horizon, _ = one_bus()
    plan = Planner(horizon.graph, 2).plan(horizon).plan
    bounds = SourceBounds(horizon.graph, Wanted(2)).of_plan(plan, horizon)
    assert bounds["pv"] == pytest.approx((0, 50), abs=1e-3)
    assert bounds["ess_net"] == pytest.approx((-10, 40), abs=1e-3)
    assert bounds["nbsu_net"] == bounds["infeed"] == (0, 0)


@pytest.mark.parametrize("mode", ["section", "area", pytest.param("part", marks=pytest.mark.slow)])
@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(16), marks=pytest.mark.slow)], ids=str)
def test_bounds_hold_for_the_plan_its_dispatches_and_other_plans_of_its_worth(seeds: range, mode: LoadControl) -> None:
    wider, others = 0, 0
    for seed in seeds:
        case = with_load_control(random_case(seed), mode)
        plan = Planner(case.graph, case.horizon.steps).plan(case.horizon).plan
        if plan.status == "fallback":
            continue
        inside = SourceIntervals(case.graph, case.horizon.steps).of_plan(plan, case.horizon)
        bounds = SourceBounds(case.graph, Wanted(case.horizon.steps)).of_plan(plan, case.horizon)
        assert set(bounds) == set(BOUNDED)
        tolerance = 1e-3 * max(1.0, plan.planned_energy_kwh)
        for source, (low, high) in bounds.items():
            assert low - tolerance <= inside[source].least and inside[source].largest <= high + tolerance, (
                seed,
                source,
            )
            wider += high - low > inside[source].largest - inside[source].least + tolerance
        changed = with_options(case, solver_options={"random_seed": 5}, mip_gap=0.0)
        other = Planner(changed.graph, changed.horizon.steps).plan(changed.horizon).plan
        if other.status != "fallback" and other.objective >= plan.objective - 1e-6:
            others += 1
            energy = planned_energy_kwh(other, case.graph)
            for source, (low, high) in bounds.items():
                assert low - tolerance <= energy[source] <= high + tolerance, (seed, source)
    assert wider > len(seeds) / 5 and others > len(seeds) / 2


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


def loses_nothing(plan: Plan) -> Findings:
    """A check by which networks are free of losses, so that what was planned for them is power that nobody takes."""
    found: list[Violation] = []
    losses: list[IslandLosses] = []
    for t, step in enumerate(plan.steps):
        losses += [IslandLosses(t, unit, 0.0, 0.0) for unit in step.balance_units or ()]
        surplus_kw = sum(area.p_kw for area in step.local_areas.values())
        if step.energised_buses and surplus_kw > 0.01:
            found.append(Violation(t, 0.0, "power_balance", step.energised_buses[0], surplus_kw, 0.0, "kW"))
    return Findings(found, losses)


def keeps_units_small(plan: Plan) -> Findings:
    """A check by which no unit may give more than 30 kVA, which rules out what else would be worth as much."""
    found: list[Violation] = []
    for t, step in enumerate(plan.steps):
        for unit, point in step.units.items():
            s_kva = (point.p_kw**2 + point.q_kvar**2) ** 0.5
            if s_kva > 30.01:
                found.append(Violation(t, 0.0, "unit_s", unit, s_kva, 30.0, "kVA"))
    return Findings(found)


@dataclass
class Judging:
    """A judge that looks at the plan alone."""

    checker: PlanChecker

    def __call__(self, plan: Plan, measured: Any, closed: Any, forecasts: Any) -> Findings:
        return self.checker(plan)

    def of_view(self, view: GridView) -> Judging:
        return self


@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(16), marks=pytest.mark.slow)], ids=str)
@pytest.mark.parametrize("checker", [loses_nothing, keeps_units_small])
def test_bounds_and_intervals_of_a_repaired_plan_hold_the_plan(checker: PlanChecker, seeds: range) -> None:
    """And no dispatch of its decisions lies outside the bounds of all plans worth as much."""
    ways: list[str] = []
    for seed in seeds:
        case = with_options(random_case(seed), loss_allowance_pct=5.0, source_intervals=True, source_bounds=True)
        centre = DispatchCentre(case.view, case.scenario, DYNAMIC, Judging(checker))
        centre.receive(case.horizon.psc, case.horizon.closed)
        plan = issued(centre, case.horizon.start(0))
        assert plan.status == "fallback" or plan.source_energy_kwh, seed
        ways += [check.then for check in plan.checks if plan.source_energy_kwh]
        tolerance = 1e-3 * max(1.0, plan.planned_energy_kwh)
        for source, energy in plan.source_energy_kwh.items():
            assert energy.least <= energy.planned <= energy.largest, (seed, source)
            if source in BOUNDED:
                low, high = energy.lower_bound, energy.upper_bound
                assert low is not None and high is not None and low <= energy.planned <= high, (seed, source)
                assert low - tolerance <= energy.least and energy.largest <= high + tolerance, (seed, source)
    assert ways.count("dispatch") + ways.count("plan") >= 3 * len(seeds) // 8


def issued(centre: DispatchCentre, time_min: float) -> Plan:
    record = centre.decide(time_min).issued
    assert record is not None
    return record.plan


def test_a_plan_outside_its_own_problem_gets_no_bounds() -> None:
    horizon, _ = one_bus()
    plan = Planner(horizon.graph, 2).plan(horizon).plan
    area = plan.steps[0].local_areas["1"]
    areas = {"1": area.model_copy(update={"p_ess_kw": area.p_ess_kw + 200})}
    steps = [plan.steps[0].model_copy(update={"local_areas": areas}), *plan.steps[1:]]
    with pytest.raises(NoDispatchFound, match="ess_net is outside"):
        SourceBounds(horizon.graph, Wanted(2)).of_plan(plan.model_copy(update={"steps": steps}), horizon)
