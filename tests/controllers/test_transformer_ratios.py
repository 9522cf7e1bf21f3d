"""Plans behind transformers off their nominal ratio: against AC power flow, enumeration and the literal form."""

from __future__ import annotations

import math
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandapower as pp
import pandas as pd
import pytest

import relight
from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.planning.island_flow import flows_without_plan, island_flows
from relight.controllers.planning.planner import Planner
from relight.controllers.solver.highs import KeptSolver
from relight.scenarios.networks.no_load_voltages import tapped_kv
from relight.sim.planning.plan_once import plan_once
from support.brought.nets import loaded, small_net, station
from support.brute_force import brute_force
from support.small_cases import SmallCase, agree, random_case, seeds, solve, with_options, with_transformers


def case_of(seed: int) -> SmallCase:
    return with_transformers(random_case(seed))


@pytest.mark.parametrize("seed", seeds(6, 120))
@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
def test_the_milp_finds_the_enumerated_optimum(seed: int, static: bool) -> None:
    case = case_of(seed)
    assert agree(solve(case, static=static), brute_force(case.horizon, static=static))


BINDING = (7, 11, 31)
"""Seeds whose optimum is another one for the ratios of its transformers."""


@pytest.mark.parametrize("seed", BINDING)
def test_ratios_do_bind(seed: int) -> None:
    assert not agree(solve(random_case(seed)), brute_force(case_of(seed).horizon))


@pytest.mark.parametrize("seed", seeds(4, 40))
def test_voltages_left_out_until_they_bind_change_no_optimum(seed: int) -> None:
    """Also those of the walk along the trees are the model's own."""
    case = case_of(seed)
    plans = [
        Planner(case.graph, case.horizon.steps, lazy_voltage=lazy).plan(case.horizon).plan for lazy in (True, False)
    ]
    assert plans[0].objective == pytest.approx(plans[1].objective, rel=1e-6, abs=1e-6)
    m = build_model(case.graph, case.horizon.steps)
    set_horizon(m, case.horizon)
    if KeptSolver(m, {}).solve().status == "none":
        return
    for t in range(case.horizon.steps):
        for island in island_flows(m, case.horizon, t):
            first = m.U[island.areas[0], t].value
            for la in island.areas:
                told = island.gain[la] * first + island.relative_u[la]
                assert told == pytest.approx(m.U[la, t].value, abs=1e-6)


@pytest.mark.parametrize("seed", seeds(2, 24))
def test_the_literal_form_plans_as_much(seed: int) -> None:
    case = case_of(seed)
    literal = with_options(case, formulation="literal")
    plans = [Planner(one.graph, one.horizon.steps).plan(one.horizon).plan for one in (case, literal)]
    assert plans[1].objective == pytest.approx(plans[0].objective, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", seeds(4, 40))
def test_the_ratio_is_that_of_the_ac_power_flow_without_load(seed: int) -> None:
    rng = random.Random(seed)
    net = small_net()
    net.load.in_service = False
    net.line.c_nf_per_km = 0.0
    net.switch.closed = True
    for bus in (0, 1, 2):
        kind = rng.choice(["Ratio", "Symmetrical", "Ideal"])
        degree = 0.0 if kind == "Ideal" else rng.choice([0.0, 60.0, 90.0])
        tap = {
            "tap_side": rng.choice(["hv", "lv"]), "tap_pos": rng.randint(-2, 2), "tap_neutral": rng.choice([0, 1]),
            "tap_step_percent": 2.5, "tap_step_degree": degree, "tap_min": -2, "tap_max": 2, "tap_changer_type": kind,
        }  # fmt: skip
        station(net, bus, vn_hv_kv=rng.choice([20, 21]), vn_lv_kv=rng.choice([0.4, 0.41]), **tap)
    pp.runpp(net, calculate_voltage_angles=True)
    for row in net.trafo.itertuples():
        hv_kv, lv_kv = tapped_kv(row)
        high, low = net.res_bus.vm_pu[row.hv_bus] * net.bus.vn_kv[row.hv_bus], net.res_bus.vm_pu[row.lv_bus] * 0.4
        assert low / high == pytest.approx(lv_kv / hv_kv, rel=1e-7)


def with_a_tap(position: int) -> Any:
    """A busbar at 20 kV fed from 110 kV, behind a switch B with a station of its own; both transformers are tapped."""
    net = small_net()
    net.ext_grid.bus = high = pp.create_bus(net, 110, name="high")
    tap = {
        "tap_side": "hv", "tap_neutral": 0, "tap_min": -4, "tap_max": 4, "tap_step_percent": 1.5,
        "tap_changer_type": "Ratio", "tap_pos": position,
    }  # fmt: skip
    pp.create_transformer_from_parameters(
        net,
        high,
        0,
        sn_mva=10,
        vn_hv_kv=110,
        vn_lv_kv=20,
        vk_percent=10,
        vkr_percent=0.5,
        pfe_kw=0,
        i0_percent=0,
        **tap,
    )
    busbar = pp.create_bus(net, 20, name="joined")
    pp.create_line_from_parameters(net, 0, busbar, 0.5, 0.2, 0.12, 0, 0.3, name="joint")
    number = station(net, 1, **tap)
    pp.create_load(net, int(net.trafo.lv_bus[number]), p_mw=0.1, q_mvar=0.01)
    return net


@pytest.mark.parametrize("by", ["bus", "section"])
@pytest.mark.parametrize("position", [-3, 0, 2])
def test_linear_voltages_are_near_those_of_the_ac_power_flow(by: str, position: int, tmp_path: Path) -> None:
    """Also behind the transformer from which an LA is fed: its voltage is that of its busbars."""
    net = with_a_tap(position)
    case = loaded(tmp_path, net, local_areas={"by": by}, outage={
        "start": "2025-06-20T10:00", "duration_min": 60, "dead_infeeds": [], "faulted": ["C"],
    })  # fmt: skip
    graph = AreaGraph.of(case.view, case.scenario)
    peak = {
        la: [sum(case.base_load_kw.get(bus, 0.0) for bus in area.buses)] for la, area in case.view.local_areas.items()
    }
    psc: Any = {la: {"demand_p_kw": kw, "demand_q_kvar": [0.2 * kw[0]]} for la, kw in peak.items()}
    horizon = Horizon(graph, [0.0], 60.0, psc, {k: b.closed for k, b in case.view.branches.items() if b.switchable})
    ((root, flow),) = flows_without_plan(horizon, 0).items()
    net.load.q_mvar = 0.2 * net.load.p_mw
    net.switch.loc[net.switch.element == 1, "closed"] = False
    pp.runpp(net)
    told = flow.u(graph, root)
    actual = dict(zip(net.bus.name, net.res_bus.vm_pu, strict=True))
    for bus in (case.view.buses[la] for area in flow.areas for la in case.view.local_areas[area].buses):
        vm_pu = bus.level * math.sqrt(told[case.view.local_area_of_bus[bus.id]])
        near = 0.02 if by == "section" else 0.003  # inside an LA nothing falls
        assert vm_pu == pytest.approx(actual[bus.id], abs=near)


@pytest.mark.parametrize(("position", "energised"), [(-1, {"A", "B", "C"}), (4, {"A", "C"})])
def test_a_plan_knows_what_a_tap_does(position: int, energised: set[str], tmp_path: Path) -> None:
    """Behind its tap B's station would be at 0.94 p.u.: the first plan leaves it out already."""
    net = with_a_tap(position)
    net.trafo.loc[0, "tap_pos"] = 0
    net.switch.loc[net.switch.element == 0, "closed"] = False
    outage = {"start": "2025-06-20T10:00", "duration_min": 60, "dead_infeeds": []}
    case = loaded(tmp_path, net, outage=outage, limits={"vm_min_pu": 0.95, "vm_max_pu": 1.05})
    plan = plan_once(case, "dynamic").plan
    assert {"A", "B", "C"} & set(plan.steps[0].energised_buses or []) == energised
    assert plan.checks == [] and relight.validate(plan, case).clean


@pytest.mark.parametrize("empty", [None, math.nan, pd.NA])
def test_a_transformer_without_a_tap_has_its_rated_voltages(empty: Any) -> None:
    columns = ("tap_side", "tap_changer_type", "tap_pos", "tap_neutral", "tap_step_percent", "tap_step_degree")
    row = SimpleNamespace(vn_hv_kv=20.0, vn_lv_kv=0.41, **dict.fromkeys(columns, empty))
    assert tapped_kv(row) == (20.0, 0.41)
    row.tap_side, row.tap_changer_type, row.tap_pos = "hv", "Ratio", 2
    assert tapped_kv(row) == (20.0, 0.41), "a step of nothing"
