"""Kept networks are as good as read ones; scaled units; and that a study's folder of scenarios is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from relight.scenarios.loader import ScenarioError, load_case, shipped_scenarios
from support.three_bus_case import TABLES, write


def test_a_second_load_is_the_same_and_its_own(tmp_path: Path) -> None:
    path = write(tmp_path)
    first, second = load_case(path), load_case(path)
    assert first.view == second.view
    assert first.net is not second.net
    first.net.line.loc[:, "in_service"] = False
    first.view.pv.clear()
    third = load_case(path)
    assert third.view == second.view
    assert third.net.line["in_service"].all()


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert load_case(path).view.ess["ess.b"].discharge_kwh == 80
    (tmp_path / "net" / "ess.csv").write_text(TABLES["ess.csv"].replace(",80,", ",8000,"), encoding="utf-8")
    assert load_case(path).view.ess["ess.b"].discharge_kwh == 8000
    (tmp_path / "net" / "ess.csv").write_text("id,colour\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ScenarioError, match=r"ess\.csv"):
            load_case(path)


def test_scaled_units(tmp_path: Path) -> None:
    plain = load_case(write(tmp_path)).view
    view = load_case(write(tmp_path, units={"scaling": {"pv": 2, "ess": 0.5, "nbsu": 3}})).view
    assert view.pv["pv.c"].s_kva == 100
    battery, genset = view.ess["ess.b"], view.nbsu["nbsu.c"]
    assert (battery.s_kva, battery.discharge_kwh, battery.charge_kwh) == (50, 40, 10)
    assert (genset.s_kva, genset.p_in_kw, genset.ramp_up_kw_per_h, genset.ramp_down_kw_per_h) == (180, 3, 180, 180)
    assert genset.start_min == plain.nbsu["nbsu.c"].start_min == 30
    assert view.pv["pv.c"].bus == "c"
    with pytest.raises(ScenarioError, match=r"units\.scaling\.pv"):
        load_case(write(tmp_path, units={"scaling": {"pv": 0}}))


def test_studies_are_no_scenarios() -> None:
    assert not [name for name in shipped_scenarios() if name.startswith("studies/")]
