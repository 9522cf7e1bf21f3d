"""Our own plans of shipped cases under the validator's eye."""

from __future__ import annotations

import math

import pytest

from scenarios.loader import load_case
from sim.plan_once import plan_once
from sim.validation.validator import Validator, validate_plan

SHORT = ("outage.duration_min=90", "dispatch_centre.mip_gap=0.02")


@pytest.mark.parametrize("name", ["guo45/fault-0400", "guo45/fault-1000"])
def test_our_own_plan_is_clean(name: str) -> None:
    case = load_case(name, SHORT)
    verdict = validate_plan(case, plan_once(case, "dynamic").plan, engine="power-grid-model")
    assert verdict.clean, verdict.violations
    assert not verdict.dispatched.units and len(verdict.islands) >= 3


def test_areas_of_several_units_leave_set_points_to_their_gateways() -> None:
    case = load_case("cigre_mv/blackout", SHORT)
    verdict = validate_plan(case, plan_once(case, "dynamic").plan, engine="power-grid-model")
    assert verdict.clean, verdict.violations
    assert verdict.islands


def test_the_papers_octagon_lets_planned_units_reach_1_047_of_their_rating() -> None:
    """sqrt(1 + sin² φ) at power factor 0.95; with the chord inside the circle the same case is clean."""
    case = load_case("guo45/fault-0400", (*SHORT, "dispatch_centre.apparent_power=printed"))
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
    assert validate_plan(case, plan, engine="power-grid-model").clean
    assert validate_plan(case, plan).clean
