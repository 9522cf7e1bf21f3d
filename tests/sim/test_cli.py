"""How the command line ends when something fails: one line and a code, a traceback only if asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from relight.sim import cli
from relight.sim.planning import plan_once
from relight.sim.power_flow.island_topology import WorldError


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (WorldError("island 7: energy is not conserved"), "relight: island 7: energy is not conserved\n"),
        (KeyError("a\nb"), "relight: KeyError: 'a\\nb' (RELIGHT_TRACEBACK=1 shows where)\n"),
        (RuntimeError("two\n  lines"), "relight: RuntimeError: two lines (RELIGHT_TRACEBACK=1 shows where)\n"),
    ],
)
def test_whatever_fails_is_one_line_and_exit_3(error: Exception, told: str, monkeypatch, capsys, tmp_path) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(plan_once, "plan_once", fail)
    monkeypatch.setattr(sys, "argv", ["relight", "plan", "guo45/fault-0400", "-o", str(tmp_path / "plan.json")])
    for asked in ("", "1"):
        monkeypatch.setenv(cli.TRACEBACK, asked)
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        assert (end.value.code, printed.out) == (3, "")
        assert printed.err.endswith(told)
        assert ("Traceback" in printed.err) == bool(asked) == (printed.err != told)
    assert not list(tmp_path.iterdir())


AMID_AN_IMPORT = """
import signal
from relight.sim import cli

def app(**_):
    try:
        exec("signal.raise_signal(signal.SIGINT)", {"signal": signal})
    except KeyboardInterrupt:
        raise AttributeError("INVALID") from None

signal.signal(signal.SIGINT, signal.default_int_handler)
cli.app = app
cli.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a process of its own in another way")
def test_ctrl_c_is_told_as_such_amid_an_import(tmp_path: Path) -> None:
    (tmp_path / "amid.py").write_text(AMID_AN_IMPORT, encoding="utf-8")
    ended = subprocess.run([sys.executable, "-m", "amid"], cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "", "relight: interrupted\n")
