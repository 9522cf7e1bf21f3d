"""The choice of the model's form in a scenario: refused where it cannot fit, run where it can."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from relight.controllers.exchange.plan import Plan
from relight.controllers.strategies.named import strategy_named
from relight.scenarios.loader import ScenarioError, load_case
from relight.scenarios.schema.dispatch_options import ConstraintFamily
from relight.scenarios.schema.literal_size import MOST_LITERAL_BINARIES, literal_binaries
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.plan_once import plan_once
from support.three_bus_case import write

LITERAL = "dispatch_centre.formulation=literal"


def test_a_literal_model_that_cannot_fit_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"formulation = 'literal': .*5,467,500 binaries for 45 local areas"):
        load_case("guo45/fault-0400", (LITERAL,))
    assert literal_binaries(13, 10) <= MOST_LITERAL_BINARIES < literal_binaries(45, 10)
    assert load_case("guo45/fault-0400", (LITERAL, "local_areas.by=section")).scenario.dispatch_centre.formulation


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"dispatch_centre\.formulation = 'printed': .*'compact' or 'literal'"):
        load_case("guo45/fault-0400", ("dispatch_centre.formulation=printed",))


@pytest.mark.parametrize("strategy", ["dynamic", "static"])
def test_a_run_serves_as_much_under_either_form(tmp_path: Path, strategy: str) -> None:
    outage = {"duration_min": 60, "faulted_branches": ["a-b"]}
    path = write(tmp_path, outage=outage, clock={"sim_step_min": 30}, perfect_forecast=True)
    served = {}
    for form in ("compact", "literal"):
        log = RunLog()
        run_world(load_case(path, (f"dispatch_centre.formulation={form}",)), strategy_named(strategy), 0, log)
        plans = log.recorder.plans
        assert plans and all(plan["status"] == "optimal" for plan in plans)
        served[form] = plans[0]["objective"]
    assert served["literal"] == pytest.approx(served["compact"], rel=1e-3) and served["literal"] > 0


def test_leaving_families_out_of_the_literal_form_is_refused_with_all_else_that_is_wrong() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_case("guo45/fault-0400", (LITERAL, "dispatch_centre.without=[voltage]", "load.peek=3"))
    told = str(caught.value)
    assert "dispatch_centre.without = ['voltage']: the literal form has families of its own" in told
    assert "load.peek" in told and "dispatch_centre.formulation = 'literal'" in told


def test_cold_load_of_customers_who_come_back_in_parts_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"local_areas\.load_control = 'part': .*use area, or cold_load: null"):
        load_case("guo45/cold-load", ("local_areas.load_control=part",))


def test_without_must_be_a_list() -> None:
    with pytest.raises(ScenarioError, match=r"dispatch_centre\.without = 'voltage': must be a list: \[a, b\]"):
        load_case("guo45/fault-0400", ("dispatch_centre.without=voltage",))


def plans_without(path: Path, families: str) -> list[Plan]:
    """The first plan of two strategies."""
    case = load_case(path, (f"dispatch_centre.without=[{families}]", "dispatch_centre.mip_gap=0"))
    return [plan_once(case, strategy).plan for strategy in ("dynamic", "static")]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Plan]]:
    """A scenario, and its plans with every family."""
    folder = tmp_path_factory.mktemp("small")
    path = write(folder, outage={"duration_min": 90, "faulted_branches": ["a-b"]}, perfect_forecast=True)
    return path, plans_without(path, "")


@pytest.mark.parametrize("family", get_args(ConstraintFamily))
def test_a_scenario_can_leave_any_family_out(small: tuple[Path, list[Plan]], family: str) -> None:
    """Fewer constraints never lower the optimum, and what is proven is proven to the gap asked for."""
    path, plans = small
    for whole, part in zip(plans, plans_without(path, family), strict=True):
        assert whole.status == part.status == "optimal"
        assert part.gap <= 1e-6 and whole.gap <= 1e-6
        assert part.objective >= whole.objective - 1e-6
