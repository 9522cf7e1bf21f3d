"""The command line's contract: commands, folders, exit codes, one clear message and never a traceback."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from relight.sim.commands.compare import parse_seeds
from support import three_bus_case

FAST = [
    *("--set", "outage.duration_min=30", "--set", "clock.sim_step_min=15"),
    *("--set", "dispatch_centre.mip_gap=0.05"),
]


def test_check_explains(relight) -> None:
    code, out, err = relight("check", "guo45/fault-0400")
    assert (code, err) == (0, "")
    for fact in ("45 buses", "13", "ess.27", "12-13"):
        assert fact in out


def test_check_lists_every_error_at_once(relight, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        "extends: guo45/fault-0400\nname: bad\ncolour: red\nload: {peak_kw: -4}\nclock: {sim_step_min: 7}\n"
        "outage: {faulted_branches: ['1-45']}\nunits: {pv: [{id: pv.99, bus: '99', s_kva: 5}]}\n",
        encoding="utf-8",
    )
    code, out, err = relight("check", "bad.yaml")
    assert (code, out) == (2, "")
    for mistake in ("colour", "peak_kw", "sim_step_min", "1-45", "99"):
        assert mistake in err
    assert "Traceback" not in err and len(err.splitlines()) >= 5


def test_run_writes_the_folder_of_the_contract_and_refuses_to_overwrite(
    relight, only_png, tmp_path: Path, request
) -> None:
    command = ("run", "guo45/fault-0400", "--strategy", "static", "--seed", "3", "--out", "here", *FAST)
    code, out, _ = relight(*command)
    assert code == 0 and "Energy (MWh)" in out and "  served " in out
    assert out.endswith(f"report:     {Path('here', 'report.html')}\n")
    assert (tmp_path / "here" / "report.html").is_file() and (tmp_path / "here" / "network.json").is_file()
    summary = json.loads((tmp_path / "here" / "summary.json").read_text(encoding="utf-8"))
    assert summary["seed"] == 3 and summary["scenario"] == "guo45/fault-0400" and summary["strategy"] == "static"
    for key in (
        "demand_energy_mwh", "planned_energy_mwh", "served_energy_mwh", "weighted_served_energy_mwh", "energy_mwh",
        "switch_operations", "interruptions", "ac", "plans",
    ):  # fmt: skip
        assert key in summary
    assert {"pv", "ess_discharge", "ess_charge", "nbsu", "infeed", "losses"} <= summary["energy_mwh"].keys()
    assert {"steps", "converged", "violated_steps", "violations_by_kind"} <= summary["ac"].keys()
    assert {"count", "worst_gap", "all_proven"} <= summary["plans"].keys()
    code, _, err = relight(*command)
    assert code == 2 and "--overwrite" in err
    request.getfixturevalue("no_run_figures")
    assert relight(*command, "--overwrite")[0] == 0


def test_without_out_a_run_gets_a_folder_of_its_own(relight, no_drawing, tmp_path: Path) -> None:
    small = str(three_bus_case.write(tmp_path, outage={"duration_min": 30}))
    for _ in range(2):
        assert relight("run", small, "--strategy", "static")[0] == 0
    names = sorted(path.name for path in (tmp_path / "results" / "runs").iterdir())
    assert names == ["small_static_seed0", "small_static_seed0-2"]


def test_compare_then_report(relight, no_run_figures, only_png, tmp_path: Path) -> None:
    small = str(three_bus_case.write(tmp_path, outage={"duration_min": 30}))
    code, out, _ = relight("compare", small, "--seeds", "0..1", "--workers", "1", "--out", "c")
    assert code == 0 and "dynamic" in out and "static" in out and max(map(len, out.splitlines())) <= 80
    assert out.endswith(f"report:  {Path('c', 'report.html')}\n")
    figures = sorted((tmp_path / "c" / "figures").iterdir())
    reports = [tmp_path / "c" / "report.html", next((tmp_path / "c" / "runs").iterdir()) / "report.html"]
    pages = [path.read_bytes() for path in reports]
    for path in (*figures, *reports):
        path.unlink()
    code, out, _ = relight("report", "c")
    assert code == 0 and out.splitlines()[-1] == str(Path("c", "report.html"))
    assert sorted((tmp_path / "c" / "figures").iterdir()) == figures
    assert relight("report", str(reports[1].parent))[0] == 0
    assert [path.read_bytes() for path in reports] == pages


def test_version(relight) -> None:
    assert relight("--version") == (0, f"relight {version('relight')}\n", "")


@pytest.mark.parametrize(("environment", "plain"), [({}, False), ({"NO_COLOR": "1"}, True), ({"TERM": "dumb"}, True)])
def test_a_terminal_gets_emphasis_unless_it_is_not_wanted(relight, tmp_path: Path, environment, plain: bool) -> None:
    (tmp_path / "t.csv").write_text("time_min,local_area,demand_kw,served_kw\n0,a,10,0\n30,a,10,10\n", encoding="utf-8")
    arguments = ("metrics", "t.csv", "--end-min", "60")
    command = [sys.executable, "-m", "relight.sim.cli", *arguments]
    here = {"TERM": "xterm", **environment}
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    _, piped, _ = relight(*arguments)  # into what is no terminal
    terminal, other_end = os.openpty()
    child = subprocess.Popen(command, stdout=other_end, stderr=subprocess.DEVNULL, cwd=tmp_path, env=inherited | here)
    os.close(other_end)
    shown = b""
    with contextlib.suppress(OSError):  # what Linux raises at the end of a terminal
        while part := os.read(terminal, 4096):
            shown += part
    os.close(terminal)
    assert child.wait() == 0 and "\x1b" not in piped and "SAIDI" in piped
    text = shown.decode().replace("\r\n", "\n")
    assert (text == piped) == plain
    assert re.sub("\x1b\\[[012]m", "", text) == piped


def test_metrics_of_a_run_and_of_another_tools_table(relight, no_run_figures, tmp_path: Path) -> None:
    intervals = ("--set", "dispatch_centre.source_intervals=true")
    assert relight("run", "guo45/fault-0400", "--strategy", "static", "--out", "r", *FAST, *intervals)[0] == 0
    code, out, _ = relight("metrics", "r", "--format", "csv")
    assert code == 0 and out == (tmp_path / "r" / "metrics.csv").read_text(encoding="utf-8")
    code, out, _ = relight("metrics", "r")
    assert code == 0 and "SAIDI" in out and ".." in out and max(map(len, out.splitlines())) <= 80
    plan = json.loads(next((tmp_path / "r" / "plans").iterdir()).read_text(encoding="utf-8"))
    (tmp_path / "r" / "metrics.csv").unlink()
    assert "metrics.csv" in relight("report", "r")[1]
    assert (tmp_path / "r" / "metrics.csv").is_file()
    energy = plan["source_energy_kwh"]["nbsu_net"]
    assert energy["least"] <= energy["planned"] <= energy["largest"]
    table = "time_min,local_area,demand_kw,served_kw\n0,a,10,0\n30,a,10,10\n"
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    code, out, _ = relight("metrics", "t.csv", "--end-min", "120", "--format", "markdown")
    assert code == 0 and "| SAIDI (`saidi_min`) | 30.0 |" in out
    code, out, err = relight("metrics", "t.csv", "--end-min", "20")
    assert (code, out) == (2, "") and "t.csv: ends at 20 min" in err
    assert relight("metrics", "r", "--end-min", "20")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("metrics", "nowhere"), "nowhere: no such file or folder"),
        (("metrics", ".", "--format", "text"), "manifest.json"),
        (("metrics", "nowhere", "--format", "xml"), "text, csv, markdown"),
        (("check", "no/such"), "guo45/fault-0400"),
        (("run", "guo45/fault-0400", "--strategy", "magic"), "dynamic, static"),
        (("run", "guo45/fault-0400", "--set", "load.peek=3"), "peek"),
        (("run", "guo45/fault-0400", "--set", "dispatch_centre.solver_options={mip_gapp: 1}"), "mip_gapp"),
        (("run", "guo45/fault-0400", "--seed", "-1"), "'--seed': must be 0 or more"),
        (("compare", "guo45/fault-0400", "--seeds", "3..1"), "descending; write 1..3"),
        (("compare", "guo45/fault-0400", "--strategies", "dynamic,,magic"), "magic"),
        (("compare", "guo45/fault-0400", "--strategies", ","), "strateg"),
        (("report", "nowhere"), "nowhere"),
        (("fly",), "'fly'; there are: study, check, plan"),
        (("strategy", "fly"), "there are: list, template, check"),
        (("run", "guo45/fault-0400", "--strategy", "statik"), "did you mean static?"),
        (("check", "guo45/fault-040"), "did you mean guo45/fault-0400"),
        (("study", "studies/paper-comparisn"), "did you mean studies/paper-comparison"),
    ],
)
def test_wrong_input_is_exit_2_with_one_message_and_nothing_written(relight, tmp_path, arguments, message) -> None:
    code, out, err = relight(*arguments)
    assert code == 2 and message in err and "Traceback" not in err + out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [("check",), ("plan", "-o", "p.json"), ("run",), ("compare",), ("indices",)])
def test_every_wrong_solver_option_is_told_at_once_with_file_and_field(relight, tmp_path, command) -> None:
    options = "{mip_foo: 3, mip_rel_gap: abc, presolve: maybe, threads: 2, log_file: a.log, mip_heuristic_effort: 0.1}"
    wrong = ("--set", f"dispatch_centre.solver_options={options}", "--set", "load.peek=3")
    code, out, err = relight(command[0], "guo45/fault-0400", *command[1:], *wrong)
    assert code == 2 and "Traceback" not in err + out
    told = err.removeprefix("relight: ").splitlines()
    field = "--set: dispatch_centre.solver_options."
    assert f"{field}mip_foo = 3: HiGHS has no such option; see its list of options" in told
    assert f"{field}mip_rel_gap = 'abc': this belongs to dispatch_centre.mip_gap; set it there" in told
    assert f"{field}presolve = 'maybe': HiGHS does not take this value; see its list of options" in told
    assert any(line.startswith(f"{field}threads = 2: plans are made by one thread") for line in told)
    assert any(line.startswith(f"{field}log_file = 'a.log': solves read and write no files") for line in told)
    assert "mip_heuristic_effort" not in err and len(told) == 6
    assert not list(tmp_path.iterdir())


def test_a_failed_run_is_exit_3_and_says_where_it_is(relight, tmp_path: Path, monkeypatch, no_drawing) -> None:
    def broken(*_: object) -> None:
        raise ValueError("broken on purpose")

    monkeypatch.setattr("relight.sim.world.grid.Grid.measurements", broken)
    code, _, err = relight("run", "guo45/fault-0400", "--out", "failed", *FAST)
    assert code == 3 and "broken on purpose" in err and "failed" in err and "Traceback" not in err
    assert json.loads((tmp_path / "failed" / "manifest.json").read_text(encoding="utf-8"))["status"] == "failed"


def test_seeds() -> None:
    assert parse_seeds("0..2, 7") == [0, 1, 2, 7]
    assert parse_seeds(None) == [None]


def test_help_is_quick_and_complete() -> None:
    """Power flow and co-simulation libraries take seconds to import; asking for help must not."""
    code = "import sys; sys.argv=['relight','--help']\nfrom relight.sim import cli\n"
    code += "try: cli.main()\nexcept SystemExit: pass\n"
    code += "print([m for m in ('pandapower','mosaik','pyomo','matplotlib','pvlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(command in done.stdout for command in ("check", "run", "compare", "report"))
