"""World and validator agree: a clean plan is carried out as planned, a broken one fails as its verdict says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from relight.controllers.exchange.plan import Plan, PlanStep
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.planning.planner import PlanRecord
from relight.controllers.rules.rule_plan import rule_record
from relight.controllers.strategies.named import strategy_named
from relight.controllers.strategies.strategy import Strategy
from relight.results.run.summary import summarise
from relight.scenarios.case import Case
from relight.scenarios.raw_network import ZipShares
from relight.scenarios.schema.scenario import LoadControl
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.plan_once import plan_once
from relight.sim.validation.validator import Validator
from relight.sim.validation.verdict import Verdict
from support.networks import Line, build_case, ess, pv
from support.synthetic_run import in_memory

WATT = 1e-3
"""kW"""
LOSSES = 1.01
"""The planner's allowance."""
MENDED = {"power_balance", "unit_q", "unit_s"}
"""What the world mends as far as an island's units have room: its balance unit takes what a plan's numbers miss, others
share its reactive power."""
MODES: tuple[LoadControl, ...] = get_args(LoadControl)
USUAL, AT_LENGTH = range(4), range(4, 160)
SEEDS = [*USUAL, *(pytest.param(seed, marks=pytest.mark.slow) for seed in AT_LENGTH)]


@dataclass(frozen=True)
class Given:
    """Returns a plan that was made before, whatever it is asked."""

    steps: tuple[PlanStep, ...]

    def plan(self, horizon: Horizon) -> PlanRecord:
        return rule_record(horizon, self.steps)


def carried_out(case: Case, plan: Plan) -> pd.DataFrame:
    """What the world serves of a plan (mean kW) and what was planned, by plan step and LA; ``rows`` of violations."""

    def maker(graph: AreaGraph, steps: int) -> Given:
        return Given(tuple(plan.steps))

    log = RunLog()
    run_world(case, Strategy("given", summary="a plan made before", replans=False, planner=maker), 0, log)
    rows = pd.DataFrame(log.recorder.rows["local_area"], columns=list(log.recorder.columns("local_area")))
    rows["step"] = np.searchsorted([step.start_min for step in plan.steps], rows.time_min, side="right") - 1
    found = rows[rows.step >= 0].groupby(["step", "local_area"])[["served_kw", "planned_kw", "demand_kw"]].mean()
    found.attrs["violations"] = len(log.recorder.rows["violations"])
    summarise(in_memory(log.recorder, case.scenario))  # books close, or it raises
    return found


def random_case(
    rng: np.random.Generator,
    mode: LoadControl,
    efficiency: tuple[float, float] = (1.0, 1.0),
    times: dict[str, Any] | None = None,
    **changes: Any,
) -> Case:
    """A tree of six areas in a few sections, a storage at its root, sun elsewhere; what is stored is mostly scarce."""
    names = "abcdef"
    lines = [
        Line(names[rng.integers(0, k)], names[k], length_km=0.3, closed=True, switchable=bool(rng.random() < 0.5))
        for k in range(1, len(names))
    ]
    case = build_case(
        lines,
        [ess("a", float(rng.integers(60, 400)), float(rng.integers(40, 400)), 200.0, efficiency), pv("c", 150.0)],
        {name: float(rng.integers(20, 120)) for name in names},
        priority={name: float(rng.choice([1.0, 2.0])) for name in names},
        outage={"start": "2025-06-21T10:00", "duration_min": 90},
        load={"peak_kw": 400.0, "mix": {"h0": 1.0}},
        clock={"sim_step_min": 15},
        perfect_forecast=True,
        local_areas={"load_control": mode},
        dispatch_centre={"verify": "report", **changes},
        **(times or {}),
    )
    return replace(case, mix_by_bus={name: {"h0": 1.0} for name in names})


def with_served(plan: Plan, change: Callable[[int, str], float]) -> Plan:
    """The plan with a share of what it serves of each LA left, the storage at a giving as much less."""
    steps: list[PlanStep] = []
    for k, step in enumerate(plan.steps):
        areas, units = dict(step.local_areas), dict(step.units)
        for la, area in step.local_areas.items():
            share = change(k, la)
            if not area.demand_kw or share == 1 or "ess.a" not in units:
                continue
            less_kw, less_kvar = (1 - share) * area.demand_kw, (1 - share) * area.demand_kw * 0.3287
            areas[la] = areas[la].model_copy(
                update={
                    "demand_kw": share * area.demand_kw,
                    "p_kw": areas[la].p_kw + less_kw,
                    "q_kvar": areas[la].q_kvar + less_kvar,
                }
            )
            areas["a"] = areas["a"].model_copy(
                update={
                    "p_kw": areas["a"].p_kw - less_kw * LOSSES,
                    "q_kvar": areas["a"].q_kvar - less_kvar,
                    "p_ess_kw": areas["a"].p_ess_kw - less_kw * LOSSES,
                }
            )
            units["ess.a"] = units["ess.a"].model_copy(
                update={"p_kw": units["ess.a"].p_kw - less_kw * LOSSES, "q_kvar": units["ess.a"].q_kvar - less_kvar}
            )
        steps.append(step.model_copy(update={"local_areas": areas, "units": units}))
    return plan.model_copy(update={"steps": steps})


def check(case: Case, plan: Plan) -> Verdict:
    """Hold the world's account of a plan against its verdict."""
    verdict, served = Validator(case).validate(plan), carried_out(case, plan)
    kinds = set(verdict.by_kind)
    missed = (served.served_kw - served.planned_kw).abs() > WATT
    if verdict.clean:
        assert not missed.any(), served[missed]
        assert served.attrs["violations"] == 0
    elif kinds <= {"area_left_off", "served_in_part"}:
        expected = served.planned_kw.copy()
        for v in verdict.violations:
            expected[v.step, v.element] = v.limit
        wrong = (served.served_kw - expected).abs() > WATT
        assert missed.any() and not wrong.any(), served[wrong].assign(expected=expected[wrong])
    elif not kinds <= MENDED:
        assert missed.any() or served.attrs["violations"] > 0, verdict
    return verdict


@pytest.mark.parametrize("seed", SEEDS)
def test_plans_fail_or_succeed_in_the_world_as_in_the_verdict(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mode = MODES[seed % 3]
    case = random_case(rng, mode, (0.9, 0.85) if seed % 2 else (1.0, 1.0))
    ours = plan_once(case, "open_loop").plan
    assert check(case, ours).clean, "our own plans break no limit"
    shares: dict[tuple[int, str], float] = {}

    def change(step: int, la: str) -> float:
        return shares.setdefault((step, la), float(rng.choice([0.0, 0.5, 1.0], p=[0.2, 0.2, 0.6])))

    check(case, with_served(ours, change))
    smaller: dict[str, Any] = {"ess.a": replace(case.view.ess["ess.a"], discharge_kwh=20.0)}
    short = replace(case, view=replace(case.view, ess=smaller))
    if sum(step.units["ess.a"].p_kw for step in ours.steps if "ess.a" in step.units) / 2 > 25:
        assert "unit_energy" in check(short, ours).by_kind, "the world runs out of what the plan takes"


@pytest.mark.parametrize("seed", range(3))
def test_they_agree_where_orders_go_out_ahead_of_what_takes_time(seed: int) -> None:
    """Operations take a simulation step, messages two: nobody is served before, and the last plan step is short."""
    rng = np.random.default_rng(seed)
    times = {"switching": {"in_runs": True}, "communication": {"latency_s": 1000.0}}
    case = random_case(rng, MODES[seed], times=times)
    ours = plan_once(case, "open_loop").plan
    assert [step.start_min for step in ours.steps] == [45.0, 75.0] and ours.issued_at_min == 0.0
    assert check(case, ours).clean
    check(case, with_served(ours, lambda step, la: 0.5 if la == "b" else 1.0))


@pytest.mark.parametrize("seed", [0, 2, 25])
def test_they_agree_where_loads_go_with_the_voltage(seed: int) -> None:
    """Storage holds 1.03 p.u., so loads of constant impedance draw 6 % more, which repair learns of as of losses."""
    limits = {"limits": {"reference_vm_pu": 1.03}}
    case = random_case(np.random.default_rng(seed), MODES[seed % 3], times=limits, verify="repair")
    case = replace(case, zip_shares={name: ZipShares(1.0, 0.0, 1.0, 0.0) for name in "bcdef"})
    ours = plan_once(case, "open_loop").plan
    assert check(case, ours).clean and any(area.demand_kw for step in ours.steps for area in step.local_areas.values())
    log = RunLog()
    run_world(case, strategy_named("dynamic", case.scenario.dispatch_centre), 0, log)
    run = in_memory(log.recorder, case.scenario)
    served = run.local_area[run.local_area["local_area"] != "a"]
    expected = 0.0609 * 0.25 * served["served_kw"].sum() / 1e3
    mwh = summarise(run)["energy_mwh"]
    assert mwh["voltage_effect"] == pytest.approx(expected, rel=0.05) and mwh["voltage_effect"] > 0
    assert run.island["mismatch_kw"].abs().max() <= WATT


@pytest.mark.parametrize("efficiency", [(0.9, 0.85), (0.6, 1.0), (1.0, 0.6)])
def test_what_storage_loses_is_what_is_missing_of_its_energy(efficiency: tuple[float, float]) -> None:
    """All that is given out of stores, and by the sun, is served, lost in lines, or lost by storage. There is more sun
    than load at times, so storage charges too."""
    case = random_case(np.random.default_rng(4), "area", efficiency)
    case = replace(case, base_load_kw={bus: 0.05 * kw for bus, kw in case.base_load_kw.items()})
    log = RunLog()
    run_world(case, strategy_named("dynamic", case.scenario.dispatch_centre), 0, log)
    run = in_memory(log.recorder, case.scenario)
    summary = summarise(run)
    mwh = summary["energy_mwh"]
    last = run.unit[run.unit["kind"] == "ess"].iloc[-1]
    out_of_store = (case.view.ess["ess.a"].discharge_kwh - last["discharge_kwh"]) / 1e3
    assert min(mwh["ess_charge"], mwh["ess_discharge"], mwh["ess_losses"]) > 0
    assert out_of_store == pytest.approx(mwh["ess_discharge"] - mwh["ess_charge"] + mwh["ess_losses"], abs=1e-6)
    used = summary["served_energy_mwh"] + mwh["losses"] + mwh["ess_losses"]
    assert out_of_store + mwh["pv"] == pytest.approx(used, abs=1e-5)
    charging, discharging = efficiency
    lost = (1 / discharging - 1) * mwh["ess_discharge"] + (1 - charging) * mwh["ess_charge"]
    assert mwh["ess_losses"] == pytest.approx(lost, abs=1e-6)
