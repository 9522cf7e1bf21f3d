"""How the command line ends when something fails: one line and a code, a traceback only if asked for."""

from __future__ import annotations

import sys
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
