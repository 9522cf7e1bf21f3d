"""The ladder of freedom: paired differences by hand, what the tables say of them, and when there is none."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from relight.controllers.strategies.builtin import STRATEGIES
from relight.results.comparison.compare import compare
from relight.results.comparison.ladder import GAINS, MEASURES, RUNGS, explained, ladder_lines, ladder_of, ladder_rows
from relight.results.comparison.text import as_markdown, as_text, write_comparison
from relight.results.report.files import write_comparison_report
from support.synthetic_run import write_synthetic

SERVED = {"static": 2.0, "static_final": 3.0, "growing": 3.0, "open_loop": 3.5, "dynamic": 3.3, "oracle": 3.9}


def runs(seeds: int, served: dict[str, float] = SERVED) -> pd.DataFrame:
    """Every rung serves so many MWh in seed 0, and a tenth more in each further seed."""
    rows = [
        {
            "scenario": "a/b", "strategy": strategy, "seed": seed, "demand_energy_mwh": 10.0,
            "first_plan_energy_mwh": mwh, "served_energy_mwh": mwh * (1 + seed / 10),
            "weighted_served_energy_mwh": 2 * mwh, "objective_mwh": 2 * mwh - 0.1,
            "interruptions": len(strategy) + seed % 2, "switch_operations": 4,
        }
        for strategy, mwh in served.items()
        for seed in range(seeds)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_rungs_are_strategies_each_with_all_that_the_one_below_may_do() -> None:
    assert set(RUNGS) <= set(STRATEGIES)
    below = {name: STRATEGIES[name].starts_from for name in RUNGS}
    assert below["static"] is None
    for lower, higher in (("static", "static_final"), ("static_final", "growing"), ("growing", "open_loop")):
        assert below[higher] is STRATEGIES[lower]
    assert below["dynamic"] is below["oracle"] is below["open_loop"]
    assert [gain for gain in GAINS if (gain.below, gain.above) not in pairwise(RUNGS)] == [
        ("staging, both", "static", "growing")
    ]


def test_differences_are_paired_by_seed() -> None:
    table = ladder_of(runs(3)).set_index(["gain", "measure"])
    assert len(table) == len(GAINS) * len(MEASURES)
    staging = table.loc["staging: areas join one by one", "served_energy_mwh"]
    assert (staging["mean"], staging["seeds"], staging["verdict"]) == (pytest.approx(1.1), 3, "more")
    assert 1.0 <= staging["low"] < 1.1 < staging["high"] <= 1.2
    assert table.loc["staging: areas join one by one", "served_pct"]["mean"] == pytest.approx(11.0)
    paths = table.loc["staging: other supply paths", "served_energy_mwh"]
    assert (paths["mean"], paths["low"], paths["high"], paths["verdict"]) == (0, 0, 0, "nothing")
    assert table.loc["replanning", "served_energy_mwh"]["verdict"] == "less"
    assert table.loc["replanning", "interruptions"]["mean"] == len("dynamic") - len("open_loop")


def test_an_interval_that_holds_0_is_nothing_and_one_seed_has_none() -> None:
    mixed = runs(2)
    mixed.loc[(mixed["strategy"] == "dynamic") & (mixed["seed"] == 1), "served_energy_mwh"] = 5.0
    told = ladder_of(mixed).set_index(["gain", "measure"])
    assert told.loc["replanning", "served_energy_mwh"]["verdict"] == "nothing"
    alone = ladder_of(runs(1))
    assert set(alone["verdict"]) == {"one seed"} and alone["low"].isna().all()
    assert "no interval" in explained(alone, "a/b") and "2 seeds" in explained(ladder_of(mixed), "a/b")


def test_tables_have_a_row_per_gain() -> None:
    head, body = ladder_rows(ladder_of(runs(3)), "a/b")
    assert [row[:3] for row in body] == [[gain.name, gain.below, gain.above] for gain in GAINS]
    assert all(len(row) == len(head) for row in body)
    assert body[0][head.index("served (MWh)")].startswith("+1.100 [+1.")
    assert body[0][head.index("operations")] == "0.0 [0.0, 0.0]"
    _, lines = ladder_lines(ladder_of(runs(1)), "a/b")
    assert lines[0][1:] == ["+1.000", "-", "-", "one seed"]


def test_a_ladder_without_a_rung_is_none() -> None:
    assert ladder_of(runs(3, {k: v for k, v in SERVED.items() if k != "growing"})).empty


def test_files_text_and_report_tell_the_ladder_where_every_rung_was_run(tmp_path: Path) -> None:
    folders = [
        write_synthetic(tmp_path / "c" / "runs" / f"{s}0", s, 0, steps=6, areas=10, sections=5, switches=4)
        for s in RUNGS
    ]
    for name, some in (("c", folders), ("fewer", folders[:3])):
        comparison, whole = compare(some), name == "c"
        files = write_comparison(comparison, tmp_path / name)
        assert ((tmp_path / name / "ladder.csv") in files) is whole
        assert ("ladder" in json.loads((tmp_path / name / "comparison.json").read_text(encoding="utf-8"))) is whole
        assert ("each rung of the ladder" in as_markdown(comparison)) is whole
        assert ("What a rung is worth" in as_text(comparison)) is whole
        assert max(map(len, as_text(comparison).splitlines())) <= 80
    page = write_comparison_report(tmp_path / "c").read_text(encoding="utf-8")
    assert "What each rung of the ladder is worth" in page and "<td>replanning</td>" in page
