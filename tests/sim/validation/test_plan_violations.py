"""For each kind of violation a plan that shows exactly it, and a near miss that does not; by both engines."""

from __future__ import annotations

import math

import pytest

from relight.controllers.exchange.plan import Plan
from relight.scenarios.kinds.violations import VIOLATION_KINDS
from relight.sim.validation.validator import Validator
from relight.sim.validation.verdict import Verdict
from support.networks import Line, build_case, chain, ess, infeed, nbsu, pv
from support.validation_cases import DEMAND_KW, KINDS, constant, judge, plan, step

ENGINES = ("pandapower", "power-grid-model")


def found(verdict: Verdict) -> list[tuple[int, str, str]]:
    return [(v.step, v.kind, v.element) for v in verdict.violations]


def test_every_kind_of_the_contract_has_its_plan() -> None:
    assert set(KINDS) == set(VIOLATION_KINDS)


EXPECTED = {
    "not_radial": (0, "a", 1, 0, "loops"),
    "no_balance_unit": (0, "c", 0, 1, "units"),
    "several_balance_units": (0, "a", 2, 1, "units"),
    "not_converged": (0, "a", None, None, ""),
    "overload": (0, "a-b", 100.5906, 100, "%"),
    "unit_p": (0, "ess.b", 500.1, 500, "kW"),
    "unit_q": (0, "ess.b", 156.3, 156.125, "kvar"),
    "unit_s": (0, "ess.b", math.hypot(500, 156), 500, "kVA"),
    "unit_energy": (0, "ess.b", 1000, 990, "kWh"),
    "unit_ramp": (2, "nbsu.b", 151, 150, "kW"),
    "unit_start": (1, "nbsu.b", 30, 31, "min"),
    "pv_reconnect": (1, "pv.b", 30, 31, "min"),
    "pick_up": (0, "a", 200, 120, "kW"),
    "before_first_order": (0, "a", 0, 20, "min"),
    "faulted_branch_closed": (0, "b-c", 1, 0, "closed"),
    "unswitchable_branch_opened": (0, "a-b", 1, 0, "opened"),
    "area_left_off": (0, "b", 0, 100, "kW"),
    "served_in_part": (0, "b", 40, 100, "kW"),
    "unsupplied_load": (0, "c", 100, 0, "kW"),
    "voltage_low": (0, "b", 0.9168, 0.92, "p.u."),
    "voltage_high": (0, "b", 1.0474, 1.04, "p.u."),
    "power_balance": (0, "a", 6, 4.0, "kW"),
}
"""Step, element, value, limit and unit of the violation that each plan shows."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_breaks_exactly_one_limit_and_a_near_miss_none(kind: str) -> None:
    case, given = KINDS[kind](True)
    for engine in ENGINES:
        verdict = judge(case, given, engine, kw=DEMAND_KW.get(kind, 100.0))
        assert [v.kind for v in verdict.violations] == [kind] and not verdict.clean
        (violation,) = verdict.violations
        index, element, value, limit, unit = EXPECTED[kind]
        assert (violation.step, violation.element, violation.unit) == (index, element, unit)
        assert violation.time_min == (270 if kind == "unit_energy" else 30 * index)
        for told, right in ((violation.value, value), (violation.limit, limit)):
            assert told == (right if right is None else pytest.approx(right, rel=1e-4))
    case, given = KINDS[kind](False)
    for engine in ENGINES:
        near_miss = judge(case, given, engine, kw=DEMAND_KW.get(kind, 100.0))
        assert near_miss.clean, near_miss.violations


def test_the_octagon_lets_a_unit_reach_1_047_of_its_rating_and_the_circle_does_not() -> None:
    """(15a) with |p| ≤ S and |q| ≤ 0.31 S never binds: p ± q ≤ 1.31 S < √2 S."""
    case, given = KINDS["unit_s"](True)
    point = given["steps"][0]["units"]["ess.b"]
    point["q_kvar"] = 0.31 * 500
    assert abs(point["p_kw"]) + abs(point["q_kvar"]) <= math.sqrt(2) * 500
    (violation,) = judge(case, given).violations
    assert violation.kind == "unit_s" and violation.value == pytest.approx(1.047 * 500, rel=1e-4)


def test_the_balance_unit_carries_the_losses_and_is_judged_with_them() -> None:
    """Its own limits hold what the power flow asks of it, not what the plan says of it."""
    lines = [Line("a", "b", length_km=8)]
    for s_kva, kinds in ((2010.0, ["unit_p"]), (2150.0, [])):
        case = build_case(lines, [ess("a", s_kva, 9000)], loads={"b": 1.0}, limits={"vm_min_pu": 0.9})
        given = plan(step(0, ["a-b"], "a b", "ess.a", {"ess.a": (2000, 0, "form")}))
        verdict = judge(case, given, kw=2000, kvar=0)
        (island,) = verdict.islands
        assert island.p_balance_kw == pytest.approx(2000 + (island.losses_kw or 0), abs=1e-6)
        assert [v.kind for v in verdict.violations if v.kind != "power_balance"] == kinds


def test_storage_runs_down_by_what_the_power_flow_draws_from_it() -> None:
    case = build_case(chain("a", "b"), [ess("a", discharge_kwh=450.0)])
    verdict = judge(case, plan(*(step(60 * k, ["a-b"], "a b", "ess.a") for k in range(3)), step_min=60))
    (violation,) = verdict.violations
    assert (violation.step, violation.kind, violation.element) == (2, "unit_energy", "ess.a")
    assert violation.limit == pytest.approx(50, abs=0.2) and violation.value == pytest.approx(200, abs=0.1)
    assert verdict.stored_kwh["ess.a"][0] == 0


def test_a_closed_switch_supplies_whom_the_plan_takes_for_dark() -> None:
    case = build_case(chain("a", "b", "c"), [ess("a")])
    verdict = judge(case, plan(step(0, ["a-b", "b-c"], "a b", "ess.a")))
    assert found(verdict) == [(0, "power_balance", "c")]
    assert (verdict.violations[0].value, verdict.violations[0].limit) == (0, 100)
    assert any("buses c" in note for note in verdict.notes)


def test_demand_that_a_plan_counts_with_must_be_the_forecast_one() -> None:
    case = build_case(chain("a", "b"), [ess("a")])
    for demand_kw, kinds in ((103, ["power_balance"]), (101.9, [])):
        area = {"b": {"p_kw": -demand_kw, "q_kvar": -30, "demand_kw": demand_kw}}
        verdict = judge(case, plan(step(0, ["a-b"], "a b", "ess.a", areas=area)))
        assert [v.kind for v in verdict.violations] == kinds


def test_net_power_of_an_area_must_be_its_units_less_its_demand() -> None:
    case = build_case(chain("a", "b"), [ess("a"), ess("b")])
    for p_kw, kinds in ((-40, []), (-42, ["power_balance"])):
        area = {"b": {"p_kw": p_kw, "q_kvar": -30}}
        verdict = judge(case, plan(step(0, ["a-b"], "a b", "ess.a", {"ess.b": (60, 0)}, area)))
        assert [(v.kind, v.element) for v in verdict.violations] == [(kind, "b") for kind in kinds]


def test_the_net_power_of_an_area_with_a_live_infeed_holds_what_the_infeed_gives() -> None:
    case = build_case(chain("a", "b"), [infeed("a"), ess("a")])
    area = {"a": {"p_kw": 100, "q_kvar": 30}, "b": {"p_kw": -100, "q_kvar": -30}}
    assert judge(case, plan(step(0, ["a-b"], "a b", "infeed.a", {"ess.a": (10, 0)}, area))).clean


def test_set_points_must_add_up_where_energised_buses_follow_from_topology_too() -> None:
    case = build_case(chain("a", "b"), [ess("a"), ess("b")])
    for p_kw, kinds in ((106, ["power_balance"]), (103, [])):
        units = {"ess.a": (100, 30), "ess.b": (p_kw, 30)}
        assert [v.kind for v in judge(case, plan(step(0, ["a-b"], None, "ess.a", units))).violations] == kinds


def test_customers_switched_off_on_a_live_bus_draw_nothing() -> None:
    for mode, given_kw, drawn_kw in (("area", 0, 100), ("part", 40, 140), ("section", 0, 200), ("area", 40, 200)):
        case = build_case(chain("a", "b"), [ess("a")], local_areas={"load_control": mode})
        area = {"b": {"p_kw": -given_kw, "q_kvar": 0, "demand_kw": given_kw}}
        verdict = judge(case, plan(step(0, ["a-b"], "a b", "ess.a", areas=area)))
        assert verdict.islands[0].demand_kw == pytest.approx(drawn_kw), "who cannot be off is served, and judged so"
        assert verdict.clean == (drawn_kw < 200)


def test_customers_that_had_not_lost_supply_must_keep_it() -> None:
    case = build_case(chain("a", "b", "c"), [infeed("a")])
    verdict = judge(case, plan(step(0, ["a-b"], "", "")))
    assert found(verdict) == [(0, "unsupplied_load", "c")]
    assert judge(case, plan(step(0, ["a-b", "b-c"], "", ""))).clean


def test_two_live_infeeds_must_not_be_joined() -> None:
    lines = [*chain("a", "b"), Line("b", "c", closed=False)]
    case = build_case(lines, [infeed("a"), infeed("c")])
    assert found(judge(case, plan(step(0, ["a-b", "b-c"], "", "")))) == [(0, "several_balance_units", "a")]
    assert judge(case, plan(step(0, ["a-b"], "", ""))).clean


@pytest.mark.parametrize("unable", ["pv.a", "infeed.a"])
def test_a_unit_that_cannot_form_voltage_is_no_balance_unit(unable: str) -> None:
    case = build_case(chain("a", "b"), [pv("a"), infeed("a", live=False)], loads={"c": 1.0})
    assert found(judge(case, plan(step(0, ["a-b"], "a b", unable)))) == [(0, "no_balance_unit", "a")]


def test_an_nbsu_forms_voltage_only_after_its_start_up() -> None:
    case = build_case(chain("a", "b"), [ess("a"), nbsu("b")])
    black_start = plan(step(0, ["a-b"], "a b", "nbsu.b", {"ess.a": (0, 0)}))
    assert found(judge(case, black_start)) == [(0, "unit_start", "nbsu.b")]
    draws = {"nbsu.b": (-10, 0, "starting")}
    taken_over = plan(step(0, ["a-b"], "a b", "ess.a", draws), step(30, ["a-b"], "a b", "nbsu.b", {"ess.a": (50, 0)}))
    assert judge(case, taken_over).clean


def test_a_start_up_is_lost_on_a_dark_bus() -> None:
    case = build_case(chain("a", "b"), [ess("a"), nbsu("b", start_min=60)])
    draws, runs = {"nbsu.b": (-10, 0, "starting")}, {"nbsu.b": (50, 0, "follow")}
    live, dark = (["a-b"], "a b", "ess.a"), ([], "a", "ess.a")
    steps = [step(0, *live, draws), step(30, *dark), step(60, *live, draws), step(90, *live, runs)]
    assert found(judge(case, plan(*steps))) == [(3, "unit_start", "nbsu.b")]
    assert found(judge(case, plan(step(0, *dark, draws)))) == [(0, "unit_start", "nbsu.b")]


def test_a_starting_nbsu_draws_its_start_up_power_whatever_the_plan_says() -> None:
    case = build_case(chain("a", "b"), [ess("a"), nbsu("b")])
    verdict = judge(case, plan(step(0, ["a-b"], "a b", "ess.a", {"nbsu.b": (0, 0, "starting")})))
    assert found(verdict) == [(0, "unit_p", "nbsu.b")] and verdict.violations[0].limit == -10
    assert verdict.islands[0].p_balance_kw == pytest.approx(210, abs=0.1)


def test_going_dark_waives_the_ramp_and_the_unit_is_loaded_from_zero_again() -> None:
    case = build_case(chain("a", "b"), [ess("a"), nbsu("b", ramp_kw_per_h=100)])
    live, dark = (["a-b"], "a b", "ess.a"), ([], "a", "ess.a")

    def steps(last_kw: float) -> dict:
        outputs = [(-10, 0, "starting"), (200, 0, "follow")]
        made = [step(30 * k, *live, {"nbsu.b": o}) for k, o in enumerate(outputs)]
        idle = step(60, *dark, {"nbsu.b": (0, 0, "idle")})
        return plan(*made, idle, step(90, *live, {"nbsu.b": (last_kw, 0, "follow")}))

    assert judge(case, steps(50)).clean
    assert found(judge(case, steps(51))) == [(3, "unit_ramp", "nbsu.b")]


def test_stopping_under_load_breaks_the_ramp() -> None:
    case = build_case(chain("a", "b"), [ess("a"), nbsu("b", ramp_kw_per_h=100)])
    outputs = [(-10, 0, "starting"), (80, 0, "follow"), (0, 0, "off")]
    steps = [step(30 * k, ["a-b"], "a b", "ess.a", {"nbsu.b": o}) for k, o in enumerate(outputs)]
    assert found(judge(case, plan(*steps))) == [(2, "unit_ramp", "nbsu.b")]


def test_the_first_on_line_step_is_bounded_if_the_scenario_says_so() -> None:
    for free, kinds in ((True, []), (False, ["unit_ramp"])):
        units = [ess("a"), nbsu("b", ramp_kw_per_h=100)]
        case = build_case(chain("a", "b"), units, dispatch_centre={"first_online_step_free": free})
        outputs = [(-10, 0, "starting"), (51, 0, "follow")]
        steps = [step(30 * k, ["a-b"], "a b", "ess.a", {"nbsu.b": o}) for k, o in enumerate(outputs)]
        assert [v.kind for v in judge(case, plan(*steps)).violations] == kinds


def test_output_on_a_dark_bus() -> None:
    case = build_case(chain("a", "b"), [ess("a"), ess("b"), pv("b")], loads={"a": 1.0})
    dark = {"ess.b": (5, 0), "pv.b": (5, 0)}
    assert found(judge(case, plan(step(0, [], "a", "ess.a", dark)))) == [
        (0, "unit_p", "ess.b"),
        (0, "pv_reconnect", "pv.b"),
    ]


def test_pv_cannot_give_more_than_is_forecast_but_may_be_asked_for_it_when_clouds_come() -> None:
    case = build_case(chain("a", "b"), [ess("a"), pv("b")], pv={"reconnect_delay_min": 0})
    given = Plan.model_validate(plan(step(0, ["a-b"], "a b", "ess.a", {"pv.b": (120, 0)})))
    assert found(judge(case, given.model_dump())) == [(0, "unit_p", "pv.b")]
    validator = Validator(case, forecast=constant(case, pv_pu=0.6), actual=constant(case, pv_pu=0.1))
    assert validator.validate(given).clean
    cloudy = validator.validate(given, actual=True)
    assert cloudy.clean and cloudy.islands[0].p_balance_kw == pytest.approx(200 - 20, abs=0.1)


def test_the_same_violation_is_told_once_a_step_at_its_worst() -> None:
    case = build_case(chain("a", "b"), [ess("a", 150.0)])
    series = constant(case)
    series.demand_kw["a"][:] = [60, 90, 70] + [0] * (len(series.edges_min) - 4)
    verdict = Validator(case, forecast=series).validate(
        Plan.model_validate({"step_min": 90, "steps": [step(0, ["a-b"], None, "ess.a")]})
    )
    (violation,) = verdict.violations
    assert (violation.kind, violation.time_min) == ("unit_p", 30) and violation.value == pytest.approx(190, abs=0.1)
    assert len(verdict.islands) == 3


def test_a_branch_without_a_switch_is_opened_by_a_plan_that_names_all_closed_ones() -> None:
    case = build_case([Line("a", "b", switchable=False), Line("b", "c", switchable=False)], [ess("a")])
    assert found(judge(case, plan(step(0, ["a-b"], "a b c", "ess.a")))) == [(0, "unswitchable_branch_opened", "b-c")]
    assert judge(case, plan(step(0, ["a-b", "b-c"], "a b c", "ess.a"))).clean


def test_the_json_of_a_verdict_holds_what_the_text_tells() -> None:
    case, given = KINDS["unit_p"](True)
    verdict = judge(case, given)
    data = verdict.as_json()
    assert data["violations_by_kind"] == {"unit_p": 1} and not data["clean"] and data["series"] == "forecast"
    assert data["violations"][0] == {
        "step": 0, "time_min": 0.0, "kind": "unit_p", "element": "ess.b", "value": 500.1, "limit": 500.0, "unit": "kW",
        "caused_by_plan": True, "value_without_plan": None,
    }  # fmt: skip
    assert data["already_so_by_kind"] == {}
    assert data["islands"][0]["balance_unit"] == "ess.a"
    text = verdict.as_text("my.json")
    assert "my.json" in text and "unit_p" in text and "500.1" in text
    assert max(map(len, text.splitlines())) <= 100
