"""The local area problem (46): costs, limits, slack, and the equality of its two forms of (43)–(45)."""

from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relight.controllers.gateways.local_area_model import build_local_area, solve_local_area
from relight.controllers.gateways.local_area_problem import LocalAreaProblem
from relight.controllers.solver.once import solve_once
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions
from relight.scenarios.schema.scenario import Gateway
from relight.scenarios.view import EssUnit, NbsuUnit, PvUnit

PV = (PvUnit("pv", "1", 100.0),)
ESS = (EssUnit("ess", "1", 50.0, 40.0, 20.0),)
NBSU = (NbsuUnit("nbsu", "1", 60.0, 5.0, 40.0, 40.0, 30.0),)


def problem(pv=(), ess=(), nbsu=(), **data) -> LocalAreaProblem:
    """An LA whose PVs have ζ = 0.5; steps of half an hour, as many as ``p_kw`` has."""
    steps = len(data["p_kw"])
    defaults = {
        "step_start_min": tuple(30.0 * t for t in range(steps)), "dt_h": (0.5,) * steps, "energised": (True,) * steps,
        "served": (1.0,) * steps, "pv_connected": (True,) * steps, "nbsu_state": ("online",) * steps,
        "q_kvar": (0.0,) * steps,
        "demand_p_kw": (0.0,) * steps, "demand_q_kvar": (0.0,) * steps, "pv_pu": {b.id: (0.5,) * steps for b in pv},
        "discharge_kwh": {c.id: c.discharge_kwh for c in ess}, "charge_kwh": {c.id: c.charge_kwh for c in ess},
    }  # fmt: skip
    return LocalAreaProblem(pv=pv, ess=ess, nbsu=nbsu, **(defaults | data))


def test_cheapest_units_first():
    schedule = solve_local_area(problem(PV, ESS, NBSU, p_kw=(80.0,), demand_p_kw=(20.0,)))
    assert (schedule.p_kw["pv"], schedule.p_kw["ess"]) == ((50.0,), (50.0,))
    assert schedule.cost == pytest.approx(0.5 * 50 * 0.5)
    assert schedule.follow_error_kw == (0.0,)


def test_charging_costs_money():
    asked = problem(PV, ESS, p_kw=(10.0,), costs=Gateway(ess_charge_cost=0.3))
    assert solve_local_area(asked).cost == 0.0, "PV is curtailed rather than stored"
    schedule = solve_local_area(replace(asked, p_kw=(-20.0,)))
    assert (schedule.p_kw["ess"], schedule.cost) == ((-20.0,), pytest.approx(0.5 * 20 * 0.3))


def test_start_up_power_costs_nothing():
    schedule = solve_local_area(problem((), ESS, NBSU, p_kw=(0.0,), nbsu_state=("starting",)))
    assert (schedule.p_kw["nbsu"], schedule.p_kw["ess"]) == ((-5.0,), (5.0,))
    assert schedule.cost == pytest.approx(0.5 * 5 * 0.5)


def test_energy_counts_steps_of_different_length():
    asked = problem((), ESS, p_kw=(48.0, 64.0), dt_h=(1 / 6, 0.5))
    schedule = solve_local_area(asked)
    assert schedule.p_kw["ess"] == pytest.approx((48.0, 50.0))
    assert schedule.follow_error_kw == pytest.approx((0.0, -14.0))
    longer = solve_local_area(replace(asked, dt_h=(0.5, 0.5)))
    assert longer.p_kw["ess"] == pytest.approx((48.0, 32.0)), "what cannot be followed falls late"


def test_ramp_is_a_rate_times_the_step():
    asked = problem((), (), NBSU, p_kw=(10.0, 60.0, 60.0), nbsu_first_kw={"nbsu": (0.0, 30.0)})
    schedule = solve_local_area(asked)
    assert schedule.p_kw["nbsu"] == pytest.approx((20.0, 40.0, 60.0))
    assert schedule.follow_error_kw == pytest.approx((10.0, -20.0, 0.0))


@pytest.mark.parametrize(("free", "first"), [(True, 60.0), (False, 15.0)])
def test_first_on_line_step(free, first):
    asked = problem(
        (), (), NBSU, p_kw=(-5.0, 60.0), nbsu_state=("starting", "online"),
        options=DispatchCentreOptions(first_online_step_free=free),
    )  # fmt: skip
    assert solve_local_area(asked).p_kw["nbsu"] == pytest.approx((-5.0, first))


def test_a_dark_area_gives_nothing_and_its_nbsu_needs_no_ramp_down():
    asked = problem(
        PV, ESS, NBSU, p_kw=(110.0, 0.0, 0.0), demand_p_kw=(0.0, 80.0, 0.0), q_kvar=(10.0, 0.0, 0.0),
        energised=(True, False, True), served=(1.0, 0.0, 1.0), pv_connected=(True, False, False),
    )  # fmt: skip
    schedule = solve_local_area(asked)
    assert [schedule.p_kw[u][1] for u in ("pv", "ess", "nbsu")] == [0.0, 0.0, 0.0]
    assert [schedule.q_kvar[u][1] for u in ("pv", "ess", "nbsu")] == [0.0, 0.0, 0.0]
    assert schedule.follow_error_kw == (0.0, 0.0, 0.0)


def test_an_area_without_units_reports_what_it_cannot_give():
    schedule = solve_local_area(problem(p_kw=(-20.0, -15.0), demand_p_kw=(20.0, 20.0), q_kvar=(1.0, 0.0)))
    assert schedule.follow_error_kw == (0.0, -5.0)
    assert schedule.follow_error_kvar == (-1.0, 0.0)
    assert schedule.p_kw == {}


@pytest.mark.parametrize("p_kw", [1000.0, -1000.0])
@pytest.mark.parametrize("nbsu_state", ["off", "starting", "online"])
def test_an_impossible_plan_is_reported_not_infeasible(p_kw, nbsu_state):
    reach = {"off": (100.0, -50.0), "starting": (95.0, -55.0), "online": (160.0, -50.0)}[nbsu_state]
    schedule = solve_local_area(problem(PV, ESS, NBSU, p_kw=(p_kw,), dt_h=(0.1,), nbsu_state=(nbsu_state,)))
    assert schedule.follow_error_kw[0] == pytest.approx((reach[0] if p_kw > 0 else reach[1]) - p_kw)


def test_active_power_is_followed_before_reactive_power():
    schedule = solve_local_area(problem((), ESS, p_kw=(50.0,), q_kvar=(15.0,)))
    assert schedule.p_kw["ess"] == (50.0,)
    assert schedule.follow_error_kvar == (-15.0,)


def test_an_offline_nbsu_gives_no_reactive_power_unless_printed():
    asked = problem((), (), NBSU, p_kw=(0.0,), q_kvar=(10.0,), nbsu_state=("off",))
    assert solve_local_area(asked).follow_error_kvar == (-10.0,)
    printed = replace(asked, options=DispatchCentreOptions(nbsu_reactive="printed"))
    assert solve_local_area(printed).follow_error_kvar == (0.0,)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_epigraph_equals_binaries_for_non_negative_costs(seed):
    rng = np.random.default_rng(seed)
    steps = 4
    ess = tuple(EssUnit(f"ess{k}", "1", rng.uniform(10, 60), rng.uniform(0, 50), rng.uniform(0, 50)) for k in range(2))
    costs = Gateway(
        pv_cost=rng.uniform(0, 1), nbsu_cost=rng.uniform(0, 3),
        ess_discharge_cost=rng.choice([0.0, rng.uniform(0, 1)]), ess_charge_cost=rng.choice([0.0, rng.uniform(0, 1)]),
    )  # fmt: skip
    asked = problem(PV, ess, NBSU, p_kw=tuple(rng.uniform(-60, 120, steps)), costs=costs)
    values = []
    for form in ("printed", "epigraph"):
        m = build_local_area(asked, form)
        solve_once(m)
        values.append(pyo.value(m.operating_cost))
    assert values[0] == pytest.approx(values[1], rel=1e-6, abs=1e-4)


def test_solving_twice_gives_the_same():
    asked = problem(PV, ESS, NBSU, p_kw=(60.0, 30.0, 90.0), q_kvar=(10.0, 5.0, 0.0))
    assert solve_local_area(asked) == solve_local_area(asked)
