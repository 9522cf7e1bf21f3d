"""summary.json against numbers worked out by hand, and what must not change it."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.results.run.recorder import COLUMNS, Recorder
from relight.results.run.rows import violation
from relight.results.run.summary import EnergyImbalance, count_interruptions, plan_quality, step_hours, summarise
from relight.scenarios.schema.scenario import Scenario
from support.synthetic_run import in_memory, make_plan, make_scenario, record


def blank(table: str, **values: Any) -> dict[str, Any]:
    return {**dict.fromkeys(COLUMNS[table]), **values}


def area(time: float, name: str, demand: float, planned: float, served: float, **other: Any) -> dict[str, Any]:
    facts = {
        "section": "a",
        "in_outage_area": 1,
        "priority": 1.0,
        "energised": int(served > 0),
        "shed": 0,
        "customers": 10.0,
    } | other
    return blank(
        "local_area", time_min=time, local_area=name, demand_kw=demand, planned_kw=planned, served_kw=served, **facts
    )


def hand_worked(mismatch_kw: float = 0.0) -> Recorder:
    """Two half-hours by six 5-minute steps each; LA x outside the outage area, fed by the infeed.

    First half-hour: a served 120, b dark though planned. Second: a shed, b served 60, of which the ESS gives 36.
    """
    recorder = Recorder()
    for k in range(12):
        time, first = 5.0 * k, k < 6
        recorder.add("local_area", [
            area(time, "a", 120, 120, 120 if first else 0, priority=2.0, energised=1, shed=int(not first)),
            area(time, "b", 60, 60, 0 if first else 60),
            area(time, "x", 500, 0, 500, in_outage_area=0),
        ])  # fmt: skip
        pv, ess, nbsu = (150.0, -24.0, -6.0) if first else (30.0, 36.0, 0.0)
        recorder.add("unit", [
            blank("unit", time_min=time, unit="u1", kind="pv", local_area="a", state="follow", p_kw=pv,
                  p_available_kw=160.0),
            blank("unit", time_min=time, unit="u2", kind="ess", local_area="b", state="form", p_kw=ess),
            blank("unit", time_min=time, unit="u3", kind="nbsu", local_area="a", state="starting", p_kw=nbsu),
        ])  # fmt: skip
        served = 620.0 if first else 560.0
        infeed = served + 10 - (pv + ess + nbsu)
        recorder.add("island", [blank(
            "island", time_min=time, island="1", balance_unit="u2", converged=int(k != 11), generation_kw=pv,
            discharge_kw=max(ess, 0), charge_kw=max(-ess, 0), startup_kw=-nbsu,
            served_kw=served, losses_kw=10, infeed_kw=infeed + mismatch_kw,
        )])  # fmt: skip
        recorder.add("switch", [blank("switch", time_min=time, switch="s", closed=1, operated=int(k in (0, 6)))])
    recorder.add("violations", [
        {"time_min": 25, "step": 5, **violation("1", "voltage_low", "7", 0.92, 0.93, "p.u.")},
        {"time_min": 25, "step": 5, **violation("1", "overload", "1-2", 104, 100, "%")},
        {"time_min": 55, "step": 11, **violation("1", "not_converged", "1", None, None, "")},
    ])  # fmt: skip
    return recorder


def test_hand_worked_run() -> None:
    summary = summarise(in_memory(hand_worked(), make_scenario(steps=12)))
    expected = {
        "demand_energy_mwh": 0.18,
        "planned_energy_mwh": 0.18,
        "served_energy_mwh": 0.09,
        "weighted_served_energy_mwh": 0.15,
        "objective_mwh": 0.148,
        "unserved_energy_mwh": 0.09,
        "shed_energy_mwh": 0.06,
        "planned_not_served_energy_mwh": 0.09,
        "served_outside_area_energy_mwh": 0.5,
        "unserved_outside_area_energy_mwh": 0.0,
    }
    assert {name: summary[name] for name in expected} == pytest.approx(expected)
    assert summary["energy_mwh"] == pytest.approx({
        "pv": 0.09, "ess_discharge": 0.018, "ess_charge": 0.012, "nbsu": 0.0, "nbsu_startup": 0.003,
        "infeed": (510 + 504) / 2e3, "losses": 0.01, "pv_curtailed": (10 + 130) / 2e3,
    })  # fmt: skip
    assert summary["switch_operations"] == 2
    assert summary["interruptions"] == 1
    assert summary["ac"] == {
        "steps": 12, "dark_steps": 0, "converged": 11, "island_verdicts": 12, "violated_steps": 2,
        "violations_by_kind": {"not_converged": 1, "voltage_low": 1, "overload": 1},
    }  # fmt: skip


def test_what_happened_is_valued_as_a_plan_is() -> None:
    """0.15 MWh weighted, 2 operations of 1 kWh, an interruption of 5; 10 customers of a have 0.375 h² of early supply
    and those of b 0.125, at 2 kWh/h²."""
    scenario = make_scenario(steps=12)
    prices = {"interruption_kwh": 5.0, "earlier_kwh": 2.0}
    priced = scenario.model_copy(update={"objective": scenario.objective.model_copy(update=prices)})
    assert summarise(in_memory(hand_worked(), priced))["objective_mwh"] == pytest.approx(0.150 - 0.002 - 0.005 + 0.010)


def test_an_island_that_tripped_did_not_fail_to_converge() -> None:
    recorder = Recorder()
    recorder.add("local_area", [area(time, "a", 9, 9, 0) for time in (0.0, 5.0, 10.0)])
    # Dark islands stand in island.csv for their violations: two without supply, one of them after a failed power flow.
    recorder.add("island", [
        blank("island", time_min=time, island="1", balance_unit="", converged=0) for time in (0.0, 5.0)
    ])  # fmt: skip
    failed = violation("1", "not_converged", "1", None, None, "")
    recorder.add("violations", [{"time_min": 5.0, "step": 1, **failed}])
    ac = summarise(in_memory(recorder, make_scenario(steps=6)))["ac"]
    assert (ac["steps"], ac["dark_steps"], ac["converged"], ac["island_verdicts"]) == (3, 3, 2, 2)


@pytest.mark.parametrize(
    ("served", "demand", "times"),
    [
        ("110011", "111111", 1),
        ("101010", "111111", 3),
        ("000000", "111111", 0),
        ("100000", "111111", 1),
        ("100001", "100111", 1),  # without demand nobody is interrupted; the load that comes back is
        ("100111", "100111", 0),
    ],
)
def test_interruptions(served: str, demand: str, times: int) -> None:
    recorder = Recorder()
    recorder.add("local_area", [
        area(5.0 * k, "a", 9.0 * int(d), 0, 9.0 * int(s)) for k, (s, d) in enumerate(zip(served, demand, strict=True))
    ])  # fmt: skip
    assert count_interruptions(in_memory(recorder, make_scenario(steps=6)).local_area) == times


def test_plans() -> None:
    good = make_plan("dynamic", 60.0, areas=3, objective=100.0)
    poor = {**good, "bound": 120.0, "status": "feasible", "checks": [{"then": "dispatch"}]}
    quality = plan_quality([good, poor], frozenset(("1", "2")))
    assert quality == {
        "count": 2,
        "worst_gap": pytest.approx(0.2),
        "rejected": 1,
        "all_proven": False,
        "first_plan_energy_mwh": pytest.approx(0.04),
    }
    assert plan_quality([], frozenset()) == {
        "count": 0, "worst_gap": None, "rejected": 0, "all_proven": False, "first_plan_energy_mwh": None
    }  # fmt: skip
    nothing, empty = {**good, "objective": 0.0}, {**good, "objective": 0.0, "bound": 0.0}
    assert plan_quality([poor, nothing], frozenset("1"))["worst_gap"] is None, "objective 0, bound not"
    assert plan_quality([empty], frozenset("1"))["worst_gap"] == 0.0
    foreign = {**good, "steps": [{"start_min": 0.0}]}
    assert plan_quality([foreign], frozenset("1"))["first_plan_energy_mwh"] is None


@pytest.mark.parametrize("mismatch_kw", [0.02, float("nan")])
def test_lost_energy_is_an_error(mismatch_kw: float) -> None:
    run = in_memory(hand_worked(mismatch_kw), make_scenario(steps=12))
    with pytest.raises(EnergyImbalance, match="island 1 at 0 min"):
        summarise(run)
    summarise(run, check_energy=False)


def test_a_watt_is_within_tolerance() -> None:
    summarise(in_memory(hand_worked(mismatch_kw=0.001), make_scenario(steps=12)))


def test_tables_that_disagree_are_an_error() -> None:
    recorder = hand_worked()
    recorder.rows["unit"] = recorder.rows["unit"][1:]
    with pytest.raises(EnergyImbalance, match="generation_kw at 0 min"):
        summarise(in_memory(recorder, make_scenario(steps=12)))


@cache
def summary_of_made_up() -> dict[str, Any]:
    return summarise(in_memory(record(steps=12, areas=9, sections=4), make_scenario(steps=12)))


def made_up() -> tuple[Scenario, Recorder, dict[str, Any]]:
    """A made-up run whose rows may be changed, and its summary before."""
    return make_scenario(steps=12), record(steps=12, areas=9, sections=4), summary_of_made_up()


@given(st.integers(0, 2**32 - 1))
def test_order_of_rows_changes_nothing(seed: int) -> None:
    scenario, recorder, before = made_up()
    for rows in recorder.rows.values():
        Random(seed).shuffle(rows)
    assert summarise(in_memory(recorder, scenario)) == before


@given(st.integers(min_value=0, max_value=11), st.floats(min_value=0.1, max_value=0.9))
def test_splitting_a_step_changes_no_energy(step: int, share: float) -> None:
    scenario, recorder, before = made_up()
    for table in ("local_area", "unit", "island"):
        # Every row's first column is time_min.
        twins = [(row[0] + 5 * share, *row[1:]) for row in recorder.rows[table] if row[0] == 5.0 * step]
        recorder.rows[table] += twins
    after = summarise(in_memory(recorder, scenario))
    assert after["ac"]["steps"] == before["ac"]["steps"] + 1
    assert after["interruptions"] == before["interruptions"]
    assert after["energy_mwh"] == pytest.approx(before["energy_mwh"])
    energies = [name for name in before if name.endswith("_energy_mwh")]
    assert {n: after[n] for n in energies} == pytest.approx({n: before[n] for n in energies})


def test_a_run_without_rows() -> None:
    summary = summarise(in_memory(Recorder(), make_scenario(), status="failed"))
    assert (summary["demand_energy_mwh"], summary["ac"]["steps"], summary["plans"]["count"]) == (0, 0, 0)


def test_step_hours_of_uneven_steps() -> None:
    run = in_memory(record(steps=6, areas=2, sections=1), make_scenario(steps=6))
    times = run.local_area["time_min"].replace(25.0, 20.0)
    assert step_hours(times, 30) == pytest.approx({0: 1 / 12, 5: 1 / 12, 10: 1 / 12, 15: 1 / 12, 20: 1 / 6})
