"""The dispatch centre's plans of stressed scenarios, checked by the validator before they are issued."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from relight.controllers.planning.planner import PlanRecord
from relight.scenarios.case import Case
from relight.sim.planning.plan_once import plan_once
from relight.sim.validation.validator import Validator

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "stressed.py"
spec = importlib.util.spec_from_file_location("benchmark_of_repair", FILE)
assert spec is not None and spec.loader is not None
stressed = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = stressed  # dataclasses look their module up
spec.loader.exec_module(stressed)

QUICK = {"unit_energy": ("high_pv", 1), "power_balance": ("tight_voltage", 1), "unit_q": ("tight_voltage", 2),
         "unit_s": ("full_inverters", 1), "overload": ("thin_lines", 2)}  # fmt: skip

LONG = ("unit_s", "overload")
"""Kinds whose cases take longest, only with -m slow; test_repair.py has them on small networks."""


def planned(case: Case, verify: str) -> PlanRecord:
    return plan_once(stressed.with_options(case, verify=verify), "dynamic")


@pytest.mark.parametrize("kind", [pytest.param(k, marks=pytest.mark.slow) if k in LONG else k for k in QUICK])
def test_violations_of_a_kind_are_repaired(kind: str, tmp_path: Path) -> None:
    case = stressed.stressed_case(*QUICK[kind], tmp_path)
    off, record = planned(case, "off").plan, planned(case, "repair")
    judge = Validator(case)
    before = judge.validate(off).by_kind
    assert kind in before and judge.validate(record.plan).clean
    assert record.plan.checks[0].violations_by_kind == before
    assert record.plan.checks[0].learnt and "given up" in record.note
    assert (record.plan.objective or 0.0) <= (off.bound or 0.0) + 1e-6
    if all(check.then == "dispatch" for check in record.plan.checks):
        assert record.plan.planned_energy_kwh == pytest.approx(off.planned_energy_kwh)


def test_off_and_report_issue_the_plan_as_it_is(tmp_path: Path) -> None:
    case = stressed.stressed_case(*QUICK["unit_energy"], tmp_path)
    off, report = planned(case, "off").plan, planned(case, "report")
    assert off.checks == [] and report.plan.model_copy(update={"checks": [], "note": off.note}) == off
    (check,) = report.plan.checks
    assert check.then == "issue" and "unit_energy" in check.violations_by_kind and "unit_energy" in report.note
    assert planned(case, "repair").plan.model_dump_json() == planned(case, "repair").plan.model_dump_json()
