"""Cold load pick-up and the limit on it in the dispatch centre's model: against enumeration, and by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from functools import cache

import pyomo.environ as pyo
import pytest
from pyomo.repn import generate_standard_repn

import golden_lp
from relight.controllers.centre.orders import net_power_plans
from relight.controllers.exchange.messages import PscMessage
from relight.controllers.exchange.plan import LocalAreaSetPoint, PlanStep
from relight.controllers.milp.cold_load import tell_multiples
from relight.controllers.milp.model import build_model, contents, set_horizon
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.planning.planner import Planner
from relight.scenarios.schema.cold_load import ColdLoad, ColdLoadClass, ColdLoadEstimate
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions, Objective
from relight.scenarios.schema.network_kinds import TablesNetwork
from relight.scenarios.schema.scenario import Load, LocalAreas, Outage, Scenario, Site, World
from relight.scenarios.view import Branch, Bus, EssUnit, GridView, LocalArea, find_sections
from support.brute_force import Optimum, brute_force
from support.small_cases import SmallCase, agree, random_case, solve, with_cold_load

LIMITS = (None, 20.0, 40.0, 80.0)
DEFAULT, SLOW = range(6), range(6, 240)
FAMILIES = ("cold_load", "pick_up")


def case_of(seed: int) -> SmallCase:
    return with_cold_load(random_case(seed), LIMITS[seed % len(LIMITS)])


@cache
def enumerated(seed: int, static: bool = False) -> Optimum | None:
    return brute_force(case_of(seed).horizon, static=static)


@pytest.mark.parametrize("seed", DEFAULT)
def test_optimum_with_cold_load_and_limit(seed: int) -> None:
    solution = solve(case_of(seed))
    assert agree(solution, enumerated(seed)), f"MILP {solution}, enumeration {enumerated(seed)}"


@pytest.mark.slow
@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
@pytest.mark.parametrize("seed", SLOW)
def test_optimum_of_many_more(seed: int, static: bool) -> None:
    assert agree(solve(case_of(seed), static=static), enumerated(seed, static))


NOTICED_BY = {
    "spell_energised": 12, "spell_goes_on": 12, "pick_up_begins": 1, "pick_up_carried": 1, "pick_up_limit": 2,
    "pick_up_flow_max": 62, "pick_up_flow_min": 63,
}  # fmt: skip
"""Constraint → a seed whose optimum rises when the model leaves that constraint out."""
UNNOTICED = {"spell_begins": "a new spell never draws less than the one that goes on, so no plan gains by it"}


@pytest.mark.parametrize("seed", [1, 2, 3, 7, 9, 13, *(pytest.param(s, marks=pytest.mark.slow) for s in range(20, 50))])
def test_what_an_ess_takes_at_once_binds_plans_where_it_forms_the_island(seed: int) -> None:
    """Beside a limit of the planner's own, without it, and with cold load."""
    case = with_cold_load(random_case(seed), LIMITS[seed % len(LIMITS)]) if seed % 2 else random_case(seed)
    graph = replace(case.graph, ess_pick_up_pct=(20.0, 45.0, 80.0)[seed % 3])
    case = replace(case, horizon=replace(case.horizon, graph=graph))
    assert agree(solve(case), brute_force(case.horizon))


@pytest.mark.parametrize("name", NOTICED_BY)
def test_a_missing_constraint_is_noticed(name: str) -> None:
    seed = NOTICED_BY[name]
    optimum, broken = enumerated(seed), solve(case_of(seed), without=name)
    assert agree(solve(case_of(seed)), optimum)
    assert optimum is not None and broken.objective > optimum.objective + 1e-6


def test_every_constraint_is_noticed_or_known_not_to_be() -> None:
    table = contents(build_model(case_of(1).graph, 2), static=False)
    assert {rule.__name__ for family in FAMILIES for rule, _ in table[family]} == {*NOTICED_BY, *UNNOTICED}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_left_out_is_planned_without(family: str) -> None:
    """Enumeration that leaves it out finds the same, and for some case more than with it."""
    raised = 0
    for seed in (1, 2, 3, 7):
        case = with_cold_load(random_case(seed), LIMITS[seed % len(LIMITS)], without=(family,))
        optimum, whole = brute_force(case.horizon), enumerated(seed)
        assert agree(solve(case), optimum)
        assert optimum is not None and whole is not None
        raised += optimum.objective > whole.objective + 1e-6
    assert raised


def balances(m: pyo.ConcreteModel) -> dict[str, dict[str, float]]:
    """Coefficients of the balances of a model, row by row; turned round they would mislead ``infeasible``."""
    found: dict[str, dict[str, float]] = {}
    for row in (*m.active_balance.values(), *m.reactive_balance.values()):
        linear = generate_standard_repn(row.body)
        found[row.name] = {v.name: c for v, c in zip(linear.linear_vars, linear.linear_coefs, strict=True) if c}
    return found


def test_without_being_asked_the_model_is_as_before() -> None:
    """The balances of the default model are those that the golden files pin, without their terms of cold load."""
    horizon = golden_lp.small_horizon()
    horizon = replace(horizon, graph=replace(horizon.graph, load_control="section"))
    m = build_model(horizon.graph, 2, static=True)
    set_horizon(m, horizon)
    asked = balances(golden_lp.compact_form().model)
    assert not {*FAMILIES} & {*contents(m, static=True)}
    without = {row: {v: c for v, c in terms.items() if "spell" not in v} for row, terms in asked.items()}
    assert balances(m) == without != asked


# -- by hand ---------------------------------------------------------------------------------------------------------


def two_areas(limit_pct: float | None = None, factor: float | None = 1.0, ess_kva: float = 160.0) -> Horizon:
    """LA a with an ESS, LA b behind a switch, 50 kW each, dark for an hour; two steps of 30 min.

    Customers return at 1 + 2 (1 − 1/e) = 2.264 times their demand, held for 30 min, then decaying within 60 min.
    """
    branches = (Branch("ab", "a", "b", 1e-4, 1e-4, 1e3, switchable=True, closed=False),)
    buses = {name: Bus(name, 10.0) for name in "ab"}
    sections = find_sections(buses, branches)
    kinds = {"household": 1.0}
    view = GridView(
        buses,
        {b.id: b for b in branches},
        sections,
        {name: LocalArea(name, (name,), name, kinds=kinds) for name in "ab"},
        ess={"ess": EssUnit("ess", "a", ess_kva, 1000.0, 0.0)},
    )
    own = ColdLoad(household=ColdLoadClass(peak=3.0, rise_min=60.0, hold_min=30.0, decay_min=60.0))
    scenario = Scenario(
        name="two",
        network=TablesNetwork(folder="none"),
        outage=Outage(start=datetime(2025, 6, 21, 4), duration_min=120),
        site=Site(latitude_deg=32, longitude_deg=120, timezone="UTC"),
        load=Load(peak_kw=1),
        local_areas=LocalAreas(load_control="section"),
        cold_load=own,
        objective=Objective(interruption_kwh=0, earlier_kwh=0),
        world=World(pick_up_limit_pct=None),
        dispatch_centre=DispatchCentreOptions(
            loss_allowance_pct=0.0,
            cold_load=None if factor is None else ColdLoadEstimate(factor=factor),
            pick_up_limit_pct=limit_pct,
        ),
    )
    psc = {
        la: PscMessage(
            local_area=la, issued_at_min=60.0, step_start_min=[60.0, 90.0], demand_p_kw=[50.0, 50.0],
            demand_q_kvar=[0.0, 0.0], pv_pu=[0.0, 0.0], charge_kwh=0.0, discharge_kwh=1000.0 * (la == "a"),
            energised_min=0.0, shed=False, supply_changes_min=[0.0], nbsu_state="off", nbsu_remaining_min=0.0,
            nbsu_p_min_kw=0.0, nbsu_p_max_kw=0.0,
        )
        for la in "ab"
    }  # fmt: skip
    return Horizon(AreaGraph.of(view, scenario), (60.0, 90.0), 120.0, psc, {"ab": False})


def live(horizon: Horizon) -> tuple[list[str], list[dict[str, float | None]]]:
    plan = Planner(horizon.graph, horizon.steps).plan(horizon).plan
    buses = ["".join(step.energised_buses or ()) for step in plan.steps]
    return buses, [{la: area.demand_kw for la, area in step.local_areas.items()} for step in plan.steps]


PEAK_KW = 50 * (1 + 2 * (1 - math.exp(-1)))
LATER_KW = 50 * (1 + 2 * (1 - math.exp(-1)) * 2 * (1 - math.exp(-0.5)))
"""One hour dark, mean of the second half hour after pick-up: 60/30 (1 − exp(−30/60)) of the excess is left."""


def test_a_cold_area_waits_until_the_first_one_has_decayed() -> None:
    """160 kVA do not serve 226 kW at once; in the second step 99.7 + 127.7 kW (dark for 1.5 h) do not fit either."""
    buses, demand = live(two_areas())
    assert buses == ["a", "a"]
    assert [d["a"] for d in demand] == pytest.approx([PEAK_KW, LATER_KW], abs=1e-5)
    buses, demand = live(two_areas(ess_kva=230.0))
    assert buses == ["ab", "ab"]
    assert demand[0]["b"] == pytest.approx(PEAK_KW, abs=1e-5)


@pytest.mark.parametrize(("factor", "served"), [(None, ["ab", "ab"]), (0.4, ["ab", "ab"]), (1.0, ["a", "a"])])
def test_an_estimate_that_is_too_low_serves_more_on_paper(factor: float | None, served: list[str]) -> None:
    assert live(two_areas(factor=factor))[0] == served


def test_the_limit_lets_one_area_in_per_step() -> None:
    """At 60 % of 230 kVA the balance unit takes 138 kW at a time: one area of 113 or 128 kW, not both of 226 kW."""
    assert live(two_areas(ess_kva=400.0))[0] == ["ab", "ab"]
    assert live(two_areas(60.0, ess_kva=230.0))[0] == ["a", "ab"]
    assert live(two_areas(40.0, ess_kva=230.0))[0] == ["", ""]


def test_gateways_are_told_what_the_plan_counts_with() -> None:
    horizon = two_areas()
    plan = Planner(horizon.graph, 2).plan(horizon).plan
    orders = net_power_plans(plan, horizon)
    tell_multiples(orders, plan, horizon)
    told = {order["local_area"]: order.get("demand_multiple") for order in orders}
    assert told["a"] == pytest.approx([PEAK_KW / 50, LATER_KW / 50], abs=1e-6)
    assert told["b"] == [1.0, 1.0]


def test_shares_and_multiples_are_told_apart_and_by_time_where_a_transfer_put_a_dark_step_in() -> None:
    """Area a is served by 40 % of its peak, then by 60 % of what is left of it; five dark minutes come first."""
    whole = two_areas()
    horizon = replace(whole, graph=replace(whole.graph, load_control="part"))

    def step(start_min: float, demand_kw: float) -> PlanStep:
        areas = {"a": LocalAreaSetPoint(p_kw=0.0, q_kvar=0.0, demand_kw=demand_kw)}
        return PlanStep(start_min=start_min, closed_branches=[], energised_buses=["a"], local_areas=areas)

    dark = PlanStep(start_min=60.0, closed_branches=[], energised_buses=[])
    steps = [dark, step(65.0, 0.4 * PEAK_KW), step(90.0, 0.6 * LATER_KW)]
    plan = Planner(whole.graph, 2).plan(whole).plan.model_copy(update={"steps": steps})
    order = next(one for one in net_power_plans(plan, horizon) if one["local_area"] == "a")
    tell_multiples([order], plan, horizon)
    assert order["served"] == pytest.approx([0.0, 0.4, 0.6], abs=1e-6)
    assert order.get("demand_multiple") == pytest.approx([1.0, PEAK_KW / 50, LATER_KW / 50], abs=1e-6)
