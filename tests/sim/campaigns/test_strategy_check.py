"""relight strategy: good strategies pass the check, each way to break the contract is found; the docs' example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from relight.controllers.strategies.named import strategy_named
from relight.sim import cli
from relight.sim.campaigns.compare import compare_strategies
from relight.sim.campaigns.strategy_check import check_strategy

ROOT = Path(__file__).resolve().parents[3]
SCENARIO = {
    "extends": "guo45/fault-1000",
    "name": "short",
    "outage": {"duration_min": 60},
    "clock": {"sim_step_min": 30},
}
BASE = "from relight.controllers.rules.greedy import Greedy\n"


@pytest.fixture
def short(tmp_path: Path) -> str:
    path = tmp_path / "short.yaml"
    path.write_text(yaml.safe_dump(SCENARIO), encoding="utf-8")
    return str(path)


def broken_points(tmp_path: Path, short: str, body: str, head: str = BASE) -> dict[str, str]:
    path = tmp_path / "mine.py"
    path.write_text(f"{head}class Mine(Greedy):\n    '''Mine.'''\n{body}", encoding="utf-8")
    checks = check_strategy(strategy_named(f"{path}:Mine"), short)
    return {c.point: c.told for c in checks if not c.kept}


PLAN = "    def plan(self, horizon):\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (PLAN + "        return None\n", "NoneType"),
        (PLAN + "        raise KeyError('la')\n", "KeyError.*mine.py, line 5"),
        (
            PLAN + "        record = super().plan(horizon)\n        horizon.closed.clear()\n        return record\n",
            "changed",
        ),
        (
            PLAN + "        record = super().plan(horizon)\n"
            "        import dataclasses\n"
            "        less = record.plan.model_copy(update={'steps': record.plan.steps[:1]})\n"
            "        return dataclasses.replace(record, plan=less)\n",
            "not those of the horizon",
        ),
    ],
)
def test_a_plan_out_of_form_is_found(tmp_path: Path, short: str, body: str, told: str) -> None:
    broken = broken_points(tmp_path, short, body)
    assert list(broken) == ["a whole run is possible, every plan in the agreed form"]
    assert re.search(told, *broken.values())


def test_what_changes_from_run_to_run_is_found(tmp_path: Path, short: str) -> None:
    """As chance would, but every time: every other plan maker takes the least valuable section first."""
    body = (
        "    def __init__(self, graph, steps):\n"
        "        super().__init__(graph, steps)\n"
        "        self.sign = (-1) ** next(RUNS)\n"
        "    def worth(self, supply, t, move):\n"
        "        return self.sign * super().worth(supply, t, move)\n"
    )
    head = BASE + "import itertools\nRUNS = itertools.count()\n"
    assert "the same messages give the same plans" in broken_points(tmp_path, short, body, head)


def test_looking_into_the_world_is_found(tmp_path: Path, short: str) -> None:
    body = "    def __init__(self, graph, steps):\n        from relight.sim.series.profiles import Profiles\n"
    body += "        super().__init__(graph, steps)\n"
    broken = broken_points(tmp_path, short, body)
    assert broken == {"it imports nothing of the world": "mine.py imports relight.sim.series.profiles"}


def test_seeing_the_future_is_found(tmp_path: Path, short: str) -> None:
    """By way of the frame of its caller, which holds the run's seed."""
    body = PLAN + (
        "        frame = inspect.currentframe()\n"
        "        while 'seed' not in frame.f_locals:\n"
        "            frame = frame.f_back\n"
        "        record = super().plan(horizon)\n"
        "        step = record.plan.steps[0]\n"
        "        areas = {la: a.model_copy(update={'q_kvar': a.q_kvar + frame.f_locals['seed'] / 100})"
        " for la, a in step.local_areas.items()}\n"
        "        steps = [step.model_copy(update={'local_areas': areas}), *record.plan.steps[1:]]\n"
        "        return dataclasses.replace(record, plan=record.plan.model_copy(update={'steps': steps}))\n"
    )
    head = BASE + "import dataclasses, inspect\n"
    assert "it knows nothing but messages" in broken_points(tmp_path, short, body, head)


def test_plans_that_break_limits_are_found(tmp_path: Path, short: str) -> None:
    body = PLAN + (
        "        record = super().plan(horizon)\n"
        "        every = [k for k, link in self.graph.links.items() if link.switchable]\n"
        "        steps = [s.model_copy(update={'closed_branches': every}) for s in record.plan.steps]\n"
        "        return dataclasses.replace(record, plan=record.plan.model_copy(update={'steps': steps}))\n"
    )
    broken = broken_points(tmp_path, short, body, BASE + "import dataclasses\n")
    assert "minute 0:" in broken["its plans break no limit by the forecast"]


def exit_code(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["relight", "strategy", *arguments])
    try:
        cli.main()
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def test_the_command(tmp_path: Path, short: str, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.py"
    assert exit_code(monkeypatch, "template", "-o", str(mine)) == 0
    assert exit_code(monkeypatch, "template", "-o", str(mine)) == 2 and "exists" in capsys.readouterr().err
    assert exit_code(monkeypatch, "check", f"{mine}:MostLoadFirst", "--scenario", short) == 0
    assert "NO" not in capsys.readouterr().out
    mine.write_text(mine.read_text(encoding="utf-8") + "\nimport relight.sim.world.grid\n", encoding="utf-8")
    assert exit_code(monkeypatch, "check", f"{mine}:MostLoadFirst", "--scenario", short) == 1
    assert exit_code(monkeypatch, "check", f"{mine}:Nothing") == 2
    assert exit_code(monkeypatch, "check", "greedy", "--scenario", "nowhere") == 2
    assert "Traceback" not in capsys.readouterr().err
    assert exit_code(monkeypatch, "list") == 0 and "static_rigid" in capsys.readouterr().out


def test_the_example_of_the_docs_runs_in_a_comparison(tmp_path: Path, short: str, monkeypatch) -> None:
    for figures in ("run.draw_run_figures", "compare.draw_comparison_figures"):
        monkeypatch.setattr(f"relight.sim.campaigns.{figures}", lambda *_: [])
    page = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"<!-- strategy -->\n```python[^\n]*\n(.*?)```", page, re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 30
    mine = tmp_path / "my_strategy.py"
    mine.write_text(code, encoding="utf-8")
    found = compare_strategies([short], ["greedy", f"{mine}:MostLoadFirst"], [0], tmp_path / "out")
    served = found.runs.set_index("strategy").served_energy_mwh
    assert list(served.index) == ["greedy", "MostLoadFirst"] and served["MostLoadFirst"] > 0
    manifest = tmp_path / "out" / "runs" / "short_MostLoadFirst_seed0" / "manifest.json"
    assert '"my_strategy.py"' in manifest.read_text(encoding="utf-8")


def test_a_run_says_where_a_strategy_raised(tmp_path: Path, short: str, relight, no_run_figures) -> None:
    body = f"{BASE}class Mine(Greedy):\n{PLAN}        return self.pick({{}})\n"
    body += "    def pick(self, of):\n        return of['la']\n"
    (tmp_path / "mine.py").write_text(body, encoding="utf-8")
    code, _, err = relight("run", short, "--strategy", "mine.py:Mine", "--out", "failed")
    assert code == 3 and "KeyError: 'la' (mine.py, line 6)" in err
    manifest = yaml.safe_load((tmp_path / "failed" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["reason"].endswith("(mine.py, line 6)")
