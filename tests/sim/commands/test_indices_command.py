"""``relight indices`` end to end: twelve rows for the shipped cases, one folder, clear refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from relight.sim.normal import hosting_capacity
from relight.sim.normal import operation as normal_operation

SHORT = [
    "--set",
    "outage.duration_min=30",
    "--set",
    "dispatch_centre.mip_gap=0.05",
    "--set",
    "dispatch_centre.check_optimum=false",
]


@pytest.fixture
def relight(relight, monkeypatch):
    """The command, with a coarse normal operation and a coarse search for what the network can carry."""
    monkeypatch.setattr(normal_operation, "STEP_MIN", 240)
    monkeypatch.setattr(hosting_capacity, "GROWTH", 2.0)
    monkeypatch.setattr(hosting_capacity, "PRECISION", 0.2)
    return relight


def values(folder: Path) -> dict[int, str]:
    with (folder / "indices.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["number"]): row["value"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("scenario", ["guo45/fault-0400", pytest.param("cigre_mv/blackout", marks=pytest.mark.slow)])
def test_shipped_cases_yield_all_twelve_rows(relight, no_run_figures, tmp_path: Path, scenario: str) -> None:
    code, out, err = relight("indices", scenario, "--out", "i", *SHORT)
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
    found = values(tmp_path / "i")
    assert list(found) == list(range(1, 13))
    assert {number for number, value in found.items() if value == ""} == {1, 6, 7, 10, 11, 12}
    assert (tmp_path / "i" / "figures" / "radar.pdf").is_file()
    assert json.loads((tmp_path / "i" / "run" / "manifest.json").read_text(encoding="utf-8"))["status"] == "complete"
    if scenario.startswith("cigre"):
        return
    # The same run again, with business data: every row has a value, the simulated ones are the same.
    arguments = ("indices", scenario, *SHORT, "--business", "business-example.yaml", "--run", "i/run")
    assert relight(*arguments, "--out", "j")[0] == 0
    full = values(tmp_path / "j")
    assert all(full.values()) and all(full[k] == found[k] for k in (2, 3, 5))
    content = json.loads((tmp_path / "j" / "indices.json").read_text(encoding="utf-8"))
    assert content["business"]["example"] is True and "business-example.yaml" in content["inputs"]
    assert str(tmp_path) not in (tmp_path / "j" / "indices.json").read_text(encoding="utf-8")
    # A run of something else is refused, and so is writing over the run that is read.
    code, _, err = relight("indices", scenario, "--run", "i/run", "--out", "k")
    assert code == 2 and "run of another scenario" in err and not (tmp_path / "k").exists()
    code, _, err = relight("indices", scenario, *SHORT, "--run", "i/run", "--out", "i", "--overwrite")
    assert code == 2 and "--run" in err and (tmp_path / "i" / "run" / "manifest.json").is_file()
    assert relight("indices", scenario, *SHORT, "--out", "i")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("guo45",), "guo45/fault-0400"),
        (("guo45/fault-0400", "--business", "nowhere.yaml"), "nowhere.yaml"),
        (("guo45/fault-0400", "--run", "nowhere"), "nowhere"),
        (("guo45/fault-0400", "--strategy", "magic"), "magic"),
        (("guo45/fault-0400", "--run", "nowhere", "--strategy", "static"), "--strategy static: the run given by --run"),
    ],
)
def test_wrong_input_is_exit_2_and_nothing_written(relight, tmp_path: Path, arguments, message) -> None:
    code, out, err = relight("indices", *arguments)
    assert code == 2 and message in err and "Traceback" not in out + err
    assert not list(tmp_path.iterdir())


def test_a_wrong_business_file_is_told_whole(relight, tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("colour: red\nincome: {total_operating_10k_cny: -1}\n", encoding="utf-8")
    code, _, err = relight("indices", "guo45/fault-0400", "--business", "b.yaml")
    assert code == 2 and "colour" in err and "total_operating_10k_cny" in err and "market_other" in err
    assert [path.name for path in tmp_path.iterdir()] == ["b.yaml"]
