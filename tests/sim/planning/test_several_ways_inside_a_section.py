"""Several ways inside one section are physics: only between sections is there one way at most."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from relight.scenarios.case import Case
from relight.sim.planning.plan_once import plan_once
from relight.sim.validation.validator import Validator
from support.networks import Line, build_case, chain, ess
from support.validation_cases import judge, plan, step

FIXED: dict[str, Any] = {"switchable": False}
INSIDE = {
    "double line": [Line("a", "b", **FIXED), Line("b", "a", **FIXED)],
    "ring of bars": chain("a", "b", "x", "a", kind="switch", **FIXED),
    "mesh": chain("a", "b", "x", "a", **FIXED),
}
"""What joins a and b without any switch."""


def case_of(inside: list[Line]) -> Case:
    """The storage at a, c behind a switch at b; 100 kW at b and at c."""
    buses = {end for line in inside for end in (line.from_bus, line.to_bus)}
    loads = dict.fromkeys(sorted(buses), 0.0) | {"b": 100.0, "c": 100.0}
    outage = {"start": "2025-06-21T12:00", "duration_min": 60}
    case = build_case([*inside, Line("b", "c")], [ess("a")], loads, outage=outage)
    return replace(case, mix_by_bus={bus: {"h0": 1.0} for bus in case.view.buses})


@pytest.mark.parametrize("inside", INSIDE)
def test_all_is_served_over_them(inside: str) -> None:
    case = case_of(INSIDE[inside])
    assert len(case.view.sections) == 2
    record = plan_once(case, "dynamic")
    demand_kwh = sum(record.horizon.demand_kw(la, t) * record.horizon.dt_h(t) for la in "bc" for t in range(2))
    assert demand_kwh > 50 and record.planned_energy_kwh == pytest.approx(demand_kwh, abs=1e-3)
    assert record.plan.status == "optimal"
    for engine in ("pandapower", "power-grid-model"):
        assert Validator(case, engine=engine).validate(record.plan).clean


def test_each_line_of_a_double_line_carries_its_half() -> None:
    single, double = ([Line("a", "b", **FIXED)], INSIDE["double line"])
    loading = [
        judge(build_case([*inside, Line("b", "c")], [ess("a")]), plan(step(0, ["b-c"], "a b c", "ess.a"))).islands[0]
        for inside in (single, double)
    ]
    losses = [island.losses_kw or 0.0 for island in loading]
    assert all(island.converged for island in loading) and losses[1] < losses[0]


def test_two_ways_between_sections_are_a_loop_all_the_same() -> None:
    case = build_case([*INSIDE["double line"], Line("b", "c"), Line("c", "b")], [ess("a")])
    (violation,) = judge(case, plan(step(0, ["b-c", "c-b"], "a b c", "ess.a"))).violations
    assert (violation.kind, violation.value) == ("not_radial", 1.0)
    assert judge(case, plan(step(0, ["b-c"], "a b c", "ess.a"))).clean
