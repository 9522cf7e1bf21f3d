"""``relight validate --sequence`` and ``relight plan --sequence``: files, text and exit codes."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from relight.sim.cli import main

BY_HAND = str(Path(__file__).resolve().parents[3] / "scenarios" / "guo45" / "plans" / "by-hand.json")


def relight(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["relight", *arguments])
    try:
        main()
    except SystemExit as exit:
        return int(exit.code or 0)
    return 0


def test_a_clean_plan_comes_with_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sequence.csv"
    code = relight(monkeypatch, "validate", BY_HAND, "--scenario", "guo45/fault-0400", "--sequence", str(file))
    assert code == 0
    assert "step 1, minute 60: 1 operation in 1 min, possible" in capsys.readouterr().out
    with file.open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert [row["device"] for row in rows if row["step"] != "0"] == ["24-29", "38-39"]
    names = [row["device"] for row in rows]
    assert names.index("24-29") < names.index("ess.27")  # else areas that stay dark would be supplied in passing


def test_planning_writes_the_order_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, file = tmp_path / "plan.json", tmp_path / "sequence.json"
    short = ("--set", "outage.duration_min=60")
    arguments = ("plan", "guo45/fault-0400", "-o", str(plan), "--sequence", str(file), *short)
    assert relight(monkeypatch, *arguments) == 0
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["sequences"][0]["status"] == "possible"
    assert relight(monkeypatch, "validate", str(plan), "--scenario", "guo45/fault-0400", *short) == 0


def test_wrong_file_and_unknown_switch_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ("validate", BY_HAND, "--scenario", "guo45/fault-0400", "--sequence")
    assert relight(monkeypatch, *common, str(tmp_path / "none" / "s.csv")) == 2
    assert "--sequence" in capsys.readouterr().err
    options = ("--set", "switching.manual_switches=[9-10, 2-3]")
    assert relight(monkeypatch, *common, str(tmp_path / "s.csv"), *options) == 2
    assert "switching.manual_switches = '2-3': no such switch" in capsys.readouterr().err
    assert not (tmp_path / "s.csv").exists()


def test_the_page_shows_what_its_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "switching.md").read_text(encoding="utf-8")
    commands, shown = page.split("```")[1], page.split("```")[3].strip("\n")
    monkeypatch.chdir(tmp_path)
    assert relight(monkeypatch, *commands.split("\n")[1].split()[1:]) == 0
    printed = capsys.readouterr().out
    assert shown.count("step ") == 2 and printed[printed.index("step 0") :].startswith(shown)
