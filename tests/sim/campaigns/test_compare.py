"""Comparisons in several processes: the same bytes, and what ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from relight.sim.campaigns.compare import ComparisonStoppedError, compare_strategies
from support import three_bus_case
from support.tiny_study import CLOCK, OUTAGE, contents

HEAD = """import time
from dataclasses import replace

from relight.controllers.strategies.builtin import DYNAMIC, ISLANDED, STATIC
from relight.results.figures import drawing, run

drawing.RUN_FIGURES = {drawn}

Replanning, Once, Alone = (replace(known, name=known.name + "_too") for known in (DYNAMIC, STATIC, ISLANDED))


"""
"""Of a file of strategies: whatever process reads it draws these figures of a run and no others."""


@pytest.fixture
def small(tmp_path: Path) -> str:
    """The three-bus scenario for an hour."""
    return str(three_bus_case.write(tmp_path, clock=CLOCK, outage=OUTAGE))


@pytest.fixture
def mine(tmp_path: Path, no_run_figures) -> Callable[..., Path]:
    """Writes a file of strategies A, B, …, each with the body of its ``plan``; puts back what it changes here."""

    def write(*bodies: str, drawn: str = "{}") -> Path:
        made = (
            f"class {'AB'[k]}:\n    replans = False\n\n    def __init__(self, graph, steps): ...\n\n"
            f"    def plan(self, horizon):\n        {body}\n"
            for k, body in enumerate(bodies)
        )
        file = tmp_path / "mine.py"
        file.write_text(HEAD.replace("{drawn}", drawn) + "\n\n".join(made), encoding="utf-8")
        return file

    return write


def test_any_number_of_workers_leaves_the_same_files(tmp_path: Path, small: str, mine, monkeypatch, capsys) -> None:
    """Figures of the comparison apart, which this process draws either way; one figure stands for those of a run."""
    monkeypatch.setattr("relight.sim.campaigns.compare.draw_comparison_figures", lambda folder: [])
    file = mine(drawn='{"planned_served": run.planned_served}')
    names = [f"{file}:Replanning", f"{file}:Once"]
    told: list[str] = []
    for workers in (1, 2):
        compare_strategies([small], names, [3], tmp_path / f"with {workers}", workers=workers)
        told.append(capsys.readouterr().err)
    for folder in ("with 1", "with 2"):
        (tmp_path / folder / "timing.csv").unlink()  # wall times
    alone, together = contents(tmp_path / "with 1"), contents(tmp_path / "with 2")
    assert len(alone) > 20 and list(together) == list(alone)
    assert len([name for name in alone if "planned_served" in name]) == 4
    assert [name for name, content in alone.items() if together[name] != content] == []
    assert told[0] == told[1] == "1 of 2: small_dynamic_too_seed3\n2 of 2: small_static_too_seed3\n"


def test_a_failed_run_ends_the_comparison_with_its_reason(tmp_path: Path, small: str, mine) -> None:
    """The other process is at work on a run that would take minutes; nothing half-written stays of it."""
    file = mine("time.sleep(600)", "return {}['area']")
    with pytest.raises(ComparisonStoppedError, match=r"KeyError: 'area' \(mine.py, line 27\).*no run was") as error:
        compare_strategies([small], [f"{file}:A", f"{file}:B"], [0], tmp_path / "out", workers=2)
    assert error.value.folder == tmp_path / "out" / "runs" / "small_B_seed0"
    assert [path.name for path in (tmp_path / "out" / "runs").iterdir()] == ["small_B_seed0"]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a process of its own in another way")
def test_ctrl_c_is_told_at_once_and_keeps_finished_runs(tmp_path: Path, small: str, mine) -> None:
    mine("time.sleep(600)")
    command = [sys.executable, "-m", "relight.sim.cli", "compare", small, "--strategies", "mine.py:Alone,mine.py:A"]
    running = subprocess.Popen(
        [*command, "--workers", "2", "--out", "out"], stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    finished = tmp_path / "out" / "runs" / "small_islanded_too_seed0" / "manifest.json"
    end = time.monotonic() + 300
    while not finished.exists() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    _, err = running.communicate(timeout=60)
    assert running.returncode == 3 and "Traceback" not in err
    assert "interrupted; finished runs in " in err and ": 1; a comparison does not resume" in err
    assert [path.name for path in (tmp_path / "out" / "runs").iterdir()] == ["small_islanded_too_seed0"]
