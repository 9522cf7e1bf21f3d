"""A live part that is beyond a limit already does not keep what lies apart from it from being restored."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from relight.controllers.exchange.plan import Plan, UnitSetPoint
from relight.controllers.planning.island_flow import flows_without_plan
from relight.controllers.planning.planner import PlanRecord
from relight.scenarios.case import Case
from relight.sim.planning.plan_once import plan_once
from relight.sim.validation.validator import Validator
from relight.sim.validation.verdict import Verdict
from support.networks import Line, build_case, ess, infeed
from support.small_cases import random_case

BEYOND: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "voltage_high": ({}, {"vm_pu": 1.09}, "a"),
    "voltage_low": ({"length_km": 40.0}, {}, "a"),
    "overload": ({"max_i_ka": 0.05}, {}, "s-a"),
    "unit_p": ({}, {"s_kva": 500.0}, "infeed.s"),
}
"""Kind → what the line of the live part and its infeed are like, and the element that is beyond the limit."""


@cache
def case_of(kind: str) -> Case:
    """The infeed at s feeds 1 MW at a. The line a-b faults; b and c have a storage and an open tie a-c."""
    line, source, _ = BEYOND[kind]
    lines = [Line("s", "a", **line), Line("a", "b", faulted=True), Line("b", "c"), Line("a", "c", closed=False)]
    outage = {"start": "2025-06-21T12:00", "duration_min": 60}
    case = build_case(lines, [infeed("s"), ess("c")], {"s": 0.0, "a": 1000.0, "b": 100.0, "c": 100.0}, outage=outage)
    (live,) = case.view.infeeds.values()
    view = replace(case.view, infeeds={live.id: replace(live, **source)})
    return replace(case, view=view, mix_by_bus={bus: {"h0": 1.0} for bus in view.buses})


@cache
def planned(kind: str) -> PlanRecord:
    return plan_once(case_of(kind), "dynamic")


def judged(kind: str, plan: Plan) -> Verdict:
    return Validator(case_of(kind)).validate(plan)


@pytest.mark.parametrize("kind", BEYOND)
def test_the_storages_own_island_is_served_and_the_rest_is_told_as_already_so(kind: str) -> None:
    record = planned(kind)
    demand_kwh = sum(record.horizon.demand_kw(la, t) * record.horizon.dt_h(t) for la in "bc" for t in range(2))
    assert demand_kwh > 50 and record.planned_energy_kwh == pytest.approx(demand_kwh, abs=1e-3)
    for step in record.plan.steps:
        assert {"s-a", "b-c"} == set(step.closed_branches), "nothing is opened for nothing"
    verdict = judged(kind, record.plan)
    assert verdict.clean and {(v.kind, v.caused_by_plan) for v in verdict.violations} == {(kind, False)}
    assert BEYOND[kind][2] in {v.element for v in verdict.already_so}
    data = verdict.as_json()
    assert data["clean"] and data["already_so_by_kind"] == data["violations_by_kind"]
    assert not any(row["caused_by_plan"] for row in data["violations"])
    assert "no violation" in str(verdict) and f"already so without the plan, {len(verdict.violations)}: {kind}" in str(
        verdict
    )


def hung_on(plan: Plan) -> Plan:
    """The plan with all of b and c hung on the live part, and the storage at rest."""
    hung = {
        "closed_branches": ["s-a", "b-c", "a-c"],
        "balance_units": ["infeed.s"],
        "local_areas": {},
        "units": {"ess.c": UnitSetPoint(p_kw=0.0)},
    }
    return plan.model_copy(update={"steps": [step.model_copy(update=hung) for step in plan.steps]})


@pytest.mark.parametrize("kind", BEYOND)
def test_what_a_plan_adds_to_it_is_caused_by_the_plan(kind: str) -> None:
    """All of b and c, hung on the live part: they are beyond the limit too, or make it worse."""
    verdict = judged(kind, hung_on(planned(kind).plan))
    assert not verdict.clean and {v.kind for v in verdict.caused} == {kind}
    if kind == "voltage_high":
        assert {v.element for v in verdict.caused} == {"b", "c"} and {v.element for v in verdict.already_so} == {
            "s",
            "a",
        }
    else:
        worse = [v for v in verdict.caused if v.element == BEYOND[kind][2]]
        assert worse and all(v.value_without_plan is not None for v in worse)


def test_a_little_worse_is_not_worse() -> None:
    """What is added is 0.2 % of the line's rating, then 4 %; 1 % is let pass."""
    case = case_of("overload")
    for extra_kw, caused in ((2.0, False), (40.0, True)):
        lighter = replace(case, base_load_kw={"s": 0.0, "a": 1000.0, "b": extra_kw, "c": 0.0})
        verdict = Validator(lighter).validate(hung_on(planned("overload").plan))
        assert ("s-a" in {v.element for v in verdict.caused}) is caused


def test_only_live_areas_are_in_the_flows_of_the_live_part() -> None:
    """Of random cases with a live infeed; that of the first lies in the outage area and feeds nothing before a plan."""
    for seed in (13, 14, 26, 35, 36, 42, 51):
        horizon = random_case(seed).horizon
        lost = horizon.graph.view.lost_areas
        flows = flows_without_plan(horizon, 0)
        assert list(flows) == [la for la in horizon.graph.live_infeed_kva if la not in lost], seed
        assert not any(lost.intersection(flow.areas) for flow in flows.values()), seed
        assert bool(flows) == (seed != 13)
