"""Networks of SimBench: their profiles are the forecast and what happens; without the package one message says so."""

from __future__ import annotations

import sys
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
import yaml

from relight.scenarios.drafts.draft import draft
from relight.scenarios.explain import explain
from relight.scenarios.loader import load_case
from relight.scenarios.networks import cache
from relight.scenarios.reading.problems import ScenarioError
from relight.sim.series.profiles import Profiles

CODE = "1-MV-invented--0-sw"
QUIET = {"source": "network", "actual": {"sd_pct": 0, "day_sd_pct": 0}}


def shapes(seed: int, *names: str) -> pd.DataFrame:
    """Random shapes for the year 2016 as SimBench writes it, by the clock."""
    times = pd.date_range("2016-01-01", "2017-01-01", freq="15min", inclusive="left", tz="Europe/Berlin")
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"time": times.strftime("%d.%m.%Y %H:%M"), **{name: rng.uniform(0, 1, len(times)) for name in names}}
    )


@pytest.fixture(scope="module")
def invented() -> pp.pandapowerNet:
    """Three buses, two loads at one of them, a wind turbine and two PV plants, with profiles."""
    net = pp.create_empty_network()
    for name in ("grid", "b1", "b2"):
        pp.create_bus(net, 20.0, name=name)
    pp.create_ext_grid(net, 0)
    for k in (1, 2):
        pp.create_line_from_parameters(net, k - 1, k, 1.0, 0.1, 0.1, 200.0, 0.4, name=f"l{k}")
        pp.create_switch(net, k - 1, k - 1, et="l")
    for bus, p_mw, q_mvar in ((1, 0.4, 0.1), (1, 0.2, 0.05), (2, 0.3, 0.1)):
        pp.create_load(net, bus, p_mw=p_mw, q_mvar=q_mvar, scaling=0.5)
    net.load["profile"] = ["H0-A", "G1-C", "H0-A"]
    pp.create_sgen(net, 1, p_mw=0.1, sn_mva=0.125, type="PV_MV")
    pp.create_sgen(net, 2, p_mw=0.2, sn_mva=0.2, type="lv_RES")
    pp.create_sgen(net, 2, p_mw=1.0, sn_mva=1.0, type="Wind_MV")
    net.sgen["profile"] = ["PV1", "PV3", "WP4"]
    net["profiles"] = {
        "load": shapes(1, "H0-A_pload", "H0-A_qload", "G1-C_pload", "G1-C_qload"),
        "renewables": shapes(2, "PV1", "PV3", "WP4"),
        "powerplants": shapes(3),
        "storage": pd.DataFrame({"time": []}),
    }
    return net


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, invented: pp.pandapowerNet) -> None:
    """A package simbench that holds the invented net alone."""
    module = SimpleNamespace(
        get_simbench_net=lambda _: deepcopy(invented), collect_all_simbench_codes=lambda **_: [CODE]
    )
    monkeypatch.setitem(sys.modules, "simbench", module)
    monkeypatch.setattr(cache, "_kept", type(cache._kept)())


def scenario(folder: Path, start: str = "2016-10-30T00:30", **parts) -> Path:
    """By default across the night that has the hour from 2 to 3 twice."""
    data = {
        "name": "mine",
        "network": {"kind": "simbench", "code": CODE},
        "clock": {"plan_step_min": 30, "sim_step_min": 5},
        "outage": {"start": start, "duration_min": 300, "first_order_min": 0},
        "site": {"latitude_deg": 51.3, "longitude_deg": 9.5, "timezone": "Europe/Berlin"},
        "local_areas": {"by": "section"},
        "load": QUIET,
        "switching": {"in_runs": False},
        "pv": {"variability_pct": 0, "day_sd_pct": 0},
        "units": {"pv": [{"id": "roof", "element": "sgen.0", "s_kva": 250}, {"id": "park", "element": "sgen.1"}]},
        **parts,
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    return folder / "mine.yaml"


def rows(net: pp.pandapowerNet, kind: str, shape: str) -> np.ndarray:
    """The 20 quarters from 00:30 on 30 October 2016: that night has an hour more than the clock shows."""
    table = net["profiles"][kind]
    first = table.index[table["time"] == "30.10.2016 00:30"][0]
    assert list(table["time"][first + 6 : first + 15 : 4].str[-5:]) == ["02:00", "02:00", "03:00"]
    return table[shape].to_numpy()[first : first + 20]


def test_forecast_and_what_happens_are_the_nets_own_profiles(package, invented, tmp_path: Path) -> None:
    case = load_case(scenario(tmp_path))
    profiles = Profiles(case)
    area = case.view.local_area_of_bus["b1"]
    load = 200 * rows(invented, "load", "H0-A_pload") + 100 * rows(invented, "load", "G1-C_pload")
    kvar = 50 * rows(invented, "load", "H0-A_qload") + 25 * rows(invented, "load", "G1-C_qload")
    happens = np.array([profiles.demand(t)[area] for t in range(0, 300, 5)])
    assert happens[:, 0] == pytest.approx(np.repeat(load, 3), abs=1e-3)
    assert happens[:, 1] == pytest.approx(np.repeat(kvar, 3), abs=1e-3)
    known = profiles.forecast(area, 0)
    assert known["demand_p_kw"] == pytest.approx(load.reshape(-1, 2).mean(axis=1), abs=1e-3)
    sun = np.array([profiles.pv_pu(t)["roof"] for t in range(0, 300, 5)])
    assert sun == pytest.approx(np.repeat(0.8 * rows(invented, "renewables", "PV1"), 3), abs=1e-5)
    assert "2 local areas and 2 PV units are forecast by the network's own" in " ".join(explain(case).split())


def test_demand_follows_the_scaling_and_what_is_left_out(package, invented, tmp_path: Path) -> None:
    load = {**QUIET, "scaling": 2.0, "unloaded_buses": ["b1"]}
    case = load_case(scenario(tmp_path, load=load))
    profiles = Profiles(case)
    energy_kwh = sum(sum(p for p, _ in profiles.demand(t).values()) for t in range(0, 300, 5)) / 12
    of_the_other_bus = 2.0 * 150 * rows(invented, "load", "H0-A_pload").sum() / 4
    assert energy_kwh == pytest.approx(of_the_other_bus, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"start": "2025-06-20T10:00"}, "outage.start = '2025-06-20T10:00:00': the profiles of SimBench"),
        ({"start": "2016-12-31T23:00"}, "from 2016-01-01 00:00 to 2017-01-01 00:00"),
        ({"site": {"latitude_deg": 39.9, "longitude_deg": 116.4, "timezone": "Asia/Shanghai"}}, "site.timezone"),
        ({"network": {"kind": "simbench", "code": "1-MV-invent--0-sw"}}, f"did you mean {CODE}?"),
    ],
)
def test_what_the_profiles_do_not_cover_is_one_message(package, tmp_path: Path, change: dict, told: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load_case(scenario(tmp_path, **change))
    assert len(error.value.problems) == 1 and told in str(error.value)


def test_without_profiles_any_time_and_place_will_do(package, tmp_path: Path) -> None:
    network = {"kind": "simbench", "code": CODE, "profiles": False}
    case = load_case(scenario(tmp_path, start="2025-06-20T10:00", network=network))
    assert not case.own_series and "own profiles" not in explain(case)


def test_without_the_package_its_remedy_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "simbench", None)
    with pytest.raises(ScenarioError, match=r"pip install relight\[simbench\]"):
        load_case(scenario(tmp_path))


def test_a_draft_of_one_has_its_profiles_and_no_noise(package, tmp_path: Path) -> None:
    made = draft(CODE, tmp_path, "mine")
    assert made.case.scenario.outage.start.year == 2016 and set(made.case.own_series) == {"load", "pv"}
    assert [one.element for one in made.case.scenario.units.pv] == ["sgen.0", "sgen.1"]
    assert made.case.scenario.load.actual.sd_pct == made.case.scenario.pv.variability_pct == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rural", "semiurb", "urban", "comm"])
def test_the_packages_own_networks_load_and_their_energy_is_that_of_their_profiles(kind: str, tmp_path: Path) -> None:
    simbench = pytest.importorskip("simbench")
    code = f"1-MV-{kind}--0-sw"
    case = draft(code, tmp_path, "mine").case
    profiles, net = Profiles(case), simbench.get_simbench_net(code)
    absolute = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)[("load", "p_mw")]
    times = net["profiles"]["load"]["time"]
    first = times.index[times == "17.06.2016 10:00"][0]
    theirs_kwh = 1000 * absolute.iloc[first : first + 20].to_numpy().sum() / 4
    ours_kwh = sum(sum(p for p, _ in profiles.demand(t).values()) for t in range(0, 300, 5)) / 12
    assert ours_kwh == pytest.approx(theirs_kwh, rel=1e-6)
