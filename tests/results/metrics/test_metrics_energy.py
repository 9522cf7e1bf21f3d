"""Energies, times to restore and the checks of the supply table, by hand and as properties."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.results.metrics import energy
from relight.results.metrics.score import score_supply
from relight.results.metrics.supply import PROPORTIONAL, BadTable, supply_of
from relight.results.metrics.supply_file import read_supply
from support.supply_tables import rotated, split_step, supply, tables

FUNCTIONS = (
    energy.demand_energy_mwh,
    energy.served_energy_mwh,
    energy.energy_not_supplied_mwh,
    energy.weighted_served_energy_mwh,
    energy.weighted_demand_energy_mwh,
)


def test_energies_by_hand() -> None:
    """Two areas of 100 kW, half-hours: a served in two of three, b in one, a counts threefold."""
    found = supply({"a": [0, 1, 1], "b": [0, 0, 1]}, priority={"a": 3})
    assert [f(found) for f in FUNCTIONS] == pytest.approx([0.3, 0.15, 0.15, 0.05 + 0.3, 0.15 + 0.45], abs=1e-9)


def test_times_to_restore_first_and_for_good() -> None:
    """Served of four equal areas: 1, 2, 4, 3, 4, 4 (ten minutes each): shed once after all were served."""
    served = (1, 2, 4, 3, 4, 4)
    found = supply({f"la{k}": [float(n > k) for n in served] for k in range(4)}, step_min=10)
    first = [energy.time_to_share_min(found, share) for share in (0.25, 0.5, 0.8, 1.0)]
    lasting = [energy.time_to_share_min(found, share, lasting=True) for share in (0.25, 0.5, 0.8, 1.0)]
    assert (first, lasting) == ([0, 10, 20, 20], [0, 10, 40, 40])
    dark = supply({"a": [1, 0]})
    assert energy.time_to_share_min(dark, 0.5) == 0 and energy.time_to_share_min(dark, 0.5, lasting=True) is None


def test_time_counts_from_the_start_of_the_table_and_no_demand_is_all_served() -> None:
    rows = pd.DataFrame({"time_min": [240, 250], "local_area": "a", "demand_kw": [5, 0], "served_kw": 0})
    assert energy.time_to_share_min(supply_of(rows, 260), 1.0) == 10


@given(tables(), st.integers(0, 99), st.floats(0.05, 0.95))
def test_splitting_a_step_changes_nothing(rows: pd.DataFrame, step: int, where: float) -> None:
    one, two = (score_supply(supply_of(t, 60)) for t in (rows, split_step(rows, step, where, 60)))
    assert one.keys() == two.keys()
    for name in one:
        assert one[name].value == pytest.approx(two[name].value, abs=1e-9), name
        assert one[name].note == two[name].note


@given(tables(), st.integers(0, 99))
def test_order_of_rows_does_not_matter(rows: pd.DataFrame, turn: int) -> None:
    assert score_supply(supply_of(rows, 60)) == score_supply(supply_of(rotated(rows, turn), 60))


@given(tables())
def test_served_and_not_supplied_make_up_the_demand(rows: pd.DataFrame) -> None:
    found = supply_of(rows, 60)
    total = energy.served_energy_mwh(found) + energy.energy_not_supplied_mwh(found)
    assert total == pytest.approx(energy.demand_energy_mwh(found), abs=1e-9)


def test_defaults_of_a_table_are_stated() -> None:
    rows = pd.DataFrame({"time_min": [0, 10, 0, 10], "local_area": ["a", "a", "b", "b"], "demand_kw": [3, 5, 1, 1],
                         "served_kw": [3, 5, 0, 0]})  # fmt: skip
    found = supply_of(rows)
    assert found.note == PROPORTIONAL and list(found.customers) == [5, 1]
    assert found.end_min == 20 and found.lost_supply.all() and (found.priority == 1).all()
    assert score_supply(found)["saifi"].note == PROPORTIONAL


GOOD = "time_min,local_area,demand_kw,served_kw\n0,a,1,1\n10,a,1,0\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("time_min,local_area,demand_kw\n0,a,1\n", "no column served_kw"),
        ("time_min,local_area,demand_kw,served_kw\n", "no rows"),
        (GOOD + "20,a,much,0\n", "demand_kw: 1 cells are not a number, 0 or more, first for local_area a at time_min"),
        (GOOD + "20,a,1,-1\n", "served_kw"),
        (GOOD + "20,a,1,\n", "served_kw"),
        (GOOD + "20,a,1,2\n", "served_kw exceeds demand_kw"),
        (GOOD + "10,a,1,0\n", "there twice"),
        (GOOD + "20,b,1,0\n", "every local area needs a row at every time: 2 × 3 rows, not 3"),
        ("time_min,local_area,demand_kw,served_kw\n0,a,1,1\n", "one time only"),
        ("time_min,local_area,demand_kw,served_kw,shed\n0,a,1,1,2\n5,a,1,1,0\n", "0 or 1"),
        ("time_min,local_area,demand_kw,served_kw,customers\n0,a,1,1,2\n5,a,1,1,3\n", "customers changes"),
    ],
)
def test_a_bad_table_is_told_in_words(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadTable, match=r"theirs\.csv") as error:
        read_supply(path)
    assert complaint in str(error.value)


def test_a_table_that_ends_before_its_last_step_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(GOOD, encoding="utf-8")
    with pytest.raises(BadTable, match="ends at 10 min"):
        read_supply(tmp_path / "t.csv", end_min=10)
    with pytest.raises(BadTable, match="no CSV"):
        read_supply(tmp_path / "none.csv")


HEADER = "time_min,local_area,demand_kw,served_kw"
RIGHT = ["0,a,10,5", "0,b,10,5", "30,a,10,5", "30,b,10,5"]
SHIFTED = {
    "a comma at each end": ([HEADER, *(row + "," for row in RIGHT)], ["row 2 has 5 cells, the header 4; a comma too"]),
    "an index without a name": (
        [HEADER, *(f"{k},{row}" for k, row in enumerate(RIGHT))],
        ["row 2 has 5 cells, the header 4", "row 5 has 5 cells"],
    ),
    "a cell short": ([HEADER, *RIGHT[:3], "30,b,10"], ["row 5 has 3 cells, the header 4"]),
    "a nameless area": ([HEADER, *RIGHT[:3], "30,,10,5"], ["row 5: local_area is empty"]),
    "a column twice": (
        [HEADER + ",served_kw", *(row + ",9" for row in RIGHT)], ["column served_kw appears 2 times; keep one"]
    ),
    "semicolons": ([line.replace(",", ";") for line in (HEADER, *RIGHT)], ["separated by commas, not by semicolons"]),
    "all at once": (
        [HEADER + ",demand_kw", "0,a,10,5", "0,,10,5,1"],
        ["demand_kw appears 2 times", "row 2 has 4 cells, the header 5", "row 3: local_area is empty"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", SHIFTED)
def test_a_table_whose_cells_do_not_stand_under_their_header_is_refused(tmp_path: Path, mistake: str) -> None:
    lines, told = SHIFTED[mistake]
    (tmp_path / "theirs.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadTable) as error:
        read_supply(tmp_path / "theirs.csv", end_min=60)
    assert all(fragment in str(error.value) for fragment in told), str(error.value)


def test_blank_lines_byte_order_marks_and_nameless_further_columns_do_no_harm(tmp_path: Path) -> None:
    text = "\ufeff" + "\r\n".join([HEADER + ",", *(row + "," for row in RIGHT), ""])
    (tmp_path / "theirs.csv").write_bytes(text.encode())
    assert read_supply(tmp_path / "theirs.csv", end_min=60).served_kw.sum() == 20
