"""Why a plan restores nothing: each reason by two cases of which it is known, on three buses in the dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from relight.scenarios.loader import load_case
from relight.sim.planning.plan_once import plan_once
from support import three_bus_case

BLACK = "name,bus,s_kva,vm_pu,dead,only_if\n"
NO_ESS = "id,bus,s_kva,discharge_kwh,charge_kwh,only_if,tag\n"
NO_NBSU = "id,bus,s_kva,p_in_kw,ramp_up_kw_per_h,ramp_down_kw_per_h,start_min,only_if,tag\n"


def note(folder: Path, ess: str = "", nbsu: str = "", section: bool = True, **parts: Any) -> str:
    tables = {"infeeds.csv": BLACK, "ess.csv": NO_ESS + ess, "nbsu.csv": NO_NBSU + nbsu}
    control = {"load_control": "section" if section else "area"}
    path = three_bus_case.write(folder, tables, perfect_forecast=True, local_areas=control, **parts)
    record = plan_once(load_case(path), "dynamic")
    assert record.planned_energy_kwh == 0
    assert record.plan.note == record.note
    return record.plan.note


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
    told = note(tmp_path, "ess.b,b,100,400,20,,\n", world={"pick_up_limit_pct": pct})
    assert told.endswith("(pick-up limit)") and f"takes more than {most}" in told


@pytest.mark.parametrize("kwh", [0.5, 2])
def test_too_little_energy_is_in_store(tmp_path: Path, kwh: float) -> None:
    assert "too little energy is in store" in note(tmp_path, f"ess.b,b,100,{kwh},20,,\n")
