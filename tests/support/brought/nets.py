"""Nets of pandapower with every kind of element that is modelled, drawn at random, and scenarios for them."""

from __future__ import annotations

import random
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pandapower as pp
import pandas as pd
import pytest
import yaml

from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.scenarios.reading.problems import ScenarioError

Net = Any


def random_net(seed: int) -> Net:
    """A net of a seed, which may be changed."""
    return deepcopy(_drawn(seed))


@cache
def _drawn(seed: int) -> Net:
    """A 110/20/10 kV substation with a three-winding transformer, feeders at 20 kV and 0.4 kV behind each, ties, and
    all else that carries, draws or gives power: taps of every type, cables open at one end, wards, motors, shunts, and
    loads that go with the voltage."""
    rng = random.Random(seed)
    net: Net = pp.create_empty_network(sn_mva=rng.choice([1.0, 100.0]), f_hz=rng.choice([50.0, 60.0]))
    top = pp.create_bus(net, 110, name="top")
    bars = [pp.create_bus(net, 20, name="bar 20"), pp.create_bus(net, 10, name="bar 10")]
    pp.create_ext_grid(net, top, vm_pu=rng.uniform(0.98, 1.03))
    pp.create_transformer3w_from_parameters(
        net, top, *bars, vn_hv_kv=rng.choice([110, 115]), vn_mv_kv=rng.choice([20, 21]), vn_lv_kv=10.5, sn_hv_mva=40,
        sn_mv_mva=rng.choice([25, 40]), sn_lv_mva=15, vk_hv_percent=rng.uniform(9, 13), vk_mv_percent=rng.uniform(6, 9),
        vk_lv_percent=rng.uniform(9, 13), vkr_hv_percent=0.4, vkr_mv_percent=0.3, vkr_lv_percent=0.5, pfe_kw=30,
        i0_percent=0.1, shift_mv_degree=rng.choice([0, 30]), shift_lv_degree=rng.choice([0, 150]), name="three",
        tap_side=rng.choice(["hv", "mv", "lv"]), tap_pos=rng.randint(-3, 3), tap_neutral=0, tap_min=-5, tap_max=5,
        tap_step_percent=1.25, tap_changer_type="Ratio",
    )  # fmt: skip
    for bar in bars:
        _feeder(net, rng, bar)
    _others(net, rng)
    _vary(net, random.Random(f"voltage {seed}"))
    return net


def _feeder(net: Net, rng: random.Random, bar: int) -> None:
    kv, buses = float(net.bus.vn_kv[bar]), [bar]
    for k in range(rng.randint(3, 6)):
        start = rng.choice(buses)
        end = pp.create_bus(net, kv, name=f"{kv:g}-{k}")
        buses.append(end)
        if rng.random() < 0.2:
            z = rng.uniform(0.005, 0.02), rng.uniform(0.01, 0.05)
            b = rng.choice([0.0, 0.002])
            pp.create_impedance(net, start, end, *z, sn_mva=10, name=f"Z{start}-{end}", bf_pu=b, bt_pu=b)
        else:
            _cable(net, start, end, rng)
        pp.create_load(
            net, end, p_mw=rng.uniform(0.05, 0.4), q_mvar=rng.uniform(0.0, 0.1), scaling=rng.choice([1, 0.8])
        )
    for end in rng.sample(buses[1:], 2):
        low = pp.create_bus(net, 0.4, name=f"low {end}")
        pp.create_transformer_from_parameters(
            net, end, low, sn_mva=0.63, vn_hv_kv=kv * rng.choice([1, 1.05]), vn_lv_kv=0.41, vk_percent=6, vkr_percent=1,
            pfe_kw=1.3, i0_percent=0.25, shift_degree=rng.choice([0, 150]), tap_side=rng.choice(["hv", "lv"]),
            tap_pos=rng.randint(-2, 2), tap_neutral=0, tap_min=-2, tap_max=2, tap_step_percent=2.5,
            tap_step_degree=rng.choice([0.0, 60.0]), tap_changer_type="Ratio", name=f"T{end}",
            parallel=rng.choice([1, 2]), df=rng.choice([1.0, 0.9]),
        )  # fmt: skip
        pp.create_load(net, low, p_mw=rng.uniform(0.02, 0.2), q_mvar=0.03)
    for tie in range(2):  # open at one end: charged from the other
        start, end = rng.sample(buses, 2)
        line = _cable(net, start, end, rng, name=f"tie {bar}-{tie}")
        pp.create_switch(net, rng.choice([start, end]), line, et="l", closed=False)


def _vary(net: Net, rng: random.Random) -> None:
    """Let loads at low voltage go with it; each is alone at its bus, where pandapower takes one mix for all."""
    for k in net.load.index[net.bus.vn_kv.loc[net.load.bus].to_numpy() < 1]:
        for power in "pq":
            z = rng.uniform(0, 100)
            net.load.loc[k, f"const_z_{power}_percent"] = z
            net.load.loc[k, f"const_i_{power}_percent"] = rng.uniform(0, 100 - z)


def _cable(net: Net, start: int, end: int, rng: random.Random, name: str | None = None) -> int:
    return pp.create_line_from_parameters(
        net, start, end, rng.uniform(0.3, 3), 0.2, 0.12, 270, 0.3, g_us_per_km=rng.choice([0.0, 4.0]), df=0.95,
        parallel=rng.choice([1, 2]), name=name or f"L{start}-{end}",
    )  # fmt: skip


def _others(net: Net, rng: random.Random) -> None:
    places = [bus for bus in net.bus.index if 5 < net.bus.vn_kv[bus] < 50]
    pick = lambda: rng.choice(places)  # noqa: E731
    pp.create_shunt(net, pick(), q_mvar=-0.2, p_mw=0.002, step=rng.choice([1, 2]), vn_kv=rng.choice([None, 20]))
    pp.create_ward(net, pick(), 0.05, 0.01, rng.choice([0.0, 0.02]), -0.03, name="ward")
    pp.create_motor(net, pick(), pn_mech_mw=0.09, cos_phi=0.88, efficiency_percent=93, loading_percent=70)
    pp.create_asymmetric_load(
        net, pick(), p_a_mw=0.02, p_b_mw=0.01, p_c_mw=0.04, q_a_mvar=0.002, q_b_mvar=0.001, q_c_mvar=0.0, scaling=1.1,
        name="unbalanced",
    )  # fmt: skip
    twin = pick()
    joined = pp.create_bus(net, float(net.bus.vn_kv[twin]), name="joined")
    pp.create_switch(net, twin, joined, et="b", closed=True, name="coupler")
    pp.create_load(net, joined, p_mw=0.08, q_mvar=0.02)


def write_scenario(folder: Path, net: Net, **parts: Any) -> Path:
    """The scenario of a net in a folder: an hour with everything dark but the infeed, unless ``parts`` say else.

    Empty tables are left out of the net's file, for pandapower makes them when it reads it: they take half the time.
    """
    filled: Net = deepcopy(net)
    for table in [name for name, rows in net.items() if isinstance(rows, pd.DataFrame) and rows.empty]:
        del filled[table]
    pp.to_json(filled, str(folder / "net.json"))
    scenario: dict[str, Any] = {
        "name": "brought",
        "network": {"kind": "json", "file": "net.json"},
        "outage": {"start": "2025-06-20T10:00", "duration_min": 60},
        "site": {"latitude_deg": 48.7, "longitude_deg": 10.5, "timezone": "Europe/Berlin"},
        "load": {"source": "network"},
        **parts,
    }
    path = folder / "brought.yaml"
    path.write_text(yaml.safe_dump(scenario, sort_keys=False), encoding="utf-8")
    return path


def small_net() -> Net:
    """Busbar A of an external grid at 20 kV, feeders to B and C with switches at both ends, a tie between them, and
    loads of 100 and 200 kW. It may be changed."""
    return deepcopy(_small())


@cache
def _small() -> Net:
    """The same, made once: pandapower takes as long over it as Relight over reading it."""
    net: Net = pp.create_empty_network()
    a, b, c = (pp.create_bus(net, 20, name=name) for name in "ABC")
    pp.create_ext_grid(net, a)
    for start, end, name in ((a, b, "AB"), (a, c, "AC"), (b, c, "BC")):
        line = pp.create_line_from_parameters(net, start, end, 2.0, 0.2, 0.12, 270, 0.3, name=name)
        for bus in (start, end):
            pp.create_switch(net, bus, line, et="l", closed=name != "BC")
    pp.create_load(net, b, p_mw=0.1, q_mvar=0.02, name="small")
    pp.create_load(net, c, p_mw=0.2, q_mvar=0.04, name="large")
    return net


def station(
    net: Net, bus: int, sn_mva: float = 0.4, shift_degree: float = 150, low: int | None = None, **facts: Any
) -> int:
    """A 20/0.4 kV transformer at a bus, behind a bus of its own unless ``low`` names one; its number."""
    low = pp.create_bus(net, 0.4, name=f"low {len(net.bus)}") if low is None else low
    values = {
        "vn_hv_kv": 20, "vn_lv_kv": 0.4, "vk_percent": 6, "vkr_percent": 1, "pfe_kw": 0, "i0_percent": 0,
        "name": f"T{len(net.trafo)}", **facts,
    }  # fmt: skip
    return int(pp.create_transformer_from_parameters(net, bus, low, sn_mva=sn_mva, shift_degree=shift_degree, **values))


def loaded(folder: Path, net: Net, **parts: Any) -> Case:
    return load_case(write_scenario(folder, net, **parts))


def refusal(folder: Path, net: Net, **parts: Any) -> str:
    """The only problem of a net that is refused."""
    with pytest.raises(ScenarioError) as error:
        loaded(folder, net, **parts)
    assert len(error.value.problems) == 1, str(error.value)
    return str(error.value)
