"""How far plans look ahead: which steps they have, where they end, who may do without the rest of the window."""

from __future__ import annotations

import pytest

from relight.controllers.centre.look_ahead import ahead, longest_horizon
from relight.controllers.strategies.builtin import STRATEGIES
from relight.controllers.strategies.named import UnsuitableStrategyError, strategy_named
from relight.scenarios.loader import load_case
from relight.scenarios.reading.problems import ScenarioError

FAULT = "guo45/fault-1000"


def scenario(*overrides: str):
    return load_case(FAULT, overrides).scenario


@pytest.mark.parametrize(
    ("look_ahead", "starts", "seen", "end_min", "longest"),
    [
        ("null", [0, 30, 60, 90], 4, 120, 10),
        ("60", [0, 30, 60, 90], 2, 60, 3),
        ("60", [40, 60, 90], 3, 120, 3),  # a plan begun between two steps: whole steps, as far as it reaches into
        ("60", [20, 30, 60, 90], 3, 90, 3),
        ("30", [90], 1, 120, 2),
        ("300", [0, 30, 60, 90], 4, 120, 10),
    ],
)
def test_a_plan_has_the_steps_that_it_looks_into(look_ahead, starts, seen, end_min, longest) -> None:
    one = scenario(f"dispatch_centre.look_ahead_min={look_ahead}")
    assert ahead([float(s) for s in starts], 120.0, one) == (tuple(starts[:seen]), end_min)
    assert longest_horizon(one) == longest


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (("dispatch_centre.look_ahead_min=45",), "must be a multiple of clock.plan_step_min (30)"),
        (("dispatch_centre.look_ahead_min=30", "clock.replan_interval_min=60"), "must not be below the replan"),
        (("dispatch_centre.look_ahead_min=0",), "dispatch_centre.look_ahead_min = 0"),
    ],
)
def test_a_look_ahead_that_does_not_fit_is_told(overrides: tuple[str, ...], told: str) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario(*overrides)
    assert told in str(error.value) and "dispatch_centre.look_ahead_min" in str(error.value)


def test_who_plans_once_must_see_the_whole_window() -> None:
    options = scenario("dispatch_centre.look_ahead_min=60").dispatch_centre
    refused = []
    for name in STRATEGIES:
        try:
            strategy_named(name, options)
        except UnsuitableStrategyError as error:
            refused.append(name)
            assert "plans once" in str(error) and "dispatch_centre.look_ahead_min" in str(error)
    assert refused == ["static", "static_rigid", "static_final", "growing", "open_loop"]


def test_a_scenario_without_it_does_not_speak_of_it() -> None:
    assert "look_ahead_min" not in scenario().model_dump(mode="json")["dispatch_centre"]
    assert scenario("dispatch_centre.look_ahead_min=60").model_dump()["dispatch_centre"]["look_ahead_min"] == 60
