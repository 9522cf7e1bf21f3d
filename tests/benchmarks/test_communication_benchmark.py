"""The benchmark of communication outages: its runs and its intervals."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "communication.py"
spec = importlib.util.spec_from_file_location("benchmark_of_communication", FILE)
assert spec is not None and spec.loader is not None
benchmark = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = benchmark  # dataclasses look their module up
spec.loader.exec_module(benchmark)
Job, jobs, DURATIONS_MIN = benchmark.Job, benchmark.jobs, benchmark.DURATIONS_MIN


def test_runs_are_paired_and_what_nobody_hears_is_run_once() -> None:
    todo = jobs(30, 0.0, DURATIONS_MIN)
    assert len(todo) == len(set(todo)) == 30 * (5 + 6)
    assert {job.strategy for job in todo if job.duration_min == 300} == {"static"}
    assert len(jobs(30, 20.0, DURATIONS_MIN)) == 30 * 12


def test_the_interval_is_students() -> None:
    mean, half = benchmark.mean_and_half_width([1.0, 2.0, 3.0, 4.0])
    assert (mean, half) == pytest.approx((2.5, 3.1824 * math.sqrt(5 / 3) / 2), rel=1e-4)
    assert math.isnan(benchmark.mean_and_half_width([1.0])[1])


def test_losses_are_those_of_the_same_day(capsys: pytest.CaptureFixture[str]) -> None:
    served = {Job("dynamic", s, 0.0, 0): 10.0 + s for s in range(2)} | {
        Job("static", s, 0.0, d): (5.0 + s) * (1.0 if d == 0 else 0.7) for s in range(2) for d in (0, 300)
    }
    benchmark.tell(served, 2, 0.0, (0, 300))
    rows = capsys.readouterr().out.splitlines()
    assert rows[-1] == "| 300 | static | 3.85 | 30.0 ± 0.0 | no |"
    assert rows[4].startswith("| 300 | dynamic | 3.85 | 63.")
