"""What the dispatch centre believes of those it does not hear: by the plan they were told of, not by later ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from relight.controllers.centre.dispatch_centre import DispatchCentre
from relight.controllers.exchange.plan import LocalAreaSetPoint, Plan, PlanStep
from relight.controllers.gateways.gateway import EnergyGateway
from relight.controllers.planning.planner import PlanRecord
from relight.controllers.solver.highs import Solution
from relight.controllers.strategies.builtin import DYNAMIC
from relight.scenarios.case import Case
from relight.sim.series.profiles import Profiles
from relight.sim.world.grid import Grid
from support.networks import Line, build_case, ess

P_KW = {0.0: (60.0, 30.0), 30.0: (240.0, 120.0), 60.0: (-60.0, -60.0)}
"""issue of a plan → what ess.1 is to give in its first plan step and in all that follow"""


class Script:
    """Plans that say of LA 1 what is written above, and restore nobody."""

    def __init__(self, *_: Any) -> None:
        pass

    def plan(self, horizon: Any) -> PlanRecord:
        issued = horizon.start(0)
        first, later = P_KW.get(issued, (0.0, 0.0))
        steps = [
            PlanStep(
                start_min=horizon.start(t),
                closed_branches=[],
                local_areas={"1": LocalAreaSetPoint(p_kw=0.0, q_kvar=0.0, p_ess_kw=later if t else first)},
            )
            for t in range(horizon.steps)
        ]
        plan = Plan(
            issued_at_min=issued, step_min=30, end_min=300, objective=0,
            bound=0, status="optimal", steps=steps,
        )  # fmt: skip
        return PlanRecord(plan, Solution("optimal", 0, 0, 0, 0, ""), horizon)


def case_of(**communication: Any) -> Case:
    case = build_case([Line("1", "2")], [ess("1", 300.0, 400.0, 400.0)], communication=communication)
    return replace(case, mix_by_bus={bus: {"h0": 1.0} for bus in case.view.buses})


def known_at(heard_until: float, times: list[float], down: tuple[float, float] = (-1, -1), **options: Any) -> float:
    """kWh left in ess.1 as the dispatch centre takes it to be at the last of some times, LA 1 not heard after one."""
    case = case_of(**options)
    profiles, metered = Profiles(case), Grid(case).measurements()
    own = {la: EnergyGateway(case.view, la, case.scenario) for la in case.view.local_areas}

    def message(la: str, time_min: float) -> Any:
        return own[la].assess({**metered[la], "time_min": time_min}, profiles.forecast(la, time_min), time_min)

    known = {la: message(la, 0.0) for la in own}
    centre = DispatchCentre(case.view, case.scenario, replace(DYNAMIC, planner=Script))
    centre.remember(known, {"1-2": True})
    for time_min in times:
        if down[0] <= time_min < down[1]:
            continue
        heard = [la for la in own if la != "1" or time_min <= heard_until]
        centre.receive({la: message(la, time_min) for la in heard}, {"1-2": True})
        centre.decide(time_min)
    return centre._reports.measured["1"]["units"]["ess.1"]["discharge_kwh"]


def steps(to: float) -> list[float]:
    return [5.0 * k for k in range(int(to) // 5 + 1)]


def test_who_is_heard_is_as_metered() -> None:
    assert known_at(90, steps(90)) == 400


def test_it_is_the_plan_told_when_last_heard_that_counts() -> None:
    # Heard at 10: the plan of minute 0, 60 kW up to 30 and 30 kW after that, whatever was planned at 30.
    assert known_at(10, steps(30)) == pytest.approx(400 - 60 / 3)
    assert known_at(10, steps(90)) == pytest.approx(400 - 60 / 3 - 30)
    # Heard at 30, when the second plan was sent.
    assert known_at(30, steps(90)) == pytest.approx(400 - 240 / 2 - 120 / 2)
    # Never heard: it has no plan.
    assert known_at(-1, steps(90)) == 400


def test_after_its_plan_has_expired_it_is_taken_to_hold_what_it_gave() -> None:
    # Heard at 10, kept for 15 min: to 25, so that the step of 30 is never begun.
    assert known_at(10, steps(90), plan_validity_min=15) == pytest.approx(400 - 60 * 80 / 60)
    assert known_at(10, steps(90), plan_validity_min=25) == pytest.approx(400 - 60 / 3 - 30)


def test_a_dispatch_centre_that_was_dead_counts_every_plan_step_it_slept_through() -> None:
    assert known_at(5, steps(60), down=(10, 60)) == pytest.approx(400 - 60 * 25 / 60 - 30 / 2)
