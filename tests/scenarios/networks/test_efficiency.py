"""Efficiencies of storage: stated by an ESS in a table or a scenario, or by the scenario for all others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from relight.scenarios.case import Case
from relight.scenarios.explain import explain
from relight.scenarios.loader import load_case
from relight.scenarios.reading.problems import ScenarioError

GUO45 = Path(__file__).resolve().parents[3] / "scenarios" / "guo45"
ALL = ["units.ess_charge_efficiency=0.9", "units.ess_discharge_efficiency=0.8"]


def with_table(folder: Path, header: str, *cells: str) -> Path:
    """A scenario on a copy of its tables in which ess.csv has more columns, the first ESSs these cells in them."""
    shutil.copytree(GUO45, folder / "tables")
    table = folder / "tables" / "ess.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    more = [header, *cells, *[""] * len(lines)]
    rows = [f"{line},{extra or ',' * header.count(',')}" for line, extra in zip(lines, more, strict=False)]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    scenario = folder / "case.yaml"
    scenario.write_text("extends: guo45/fault-0400\nname: case\nnetwork: {folder: tables}\n", encoding="utf-8")
    return scenario


def efficiencies(case: Case) -> set[tuple[float, float]]:
    return {tuple(one.efficiency) for one in case.view.ess.values()}


def test_storage_is_lossless_unless_something_is_said() -> None:
    assert efficiencies(load_case("guo45/fault-0400")) == {(1.0, 1.0)}
    assert "charging" not in explain(load_case("guo45/fault-0400"))


def test_a_scenario_says_it_for_all_that_state_none() -> None:
    case = load_case("guo45/fault-0400", ALL)
    assert efficiencies(case) == {(0.9, 0.8)}
    assert "charging 0.9, discharging 0.8" in explain(case)


def test_a_table_may_state_it_of_each_or_leave_it_open(tmp_path: Path) -> None:
    path = with_table(tmp_path, "charge_efficiency,discharge_efficiency", "0.95,", ",0.7")
    assert efficiencies(load_case(str(path), ALL)) == {(0.95, 0.8), (0.9, 0.7), (0.9, 0.8)}


def test_a_percentage_is_refused(tmp_path: Path) -> None:
    path = with_table(tmp_path, "charge_efficiency", "95")
    with pytest.raises(ScenarioError, match="charge_efficiency"):
        load_case(str(path))
