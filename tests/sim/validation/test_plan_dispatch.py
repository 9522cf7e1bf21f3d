"""What a plan leaves out: balance units by the fixed order, set-points at least cost within every limit."""

from __future__ import annotations

import random
from functools import lru_cache

import numpy as np
import pytest

from relight.controllers.exchange.plan import Plan
from relight.controllers.gateways.local_area_model import solve_local_area
from relight.controllers.gateways.local_area_problem import LocalAreaProblem
from relight.scenarios.case import Case
from relight.scenarios.reading.problems import ScenarioError
from relight.scenarios.view import EssUnit, NbsuUnit, PvUnit
from relight.sim.validation.conditions import Conditions, StartState
from relight.sim.validation.dispatch import _Program
from relight.sim.validation.validator import Validator
from relight.sim.validation.verdict import Verdict
from support.networks import build_case, chain, ess, infeed, nbsu, pv
from support.validation_cases import constant, judge, plan, step

CLOSED = ["a-b"]


def outputs(verdict: Verdict, k: int = 0) -> dict[str, float]:
    return {unit: set_point.p_kw for unit, set_point in verdict.dispatched.units[k][2].items()}


def test_topology_alone_is_a_plan() -> None:
    case = build_case(chain("a", "b"), [ess("a"), ess("b", 200)])
    verdict = judge(case, plan(step(0, CLOSED, None, None), step(30, [], None, None)))
    assert verdict.clean, verdict.violations
    assert [(i.step, i.balance_unit) for i in verdict.islands] == [(0, "ess.a"), (1, "ess.a"), (1, "ess.b")]
    assert verdict.dispatched.energised_buses == verdict.dispatched.balance_units == (0, 1)
    assert {unit for _, _, set_points in verdict.dispatched.units for unit in set_points} == {"ess.a", "ess.b"}
    assert sum(outputs(verdict).values()) == pytest.approx(200 * 1.01)
    for words in ("follow from topology", "fixed order: ess.a, ess.b", "least cost: ess.a, ess.b"):
        assert any(words in note for note in verdict.notes)


def test_a_unit_that_a_plan_lets_form_is_its_balance_unit() -> None:
    case = build_case(chain("a", "b"), [ess("a"), ess("b", 200)])
    verdict = judge(case, plan(step(0, CLOSED, None, None, {"ess.b": (100, 0, "form")})))
    assert verdict.islands[0].balance_unit == "ess.b" and not verdict.dispatched.balance_units


def test_pv_is_free_and_storage_cheaper_than_fuel() -> None:
    units = [ess("a", 120.0), pv("b"), nbsu("b")]
    case = build_case(chain("a", "b"), units, pv={"reconnect_delay_min": 0})
    verdict = judge(case, plan(*(step(30 * k, CLOSED, "a b", "ess.a") for k in range(2))), kvar=0)
    assert verdict.clean
    assert outputs(verdict) == pytest.approx({"pv.b": 100, "ess.a": 102, "nbsu.b": 0})


def test_nbsus_start_only_if_the_others_cannot_do_without() -> None:
    case = build_case(chain("a", "b"), [ess("a", 230.0, discharge_kwh=200.0), nbsu("b")])
    steps = [step(30 * k, CLOSED, "a b", "ess.a") for k in range(4)]
    verdict = judge(case, plan(*steps))
    assert verdict.clean
    assert outputs(verdict)["nbsu.b"] == -10
    stored = verdict.stored_kwh["ess.a"][0]
    assert 0 <= stored < 5
    short = judge(case, plan(*steps[:1]))
    assert outputs(short)["nbsu.b"] == 0


def test_what_units_lack_falls_on_the_balance_unit_and_is_told() -> None:
    case = build_case(chain("a", "b"), [ess("a", 150.0)])
    verdict = judge(case, plan(step(0, CLOSED, "a b", "ess.a")))
    assert outputs(verdict)["ess.a"] <= 150
    assert [v.kind for v in verdict.violations] == ["unit_p"]
    assert verdict.violations[0].value == pytest.approx(200, abs=0.1)
    assert any("cannot do" in note for note in verdict.notes)


def test_set_points_of_the_plan_stay_and_the_rest_is_found() -> None:
    case = build_case(chain("a", "b"), [ess("a"), ess("b")])
    verdict = judge(case, plan(step(0, CLOSED, "a b", "ess.a", {"ess.b": (150, 10)})))
    assert verdict.clean and list(outputs(verdict)) == ["ess.a"]
    assert outputs(verdict)["ess.a"] == pytest.approx(52)
    assert verdict.islands[0].p_balance_kw == pytest.approx(50, abs=0.1)


def test_beside_a_live_infeed_only_free_power_is_used() -> None:
    case = build_case(chain("a", "b"), [infeed("a"), ess("b"), pv("b"), nbsu("b")])
    verdict = judge(case, plan(step(0, CLOSED, None, None)))
    assert verdict.clean and outputs(verdict) == {"pv.b": 100, "ess.b": 0, "nbsu.b": 0}


@lru_cache
def random_area(seed: int) -> tuple[Case, Conditions, list[dict], Verdict]:
    """An LA with several units behind one gateway (bus a), a balance unit outside (bus b), net powers, the verdict."""
    rng = random.Random(seed)
    units = [
        *(EssUnit(f"e{k}", "a", rng.uniform(50, 120), rng.uniform(20, 150), rng.uniform(0, 60)) for k in range(2)),
        *(PvUnit(f"p{k}", "a", rng.uniform(30, 120)) for k in range(rng.randint(0, 2))),
        *(NbsuUnit(f"n{k}", "a", 100.0, 4.0, 120.0, 90.0, 30.0) for k in range(rng.randint(0, 1))),
        ess("b", 3000, 9000, 9000),
    ]
    case = build_case(chain("a", "b"), units)
    series = constant(case, kw={"a": 100.0, "b": 50.0}, pv_pu=rng.uniform(0.1, 0.9))
    states = ["starting", *["online"] * 3]
    areas = [
        {"p_kw": rng.uniform(-120, 10), "q_kvar": rng.uniform(-40, 0), "demand_kw": 100.0, "nbsu_state": states[k]}
        for k in range(4)
    ]
    steps = [step(30 * k, CLOSED, "a b", "ess.b", areas={"a": area}) for k, area in enumerate(areas)]
    validator = Validator(case, engine="power-grid-model", forecast=series)
    return case, series, areas, validator.validate(Plan.model_validate(plan(*steps)))


@pytest.mark.parametrize("seed", range(12))
def test_an_area_follows_its_net_power_as_cheaply_as_its_gateway_would(seed: int) -> None:
    case, series, areas, verdict = random_area(seed)
    view, costs = case.view, case.scenario.gateway
    inside = {u: spec for u, spec in view.units.items() if spec.bus == "a"}
    pv_units, ess_units, nbsu_units = (
        tuple(u for u in inside.values() if isinstance(u, kind)) for kind in (PvUnit, EssUnit, NbsuUnit)
    )
    schedule = solve_local_area(
        LocalAreaProblem(
            pv=pv_units, ess=ess_units, nbsu=nbsu_units, step_start_min=(0, 30, 60, 90), dt_h=(0.5,) * 4,
            energised=(True,) * 4, served=(1.0,) * 4, pv_connected=(False, True, True, True),
            nbsu_state=tuple(area["nbsu_state"] for area in areas), p_kw=tuple(area["p_kw"] for area in areas),
            q_kvar=tuple(area["q_kvar"] for area in areas), demand_p_kw=(100.0,) * 4, demand_q_kvar=(30.0,) * 4,
            pv_pu={u.id: tuple(series.pv_pu[u.id][:4]) for u in pv_units},
            discharge_kwh={u.id: u.discharge_kwh for u in ess_units},
            charge_kwh={u.id: u.charge_kwh for u in ess_units}, costs=costs,
        )
    )  # fmt: skip
    errors_kw, errors_kvar = (max(map(abs, e)) for e in (schedule.follow_error_kw, schedule.follow_error_kvar))
    if any("cannot do" in note for note in verdict.notes):
        assert errors_kw > 0.1
        return
    if errors_kvar > 1e-3:
        return  # a gateway trades reactive power against cost by a penalty of its own
    assert errors_kw < 0.1
    ours = 0.0
    for k in range(4):
        found = outputs(verdict, k)
        assert sum(found[u] for u in inside) == pytest.approx(areas[k]["p_kw"] + 100, abs=1e-3)
        for unit, spec in inside.items():
            if isinstance(spec, EssUnit):
                ours += 0.5 * max(costs.ess_discharge_cost * found[unit], -costs.ess_charge_cost * found[unit])
            elif isinstance(spec, NbsuUnit):
                ours += 0.5 * costs.nbsu_cost * max(found[unit], 0.0)
    assert ours == pytest.approx(schedule.cost, abs=1e-2)
    assert not [v for v in verdict.violations if v.element in inside], verdict.violations


def test_most_random_areas_can_follow() -> None:
    """Otherwise the test above would compare nothing."""
    verdicts = [random_area(seed)[3] for seed in range(12)]
    assert sum(not any("cannot do" in note for note in verdict.notes) for verdict in verdicts) >= 6


def test_a_plan_that_starts_later_is_judged_from_the_state_given() -> None:
    """Storage, start-up and reconnect delay go on from what was metered; without that the verdict says so."""
    case = build_case(chain("a", "b"), [ess("a"), pv("b"), nbsu("b", ramp_kw_per_h=100)])
    after_fault = StartState.after_fault(case)
    units = dict(after_fault.units)
    units["ess.a"] = {**units["ess.a"], "discharge_kwh": 30.0}
    units["nbsu.b"] = {**units["nbsu.b"], "state": "follow", "p_min_kw": 40.0, "p_max_kw": 140.0}
    start = StartState(after_fault.closed, {"a": 45.0, "b": 45.0}, units)
    given = Plan.model_validate(
        plan(step(60, CLOSED, "a b", "ess.a", {"pv.b": (50, 0, "follow"), "nbsu.b": (100, 0, "follow")}))
    )
    validator = Validator(case, engine="power-grid-model", forecast=constant(case))
    assert validator.validate(given, start=start).clean
    unknown = validator.validate(given)
    assert [v.kind for v in unknown.violations] == ["unit_start", "pv_reconnect"]
    assert any("what happened since the fault is not known" in note for note in unknown.notes)
    poor = {**units, "ess.a": {**units["ess.a"], "discharge_kwh": 20.0}}
    found = validator.validate(given, start=StartState(start.closed, start.energised_min, poor)).violations
    assert [v.kind for v in found] == ["unit_energy"]


def test_steps_are_cut_where_the_forecast_changes() -> None:
    case = build_case(chain("a", "b"), [ess("a")])
    series = constant(case)
    series.demand_kw["a"][:] = np.arange(len(series.demand_kw["a"])) * 10.0
    given = Plan.model_validate({"step_min": 45, "steps": [step(0, CLOSED, None, None), step(45, CLOSED, None, None)]})
    verdict = Validator(case, forecast=series).validate(given)
    spans = [(i.step, i.start_min, i.end_min, i.demand_kw) for i in verdict.islands]
    assert spans == [(0, 0, 30, 100), (0, 30, 45, 110), (1, 45, 60, 110), (1, 60, 90, 120)]


def test_switch_operations_are_told_from_the_state_at_the_start() -> None:
    lines = [*chain("a", "b", "c", switchable=True), *chain("c", "d", faulted=True), *chain("d", "e", closed=False)]
    case = build_case(lines, [ess("a")])
    steps = [step(0, ["a-b"], None, None), step(30, ["a-b", "b-c", "d-e"], None, None)]
    verdict = judge(case, plan(*steps))
    assert verdict.operations == ((0, "b-c", False), (1, "b-c", True), (1, "d-e", True))
    assert verdict.as_json()["switch_operations"][0] == {"step": 0, "branch": "b-c", "operation": "open"}


def test_an_areas_net_power_may_come_from_its_live_infeed() -> None:
    units = [infeed("a"), EssUnit("e0", "a", 100.0, 50.0, 50.0), EssUnit("e1", "a", 100.0, 50.0, 50.0)]
    case = build_case(chain("a", "b"), units)
    area = {"p_kw": 101, "q_kvar": 30, "demand_kw": 100}
    verdict = judge(case, plan(step(0, CLOSED, "a b", "infeed.a", areas={"a": area})))
    assert verdict.clean and outputs(verdict) == {"e0": 0, "e1": 0}
    assert not any("cannot do" in note for note in verdict.notes)


def test_a_dispatched_nbsu_is_loaded_from_zero_after_a_dark_spell() -> None:
    case = build_case(chain("a", "b"), [ess("a", 230.0, discharge_kwh=135.0), nbsu("b", ramp_kw_per_h=100)])
    live, dark = (CLOSED, "a b", "ess.a"), ([], "a", "ess.a")
    steps = [step(0, *live), step(30, *live), step(60, *dark), step(90, *live)]
    verdict = judge(case, plan(*steps))
    found = [units.get("nbsu.b") for _, _, units in verdict.dispatched.units]
    assert [f and f.state for f in found] == ["starting", "follow", None, "follow"]
    assert found[3] is not None and found[3].p_kw <= 50 + 1e-6
    assert not [v for v in verdict.violations if v.element == "nbsu.b"]


def test_the_problem_grows_with_the_steps_and_not_with_their_square(monkeypatch: pytest.MonkeyPatch) -> None:
    """State of energy is one column per step; running sums over all steps before took a plan of 29,999 steps down."""
    case = build_case(chain("a", "b"), [ess("a"), ess("b", 200), nbsu("b"), pv("b")])
    entries: list[int] = []
    solve = _Program.solve

    def counted(program: _Program) -> np.ndarray:
        entries.append(sum(len(terms) for terms, _, _ in program.rows))
        return solve(program)

    monkeypatch.setattr(_Program, "solve", counted)
    for count in (60, 120, 240):
        judge(case, plan(*(step(k, CLOSED, "a b", "ess.a") for k in range(count))))
    assert entries[2] - entries[1] == pytest.approx(2 * (entries[1] - entries[0]), rel=0.05)


def test_more_steps_than_set_points_can_be_found_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relight.sim.validation.dispatch.MOST_STEPS", 3)
    case = build_case(chain("a", "b"), [ess("a")])
    steps = [step(k, CLOSED, "a b", "ess.a") for k in range(4)]
    assert judge(case, plan(*steps[:3])).clean
    with pytest.raises(ScenarioError, match="plan: steps = 4: set-points are found for 3 steps at most"):
        judge(case, plan(*steps))


@pytest.mark.parametrize("given", [(), (1,), (0, 2)])
def test_energy_given_by_the_plan_and_found_for_it_come_out_of_one_store(given: tuple[int, ...]) -> None:
    """150 kWh of storage a for four half hours of 200 kW: what a given step takes is missing in the others."""
    case = build_case(chain("a", "b"), [ess("a", 300.0, discharge_kwh=150.0), nbsu("b", 300.0, start_min=0)])
    points = {k: {"ess.a": (40 + 10 * k, 0, "form")} for k in given}
    verdict = judge(case, plan(*(step(30 * k, CLOSED, "a b", "ess.a", points.get(k)) for k in range(4))))
    found = [points[k]["ess.a"][0] if k in points else outputs(verdict, k)["ess.a"] for k in range(4)]
    assert 0.5 * sum(found) <= 150 + 1e-3 and all(0.5 * sum(found[:k]) <= 150 + 1e-3 for k in range(5))
