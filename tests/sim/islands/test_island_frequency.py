"""Frequency in the world: what is a step, who is shed, what trips, and that without it nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from relight.results.run.recorder import Recorder
from relight.results.run.tables import FREQUENCY_COLUMNS, SERIES
from relight.scenarios.loader import resolved_yaml
from support.networks import BY_AREA, Line, Run, build_case, chain, ess, infeed, nbsu, order, pv

SHORT = 0.001


def loaded(kw: float, *areas: str) -> dict[str, tuple[float, float]]:
    return dict.fromkeys(areas, (kw, 0.0))


def star(*units, frequency: dict[str, Any] | None = None, **options) -> Any:
    """Bus a, and b, c, d each behind an open switch of its own."""
    lines = [Line("a", end, closed=False, length_km=SHORT) for end in "bcd"]
    return build_case(lines, units, frequency={} if frequency is None else frequency, **options)


def test_a_pick_up_dips_by_droop_and_holds():
    """Black start of 60 kW, then 60 kW more, on 500 kVA at 2 % = 500 kW/Hz, damping 120 kW / 50 Hz."""
    run = Run(star(ess("a")), loaded(60, "a", "b")).step(order("ess.a", "form"))
    assert run.island("a")["step_kw"] == pytest.approx(60, abs=0.01)
    run.step(switches={"a-b": True})
    row = run.island("a")
    assert row["step_kw"] == pytest.approx(60, abs=0.01)
    assert row["f_settled_hz"] == row["f_min_hz"] == pytest.approx(50 - 60 / (500 + 120 / 50), abs=1e-3)
    assert row["ufls_kw"] == 0 and ("frequency_step", "a") in run.events
    assert run.area("b")["served_kw"] == 60 and run.shed == set()
    run.step()
    assert run.island("a")["step_kw"] == 0 and run.island("a")["f_min_hz"] == 50 and run.events == []


def test_start_up_power_and_losses_are_part_of_the_step():
    """What an NBSU draws from the moment it starts, and what a long line takes as soon as it carries anything."""
    starting = nbsu("b")
    run = Run(star(ess("a"), starting), loaded(60, "a", "b")).step(order("ess.a", "form"), switches={"a-b": True})
    run.step(order("nbsu.b", "starting"))
    assert run.island("a")["step_kw"] == pytest.approx(starting.p_in_kw, abs=0.01)
    run.step()
    assert run.island("a")["step_kw"] == 0, "it goes on drawing, which is no step"

    far = build_case([Line("a", "b", closed=False, length_km=20.0)], [ess("a"), ess("b")], frequency={})
    run = Run(far, loaded(200, "a", "b")).step(order("ess.a", "form"), switches={"a-b": True}).step()
    losses_kw = run.island("a")["losses_kw"]
    assert losses_kw > 1 and run.island("a")["step_kw"] == 0
    run.grid._units["ess.a"].trip()
    run.step(order("ess.b", "form"))
    assert run.island("a")["step_kw"] == pytest.approx(400 + losses_kw, abs=0.1)


def test_pv_answers_downwards_only():
    """With 100 kW of sun behind 50 kW ordered it does not rise when the frequency falls; it gives way when it rises."""
    options: dict[str, Any] = {"ufls": [], "pv": {"response_s": 0.1, "limits": {"rocof_hz_per_s": None}}}
    case = star(ess("a", s_kva=300.0), pv("a", 100.0), frequency=options, pv={"reconnect_delay_min": 5})
    run = Run(case, loaded(60, "a", "b"))
    run.pv_pu = {"pv.a": 1.0}
    run.step(order("ess.a", "form"), order("pv.a", "follow", 50), steps=2)
    assert run.unit("pv.a")["p_kw"] == 50
    run.step(switches={"a-b": True})
    assert run.island("a")["f_settled_hz"] == pytest.approx(50 - 60 / (300 + 120 / 50), abs=1e-3)
    run.step(switches={"a-b": False})
    # Beyond its dead band of 0.03 Hz it gives way by 100 kVA / 5 % of 50 Hz = 40 kW/Hz.
    rise = (60 + 40 * 0.03) / (300 + 40 + 60 / 50)
    assert run.island("a")["f_settled_hz"] == pytest.approx(50 + rise, abs=1e-3)


def test_drift_and_new_set_points_are_slow():
    run = Run(star(ess("a"), ess("b")), loaded(60, "a", "b")).step(order("ess.a", "form"), switches={"a-b": True})
    run.step(order("ess.b", "follow", 50))
    assert run.island("a")["step_kw"] == 0
    run.demand = loaded(100, "a", "b")
    run.step(order("ess.b", "follow", -30))
    assert run.island("a")["step_kw"] == 0 and run.unit("ess.a")["p_kw"] == pytest.approx(230, abs=0.01)
    run.step(order("ess.b", "off"))
    assert run.island("a")["step_kw"] == 0, "ordered off, it ramps down"


def overload(**frequency: Any) -> Run:
    """a, b, c of 60 kW each live on 200 kVA (180 kW); d of 60 kW is picked up: 40 kW too much."""
    frequency = {"ufls": [{"below_hz": 49.0, "share_pct": 20}]} | frequency
    case = star(
        ess("a", s_kva=200.0),
        frequency=frequency,
        local_areas=BY_AREA,
        priority={"a": 3.0, "b": 1.0, "c": 1.0, "d": 2.0},
    )
    run = Run(case, loaded(60, "a", "b", "c", "d"))
    run.step(order("ess.a", "form")).step(switches={"a-b": True}).step(switches={"a-c": True})
    assert run.unit("ess.a")["p_kw"] == pytest.approx(180, abs=0.01) and run.shed == set()
    return run.step(switches={"a-d": True}, planned=dict.fromkeys("abcd", 60.0))


def test_ufls_sheds_whole_areas_lowest_priority_first():
    """20 % of 240 kW are due: b, whole; c has the same priority and a later id."""
    run = overload()
    assert run.shed == {"b"}
    row = run.island("a")
    assert row["ufls_kw"] == 60 and row["f_min_hz"] < 49 and row["served_kw"] == 180
    assert abs(row["mismatch_kw"]) <= 1e-3
    assert ("ufls_stage", "a") in run.events and ("la_shed", "b") in run.events
    assert ("collapse", "a") not in run.events
    assert run.violations == [("unsupplied_load", "b")]
    run.step()
    assert run.shed == {"b"} and run.island("a")["step_kw"] == 0, "it stays shed"
    run.demand = loaded(40, "a", "b", "c", "d")
    run.step().step(pick_up=["b"])
    assert run.shed == set() and run.island("a")["step_kw"] == pytest.approx(40, abs=0.01)
    assert ("la_picked_up", "b") in run.events


def test_stages_may_overlap_where_the_frequency_falls_faster_than_relays_act():
    """10 % each: the first takes b, the second has its share by that, the third takes c before b's relief is felt."""
    stages = [{"below_hz": hz, "share_pct": 10} for hz in (49.0, 48.8, 48.6)]
    assert overload(ufls=stages).shed == {"b", "c"}


def test_without_stages_the_island_trips_and_is_dark():
    run = overload(ufls=[])
    assert ("unit_tripped", "ess.a") in run.events and ("collapse", "a") in run.events
    assert ("island_dark", "a") in run.events
    row = run.island("a")
    assert row["converged"] == 0 and row["served_kw"] == 0 and row["f_settled_hz"] is None and row["f_min_hz"] < 47
    assert run.unit("ess.a")["state"] == "off" and not any(bus["energised"] for bus in run.record.series["bus"])
    run.step(order("ess.a", "form"), switches={"a-c": False, "a-d": False})
    assert run.island("a")["step_kw"] == pytest.approx(120, abs=0.01), "a black start picks up all at once"


def test_an_area_picked_up_and_shed_at_once_was_not_picked_up():
    run = overload()
    run.step(pick_up=["b"])
    assert run.shed == {"b"} and ("la_picked_up", "b") not in run.events and ("la_shed", "b") in run.events


def test_a_lost_unit_and_a_lost_infeed_are_steps():
    case = star(ess("a"), ess("b"))
    run = Run(case, loaded(60, "a", "b")).step(order("ess.a", "form"), switches={"a-b": True})
    run.step(order("ess.b", "follow", 50))
    run.grid._units["ess.b"].trip()
    run.step()
    assert run.island("a")["step_kw"] == pytest.approx(50, abs=0.01)

    # And one that fails in the midst of the step, when it has taken up its orders.
    run = Run(case, loaded(60, "a", "b")).step(order("ess.a", "form"), switches={"a-b": True})
    run.step(order("ess.b", "follow", 50))
    unit = run.grid._units["ess.b"]
    begin = unit.begin
    unit.begin = lambda time_min: (begin(time_min), unit.trip())
    run.step()
    assert run.island("a")["step_kw"] == pytest.approx(50, abs=0.01)

    case = build_case([Line("a", "b", length_km=SHORT)], [infeed("a"), ess("b")], frequency={})
    run = Run(case, loaded(60, "a", "b")).step(order("ess.b", "follow", 10))
    assert run.island("a")["step_kw"] is None, "the infeed holds the frequency"
    run.step(order("ess.b", "form", 10), switches={"a-b": False})
    assert run.island("b")["step_kw"] == pytest.approx(60 - 10, abs=0.01)


def test_opening_a_switch_leaves_a_surplus():
    run = Run(star(ess("a", s_kva=100.0)), loaded(40, "a", "b")).step(order("ess.a", "form"), switches={"a-b": True})
    run.step(switches={"a-b": False})
    row = run.island("a")
    assert row["step_kw"] == pytest.approx(-40, abs=0.01)
    assert row["f_max_hz"] == pytest.approx(50 + 40 / (100 + 40 / 50), abs=1e-3) and row["f_min_hz"] == 50


def test_joining_live_islands_is_no_step():
    run = Run(star(ess("a"), ess("b")), loaded(60, "a", "b")).step(order("ess.a", "form"), order("ess.b", "form"))
    run.step(order("ess.b", "follow", 60), switches={"a-b": True})
    assert run.island("a")["step_kw"] == 0


def test_a_balance_unit_out_of_energy_is_a_step():
    """60 kW from 12 kWh: the third step of 5 min finds 2 kWh, so 24 kW."""
    case = build_case(
        chain("a", "b", "c", switchable=False, length_km=SHORT),
        [ess("a", 100.0, 12.0)],
        frequency={},
        local_areas=BY_AREA,
    )
    run = Run(case, loaded(20, "a", "b", "c")).step(order("ess.a", "form"), steps=2)
    assert run.shed == set()
    run.step()
    assert run.island("a")["step_kw"] == pytest.approx(36, abs=0.1) and run.island("a")["ufls_kw"] == 40
    assert run.shed == {"a", "b"} and run.unit("ess.a")["p_kw"] == pytest.approx(20, abs=0.01)


def test_pv_that_tripped_waits_its_delay_again():
    """A fall by 1.6 Hz in half a second trips PV; what it gave is lost."""
    options: dict[str, Any] = {"ess_forming": {"droop_pct": 10.0, "limits": {"under_hz": 40.0}}, "ufls": []}
    case = star(ess("a", s_kva=200.0), pv("a", 50.0), frequency=options, pv={"reconnect_delay_min": 10})
    run = Run(case, loaded(100, "a", "b"))
    run.pv_pu = {"pv.a": 1.0}
    run.step(order("ess.a", "form"), order("pv.a", "follow", 50), steps=3)
    assert run.unit("pv.a")["p_kw"] == 50
    run.step(switches={"a-b": True})
    assert ("unit_tripped", "pv.a") in run.events
    assert run.unit("pv.a")["state"] == "off" and run.unit("ess.a")["p_kw"] == pytest.approx(200, abs=0.01)
    run.step(order("pv.a", "follow", 50))
    assert run.unit("pv.a")["state"] == "waiting"
    run.step()
    assert run.unit("pv.a")["p_kw"] == 50


def test_a_diesel_island_dips_deeper_than_an_inverter_island():
    case = build_case(
        [Line("a", "b", closed=False, length_km=SHORT)],
        [ess("a"), nbsu("a", 300.0, start_min=5)],
        frequency={"ufls": []},
    )
    run = Run(case, loaded(60, "a", "b")).step(order("ess.a", "form"), order("nbsu.a", "starting"))
    run.step(order("nbsu.a", "follow", 60)).step(order("nbsu.a", "form"), order("ess.a", "off"))
    assert run.island("a")["balance_unit"] == "nbsu.a" and run.island("a")["step_kw"] == 0
    run.step(switches={"a-b": True})
    row = run.island("a")
    assert row["f_min_hz"] < 50 - 60 / 500 - 0.5 and row["f_settled_hz"] == pytest.approx(50 - 60 / 120, abs=0.02)


def test_off_means_as_before():
    plain = star(ess("a", s_kva=200.0)), star(ess("a", s_kva=200.0))
    case = plain[0].__class__(
        **{**vars(plain[0]), "scenario": plain[0].scenario.model_copy(update={"frequency": None})}
    )
    assert "frequency" not in resolved_yaml(case.scenario) and "frequency" in resolved_yaml(plain[1].scenario)
    run = Run(case, loaded(60, "a", "b")).step(order("ess.a", "form"), switches={"a-b": True})
    assert set(run.island("a")) == set(SERIES["island"])
    recorder = Recorder()
    recorder.add("island", run.record.series["island"])
    assert recorder.columns("island") == SERIES["island"]


def test_the_recorder_takes_the_columns_of_frequency():
    run = Run(star(ess("a")), loaded(60, "a")).step(order("ess.a", "form"))
    recorder = Recorder()
    recorder.add("island", run.record.series["island"])
    header, row = recorder.table_text("island").splitlines()
    assert header.split(",") == [*SERIES["island"], *FREQUENCY_COLUMNS]
    assert row.split(",")[-6] == "60"
    with pytest.raises(ValueError, match="missing columns"):
        recorder.add("island", [{k: v for k, v in run.record.series["island"][0].items() if k != "ufls_kw"}])
