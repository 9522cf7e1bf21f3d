"""Scenarios of well-known networks: every command takes them, and a run's flows and energies are those of the net."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from relight.results.run.read import RunTables, read_run
from relight.scenarios.case import Case
from relight.scenarios.explain import explain
from relight.scenarios.loader import load_case
from support.brought.rebuilt_run import PlainNet
from support.brought.well_known import NETWORKS, OUTAGES, Network, marked

SHORT = tuple(
    word
    for change in ("outage.duration_min=30", "dispatch_centre.node_limit=50", "dispatch_centre.check_optimum=false")
    for word in ("--set", change)
)
WORDS = {
    "bus": "buses", "line": "lines", "trafo": "two-winding transformers", "switch": "switches", "load": "loads",
    "ext_grid": "external grids", "shunt": "shunts",
}  # fmt: skip
"""Tables of a net, and what ``relight check`` calls what is in them."""

both_outages = pytest.mark.parametrize("outage", OUTAGES)
small = pytest.mark.parametrize("network", marked(one for one in NETWORKS if one.small))
every = pytest.mark.parametrize("network", marked(NETWORKS))


def counted(net: Any, named: tuple[str, ...]) -> dict[str, int]:
    """What is there: in service, or a line that the scenario names as an open switch."""
    found: dict[str, int] = {}
    for table, word in WORDS.items():
        rows = net[table]
        ids = [str(name) if str(name) in named else f"{table}.{k}" for k, name in rows.name.items()]
        there = rows.in_service.astype(bool) if "in_service" in rows else pd.Series(True, rows.index)
        if count := int((there | pd.Series(ids, rows.index).isin(named)).sum()):
            found[word] = count
    return found


@every
def test_what_check_counts_is_what_the_net_holds(network: Network) -> None:
    case, net = load_case(f"{network.folder}/first-line"), network.net()
    read = {entry.what: entry for entry in case.account.read if entry.what in WORDS.values()}
    assert {what: entry.count for what, entry in read.items()} == counted(net, case.scenario.network.switchable)
    load_mw = (net.load.p_mw * net.load.scaling)[net.load.in_service.astype(bool)].sum()
    assert read["loads"].p_kw == pytest.approx(1000 * load_mw, abs=1e-6)
    text = " ".join(explain(case).split())
    assert f"Network {len(net.bus)} buses at" in text and f"of {len(net.bus)} buses" in text
    for entry in case.account.read:
        assert " ".join(str(entry).split()) in text


@both_outages
@small
def test_commands_take_the_small_ones(relight, no_drawing, network: Network, outage: str, tmp_path: Path) -> None:
    name = f"{network.folder}/{outage}"
    assert relight("check", name)[0] == 0
    assert relight("plan", name, *SHORT, "-o", "plan.json")[0] == 0
    assert relight("validate", "plan.json", "--scenario", name, *SHORT)[0] == 0
    assert relight("run", name, "--strategy", "greedy", *SHORT, "--out", "run")[0] == 0
    assert_as_pandapower(network, load_case(name, SHORT[1::2]), tmp_path / "run", every=2)


@pytest.mark.slow
@both_outages
@every
def test_commands_take_all_of_them_whole(relight, no_drawing, network: Network, outage: str, tmp_path: Path) -> None:
    name = f"{network.folder}/{outage}"
    assert relight("check", name)[0] == 0
    assert relight("plan", name, "-o", "plan.json")[0] == 0
    assert relight("validate", "plan.json", "--scenario", name)[0] == 0
    assert relight("run", name, "--out", "run")[0] == 0
    assert_as_pandapower(network, load_case(name), tmp_path / "run", every=6)
    if network.simbench:
        assert_its_profiles(network, read_run(tmp_path / "run"))


def assert_as_pandapower(network: Network, case: Case, folder: Path, every: int) -> None:
    """Flows of some steps, and the energy balance of all."""
    run, summary = read_run(folder), json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    plain, times = PlainNet(network.net(), case, run), sorted(set(run.bus["time_min"]))
    assert len(times) == case.scenario.outage.duration_min / case.scenario.clock.sim_step_min
    assert sum(plain.check(time_min) for time_min in times[::every]) > 0
    assert run.island["mismatch_kw"].abs().max() <= 1e-3
    hours = case.scenario.clock.sim_step_min / 60
    inside = run.local_area[run.local_area["in_outage_area"] == 1]
    for column, key in (("demand_kw", "demand_energy_mwh"), ("served_kw", "served_energy_mwh")):
        assert summary[key] == pytest.approx(inside[column].sum() * hours / 1000, abs=1e-6)
    assert summary["demand_energy_mwh"] > 0


def assert_its_profiles(network: Network, run: RunTables) -> None:
    """Demand of all areas, as the package itself multiplies loads by their profiles."""
    import simbench

    net = network.net()
    loads = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)["load", "p_mw"]
    times = net["profiles"]["load"]["time"]
    first = times.index[times == run.scenario.outage.start.strftime("%d.%m.%Y %H:%M")][0]
    quarters = run.scenario.outage.duration_min // 15
    theirs_kw = 1000 * loads.iloc[first : first + quarters].sum(axis=1).to_numpy()
    ours_kw = run.local_area.groupby("time_min")["demand_kw"].sum().to_numpy().reshape(quarters, -1)
    np.testing.assert_allclose(ours_kw, np.broadcast_to(theirs_kw[:, None], ours_kw.shape), rtol=0, atol=1e-3)
