"""Comparisons in several processes: the same bytes, and what ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from relight.sim.campaigns.compare import ComparisonStoppedError, compare_strategies
from support import three_bus_case
from support.tiny_study import CLOCK, OUTAGE, contents


@pytest.fixture
def small(tmp_path: Path) -> str:
    """The three-bus scenario for an hour."""
    return str(three_bus_case.write(tmp_path, clock=CLOCK, outage=OUTAGE))


def test_any_number_of_workers_leaves_the_same_files(tmp_path: Path, small: str, monkeypatch, capsys) -> None:
    """Figures of the comparison apart, which this process draws either way."""
    monkeypatch.setattr("relight.sim.campaigns.compare.draw_comparison_figures", lambda folder: [])
    told: list[str] = []
    for workers in (1, 2):
        compare_strategies([small], ["dynamic", "static"], [3], tmp_path / f"with {workers}", workers=workers)
        told.append(capsys.readouterr().err)
    for folder in ("with 1", "with 2"):
        (tmp_path / folder / "timing.csv").unlink()  # wall times
    alone, together = contents(tmp_path / "with 1"), contents(tmp_path / "with 2")
    assert len(alone) > 20 and list(together) == list(alone)
    assert [name for name, content in alone.items() if together[name] != content] == []
    assert told[0] == told[1] == "1 of 2: small_dynamic_seed3\n2 of 2: small_static_seed3\n"


def strategies(*bodies: str) -> str:
    """A file of strategies A, B, …, each with the body of its ``plan``."""
    made = (
        f"class {'AB'[k]}:\n    replans = False\n\n    def __init__(self, graph, steps): ...\n\n"
        f"    def plan(self, horizon):\n        {body}\n"
        for k, body in enumerate(bodies)
    )
    return "import time\n\n\n" + "\n\n".join(made)


def test_a_failed_run_ends_the_comparison_with_its_reason(tmp_path: Path, small: str) -> None:
    """The other process is at work on a run that would take minutes; nothing half-written stays of it."""
    (tmp_path / "mine.py").write_text(strategies("time.sleep(600)", "return {}['area']"), encoding="utf-8")
    names = [f"{tmp_path / 'mine.py'}:{name}" for name in "AB"]
    with pytest.raises(ComparisonStoppedError, match=r"KeyError: 'area' \(mine.py, line 19\).*no run was") as error:
        compare_strategies([small], names, [0], tmp_path / "out", workers=2)
    assert error.value.folder == tmp_path / "out" / "runs" / "small_B_seed0"
    assert [path.name for path in (tmp_path / "out" / "runs").iterdir()] == ["small_B_seed0"]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a process of its own in another way")
def test_ctrl_c_is_told_at_once_and_keeps_finished_runs(tmp_path: Path, small: str) -> None:
    (tmp_path / "mine.py").write_text(strategies("time.sleep(600)"), encoding="utf-8")
    command = [sys.executable, "-m", "relight.sim.cli", "compare", small, "--strategies", "islanded,mine.py:A"]
    running = subprocess.Popen(
        [*command, "--workers", "2", "--out", "out"], stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    finished = tmp_path / "out" / "runs" / "small_islanded_seed0" / "manifest.json"
    end = time.monotonic() + 300
    while not finished.exists() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    _, err = running.communicate(timeout=60)
    assert running.returncode == 3 and "Traceback" not in err
    assert "interrupted; finished runs in " in err and ": 1; a comparison does not resume" in err
    assert [path.name for path in (tmp_path / "out" / "runs").iterdir()] == ["small_islanded_seed0"]
