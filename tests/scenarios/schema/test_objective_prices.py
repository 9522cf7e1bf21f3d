"""The part ``objective`` of a scenario: prices, and the key that a price had before."""

from __future__ import annotations

import pytest

from relight.scenarios.loader import ScenarioError, load_case


def test_the_switching_cost_says_where_it_has_moved_to() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_case("guo45/fault-1000", ("dispatch_centre.switching_cost_kwh=2",))
    assert [str(problem) for problem in caught.value.problems] == [
        "--set: dispatch_centre.switching_cost_kwh = 2: is called objective.switching_kwh now; write that"
    ]


def test_the_literal_form_takes_energy_and_operations_and_refuses_the_rest() -> None:
    literal = ("dispatch_centre.formulation=literal", "local_areas.by=section")
    load_case("guo45/fault-1000", (*literal, "objective.switching_kwh=2"))
    with pytest.raises(ScenarioError) as caught:
        load_case("guo45/fault-1000", (*literal, "objective.interruption_kwh=2"))
    assert [problem.field for problem in caught.value.problems] == ["objective.interruption_kwh"]
    assert "use formulation: compact" in str(caught.value)


def test_a_price_is_read_from_where_it_is_now() -> None:
    assert load_case("guo45/fault-1000").scenario.objective.switching_kwh == 1.0
    assert load_case("guo45/fault-1000", ("objective.switching_kwh=2",)).scenario.objective.switching_kwh == 2.0
