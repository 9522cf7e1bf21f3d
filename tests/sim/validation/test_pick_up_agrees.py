"""What an inverter takes at once: the planner keeps to it, the validator tells what does not, the world sheds it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pandas as pd
import pytest

from relight.controllers.exchange.plan import PlanStep
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.planning.planner import PlanRecord
from relight.controllers.rules.rule_plan import rule_record
from relight.controllers.strategies.strategy import Strategy
from relight.scenarios.case import Case
from relight.scenarios.schema.scenario import LoadControl
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.plan_once import plan_once
from relight.sim.validation.validator import Validator
from support.networks import Line, build_case, ess

MODES = get_args(LoadControl)
LIMIT_KW = 0.4 * 300.0


def case_of(mode: LoadControl, limit_pct: float | None, **dispatch: object) -> Case:
    """Three buses of the same demand, 100 kW or less, on a feeder; a storage of 300 kVA with plenty at its head."""
    case = build_case(
        [Line("a", "b", length_km=0.1, closed=False), Line("b", "c", length_km=0.1, closed=False)],
        [ess("a", 300.0, 900.0, 0.0)],
        {"a": 60.0, "b": 60.0, "c": 60.0},
        priority={"a": 3.0, "b": 2.0, "c": 1.0},
        outage={"start": "2025-06-21T10:00", "duration_min": 90},
        load={"peak_kw": 180.0, "mix": {"g3": 1.0}},
        clock={"sim_step_min": 15},
        perfect_forecast=True,
        local_areas={"load_control": mode},
        world={"pick_up_limit_pct": limit_pct},
        dispatch_centre=dispatch,
    )
    return replace(case, mix_by_bus={bus: {"g3": 1.0} for bus in "abc"})


def carried_out(case: Case, steps: list[PlanStep]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Served by time and LA (kW), and the events, of a plan that was made before."""

    class Given:
        def plan(self, horizon: Horizon) -> PlanRecord:
            return rule_record(horizon, steps)

    def maker(graph: AreaGraph, count: int) -> Given:
        return Given()

    log = RunLog()
    run_world(case, Strategy("given", summary="made before", replans=False, planner=maker), 0, log)
    rows = pd.DataFrame(log.recorder.rows["local_area"], columns=list(log.recorder.columns("local_area")))
    events = pd.DataFrame(log.recorder.rows["events"], columns=list(log.recorder.columns("events")))
    return rows.pivot_table(index="time_min", columns="local_area", values="served_kw"), events


@pytest.mark.parametrize("mode", MODES)
def test_a_plan_within_the_limit_is_carried_out(mode: LoadControl) -> None:
    """Two areas at first, or two whole ones and no more, and the third when they are there."""
    case = case_of(mode, 40.0)
    plan = plan_once(case, "dynamic").plan
    first_kw = sum(area.demand_kw or 0.0 for area in plan.steps[0].local_areas.values())
    free_kw = sum(
        area.demand_kw or 0.0 for area in plan_once(case_of(mode, None), "dynamic").plan.steps[0].local_areas.values()
    )
    assert 0 < first_kw <= LIMIT_KW + 1e-6 < free_kw
    assert Validator(case).validate(plan).clean
    served, events = carried_out(case, plan.steps)
    for k, step in enumerate(plan.steps):
        for la, area in step.local_areas.items():
            planned = [area.demand_kw or 0.0] * 2
            assert served[la][[30.0 * k, 30.0 * k + 15]].tolist() == pytest.approx(planned, abs=1e-3)
    assert "la_shed" not in set(events.kind) and "section_shed" not in set(events.kind)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_beyond_it_is_told_and_not_picked_up_least_value_first(mode: LoadControl) -> None:
    """All three at once: the third, of least value, is off, or as much of it as is too much, till ordered anew."""
    case = case_of(mode, 40.0)
    plan = plan_once(case_of(mode, None), "dynamic").plan
    found = Validator(case).validate(plan)
    assert set(found.by_kind) == {"pick_up"}
    (violation,) = found.violations
    assert violation.step == 0 and violation.limit == pytest.approx(LIMIT_KW) and violation.value is not None
    served, events = carried_out(case, plan.steps)
    first = served.loc[0.0]
    excess_kw = violation.value - LIMIT_KW
    expected = first["a"] - excess_kw if mode == "part" else 0.0
    assert first["a"] == pytest.approx(first["b"], abs=1e-3) and first["c"] == pytest.approx(expected, abs=1e-3)
    assert served.loc[30.0, "c"] == pytest.approx(served.loc[30.0, "a"], abs=1e-3), "ordered on again"
    told = events[events.kind == ("section_shed" if mode == "section" else "la_shed")]
    assert len(told) == 1 and "120.0 kW at once" in told.text.iloc[0]


def test_a_section_that_is_too_much_by_itself_stays_dark() -> None:
    """The head of the feeder alone is beyond a tenth of 300 kVA, and no switch leads out of it: it collapses."""
    case = case_of("section", 10.0, verify="report")
    served, events = carried_out(case, plan_once(case_of("section", None), "dynamic").plan.steps)
    assert (served.loc[0.0] == 0).all()
    assert events.text[events.kind == "collapse"].str.contains("30.0 kW at once").any()
    assert plan_once(case, "dynamic").plan.planned_energy_kwh == 0
