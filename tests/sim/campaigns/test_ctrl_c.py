"""Ctrl-C at ten moments of a run and of a comparison: told at once, and what is finished is kept, whole."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MOMENTS = 10
AT_ONCE_S = 5.0
"""A second, on a machine that has nothing else to do."""
WINDOW = ("--set", "outage.duration_min=60")
COMMANDS = {
    "run": ("run", "guo45/field-1000", *WINDOW, "--out", "out"),
    "compare": ("compare", "guo45/field-1000", *WINDOW, "--strategies", "static,greedy", "--out", "out"),
}
BY_SIGNAL = -signal.SIGINT
"""How Python ends when Ctrl-C comes on its way out, after all that is ours."""
RUNS = {"run": 1, "compare": 2}


def started(folder: Path, command: tuple[str, ...]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "relight.sim.cli", *command], cwd=folder, text=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def told_after_s(running: subprocess.Popen[str]) -> tuple[float, str]:
    """How long after now the process says that it was interrupted (or ends), and all that it says."""
    begun, said = time.monotonic(), ""
    assert running.stderr is not None
    for line in running.stderr:
        said += line
        if "interrupted" in line:
            break
    seconds = time.monotonic() - begun
    return seconds, said + running.stderr.read()


def whole_runs(folder: Path) -> list[Path]:
    """Folders of runs, each with all its tables and none half-written beside it."""
    found = [file.parent for file in folder.rglob("manifest.json")]
    assert not list(folder.rglob(".*"))
    for run in found:
        assert json.loads((run / "manifest.json").read_text(encoding="utf-8"))["status"] in ("complete", "failed")
        assert (run / "summary.json").is_file() and (run / "report.html").is_file()
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a process of its own in another way")
@pytest.mark.parametrize("name", COMMANDS)
def test_at_ten_moments(name: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    undisturbed = started(tmp_path, COMMANDS[name])
    assert undisturbed.communicate()[1] is not None and undisturbed.returncode == 0
    length_s = time.monotonic() - begun
    waited: list[float] = []
    for k in range(MOMENTS):
        folder = tmp_path / str(k)
        folder.mkdir()
        running = started(folder, COMMANDS[name])
        time.sleep(length_s * (k + 0.9) / (MOMENTS + 1))
        running.send_signal(signal.SIGINT)
        seconds, said = told_after_s(running)
        ended, found = running.wait(), whole_runs(folder)
        assert "Traceback" not in said
        if "interrupted" in said:
            assert ended == 3
            waited.append(seconds)
        else:  # too late: all was done, and the process was on its way out
            assert ended in (0, BY_SIGNAL) and k == MOMENTS - 1 and len(found) == RUNS[name], said
    print([round(seconds, 2) for seconds in waited])
    assert len(waited) >= MOMENTS - 1 and max(waited) <= AT_ONCE_S, waited
