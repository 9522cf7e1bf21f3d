"""Our own plans of shipped cases under the validator's eye."""

from __future__ import annotations

import math

import pytest

from relight.scenarios.loader import load_case
from relight.sim.planning.plan_once import plan_once
from relight.sim.validation.validator import Validator
from support.networks import Run

SHORT = ("outage.duration_min=90", "dispatch_centre.mip_gap=0.02")


def test_areas_of_several_units_leave_set_points_to_their_gateways() -> None:
    case = load_case("cigre_mv/blackout", (*SHORT, "world.pick_up_limit_pct=null"))
    verdict = Validator(case, engine="power-grid-model").validate(plan_once(case, "dynamic").plan)
    assert verdict.clean, verdict.violations
    assert verdict.islands


def test_the_papers_octagon_lets_planned_units_reach_1_047_of_their_rating() -> None:
    """sqrt(1 + sin² φ) at power factor 0.95; with the chord inside the circle the same case is clean."""
    case = load_case(
        "guo45/fault-0400", (*SHORT, "dispatch_centre.apparent_power=printed", "dispatch_centre.verify=off")
    )
    violations = Validator(case, engine="power-grid-model")(plan_once(case, "dynamic").plan)
    assert violations and {v.kind for v in violations} == {"unit_s"}
    ratios = [v.value / v.limit for v in violations if v.value and v.limit]
    assert max(ratios) == pytest.approx(math.sqrt(1 + (1 - 0.95**2)), rel=1e-3)
    assert max(ratios) == pytest.approx(1.047, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["static", "dynamic"])
@pytest.mark.parametrize("name", ["guo45/fault-0400", "guo45/fault-1000", "cigre_mv/blackout"])
def test_whole_plans_of_the_uncalibrated_cases_are_clean_by_both_engines(name: str, strategy: str) -> None:
    case = load_case(name)
    plan = plan_once(case, strategy).plan
    assert Validator(case, engine="power-grid-model").validate(plan).clean
    assert Validator(case).validate(plan).clean


@pytest.mark.parametrize("name", ["guo45/fault-0400", "guo45/fault-1000"])
def test_our_own_plan_is_clean_and_the_world_carries_it_out_as_foreseen(name: str) -> None:
    """Set-points and switching of a plan, given to the world as orders: no violation, nobody shed, and the same losses,
    output of the balance unit and energy in store."""
    case = load_case(name, SHORT)
    validator = Validator(case, engine="power-grid-model")
    plan = plan_once(case, "dynamic").plan
    verdict = validator.validate(plan)
    assert verdict.clean, verdict.violations
    assert not verdict.dispatched.units and len(verdict.islands) >= 3
    run, forecast = Run(case), validator.forecast
    for k, plan_step in enumerate(plan.steps):
        closed = set(plan_step.closed_branches)
        switches = {b.id: b.id in closed for b in case.view.branches.values() if b.switchable and not b.faulted}
        units = [{unit: {"p_kw": s.p_kw, "q_kvar": s.q_kvar, "state": s.state}} for unit, s in plan_step.units.items()]
        run.demand = {
            la: (float(forecast.demand_kw[la][k]), float(forecast.demand_kvar[la][k])) for la in case.view.local_areas
        }
        run.pv_pu = {unit: float(pu[k]) for unit, pu in forecast.pv_pu.items()}
        wanted = [
            la
            for la in case.view.local_areas
            if la in plan_step.local_areas and plan_step.local_areas[la].demand_kw != 0
        ]
        off = set(case.view.local_areas).difference(wanted)
        for first in (True, *[False] * 5):
            run.step(*units, switches=switches if first else {}, pick_up=wanted if first else [], off=off)
            assert run.violations == [] and {"shed"}.isdisjoint(kind for kind, _ in run.events)
            served = {la for la in case.view.local_areas if run.area(la)["served_kw"] > 0}
            assert served == set(wanted)
            islands = {row["island"]: row for row in run.record.series["island"]}
            foreseen = [one for one in verdict.islands if one.step == k]
            assert set(islands) == {one.island for one in foreseen}
            for one in foreseen:
                row = islands[one.island]
                assert row["balance_unit"] == one.balance_unit
                assert row["losses_kw"] == pytest.approx(one.losses_kw, abs=1e-4)
                assert row["vm_min_pu"] == pytest.approx(one.vm_min_pu, abs=1e-8)
                assert run.unit(one.balance_unit)["p_kw"] == pytest.approx(one.p_balance_kw, abs=1e-3)
    for unit, (discharge_kwh, charge_kwh) in verdict.stored_kwh.items():
        metered = run.metered(unit)
        assert (metered["discharge_kwh"], metered["charge_kwh"]) == pytest.approx((discharge_kwh, charge_kwh), abs=1e-3)
