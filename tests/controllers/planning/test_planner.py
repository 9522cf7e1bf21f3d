"""Plans: every claim of a plan is checked against its definition; kept models, limits, odd data, determinism."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from relight.controllers.milp.problem import AreaGraph
from relight.controllers.planning.planner import Planner, PlanRecord
from relight.controllers.solver.highs import SolverOptionError
from relight.scenarios.view import GridView
from support.brute_force import BruteForce
from support.plan_claims import Claims
from support.small_cases import SmallCase, random_case, random_horizon, seeds, with_options, with_prices

SEEDS = seeds(6, 60)


def planned(case: SmallCase, *, static: bool = False) -> PlanRecord:
    return Planner(case.graph, case.horizon.steps, static=static).plan(case.horizon)


@pytest.mark.parametrize(("seed", "static"), [(42, False), (47, True)])
def test_a_start_that_the_solver_hands_out_as_its_optimum_is_taken_from_it(seed: int, static: bool) -> None:
    """HiGHS 1.16 finds better here, says so, and gives the start back; an enumeration knows what is best."""
    case = random_case(seed)
    record = planned(case, static=static)
    assert (record.plan.status, record.note) == ("optimal", "")
    best = BruteForce(case.horizon, static=static).best()
    assert best is not None
    assert record.plan.objective == pytest.approx(best.objective, rel=case.graph.options.mip_gap, abs=1e-4)


@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_claim_of_a_plan_holds(seed, static):
    case = random_case(seed)
    record = planned(case, static=static)
    if record.plan.status == "fallback":
        assert case.graph.live_infeed_kva, "nothing restored is feasible where no live infeed must be served"
        return
    assert record.note == "", "the dispatch stage found its solution"
    claims = Claims(record.plan, case.horizon)
    assert claims.broken == []
    if static:
        assert len({step.start_min for step in record.plan.steps}) == case.horizon.steps
        assert len({(frozenset(s.closed_branches), frozenset(s.energised_buses)) for s in record.plan.steps}) == 1


@pytest.mark.parametrize("seed", [3, 11, 26])
def test_a_tampered_plan_is_noticed(seed):
    """The checks can fail: a few wrong claims, each of which must be found."""
    case = random_case(seed)
    plan = planned(case).plan
    first = plan.steps[0]
    assert first.local_areas, "choose another seed: nothing is restored"
    la, point = next((la, p) for la, p in first.local_areas.items() if p.demand_kw)
    wrong = {
        "balance units": {"balance_units": []},
        "(13b)": {"local_areas": first.local_areas | {la: point.model_copy(update={"p_kw": 1e3})}},
        "demand": {"local_areas": first.local_areas | {la: point.model_copy(update={"demand_kw": 0.0})}},
        "in part": {"energised_buses": [*first.energised_buses, "nowhere"]},
    }
    for word, claim in wrong.items():
        step = first.model_copy(update=claim)
        broken = Claims(plan.model_copy(update={"steps": [step, *plan.steps[1:]]}), case.horizon).broken
        assert any(word in line for line in broken), word


@pytest.mark.parametrize("seed", [*range(0, 8, 2), *(pytest.param(s, marks=pytest.mark.slow) for s in range(8, 40, 2))])
def test_dispatch_keeps_what_the_milp_decided(seed):
    case = random_case(seed)
    planner = Planner(case.graph, case.horizon.steps)
    plan = planner.plan(case.horizon).plan
    if plan.status == "fallback":
        return
    m, sections = planner.model, case.view.sections
    for t, step in enumerate(plan.steps):
        assert set(step.closed_branches) == {k for k in m.SWITCH if m.b[k, t].value > 0.5}
        assert set(step.energised_buses) == {bus for s in m.S if m.X[s, t].value > 0.5 for bus in sections[s].buses}
        states = {la: p.nbsu_state for la, p in step.local_areas.items()}
        for i in m.NBSU:
            launch = next((k for k in m.K if m.launch[i, k].value > 0.5), None)
            assert states.get(i, "off") == BruteForce(case.horizon).status(i, launch, t)


@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
@pytest.mark.parametrize("seed", seeds(2, 12))
def test_a_kept_model_plans_like_a_fresh_one(seed, static):
    """One planner, horizons of 3, 2, 1 and 3 steps with new data each; steps past a horizon's end are inert."""
    case = random_case(seed, steps=(3, 3))
    rng = np.random.default_rng(seed)
    kept = Planner(case.graph, 3, static=static)
    for steps in (3, 2, 1, 3):
        horizon = random_horizon(rng, case.graph, steps)
        again = kept.plan(horizon).plan
        fresh = Planner(case.graph, steps, static=static).plan(horizon).plan
        assert again.status == fresh.status
        assert again.objective == pytest.approx(fresh.objective, rel=1e-6, abs=1e-6)
        assert len(again.steps) == steps
        if again.status == "optimal":
            assert Claims(again, horizon).broken == []


def test_a_horizon_longer_than_the_model_is_refused():
    case = random_case(0, steps=(3, 3))
    with pytest.raises(ValueError, match="horizon of 3 steps does not fit a model of 2"):
        Planner(case.graph, 2).plan(case.horizon)


@pytest.mark.parametrize("seed", seeds(3, 20))
def test_same_horizon_same_plan(seed):
    case = random_case(seed)
    assert planned(case).plan == planned(case).plan


NASTY: dict[str, dict[str, float | str]] = {
    "no unit": {},
    "no demand": {},
    "empty storage": {"discharge_kwh": 0.0, "charge_kwh": 0.0},
    "demand beyond reach": {},
    "on line in the dark": {"nbsu_state": "online", "nbsu_p_min_kw": 20.0, "nbsu_p_max_kw": 25.0},
    "on line, cannot fall": {"nbsu_state": "online", "nbsu_p_min_kw": 30.0, "nbsu_p_max_kw": 30.0},
    "starting, ready now": {"nbsu_state": "starting", "nbsu_remaining_min": 0.0},
    "starting in the dark": {"nbsu_state": "starting", "nbsu_remaining_min": 20.0},
}
"""What PSC messages say of LAs with an NBSU (of all LAs for storage), everything else being dark."""


@cache
def without_infeed() -> SmallCase:
    """A case without a live infeed, but with units."""
    cases = map(random_case, range(4000, 4400))
    return next(c for c in cases if not c.graph.live_infeed_kva and c.view.nbsu and c.view.ess)


def nasty(name: str) -> SmallCase:
    """The same with data that leave little or nothing to restore."""
    case = without_infeed()
    if name == "no unit":
        return with_view(case, replace(case.view, pv={}, ess={}, nbsu={}))
    has_nbsu = {case.view.local_area_of_unit(u) for u in case.view.nbsu}
    demand = {"no demand": 0.0, "demand beyond reach": 1e6}.get(name)
    psc = {}
    for la, message in case.horizon.psc.items():
        changes: dict = {"energised_min": 0.0}
        if la in has_nbsu or "nbsu_state" not in NASTY[name]:
            changes |= NASTY[name]
        if demand is not None:
            changes |= dict.fromkeys(("demand_p_kw", "demand_q_kvar"), [demand] * case.horizon.steps)
        psc[la] = message | changes
    return replace(case, horizon=replace(case.horizon, psc=psc))


def with_view(case: SmallCase, view: GridView) -> SmallCase:
    horizon = replace(case.horizon, graph=AreaGraph.of(view, case.scenario))
    return replace(case, view=view, horizon=horizon)


@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
@pytest.mark.parametrize("first_step_free", [True, False], ids=["free", "bounded"])
@pytest.mark.parametrize("name", NASTY)
def test_nothing_restored_is_always_feasible(name, first_step_free, static):
    case = with_options(nasty(name), first_online_step_free=first_step_free)
    record = planned(case, static=static)
    assert record.plan.status == "optimal"
    assert record.note == ""
    assert Claims(record.plan, case.horizon).broken == []


def test_a_ready_unit_that_ramps_slowly_does_not_make_every_plan_infeasible():
    """Start-up done, p_in 10 kW, ramp 12 kW/h, first step of 5 min: −10 kW + 1 kW < 0 kW."""
    case = with_options(nasty("starting, ready now"), first_online_step_free=False)
    rates = {"p_in_kw": 10.0, "ramp_up_kw_per_h": 12.0, "ramp_down_kw_per_h": 12.0}
    slow = {name: replace(unit, **rates) for name, unit in case.view.nbsu.items()}
    case = with_view(case, replace(case.view, nbsu=slow))
    starts = (case.horizon.step_start_min[1] - 5, *case.horizon.step_start_min[1:])
    assert planned(replace(case, horizon=replace(case.horizon, step_start_min=starts))).plan.status == "optimal"


def test_an_impossible_time_limit_gives_the_fallback_plan():
    case = with_options(random_case(3, sections=(6, 6), steps=(6, 6)), time_limit_s=1e-6)
    record = planned(case)
    assert record.plan.status == "fallback"
    assert record.solution.status == "none"
    assert "nothing is restored" in record.note
    assert record.plan.objective == 0.0
    assert record.plan.bound > 0.0
    assert all(not s.energised_buses and not s.closed_branches and not s.balance_units for s in record.plan.steps)


@pytest.mark.parametrize("options", [{"mip_rel_gapp": 0.1}, {"presolve": 3}, {"mip_max_nodes": -1}, {"threads": 2}])
def test_an_unknown_solver_option_is_an_error(options):
    case = with_options(random_case(0), solver_options=options)
    with pytest.raises(SolverOptionError, match=next(iter(options))):
        planned(case)


@pytest.mark.parametrize("seeds", [(0, 4), pytest.param(range(6), marks=pytest.mark.slow)], ids=str)
def test_a_node_limit_gives_a_feasible_plan_and_its_bound(seeds):
    """Larger cases, gap 0 and one node: at least one search is cut short, and none claims more than its bound."""
    statuses = set()
    for seed in seeds:
        case = with_prices(random_case(seed, sections=(7, 7), steps=(6, 6)), switching_kwh=0.5)
        case = with_options(case, node_limit=1)
        record = planned(case)
        if record.plan.status == "fallback":
            continue
        statuses.add(record.plan.status)
        assert record.plan.bound >= record.plan.objective - 1e-6
        assert Claims(record.plan, case.horizon).broken == []
    assert "feasible" in statuses
