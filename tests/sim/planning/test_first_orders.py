"""A blackout that takes time: nobody is served before the first orders take effect, and the last plan step is short."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from relight.controllers.exchange.plan import Plan
from relight.controllers.strategies.builtin import ORACLE, STRATEGIES
from relight.controllers.strategies.named import strategy_named
from relight.results.metrics.customers import customer_indices, interruptions
from relight.results.metrics.supply import supply_of
from relight.results.study.bounds import held_against, verdict
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.foresight_bound import bounds_of_run
from relight.sim.planning.plan_once import first_plan, plan_once
from relight.sim.planning.service_bound import service_bound_kwh
from relight.sim.series.profiles import Profiles
from relight.sim.validation.validator import Validator
from support import three_bus_case
from support.networks import Line, build_case, ess

BLACK = "name,bus,s_kva,vm_pu,dead,only_if\n"
STORED_KWH = 35.0
AREAS = ("local_areas.load_control=area",)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hours in the dark, the first orders after 22 min: plans of 25, 55, 85 and, for five minutes, 115 min."""
    outage = {"first_order_min": 22, "duration_min": 120}
    return three_bus_case.write(tmp_path_factory.mktemp("black"), {"infeeds.csv": BLACK}, outage=outage)


@cache
def ran(file: Path, strategy: str) -> tuple[Case, RunLog]:
    case, log = load_case(str(file), AREAS, 1), RunLog()
    run_world(case, strategy_named(strategy), 1, log, engine="power-grid-model")
    return case, log


def table(log: RunLog, name: str = "local_area") -> pd.DataFrame:
    return pd.DataFrame(log.recorder.rows[name], columns=list(log.recorder.columns(name)))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nobody_is_served_before_the_first_orders_take_effect(file: Path, strategy: str) -> None:
    _, log = ran(file, strategy)
    rows, switches = table(log), table(log, "switch")
    early = rows.time_min < 25
    assert early.sum() == 5 * rows.local_area.nunique()
    assert (rows.served_kw[early] == 0).all() and (rows.energised[early] == 0).all()
    assert rows.served_kw[rows.time_min == 25].sum() > 0, "and then at once"
    assert not switches.operated[switches.time_min < 25].any() or strategy == "islanded", "voltage opens its switches"
    indices = customer_indices(
        interruptions(supply_of(rows, 120)), float(rows.customers[rows.time_min == 0].sum()), 120
    )
    assert indices.saifi >= 1 and indices.saidi_min >= 25 and indices.maifi == 0


@pytest.mark.parametrize("strategy", [name for name, one in STRATEGIES.items() if one.has_centre])
def test_plans_begin_then_and_end_with_the_window(file: Path, strategy: str) -> None:
    _, log = ran(file, strategy)
    plans = log.recorder.plans
    assert [plan["issued_at_min"] for plan in plans] == ([25, 55, 85, 115] if len(plans) > 1 else [25])
    assert [step["start_min"] for step in plans[0]["steps"]] == [25, 55, 85, 115]
    assert {plan["end_min"] for plan in plans} == {120}
    assert plans[0]["step_min"] == 30


def test_no_strategy_exceeds_the_bounds_of_its_world(file: Path) -> None:
    kept = [
        {"scenario": "black", "point": "", "seed": 1, "strategy": name}
        | bounds_of_run(ran(file, name)[0], strategy_named(name), ran(file, name)[1].recorder)
        for name in STRATEGIES
    ]
    found = held_against(pd.DataFrame(kept))
    assert found.exceeds.eq("").all(), verdict(found)
    assert 0 < found.iloc[0].foresight_planned_mwh <= found.iloc[0].foresight_bound_mwh * (1 + 1e-9)


def test_a_plan_without_a_run_is_the_first_of_the_run(file: Path) -> None:
    case, log = ran(file, "dynamic")
    first = dict(log.recorder.plans[0])
    assert plan_once(case, "dynamic").plan.model_dump() == first


def stored(kwh: float, **outage: float) -> Case:
    """40 kW on each of two buses for an hour and a half; storage of so many kWh at one of them."""
    case = build_case(
        [Line("a", "b", length_km=0.1, closed=False)],
        [ess("a", 100.0, kwh, 0.0)],
        {"a": 40.0, "b": 40.0},
        outage={"start": "2025-06-21T04:00", "duration_min": 90} | outage,
        load={"peak_kw": 80.0, "mix": {"g3": 1.0}},
        perfect_forecast=True,
        local_areas={"load_control": "area"},
        dispatch_centre={"loss_allowance_pct": 0.0},
        objective={"switching_kwh": 0.0},
    )
    return replace(case, mix_by_bus={bus: {"g3": 1.0} for bus in "ab"})


def demand_kwh(case: Case, from_min: float) -> float:
    profiles, step = Profiles(case), case.scenario.clock.sim_step_min
    times = np.arange(from_min, case.scenario.outage.duration_min, step)
    return sum(p_kw for t in times for p_kw, _ in profiles.demand(t).values()) * step / 60


@pytest.mark.parametrize(("first_min", "begins"), [(0, 0), (20, 20), (30, 30), (41, 45), (84.5, 85)])
def test_all_demand_after_the_first_orders_is_planned_and_no_more(first_min: float, begins: float) -> None:
    """Storage is plenty, so that what is lost is what was demanded before: plan and bounds, to the minute."""
    case = stored(1000.0, first_order_min=first_min)
    most = demand_kwh(case, begins)
    record = first_plan(case, ORACLE)
    assert record.plan.steps[0].start_min == begins and record.plan.end_min == 90
    assert record.plan.objective == pytest.approx(most, abs=1e-6)
    assert record.plan.planned_energy_kwh == pytest.approx(most, abs=1e-6)
    assert service_bound_kwh(case) == pytest.approx(most, abs=1e-6)
    assert Validator(case).validate(record.plan).clean


def test_stored_energy_lasts_for_a_short_last_step_by_its_length() -> None:
    """From minute 20 on, two steps of 30 min and one of 10: the storage is enough for some of their sums.

    Two buses draw the same, so that the best is the largest sum, over the steps, of none, one or both of them.
    """
    case = stored(STORED_KWH, first_order_min=20)
    plan = first_plan(case, ORACLE).plan
    lengths = [plan.duration_h(k) for k in range(3)]
    assert len(plan.steps) == 3 and lengths == pytest.approx([0.5, 0.5, 1 / 6])
    given = [sum(area.p_ess_kw for area in step.local_areas.values()) for step in plan.steps]
    one = [Profiles(case).forecast("a", 20.0)["demand_p_kw"][t] * lengths[t] for t in range(3)]
    sums = [sum(n * kwh for n, kwh in zip(on, one, strict=True)) for on in product((0, 1, 2), repeat=3)]
    best = max(kwh for kwh in sums if kwh <= STORED_KWH)
    assert plan.planned_energy_kwh == pytest.approx(best, abs=1e-6)
    assert np.dot(given, lengths) == pytest.approx(best, abs=1e-6), "and this is what the storage gives"


def test_before_the_first_orders_the_validator_sees_switches_as_they_were() -> None:
    """A sheet that closes a switch too early: told once, and carried out when orders take effect."""
    case = stored(1000.0, first_order_min=30)
    sheet = [{"start_min": 10.0, "closed_branches": ["a-b"], "balance_units": ["ess.a"]}]
    found = Validator(case).validate(Plan.model_validate({"steps": sheet, "step_min": 80, "end_min": 90}))
    early = [(v.element, v.value, v.limit) for v in found.violations if v.kind == "before_first_order"]
    assert early == [("a-b", 10, 30), ("a", 10, 30)] and found.by_kind == {"before_first_order": 2}
    assert {i.start_min for i in found.islands} == {30.0, 60.0}
