"""The response of one island to a step, against closed forms and another solver."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from relight.scenarios.schema.frequency import EssForming, FollowingInverter, Genset, InverterFormingLimits, UnitAnswer
from relight.sim.islands.frequency import Responder, Response, SheddingStage, respond

NO_LIMITS = {"under_hz": 1.0, "over_hz": 99.0, "rocof_hz_per_s": None}


def unit(answer: UnitAnswer, s_kva: float, p_kw: float = 0.0, low: float = 0.0, forming: bool = True) -> Responder:
    return Responder(f"{answer.__class__.__name__}.{s_kva:g}", s_kva, p_kw, (low, s_kva), answer, forming)


def inverter(s_kva: float = 800.0, p_kw: float = 0.0, **options: Any) -> Responder:
    return unit(EssForming.model_validate(options), s_kva, p_kw, low=-s_kva)


def test_an_inverter_settles_at_its_droop_without_overshoot():
    """800 kVA at 2 %: 800 kW/Hz; damping 400 kW / 50 Hz = 8 kW/Hz; M = 2 × 0.8 s × 800 kVA / 50 Hz = 25.6 kWs/Hz."""
    response = respond(400.0, 400.0, [inverter()])
    settled = -400 / 808
    assert response.settled_hz == pytest.approx(50 + settled, abs=1e-4)
    assert response.min_hz == pytest.approx(50 + settled, abs=1e-4) and response.max_hz == 50
    course = 50 + settled * (1 - np.exp(-808 / 25.6 * np.array(response.time_s)))
    assert np.allclose(response.hz, course, atol=2e-4)
    # The average over 0.5 s from the step on.
    assert response.rocof_hz_per_s == pytest.approx(settled / 0.5, rel=1e-3)


def genset_course(step_kw: float, s_kva: float, droop: float, h_s: float, lag_s: float, t: np.ndarray) -> np.ndarray:
    """M x' = y − P, T y' = −K x − y: x = xs + e^(−at) (A cos ωt + B sin ωt), with x(0) = 0 and x'(0) = −P/M."""
    m, k = 2 * h_s * s_kva / 50, s_kva / (droop * 50)
    a = 1 / (2 * lag_s)
    w = math.sqrt(k / (m * lag_s) - a * a)
    settled = -step_kw / k
    b = (-step_kw / m - a * settled) / w
    return settled + np.exp(-a * t) * (-settled * np.cos(w * t) + b * np.sin(w * t))


def test_the_nadir_of_a_genset_is_that_of_the_closed_form():
    response = respond(100.0, 100.0, [unit(Genset.model_validate({}), 360.0)], load_damping=0.0)
    course = genset_course(100.0, 360.0, 0.05, 1.0, 0.5, np.array(response.time_s))
    assert np.allclose(np.array(response.hz) - 50, course, atol=1e-4)
    fine = genset_course(100.0, 360.0, 0.05, 1.0, 0.5, np.linspace(0, 5, 500_001)).min()
    assert response.min_hz == pytest.approx(50 + fine, abs=2e-3)
    assert response.settled_hz == pytest.approx(50 - 100 / 144, abs=1e-3)


def several(rng: np.random.Generator) -> list[Responder]:
    """An inverter that forms, a genset, PV, and a unit that does not answer; random numbers, no relays."""
    number = rng.uniform
    forming = {"inertia_s": number(0.3, 3), "droop_pct": number(1, 5), "deadband_hz": number(0, 0.1)}
    forming |= {"response_s": float(rng.choice([0.0, 0.1])), "limits": NO_LIMITS}
    genset = {"droop_pct": number(3, 6), "response_s": number(0.2, 1), "limits": NO_LIMITS}
    return [
        unit(EssForming.model_validate(forming), 500.0, number(-200, 300), low=-500.0),
        unit(Genset.model_validate(genset), 300.0, 100.0, forming=False),
        unit(FollowingInverter.model_validate({"limits": NO_LIMITS}), 200.0, number(0, 200), forming=False),
        unit(FollowingInverter.model_validate({"droop_pct": None, "limits": NO_LIMITS}), 50.0, 20.0, forming=False),
    ]


def by_another_solver(step_kw: float, load_kw: float, units: list[Responder], t: list[float]) -> np.ndarray:
    """The same equations, written anew for scipy: every unit's lag a state, no lag a short one."""
    inertia = sum(2 * u.answer.inertia_s * u.s_kva / 50 for u in units)

    def target(u: Responder, x: float) -> float:
        if u.answer.droop_pct is None:
            return 0.0
        beyond = np.sign(x) * max(abs(x) - u.answer.deadband_hz, 0)
        return float(
            np.clip(-beyond / 50 / (u.answer.droop_pct / 100) * u.s_kva, u.p_range[0] - u.p_kw, u.p_range[1] - u.p_kw)
        )

    def slopes(_: float, state: np.ndarray) -> list[float]:
        x, answers = state[0], state[1:]
        given = sum(target(u, x) if u.answer.response_s == 0 else y for u, y in zip(units, answers, strict=True))
        lags = [
            (target(u, x) - y) / u.answer.response_s if u.answer.response_s else 0.0
            for u, y in zip(units, answers, strict=True)
        ]
        return [(given - step_kw - load_kw * x / 50) / inertia, *lags]

    start = np.zeros(1 + len(units))
    return solve_ivp(slopes, (0, t[-1]), start, t_eval=t, rtol=1e-8, atol=1e-8, max_step=0.02).y[0]


@pytest.mark.parametrize("seed", range(8))
def test_several_units_with_dead_bands_and_limits_respond_as_another_solver_says(seed):
    rng = np.random.default_rng(seed)
    units = several(rng)
    step_kw = float(rng.uniform(-500, 500))
    response = respond(step_kw, 400.0, units, duration_s=6.0)
    expected = by_another_solver(step_kw, 400.0, units, response.time_s)
    assert np.allclose(np.array(response.hz) - 50, expected, atol=5e-3), np.abs(
        np.array(response.hz) - 50 - expected
    ).max()


def overloaded(step_kw: float, *stages: SheddingStage, **options: Any) -> Response:
    """A step on 100 kVA at 2 %: M = 3.2 kWs/Hz, 100 kW/Hz down to 49 Hz, nothing beyond; no damping."""
    return respond(step_kw, step_kw, [inverter(100.0, **options)], stages, load_damping=0.0)


def saturated_at(step_kw: float) -> float:
    """When x = −P/K (1 − e^(−Kt/M)) passes −1 Hz."""
    return -3.2 / 100 * math.log(1 - 100 / step_kw)


def test_an_overloaded_inverter_falls_at_the_rate_of_the_lack_and_trips():
    """Beyond 49 Hz, 50 kW lack: −50 / 3.2 Hz/s; 47 Hz after 0.128 s, off 0.16 s later."""
    response = overloaded(150.0)
    assert response.collapsed and response.settled_hz is None and not response.sheddings
    (trip,) = response.trips
    assert (trip.unit, trip.why) == ("EssForming.100", "under-frequency")
    at = saturated_at(150.0) + 2 / (50 / 3.2) + 0.16
    assert trip.time_s == pytest.approx(at, abs=0.012)
    assert trip.hz == pytest.approx(47 - 0.16 * 50 / 3.2, abs=0.2)


def test_ufls_sheds_after_its_delay_and_the_island_holds():
    stages = [
        SheddingStage(48.8, 0.1, {"x": 0.0, "y": 0.0}, 30.0),
        SheddingStage(48.0, 0.1, {"z": 0.0}, 40.0),
        SheddingStage(44.0, 0.1, {"w": 0.0}, 40.0),
    ]
    response = overloaded(150.0, *stages, limits={"under_hz": 45.0})
    assert [(one.number, tuple(one.stage.kept)) for one in response.sheddings] == [(1, ("x", "y")), (2, ("z",))]
    assert response.shed_kw == 70
    first, second = response.sheddings
    assert first.time_s == pytest.approx(saturated_at(150.0) + 0.2 / (50 / 3.2) + 0.1, abs=0.012)
    assert second.time_s > first.time_s and not response.collapsed
    assert response.settled_hz == pytest.approx(50 - 80 / 100, abs=1e-3)


def test_a_relay_that_sees_the_frequency_return_starts_anew():
    """A genset's dip below 48.8 Hz is shorter than the delay."""
    units = [unit(Genset.model_validate({}), 360.0)]
    short = respond(100.0, 100.0, units, [SheddingStage(48.8, 0.2, {"x": 0.0}, 50.0)])
    long = respond(100.0, 100.0, units, [SheddingStage(48.8, 1.0, {"x": 0.0}, 50.0)])
    assert short.sheddings and not long.sheddings
    assert long.min_hz < 48.8 < long.settled_hz


@pytest.mark.parametrize("answer", [EssForming.model_validate({}), Genset.model_validate({})])
def test_a_larger_step_dips_deeper(answer):
    nadirs = [respond(kw, kw, [unit(answer, 500.0)]).min_hz for kw in range(20, 500, 40)]
    assert all(deep < shallow for shallow, deep in pairwise(nadirs))


def test_a_surplus_raises_the_frequency_and_pv_gives_way():
    pv = Responder("pv", 500.0, 300.0, (0.0, 300.0), FollowingInverter(), False)
    alone = respond(-150.0, 200.0, [inverter(100.0, p_kw=-50.0)], load_damping=0.0)
    helped = respond(-150.0, 200.0, [inverter(100.0, p_kw=-50.0), pv], load_damping=0.0, duration_s=60.0)
    assert alone.collapsed and alone.trips[0].why == "over-frequency"
    assert alone.max_hz > 52
    # Before PV answers it is off by over-frequency too; with a slower fall to its limits it would have held.
    assert helped.trips[0].unit == "pv"


def test_what_a_follower_gave_is_lost_when_its_rocof_relay_trips_it():
    follower = Responder("pv", 200.0, 100.0, (0.0, 100.0), FollowingInverter(), False)
    response = respond(350.0, 400.0, [inverter(500.0), follower], load_damping=0.0)
    held = respond(200.0, 400.0, [inverter(500.0), follower], load_damping=0.0)
    assert held.trips == [] and held.settled_hz == pytest.approx(50 - 200 / 500, abs=1e-3)
    assert held.rocof_hz_per_s == pytest.approx(-0.4 / 0.5, rel=0.01)
    fast = respond(
        350.0, 400.0, [inverter(500.0, droop_pct=5.0, limits={"under_hz": 46.0}), follower], load_damping=0.0
    )
    assert response.trips == []
    assert [(trip.unit, trip.why) for trip in fast.trips] == [("pv", "RoCoF")]
    assert fast.settled_hz == pytest.approx(50 - (350 + 100) / 500 * 2.5, abs=1e-3)


def test_exactly_one_unit_with_inertia_forms_the_voltage():
    with pytest.raises(ValueError, match="one unit with inertia"):
        respond(10.0, 10.0, [])
    with pytest.raises(ValueError, match="one unit with inertia"):
        respond(10.0, 10.0, [inverter(100.0), inverter(200.0)])


def test_without_droop_and_damping_nothing_stops_the_fall():
    """M = 3.2 kWs/Hz, 32 kW: 10 Hz/s, 47 Hz after 0.3 s."""
    response = respond(32.0, 32.0, [inverter(100.0, droop_pct=None)], load_damping=0.0)
    assert response.collapsed and response.trips[0].time_s == pytest.approx(0.3 + 0.16, abs=0.012)


def test_limits_given_in_part_keep_the_rest():
    answer = EssForming.model_validate({"limits": {"under_hz": 46.0}})
    assert answer.limits == InverterFormingLimits(under_hz=46.0) and answer.limits.over_hz == 52.0
