"""The loss allowance that is learned: shares by hand, and plans that count with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relight.controllers.exchange.messages import LocalAreaMeasurement, UnitMeasurement
from relight.controllers.exchange.plan import IslandLosses, LocalAreaSetPoint, Plan, PlanStep
from relight.controllers.planning.loss_allowance import LossAllowance, live_islands
from relight.controllers.planning.planner import Planner
from relight.scenarios.view import Branch, Bus, EssUnit, GridView, LocalArea, find_sections
from support.small_cases import random_case, with_load_control, with_options


def three_sections() -> GridView:
    """Buses a–b–c joined by switches, an ESS at a and at c."""
    branches = {name: Branch(name, *name, 0.1, 0.1, 1e3, switchable=True) for name in ("ab", "bc")}
    return GridView(
        {bus: Bus(bus, 10.0) for bus in "abc"},
        branches,
        find_sections("abc", branches.values()),
        {bus: LocalArea(bus, (bus,), bus) for bus in "abc"},
        ess={f"ess.{bus}": EssUnit(f"ess.{bus}", bus, 100.0, 100.0, 0.0) for bus in "ac"},
    )


def step(start_min: float, closed: list[str], demand_kw: dict[str, float], *balance: str) -> PlanStep:
    areas = {la: LocalAreaSetPoint(p_kw=0.0, q_kvar=0.0, demand_kw=kw) for la, kw in demand_kw.items()}
    return PlanStep(
        start_min=start_min, closed_branches=closed, energised_buses=list(demand_kw), balance_units=list(balance),
        local_areas=areas, units={},
    )  # fmt: skip


def plan(*steps: PlanStep) -> Plan:
    return Plan(step_min=30, end_min=30 * len(steps), steps=list(steps))


def test_islands_are_joined_by_closed_switches_between_live_sections() -> None:
    view = three_sections()
    assert live_islands(step(0, ["ab"], {"a": 1.0, "b": 1.0, "c": 1.0}), view) == [["a", "b"], ["c"]]
    assert live_islands(step(0, ["ab", "bc"], {"a": 1.0, "c": 1.0}), view) == [["a"], ["c"]]


def test_an_island_loses_a_share_of_its_energy_rounded_up() -> None:
    """a and b: 0.4 of 100 kW, then 0.3 of 40 kW for as long: 0.5 %; c alone: 0.11 of 50 kW is 0.22 %, so 0.3 %."""
    view, known = three_sections(), LossAllowance()
    demand = {"a": 60.0, "b": 40.0, "c": 50.0}
    made = plan(
        step(0, ["ab"], demand, "ess.a", "ess.c"), step(30, ["ab"], {"a": 20.0, "b": 20.0}, "ess.a"),
    )  # fmt: skip
    losses = [
        IslandLosses(0, "ess.a", 0.4, 0.0), IslandLosses(0, "ess.c", 0.11, 0.0), IslandLosses(1, "ess.a", 0.3, 0.0),
    ]  # fmt: skip
    assert known.by_section(view) == {}
    known.learn_from_check(made, losses, view)
    assert known.by_section(view) == {"a": 0.5, "b": 0.5, "c": 0.3}
    known.learn_from_check(plan(step(0, [], {"a": 50.0}, "ess.a")), [IslandLosses(0, "ess.a", 1.0, 0.0)], view)
    assert known.by_section(view) == {"a": 2.0, "b": 0.5, "c": 0.3}, "of whom nothing new is known what was known stays"


def metered(p_kw: float, demand_kw: float, share_on: float = 1.0) -> LocalAreaMeasurement:
    unit = UnitMeasurement(
        p_kw=p_kw,
        q_kvar=0.0,
        state="form",
        state_min=0.0,
        p_min_kw=0.0,
        p_max_kw=0.0,
        discharge_kwh=0.0,
        charge_kwh=0.0,
    )
    return LocalAreaMeasurement(
        time_min=30.0, energised=True, energised_min=30.0, share_on=share_on, demand_p_kw=demand_kw, demand_q_kvar=0.0,
        units={"unit": unit},
    )  # fmt: skip


def test_reports_tell_what_units_gave_and_customers_did_not_take() -> None:
    """102 kW given, 80 + 0.5 · 40 taken, then 100 of 100: 1 % on average; c is not heard of."""
    view, known = three_sections(), LossAllowance()
    now = step(0, ["ab"], {"a": 80.0, "b": 20.0, "c": 50.0}, "ess.a", "ess.c")
    known.learn_from_reports(now, {"a": metered(102.0, 80.0), "b": metered(0.0, 40.0, 0.5)}, view, 1 / 12)
    assert known.by_section(view) == {"a": 2.0, "b": 2.0}
    known.learn_from_reports(now, {"a": metered(100.0, 80.0), "b": metered(0.0, 20.0)}, view, 1 / 12)
    assert known.by_section(view) == {"a": 1.0, "b": 1.0}
    known.learn_from_reports(now, {"a": metered(100.0, 50.0)}, view, 1.0)
    assert known.by_section(view) == {"a": 1.0, "b": 1.0}, "without the report of b nothing can be told"
    known.learn_from_check(plan(now), [IslandLosses(0, "ess.a", 3.0, 0.0)], view)
    assert known.by_section(view) == {"a": 3.0, "b": 3.0}, "the larger of both counts"


@pytest.mark.parametrize("formulation", ["compact", "literal"])
@pytest.mark.parametrize("seed", [1, 6])
def test_an_allowance_of_all_sections_is_the_allowance(seed: int, formulation: str) -> None:
    case = with_load_control(random_case(seed, (2, 2), (2, 2)), "area")
    stated = with_options(case, loss_allowance_pct=7.0, formulation=formulation)
    other = with_options(case, loss_allowance_pct=0.0, formulation=formulation)
    learned = replace(other.horizon, loss_pct=dict.fromkeys(case.view.sections, 7.0))
    plans = [
        Planner(one.graph, horizon.steps).plan(horizon).plan
        for one, horizon in ((stated, stated.horizon), (other, learned))
    ]
    assert plans[0].objective == pytest.approx(plans[1].objective)
