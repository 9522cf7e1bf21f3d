"""Figures are drawn from a folder alone, are not blank, and repeat byte for byte."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from relight.results.comparison.compare import compare
from relight.results.comparison.text import write_comparison
from relight.results.figures import drawing
from relight.results.figures.drawing import RUN_FIGURES, draw_comparison_figures, draw_run_figures
from relight.results.figures.run import STATES, _states
from relight.results.figures.style import strategy_colours
from relight.results.run_folder import Recorder, RunRecord, write_run
from support.synthetic_run import make_scenario, write_synthetic


def is_blank(png: Path) -> bool:
    from matplotlib.image import imread

    return float(np.std(imread(png))) < 1e-3


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("runs")
    return [write_synthetic(root / s, s, steps=12, areas=12, sections=5, switches=4) for s in ("dynamic", "static")]


def test_run_figures(runs: list[Path], only_png: None) -> None:
    before = dict(mpl.rcParams)
    files = draw_run_figures(runs[0])
    assert [f.name for f in files] == [f"{name}.png" for name in RUN_FIGURES]
    assert not any(is_blank(f) for f in files)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    "name", [n if n == "generation_by_source" else pytest.param(n, marks=pytest.mark.slow) for n in RUN_FIGURES]
)
def test_bytes_of_run_figures_repeat(name: str, runs: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "RUN_FIGURES", {name: RUN_FIGURES[name]})
    files = draw_run_figures(runs[0])
    assert [f.name for f in files] == [f"{name}.pdf", f"{name}.png"]
    first = [f.read_bytes() for f in files]
    assert [f.read_bytes() for f in draw_run_figures(runs[0])] == first
    assert not any(b"CreationDate" in content for content in first)


def test_comparison_figures(runs: list[Path], tmp_path: Path) -> None:
    write_comparison(compare(runs), tmp_path)
    files = draw_comparison_figures(tmp_path)
    assert [f.name for f in files] == [f"served_by_strategy_guo45_fault-1000.{kind}" for kind in ("pdf", "png")]
    assert not is_blank(files[1])


def test_a_run_all_dark_can_be_drawn(tmp_path: Path, only_png: None) -> None:
    assert draw_run_figures(write_synthetic(tmp_path / "run", steps=12, serve_nothing=True))


def test_a_run_that_failed_at_once_has_no_figures(tmp_path: Path) -> None:
    folder = write_run(
        tmp_path / "run",
        RunRecord(scenario=make_scenario(), strategy="dynamic", seed=0, recorder=Recorder(), failure="no plan"),
    )
    assert draw_run_figures(folder) == []


def test_who_is_off_by_plan_is_drawn_so_and_who_is_shed_as_shed() -> None:
    rows = pd.DataFrame(
        [(1, 0, 5.0, 5.0, 5.0, 1.0), (1, 0, 5.0, 0.0, 0.0, 0.0), (1, 1, 5.0, 0.0, 0.0, 1.0), (1, 0, 5.0, 1.5, 1.5, 0.3),
         (1, 0, 5.0, 0.0, 5.0, 0.0), (0, 0, 5.0, 0.0, 0.0, 1.0), (1, 0, 0.0, 0.0, 0.0, 1.0)],
        columns=["energised", "shed", "demand_kw", "served_kw", "planned_kw", "ordered_share"],
    )  # fmt: skip
    told = [STATES[k] for k in _states(rows)]
    expected = ["served", "off by plan", "shed", "served", "planned, not served", "dark", "served"]
    assert told == expected
    by_section = rows.drop(columns="ordered_share")
    assert [STATES[k] for k in _states(by_section)][1] == "shed", "nobody can be off by plan"


def test_strategies_keep_their_colours() -> None:
    many = [f"strategy-{k}" for k in range(20)]
    assert strategy_colours(["static", "dynamic"])["dynamic"] == strategy_colours(["dynamic", *many])["dynamic"]
    assert set(strategy_colours(many)) == set(many)
