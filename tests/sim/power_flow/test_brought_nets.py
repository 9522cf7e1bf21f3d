"""Nets that others bring: both engines give what plain pandapower gives for the net as it came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandapower as pp
import pandapower.networks as networks
import pandas as pd
import pytest

from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.sim.power_flow.engines import ENGINES, engine_named
from relight.sim.power_flow.island_topology import find_islands
from relight.sim.power_flow.protocol import IslandInput, IslandSolution
from support.brought.nets import random_net, write_scenario


def normal_flows(case: Case, engine: str) -> list[IslandSolution]:
    """The islands of the infeeds with all branches as before the outage, at peak load."""
    closed = {branch.id: branch.closed for branch in case.view.branches.values()}
    kvar = case.base_load_kvar
    assert kvar is not None
    islands: list[IslandInput] = []
    for infeed in case.view.infeeds.values():
        (island,) = [one for one in find_islands(case.view, closed) if infeed.bus in one.buses]
        load = {bus: (p, kvar[bus]) for bus, p in case.base_load_kw.items() if p and bus in island.buses}
        islands.append(IslandInput(island, infeed.id, load, {}))
    (flows,) = engine_named(engine)(case).solve([islands])
    return [flow for flow in flows if flow is not None]


def assert_as_pandapower(net: Any, case: Case, engine: str) -> None:
    pp.runpp(net, tolerance_mva=1e-9, numba=False)
    (flow,) = normal_flows(case, engine)
    names = net.bus.name.to_dict()
    ours = {bus: one.vm_pu for bus, one in flow.voltages.items()}
    for index, name in names.items():
        assert ours[name] == pytest.approx(net.res_bus.vm_pu[index], abs=1e-8)
    nominal = pd.DataFrame({k: net.load[k] * net.load.scaling for k in ("p_mw", "q_mvar")}).groupby(net.load.bus).sum()
    beyond = net.res_load.groupby(net.load.bus)[["p_mw", "q_mvar"]].sum() - nominal
    for bus, more in (beyond * 1000).iterrows():
        assert flow.voltage_effect.get(names[bus], (0.0, 0.0)) == pytest.approx(tuple(more), abs=1e-4)
    assert flow.p_balance_kw == pytest.approx(net.res_ext_grid.p_mw.iloc[0] * 1000, abs=1e-3)
    assert flow.q_balance_kvar == pytest.approx(net.res_ext_grid.q_mvar.iloc[0] * 1000, abs=1e-3)
    for table in ("line", "trafo"):
        for index, name in net[table].name.items():
            if name in flow.flows:
                assert flow.flows[name].loading_pct == pytest.approx(
                    net[f"res_{table}"].loading_percent[index],
                    rel=1e-5,
                    abs=1e-5,  # what is written has five decimals
                )
    for index, name in net.trafo3w.name.items():
        windings = [flow.flows[f"{name}.{side}"].loading_pct for side in ("hv", "mv", "lv")]
        assert max(windings) == pytest.approx(net.res_trafo3w.loading_percent[index], rel=1e-5)


def compare(seed: int, folder: Path) -> None:
    net = random_net(seed)
    case = load_case(write_scenario(folder, net))
    for engine in ENGINES:
        assert_as_pandapower(net, case, engine)


@pytest.mark.parametrize("seed", range(3))
def test_every_kind_of_element_flows_as_in_pandapower(seed: int, tmp_path: Path) -> None:
    compare(seed, tmp_path)


@pytest.mark.parametrize("function", ["case33bw", "create_cigre_network_mv", "mv_oberrhein"])
def test_well_known_nets_flow_as_in_pandapower(function: str, tmp_path: Path) -> None:
    """With lines that are open at one of two switches, and charged from the other end."""
    (tmp_path / "s.yaml").write_text(
        f"name: s\nnetwork: {{kind: function, function: {function}}}\n"
        "outage: {start: 2025-06-20T10:00, duration_min: 60}\nload: {source: network}\n"
        "site: {latitude_deg: 48.7, longitude_deg: 10.5, timezone: Europe/Berlin}\n",
        encoding="utf-8",
    )
    case = load_case(tmp_path / "s.yaml")
    net = getattr(networks, function)()
    net.sgen["in_service"] = False  # off unless units of the scenario name them
    pp.runpp(net, tolerance_mva=1e-9, numba=False)
    names = case.view.buses if set(net.bus.name) != set(case.view.buses) else None
    for engine in ENGINES:
        flows = normal_flows(case, engine)
        assert len(flows) == len(net.ext_grid)
        ours = {bus: one.vm_pu for flow in flows for bus, one in flow.voltages.items()}
        theirs = dict(zip(names or net.bus.name, net.res_bus.vm_pu, strict=True))
        assert ours == pytest.approx({bus: vm for bus, vm in theirs.items() if vm == vm}, abs=1e-8)


@pytest.mark.parametrize("seed", range(2))
def test_switches_that_are_left_alone_flow_as_in_pandapower(seed: int, tmp_path: Path) -> None:
    """Open ones too: what is charged through its other end draws what it did, from a bus where nothing is."""
    net = random_net(seed)
    path = write_scenario(tmp_path, net)
    whole = load_case(path)
    (closed, *_), others = (
        [b.id for b in whole.view.branches.values() if b.switchable and b.closed is c] for c in (True, False)
    )
    case = load_case(path, {"network.operated": {"only": [closed]}})
    assert others and set(others) <= set(case.unoperated)
    for engine in ENGINES:
        assert_as_pandapower(net, case, engine)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 200))
def test_two_hundred_random_nets_flow_as_in_pandapower(seed: int, tmp_path: Path) -> None:
    compare(seed, tmp_path)
