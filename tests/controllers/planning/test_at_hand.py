"""A plan at hand: it is valued in the horizon that is planned now, and left only for one that is worth more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relight.controllers.milp.problem import Horizon
from relight.controllers.milp.stricter_limits import Tightened
from relight.controllers.planning.at_hand import AtHand
from relight.controllers.planning.planner import Planner, PlanRecord
from relight.scenarios.schema.scenario import LoadControl
from support.plan_claims import Claims
from support.small_cases import SmallCase, random_case, with_load_control

FOR_GOOD = 1e6
MODES: tuple[LoadControl, ...] = ("section", "area", "part")
RISES = (11, 12, 22, 30)
"""Cases whose best plan drops somebody whom the best growing plan serves."""


def case_of(seed: int, mode: LoadControl) -> SmallCase:
    return with_load_control(random_case(seed, sections=(2, 3), steps=(2, 3)), mode)


def at_hand(record: PlanRecord, leave_for_kwh: float = 0.0) -> AtHand:
    return AtHand.of(record.plan, record.horizon, record.horizon.graph, "plan of 10:30", leave_for_kwh)


def growing(case: SmallCase) -> PlanRecord:
    return Planner(case.graph, case.horizon.steps, growing=True).plan(case.horizon)


def planned(horizon: Horizon, start: AtHand | None) -> PlanRecord:
    planner = Planner(horizon.graph, horizon.steps)
    planner.start_from(start)
    return planner.plan(horizon)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [8, 12, 25, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (19, 30))])
def test_it_is_kept_where_nothing_is_worth_more_and_left_where_something_is(seed: int, mode: LoadControl) -> None:
    case = case_of(seed, mode)
    first, best = growing(case), planned(case.horizon, None)
    assert first.plan.objective is not None and best.plan.objective is not None
    found = planned(case.horizon, at_hand(first))
    assert found.plan.objective == pytest.approx(best.plan.objective, rel=1e-6, abs=1e-5)
    if mode != "part":  # where shares are powers, chosen anew
        assert found.kept == (best.plan.objective <= first.plan.objective + 1e-5 * max(1.0, first.plan.objective))
    assert found.kept == ("kept plan of 10:30" in found.note)
    assert Claims(found.plan, case.horizon).broken == []


@pytest.mark.parametrize("seed", [*RISES[:2], *(pytest.param(seed, marks=pytest.mark.slow) for seed in RISES[2:])])
def test_a_gain_must_pay_what_is_asked(seed: int) -> None:
    case = case_of(seed, "section")
    first, best = growing(case), planned(case.horizon, None)
    assert first.plan.objective is not None and best.plan.objective is not None
    gain_kwh = best.plan.objective - first.plan.objective
    assert gain_kwh > 1
    kept = planned(case.horizon, at_hand(first, gain_kwh + 0.5))
    assert kept.kept and kept.plan.objective == pytest.approx(first.plan.objective)
    assert "another would be worth" in kept.note
    assert (kept.plan.status, kept.plan.bound) == ("feasible", pytest.approx(best.plan.objective, rel=1e-6))
    assert [s.energised_buses for s in kept.plan.steps] == [s.energised_buses for s in first.plan.steps]
    left = planned(case.horizon, at_hand(first, gain_kwh - 0.5))
    assert not left.kept and left.plan.objective == pytest.approx(best.plan.objective)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [12, 19, 25])
def test_its_remaining_steps_are_kept_half_an_hour_later(seed: int, mode: LoadControl) -> None:
    """Where the same state and forecast leave it possible: here everything but the first step is as it was."""
    case = case_of(seed, mode)
    first = planned(case.horizon, None)
    later = after_first_step(case.horizon)
    kept = planned(later, at_hand(first, FOR_GOOD))
    if kept.kept:
        assert [s.energised_buses for s in kept.plan.steps] == [s.energised_buses for s in first.plan.steps[1:]]
        assert Claims(kept.plan, later).broken == []
    else:
        assert kept.plan.objective == pytest.approx(planned(later, None).plan.objective, rel=1e-6, abs=1e-5)


def after_first_step(horizon: Horizon) -> Horizon:
    """What the horizon is without its first step, nothing having happened in it."""
    psc = {
        la: message
        | {
            "step_start_min": message["step_start_min"][1:],
            "demand_p_kw": message["demand_p_kw"][1:],
            "demand_q_kvar": message["demand_q_kvar"][1:],
            "pv_pu": message["pv_pu"][1:],
        }
        for la, message in horizon.psc.items()
    }
    return replace(horizon, step_start_min=horizon.step_start_min[1:], psc=psc)


@pytest.mark.parametrize("mode", MODES)
def test_it_is_left_where_it_breaks_a_limit_now(mode: LoadControl) -> None:
    case = case_of(19, mode)
    first = planned(case.horizon, None)
    live = next(s.id for s in case.view.sections.values() if s.buses[0] in (first.plan.steps[0].energised_buses or ()))
    blocked = replace(case.horizon, tightened=Tightened(bounds={("X", live, 0): (0.0, 0.0)}))
    found = planned(blocked, at_hand(first, FOR_GOOD))
    assert not found.kept
    assert found.plan.objective == pytest.approx(planned(blocked, None).plan.objective, rel=1e-6, abs=1e-5)
