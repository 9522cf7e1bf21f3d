"""Why a plan restores nothing: each reason by two cases of which it is known, on three buses in the dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relight.scenarios.loader import load_case
from relight.sim.planning.plan_once import plan_once
from support import three_bus_case

CASES = Path(__file__).resolve().parents[2] / "cases"
BLACK = "name,bus,s_kva,vm_pu,dead,only_if\n"
NO_ESS = "id,bus,s_kva,discharge_kwh,charge_kwh,only_if,tag\n"
PV = "id,bus,s_kva,only_if,tag\n"
NO_NBSU = "id,bus,s_kva,p_in_kw,ramp_up_kw_per_h,ramp_down_kw_per_h,start_min,only_if,tag\n"


LARGE = "ess.b,b,100,400,20,,\n"
"""A storage for everybody: what forbids supply beside it is something else."""


def note(
    folder: Path, ess: str = "", nbsu: str = "", strategy: str = "dynamic", tables: dict[str, str] | None = None,
    **parts: Any,
) -> str:  # fmt: skip
    """Why nobody is served on three buses in the dark, in sections that nobody can be shed from."""
    black = {"infeeds.csv": BLACK, "ess.csv": NO_ESS + ess, "nbsu.csv": NO_NBSU + nbsu}
    control = {"local_areas": {"load_control": "section"}, "perfect_forecast": True}
    path = three_bus_case.write(folder, black | (tables or {}), **three_bus_case.merged(control, parts))
    record = plan_once(load_case(path), strategy)
    assert record.planned_energy_kwh == 0
    assert record.plan.note == record.note
    return record.plan.note


TO_A: dict[str, Any] = {"load": {"unloaded_buses": ["b"]}, "outage": {"faulted_branches": ["b-c"]}}
"""A storage at b without customers, who are at a, behind a cable, and at c, behind a fault."""


def cable(length_m: float = 100, c_nf_per_km: float = 300, max_i_ka: float = 0.4) -> dict[str, str]:
    """From a to b."""
    types = f"std_type,r_ohm_per_km,x_ohm_per_km,c_nf_per_km,max_i_ka,source\ncable,1,1,{c_nf_per_km},{max_i_ka},me\n"
    lines = f"name,from_bus,to_bus,length_m,std_type,switch,only_if\na-b,a,b,{length_m},cable,always,\n"
    return {"line_types.csv": types, "lines.csv": lines}


@pytest.mark.parametrize("nbsu", ["", "nbsu.c,c,60,1,60,60,30,,\n"])
def test_no_unit_can_form_voltage(tmp_path: Path, nbsu: str) -> None:
    told = note(tmp_path, nbsu=nbsu)
    assert "no unit can form voltage" in told
    assert ("cannot black-start" in told) == bool(nbsu)


@pytest.mark.parametrize("kva", [4, 9])
def test_the_sources_are_too_small(tmp_path: Path, kva: int) -> None:
    told = note(tmp_path, f"ess.b,b,{kva},400,20,,\n", load={"peak_kw": 1500})
    assert "draws" in told and f"the largest source gives {max(kva, 50)} kVA" in told


@pytest.mark.parametrize(("pct", "most"), [(1, "1 kW"), (5, "5 kW")])
def test_the_pick_up_limit_lets_nobody_in(tmp_path: Path, pct: int, most: str) -> None:
    told = note(tmp_path, LARGE, world={"pick_up_limit_pct": pct})
    assert told.endswith("(pick-up limit)") and f"takes more than {most}" in told


@pytest.mark.parametrize("kwh", [0.5, 2])
def test_too_little_energy_is_in_store(tmp_path: Path, kwh: float) -> None:
    assert "too little energy is in store" in note(tmp_path, f"ess.b,b,100,{kwh},20,,\n")


@pytest.mark.parametrize(("far", "unit_at", "unloaded"), [("b-c", "b", ["a", "b"]), ("a-b", "a", ["a"])])
def test_no_switch_leads_to_customers(tmp_path: Path, far: str, unit_at: str, unloaded: list[str]) -> None:
    tables = {"ess.csv": NO_ESS + f"ess.x,{unit_at},100,400,20,,\n"}
    if far == "a-b":
        tables |= {
            "lines.csv": "name,from_bus,to_bus,length_m,std_type,switch,only_if\nb-c,b,c,100,cable,always,\n",
            "switches.csv": "name,from_bus,to_bus,normally,switch,only_if\na-b,a,b,closed,far,\n",
        }
    told = note(tmp_path, tables=tables, outage={"faulted_branches": [far]}, load={"unloaded_buses": unloaded})
    assert "no switch that can be closed leads from a unit that forms voltage to customers" in told
    assert told.endswith(f"{far} faulted or locked")


@pytest.mark.parametrize("last", ["a", "b"])
def test_nobody_draws_power(tmp_path: Path, last: str) -> None:
    """All are forecast to need nothing, while one of them draws something before the window."""
    kw = ["0,0,0"] * 4
    first = ",".join("5" if bus == last else "0" for bus in "abc")
    rows = [f"2025-06-20T{9 + k:02}:00,{row}" for k, row in enumerate([first, *kw])]
    (tmp_path / "f.csv").write_text("time,a,b,c\n" + "\n".join(rows) + "\n", encoding="utf-8")
    told = note(tmp_path, LARGE, load={"forecast_csv": "f.csv", "actual_csv": "f.csv", "peak_kw": 90})
    assert "nobody in the outage area draws power" in told


@pytest.mark.parametrize("c_nf_per_km", [3e4, 1e5])
def test_a_cable_takes_more_reactive_power_than_there_is(tmp_path: Path, c_nf_per_km: float) -> None:
    told = note(tmp_path, LARGE, tables=cable(1000, c_nf_per_km), **TO_A)
    assert "cannot give, or take, the reactive power" in told


@pytest.mark.parametrize("km", [400, 900])
def test_voltage_would_leave_its_limits(tmp_path: Path, km: float) -> None:
    assert "voltage would leave its limits" in note(tmp_path, LARGE, tables=cable(1000 * km, 1e-6), **TO_A)


@pytest.mark.parametrize("max_i_ka", [5e-4, 1e-3])
def test_a_line_would_be_overloaded(tmp_path: Path, max_i_ka: float) -> None:
    assert "loaded beyond its rating" in note(tmp_path, LARGE, tables=cable(max_i_ka=max_i_ka), **TO_A)


@pytest.mark.parametrize("kwh", [20, 40])
def test_what_a_static_plan_would_keep_does_not_last(tmp_path: Path, kwh: float) -> None:
    """Enough for half an hour, which a dynamic plan serves, and not for two."""
    assert "the strategy keeps what it restores" in note(tmp_path, f"ess.b,b,100,{kwh},20,,\n", strategy="static")


@pytest.mark.parametrize("kva", [10, 20])
def test_the_unit_that_must_begin_is_too_small(tmp_path: Path, kva: int) -> None:
    """A generator has the power, but needs a live island first, and nobody can be off in it."""
    told = note(tmp_path, f"ess.b,b,{kva},400,20,,\n", "nbsu.b,b,200,1,900,900,30,,\n")
    assert f"the largest unit that forms voltage from nothing gives {kva} kVA" in told


@pytest.mark.parametrize("price", [1e4, 1e6])
def test_nobody_is_worth_the_switching(tmp_path: Path, price: float) -> None:
    """The storage has no customers on its own bus, and its switches are open."""
    switches = "name,from_bus,to_bus,normally,switch,only_if\na-b,a,b,open,far,\nb-c,b,c,open,far,\n"
    lines = "name,from_bus,to_bus,length_m,std_type,switch,only_if\n"
    tables = {"switches.csv": switches, "lines.csv": lines}
    told = note(tmp_path, LARGE, tables=tables, objective={"switching_kwh": price}, load={"unloaded_buses": ["b"]})
    assert "worth less than the operations" in told


def test_a_neighbour_of_live_customers_is_told_of(tmp_path: Path) -> None:
    """b and a come back; c has a storage of its own, which is too small for it, and no way to them."""
    small = "ess.c,c,5,400,20,,\n"
    black = {"infeeds.csv": BLACK, "ess.csv": NO_ESS + LARGE + small, "nbsu.csv": NO_NBSU, "pv.csv": PV}
    parts = {"local_areas": {"load_control": "section"}, "outage": {"faulted_branches": ["b-c"]}}
    record = plan_once(load_case(three_bus_case.write(tmp_path, black, **parts)), "dynamic")
    assert record.planned_energy_kwh > 0
    assert record.plan.note.startswith("section c stays dark: c draws ")
    assert record.plan.note.endswith("the largest source gives 5 kVA")


TWO_WANTS = cable(900e3, 1e-6) | {"pv.csv": PV, "switches.csv": "name,from_bus,to_bus,normally,switch,only_if\n"}
"""Customers at a, behind a cable too long for them, and a storage at b with energy for a minute."""


def test_a_switch_that_cannot_be_closed_is_told_where_nothing_else_helps(tmp_path: Path) -> None:
    """Beyond the tie there is a storage that has the energy."""
    tie = {"switches.csv": "name,from_bus,to_bus,normally,switch,only_if\na-c,a,c,open,far,\n"}
    parts = {"load": {"unloaded_buses": ["b", "c"]}, "outage": {"faulted_branches": ["a-c"]}}
    told = note(tmp_path, "ess.b,b,100,1,20,,\ness.c,c,100,400,20,,\n", tables=TWO_WANTS | tie, **parts)
    assert told.endswith("a switch that would be needed cannot be closed (a-c)")


def test_several_limits_together_are_told_as_such(tmp_path: Path) -> None:
    buses = {"buses.csv": "name,vn_kv,x,y,only_if\na,10,0,0,\nb,10,1,0,\n"}
    told = note(tmp_path, "ess.b,b,100,1,20,,\n", tables=TWO_WANTS | buses, load={"unloaded_buses": ["b"]})
    assert told.endswith("several limits together forbid it, none of them alone")


def test_a_feeder_whose_smallest_section_is_too_large_says_so() -> None:
    """CIGRE's medium-voltage network with two batteries in one section, and nobody who could be off in it."""
    case = load_case(CASES / "user-08-zero-without-reason" / "cigre.yaml", ["local_areas.load_control=section"])
    plan = plan_once(case, "dynamic").plan
    assert plan.energy_kwh(list(case.view.lost_areas)) == 0
    assert "draws 2.0 MW, the largest unit that forms voltage from nothing gives 600 kVA" in plan.note


def test_a_run_says_it_too(relight: Callable[..., tuple[int, str, str]], no_run_figures: None, tmp_path: Path) -> None:
    scenario = three_bus_case.write(tmp_path, {"infeeds.csv": BLACK, "ess.csv": NO_ESS}, outage={"duration_min": 30})
    code, _, said = relight("run", str(scenario), "--out", str(tmp_path / "run"))
    assert code == 0
    assert "note: nothing is restored: no unit can form voltage" in said
