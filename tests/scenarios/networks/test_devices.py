"""Units split into equal devices: what is shared, what is not, and what cannot be split."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from relight.scenarios.loader import load_case
from relight.scenarios.reading.problems import ScenarioError
from support.three_bus_case import TABLES, write

SPLIT = {"pv": "devices", "ess": "devices", "nbsu": "gensets"}


@pytest.mark.parametrize("devices", [4, pytest.param(16, marks=pytest.mark.slow)])
def test_devices_share_all_but_place_start_up_time_and_efficiency(devices: int) -> None:
    whole = load_case("guo45/fault-0400").view
    split = load_case(
        "guo45/fault-0400", [f"network.options.devices={devices}", f"network.options.gensets={devices}"]
    ).view
    assert len(split.units) - len(split.infeeds) == devices * (len(whole.units) - len(whole.infeeds))
    for kind in SPLIT:
        for name, unit in getattr(whole, kind).items():
            parts = [asdict(u) for u in getattr(split, kind).values() if u.id.rsplit(".", 1)[0] == name]
            assert len(parts) == devices
            for field, value in asdict(unit).items():
                own = {part[field] for part in parts}
                if field == "id":
                    assert sorted(own) == [part["id"] for part in parts]  # in the order of their numbers
                elif field in ("bus", "start_min", "charge_efficiency", "discharge_efficiency"):
                    assert own == {value}
                else:
                    assert sum(part[field] for part in parts) == pytest.approx(value)


@pytest.mark.parametrize("devices", [1, 4, *(pytest.param(n, marks=pytest.mark.slow) for n in (16, 64))])
def test_shipped_cases_differ_in_devices_only(devices: int) -> None:
    case = load_case(f"guo45/devices-{devices:02}")
    assert len([u for u in case.view.pv.values() if u.bus == "28"]) == devices
    assert sum(u.s_kva for u in case.view.pv.values() if u.bus == "28") == pytest.approx(2800)
    assert len(case.view.ess) == 3 * devices and len(case.view.nbsu) == 3
    assert len(case.view.local_areas) == len(case.view.sections) == 13
    one, other = (load_case(f"guo45/devices-{n:02}").scenario.model_dump() for n in (1, devices))
    for scenario in (one, other):
        del scenario["name"], scenario["title"], scenario["network"]["options"]["devices"]
    assert one == other


def with_devices(tmp_path: Path, cell: str) -> Path:
    header, row = TABLES["ess.csv"].splitlines()
    return write(tmp_path, {"ess.csv": f"{header},devices\n{row},{cell}\n"})


def test_a_number_of_devices_can_stand_in_the_table(tmp_path: Path) -> None:
    case = load_case(with_devices(tmp_path, "2"))
    assert {u.id: u.s_kva for u in case.view.ess.values()} == {"ess.b.1": 50.0, "ess.b.2": 50.0}


@pytest.mark.parametrize("cell", ["0", "-1", "1.5", "many", "switches", "99999"])
def test_what_is_no_number_of_devices(tmp_path: Path, cell: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load_case(with_devices(tmp_path, cell))
    (problem,) = error.value.problems
    assert problem.field == "line 2, devices" and "from 1 to 10000" in problem.remedy
