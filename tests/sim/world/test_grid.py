"""What the world does with orders, right ones and wrong ones, on networks small enough to work out by hand."""

from __future__ import annotations

import math

import pytest

from relight.results.run.tables import EVENTS, OPTIONAL, SERIES, VIOLATIONS
from relight.scenarios.kinds.violations import VIOLATION_KINDS
from relight.sim.world.grid import Grid
from support.networks import BY_AREA, Line, Run, build_case, chain, ess, infeed, nbsu, order, orders, pv

SHORT = 0.001


def loaded(kw: float, *areas: str, tan_phi: float = 0.0) -> dict[str, tuple[float, float]]:
    return dict.fromkeys(areas, (kw, kw * tan_phi))


def two_buses(*units, **scenario):
    """Buses a and b behind one open switch, next to no losses."""
    return build_case([Line("a", "b", closed=False, length_km=SHORT)], units, **scenario)


def one_island(*units, buses: str = "abc", **scenario):
    """Buses joined by short unswitched lines, next to no losses."""
    return build_case(chain(*buses, switchable=False, length_km=SHORT), units, **scenario)


def test_before_the_first_step_the_outage_area_is_dark_and_the_rest_live():
    case = build_case(
        [Line("a", "b"), Line("b", "c", faulted=True)], [infeed("a"), ess("c", discharge_kwh=70), pv("b"), nbsu("c")]
    )
    grid = Grid(case)
    measured = grid.measurements()
    assert {la: m["energised"] for la, m in measured.items()} == {"a": True, "b": True, "c": False}
    assert measured["c"]["energised_min"] == 0
    assert measured["b"]["energised_min"] >= case.scenario.pv.reconnect_delay_min
    assert measured["c"]["units"]["ess.c"] == {
        "p_kw": 0, "q_kvar": 0, "state": "off", "state_min": 0, "p_min_kw": -500, "p_max_kw": 500,
        "discharge_kwh": 70, "charge_kwh": 1000,
    }  # fmt: skip
    assert measured["a"]["units"]["infeed.a"]["state"] == "form"
    assert grid.switch_states() == {"a-b": True, "b-c": False}
    assert case.net.line["in_service"].tolist() == [True, False]


def test_nothing_is_energised_without_orders():
    run = Run(two_buses(ess("a"), nbsu("b")), loaded(100, "a", "b")).step()
    assert not any(row["energised"] for row in run.record.series["bus"])
    assert run.record.series["island"] == [] and run.record.violations == [] and run.record.events == []


def test_black_start_by_an_ess_then_pick_up_of_a_second_bus():
    run = Run(two_buses(ess("a", discharge_kwh=100)), loaded(60, "a", "b")).step(order("ess.a", "form"))
    assert ("island_energised", "a") in run.events
    assert run.area("a")["served_kw"] == 60 and run.area("b")["served_kw"] == 0
    assert run.unit("ess.a")["p_kw"] == pytest.approx(60) and run.unit("ess.a")["state"] == "form"
    assert run.unit("ess.a")["discharge_kwh"] == pytest.approx(95)
    run.step(switches={"a-b": True})
    assert ("switch_operated", "a-b") in run.events and ("island_energised", "a") in run.events
    assert run.area("b")["served_kw"] == 60
    assert run.unit("ess.a")["p_kw"] == pytest.approx(120, abs=0.01)
    run.step(switches={"a-b": True})
    assert run.events == []
    assert [row["operated"] for row in run.record.series["switch"]] == [0]


def test_rows_have_the_columns_of_the_tables_and_plain_values():
    run = Run(two_buses(ess("a"), pv("b"), nbsu("a")), loaded(60, "a", "b")).step(
        order("ess.a", "form"), planned={"a": 60, "b": 60}
    )
    tables = {table: columns for table, columns in SERIES.items() if table != "message"}
    tables |= {"events": EVENTS + OPTIONAL["events"], "violations": VIOLATIONS}
    tables["local_area"] += OPTIONAL["local_area"]  # whose customers can be off, by area
    rows = run.record.series | {"events": run.record.events, "violations": run.record.violations}
    assert rows.keys() == tables.keys()
    for table, columns in tables.items():
        assert rows[table], table
        for row in rows[table]:
            assert tuple(sorted(row)) == tuple(sorted(columns)), table
            assert all(type(value) in (int, float, str, type(None)) for value in row.values()), row
            assert not any(isinstance(value, float) and math.isnan(value) for value in row.values())
    assert {row["kind"] for row in run.record.violations} <= set(VIOLATION_KINDS)


def test_an_nbsu_starts_draws_power_waits_for_its_time_and_comes_on_line():
    run = Run(one_island(ess("a"), nbsu("b", start_min=10)), loaded(50, "c"))
    run.step(order("ess.a", "form"), order("nbsu.b", "starting"))
    assert ("nbsu_start", "nbsu.b") in run.events
    assert run.unit("nbsu.b")["p_kw"] == -10 and run.unit("ess.a")["p_kw"] == pytest.approx(60, abs=0.01)
    assert run.island("a")["startup_kw"] == 10
    assert run.metered("nbsu.b")["state_min"] == 5
    run.step(order("nbsu.b", "follow", 40))
    assert run.unit("nbsu.b")["state"] == "starting" and ("unit_start", "nbsu.b") in run.violations
    assert run.metered("nbsu.b")["p_max_kw"] == 300, "the next step is its first on line, and free"
    run.step()
    assert ("nbsu_online", "nbsu.b") in run.events
    assert run.unit("nbsu.b")["p_kw"] == 40 and run.unit("nbsu.b")["state"] == "follow"
    assert run.island("a")["generation_kw"] == 40


def test_an_nbsu_keeps_drawing_start_up_power_until_ordered_on_line():
    run = Run(one_island(ess("a"), nbsu("b", start_min=10))).step(
        order("ess.a", "form"), order("nbsu.b", "starting"), steps=5
    )
    assert run.unit("nbsu.b")["state"] == "starting" and run.unit("nbsu.b")["p_kw"] == -10


def test_a_start_is_lost_when_the_bus_goes_dark():
    case = build_case([Line("a", "b", length_km=SHORT)], [ess("a"), nbsu("b")])
    run = Run(case).step(order("ess.a", "form"), order("nbsu.b", "starting")).step(switches={"a-b": False})
    assert run.unit("nbsu.b")["state"] == "off" and ("nbsu_off", "nbsu.b") in run.events
    assert ("island_dark", "b") in run.events
    run.step(switches={"a-b": True})
    assert run.unit("nbsu.b")["state"] == "off"


def on_line_nbsu(**options) -> Run:
    """An island with an ESS forming at a, an NBSU on line at b with 100 kW, load at c."""
    run = Run(one_island(ess("a"), nbsu("b", start_min=5, **options), clock={"plan_step_min": 30}), loaded(100, "c"))
    return run.step(order("ess.a", "form"), order("nbsu.b", "starting")).step(order("nbsu.b", "follow", 100))


def test_a_ramp_bounds_change_within_its_window():
    run = on_line_nbsu(ramp_kw_per_h=100)  # 50 kW within any 30 min
    assert run.unit("nbsu.b")["p_kw"] == 100
    assert (run.metered("nbsu.b")["p_min_kw"], run.metered("nbsu.b")["p_max_kw"]) == (50, 150)
    run.step(order("nbsu.b", "follow", 200))
    assert run.unit("nbsu.b")["p_kw"] == 150 and ("unit_ramp", "nbsu.b") in run.violations
    run.step(order("nbsu.b", "follow", 50), steps=5)
    assert run.unit("nbsu.b")["p_kw"] == 100, "150 kW is still within the window"
    run.step(steps=2)
    assert run.unit("nbsu.b")["p_kw"] == 50, "and leaves it after 30 min"


def test_the_first_on_line_step_is_bounded_if_asked_for():
    case = one_island(
        ess("a"), nbsu("b", start_min=5, ramp_kw_per_h=100), dispatch_centre={"first_online_step_free": False}
    )
    run = Run(case).step(order("ess.a", "form"), order("nbsu.b", "starting"))
    assert run.metered("nbsu.b")["p_max_kw"] == 50
    assert run.step(order("nbsu.b", "follow", 100)).unit("nbsu.b")["p_kw"] == 50


def test_the_ramp_window_may_be_shorter_than_the_plan_step():
    case = one_island(ess("a"), nbsu("b", start_min=5, ramp_kw_per_h=120), world={"nbsu_ramp_window_min": 5})
    run = Run(case).step(order("ess.a", "form"), order("nbsu.b", "starting")).step(order("nbsu.b", "follow", 100))
    assert run.step(order("nbsu.b", "follow", 0)).unit("nbsu.b")["p_kw"] == 90
    assert run.step().unit("nbsu.b")["p_kw"] == 80


def test_an_nbsu_ordered_off_ramps_down_before_it_opens():
    run = on_line_nbsu(ramp_kw_per_h=120).step(order("nbsu.b", "off"))
    assert run.unit("nbsu.b")["state"] == "follow" and run.unit("nbsu.b")["p_kw"] == 40
    run.step(steps=6)
    assert run.unit("nbsu.b")["p_kw"] == 0


def test_an_nbsu_de_energised_by_order_idles_and_forms_an_island_later():
    run = on_line_nbsu().step(order("ess.a", "off"), order("nbsu.b", "idle"))
    assert ("island_dark", "a") in run.events and ("nbsu_off", "nbsu.b") not in run.events
    assert run.unit("nbsu.b")["state"] == "idle" and run.unit("nbsu.b")["p_kw"] == 0
    assert run.metered("nbsu.b")["p_max_kw"] == 150, "half an hour's ramp above idling"
    run.step(order("nbsu.b", "form"), steps=2)
    assert run.island("a")["balance_unit"] == "nbsu.b" and run.unit("nbsu.b")["p_kw"] == pytest.approx(100, abs=0.01)


def test_an_nbsu_that_generates_takes_over_what_is_cut_off_with_it():
    run = Run(two_buses(ess("a"), nbsu("b", start_min=5)), loaded(20, "a", "b"))
    run.step(order("ess.a", "form"), order("nbsu.b", "starting"), switches={"a-b": True})
    run.step(order("nbsu.b", "follow", 10)).step(switches={"a-b": False})
    assert ("balance_unit_changed", "nbsu.b") in run.events and run.unit("nbsu.b")["p_kw"] == pytest.approx(20)
    run.step(order("nbsu.b", "off"))
    assert run.unit("nbsu.b")["state"] == "off" and ("island_dark", "b") in run.events


def test_pv_waits_for_its_reconnect_delay_and_again_after_the_dark():
    case = two_buses(ess("a"), pv("b"), pv={"reconnect_delay_min": 10})
    run = Run(case, loaded(50, "a", "b"))
    run.pv_pu = {"pv.b": 0.2}
    run.step(order("ess.a", "form"), order("pv.b", "follow", 30), switches={"a-b": True})
    assert run.unit("pv.b")["state"] == "waiting" and run.unit("pv.b")["p_kw"] == 0
    assert ("pv_reconnect", "pv.b") in run.violations and run.metered("pv.b")["p_max_kw"] == 0
    run.step()
    assert run.unit("pv.b")["state"] == "waiting" and run.metered("pv.b")["p_max_kw"] == 40
    run.step()
    assert ("pv_connected", "pv.b") in run.events and run.unit("pv.b")["p_kw"] == 30
    run.step(order("pv.b", "follow", 70))
    assert run.unit("pv.b")["p_kw"] == 40 and run.unit("pv.b")["p_available_kw"] == 40 and run.violations == []
    run.step(switches={"a-b": False}).step(switches={"a-b": True})
    assert run.unit("pv.b")["state"] == "waiting"
    assert run.step(steps=2).unit("pv.b")["p_kw"] == 40


def test_load_is_shed_by_priority_and_stays_shed_until_picked_up():
    case = one_island(ess("a", s_kva=100), priority={"a": 1, "b": 0.5, "c": 2}, local_areas=BY_AREA)
    run = Run(case, loaded(45, "a", "b", "c")).step(order("ess.a", "form"), planned={"a": 45, "b": 45, "c": 45})
    assert run.shed == {"b"} and ("la_shed", "b") in run.events
    (row,) = run.record.violations
    assert (row["kind"], row["element"], row["value"], row["limit"]) == ("unsupplied_load", "b", 45, 0)
    assert run.island("a")["violations"] == 1 and run.area("b")["energised"] == 1
    run.demand = loaded(20, "a", "b", "c")
    assert run.step().shed == {"b"} and run.events == []
    run.step(pick_up="b")
    assert run.shed == set() and run.events == [("la_picked_up", "b")]
    assert run.area("b")["served_kw"] == 20


def test_charging_is_cut_before_load_is_shed():
    case = one_island(ess("a", s_kva=100), ess("b", s_kva=200), local_areas=BY_AREA)
    run = Run(case, loaded(80, "c")).step(order("ess.a", "form"), order("ess.b", "follow", -70))
    assert run.shed == set() and ("charging_cut", "a") in run.events
    assert run.unit("ess.b")["p_kw"] == pytest.approx(-20, abs=0.1)
    run.demand = loaded(80, "b", "c")
    run.step()
    assert run.shed == {"b"} and run.unit("ess.b")["p_kw"] == pytest.approx(-20, abs=0.1), "charging is given back"


def test_pv_is_curtailed_before_discharge_is_reduced():
    case = one_island(ess("a", charge_kwh=0), pv("b"), ess("c", s_kva=100), pv={"reconnect_delay_min": 0})
    run = Run(case, loaded(100, "c"))
    run.pv_pu = {"pv.b": 1.0}
    run.step(order("ess.a", "form"), order("pv.b", "follow", 200), order("ess.c", "follow", 50))
    assert run.unit("pv.b")["p_kw"] == pytest.approx(50, abs=0.2) and run.unit("ess.c")["p_kw"] == 50
    assert ("pv_curtailed", "a") in run.events
    run.demand = loaded(30, "c")
    run.step()
    assert run.unit("pv.b")["p_kw"] == 0 and run.unit("ess.c")["p_kw"] == pytest.approx(30, abs=0.2)
    assert ("discharge_cut", "a") in run.events and run.violations == []


def test_an_nbsu_is_throttled_within_its_ramp_and_the_island_collapses_beyond():
    case = one_island(ess("a", s_kva=200, charge_kwh=20), nbsu("b", start_min=5, ramp_kw_per_h=100))
    run = Run(case, loaded(100, "c"))
    run.step(order("ess.a", "form"), order("nbsu.b", "starting")).step(order("nbsu.b", "follow", 100))
    run.demand = loaded(60, "c")
    run.grid._units["ess.a"].charge_kwh = 0.0
    run.grid._units["ess.a"].discharge_kwh = 1020.0
    run.step()
    assert ("nbsu_throttled", "a") in run.events and run.unit("nbsu.b")["p_kw"] == pytest.approx(60, abs=0.1)
    run.demand = {}
    run.step(planned={"c": 60})
    assert ("collapse", "a") in run.events and ("island_dark", "a") in run.events
    assert run.unit("nbsu.b")["state"] == "off" and run.unit("ess.a")["state"] == "off"
    assert ("unsupplied_load", "c") in run.violations
    island = run.island("a")
    assert island["balance_unit"] == "" and island["converged"] == 0 and island["violations"] == 1


def test_a_collapsed_island_stays_dark_until_ordered_again():
    run = Run(one_island(ess("a", s_kva=5), nbsu("b", start_min=5)), loaded(1, "c"))
    run.step(order("ess.a", "form"), order("nbsu.b", "starting"))
    assert ("collapse", "a") in run.events, "start-up power cannot be shed"
    assert ("nbsu_start", "nbsu.b") not in run.events
    run.step()
    assert run.events == [] and run.record.series["island"] == []
    run.step(order("ess.a", "form"))
    assert ("island_energised", "a") in run.events and run.area("c")["served_kw"] == 1


def test_an_ess_that_runs_empty_is_never_overdrawn():
    run = Run(one_island(ess("a", discharge_kwh=10), local_areas=BY_AREA), loaded(50, "b", "c")).step(
        order("ess.a", "form")
    )
    assert run.unit("ess.a")["discharge_kwh"] == pytest.approx(10 - 100 / 12, abs=1e-3)
    run.step()
    assert run.shed == {"b", "c"}, "what is left lasts for 20 kW, less than one area takes"
    assert run.unit("ess.a")["discharge_kwh"] >= 0
    run.demand = loaded(20.0, "c")
    run.step(pick_up="c")
    assert run.area("c")["served_kw"] == 0 or run.unit("ess.a")["discharge_kwh"] >= 0


def test_when_islands_merge_all_but_one_balance_unit_are_demoted():
    run = Run(two_buses(ess("a", 300), ess("b", 500)), loaded(50, "a", "b"))
    run.step(order("ess.a", "form", 10), order("ess.b", "form", 20))
    assert len(run.record.series["island"]) == 2 and run.violations == []
    run.step(switches={"a-b": True})
    assert ("balance_unit_changed", "ess.a") in run.events and ("several_balance_units", "a") in run.violations
    assert run.island("a")["balance_unit"] == "ess.b"
    assert run.unit("ess.a")["state"] == "follow" and run.unit("ess.a")["p_kw"] == 10
    assert run.step().violations == []


def test_a_live_infeed_forms_its_island_and_takes_the_rest():
    case = build_case([Line("a", "b", closed=False, length_km=SHORT)], [infeed("a"), ess("b")])
    run = Run(case, loaded(50, "a", "b")).step(order("ess.b", "form"))
    assert {row["balance_unit"] for row in run.record.series["island"]} == {"infeed.a", "ess.b"}
    run.step(order("ess.b", "follow", -30), switches={"a-b": True})
    assert run.violations == [] and run.island("a")["infeed_kw"] == pytest.approx(130, abs=0.01)
    assert run.island("a")["charge_kw"] == 30
    assert ("balance_unit_changed", "infeed.a") not in run.events


def test_a_unit_on_line_takes_over_when_the_balance_unit_is_lost():
    run = Run(one_island(ess("a"), ess("b", 300)), loaded(50, "c"))
    run.step(order("ess.a", "form"), order("ess.b", "follow"))
    run.step(order("ess.a", "off"))
    assert ("balance_unit_changed", "ess.b") in run.events
    assert run.unit("ess.b")["state"] == "form" and run.area("c")["served_kw"] == 50
    run.step()
    assert run.events == [] and run.unit("ess.b")["state"] == "form"
    run.step(order("ess.b", "off"))
    assert ("island_dark", "a") in run.events and run.record.series["island"] == []


def test_a_dark_island_is_not_taken_over():
    run = Run(one_island(ess("a"), ess("b")), loaded(50, "c")).step(order("ess.b", "follow", 100), planned={"c": 50})
    assert run.unit("ess.b")["state"] == "off" and run.area("c")["energised"] == 0
    assert run.violations == [("no_balance_unit", "a"), ("unsupplied_load", "c")]
    assert run.island("a")["converged"] == 0


def test_an_island_without_load_is_energised_all_the_same():
    run = Run(one_island(ess("a"))).step(order("ess.a", "form"))
    assert all(row["energised"] for row in run.record.series["bus"])
    assert run.unit("ess.a")["p_kw"] == pytest.approx(0, abs=1e-3)


def test_closing_onto_a_fault_trips_both_islands_for_a_step():
    case = build_case([Line("a", "b", faulted=True), Line("b", "c", closed=False)], [ess("a"), ess("b"), ess("c")])
    run = Run(case, loaded(50, "a", "b", "c")).step(*(order(f"ess.{bus}", "form") for bus in "abc"))
    run.step(switches={"a-b": True}, planned={"a": 50})
    assert run.violations == [("faulted_branch_closed", "a-b"), ("unsupplied_load", "a")]
    assert ("protection_trip", "a-b") in run.events and ("switch_operated", "a-b") in run.events
    assert [run.area(la)["energised"] for la in "abc"] == [0, 0, 1]
    assert run.grid.switch_states()["a-b"] is False and run.unit("ess.a")["state"] == "off"
    assert run.island("a")["converged"] == 0 and run.island("b")["converged"] == 0
    run.step(order("ess.a", "form"))
    assert run.area("a")["energised"] == 1


def test_reactive_power_beyond_the_balance_unit_is_shared():
    case = one_island(ess("a", 200), ess("b", 400), local_areas=BY_AREA)
    sin_phi = math.sqrt(1 - 0.95**2)
    run = Run(case, {"c": (100, 120)}).step(order("ess.a", "form"), order("ess.b", "follow", 50))
    assert run.shed == set()
    assert abs(run.unit("ess.a")["q_kvar"]) <= 200 * sin_phi + 1e-6
    assert run.unit("ess.b")["q_kvar"] == pytest.approx(120 - 200 * sin_phi, abs=0.1)
    run.demand = {"b": (10, 0), "c": (100, 250)}
    run.step()
    assert run.shed == {"c"}, "an area that takes no reactive power is not shed for the lack of it"


def test_charging_gives_way_to_reactive_power_in_the_balance_unit():
    case = one_island(ess("a", 100), ess("b", 10), priority={"c": 1})
    run = Run(case, {"c": (95, 30)}).step(order("ess.a", "form"), order("ess.b", "follow", -5))
    assert run.shed == set()
    a = run.unit("ess.a")
    assert math.hypot(a["p_kw"], a["q_kvar"]) <= 100 + 1e-6
    assert run.unit("ess.b")["p_kw"] > -5 + 0.1


def test_loops_are_solved_and_reported():
    case = build_case([*chain("a", "b", "c"), Line("a", "c", closed=False)], [ess("a")])
    run = Run(case, loaded(50, "b", "c")).step(order("ess.a", "form"), switches={"a-c": True})
    assert run.violations == [("not_radial", "a")] and run.island("a")["radial"] == 0
    assert run.area("c")["served_kw"] == 50


def test_voltage_and_loading_beyond_limits_are_violations_with_their_numbers():
    case = build_case([Line("a", "b", length_km=20, max_i_ka=0.05)], [ess("a", 5000)])
    run = Run(case, loaded(1500, "b", tan_phi=0.3)).step(order("ess.a", "form"))
    assert set(run.violations) == {("voltage_low", "b"), ("overload", "a-b")}
    low, over = run.record.violations
    vm_pu = next(row["vm_pu"] for row in run.record.series["bus"] if row["bus"] == "b")
    assert low["value"] == vm_pu < low["limit"] == case.scenario.limits.vm_min_pu
    assert over["value"] > over["limit"] == 100
    run.demand = loaded(-3000, "b")
    assert ("voltage_high", "b") in run.step().violations


def test_a_power_flow_without_solution_is_an_event_a_row_and_a_collapse_and_others_go_on():
    case = build_case(
        [Line("a", "b", length_km=5000), Line("c", "d"), Line("b", "c", closed=False)], [ess("a", 5000), ess("c")]
    )
    run = Run(case, loaded(2000, "b") | loaded(50, "d"))
    run.step(order("ess.a", "form"), order("ess.c", "form"), planned={"b": 2000, "d": 50})
    assert ("not_converged", "a") in run.events and ("collapse", "a") in run.events
    assert run.violations == [("not_converged", "a"), ("unsupplied_load", "b")]
    assert run.island("a")["converged"] == 0 and run.island("c")["converged"] == 1
    assert run.area("d")["served_kw"] == 50 and run.area("b")["energised"] == 0


@pytest.mark.parametrize(
    ("set_point", "kind"),
    [
        ((600, 0), "unit_p"),
        ((0, 300), "unit_q"),
        ((490, 140), "unit_s"),
        ((-300, 0), "unit_energy"),
        ((300, 150), None),
    ],
)
def test_set_points_that_a_unit_cannot_carry_out_are_violations(set_point, kind):
    case = one_island(ess("a", 1000), ess("b", 500, charge_kwh=10))
    run = Run(case, loaded(600, "c")).step(order("ess.a", "form"), order("ess.b", "follow", *set_point))
    assert run.violations == ([(kind, "ess.b")] if kind else [])
    b = run.unit("ess.b")
    assert math.hypot(b["p_kw"], b["q_kvar"]) <= 500 + 1e-9


def test_bus_switches_without_impedance_join_islands():
    case = build_case([Line("a", "b", kind="switch", closed=False), Line("b", "c")], [ess("a"), ess("c")])
    run = Run(case, loaded(50, "a", "b", "c")).step(order("ess.a", "form"), switches={"a-b": True})
    assert run.area("c")["served_kw"] == 50
    branch = next(row for row in run.record.series["branch"] if row["branch"] == "a-b")
    assert branch["energised"] == 1 and branch["p_from_kw"] is None and branch["loading_pct"] is None


def test_demand_of_an_area_is_spread_by_base_load():
    case = build_case([Line("a", "b", switchable=False, length_km=20)], [ess("a")], loads={"a": 1.0, "b": 3.0})
    case.view.local_areas.pop("b")
    area = case.view.local_areas["a"]
    case.view.local_areas["a"] = type(area)("a", ("a", "b"), area.section)
    run = Run(case, loaded(100, "a")).step(order("ess.a", "form"))
    flow = run.record.series["branch"][0]
    assert flow["p_to_kw"] == pytest.approx(-75) and run.area("a")["served_kw"] == pytest.approx(100)


def test_programming_errors_raise():
    case = build_case([Line("a", "b", switchable=False)], [ess("a")], loads={"a": 10.0})
    grid = Grid(case)
    none: dict = {}
    for step in (
        (0, none, none, {"a-b": False}, none, none),
        (0, none, none, {"x-y": True}, none, none),
        (0, {"a": (math.nan, 0)}, none, none, none, none),
        (0, {"b": (1.0, 0)}, none, none, none, none),
        (0, none, {"ess.a": 1.0}, none, none, none),
        (0, none, none, none, {"b": {"units": order("ess.a", "form"), "customers": "keep", "share": 1.0}}, none),
        (0, none, none, none, orders(case, order("ess.a", "form", math.inf)), none),
        (0, none, none, none, orders(case, order("ess.a", "on")), none),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError, match=r"unknown|switchable|finite|loaded|PV unit|no unit of it"):
            grid.step(*step)
    grid.step(0, none, none, none, none, none)
    with pytest.raises(ValueError, match="ended at 5"):
        grid.step(10, none, none, none, none, none)
