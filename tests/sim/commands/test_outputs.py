"""Where commands write to: the terminal, regular files only, and disks that are full."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from relight.controllers.exchange.plan import Plan
from support import three_bus_case

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    return str(three_bus_case.write(tmp_path, outage={"duration_min": 30}))


def test_a_plan_is_printed_and_what_is_said_of_it_does_not_stand_in_it(relight: Call, scenario: str) -> None:
    code, out, err = relight("plan", scenario, "-o", "-")
    assert code == 0
    assert Plan.model_validate_json(out).scenario == "small"
    assert "planned in 1 steps" in err


def test_so_are_a_verdict_and_a_sequence_and_not_both(relight: Call, scenario: str) -> None:
    assert relight("plan", scenario, "-o", "plan.json")[0] == 0
    _, out, err = relight("validate", "plan.json", "--scenario", scenario, "--out", "-")
    assert out.startswith("{") and "plan.json" in err
    _, out, err = relight("validate", "plan.json", "--scenario", scenario, "--sequence", "-")
    assert out.startswith(("{", "[")) and "plan.json" in err
    code, out, err = relight("validate", "plan.json", "--scenario", scenario, "--out", "-", "--sequence", "-")
    assert (code, out) == (2, "") and "name another" in err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
@pytest.mark.parametrize("command", ["plan", "strategy"])
def test_only_regular_files_are_replaced(relight: Call, scenario: str, tmp_path: Path, command: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    arguments = ["plan", scenario] if command == "plan" else ["strategy", "template"]
    code, _, err = relight(*arguments, "-o", "pipe")
    assert code == 2 and "pipe" in err
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_full_disk_is_one_line_and_keeps_what_was_finished(
    relight: Call, scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_run_figures: None,
    one_process: None,
) -> None:  # fmt: skip
    """The second run finds no room; the first one is there, whole, and of the second nothing."""
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if "greedy" in str(path.parent):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    code, _, err = relight("compare", scenario, "--strategies", "static,greedy", "--out", "both")
    assert code == 3
    assert "no space left on device" in err.lower() and "Traceback" not in err
    runs = sorted(path.name for path in tmp_path.rglob("summary.json"))
    assert runs == ["summary.json"]
    assert not [path for path in tmp_path.rglob("*greedy*") if path.is_file()]


def test_a_message_moves_no_cursor(relight: Call) -> None:
    code, _, err = relight("check", "no\x1b[31msuch\x07")
    assert code == 2
    assert "\x1b" not in err and "\\x1b[31m" in err
