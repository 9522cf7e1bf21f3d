"""Plans with a price on all that counts: the MILP against enumeration in all three modes, and what each price does."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from relight.controllers.milp.continuity import interruptions
from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.milp.objective import worth_kwh
from relight.controllers.planning.planner import NOT_ALL_KEPT, Planner
from relight.controllers.planning.warm_start import start_values
from relight.controllers.solver.highs import KeptSolver
from relight.controllers.solver.neighbourhoods import search
from relight.scenarios.schema.scenario import LoadControl
from support.brute_force import BruteForce
from support.plan_claims import Claims
from support.small_cases import (
    EXACT,
    SmallCase,
    agree,
    one_bus,
    random_case,
    solve,
    with_cold_load,
    with_continuity_at_random,
    with_load_control,
    with_options,
    with_prices,
    with_prices_at_random,
)

MODES = ("section", "area", "part")
MOST = 120
"""Most states of a step that are enumerated here; all pairs of them are tried."""


def case_of(seed: int, mode: LoadControl) -> SmallCase:
    """Some customers are shed though their section is live, in part a share of them."""
    case = with_load_control(random_case(seed, sections=(2, 3), steps=(2, 2)), mode)
    psc = dict(case.horizon.psc)
    for n, (la, message) in enumerate(psc.items()):
        if (seed + n) % 4 == 0:
            psc[la] = message | {"shed": True}
        elif (seed + n) % 4 == 1 and mode == "part":
            psc[la] = message | {"share_on": 0.25}
    return with_prices_at_random(replace(case, horizon=replace(case.horizon, psc=psc)))


@cache
def is_small(seed: int) -> bool:
    return len(BruteForce(case_of(seed, "area").horizon).configurations) <= MOST


def compare(case: SmallCase, static: bool) -> None:
    optimum = BruteForce(case.horizon, static=static).best()
    solution = solve(case, static=static)
    assert agree(solution, optimum), f"MILP {solution}, enumeration {optimum}"


USUAL = (1, 3, 6, 8, 9)
"""Some whose enumeration is quick."""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", USUAL)
def test_optimum_equals_enumeration(seed: int, mode: LoadControl) -> None:
    assert is_small(seed)
    compare(case_of(seed, mode), static=seed % 4 == 0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "seed", [4, 5, 7, 11, *(pytest.param(s, marks=pytest.mark.slow) for s in (13, 15, 16, 17, 21, 23))]
)
def test_optimum_equals_enumeration_where_supply_is_kept(seed: int, mode: LoadControl) -> None:
    compare(with_continuity_at_random(case_of(seed, mode)), static=seed % 4 == 0)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(424))
def test_optimum_equals_enumeration_in_many_more(seed: int, mode: LoadControl) -> None:
    if not is_small(seed):
        pytest.skip("too many states")
    for static in (False, True):
        compare(case_of(seed, mode), static)
        compare(with_continuity_at_random(case_of(seed, mode)), static)
        if mode != "part":
            compare(with_cold_load(case_of(seed, mode), 60.0), static)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [1, 6, 9, 26, 33])
def test_a_plan_is_worth_what_it_says(seed: int, mode: LoadControl) -> None:
    """With like areas counted together, voltages left out until they matter, and a dispatch found after that."""
    case = case_of(seed, mode)
    plan = Planner(case.graph, case.horizon.steps).plan(case.horizon).plan
    assert plan.objective == pytest.approx(solve(case).objective, rel=1e-5, abs=1e-5)
    assert plan.objective == pytest.approx(worth_kwh(case.horizon, plan.steps))
    assert Claims(plan, case.horizon).broken == []


def losing(case: SmallCase) -> float:
    """Interruptions of the best plan."""
    plan = Planner(case.graph, case.horizon.steps).plan(case.horizon).plan
    return interruptions(case.horizon, plan.steps)


@pytest.mark.parametrize("mode", MODES)
def test_what_has_a_price_is_done_less(mode: LoadControl) -> None:
    """Where it can be: a part of the customers who have supply now cannot be kept at any price."""
    cases = [case_of(seed, mode) for seed in (2, 4, 18)]
    free = [losing(with_prices(case, interruption_kwh=0.0)) for case in cases]
    dear = [losing(with_prices(case, interruption_kwh=1e4)) for case in cases]
    assert all(few <= many + 1e-5 for few, many in zip(dear, free, strict=True))
    assert sum(dear) < sum(free) - 0.1


def test_leaving_the_family_out_makes_interruptions_free() -> None:
    case = case_of(4, "area")
    without = with_options(case, without=("interruptions",))
    plan = Planner(without.graph, without.horizon.steps).plan(without.horizon).plan
    assert plan.objective == pytest.approx(solve(with_prices(case, interruption_kwh=0.0)).objective)
    assert plan.objective > (solve(case).objective or 0.0) + 1e-3


def when_served(case: SmallCase) -> list[float]:
    """Step by step, the energy that the best plan serves."""
    plan = Planner(case.graph, case.horizon.steps).plan(case.horizon).plan
    served = [sum(area.demand_kw or 0.0 for area in step.local_areas.values()) for step in plan.steps]
    return [kw * plan.duration_h(t) for t, kw in enumerate(served)]


@pytest.mark.parametrize("mode", MODES)
def test_among_equal_energies_nobody_waits(mode: LoadControl) -> None:
    """One storage that lasts for one of two half-hours of equal demand."""
    horizon, scenario = one_bus()
    message = horizon.psc["1"] | {"pv_pu": [0.0, 0.0], "discharge_kwh": 20.0, "charge_kwh": 0.0}
    area = replace(horizon.graph.view.local_areas["1"], customers=60.0)
    view = replace(horizon.graph.view, local_areas={"1": area})
    graph = replace(horizon.graph, view=view, load_control=mode)
    case = SmallCase(0, scenario, view, replace(horizon, graph=graph, psc={"1": message}))
    early = with_prices(case, earlier_kwh=0.01)
    assert when_served(early) == pytest.approx([20.0, 0.0])
    plan = Planner(early.graph, 2).plan(early.horizon).plan
    assert plan.terms_kwh == pytest.approx({"energy": 20.0, "switching": 0.0, "earlier": 0.225, "interruptions": 0.0})
    assert plan.objective == pytest.approx(20.225), (
        "0.01 kWh for 60 customers, half an hour and 0.75 h ahead of the end"
    )
    assert Planner(case.graph, 2).plan(case.horizon).plan.terms_kwh == {}, "(18) alone"


NEEDED = {
    "interruption_begins": ("area", 10), "supply_held": ("section", 2), "supply_kept": ("area", 4),
    "supply_begins": ("area", 0), "least_time_on": ("area", 0), "least_time_off": ("area", 2),
}  # fmt: skip
"""Constraint → mode and seed of a case in which it matters."""


@pytest.mark.parametrize("name", NEEDED)
def test_without_one_constraint_plans_are_worth_too_much(name: str) -> None:
    mode, seed = NEEDED[name]
    case = with_continuity_at_random(case_of(seed, mode))
    whole, broken = solve(case), solve(case, without=name)
    assert whole.status == "none" or broken.objective > whole.objective + 1e-4
    assert broken.status == "optimal"


def unable_to_keep() -> SmallCase:
    """One bus that has supply for ten minutes now, and storage for the first of two half-hours only."""
    horizon, scenario = one_bus()
    message = horizon.psc["1"] | {"pv_pu": [0.0, 0.0], "discharge_kwh": 20.0, "charge_kwh": 0.0, "energised_min": 10.0}
    area = replace(horizon.graph.view.local_areas["1"], customers=60.0)
    view = replace(horizon.graph.view, local_areas={"1": area})
    return SmallCase(0, scenario, view, replace(horizon, graph=replace(horizon.graph, view=view), psc={"1": message}))


@pytest.mark.parametrize("wanted", [{"keep_served": True}, {"min_on_min": 60}])
def test_where_not_all_can_be_kept_nobody_has_to_be_and_the_plan_says_so(wanted: dict[str, int]) -> None:
    case = with_prices(unable_to_keep(), **wanted)
    record = Planner(case.graph, 2).plan(case.horizon)
    assert NOT_ALL_KEPT in record.note and not record.horizon.holds_now
    assert record.plan.objective == pytest.approx(20.0)
    if "keep_served" in wanted:
        assert when_served(case) == pytest.approx([0.0, 20.0]), "who is restored within the plan is kept all the same"
    can = replace(case.horizon, psc={"1": case.horizon.psc["1"] | {"discharge_kwh": 40.0}})
    kept = Planner(case.graph, 2).plan(can)
    assert NOT_ALL_KEPT not in kept.note and kept.plan.objective == pytest.approx(40.0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [4, 22])
def test_the_search_of_large_networks_counts_the_same(seed: int, mode: LoadControl) -> None:
    case = case_of(seed, mode)
    m = build_model(case.graph, case.horizon.steps, detailed=False)
    set_horizon(m, case.horizon)
    solver = KeptSolver(m, EXACT)
    found = search(m, solver.compiled(), start_values(m, case.horizon, None), 0.0, 60.0)
    best = solver.solve_checked().objective
    assert found is not None and found.objective <= best + 1e-5 <= found.bound + 2e-5
    assert found.objective >= 0.98 * best
