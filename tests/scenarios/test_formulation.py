"""The choice of the model's form in a scenario: refused where it cannot fit, run where it can."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_case import write

from controllers.strategies import strategy_named
from scenarios.formulation import MOST_LITERAL_BINARIES, literal_binaries
from scenarios.loader import ScenarioError, load_case
from sim.world import RunLog, run_world

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
    outage = {"duration_min": 90, "faulted_branches": ["a-b"]}
    path = write(tmp_path, outage=outage, perfect_forecast=True)
    served = {}
    for form in ("compact", "literal"):
        log = RunLog()
        run_world(load_case(path, (f"dispatch_centre.formulation={form}",)), strategy_named(strategy), 0, log)
        plans = log.recorder.plans
        assert plans and all(plan["status"] == "optimal" for plan in plans)
        served[form] = plans[0]["objective"]
    assert served["literal"] == pytest.approx(served["compact"], rel=1e-3) and served["literal"] > 0
