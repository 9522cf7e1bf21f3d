"""What is out of service carries nothing and offers nothing; what feeds rates; what gives is no demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandapower as pp
import pandas as pd
import pytest

from relight.scenarios.case import Case
from relight.scenarios.networks.pandapower_nets.inventory import TABLES
from support.brought.nets import loaded, refusal, small_net, station


def told(case: Case, what: str) -> str:
    (text,) = [str(entry) for entry in case.account.left if entry.what == what]
    return text


def test_a_transformer_out_of_service_is_withdrawn_with_its_closed_switches(tmp_path: Path) -> None:
    net = small_net()
    station(net, 1, low=None)
    low = int(net.bus.index[-1])
    second = station(net, 1, low=low)
    pp.create_switch(net, 1, second, et="t", closed=True)
    net.trafo.loc[second, "in_service"] = False
    case = loaded(tmp_path, net)
    assert "T1" not in case.view.branches and "T0" in case.view.branches
    assert told(case, "two-winding transformers out of service").startswith(
        "two-winding transformers out of service: 1"
    )
    assert told(case, "switches out of service").startswith("switches out of service: 1")


def test_a_line_out_of_service_that_the_scenario_names_is_an_open_switch(tmp_path: Path) -> None:
    net = small_net()
    net.line.loc[2, "in_service"] = False
    network = {"kind": "json", "file": "net.json"}
    assert "BC" not in loaded(tmp_path, net).view.branches
    named = loaded(tmp_path, net, network=network | {"switchable": ["BC"]}).view.branches["BC"]
    assert named.switchable and not named.closed


def test_a_bus_out_of_service_takes_what_hangs_on_it_along(tmp_path: Path) -> None:
    net = small_net()
    net.bus.loc[2, "in_service"] = False
    case = loaded(tmp_path, net)
    assert list(case.view.buses) == ["A", "B"] and list(case.view.branches) == ["AB"]
    assert told(case, "loads out of service") == "loads out of service: 1, 200 kW, 40 kvar; carry and offer nothing"
    assert told(case, "lines out of service").startswith("lines out of service: 2")


def test_elements_out_of_service_that_are_wrong_besides_are_no_obstacle(tmp_path: Path) -> None:
    net = small_net()
    pp.create_motor(net, 1, pn_mech_mw=0.1, cos_phi=0.8, efficiency_percent=-5, in_service=False)
    pp.create_xward(net, 1, 0.1, 0, 0, 0, 0.1, 0.1, 1.0, in_service=False)
    pp.create_ext_grid(net, 1, vm_pu=7, in_service=False)
    pp.create_line_from_parameters(net, 1, 2, float("nan"), 0.2, 0.12, 270, 0.0, name="gone", in_service=False)
    net.trafo["tap_dependency_table"] = False
    net.trafo.loc[station(net, 1, name="gone too"), ["tap_dependency_table", "in_service"]] = True, False
    net.bus.loc[net.bus.name.str.startswith("low"), "in_service"] = False
    case = loaded(tmp_path, net)
    assert list(case.view.infeeds) == ["infeed.A"]
    kinds = {entry.what.split(" out of")[0] for entry in case.account.left}
    assert kinds == {"buses", "extended wards", "external grids", "lines", "motors", "two-winding transformers"}


@pytest.mark.parametrize("table", sorted({*TABLES} - {"bus", "line", "switch", "ext_grid", "load"}))
def test_a_table_without_rows_may_lack_its_columns(table: str, tmp_path: Path) -> None:
    net = small_net()
    net[table] = pd.DataFrame(columns=["in_service"])
    assert list(loaded(tmp_path, net).view.buses) == ["A", "B", "C"]


@pytest.mark.parametrize("joined", [False, True])
def test_a_station_on_the_busbar_rates_no_infeed(joined: bool, tmp_path: Path) -> None:
    net = small_net()
    bus = 0
    if joined:  # behind a coupler
        bus = pp.create_bus(net, 20, name="A2")
        pp.create_switch(net, 0, bus, et="b")
    station(net, bus, sn_mva=0.1)
    infeed = loaded(tmp_path, net).view.infeeds["infeed.A"]
    assert not infeed.rated and infeed.s_kva >= 10_000


@pytest.mark.parametrize("limit", [None, 3.0])
def test_transformers_between_the_grid_and_all_else_rate_it_unless_it_has_a_limit(
    limit: float | None, tmp_path: Path
) -> None:
    net = small_net()
    top = pp.create_bus(net, 110, name="top")
    net.ext_grid.loc[0, "bus"] = top
    for sn in (16, 25):
        station(net, top, sn, 0, low=0, vn_hv_kv=110, vn_lv_kv=20)
    if limit:
        net.ext_grid["max_p_mw"] = limit
    infeed = loaded(tmp_path, net).view.infeeds["infeed.top"]
    assert infeed.rated and infeed.s_kva == (limit or 41) * 1000


def test_what_has_no_rating_itself_rates_no_infeed(tmp_path: Path) -> None:
    net = small_net()
    top = pp.create_bus(net, 110, name="top")
    net.ext_grid.loc[0, "bus"] = top
    station(net, top, 16, 0, low=0, vn_hv_kv=110, vn_lv_kv=20)
    pp.create_impedance(net, top, 1, 0.01, 0.1, sn_mva=10, name="Z")
    assert not loaded(tmp_path, net).view.infeeds["infeed.top"].rated


def test_an_infeed_without_a_rating_is_never_short(tmp_path: Path) -> None:
    net = small_net()
    pp.create_motor(net, 1, pn_mech_mw=20, cos_phi=0.8, efficiency_percent=50)
    assert loaded(tmp_path, net).view.infeeds["infeed.A"].s_kva >= 10 * 40_000


def test_a_limit_of_zero_is_no_limit(tmp_path: Path) -> None:
    net = small_net()
    net.ext_grid["max_p_mw"] = 0.0
    assert "ext_grid.0, max_p_mw = 0.0: must be above 0 MW; leave it empty" in refusal(tmp_path, net)


@pytest.mark.parametrize(
    ("table", "column", "message"),
    [
        ("line", "max_i_ka", "line AB, max_i_ka = 0.0: a rating must be above 0; 99999 for unlimited"),
        ("line", "df", "line AB, df = 0.0: must be above 0"),
        ("trafo", "sn_mva", "needs sn_mva > 0"),
        ("trafo", "df", "needs sn_mva > 0, df > 0"),
    ],
)
def test_rating_zero_is_told_where_it_stands(table: str, column: str, message: str, tmp_path: Path) -> None:
    net = small_net()
    station(net, 1)
    net[table].loc[0, column] = 0.0
    assert message in refusal(tmp_path, net)


def test_a_slack_generator_is_an_infeed_with_its_rating(tmp_path: Path) -> None:
    net = small_net()
    net.ext_grid = net.ext_grid.iloc[0:0]
    pp.create_gen(net, 0, p_mw=0.0, vm_pu=1.02, sn_mva=5, slack=True, name="G")
    pp.create_gen(net, 1, p_mw=0.3, vm_pu=1.0, name="other")
    case = loaded(tmp_path, net)
    infeed = case.view.infeeds["infeed.A"]
    assert (infeed.s_kva, infeed.vm_pu, infeed.rated) == (5000, 1.02, True)
    assert told(case, "generators").startswith("generators: 1, 300 kW")


def test_a_slack_generator_out_of_service_is_none(tmp_path: Path) -> None:
    net = small_net()
    pp.create_gen(net, 1, p_mw=0.0, slack=True, in_service=False)
    assert list(loaded(tmp_path, net).view.infeeds) == ["infeed.A"]


@pytest.mark.parametrize("second", ["ext_grid", "gen"])
def test_two_grids_on_one_bus_are_one_message(second: str, tmp_path: Path) -> None:
    net = small_net()
    if second == "gen":
        pp.create_gen(net, 0, p_mw=0.0, slack=True)
    else:
        pp.create_ext_grid(net, 0)
    assert f"{second}.{1 if second == 'ext_grid' else 0}, bus = 0: bus A has ext_grid.0 too" in refusal(tmp_path, net)


def negative_load(net: Any) -> None:
    pp.create_load(net, 1, p_mw=-0.07, name="roof")


def negative_by_scaling(net: Any) -> None:
    pp.create_load(net, 1, p_mw=0.07, scaling=-1, name="roof")


def negative_ward(net: Any) -> None:
    pp.create_ward(net, 1, -0.07, 0, 0, 0, name="roof")


def negative_phases(net: Any) -> None:
    pp.create_asymmetric_load(net, 1, p_a_mw=-0.09, p_b_mw=0.01, p_c_mw=0.01, name="roof")


@pytest.mark.parametrize("add", [negative_load, negative_by_scaling, negative_ward, negative_phases])
def test_what_gives_power_beside_a_load_hides_none_of_it(add: Any, tmp_path: Path) -> None:
    net = small_net()
    add(net)
    case = loaded(tmp_path, net)
    assert case.base_load_kw["B"] == pytest.approx(100)
    (entry,) = case.account.left
    assert entry.what.startswith("negative") and entry.p_kw == pytest.approx(-70) and entry.changes_numbers


def test_a_negative_load_can_be_a_unit_of_the_scenario(tmp_path: Path) -> None:
    net = small_net()
    negative_load(net)
    case = loaded(tmp_path, net, units={"pv": [{"id": "roof", "element": "load.2"}]})
    assert (case.view.pv["roof"].bus, case.view.pv["roof"].s_kva) == ("B", pytest.approx(70))
    assert not case.account.left
