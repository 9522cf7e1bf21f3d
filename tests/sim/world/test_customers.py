"""Whose customers are on: by order, by area and in part, and what is shed in an emergency."""

from __future__ import annotations

from typing import Any

import pytest

from support.networks import BY_AREA, Line, Run, build_case, chain, ess, order

SHORT = 0.01
IN_PART: dict[str, Any] = {"load_control": "part"}
BY_SECTION: dict[str, Any] = {"load_control": "section"}


def live(load_control: dict[str, Any], s_kva: float = 500.0, **more: Any) -> Run:
    """a, b, c of 50 kW each in one section, live on an ESS at a."""
    case = build_case(
        chain("a", "b", "c", switchable=False, length_km=SHORT), [ess("a", s_kva)], local_areas=load_control, **more
    )
    return Run(case, dict.fromkeys("abc", (50.0, 10.0))).step(order("ess.a", "form"))


def test_customers_are_off_by_order_in_a_live_area_and_that_is_not_shed() -> None:
    run = live(BY_AREA).step(off=["b"], planned={"a": 50.0, "c": 50.0})
    area = run.area("b")
    assert (area["energised"], area["served_kw"], area["shed"], area["ordered_share"]) == (1, 0.0, 0, 0.0)
    assert run.events == [("la_switched_off", "b")] and run.violations == []
    assert run.island("a")["served_kw"] == 100.0 and run.grid.measurements()["b"]["share_on"] == 0.0
    run.step()
    assert run.events == [] and run.area("b")["served_kw"] == 0.0, "it stays off"
    run.step(pick_up=["b"])
    assert run.events == [("la_picked_up", "b")] and run.area("b")["served_kw"] == 50.0


def test_who_is_off_when_its_section_is_black_started_is_not_picked_up() -> None:
    case = build_case(chain("a", "b", switchable=False, length_km=SHORT), [ess("a", 60.0)], local_areas=BY_AREA)
    run = Run(case, dict.fromkeys("ab", (50.0, 0.0))).step(order("ess.a", "form"), off=["b"], planned={"a": 50.0})
    assert run.area("a")["served_kw"] == 50.0 and run.area("b")["served_kw"] == 0.0 and run.violations == []


def test_planned_customers_who_are_off_by_order_are_unsupplied() -> None:
    run = live(BY_AREA).step(off=["b"], planned={"b": 50.0})
    assert run.violations == [("unsupplied_load", "b")]


def test_in_part_a_share_is_served_and_only_what_lacks_is_shed() -> None:
    run = live(IN_PART, s_kva=120.0)
    assert run.shed == {"a"}, "alike in value: by id"
    run.step(in_part={"a": 0.4, "b": 0.2}, pick_up=["c"], planned={"a": 20.0, "b": 10.0, "c": 50.0})
    assert [run.area(la)["served_kw"] for la in "abc"] == pytest.approx([20.0, 10.0, 50.0]) and run.shed == set()
    assert run.area("a")["served_kvar"] == pytest.approx(4.0) and run.violations == []
    run.demand = dict.fromkeys("abc", (100.0, 0.0))
    run.step(planned={"a": 20.0, "b": 10.0, "c": 50.0})
    assert run.shed == {"a", "b"} and run.unit("ess.a")["p_kw"] == pytest.approx(120.0, abs=0.1)
    served = [run.area(la)["served_kw"] for la in "abc"]
    assert served == pytest.approx([20.0, 0.0, 100.0], abs=0.1), "40 kW lack: the 20 of b, and 20 of the 40 of a"


def test_what_the_plan_serves_least_of_is_shed_first_whatever_its_id_and_priority() -> None:
    run = live(BY_AREA, priority={"a": 1.0, "b": 2.0, "c": 1.0})
    run.demand = dict.fromkeys("abc", (200.0, 0.0))
    run.step(planned={"a": 50.0, "b": 10.0, "c": 60.0})
    assert run.shed == {"b"}, "2 × 10 kW is less than 50 and 60"


@pytest.mark.parametrize(
    ("mode", "what"),
    [("section", {"off": ["b"]}), ("section", {"in_part": {"b": 0.5}}), ("area", {"in_part": {"b": 0.5}})],
)
def test_an_order_that_no_switch_could_carry_out_is_refused(mode: str, what: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="its customers cannot be"):
        live({"load_control": mode}).step(**what)


# -- by section: nobody can be off singly -----------------------------------------------------------------------------


def sections(s_kva: float, **more: Any) -> Run:
    """a, and b and c each behind a switch of its own, 50 kW each; live on an ESS at a."""
    lines = [Line("a", "b", length_km=SHORT), Line("a", "c", length_km=SHORT)]
    case = build_case(lines, [ess("a", s_kva)], local_areas=BY_SECTION, **more)
    return Run(case, dict.fromkeys("abc", (50.0, 10.0))).step(
        order("ess.a", "form"), planned=dict.fromkeys("abc", 50.0)
    )


def test_by_section_a_switch_opens_before_the_section_of_least_planned_value() -> None:
    run = sections(500.0, priority={"b": 2.0})
    run.demand = dict.fromkeys("abc", (200.0, 0.0))
    run.step(planned={"a": 50.0, "b": 20.0, "c": 45.0})
    assert run.events == [("section_shed", "a-b"), ("island_dark", "b")], "2 × 20 kW is less than 45"
    assert run.shed == set() and not run.grid.switch_states()["a-b"]
    assert [run.area(la)["energised"] for la in "abc"] == [1, 0, 1] and run.area("a")["served_kw"] == 200.0
    assert run.violations == [("unsupplied_load", "b")]
    assert [row["operated"] for row in run.record.series["switch"]] == [1, 0]
    run.step(planned={"a": 50.0, "c": 45.0})
    assert run.events == [] and run.area("b")["energised"] == 0, "open until it is ordered to close"
    assert list(run.grid.shed_switches()) == ["a-b"], "its terminal tells that nobody ordered it"
    run.demand = dict.fromkeys("abc", (50.0, 0.0))
    assert run.step(switches={"a-b": True}).area("b")["served_kw"] == 50.0
    assert run.grid.shed_switches() == {}


def test_by_section_the_island_collapses_where_no_switch_can_open() -> None:
    run = Run(
        build_case(chain("a", "b", switchable=False, length_km=SHORT), [ess("a", 60.0)], local_areas=BY_SECTION),
        dict.fromkeys("ab", (50.0, 0.0)),
    ).step(order("ess.a", "form"), planned=dict.fromkeys("ab", 50.0))
    assert ("collapse", "a") in run.events and run.shed == set()
    assert {row["energised"] for row in run.record.series["local_area"]} == {0}


def test_by_section_a_part_that_gives_more_than_it_draws_is_not_parted() -> None:
    """c draws 50 kW and gives 100: without it there would be less. b goes, though it is worth more."""
    lines = [Line("a", "b", length_km=SHORT), Line("a", "c", length_km=SHORT)]
    case = build_case(lines, [ess("a", 20.0), ess("c", 100.0)], local_areas=BY_SECTION)
    run = Run(case, dict.fromkeys("abc", (50.0, 0.0)))
    run.step(order("ess.a", "form"), order("ess.c", "follow", 100.0), planned={"a": 50.0, "b": 50.0, "c": 10.0})
    assert ("section_shed", "a-b") in run.events and run.area("c")["served_kw"] == 50.0


def test_by_section_relays_of_under_frequency_open_section_switches() -> None:
    run = sections(110.0, frequency={"ufls": [{"below_hz": 49.0, "share_pct": 20}]}, priority={"c": 0.5})
    kinds = [kind for kind, _ in run.events]
    assert "ufls_stage" in kinds and ("section_shed", "a-c") in run.events and "la_shed" not in kinds
    assert [run.area(la)["served_kw"] for la in "abc"] == [50.0, 50.0, 0.0] and run.island("a")["ufls_kw"] == 50.0


# -- under-frequency relays in part -----------------------------------------------------------------------------------


def test_in_part_relays_of_under_frequency_shed_just_the_share_of_their_stage() -> None:
    """20 % of 150 kW are 30 of c's 50, which count least; another 20 % are c's other 20, and 10 of b's."""
    first, second = {"below_hz": 49.0, "share_pct": 20}, {"below_hz": 48.8, "share_pct": 20}
    for s_kva, stages, expected in (
        (140.0, [first], [50.0, 50.0, 20.0]),
        (100.0, [first, second], [50.0, 40.0, 0.0]),
    ):
        run = live(IN_PART, s_kva=s_kva, frequency={"ufls": stages}, priority={"a": 2.0, "c": 0.5})
        assert [run.area(la)["served_kw"] for la in "abc"] == pytest.approx(expected)
        assert run.island("a")["ufls_kw"] == pytest.approx(150 - sum(expected))
        assert [kind for kind, _ in run.events].count("ufls_stage") == len(stages)
        assert run.shed == {la for la, kw in zip("abc", expected, strict=True) if kw < 50}


def test_in_part_relays_shed_a_share_of_what_is_on_by_order() -> None:
    """Of 75 kW on by order 20 % are 15: of c's 25 there are 10 left, a fifth of all its demand."""
    relays = {"ufls": [{"below_hz": 49.7, "share_pct": 20}]}
    run = live(IN_PART, s_kva=100.0, frequency=relays, priority={"c": 0.5})
    dark = run.step(order("ess.a", "off"))
    assert not dark.area("a")["energised"]
    run.step(order("ess.a", "form"), in_part=dict.fromkeys("abc", 0.5), planned=dict.fromkeys("abc", 25.0))
    assert [run.area(la)["served_kw"] for la in "abc"] == pytest.approx([25.0, 25.0, 10.0])
    assert run.area("c")["ordered_share"] == 0.5 and run.island("a")["ufls_kw"] == pytest.approx(15.0)
    assert run.grid.measurements()["c"]["share_on"] == pytest.approx(0.2)
