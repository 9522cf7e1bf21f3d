"""Nothing is lost in silence: every table and column is modelled, refused, told, or has no physics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandapower as pp
import pandapower.networks as networks
import pytest

from relight.scenarios.explain import explain
from relight.scenarios.loader import load_case
from relight.scenarios.networks.pandapower_nets.inventory import TABLES, table_of, unknown_columns
from relight.scenarios.reading.problems import ScenarioError
from support.brought.nets import random_net, refusal, small_net, station, write_scenario


def test_every_table_and_column_that_pandapower_makes_is_known() -> None:
    net: Any = pp.create_empty_network()
    for name in [
        str(name) for name in net if hasattr(net[name], "columns") and not str(name).startswith(("_", "res_"))
    ]:
        assert name in TABLES, name
        assert unknown_columns(net[name], TABLES[name]) == []


@pytest.mark.parametrize("name", ["mv_oberrhein", "case33bw", "create_cigre_network_mv", "example_multivoltage"])
def test_every_column_of_well_known_nets_is_known(name: str) -> None:
    net = getattr(networks, name)()
    for table in [str(table) for table in net if table_of(net, str(table)) is not None]:
        assert unknown_columns(net[table], TABLES[table]) == [], table


def test_every_table_that_is_no_result_is_told_apart_by_its_terminals() -> None:
    net: Any = pp.create_empty_network()
    net["fusion_reactor"] = net.sgen.copy()
    net["notes"] = net.poly_cost.copy()
    entry = table_of(net, "fusion_reactor")
    assert entry is not None and entry.fate == "refused"
    assert table_of(net, "notes") is None and table_of(net, "res_bus") is None


def refused(net: Any, folder: Path) -> str:
    with pytest.raises(ScenarioError) as error:
        load_case(write_scenario(folder, net))
    return str(error.value)


def add_xward(net: Any) -> None:
    pp.create_xward(net, 1, 0.1, 0, 0, 0, 0.1, 0.1, 1.0, name="x")


def add_dcline(net: Any) -> None:
    pp.create_dcline(net, 0, 1, p_mw=0.1, loss_percent=1, loss_mw=0.0, vm_from_pu=1, vm_to_pu=1, name="x")


def add_svc(net: Any) -> None:
    pp.create_svc(net, 1, x_l_ohm=1, x_cvar_ohm=-10, set_vm_pu=1.0, thyristor_firing_angle_degree=90, name="x")


@pytest.mark.parametrize(("add", "table"), [(add_xward, "xward"), (add_dcline, "dcline"), (add_svc, "svc")])
def test_what_is_not_modelled_is_refused_with_element_and_remedy(add: Any, table: str, tmp_path: Path) -> None:
    net = small_net()
    add(net)
    assert f"{table}.0 = 'x': not supported; {TABLES[table].text}" in refused(net, tmp_path)


def test_columns_that_are_not_modelled_are_refused_with_their_element(tmp_path: Path) -> None:
    net = small_net()
    station(net, 1)
    net.trafo["tap2_pos"] = [2.0]
    pp.create_switch(net, 0, pp.create_bus(net, 20, name="D"), et="b", z_ohm=0.3)
    said = refused(net, tmp_path)
    assert "trafo.0, tap2_pos = 2.0: a second tap changer is not modelled" in said
    assert "switch.6, z_ohm = 0.3: must be 0 for a switch between buses; model it as a line" in said


def test_counts_and_powers_are_those_of_the_net(tmp_path: Path) -> None:
    net = random_net(3)
    case = load_case(write_scenario(tmp_path, net))
    read = {entry.what: entry for entry in case.account.read}
    for table in (
        "bus",
        "line",
        "trafo",
        "trafo3w",
        "impedance",
        "switch",
        "load",
        "shunt",
        "ward",
        "motor",
        "ext_grid",
    ):
        assert read[TABLES[table].word].count == len(net[table]), table
    assert read["loads"].p_kw == pytest.approx(float((net.load.p_mw * net.load.scaling).sum()) * 1000)
    pp.runpp(net, numba=False, voltage_depend_loads=False)
    drawn = ("load", "ward", "motor", "asymmetric_load")
    given = sum(float(net[f"res_{table}"].p_mw.sum()) for table in drawn) * 1000
    pz_kw = float((net.ward.pz_mw * net.res_ward.vm_pu**2).sum()) * 1000
    assert sum(case.base_load_kw.values()) == pytest.approx(given - pz_kw)


def test_what_elements_say_beyond_what_is_modelled_is_told(tmp_path: Path) -> None:
    net = small_net()
    net.line["max_loading_percent"] = 80.0
    net.bus["max_vm_pu"] = 1.1
    net.load["colour"] = "red"
    pp.create_sgen(net, 1, p_mw=0.5, q_mvar=0.1, name="wind")
    text = explain(load_case(write_scenario(tmp_path, net)))
    told = " ".join(text[text.index("Not taken over") :].split())
    assert "static generators: 1, 500 kW, 100 kvar; off throughout unless" in told
    assert "max_loading_percent of lines: 3; loading is judged by limits.max_loading_pct" in told
    assert "max_vm_pu of buses: 3; voltage is judged by the scenario's limits" in told
    assert "colour of loads: 2; columns that nothing here reads" in told


def test_how_loads_go_with_the_voltage_is_weighed_by_what_they_draw(tmp_path: Path) -> None:
    net = small_net()
    pp.create_load(net, 1, p_mw=0.3, q_mvar=0.02, const_z_p_percent=40.0, const_i_q_percent=50.0)
    (shares,) = load_case(write_scenario(tmp_path, net)).zip_shares.items()
    assert shares == ("B", pytest.approx((0.3, 0.0, 0.0, 0.25)))


def test_one_column_for_both_powers_as_before_pandapower_3_is_read(tmp_path: Path) -> None:
    net = small_net()
    net.load = net.load.drop(columns=[name for name in net.load if name.startswith("const_")])
    net.load["const_z_percent"], net.load["const_i_percent"] = [0.0, 30.0], [0.0, 20.0]
    case = load_case(write_scenario(tmp_path, net))
    assert case.zip_shares == {"C": pytest.approx((0.3, 0.2, 0.3, 0.2))}


def test_loads_of_which_more_than_all_goes_with_the_voltage_are_refused(tmp_path: Path) -> None:
    net = small_net()
    net.load.loc[1, ["const_z_q_percent", "const_i_q_percent"]] = 60.0
    told = refusal(tmp_path, net)
    assert "load.1, const_z_q_percent + const_i_q_percent" in told and "must be at most 100 %" in told


def test_elements_that_are_units_are_read_by_number_and_by_name(tmp_path: Path) -> None:
    net = small_net()
    for name in ("one", "two", "three"):
        pp.create_sgen(net, 1, p_mw=0.1, name=name)
    pv = [{"id": "p1", "element": "sgen.0"}, {"id": "p2", "element": "three"}]
    account = load_case(write_scenario(tmp_path, net, units={"pv": pv})).account
    assert [str(entry) for entry in account.read if entry.what == "static generators"] == [
        "static generators: 2, 200 kW, 0 kvar; units of the scenario"
    ]
    assert [(entry.what, entry.count) for entry in account.left] == [("static generators", 1)]
    assert account.in_one_line() == "not taken over from the network: static generators (1); see relight check"


def test_loads_of_the_net_that_the_scenario_replaces_are_told(tmp_path: Path) -> None:
    account = load_case(write_scenario(tmp_path, small_net(), load={"peak_kw": 50})).account
    assert [(entry.what, entry.count, entry.p_kw) for entry in account.left] == [("loads", 2, pytest.approx(300))]
    assert "loads" not in [entry.what for entry in account.read]


def test_controllers_in_a_file_are_told_once_each(tmp_path: Path) -> None:
    from pandapower.control import ContinuousTapControl

    net = small_net()
    number = station(net, 1, tap_side="hv", tap_neutral=0, tap_min=-2, tap_max=2, tap_step_percent=2.5, tap_pos=0,
                     tap_changer_type="Ratio")  # fmt: skip
    ContinuousTapControl(net, number, 1.0)
    account = load_case(write_scenario(tmp_path, net)).account
    assert [(entry.what, entry.count) for entry in account.left] == [("controllers", 1)]


def test_a_network_of_our_own_kind_has_no_account(tmp_path: Path) -> None:
    case = load_case("guo45/fault-0400")
    assert not case.account.read and not case.account.left and not case.account.in_one_line()
    assert "Not taken over" not in explain(case)


def test_the_entries_are_plain_text(tmp_path: Path) -> None:
    account = load_case(write_scenario(tmp_path, random_net(1))).account
    assert all(json.dumps(str(entry)) and str(entry).isprintable() for entry in (*account.read, *account.left))
