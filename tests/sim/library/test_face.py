"""``import relight``: five small tasks with imports from one module, types, and how fast it is."""

from __future__ import annotations

import ast
import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import library_page
import relight
from relight.scenarios.loader import load_case
from support.synthetic_run import write_failed, write_synthetic

HOUR = {"outage.duration_min": 60}


def test_the_five_tasks_of_the_page(tmp_path: Path, monkeypatch, capsys) -> None:
    """Load, run, served power by area, validate a plan, plot; the figures of the run's folder are left out."""
    monkeypatch.setattr("relight.sim.campaigns.run.draw_run_figures", lambda *_: [])
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", library_page.HEAD, flags=re.DOTALL)
    assert re.findall(r"^(?:import|from) .*", code, flags=re.MULTILINE) == ["import relight"]
    names: dict[str, object] = {}
    exec(code, names)
    printed = capsys.readouterr().out
    run, verdict = names["run"], names["verdict"]
    assert isinstance(run, relight.Run) and isinstance(verdict, relight.Verdict)
    assert printed == f"{run.summary()}\n{verdict.as_text('plan')}\n" == f"{run}\n{verdict}\n"
    assert (tmp_path / "areas.pdf").is_file()
    served = run.served_by_area()
    assert served.index[0] == pd.Timestamp("2025-06-20 10:00") and len(served) == 12 and served.shape[1] == 45
    assert served.to_numpy().sum() / 12 / 1000 == pytest.approx(run.totals["served_energy_mwh"])
    assert run.folder.parts[:2] == ("results", "runs")
    assert relight.read_run(str(run.folder)).served_by_area().equals(served)


def test_frames_have_booleans_clock_times_and_columns_in_order(tmp_path: Path) -> None:
    run = relight.read_run(write_synthetic(tmp_path / "run", steps=12))
    assert {str(kind) for kind in (*run.energised_by_area().dtypes, *run.switches().dtypes)} == {"bool"}
    assert list(run.demand_by_area())[:11] == [str(k) for k in range(1, 12)]
    frames = [getattr(run, name)() for name in dir(run) if re.fullmatch(r"\w+_by_\w+|switches", name)]
    assert len(frames) == 9
    for frame in [*frames, run.events, run.violations]:
        assert isinstance(frame.index, pd.DatetimeIndex) and frame.index.name == "time"
    assert not run.served_by_area().isna().any(axis=None)
    assert run.metrics().loc["served_pct", "unit"] == "%"
    assert [plan.issued_at_min for plan in run.plans] == [plan["issued_at_min"] for plan in run.tables.plans]
    with pytest.raises(ValueError, match="nothing of frequency"):
        run.plot.frequency()


def test_a_failed_run_tells_what_it_has(tmp_path: Path) -> None:
    run = relight.read_run(write_failed(tmp_path / "run", "the solver died"))
    assert not run.complete and "the solver died" in repr(run)
    assert "failed: up to where it stopped" in run.summary()
    with pytest.raises(relight.IncompleteRun):
        run.metrics()


def test_texts_fit_a_screen(tmp_path: Path) -> None:
    case, run = relight.load("guo45/storm"), relight.read_run(write_synthetic(tmp_path / "run"))
    plan = run.plans[0]
    for one in (case, run, plan, run.plot):
        assert repr(one) == repr(one) and len(repr(one).splitlines()) <= 6 and len(repr(one)) < 500
    for one in (run, plan):
        assert len(str(one).splitlines()) <= 24 and max(map(len, str(one).splitlines())) <= 160


def test_overrides_are_a_mapping_of_any_depth() -> None:
    whole = load_case("guo45/fault-1000", ["outage.duration_min=60", "local_areas.priority={'5': 3, '7': 2}"], seed=4)
    for given in (
        {"outage": {"duration_min": 60}, "local_areas.priority": {5: 3, "7": 2}},
        {"outage.duration_min": 60, "local_areas.priority.5": 3, "local_areas.priority.7": 2},
    ):
        assert relight.load("guo45/fault-1000", seed=4, overrides=given).scenario == whole.scenario
        again = relight.load(relight.load("guo45/fault-1000"), seed=4, overrides=given)
        assert (again.scenario, again.view, again.inputs) == (whole.scenario, whole.view, whole.inputs)
    case = relight.load(Path("guo45/fault-1000"))
    assert relight.load(case) is case


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"load.peek_kw": 3}, "overrides: load.peek_kw = 3: unknown key; known keys: "),
        ({"outage": {"duration_min": 61}}, "overrides: outage.duration_min = 61: must be a multiple"),
        ({"seed.more": 1}, "overrides: seed.more: seed holds a single value"),
        ("load.peak_kw=3", "overrides = 'load.peak_kw=3': must be a mapping"),
    ],
)
def test_a_wrong_override_is_one_message(overrides, told: str) -> None:
    with pytest.raises(relight.ScenarioError) as found:
        relight.load("guo45/fault-1000", overrides=overrides)
    assert len(found.value.problems) == 1 and str(found.value).startswith(told)


def test_a_plan_made_in_python_is_checked_for_the_case() -> None:
    plan = relight.Plan(steps=[{"start_min": 0, "closed_branches": ["1-99"]}], step_min=30)
    with pytest.raises(relight.ScenarioError, match=r"plan: steps\[0\].closed_branches = '1-99': no such branch"):
        relight.validate(plan, "guo45/fault-1000")


def test_it_works_where_an_event_loop_is_running(tmp_path: Path, no_run_figures) -> None:
    async def cell() -> relight.Run:
        return relight.run("cigre_mv/blackout", "islanded", overrides={"outage.duration_min": 30}, out=tmp_path / "run")

    assert asyncio.run(cell()).complete


def test_nothing_slow_is_imported_before_it_is_used(tmp_path: Path) -> None:
    slow = ("matplotlib", "mosaik", "numpy", "pandapower", "pandas", "pydantic", "pyomo", "scipy")
    code = f"import sys, relight; print(sorted(set(sys.modules) & {set(slow)!r}), relight.__version__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.startswith("[] ")


def test_names_for_type_checkers_are_those_that_are_loaded() -> None:
    block = next(node for node in ast.parse(Path(relight.__file__).read_text()).body if isinstance(node, ast.If))
    typed = {f"{'.' * node.level}{node.module or ''}": [a.name for a in node.names]
             for node in block.body if isinstance(node, ast.ImportFrom)}  # fmt: skip
    assert typed.pop(".") == ["strategy"]
    assert {home: list(names) for home, names in relight._HOMES.items()} == typed
    assert sorted(["strategy", "__version__", *(name for names in typed.values() for name in names)]) == sorted(
        relight.__all__
    )
    assert dir(relight) == sorted(relight.__all__) and all(hasattr(relight, name) for name in relight.__all__)
    with pytest.raises(AttributeError, match="no attribute 'simulate'"):
        relight.simulate  # noqa: B018
