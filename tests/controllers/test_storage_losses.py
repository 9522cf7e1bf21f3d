"""Plans with storage that loses energy: against enumeration, against the literal form, and worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from relight.controllers.gateways.local_area_model import solve_local_area
from relight.controllers.gateways.local_area_problem import LocalAreaProblem
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.planning.planner import Planner
from relight.scenarios.schema.scenario import LoadControl
from relight.scenarios.view import EssUnit, NbsuUnit, StoreEfficiency
from support.brute_force import brute_force
from support.plan_claims import Claims
from support.small_cases import (
    SmallCase,
    agree,
    one_bus,
    random_case,
    seeds,
    solve,
    with_load_control,
    with_options,
    with_storage_losses,
)

MODES: tuple[LoadControl, ...] = ("section", "area", "part")


def case_of(seed: int) -> SmallCase:
    """Cases by section, by area and in part in turn."""
    return with_storage_losses(with_load_control(random_case(seed, (2, 2), (2, 2)), MODES[seed % 3]))


@pytest.mark.parametrize("seed", seeds(4, 120))
def test_the_milp_finds_the_enumerated_optimum(seed: int) -> None:
    case = case_of(seed)
    assert agree(solve(case), brute_force(case.horizon))


@pytest.mark.parametrize("seed", seeds(3, 60))
def test_plans_keep_every_limit(seed: int) -> None:
    case = case_of(seed)
    record = Planner(case.graph, case.horizon.steps).plan(case.horizon)
    if record.plan.status != "fallback":
        assert Claims(record.plan, case.horizon).broken == []


@pytest.mark.parametrize("seed", seeds(2, 12))
def test_the_literal_form_plans_as_much(seed: int) -> None:
    case = case_of(seed)
    literal = with_options(case, formulation="literal")
    plans = [Planner(one.graph, one.horizon.steps).plan(one.horizon).plan for one in (case, literal)]
    assert plans[1].objective == pytest.approx(plans[0].objective, rel=1e-6, abs=1e-6)


def lossy_bus(charging: float, discharging: float, mode: LoadControl = "part", **message: object) -> SmallCase:
    """One bus, 40 kW for two half-hours, PV 100 kW, ESS 200 kW."""
    horizon, scenario = one_bus()
    view = horizon.graph.view
    ess = replace(view.ess["ess"], charge_efficiency=charging, discharge_efficiency=discharging)
    view = replace(view, ess={"ess": ess})
    scenario = scenario.model_copy(
        update={"local_areas": scenario.local_areas.model_copy(update={"load_control": mode})}
    )
    psc = {"1": horizon.psc["1"] | message}
    horizon = Horizon(AreaGraph.of(view, scenario), horizon.step_start_min, horizon.end_min, psc, {})  # pyright: ignore
    return SmallCase(0, scenario, view, horizon)


def test_of_what_leaves_the_store_only_a_part_is_served() -> None:
    """No sun: 30 kWh in store give 0.8 · 30 = 24 kWh of the 40 that are asked for."""
    case = lossy_bus(1.0, 0.8, pv_pu=[0.0, 0.0], discharge_kwh=30.0)
    assert solve(case).objective == pytest.approx(24.0)


def test_of_what_is_charged_only_a_part_is_there_later() -> None:
    """Sun in the first half-hour alone: 60 kW too much put 0.8 · 30 = 24 kWh into the empty store. They give 0.8 · 24 =
    19.2 of the 20 kWh that are asked for later."""
    case = lossy_bus(0.8, 0.8, pv_pu=[1.0, 0.0], discharge_kwh=0.0, charge_kwh=100.0, energised_min=100.0)
    assert solve(case).objective == pytest.approx(20.0 + 19.2)


def test_no_energy_is_burnt_by_charging_and_discharging_at_once() -> None:
    """An NBSU falls from 50 kW by no more than 20 kW/h: 50 kW, then 40, for 10 kW of customers. At an efficiency of 0.5
    the first half-hour puts 10 kWh into store, which is full then: in the second nobody can be served."""
    horizon, scenario = one_bus()
    message = horizon.psc["1"] | {
        "demand_p_kw": [10.0, 10.0], "nbsu_state": "online", "nbsu_p_min_kw": 50.0, "nbsu_p_max_kw": 60.0,
        "energised_min": 100.0, "charge_kwh": 10.0,
    }  # fmt: skip
    ess = replace(horizon.graph.view.ess["ess"], charge_efficiency=0.5, discharge_efficiency=0.5)
    nbsu = {"nbsu": NbsuUnit("nbsu", "1", 60.0, 0.0, 20.0, 20.0, 30.0)}
    view = replace(horizon.graph.view, pv={}, nbsu=nbsu, ess={"ess": ess})
    horizon = Horizon(AreaGraph.of(view, scenario), horizon.step_start_min, 60.0, {"1": message}, {})  # pyright: ignore
    case = with_load_control(SmallCase(0, scenario, view, horizon), "section")
    assert solve(case).objective == pytest.approx(5.0)
    assert agree(solve(case), brute_force(case.horizon))
    assert solve(case, without="ess_only_charges").objective == pytest.approx(10.0)


@pytest.mark.parametrize("seed", seeds(6, 60))
def test_gateways_can_schedule_what_their_stores_are_said_to_do_together(seed: int) -> None:
    """Net powers within (13e) of ESSs that differ in size, charge and efficiency, counted as one."""
    rng = np.random.default_rng(seed)
    ess = tuple(
        EssUnit(f"ess{k}", "1", *rng.uniform(20, 200, 1), *rng.uniform(0, 60, 2), *rng.uniform(0.5, 1.0, 2))
        for k in range(rng.integers(2, 4))
    )
    smallest = min(one.s_kva for one in ess)
    worst, best = (
        StoreEfficiency(pick(c.charge_efficiency for c in ess), pick(c.discharge_efficiency for c in ess))
        for pick in (min, max)
    )
    stored, room = sum(c.discharge_kwh for c in ess), sum(c.charge_kwh for c in ess)
    p_kw = []
    for _ in range(6):
        most, least = min(smallest, stored * worst.discharge / 0.5), -min(smallest, room / best.charge / 0.5)
        p_kw.append(float(rng.choice([least, most, rng.uniform(least, most)])))
        stored, room = stored - worst.drawn_kwh(p_kw[-1], 0.5), room + best.drawn_kwh(p_kw[-1], 0.5)
    nothing = (0.0,) * 6
    problem = LocalAreaProblem(
        pv=(), ess=ess, nbsu=(), step_start_min=tuple(30.0 * t for t in range(6)), dt_h=(0.5,) * 6,
        energised=(True,) * 6, served=(1.0,) * 6, pv_connected=(True,) * 6, nbsu_state=("off",) * 6,
        p_kw=tuple(p_kw), q_kvar=nothing, demand_p_kw=nothing, demand_q_kvar=nothing, pv_pu={},
        discharge_kwh={c.id: c.discharge_kwh for c in ess}, charge_kwh={c.id: c.charge_kwh for c in ess},
    )  # fmt: skip
    schedule = solve_local_area(problem, cost_form="epigraph")
    assert max(map(abs, schedule.follow_error_kw)) < 1e-4
    for one in ess:
        left, free = one.discharge_kwh, one.charge_kwh
        for p in schedule.p_kw[one.id]:
            drawn = p * 0.5 / one.discharge_efficiency if p > 0 else p * 0.5 * one.charge_efficiency
            left, free = left - drawn, free + drawn
            assert min(left, free) > -1e-3
