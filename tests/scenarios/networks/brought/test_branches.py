"""Branches that are modelled by others, their taps, and phase shifts that cannot stand side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandapower as pp
import pytest

from relight.scenarios.case import Case
from support.brought.nets import loaded, random_net, refusal, small_net, station


def test_a_three_winding_transformer_is_a_star_with_a_switch_at_each_side_that_has_one(tmp_path: Path) -> None:
    net = random_net(0)
    pp.create_switch(net, int(net.trafo3w.mv_bus[0]), 0, et="t3", closed=False)
    case = loaded(tmp_path, net)
    windings = {side: case.view.branches[f"three.{side}"] for side in ("hv", "mv", "lv")}
    assert {side for side, one in windings.items() if one.switchable} == {"mv"}
    assert not windings["mv"].closed and windings["hv"].closed
    assert case.view.buses["three.star"].inner
    assert windings["hv"].ratings_kva[1] == math.inf and windings["mv"].ratings_kva[0] == math.inf
    rated = 1000 * float(net.trafo3w.sn_hv_mva[0]) * 110 / float(net.trafo3w.vn_hv_kv[0])
    assert windings["hv"].s_max_kva == pytest.approx(rated)


def test_the_voltage_of_a_star_point_breaks_no_limit(tmp_path: Path) -> None:
    import relight

    net = random_net(0)
    ess = {"id": "e", "bus": "bar 20", "s_kva": 20000, "discharge_kwh": 20000, "charge_kwh": 0}
    limits = {"vm_min_pu": 0.5, "vm_max_pu": 1.0, "reference_vm_pu": 1.0}
    case = loaded(tmp_path, net, units={"ess": [ess]}, limits=limits)
    step = {"start_min": 0, "closed_branches": [], "balance_units": ["e"]}
    (tmp_path / "plan.json").write_text(str({"steps": [step]}).replace("'", '"'), encoding="utf-8")
    found = relight.validate(tmp_path / "plan.json", case).violations
    assert {one.kind for one in found} >= {"voltage_high"}
    assert "three.star" not in {one.element for one in found}


@pytest.mark.parametrize("columns", [("rtf_pu", 0.02), ("bt_pu", 0.1)])
def test_an_impedance_that_differs_by_direction_is_refused(columns: tuple[str, float], tmp_path: Path) -> None:
    net = small_net()
    pp.create_impedance(net, 1, pp.create_bus(net, 20, name="D"), 0.01, 0.03, sn_mva=10, name="Z")
    net.impedance[columns[0]] = columns[1]
    said = refusal(tmp_path, net)
    assert "impedance Z, " in said and "must be equal in both directions" in said


def test_an_impedance_between_two_voltages_is_a_transformer_that_is_never_overloaded(tmp_path: Path) -> None:
    net = small_net()
    pp.create_impedance(net, 1, pp.create_bus(net, 0.4, name="D"), 0.01, 0.03, sn_mva=10, name="Z")
    branch = loaded(tmp_path, net).view.branches["Z"]
    assert (branch.kind, branch.s_max_kva) == ("trafo", math.inf)
    assert (branch.r_pu, branch.x_pu) == (pytest.approx(0.001), pytest.approx(0.003))


@pytest.mark.parametrize(("length_km", "kind"), [(1e-4, "switch"), (1e-2, "line")])
def test_only_lines_of_next_to_no_impedance_are_joined(length_km: float, kind: str, tmp_path: Path) -> None:
    net = small_net()
    net.line.loc[0, "length_km"] = length_km
    case = loaded(tmp_path, net)
    assert case.view.branches["AB"].kind == kind and case.view.branches["AB"].switchable
    told = [str(entry) for entry in case.account.left]
    assert (kind == "switch") == any(text.startswith("lines of next to no impedance: 1") for text in told)


def test_a_line_that_is_joined_has_a_switch_only_if_it_had_one(tmp_path: Path) -> None:
    net = small_net()
    pp.create_line_from_parameters(net, 1, pp.create_bus(net, 20, name="D"), 1e-5, 0.2, 0.12, 0, 0.3, name="BD")
    branch = loaded(tmp_path, net).view.branches["BD"]
    assert branch.kind == "switch" and not branch.switchable and branch.closed


def test_a_winding_that_takes_a_name_that_is_in_use_is_told(tmp_path: Path) -> None:
    net = random_net(0)
    net.line.loc[0, "name"] = "three.hv"
    assert "trafo3w, name = 'three.hv': a bus or branch has this name too" in refusal(tmp_path, net)


def tapped(folder: Path, **taps: Any) -> Case:
    net = small_net()
    values = {"tap_side": "hv", "tap_neutral": 0, "tap_min": -2, "tap_max": 2, "tap_step_percent": 2.5, "tap_pos": 2}
    station(net, 1, **values | taps)
    return loaded(folder, net)


@pytest.mark.parametrize("kind", [None, "", float("nan")])
def test_a_tap_without_a_type_is_a_ratio_and_told(kind: Any, tmp_path: Path) -> None:
    case = tapped(tmp_path, tap_changer_type=kind)
    assert case.net.trafo["tap_changer_type"].tolist() == ["Ratio"]
    (entry,) = case.account.left
    assert entry.what == "taps without a type" and entry.text.endswith("T0")


@pytest.mark.parametrize("taps", [{"tap_pos": 0}, {"tap_step_percent": 0}, {"tap_changer_type": "Ratio"}])
def test_a_tap_that_has_a_type_or_needs_none_is_as_it_is(taps: dict[str, Any], tmp_path: Path) -> None:
    assert not tapped(tmp_path, **taps).account.left


@pytest.mark.parametrize("lost", ["tap_side", "tap_neutral"])
def test_half_a_tap_is_refused(lost: str, tmp_path: Path) -> None:
    net = small_net()
    values = {"tap_side": "hv", "tap_neutral": 0, "tap_step_percent": 2.5, "tap_pos": 2, "tap_changer_type": "Ratio"}
    station(net, 1, **values | {lost: None if lost == "tap_side" else math.nan})
    assert f"trafo T0, {lost}" in refusal(tmp_path, net)


@pytest.mark.parametrize("position", [0, 2])
def test_an_ideal_phase_shifter_with_two_steps_is_refused(position: int, tmp_path: Path) -> None:
    net, steps = small_net(), {"tap_step_percent": 2.5, "tap_step_degree": 5.0, "tap_changer_type": "Ideal"}
    station(net, 1, tap_side="hv", tap_neutral=0, tap_pos=position, **steps)
    assert "trafo T0, tap_step_degree = 5.0: an ideal phase shifter states its step" in refusal(tmp_path, net)


def parallel(net: Any, shifts: tuple[float, float], closed: tuple[bool, bool]) -> Any:
    """Two stations of these shifts from B onto one low-voltage bus, the second from C in place of B."""
    first = station(net, 1, shift_degree=shifts[0])
    low = int(net.trafo.lv_bus[first])
    second = station(net, 2, shift_degree=shifts[1], low=low)
    for trafo, on in zip((first, second), closed, strict=True):
        pp.create_switch(net, low, trafo, et="t", closed=on)
    return net


def test_vector_groups_that_differ_are_an_error_where_they_are_closed_in_parallel(tmp_path: Path) -> None:
    said = refusal(tmp_path, parallel(small_net(), (150, 330), (True, True)))
    assert "trafo T1, shift_degree: is closed in parallel with T0, from which it differs by 180°" in said


def test_vector_groups_that_differ_around_a_ring_are_an_error_too(tmp_path: Path) -> None:
    net = small_net()
    low = [pp.create_bus(net, 0.4, name=f"low {k}") for k in range(2)]
    for bus, one, shift in ((1, low[0], 0), (2, low[1], 30)):
        station(net, bus, shift_degree=shift, low=one)
    pp.create_line_from_parameters(net, *low, 0.1, 0.2, 0.08, 0, 0.3, name="cable")
    assert "differs by 30°" in refusal(tmp_path, net)


@pytest.mark.parametrize("shifts", [(150, 150), (150, -210), (0, 360)])
def test_equal_vector_groups_shift_nothing(shifts: tuple[float, float], tmp_path: Path) -> None:
    case = loaded(tmp_path, parallel(small_net(), shifts, (True, True)))
    assert not case.net.trafo["shift_degree"].any() and not case.account.left


def test_vector_groups_that_a_switch_keeps_apart_are_told_and_stay_in_the_power_flow(tmp_path: Path) -> None:
    case = loaded(tmp_path, parallel(small_net(), (150, 330), (True, False)))
    assert sorted(case.net.trafo["shift_degree"]) == [0, 180]
    (entry,) = case.account.left
    assert entry.what == "transformers of another vector group" and entry.text.endswith("T1")


def test_transformers_are_rated_by_the_currents_of_their_own_voltages(tmp_path: Path) -> None:
    net = small_net()
    station(net, 1, sn_mva=0.4, vn_hv_kv=21, vn_lv_kv=0.42)
    branch = loaded(tmp_path, net).view.branches["T0"]
    assert branch.ratings_kva == (pytest.approx(400 * 20 / 21), pytest.approx(400 * 0.4 / 0.42))
    assert branch.s_max_kva == min(branch.ratings_kva)


def test_a_branch_with_one_switch_stays_connected_at_its_other_end(tmp_path: Path) -> None:
    net = small_net()
    net.switch = net.switch.drop(index=5)  # at C of the tie BC, so that only the one at B is left
    branches = loaded(tmp_path, net).view.branches
    assert branches["BC"].stays_at == "C" and branches["AB"].stays_at is None


def test_capacitors_and_reactors_count_in_plans_with_their_kvar(tmp_path: Path) -> None:
    net = small_net()
    pp.create_shunt_as_capacitor(net, 1, q_mvar=0.3, loss_factor=0.0)
    pp.create_shunt(net, 2, q_mvar=0.1, vn_kv=10)
    pp.create_ward(net, 2, 0.0, 0.0, 0.0, 0.05, name="ward")
    buses = loaded(tmp_path, net).view.buses
    assert buses["B"].shunt_kvar == pytest.approx(300)
    assert buses["C"].shunt_kvar == pytest.approx(-400 - 50)


@pytest.mark.parametrize(("kv", "right"), [(15.0, False), (21.2, True), (22.0, False), (0.4, False)])
@pytest.mark.parametrize("table", ["line", "switch"])
def test_lines_and_switches_join_one_voltage(table: str, kv: float, right: bool, tmp_path: Path) -> None:
    net = small_net()
    other = pp.create_bus(net, kv, name="D")
    if table == "line":
        pp.create_line_from_parameters(net, 1, other, 2.0, 0.2, 0.12, 270, 0.3, name="BD")
    else:
        pp.create_switch(net, 1, other, et="b")
    if right:
        assert len(loaded(tmp_path, net).view.buses) == 4
    else:
        number = 3 if table == "line" else 6
        assert f"{table}.{number}: a {table} cannot join 20 kV and {kv:g} kV" in refusal(tmp_path, net)


def test_options_that_a_net_gives_to_power_flows_are_told(tmp_path: Path) -> None:
    net = small_net()
    pp.set_user_pf_options(net, trafo_model="pi")
    told = [str(entry) for entry in loaded(tmp_path, net).account.left]
    assert any(text.startswith("user_pf_options: ") and "trafo_model" in text for text in told)
