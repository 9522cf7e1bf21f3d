"""Intervals of sources at a plan's objective: by hand, and against other dispatches of the same plans."""

from __future__ import annotations

import pytest

from relight.controllers.exchange.plan import Plan
from relight.controllers.planning.planner import Planner
from relight.controllers.planning.shares import SOURCES, NoDispatchFound, SourceIntervals, planned_energy_kwh
from relight.scenarios.schema.scenario import LoadControl
from support.small_cases import SmallCase, one_bus, random_case, with_load_control, with_options


def test_intervals_by_hand() -> None:
    """The ESS alone gives 20 kWh first. Then PV may give 0 to 50 kWh, of which 20 are used and up to 30 charged.

    Charge room is then the 10 kWh of the start and the 20 kWh taken out.
    """
    horizon, _ = one_bus()
    plan = Planner(horizon.graph, 2).plan(horizon).plan
    found = SourceIntervals(horizon.graph, 2).of_plan(plan, horizon)
    assert plan.objective == pytest.approx(40)
    interval = {source: (energy.least, energy.largest) for source, energy in found.items()}
    assert interval["pv"] == pytest.approx((0, 50), abs=1e-6)
    assert interval["ess_net"] == pytest.approx((-10, 40), abs=1e-6)
    assert interval["ess_discharge"] == pytest.approx((20, 40), abs=1e-6)
    assert interval["nbsu_net"] == interval["infeed"] == (0, 0)


def solved(case: SmallCase, **options: object) -> Plan:
    changed = with_options(case, **options)
    return Planner(changed.graph, changed.horizon.steps).plan(changed.horizon).plan


def topology(plan: Plan) -> list[tuple[object, ...]]:
    return [
        (step.closed_branches, step.energised_buses, step.balance_units,
         {la: (area.nbsu_state, area.demand_kw) for la, area in step.local_areas.items()})
        for step in plan.steps
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["section", "area", "part"])
@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(30), marks=pytest.mark.slow)], ids=str)
def test_every_dispatch_of_a_plan_lies_in_its_intervals_and_sources_add_up(seeds: range, mode: LoadControl) -> None:
    others, wide = 0, 0
    for seed in seeds:
        case = with_load_control(random_case(seed), mode)
        plan = solved(case)
        if plan.status == "fallback":
            with pytest.raises(NoDispatchFound):
                SourceIntervals(case.graph, case.horizon.steps).of_plan(plan, case.horizon)
            continue
        found = SourceIntervals(case.graph, case.horizon.steps).of_plan(plan, case.horizon)
        assert set(found) == set(SOURCES)
        for source, energy in found.items():
            assert energy.least - 1e-3 <= energy.planned <= energy.largest + 1e-3, (seed, source)
            wide += energy.largest > energy.least + 1e-3
        supplied = sum(found[s].planned for s in SOURCES if s != "ess_discharge")
        factor = 1 + case.scenario.dispatch_centre.loss_allowance_pct / 100
        assert supplied == pytest.approx(factor * plan.planned_energy_kwh, abs=1e-3), seed
        # The same plan dispatched on other grounds.
        other = solved(case, stored_energy_value=0.0, reserve_pct=0.0)
        if topology(other) == topology(plan):
            others += 1
            for source, kwh in planned_energy_kwh(other, case.graph).items():
                assert found[source].least - 1e-3 <= kwh <= found[source].largest + 1e-3, (seed, source)
    assert others > len(seeds) / 2 and wide >= len(seeds)
