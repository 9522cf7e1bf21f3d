"""Deviation of served from planned energy, and Student's interval."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "deviation.py"
spec = importlib.util.spec_from_file_location("deviation_benchmark", FILE)
assert spec is not None and spec.loader is not None
benchmark = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = benchmark
spec.loader.exec_module(benchmark)
deviation, student_interval = benchmark.deviation, benchmark.student_interval


def run(planned: list[float], served: list[float], promised: list[float], step_min: float = 60.0) -> Any:
    """LA ``a`` as given, with an LA outside the outage area that must not count."""
    rows = []
    for k, (p, s) in enumerate(zip(planned, served, strict=True)):
        rows.append((k * step_min, "a", 1, p, s))
        rows.append((k * step_min, "outside", 0, 50.0, 0.0))
    table = pd.DataFrame(rows, columns=["time_min", "local_area", "in_outage_area", "planned_kw", "served_kw"])
    steps = [
        {"start_min": k * step_min, "local_areas": {"a": {"demand_kw": p}, "outside": {"demand_kw": 50.0}}}
        for k, p in enumerate(promised)
    ]
    plans = [{"step_min": step_min, "steps": steps}]
    return SimpleNamespace(local_area=table, plans=plans, end_min=len(planned) * step_min)


def test_readings_of_deviation() -> None:
    found = deviation(run([100, 100, 100, 100, 0], [90, 110, 80, 100, 0], [100, 100, 200, 100, 100]))
    assert found.net_pct == pytest.approx(100 * 20 / 400)
    assert found.gross_pct == pytest.approx(100 * 40 / 400)
    assert found.first_pct == pytest.approx(100 * (600 - 380) / 600)
    assert found.first_early_pct == pytest.approx(100 * (400 - 280) / 400)


def test_served_as_planned_deviates_by_nothing_and_nothing_planned_has_no_deviation() -> None:
    same = deviation(run([100.0] * 5, [100.0] * 5, [100.0] * 5))
    assert (same.net_pct, same.gross_pct, same.first_pct, same.first_early_pct) == pytest.approx((0, 0, 0, 0))
    assert math.isnan(deviation(run([0.0] * 5, [10.0] * 5, [100.0] * 5)).net_pct)


def test_a_step_that_ends_after_the_early_hours_counts_in_part() -> None:
    found = deviation(run([100.0] * 3, [100.0] * 3, [100.0] * 3, step_min=120))
    assert found.first_early_pct == pytest.approx(0)


def test_students_interval() -> None:
    found = student_interval([1.0, 2.0, 3.0, 4.0])
    assert (found.mean, found.count) == (2.5, 4)
    assert found.high - found.mean == pytest.approx(3.182446 * math.sqrt(5 / 3) / 2, rel=1e-6)
    assert student_interval([7.0]).high == math.inf
    with pytest.raises(ValueError, match="finite"):
        student_interval([1.0, math.nan])
    rng = np.random.default_rng(0)
    held = [(i := student_interval(rng.normal(3, 2, 12).tolist())).low < 3 < i.high for _ in range(1000)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
