"""The AC power flow against another engine, power-grid-model, on random islanded states."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from power_grid_model import ComponentType, LoadGenType, PowerGridModel, initialize_array

from relight.scenarios.case import Case
from relight.sim.power_flow.island_topology import WorldError, find_islands
from relight.sim.power_flow.pandapower_engine import PandapowerEngine
from relight.sim.power_flow.protocol import IslandInput
from support.networks import R_OHM_PER_KM, VN_KV, X_OHM_PER_KM, Line, build_case, ess, random_case, random_state
from support.small_cases import seeds

STATES_PER_CASE = 15


def solve_with_pgm(case: Case, closed: dict[str, bool], inputs: list[IslandInput], lines: dict[str, Line]):
    """Node results by bus."""
    ids = {bus: k for k, bus in enumerate(case.view.buses)}
    count = len(ids)

    def table(kind: ComponentType, rows: int):
        nonlocal count
        array = initialize_array("input", kind, rows)
        array["id"] = np.arange(count, count + rows)
        count += rows
        return array

    node = initialize_array("input", ComponentType.node, len(ids))
    node["id"], node["u_rated"] = list(ids.values()), VN_KV * 1000
    line = table(ComponentType.line, len(lines))
    line["from_node"] = [ids[one.from_bus] for one in lines.values()]
    line["to_node"] = [ids[one.to_bus] for one in lines.values()]
    line["from_status"] = line["to_status"] = [closed[name] for name in lines]
    length = np.array([one.length_km for one in lines.values()])
    line["r1"], line["x1"] = R_OHM_PER_KM * length, X_OHM_PER_KM * length
    line["c1"] = length * [one.c_nf_per_km * 1e-9 for one in lines.values()]
    line["tan1"] = 0.0
    source = table(ComponentType.source, len(inputs))
    source["node"] = [ids[case.view.units[one.balance_unit].bus] for one in inputs]
    source["status"], source["u_ref"], source["sk"], source["rx_ratio"] = 1, 1.0, 1e20, 0.0
    powers = [(bus, p, q) for one in inputs for bus, (p, q) in one.load.items()]
    powers += [(case.view.units[unit].bus, -p, -q) for one in inputs for unit, (p, q) in one.units.items()]
    load = table(ComponentType.sym_load, len(powers))
    load["node"], load["status"], load["type"] = [ids[bus] for bus, _, _ in powers], 1, LoadGenType.const_power
    load["p_specified"] = [p * 1000 for _, p, _ in powers]
    load["q_specified"] = [q * 1000 for _, _, q in powers]
    model = PowerGridModel(
        {
            ComponentType.node: node, ComponentType.line: line, ComponentType.source: source,
            ComponentType.sym_load: load,
        },
        system_frequency=50.0,
    )  # fmt: skip
    result = model.calculate_power_flow(error_tolerance=1e-12, max_iterations=50)
    return dict(zip(ids, result[ComponentType.node], strict=True)), result[ComponentType.source]


@pytest.mark.parametrize("seed", seeds(3, 40))
def test_pandapower_agrees_with_power_grid_model(seed):
    rng = random.Random(seed)
    case = random_case(rng)
    lines = {
        branch.id: Line(
            branch.from_bus, branch.to_bus, length_km=branch.r_pu * VN_KV**2 / R_OHM_PER_KM, c_nf_per_km=c_nf_per_km
        )
        for branch, c_nf_per_km in zip(case.view.branches.values(), case.net.line["c_nf_per_km"], strict=True)
    }
    power_flow = PandapowerEngine(case)
    compared = 0
    while compared < STATES_PER_CASE:
        closed, inputs = random_state(case, rng)
        if not inputs:
            continue
        compared += 1
        (flows,) = power_flow.solve([inputs])
        nodes, sources = solve_with_pgm(case, closed, inputs, lines)
        live = {bus for one in inputs for bus in one.island.buses}
        assert {bus for bus, node in nodes.items() if node["energized"]} == live
        for one, source, flow in zip(inputs, sources, flows, strict=True):
            assert flow is not None
            angle = np.array([nodes[bus]["u_angle"] for bus in one.island.buses])
            vm_pu = np.array([nodes[bus]["u_pu"] for bus in one.island.buses])
            assert np.allclose(flow.vm_pu, vm_pu, rtol=0, atol=1e-8)
            assert np.allclose(np.radians(flow.va_degree), angle, rtol=0, atol=1e-8)
            assert flow.p_balance_kw == pytest.approx(source["p"] / 1000, abs=1e-4)
            assert flow.q_balance_kvar == pytest.approx(source["q"] / 1000, abs=1e-4)


def test_two_slacks_in_an_island_are_refused():
    case = build_case([Line("a", "b")], [ess("a"), ess("b")])
    power_flow = PandapowerEngine(case)
    (island,) = find_islands(case.view, {"a-b": True})
    with pytest.raises(WorldError, match="expected only"):
        power_flow.solve([[IslandInput(island, "ess.a", {}, {"ess.a": (1.0, 0.0)})]])
    with pytest.raises(WorldError, match="slacks"):
        power_flow.solve([[IslandInput(island, "ess.a", {}, {}), IslandInput(island, "ess.b", {}, {})]])


def test_nothing_to_solve_is_no_power_flow():
    assert PandapowerEngine(build_case([Line("a", "b")])).solve([[], []]) == [[], []]


def test_the_case_keeps_its_net_and_foreign_elements_are_refused():
    import pandapower as pp

    case = build_case([Line("a", "b")], [ess("a")])
    PandapowerEngine(case)
    assert len(case.net.sgen) == 0
    pp.create_load(case.net, 0, p_mw=1)
    with pytest.raises(ValueError, match="this one has load"):
        PandapowerEngine(case)


def test_loading_is_the_larger_end_current_over_the_rating():
    case = build_case([Line("a", "b", length_km=5, max_i_ka=0.1)], [ess("a")])
    (island,) = find_islands(case.view, {"a-b": True})
    power_flow = PandapowerEngine(case)
    ((flow,),) = power_flow.solve([[IslandInput(island, "ess.a", {"b": (1000.0, 300.0)}, {})]])
    assert flow is not None
    assert flow.flows["a-b"].loading_pct == pytest.approx(power_flow.net.res_line["loading_percent"].iloc[0])
    assert math.isclose(flow.losses_kw, flow.p_balance_kw - 1000, abs_tol=1e-5)
