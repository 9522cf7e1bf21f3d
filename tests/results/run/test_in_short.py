"""The paragraph that opens reports says what the tables say: worked by hand, and computed again from random runs."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pytest

from relight.controllers.strategies.named import strategy_named
from relight.results.run.in_short import in_short, losses_of
from relight.results.run.read import RunTables
from relight.results.run.recorder import Recorder
from relight.results.run.summary import summarise
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from support.small_cases import seeds
from support.synthetic_run import in_memory, make_plan, make_scenario

FAST = ("dispatch_centre.mip_gap=0.05", "dispatch_centre.node_limit=20", "outage.duration_min=60")


def area(time: float, name: str, demand: float, served: float, energised: int = 1) -> dict[str, Any]:
    return {
        "time_min": time, "local_area": name, "section": "a", "in_outage_area": 1, "priority": 1.0, "customers": 1.0,
        "energised": energised, "shed": int(energised and not served), "demand_kw": demand, "demand_kvar": 0.0,
        "planned_kw": served, "served_kw": served, "served_kvar": 0.0,
    }  # fmt: skip


def by_hand() -> RunTables:
    """Six steps: a has supply from 10 min on but for 15 to 20, b from 10 to 20, c never; d asks for nothing."""
    recorder = Recorder()
    for k in range(6):
        time = 5.0 * k
        recorder.add("local_area", [
            area(time, "a", 120.0, 120.0 if k in (2, 4, 5) else 0.0, int(k > 1)),
            area(time, "b", 60.0, 60.0 if k in (2, 3) else 0.0, int(k in (2, 3))),
            area(time, "c", 20.0, 0.0, 0),
            area(time, "d", 0.0, 0.0, 0),
        ])  # fmt: skip
        recorder.add("switch", [{"time_min": time, "switch": "1-2", "closed": 1, "operated": 0}])
    recorder.add_event(15.0, "la_shed", "a", 120.0, "kW", cause="ess.1 would have been asked for 180.0 of 100.0 kW")
    recorder.add_event(20.0, "island_dark", "9", 3, "buses", cause="1-2 was opened")
    first = make_plan("dynamic", 30.0, 2, 100.0) | {"note": "c has no switch that leads to it"}
    later = make_plan("dynamic", 30.0, 1, 100.0)
    for plan in (first, first, later):
        recorder.add_plan(plan)
    return in_memory(recorder, make_scenario(steps=6, start="2025-06-21T10:00"))


def test_the_paragraph_of_a_run_worked_by_hand() -> None:
    assert in_short(by_hand(), summarise(by_hand(), check_energy=False)) == (
        "At 10:00 the loss of the upstream grid cut off 3 of 3 areas, which ask for 200 kW. The first customers had "
        "supply again at 10:10, most at 10:10 (180 of 200 kW); over the window 0.04 of 0.10 MWh (40 %) were served. "
        "Never supplied: area c. The first plan says why: c has no switch that leads to it. Supply was lost again 2 "
        "times: 10:15–10:20 area a (120 kW): ess.1 would have been asked for 180.0 of 100.0 kW; 10:20 to the end area "
        "b (60 kW): 1-2 was opened. 3 plans were made, of which 1 changed what the one before had for the same time; "
        "the first one promised 0.00 MWh. Every plan is proven to be within 0.05 % of the best that its forecast "
        "allows."
    )


def test_a_run_in_which_nothing_comes_back_says_so() -> None:
    run = by_hand()
    run.local_area.loc[:, "served_kw"] = 0.0
    text = in_short(run, summarise(run, check_energy=False))
    assert "Nobody got supply back." in text and "Nobody who had supply lost it again." in text
    assert "Never supplied" not in text, "that is said already"


@pytest.mark.parametrize("seed", seeds(2, 100))
def test_every_claim_equals_the_tables_of_random_runs(seed: int) -> None:
    strategy = ("dynamic", "static", "greedy")[seed % 3]
    name = ("guo45/storm", "guo45/fault-1000", "guo45/second-fault", "guo45/cloudy-1000")[seed % 4]
    case, log = load_case(name, FAST, seed), RunLog()
    run_world(case, strategy_named(strategy), seed, log, engine="power-grid-model")
    run = in_memory(log.recorder, case.scenario, strategy)
    summary = summarise(run)
    text = in_short(run, summary)

    supplied: dict[str, list[bool]] = defaultdict(list)
    first = [row for row in run.local_area.to_dict("records") if row["time_min"] == run.local_area["time_min"].min()]
    for row in run.local_area.to_dict("records"):
        if row["demand_kw"] > 0 and row["in_outage_area"] == 1:
            supplied[row["local_area"]].append(row["served_kw"] > 0)
    lost = [row for row in first if row["in_outage_area"] == 1 and row["demand_kw"] > 0]
    told = re.search(r"cut off (\d+) of (\d+) areas?, which ask for ([\d,]+) kW", text)
    assert told is not None
    kw = sum(row["demand_kw"] for row in lost)
    assert (int(told[1]), float(told[3].replace(",", ""))) == (len(lost), pytest.approx(kw, abs=0.5))
    never = [la for la, on in supplied.items() if not any(on)]
    if told := re.search(r"Never supplied: areas? ([^.]*)\.", text):
        names = re.split(r", | and ", told[1])
        more = next((int(one.split()[0]) for one in names if one.endswith(" more")), 0)
        assert len([one for one in names if not one.endswith(" more")]) + more == len(never)
        assert {one for one in names if not one.endswith(" more")} <= set(never)
    else:
        assert len(never) in (0, len(supplied))
    losses = losses_of(run)
    assert len(losses) == summary["interruptions"]
    told = re.search(r"Supply was lost again (\d+) time", text)
    assert (int(told[1]) if told else 0) == len(losses)
    for one in losses:
        rows = run.local_area[run.local_area["local_area"] == one.local_area].set_index("time_min")["served_kw"]
        assert rows[one.begin_min] == 0 and rows[one.begin_min - 5] > 0
        assert one.end_min is None or rows[one.end_min] > 0
        assert one.cause, f"{one} of {name} under {strategy} has no cause"
    if told := re.search(r"over the window ([\d.]+) of ([\d.]+) MWh", text):
        mwh = summary["served_energy_mwh"], summary["demand_energy_mwh"]
        assert (float(told[1]), float(told[2])) == pytest.approx(mwh, abs=0.005 + 1e-9)
    assert (f"{len(run.plans)} plans were made" if len(run.plans) > 1 else "One plan was made") in text
