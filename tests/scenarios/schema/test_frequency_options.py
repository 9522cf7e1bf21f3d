"""``frequency:`` of a scenario: off unless asked for, its values checked, given in part or whole."""

from __future__ import annotations

import pytest

from relight.scenarios.explain import explain
from relight.scenarios.loader import load_case
from relight.scenarios.reading.problems import ScenarioError

NAME = "guo45/frequency-1000"


def test_off_unless_asked_for():
    assert load_case("guo45/fault-1000").scenario.frequency is None
    assert load_case("guo45/fault-1000", ["frequency={}"]).scenario.frequency == load_case(NAME).scenario.frequency


def test_values_given_in_part_keep_the_other_defaults_of_their_kind():
    frequency = load_case(
        NAME, ["frequency.ess_forming.limits.under_hz=46", "frequency.nbsu.droop_pct=3"]
    ).scenario.frequency
    assert frequency is not None
    assert (frequency.ess_forming.limits.under_hz, frequency.ess_forming.limits.over_hz) == (46, 52)
    assert (frequency.nbsu.droop_pct, frequency.nbsu.response_s, frequency.nbsu.limits.under_hz) == (3, 0.5, 45)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("frequency.ess_forming.inertia_s=0", "inertia_s"),
        ("frequency.nbsu.droop_pct=0", "droop_pct"),
        ("frequency.pv.limits.under_hz=51", "under_hz"),
        ("frequency.ufls=[{below_hz: 48, share_pct: 10}, {below_hz: 49, share_pct: 10}]", "below_hz must fall"),
        ("frequency.ufls=[{below_hz: 50.5, share_pct: 10}]", "below_hz must fall"),
        ("frequency.ufls=[{below_hz: 49, share_pct: 60}, {below_hz: 48, share_pct: 60}]", "must not exceed 100"),
        ("frequency.droop=2", "droop"),
    ],
)  # fmt: skip
def test_wrong_values_are_told_with_field_and_remedy(override, says):
    with pytest.raises(ScenarioError, match=says):
        load_case(NAME, [override])


def test_check_tells_of_it():
    text = " ".join(explain(load_case(NAME, ["frequency.ess_forming.inertia_s=2"])).split())
    assert "Frequency nominal 50 Hz; an ESS that forms the voltage has H 2 s and trips below 47 or above 52 Hz" in text
    assert "relays shed 60 % of demand in all, below 49, 48.8, 48.6, 48.4, 48.2, 48 Hz" in text
    assert "no relays" in explain(load_case(NAME, ["frequency.ufls=[]"]))
    assert "Frequency" not in explain(load_case("guo45/fault-1000"))
