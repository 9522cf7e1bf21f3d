"""Dispatch centre, gateways and grid together on hand-worked networks: what is learnt, and what is done about it.

A loop of its own instead of mosaik: measurements one step old, constant demand and sun, a perfect forecast of them.
"""

from __future__ import annotations

from typing import Any

from relight.controllers.centre.dispatch_centre import Decision, DispatchCentre
from relight.controllers.exchange.messages import Forecast
from relight.controllers.gateways.gateway import EnergyGateway
from relight.controllers.strategies.named import strategy_named
from relight.scenarios.case import Case
from relight.sim.world.grid import Grid
from support.networks import Line, build_case, ess, infeed, nbsu

SHORT = 0.001
STEP_MIN, PLAN_STEP_MIN, END_MIN = 5, 30, 120


class Loop:
    """A run of a case with 60 kW on every bus."""

    def __init__(self, case: Case, strategy: str = "dynamic", without_load: str = "") -> None:
        view = case.view
        self.grid, self.now = Grid(case, engine="power-grid-model"), 0
        self.demand = {la: (0.0 if la in without_load else 60.0, 0.0) for la in view.local_areas}
        self.centre = DispatchCentre(view, case.scenario, strategy_named(strategy))
        self.gateways = {la: EnergyGateway(view, la, case.scenario) for la in view.local_areas}
        self.events: list[tuple[int, str, str]] = []
        self.reasons: dict[int, str] = {}
        self.served: dict[int, dict[str, float]] = {}
        self.violations: list[str] = []
        self.decision = Decision()

    def forecast(self, la: str) -> Forecast:
        first = self.now // PLAN_STEP_MIN * PLAN_STEP_MIN
        starts = [float(max(t, self.now)) for t in range(first, END_MIN, PLAN_STEP_MIN)]
        p_kw, q_kvar = ([power] * len(starts) for power in self.demand[la])
        return Forecast(step_start_min=starts, demand_p_kw=p_kw, demand_q_kvar=q_kvar, pv_pu={})

    def until(self, end_min: int) -> Loop:
        while self.now < end_min:
            measured = self.grid.measurements()
            psc = {la: own.assess(measured[la], self.forecast(la), self.now) for la, own in self.gateways.items()}
            self.centre.receive(psc, self.grid.switch_states(), self.grid.fault_reports())
            self.decision = self.centre.decide(self.now)
            if self.decision.issued:
                self.reasons[self.now] = self.decision.why
            for plan in self.decision.net_power:
                self.gateways[plan["local_area"]].receive(plan)
            record = self.grid.step(
                self.now,
                self.demand,
                {},
                {order["switch"]: order["closed"] for order in self.decision.switches},
                {la: own.orders(self.now, measured[la]) for la, own in self.gateways.items()},
                self.centre.planned_kw(self.now),
            )
            self.events += [(self.now, row["kind"], row["element"]) for row in record.events]
            self.violations += [row["kind"] for row in record.violations]
            self.served[self.now] = {row["local_area"]: row["served_kw"] for row in record.series["local_area"]}
            self.now += STEP_MIN
        return self

    def times(self, kind: str, element: str) -> list[int]:
        return [time for time, *rest in self.events if rest == [kind, element]]


def case_of(lines: list[Line], *units: Any, **parts: Any) -> Case:
    return build_case(
        lines, units, outage={"start": "2025-06-21T04:00", "duration_min": END_MIN},
        clock={"sim_step_min": STEP_MIN, "plan_step_min": PLAN_STEP_MIN}, dispatch_centre={"verify": "off"}, **parts,
    )  # fmt: skip


def feeder() -> list[Line]:
    """a =sw= b -line- c =sw= d"""
    return [
        Line("a", "b", length_km=SHORT),
        Line("b", "c", length_km=SHORT, switchable=False),
        Line("c", "d", length_km=SHORT),
    ]


def areas(loop: Loop, time_min: int) -> str:
    """LAs served in the step that began then."""
    return "".join(la for la, kw in loop.served[time_min].items() if kw > 0)


# -- faults ------------------------------------------------------------------------------------------------------------


def test_the_dispatch_centre_plans_around_a_fault_it_was_told_of_and_takes_the_section_back_after_repair() -> None:
    faults = [{"branch": "b-c", "at_min": 40, "repair": {"minutes": 35}}]
    loop = Loop(case_of(feeder(), ess("a"), ess("d"), surprises={"faults": faults})).until(END_MIN)
    assert areas(loop, 0) == areas(loop, 35) == "abcd"
    assert areas(loop, 40) == "", "protection makes the whole island dark"
    assert "b faulted" in loop.reasons[45] and loop.times("switch_refused", "a-b") == []
    assert {areas(loop, t) for t in range(45, 80, 5)} == {"ad"}, "each end by its own storage, the section left out"
    assert "b repaired" in loop.reasons[80] and areas(loop, 80) == "abcd"
    assert loop.times("protection_trip", "b-c") == [40]


def test_a_static_plan_stays_and_cannot_carry_out_what_has_failed() -> None:
    faults = [{"branch": "b-c", "at_min": 40}]
    loop = Loop(case_of(feeder(), ess("a"), ess("d"), surprises={"faults": faults}), "static").until(END_MIN)
    assert list(loop.reasons) == [0]
    assert areas(loop, 35) == "abcd" and areas(loop, 45) == "", "no gateway black-starts within a plan step"
    assert loop.times("switch_refused", "a-b") == [60, 90], "ordered closed again at each plan step"
    assert len(areas(loop, 60)) == 1, "where its one balance unit stands"


# -- units -------------------------------------------------------------------------------------------------------------


def test_a_tripped_storage_leaves_the_assessment_and_the_plan_until_it_is_back() -> None:
    """Two storages of 80 kW serve two sections of 60 kW each, one storage only its own."""
    trips = [{"unit": "ess.b", "at_min": 40, "back_after": {"minutes": 35}}]
    lines = [Line("a", "b", length_km=SHORT)]
    loop = Loop(case_of(lines, ess("a", 80), ess("b", 80), surprises={"trips": trips})).until(80)
    assert areas(loop, 35) == "ab"
    assert "ess.b out of service" in loop.reasons[45] and areas(loop, 50) == "a"
    assert areas(loop, 75) == "a"
    loop.until(END_MIN)
    assert "ess.b back in service" in loop.reasons[80] and areas(loop, 80) == "ab"


def test_a_start_up_that_failed_is_launched_again() -> None:
    """The storage of 75 kW carries one bus and a start-up; with the NBSU both are served."""
    lines = [Line("a", "b", length_km=SHORT)]
    units = ess("a", 75), nbsu("a", 200, 400, 30)
    loop = Loop(case_of(lines, *units, surprises={"start_failures": [{"unit": "nbsu.a"}]})).until(END_MIN)
    assert loop.times("nbsu_start", "nbsu.a")[0] == 0 and loop.times("nbsu_start_failed", "nbsu.a") == [30]
    assert "NBSUs did not start: a" in loop.reasons[35]
    # A start-up from minute 35 would end at 65, too late for the plan step from 60 on, so it is launched at 60.
    assert loop.times("nbsu_start", "nbsu.a")[1:] == [60] and loop.times("nbsu_online", "nbsu.a") == [90]
    assert areas(loop, 85) == "a" and areas(loop, 90) == "ab"


# -- switches ----------------------------------------------------------------------------------------------------------


def two_ways() -> list[Line]:
    """b can be fed by one switch or the other, both open."""
    return [
        Line("a", "b", length_km=SHORT, closed=False),
        Line("a", "c", length_km=SHORT, closed=False),
        Line("c", "b", length_km=SHORT, closed=False),
    ]


def test_a_switch_that_refuses_is_tried_again_then_given_up_and_another_way_is_taken() -> None:
    surprises = {"switches": [{"switch": "a-b", "kind": "refuses"}], "give_up_after": 2}
    loop = Loop(case_of(two_ways(), ess("a"), surprises=surprises), without_load="c").until(30)
    assert loop.times("switch_refused", "a-b") == [0, 5], "ordered, and once again"
    assert "a-b does not operate" in loop.reasons[10]
    assert areas(loop, 5) == "a" and areas(loop, 10) == "ab", "by way of c"


def test_a_wrong_report_is_noticed_when_gateways_contradict_it() -> None:
    """The contact of a-b sticks at closed. It is opened for the fault behind it and reports closed all the same."""
    surprises = {
        "switches": [{"switch": "a-b", "kind": "misreports"}],
        "faults": [{"branch": "b-c", "at_min": 40}],
    }
    loop = Loop(case_of(feeder(), ess("a"), surprises=surprises)).until(90)
    assert areas(loop, 35) == "abcd" and areas(loop, 50) == "a"
    assert loop.grid.switch_states()["a-b"] is True
    assert any("a-b reports wrongly" in why for why in loop.reasons.values())


# -- the infeed that returns -------------------------------------------------------------------------------------------


def infeed_case(**switching: Any) -> Case:
    """a (infeed, dead) =sw= b (storage of 80 kW) =sw= c."""
    lines = [Line("a", "b", length_km=SHORT), Line("b", "c", length_km=SHORT)]
    surprises = {"infeeds": [{"infeed": "infeed.a", "at_min": 40}]}
    return case_of(lines, infeed("a", live=False), ess("b", 80), surprises=surprises, switching=switching)


def test_supply_changes_over_to_a_returned_infeed_open_then_close() -> None:
    loop = Loop(infeed_case()).until(END_MIN)
    assert areas(loop, 40) == "b" and loop.times("infeed_returned", "infeed.a") == [40]
    assert "infeed.a has voltage again" in loop.reasons[45]
    assert areas(loop, 45) == "", "told one step later: open"
    assert areas(loop, 50) == "abc" and loop.times("infeed_connected", "infeed.a") == [50], "then close"
    assert {areas(loop, t) for t in range(50, END_MIN, 5)} == {"abc"}
    assert not {"closing_blocked", "collapse"} & {kind for _, kind, _ in loop.events}
    assert loop.violations == []


def test_with_permission_supply_changes_over_without_a_break() -> None:
    loop = Loop(infeed_case(synchronised_closing=True)).until(END_MIN)
    assert areas(loop, 40) == "b" and areas(loop, 45) == "abc"
    assert loop.violations == [] and loop.times("infeed_connected", "infeed.a") == [45]


def test_a_static_plan_does_not_use_a_returned_infeed() -> None:
    loop = Loop(infeed_case(), "static").until(END_MIN)
    served = {areas(loop, t) for t in range(0, END_MIN, 5)}
    assert served in ({"b"}, {"c"}), "storage at b carries one of them, and b's line is there for c"
    assert not loop.times("infeed_connected", "infeed.a")
