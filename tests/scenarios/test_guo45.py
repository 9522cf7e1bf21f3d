"""The shipped 45-bus network against facts worked out from the paper by hand."""

from __future__ import annotations

import csv
from functools import cache
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest

from relight.scenarios.case import Case
from relight.scenarios.loader import load_case, shipped_scenarios

FOLDER = Path(__file__).parents[2] / "scenarios" / "guo45"
BLANK_ROWS = {"5-6", "9-10", "13-14", "16-17", "38-39", "42-43"}


@cache
def guo(**options: str) -> Case:
    return load_case("guo45/fault-0400", [f"network.options.{name}={value}" for name, value in options.items()])


def path_sum(case: Case, end: str, column: str) -> float:
    """Sum of a column of the net's lines over the only path from bus 1, ties left out."""
    tree = nx.Graph()
    for branch in case.view.branches.values():
        if "45" not in (branch.from_bus, branch.to_bus):
            tree.add_edge(branch.from_bus, branch.to_bus, id=branch.id)
    nodes = nx.shortest_path(tree, "1", end)
    ids = [tree.edges[pair]["id"] for pair in pairwise(nodes)]
    lines = case.net.line[case.net.line.name.isin(ids)]
    factor = 1.0 if column == "length_km" else lines["length_km"]
    return float((lines[column] * factor).sum())


def test_table_5_is_a_spanning_tree_of_43_rows() -> None:
    with (FOLDER / "lines.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    edges = [(row["from_bus"], row["to_bus"]) for row in rows] + [tuple(name.split("-")) for name in BLANK_ROWS]
    tree = nx.Graph(edges)
    assert (len(edges), len(tree)) == (43, 44) and nx.is_tree(tree)
    assert all(row["name"] == f"{row['from_bus']}-{row['to_bus']}" for row in rows)
    cables = [int(row["length_m"]) for row in rows if row["std_type"].startswith("YJV22")]
    assert len(cables) == 14
    # Feeder 1-19, branch 3-23, cables from bus 1 to 35, feeder 35-44.
    assert sum(int(row["length_m"]) for row in rows) == 3272 + 760 + 3445 + 1142


@pytest.mark.parametrize(
    ("end", "length_km", "r_ohm", "x_ohm"),
    [("19", 3.27, 0.475, 0.90), ("44", 2.66, 0.28, 0.50), ("23", 1.41, None, None), ("33", 1.52, None, None)],
)
def test_paths_from_bus_1(end: str, length_km: float, r_ohm: float | None, x_ohm: float | None) -> None:
    case = guo()
    assert path_sum(case, end, "length_km") == pytest.approx(length_km, abs=0.006)
    if r_ohm is not None:
        assert path_sum(case, end, "r_ohm_per_km") == pytest.approx(r_ohm, abs=0.006)
        assert path_sum(case, end, "x_ohm_per_km") == pytest.approx(x_ohm, abs=0.006)


def test_per_unit_values_are_on_1_mva_and_10_kv() -> None:
    branch = guo().view.branches["10-11"]
    assert branch.r_pu == pytest.approx(0.7 * 0.164 / 100)
    assert branch.x_pu == pytest.approx(0.7 * 0.318 / 100)
    assert branch.s_max_kva == pytest.approx(3**0.5 * 10 * 460)


def test_default_reading() -> None:
    case = guo()
    view = case.view
    assert (len(view.buses), len(view.branches), len(view.sections)) == (45, 45, 13)
    assert {branch.id for branch in view.branches.values() if branch.switchable} == BLANK_ROWS | {
        "1-2",
        "1-24",
        "18-19",
        "24-29",
        "12-13",
        "44-45",
        "45-19",
    }
    assert view.sections["24"].buses == ("24", "25", "26", "27", "28")
    assert view.sections["39"].buses == ("39", "40", "41", "42")
    assert [branch.id for branch in view.branches.values() if not branch.closed] == ["44-45", "45-19"]
    assert [branch.id for branch in view.branches.values() if branch.faulted] == ["12-13"]
    assert view.outage_area == frozenset(view.buses)
    assert len(view.local_areas) == 45 and all(la.buses == (name,) for name, la in view.local_areas.items())
    loaded = {bus for bus, p_kw in case.base_load_kw.items() if p_kw > 0}
    assert set(view.buses) - loaded == {"1", "19"}
    assert sum(case.base_load_kw.values()) == pytest.approx(4000)


def test_the_nets_names_are_the_views_ids() -> None:
    case = guo()
    assert list(case.net.bus.name) == list(case.view.buses)
    assert [*case.net.line.name, *case.net.trafo.name, *case.net.switch.name] == list(case.view.branches)
    assert not any(len(case.net[table]) for table in ("load", "sgen", "gen", "storage", "ext_grid"))
    assert set(case.net.switch.et) == {"b"}


def test_capacities() -> None:
    view = guo().view
    assert sum(unit.s_kva for unit in view.pv.values()) == 4320
    assert sum(unit.s_kva for unit in view.ess.values()) == 1500
    assert sum(unit.discharge_kwh for unit in view.ess.values()) == 5220
    assert sum(unit.charge_kwh for unit in view.ess.values()) == 180
    assert sum(unit.s_kva for unit in view.nbsu.values()) == 840
    assert {unit.id: unit.p_in_kw for unit in view.nbsu.values()} == {"nbsu.36": 6.4, "nbsu.44": 0.8, "nbsu.45": 7.2}
    assert all(unit.s_kva == 50000 for unit in view.infeeds.values())


def test_table_3_as_printed_uses_every_digit() -> None:
    ess = guo(table3="printed").view.ess.values()
    rows = [f"{u.bus}{u.discharge_kwh:g}{u.charge_kwh:g}{u.s_kva:g}" for u in ess]
    assert rows == ["25145050500", "27232080800", "37145050200"]
    assert [unit.discharge_kwh + unit.charge_kwh for unit in ess] == [1500, 2400, 1500]


def test_the_calibrated_cases_differ_in_storage_only() -> None:
    for hour in ("0400", "1000"):
        case, printed = load_case(f"guo45/calibrated-{hour}"), load_case(f"guo45/fault-{hour}")
        assert sum(unit.discharge_kwh for unit in case.view.ess.values()) == 610
        assert case.scenario.published is not None and case.scenario.published.calibrated
        for part in ("clock", "outage", "site", "load", "pv", "units", "limits", "dispatch_centre"):
            assert getattr(case.scenario, part) == getattr(printed.scenario, part)


def test_table_4_rows_use_every_digit() -> None:
    for reading, start in (("bus44", "44800.880800.5"), ("bus4", "44800.880800.5")):
        view = guo(table4=reading).view
        rows = [
            f"{u.bus}{u.s_kva:g}{u.p_in_kw:g}{u.ramp_up_kw_per_h:g}{u.ramp_down_kw_per_h:g}{u.start_min / 60:g}"
            for u in view.nbsu.values()
        ]
        assert sorted(rows) == sorted(["363606.43603600.5", start, "454007.24004000.5"])
    assert sum(unit.s_kva for unit in guo(table4="bus4").view.nbsu.values()) == 1240


def test_reading_r2_keeps_the_far_end_live() -> None:
    view = guo(reading="R2").view
    assert (len(view.buses), len(view.branches), len(view.sections)) == (44, 43, 12)
    assert view.infeeds["infeed.19"].live and not view.infeeds["infeed.1"].live
    assert frozenset(view.buses) - view.outage_area == {str(bus) for bus in range(13, 20)}
    assert list(view.nbsu) == ["nbsu.36", "nbsu.44"]


def test_reading_r3_adds_bus_45() -> None:
    view = guo(reading="R3").view
    assert (len(view.buses), len(view.branches)) == (45, 44)
    assert view.branches["44-45"].closed and "nbsu.45" in view.nbsu and "45" in view.outage_area


def test_more_switches() -> None:
    rmu, every = guo(switches="rmu").view, guo(switches="all").view
    assert sum(branch.switchable for branch in rmu.branches.values()) == 13 + 14 - 4  # 4 of 14 cables are feeder heads
    assert len(every.sections) == 45 and all(branch.switchable for branch in every.branches.values())


def test_sections_as_local_areas() -> None:
    view = load_case("guo45/fault-0400", ["local_areas.by=section"]).view
    assert list(view.local_areas) == [f"area.{section}" for section in view.sections]
    assert view.local_area_of_unit("pv.28") == view.local_area_of_unit("ess.25") == "area.24"


def test_both_cases_ship() -> None:
    assert {"guo45/fault-0400", "guo45/fault-1000", "cigre_mv/blackout"} <= set(shipped_scenarios())
    case = load_case("guo45/fault-1000")
    assert case.scenario.outage.start.hour == 10 and case.scenario.published.ratio == 26.9
