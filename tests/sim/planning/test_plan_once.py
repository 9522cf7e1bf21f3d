"""A plan without a run says itself what did not go as hoped."""

from __future__ import annotations

import json
from pathlib import Path

from relight.controllers.exchange.plan import Plan
from relight.scenarios.loader import load_case
from relight.sim.planning.plan_once import plan_once
from support.three_bus_case import write

OUTAGE = {"duration_min": 60, "faulted_branches": ["a-b"]}


def planned(tmp_path: Path, *overrides: str) -> Plan:
    return plan_once(load_case(write(tmp_path, outage=OUTAGE), overrides), "dynamic").plan


def test_a_plan_carries_its_note(tmp_path: Path) -> None:
    plan = planned(tmp_path, "dispatch_centre.time_limit_s=1e-6")
    assert plan.status == "fallback" and "nothing is restored" in plan.note
    assert str(plan).endswith(f"note: {plan.note}")
    plan.write(tmp_path / "plan.json")
    assert Plan.model_validate_json((tmp_path / "plan.json").read_text(encoding="utf-8")) == plan


def test_a_plan_with_nothing_to_say_has_no_note(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    plan.write(tmp_path / "plan.json")
    assert "note" not in json.loads((tmp_path / "plan.json").read_text(encoding="utf-8")) and "note" not in str(plan)
