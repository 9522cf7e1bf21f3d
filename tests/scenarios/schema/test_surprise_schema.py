"""The section ``surprises`` of a scenario: what it accepts, and how it refuses all that is wrong at once."""

from __future__ import annotations

import pytest

from relight.scenarios.explain import explain
from relight.scenarios.loader import ScenarioError, load_case, resolved_yaml

GUO = "guo45/fault-0400"


def test_without_surprises_nothing_of_them_is_written() -> None:
    assert "surprises" not in resolved_yaml(load_case(GUO).scenario)


def test_everything_unknown_is_told_at_once() -> None:
    surprises = (
        "surprises={faults: [{branch: '12-13', at_min: 5}], repairs: [{branch: 1-2, after: {minutes: 9}}], "
        "infeeds: [{infeed: infeed.7, at_min: 5}], trips: [{unit: infeed.1, at_min: 5}], "
        "start_failures: [{unit: ess.25}], switches: [{switch: 2-3, kind: refuses}, "
        "{switch: 5-6, kind: misreports, from_min: 9, until_min: 9}]}"
    )
    with pytest.raises(ScenarioError) as caught:
        load_case(GUO, [surprises])
    told = str(caught.value)
    for part in ("faults.0.branch", "repairs.0.branch", "infeeds.0.infeed", "trips.0.unit", "start_failures.0.unit",
                 "switches.0.switch", "switches.1.until_min"):  # fmt: skip
        assert f"surprises.{part}" in told


@pytest.mark.parametrize(
    ("trouble", "remedy"),
    [
        ("{switch: 5-6, kind: late}", "delay_min is missing"),
        ("{switch: 5-6, kind: refuses, delay_min: 5}", "it goes with kind: late"),
        ("{switch: 5-6, kind: sleeps}", "refuses"),
    ],
)
def test_a_trouble_that_makes_no_sense_is_refused(trouble: str, remedy: str) -> None:
    with pytest.raises(ScenarioError, match=remedy):
        load_case(GUO, [f"surprises={{switches: [{trouble}]}}"])


def test_check_tells_what_will_go_wrong() -> None:
    text = explain(load_case("guo45/second-fault", ["surprises.random={late: 0.1}"]))
    for line in ("40-41 faults at 75 min, repaired after median 90 min", "12-13 is repaired after median 70 min",
                 "random: late 0.1 per switch"):  # fmt: skip
        assert line in text
    assert "Surprises" not in explain(load_case(GUO))


def test_a_branch_cannot_fault_twice() -> None:
    with pytest.raises(ScenarioError, match="listed twice"):
        load_case(GUO, ["surprises={faults: [{branch: 1-2, at_min: 5}, {branch: 1-2, at_min: 50}]}"])
