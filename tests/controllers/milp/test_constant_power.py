"""Strategy static_rigid: powers do not change but for the balance unit's, which costs value and never gains any."""

from __future__ import annotations

from itertools import pairwise

import pytest

from relight.controllers.planning.planner import Planner, PlanRecord
from support.small_cases import random_case

SEEDS = [range(6), *(pytest.param(seeds, marks=pytest.mark.slow) for seeds in (range(6, 20), range(20, 40)))]


def planned(seed: int, *, constant: bool) -> PlanRecord:
    case = random_case(seed)
    planner = Planner(case.graph, case.horizon.steps, static=True, constant_power=constant)
    return planner.plan(case.horizon)


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_powers_are_constant_but_for_balance_units_and_worth_no_more_than_a_static_plan(seeds: range) -> None:
    compared = 0
    for seed in seeds:
        record, static = planned(seed, constant=True), planned(seed, constant=False).plan
        assert (record.plan.objective or 0.0) <= (static.bound or 0.0) + 1e-4, seed
        if record.plan.status == "fallback":
            continue
        view, steps = record.horizon.graph.view, record.plan.steps
        for before, after in pairwise(steps):
            assert before.balance_units == after.balance_units
            seats = {view.local_area_of_unit(u) for u in after.balance_units or ()}
            for la in before.local_areas.keys() & after.local_areas.keys() - seats:
                one, other = before.local_areas[la], after.local_areas[la]
                assert one.p_ess_kw == pytest.approx(other.p_ess_kw, abs=1e-4)
                if one.nbsu_state == "online":
                    assert one.p_nbsu_kw == pytest.approx(other.p_nbsu_kw, abs=1e-4)
                if one.p_pv_kw > 1e-4:
                    assert one.p_pv_kw == pytest.approx(other.p_pv_kw, abs=1e-4)
                compared += one.p_ess_kw != 0 or one.p_nbsu_kw != 0 or one.p_pv_kw != 0
    assert compared > len(seeds) / 2
