"""Devices that fail and lines that fault: what the world does, on networks small enough to work out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from support.networks import Line, Run, build_case, chain, ess, infeed, nbsu, order, pv

SHORT = 0.001


def surprised(lines: list[Line], *units: Any, switching: dict[str, Any] | None = None, **surprises: Any) -> Run:
    """A grid with 60 kW on every bus."""
    parts = {"switching": switching} if switching else {}
    case = build_case(lines, units, surprises=surprises, **parts)
    return Run(case, dict.fromkeys(case.view.local_areas, (60.0, 0.0)))


def feeder(*open_switches: str) -> list[Line]:
    """a =sw= b -line- c =sw= d: section {b, c} between two switches."""
    return [
        Line("a", "b", length_km=SHORT, closed="a-b" not in open_switches),
        Line("b", "c", length_km=SHORT, switchable=False),
        Line("c", "d", length_km=SHORT, closed="c-d" not in open_switches),
    ]


def closed(run: Run) -> dict[str, int]:
    return {row["switch"]: row["closed"] for row in run.record.series["switch"]}


def operated(run: Run) -> set[str]:
    return {row["switch"] for row in run.record.series["switch"] if row["operated"]}


def served(run: Run) -> dict[str, float]:
    return {row["local_area"]: row["served_kw"] for row in run.record.series["local_area"]}


# -- faults and repairs -----------------------------------------------------------------------------------------------


def test_a_fault_darkens_its_island_and_the_switches_around_its_section_open_and_lock() -> None:
    run = surprised(feeder(), ess("a"), ess("d"), faults=[{"branch": "b-c", "at_min": 5}])
    run.step(order("ess.a", "form"))
    assert served(run) == dict.fromkeys("abcd", 60.0)
    run.step()
    assert served(run) == dict.fromkeys("abcd", 0.0)
    assert ("branch_faulted", "b-c") in run.events and ("protection_trip", "b-c") in run.events
    assert ("island_dark", "a") in run.events and ("collapse", "a") not in run.events
    assert closed(run) == {"a-b": 0, "c-d": 0} == {k: int(v) for k, v in run.grid.switch_states().items()}
    assert run.grid.fault_reports() == {"a-b": ["b"], "c-d": ["b"]}
    run.step(order("ess.a", "form"), order("ess.d", "form"), switches={"a-b": True})
    assert served(run) == {"a": 60.0, "b": 0.0, "c": 0.0, "d": 60.0}
    assert ("switch_refused", "a-b") in run.events and closed(run) == {"a-b": 0, "c-d": 0}


def test_a_repaired_section_can_be_closed_again() -> None:
    faults = [{"branch": "b-c", "at_min": 5, "repair": {"minutes": 7}}]
    run = surprised(feeder(), ess("a"), faults=faults).step(order("ess.a", "form"), steps=3)
    assert run.grid.fault_reports() == {"a-b": ["b"], "c-d": ["b"]}
    run.step(order("ess.a", "form"), switches={"a-b": True})  # minute 15: repaired at minute 12
    assert ("branch_repaired", "b-c") in run.events and run.grid.fault_reports() == {}
    assert served(run) == {"a": 60.0, "b": 60.0, "c": 60.0, "d": 0.0}


def test_a_fault_with_a_switch_of_its_own_opens_that_switch_only() -> None:
    run = surprised(feeder(), ess("a"), ess("d"), faults=[{"branch": "a-b", "at_min": 5}])
    run.step(order("ess.a", "form"), steps=2)
    assert served(run) == dict.fromkeys("abcd", 0.0) and closed(run) == {"a-b": 0, "c-d": 1}
    run.step(order("ess.a", "form"), order("ess.d", "form"))
    assert served(run) == dict.fromkeys("abcd", 60.0), "each side of the fault by its own storage"


def test_a_fault_in_the_dark_is_found_when_it_is_energised() -> None:
    run = surprised(feeder(), ess("a"), faults=[{"branch": "b-c", "at_min": 0}]).step(steps=2)
    assert run.grid.fault_reports() == {} and closed(run) == {"a-b": 1, "c-d": 1}
    run.step(order("ess.a", "form"))
    assert served(run) == dict.fromkeys("abcd", 0.0) and ("protection_trip", "b-c") in run.events


def test_two_faults_in_one_section_keep_it_locked_until_both_are_repaired() -> None:
    lines = [Line("a", "b", length_km=SHORT), *chain("b", "c", "d", switchable=False, length_km=SHORT)]
    faults = [
        {"branch": "b-c", "at_min": 5, "repair": {"minutes": 5}},
        {"branch": "c-d", "at_min": 5, "repair": {"minutes": 10}},
    ]
    run = surprised(lines, ess("a"), faults=faults).step(order("ess.a", "form"), steps=3)
    assert run.grid.fault_reports() == {"a-b": ["b"]}
    assert run.step().grid.fault_reports() == {}


def test_a_terminal_tells_of_faults_on_both_its_branch_and_its_section() -> None:
    """c-d failed first; then the section at its side does, and only that is repaired."""
    lines = [*feeder()[:2], Line("c", "d", faulted=True, length_km=SHORT)]
    run = surprised(lines, ess("a"), faults=[{"branch": "b-c", "at_min": 5, "repair": {"minutes": 5}}])
    run.step(order("ess.a", "form"), steps=2)
    assert run.grid.fault_reports() == {"c-d": ["b", "c-d"], "a-b": ["b"]}
    assert run.step().grid.fault_reports() == {"c-d": ["c-d"]}


def test_the_line_that_failed_first_can_be_repaired() -> None:
    lines = [Line("a", "b", faulted=True, length_km=SHORT)]
    repairs = [{"branch": "a-b", "after": {"minutes": 10}}]
    run = surprised(lines, ess("a"), repairs=repairs).step(order("ess.a", "form"), switches={"a-b": True})
    assert ("protection_trip", "a-b") in run.events and run.grid.fault_reports() == {"a-b": ["a-b"]}
    run.step(order("ess.a", "form")).step(order("ess.a", "form"), switches={"a-b": True})
    assert served(run) == {"a": 60.0, "b": 60.0} and run.grid.fault_reports() == {}


# -- units -------------------------------------------------------------------------------------------------------------


def test_a_tripped_follower_is_off_and_deaf_until_it_is_back() -> None:
    trips = [{"unit": "pv.b", "at_min": 5, "back_after": {"minutes": 10}}]
    lines = chain("a", "b", switchable=False, length_km=SHORT)
    case = build_case(lines, [ess("a"), pv("b")], surprises={"trips": trips}, pv={"reconnect_delay_min": 0})
    run = Run(case, {"b": (100.0, 0.0)})
    run.pv_pu = {"pv.b": 0.5}
    both = order("ess.a", "form"), order("pv.b", "follow", 40.0)
    assert run.step(*both).unit("pv.b")["p_kw"] == pytest.approx(40)
    run.step(*both)
    assert ("unit_tripped", "pv.b") in run.events and run.metered("pv.b")["failed"]
    assert run.unit("pv.b")["p_kw"] == 0 and run.unit("pv.b")["p_max_kw"] == 0
    assert run.unit("ess.a")["p_kw"] == pytest.approx(100, abs=0.1)
    run.step(*both).step(*both)
    assert ("unit_back", "pv.b") in run.events and "failed" not in run.metered("pv.b")
    assert run.unit("pv.b")["p_kw"] == pytest.approx(40)


def test_a_unit_that_trips_and_is_back_within_one_step_is_off_in_it_and_takes_orders_in_the_next() -> None:
    trips = [{"unit": "ess.b", "at_min": 6, "back_after": {"minutes": 2}}]
    run = surprised(chain("a", "b", switchable=False, length_km=SHORT), ess("a"), ess("b"), trips=trips)
    both = order("ess.a", "form"), order("ess.b", "follow", 40.0)
    run.step(*both, steps=3)
    happened = [event for event in run.events if event[1] == "ess.b"]
    assert happened == [("unit_tripped", "ess.b"), ("unit_back", "ess.b")]
    assert run.unit("ess.b")["p_kw"] == 0 and "failed" not in run.metered("ess.b")
    assert run.step(*both).unit("ess.b")["p_kw"] == pytest.approx(40)


def test_when_a_balance_unit_trips_another_one_on_line_takes_over_or_the_island_goes_dark() -> None:
    lines = chain("a", "b", switchable=False, length_km=SHORT)
    trips = [{"unit": "ess.a", "at_min": 5}, {"unit": "ess.b", "at_min": 10}]
    run = surprised(lines, ess("a"), ess("b"), trips=trips)
    run.step(order("ess.a", "form"), order("ess.b", "follow")).step()
    assert ("balance_unit_changed", "ess.b") in run.events and served(run) == {"a": 60.0, "b": 60.0}
    run.step(order("ess.a", "form"))
    assert ("island_dark", "a") in run.events and served(run) == {"a": 0.0, "b": 0.0}


def test_a_start_up_that_fails_ends_when_the_unit_should_come_on_line() -> None:
    lines = chain("a", "b", switchable=False, length_km=SHORT)
    run = surprised(lines, ess("a"), nbsu("b", start_min=10), start_failures=[{"unit": "nbsu.b"}])
    run.step(order("ess.a", "form"), order("nbsu.b", "starting"), steps=2)
    assert run.unit("nbsu.b")["state"] == "starting"
    run.step(order("nbsu.b", "follow", 50.0))
    assert ("nbsu_start_failed", "nbsu.b") in run.events and run.unit("nbsu.b")["state"] == "off"
    run.step(order("nbsu.b", "starting"), steps=2).step(order("nbsu.b", "follow", 50.0))
    assert ("nbsu_online", "nbsu.b") in run.events and run.unit("nbsu.b")["p_kw"] == pytest.approx(50)


# -- switches ----------------------------------------------------------------------------------------------------------


def test_a_switch_refuses_as_often_as_the_scenario_says() -> None:
    troubles = [{"switch": "a-b", "kind": "refuses", "times": 2}]
    run = surprised(feeder("a-b"), switches=troubles)
    states = []
    for _ in range(3):
        run.step(switches={"a-b": True})
        states.append((("switch_refused", "a-b") in run.events, closed(run)["a-b"]))
    assert states == [(True, 0), (True, 0), (False, 1)]


def test_a_late_switch_operates_later_and_a_newer_order_replaces_the_late_one() -> None:
    troubles = [{"switch": "a-b", "kind": "late", "delay_min": 8}]
    run = surprised(feeder("a-b"), switches=troubles).step(switches={"a-b": True})
    assert ("switch_late", "a-b") in run.events
    assert closed(run)["a-b"] == 0 and closed(run.step())["a-b"] == 0
    assert closed(run.step())["a-b"] == 1, "minute 10 is the first step after minute 8"
    run.step(switches={"a-b": False}).step(switches={"a-b": True}, steps=3)
    assert closed(run)["a-b"] == 1


def test_the_same_order_given_again_does_not_make_a_late_switch_later() -> None:
    troubles = [{"switch": "a-b", "kind": "late", "delay_min": 8}]
    run = surprised(feeder("a-b"), switches=troubles)
    for late in (True, False, False):
        run.step(switches={"a-b": True})
        assert (("switch_late", "a-b") in run.events) == late
    assert closed(run)["a-b"] == 1


def test_a_late_switch_does_not_close_against_the_lock_of_a_fault_that_came_between() -> None:
    troubles = [{"switch": "a-b", "kind": "late", "delay_min": 8}]
    faults = [{"branch": "b-c", "at_min": 5}]
    run = surprised(feeder("a-b"), ess("a"), ess("d"), switches=troubles, faults=faults)
    run.step(order("ess.a", "form"), order("ess.d", "form"), switches={"a-b": True}).step()
    assert ("protection_trip", "b-c") in run.events
    run.step()
    assert ("switch_refused", "a-b") in run.events and closed(run)["a-b"] == 0 and served(run)["a"] == 60.0


def test_a_stuck_contact_reports_the_state_it_had() -> None:
    troubles = [{"switch": "a-b", "kind": "misreports", "from_min": 5, "until_min": 15}]
    run = surprised(feeder("a-b"), switches=troubles).step()
    assert run.grid.switch_states()["a-b"] is False
    run.step(switches={"a-b": True})
    assert closed(run)["a-b"] == 1 and run.grid.switch_states()["a-b"] is False
    assert run.step().grid.switch_states()["a-b"] is True


# -- the infeed that returns -------------------------------------------------------------------------------------------


def returning(at_min: float = 5, **switching: Any) -> Run:
    """a (infeed, dead) =sw= b (storage)."""
    infeeds = [{"infeed": "infeed.a", "at_min": at_min}]
    lines = [Line("a", "b", length_km=SHORT, closed=False)]
    return surprised(lines, infeed("a", live=False), ess("b"), infeeds=infeeds, switching=switching)


def test_an_infeed_that_returned_waits_for_its_order() -> None:
    run = returning().step(order("infeed.a", "form"))
    assert served(run)["a"] == 0 and run.metered("infeed.a")["upstream_live"] is False
    run.step(order("infeed.a", "off"))
    assert ("infeed_returned", "infeed.a") in run.events and run.metered("infeed.a")["upstream_live"]
    assert served(run)["a"] == 0
    run.step(order("infeed.a", "form"))
    assert ("infeed_connected", "infeed.a") in run.events and served(run)["a"] == 60


def test_no_switch_joins_a_returned_infeed_with_another_live_island() -> None:
    run = returning(0).step(order("infeed.a", "form"), order("ess.b", "form"))
    assert served(run) == {"a": 60.0, "b": 60.0}
    run.step(order("ess.b", "follow"), switches={"a-b": True})
    assert ("closing_blocked", "a-b") in run.events and closed(run)["a-b"] == 0
    run.step(order("ess.b", "off"))
    assert served(run) == {"a": 60.0, "b": 0.0}
    run.step(order("ess.b", "off"), switches={"a-b": True})
    assert served(run) == {"a": 60.0, "b": 60.0} and run.violations == []
    assert run.island("a")["balance_unit"] == "infeed.a"


def test_its_breaker_does_not_close_onto_a_live_bus() -> None:
    run = returning(10).step(order("ess.b", "form"), switches={"a-b": True}, steps=2)
    run.step(order("ess.b", "follow"), order("infeed.a", "form"))
    assert ("closing_blocked", "infeed.a") in run.events and run.island("a")["balance_unit"] == "ess.b"


@pytest.mark.parametrize(("ess_state", "found"), [("follow", []), ("form", [("several_balance_units", "a")])])
def test_with_permission_the_island_changes_over_in_one_operation(ess_state: Any, found: list[Any]) -> None:
    run = returning(10, synchronised_closing=True).step(order("ess.b", "form"), switches={"a-b": True}, steps=2)
    run.step(order("ess.b", ess_state), order("infeed.a", "form"))
    assert served(run) == {"a": 60.0, "b": 60.0} and run.island("a")["balance_unit"] == "infeed.a"
    assert run.violations == found, "it is a violation not to give up the voltage"


def test_two_infeeds_are_never_joined() -> None:
    lines = [Line("a", "b", length_km=SHORT, closed=False)]
    units = infeed("a", live=False), infeed("b", live=False)
    infeeds = [{"infeed": "infeed.a", "at_min": 0}, {"infeed": "infeed.b", "at_min": 0}]
    run = surprised(lines, *units, infeeds=infeeds, switching={"synchronised_closing": True})
    run.step(order("infeed.a", "form"), order("infeed.b", "form")).step(switches={"a-b": True})
    assert ("closing_blocked", "a-b") in run.events and closed(run)["a-b"] == 0


def test_of_two_infeeds_that_close_at_once_onto_one_island_one_is_held_back() -> None:
    infeeds = [{"infeed": "infeed.a", "at_min": 0}, {"infeed": "infeed.b", "at_min": 0}]
    lines = [Line("a", "b", length_km=SHORT)]
    run = surprised(lines, infeed("a", live=False), infeed("b", live=False), infeeds=infeeds)
    run.step(order("infeed.a", "form"), order("infeed.b", "form"))
    assert ("infeed_connected", "infeed.a") in run.events and ("closing_blocked", "infeed.b") in run.events
    assert run.violations == [] and served(run) == {"a": 60.0, "b": 60.0}
    assert ("closing_blocked", "infeed.b") not in run.step().events, "told once"


# -- operations that take time ----------------------------------------------------------------------------------------


def test_a_switch_operates_when_its_time_is_over_unless_it_is_ordered_back_before() -> None:
    """Steps of 5 min, operations of 7: two steps. An order that says the same again begins nothing anew."""
    run = surprised(feeder("a-b"), ess("a"), switching={"in_runs": True, "remote_operation_s": 420.0})
    form = order("ess.a", "form")
    assert closed(run.step(form, switches={"a-b": True})) == {"a-b": 0, "c-d": 1} and not operated(run)
    run.step(form, switches={"a-b": True})
    assert closed(run.step(form))["a-b"] == 1 and operated(run) == {"a-b"}
    run.step(form, switches={"a-b": False}).step(form, switches={"a-b": True})
    assert closed(run.step(form, steps=3))["a-b"] == 1, "it was told otherwise in time"


def test_a_crew_takes_its_own_time_and_a_switch_that_is_late_the_longer_of_both() -> None:
    late = [{"switch": "c-d", "kind": "late", "delay_min": 20.0}]
    times = {"in_runs": True, "manual_switches": ["a-b"], "manual_operation_min": 11.0}
    run = surprised(feeder("a-b", "c-d"), ess("a"), switching=times, switches=late)
    run.step(switches={"a-b": True, "c-d": True})
    states = [tuple(closed(run.step()).values()) for _ in range(4)]
    assert states == [(0, 0), (0, 0), (1, 0), (1, 1)], "15 and 20 min after the order"
