"""Nets that others bring: both engines give what plain pandapower gives for the net as it came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandapower as pp
import pytest

from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.sim.power_flow.engines import ENGINES, engine_named
from relight.sim.power_flow.island_topology import find_islands
from relight.sim.power_flow.protocol import IslandInput, IslandSolution
from support.brought.nets import random_net, write_scenario


def normal_flow(case: Case, engine: str) -> IslandSolution:
    """The island of the infeed with all branches as before the outage, at peak load."""
    closed = {branch.id: branch.closed for branch in case.view.branches.values()}
    (infeed,) = case.view.infeeds.values()
    (island,) = [one for one in find_islands(case.view, closed) if infeed.bus in one.buses]
    assert case.base_load_kvar is not None
    load = {bus: (p, case.base_load_kvar[bus]) for bus, p in case.base_load_kw.items() if p and bus in island.buses}
    ((flow,),) = engine_named(engine)(case).solve([[IslandInput(island, infeed.id, load, {})]])
    assert flow is not None
    return flow


def assert_as_pandapower(net: Any, case: Case, engine: str) -> None:
    pp.runpp(net, tolerance_mva=1e-9, numba=False)
    flow = normal_flow(case, engine)
    names = net.bus.name.to_dict()
    ours = {bus: one.vm_pu for bus, one in flow.voltages.items()}
    for index, name in names.items():
        assert ours[name] == pytest.approx(net.res_bus.vm_pu[index], abs=1e-8)
    assert flow.p_balance_kw == pytest.approx(net.res_ext_grid.p_mw.iloc[0] * 1000, abs=1e-3)
    assert flow.q_balance_kvar == pytest.approx(net.res_ext_grid.q_mvar.iloc[0] * 1000, abs=1e-3)
    for table in ("line", "trafo"):
        for index, name in net[table].name.items():
            if name in flow.flows:
                assert flow.flows[name].loading_pct == pytest.approx(
                    net[f"res_{table}"].loading_percent[index], rel=1e-5
                )
    for index, name in net.trafo3w.name.items():
        windings = [flow.flows[f"{name}.{side}"].loading_pct for side in ("hv", "mv", "lv")]
        assert max(windings) == pytest.approx(net.res_trafo3w.loading_percent[index], rel=1e-5)


def compare(seed: int, folder: Path) -> None:
    net = random_net(seed)
    case = load_case(write_scenario(folder, net))
    for engine in ENGINES:
        assert_as_pandapower(net, case, engine)


@pytest.mark.parametrize("seed", range(6))
def test_every_kind_of_element_flows_as_in_pandapower(seed: int, tmp_path: Path) -> None:
    compare(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 200))
def test_two_hundred_random_nets_flow_as_in_pandapower(seed: int, tmp_path: Path) -> None:
    compare(seed, tmp_path)
