"""The world on the shipped cases, under a short sequence of orders written by hand."""

from __future__ import annotations

import pytest

from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from support.networks import Run, order


def demand(case: Case, share: float) -> dict[str, tuple[float, float]]:
    """A share of each LA's peak, at power factor 0.95."""
    peak_kw = {la.id: sum(case.base_load_kw.get(b, 0.0) for b in la.buses) for la in case.view.local_areas.values()}
    return {la: (kw * share, kw * share * 0.3287) for la, kw in peak_kw.items()}


def test_guo45_black_start_merge_nbsu_start_and_pv():
    case = load_case("guo45/fault-0400", ["local_areas.load_control=area"])
    run = Run(case, demand(case, 0.3))
    run.pv_pu = dict.fromkeys(case.view.pv, 0.2)
    opened = dict.fromkeys(("1-24", "24-29", "38-39"), False)
    run.step(order("ess.25", "form"), order("ess.27", "follow", 50), order("ess.37", "form"), switches=opened)
    assert [row["balance_unit"] for row in run.record.series["island"]] == ["ess.25", "ess.37"]
    assert run.violations == [] and run.shed == {"29", "30", "31"}, "200 kVA are too little for ten areas"
    run.step(order("ess.37", "follow", 100), order("nbsu.36", "starting"), switches={"24-29": True})
    assert ("nbsu_start", "nbsu.36") in run.events and run.violations == []
    run.step(pick_up=["29", "30", "31"])
    assert [row["balance_unit"] for row in run.record.series["island"]] == ["ess.25"] and run.shed == set()
    run.step(order("pv.28", "follow", 200), steps=3)
    assert ("pv_connected", "pv.28") in run.step().events
    run.step(order("nbsu.36", "follow", 150))
    assert run.unit("pv.28")["p_kw"] == 200 and run.unit("nbsu.36")["p_kw"] == 150
    assert run.violations == [] and run.shed == set()
    (island,) = run.record.series["island"]
    assert island["generation_kw"] == pytest.approx(350) and island["buses"] == 15
    assert abs(island["mismatch_kw"]) < 1e-3 and 0 < island["losses_kw"] < 10
    assert 0.99 < island["vm_min_pu"] <= island["vm_max_pu"] <= 1.01


def test_cigre_mv_an_island_from_storage_grows_until_its_cables_give_too_much_reactive_power():
    case = load_case("cigre_mv/blackout", ("switching.in_runs=false", "world.pick_up_limit_pct=null"))
    run = Run(case, demand(case, 0.3))
    around = {branch.id: False for branch in case.view.branches.values() if branch.switchable and branch.closed}
    run.step(order("battery.5", "form"), switches={b: c for b, c in around.items() if run.grid.switch_states()[b]})
    (island,) = run.record.series["island"]
    assert island["balance_unit"] == "battery.5" and island["buses"] == 2 and abs(island["mismatch_kw"]) < 1e-3
    assert run.violations == []
    run.step(switches={"Line 3-4": True, "Line 12-13": True, "Trafo 0-12": True})
    assert run.island("Bus 2")["buses"] == 4 and run.violations == []
    run.demand = demand(case, 0.02)
    run.step(switches={"Line 1-2": True, "Trafo 0-1": True, "Line 5-6": True, "Line 6-7": True, "Line 8-9": True})
    assert ("collapse", "Bus 0") in run.events
    (text,) = [row["text"] for row in run.record.events if row["kind"] == "collapse"]
    assert text.startswith("reactive surplus")
    dark = {row["bus"] for row in run.record.series["bus"] if row["vm_pu"] is None}
    assert dark == set(case.view.buses)
