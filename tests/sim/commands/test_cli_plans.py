"""relight plan, validate and schema as a user calls them: files, messages, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from relight.controllers.exchange.plan import Plan
from relight.results.run.summary_schema import Summary
from relight.scenarios.loader import load_case
from relight.scenarios.schema.scenario import Scenario
from relight.sim.campaigns.run import simulate

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "scenarios" / "guo45" / "plans"
FAST = ["--set", "outage.duration_min=60", "--set", "dispatch_centre.mip_gap=0.05"]
OVERRIDES = ("outage.duration_min=60", "dispatch_centre.mip_gap=0.05", "perfect_forecast=true")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dynamic run of one hour with a perfect forecast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relight.results.figures.drawing.RUN_FIGURES", {})
        return simulate(load_case("guo45/fault-0400", OVERRIDES), "dynamic", tmp_path_factory.mktemp("runs") / "one")


def test_plan_then_validate(relight, tmp_path: Path) -> None:
    code, out, err = relight("plan", "guo45/fault-0400", "--strategy", "static", "-o", "my.json", *FAST)
    assert (code, err) == (0, "")
    plan = Plan.model_validate_json((tmp_path / "my.json").read_text(encoding="utf-8"))
    assert plan.strategy == "static" and plan.objective is not None
    for fact in (f"objective {plan.objective:.3f}", "bound", "gap", plan.status or "", "2 steps"):
        assert fact in out
    assert [path.name for path in tmp_path.iterdir()] == ["my.json"]
    command = ("validate", "my.json", "--scenario", "guo45/fault-0400", *FAST)
    code, out, err = relight(*command, "-o", "verdict.json")
    assert (code, err) == (0, "") and out.splitlines()[-1] == "no violation"
    verdict = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["clean"] and verdict["engine"] == "pandapower" and len(verdict["islands"]) >= 2
    code, out, _ = relight(*command, "--actual", "--engine", "power-grid-model", "--seed", "3")
    assert code == 0 and "actual series" in out and "power-grid-model" in out


def test_a_plan_with_violations_is_exit_1_and_its_verdict_is_written(relight, tmp_path: Path) -> None:
    sheet = str(EXAMPLES / "switching-sheet.csv")
    command = ("validate", sheet, "--scenario", "guo45/fault-0400", "-o", "v.json")
    code, out, err = relight(*command, "--engine", "power-grid-model")
    assert (code, err) == (1, "") and "unit_p" in out and "ess.37" in out
    (violation,) = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))["violations"]
    assert (violation["kind"], violation["element"], violation["limit"]) == ("unit_p", "ess.37", 200)


BROKEN = {
    "not JSON": "{",
    "wrong schema": '{"schema_version": 9, "steps": [{"start_min": 0, "closed_branches": []}]}',
    "unknown branch": '{"steps": [{"start_min": 0, "closed_branches": ["1-45"]}]}',
    "out of order": '{"steps": [{"start_min": 30, "closed_branches": []}, {"start_min": 0, "closed_branches": []}]}',
    "NaN": '{"steps": [{"start_min": NaN, "closed_branches": []}]}',
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_broken_plan_is_exit_2_with_one_line_and_nothing_written(relight, tmp_path: Path, mistake: str) -> None:
    (tmp_path / "plan.json").write_text(BROKEN[mistake], encoding="utf-8")
    code, out, err = relight("validate", "plan.json", "--scenario", "guo45/fault-0400", "-o", "v.json")
    assert (code, out) == (2, "") and len(err.splitlines()) == 1 and "plan.json" in err
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("validate", "none.json", "--scenario", "guo45/fault-0400"), "no such file"),
        (("validate", "none.json", "--scenario", "no/such"), "guo45/fault-0400"),
        (("validate", "none.json"), "--scenario"),
        (
            ("validate", "n.json", "--scenario", "guo45/fault-0400", "--engine", "abacus"),
            "pandapower, power-grid-model",
        ),
        (("validate", "n.json", "--scenario", "guo45/fault-0400", "-o", "no/where.json"), "no folder no"),
        (("plan", "guo45/fault-0400"), "--out"),
        (("plan", "guo45/fault-0400", "-o", "."), "name a file"),
        (("plan", "guo45/fault-0400", "-o", "p.json", "--strategy", "magic"), "dynamic, static"),
        (("plan", "guo45/fault-0400", "-o", "p.json", "--sequence", "p.json"), "this is the file of --out"),
        (("plan", "guo45/fault-0400", "-o", "p.json", "--sequence", "./p.json"), "this is the file of --out"),
        (("schema", "verdict"), "scenario, plan, study, summary"),
    ],
)
def test_wrong_input_is_exit_2_with_one_message(relight, tmp_path: Path, arguments, message: str) -> None:
    code, out, err = relight(*arguments)
    assert (code, out) == (2, "") and message in err and "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_a_run_that_is_none_is_told_even_where_none_is_needed(relight, tmp_path: Path, run_folder: Path) -> None:
    by_hand = str(EXAMPLES / "by-hand.json")
    command = ("validate", by_hand, "--scenario", "guo45/fault-0400", "--engine", "power-grid-model")
    (tmp_path / "empty").mkdir()
    for folder, message in (("nowhere", "no such folder"), ("empty", "no folder of a run"), (by_hand, "a file")):
        code, out, err = relight(*command, "--run", folder)
        assert (code, out) == (2, "") and message in err and folder in err
    alone, given = relight(*command), relight(*command, "--run", str(run_folder))
    assert "--run" in given[2] and "is not needed" in given[2] and "is not needed" not in alone[2]
    assert given[:2] == alone[:2]


@pytest.mark.parametrize("option", ["-o", "--sequence"])
def test_what_is_read_is_never_written_over(relight, tmp_path: Path, option: str) -> None:
    text = (EXAMPLES / "by-hand.json").read_text(encoding="utf-8")
    (tmp_path / "plan.json").write_text(text, encoding="utf-8")
    code, out, err = relight("validate", "plan.json", "--scenario", "guo45/fault-0400", option, "plan.json")
    assert (code, out) == (2, "") and "this is the file of the plan" in err
    (tmp_path / "own.yaml").write_text("extends: guo45/fault-0400\n", encoding="utf-8")
    code, out, err = relight("plan", "own.yaml", "-o", "own.yaml")
    assert (code, out) == (2, "") and "this is the file of the scenario" in err
    assert (tmp_path / "plan.json").read_text(encoding="utf-8") == text


def test_schemas_describe_what_is_written(relight, run_folder: Path) -> None:
    """Each is JSON Schema of a model that takes in the real thing."""
    titles = {"scenario": "Scenario", "plan": "Plan", "summary": "Summary"}
    for what, title in titles.items():
        code, out, _ = relight("schema", what)
        assert code == 0 and json.loads(out)["title"] == title
    required = json.loads(relight("schema", "plan")[1])["required"]
    assert required == ["steps"], "all but the steps can be left out"
    text = (run_folder / "summary.json").read_text(encoding="utf-8")
    assert Summary.model_validate_json(text).model_dump(exclude_unset=True) == json.loads(text)
    Scenario.model_validate(yaml.safe_load((run_folder / "scenario.yaml").read_text(encoding="utf-8")))
    for path in (run_folder / "plans").iterdir():
        Plan.model_validate_json(path.read_text(encoding="utf-8"))


def test_a_plan_issued_during_a_run_is_judged_from_the_state_it_had(relight, run_folder: Path) -> None:
    later = str(sorted((run_folder / "plans").iterdir())[-1])
    options = (option for override in OVERRIDES for option in ("--set", override))
    command = ("validate", later, "--scenario", "guo45/fault-0400", *options, "--engine", "power-grid-model")
    code, out, _ = relight(*command)
    assert code == 1 and "what happened since the fault is not known (--run)" in out and "unit_start" in out
    code, out, _ = relight(*command, "--run", str(run_folder))
    assert code == 0 and "not known" not in out
    code, out, err = relight(*command, "--run", "nowhere")
    assert (code, out) == (2, "") and "nowhere" in err


def test_families_left_out_on_the_command_line(relight, tmp_path: Path) -> None:
    families = ("--set", "dispatch_centre.without=[switching, voltage]")
    code, out, _ = relight("plan", "guo45/fault-0400", "-o", "p.json", *FAST, *families)
    assert code == 0 and "optimal" in out
    code, _, err = relight(
        "plan", "guo45/fault-0400", "-o", "q.json", *FAST, "--set", "dispatch_centre.without=voltage"
    )
    assert code == 2 and "dispatch_centre.without = 'voltage': must be a list" in err
    assert not (tmp_path / "q.json").exists()
