"""No run serves more than the bound of its world, and no plan without violation more than that of its forecast."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest

from relight.controllers.exchange.plan import Plan
from relight.controllers.strategies.named import strategy_named
from relight.scenarios.case import Case
from relight.scenarios.schema.scenario import LoadControl
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.foresight_bound import served_kwh
from relight.sim.planning.plan_once import plan_once
from relight.sim.planning.service_bound import service_bound_kwh
from relight.sim.validation.validator import Validator
from support.networks import Line, build_case, ess, nbsu, pv

MODES: tuple[LoadControl, ...] = get_args(LoadControl)
STRATEGIES = ("dynamic", "open_loop", "static", "greedy", "islanded", "oracle")
USUAL, AT_LENGTH = range(6), range(6, 2006)
SEEDS = [*USUAL, *(pytest.param(seed, marks=pytest.mark.slow) for seed in AT_LENGTH)]
EDGE = 1 + 1e-6
"""What solvers and sums of a run may differ by."""


def random_case(seed: int) -> Case:
    """Five areas in a tree, storage, sun and a unit that must be started; days and hours that nobody forecast."""
    rng, names = np.random.default_rng(seed), "abcde"
    lines = [
        Line(names[rng.integers(0, k)], names[k], length_km=0.3, closed=True, switchable=bool(rng.random() < 0.6))
        for k in range(1, len(names))
    ]
    units = [ess("a", float(rng.integers(60, 400)), float(rng.integers(20, 300)), 100.0), pv("c", 250.0)]
    units += [nbsu("e", 80.0)] if rng.random() < 0.5 else []
    more: dict[str, Any] = {"cold_load": {}} if rng.random() < 0.3 else {}
    case = build_case(
        lines,
        units,
        {name: float(rng.integers(20, 120)) for name in names},
        priority={name: float(rng.choice([1.0, 2.0])) for name in names},
        seed=seed,
        outage={"start": "2025-06-21T10:00", "duration_min": 90},
        load={"peak_kw": 400.0, "mix": {"h0": 1.0}, "actual": {"sd_pct": 25, "day_sd_pct": 15}},
        pv={"variability_pct": 60, "day_sd_pct": 25, "reconnect_delay_min": int(rng.choice([0, 20, 30]))},
        clock={"sim_step_min": 10},
        local_areas={"load_control": MODES[seed % 3]},
        **more,
    )
    return replace(case, mix_by_bus={name: {"h0": 1.0} for name in names})


def planned_kwh(case: Case, plan: Plan) -> float:
    """Weighted energy that a plan serves in the outage area."""
    areas = case.view.local_areas
    return sum(
        (area.demand_kw or 0.0) * plan.duration_h(k) * areas[la].priority
        for k, step in enumerate(plan.steps)
        for la, area in step.local_areas.items()
        if areas[la].buses[0] in case.view.outage_area
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_serves_more_than_there_is(seed: int) -> None:
    case = random_case(seed)
    strategy, log = strategy_named(STRATEGIES[seed // 3 % len(STRATEGIES)], case.scenario.dispatch_centre), RunLog()
    run_world(case, strategy, seed, log, engine="power-grid-model")
    served, _, _ = served_kwh(case, log.recorder)
    assert served <= service_bound_kwh(case, seed) * EDGE
    plan = plan_once(case, "open_loop").plan
    if Validator(case).validate(plan).clean:
        assert planned_kwh(case, plan) <= service_bound_kwh(case, seed, actual=False) * EDGE


def test_stored_energy_goes_to_those_who_count_most() -> None:
    """An hour with 60 kWh stored and no sun: a's demand counts twice, b gets what is left."""
    case = build_case(
        [Line("a", "b")],
        [ess("a", 200.0, 60.0, 0.0)],
        {"a": 50.0, "b": 50.0},
        priority={"a": 2.0},
        outage={"start": "2025-06-21T10:00", "duration_min": 60},
        load={"peak_kw": 100.0, "mix": {"h0": 1.0}},
        perfect_forecast=True,
        clock={"sim_step_min": 10},
    )
    case = replace(case, mix_by_bus={name: {"h0": 1.0} for name in "ab"})
    a_kwh, b_kwh = (float(Validator(case).forecast.demand_kw[la].mean()) for la in "ab")
    assert 30 < a_kwh < 60 < a_kwh + b_kwh
    for actual in (True, False):
        assert service_bound_kwh(case, actual=actual) == pytest.approx(2 * a_kwh + 60 - a_kwh)


def test_the_bound_of_a_plan_is_of_what_is_forecast() -> None:
    case = random_case(0)
    bounds = {service_bound_kwh(case, seed, actual=False) for seed in (0, 1)}
    assert len(bounds) == 1, "nobody knows yet what the day will be"
    assert service_bound_kwh(case, 0) != service_bound_kwh(case, 1)
