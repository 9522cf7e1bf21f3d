"""Plans with storage that loses energy: against enumeration, against the literal form, and worked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.planning.planner import Planner
from relight.scenarios.schema.scenario import LoadControl
from relight.scenarios.view import NbsuUnit
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


@pytest.mark.parametrize("seed", seeds(9, 120))
def test_the_milp_finds_the_enumerated_optimum(seed: int) -> None:
    case = case_of(seed)
    assert agree(solve(case), brute_force(case.horizon))


@pytest.mark.parametrize("seed", seeds(6, 60))
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
