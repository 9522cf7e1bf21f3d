"""Comparisons: the same world or an error, every number marked, no infinity, no wall time where bytes must repeat."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from relight.results.comparison.compare import DifferentWorlds, compare
from relight.results.comparison.text import as_markdown, as_text, write_comparison
from relight.results.figures.comparison import read_comparison
from relight.results.run.read import IncompleteRun
from relight.results.run_folder import RunRecord, write_run
from relight.scenarios.local_clock import LocalClock
from support.synthetic_run import make_scenario, record, write_synthetic

SMALL = {"areas": 10, "sections": 5, "switches": 4}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    root = tmp_path_factory.mktemp("runs")
    return {
        (strategy, seed): write_synthetic(root / f"{strategy}{seed}", strategy, seed, steps=12)
        for strategy in ("dynamic", "static")
        for seed in (0, 1)
    }


@pytest.fixture
def one_seed(folders: dict[tuple[str, int], Path]) -> list[Path]:
    return [folders["dynamic", 0], folders["static", 0]]


def test_terminal_text(one_seed: list[Path]) -> None:
    text = as_text(compare(one_seed))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in text
    assert lines[:3] == ["guo45/fault-1000, seed 0", "=" * 24, " " * 21 + "dynamic  static"]
    cells = {line[:20].strip(): line[20:].split() for line in lines}
    assert cells["steps"] == ["12", "12"]
    assert cells["· voltage_low"] == ["0", "1"]
    assert cells["solve"] == ["1.50", "1.50"]
    headings = [
        line for line in lines if line in ("Energy (MWh)", "Operation", "AC power flow", "Plans", "Wall time (s)")
    ]
    assert len(headings) == 5
    overview = lines[lines.index(next(line for line in lines if line.startswith("Overview (MWh)"))) :]
    assert overview[2] == "guo45/fault-1000" and overview[3].startswith("  dynamic") and overview[3].endswith("x  k")
    assert overview[4].startswith("  static") and not overview[4].endswith("k")
    assert overview[5].startswith("k computed, but free numbers")
    assert any(line.startswith("planned energy: dynamic") and line.endswith("MWh k  5.000 MWh p") for line in lines)
    assert any(line.startswith("served energy: static") and line.endswith("MWh c  0.186 MWh p") for line in lines)
    assert any(line.endswith("26.9x p") for line in lines)
    assert "calibrated to the printed" in text
    assert "peak_kw and clear_sky_index were chosen" in text


def test_many_strategies_still_fit_a_terminal(tmp_path: Path) -> None:
    names = [f"static-variant-number-{k}" for k in range(6)]
    comparison = compare([write_synthetic(tmp_path / name, name, steps=6, **SMALL) for name in ("dynamic", *names)])
    text = as_text(comparison)
    assert max(map(len, text.splitlines())) <= 80
    assert all(name in text for name in names)


def test_the_overview_has_a_ratio_only_where_there_is_one(tmp_path: Path) -> None:
    folders = {
        s: write_synthetic(tmp_path / s, s, steps=6, published=False, **SMALL) for s in ("dynamic", "static", "greedy")
    }
    both = as_text(compare([folders["dynamic"], folders["static"]]))
    other = as_text(compare([folders["dynamic"], folders["greedy"]]))
    (head,) = (line for line in both.splitlines() if line.startswith("Overview"))
    assert head.endswith("viol.  ratio")
    (head,) = (line for line in other.splitlines() if line.startswith("Overview"))
    assert head.endswith("viol.") and "  greedy" in other


def test_marks(one_seed: list[Path]) -> None:
    table = compare(one_seed).published.set_index(["quantity", "strategy"])
    assert table.loc[("served energy", "dynamic"), "mark"] == "computed; free numbers calibrated"
    assert table.loc[("served energy", "static"), "mark"] == "computed"
    assert table.loc[("served energy, ratio", "dynamic / static"), "mark"] == "computed; numerator calibrated"
    assert set(table["printed_mark"]) == {"printed"}
    ratio = table.loc[("planned energy, ratio", "dynamic / static"), "value"]
    parts = [table.loc[("planned energy", s), "value"] for s in ("dynamic", "static")]
    assert ratio == pytest.approx(parts[0] / parts[1])


def test_without_a_publication(tmp_path: Path) -> None:
    runs = [write_synthetic(tmp_path / s, s, steps=12, published=False) for s in ("dynamic", "static")]
    text = as_text(compare(runs))
    assert "publi" not in text and "publi" not in as_markdown(compare(runs))
    assert "calibrated" not in text
    assert "served energy, ratio: dynamic / static" in text
    alone = as_text(compare(runs[:1]))
    assert "Dynamic and static" not in alone and "c computed" not in alone and "Overview" not in alone


def test_static_that_serves_nothing_has_no_ratio(tmp_path: Path, one_seed: list[Path]) -> None:
    nothing = write_synthetic(tmp_path / "static", "static", steps=12, serve_nothing=True)
    comparison = compare([one_seed[0], nothing])
    files = write_comparison(comparison, tmp_path / "comparison")
    text = as_text(comparison)
    assert "not defined c" in text or "not defined k" in text
    assert "not defined (static served nothing)" in text
    empty = comparison.runs["strategy"] == "static"
    runs = comparison.runs.assign(planned_energy_mwh=comparison.runs["planned_energy_mwh"].mask(empty, 0.0))
    for proven, told in ((True, True), (False, False)):
        text = as_text(replace(comparison, runs=runs.assign(all_proven=proven)))
        assert ("static restores nothing: one set of areas" in text) == told
        assert "dynamic restores nothing" not in text
    assert "not defined (static served nothing)" in as_markdown(comparison)
    for path in files:
        words = path.read_text(encoding="utf-8").replace("infeed", "")
        assert "inf" not in words
        assert "nan" not in words.lower()


def test_over_seeds(folders: dict[tuple[str, int], Path]) -> None:
    comparison = compare(list(folders.values()))
    table = comparison.over_seeds().set_index(["strategy", "measure"])
    served = comparison.runs.set_index(["strategy", "seed"])["served_energy_mwh"]["dynamic"]
    row = table.loc[("dynamic", "served_energy_mwh")]
    assert (row["mean"], row["min"], row["max"]) == pytest.approx((served.mean(), served.min(), served.max()))
    assert row["seeds"] == 2
    assert "Mean [min..max] over 2 seeds." in as_text(comparison)
    assert max(map(len, as_text(comparison).splitlines())) <= 80


def test_several_scenarios(tmp_path: Path, one_seed: list[Path]) -> None:
    other = [write_synthetic(tmp_path / s, s, name="other", steps=24, published=False) for s in ("dynamic", "static")]
    comparison = compare([*one_seed, *other])
    assert list(comparison.clocks) == ["guo45/fault-1000", "other"]
    assert "\nother, seed 0\n=============\n" in as_text(comparison)


def test_different_demand_is_another_world(tmp_path: Path, one_seed: list[Path]) -> None:
    other = write_synthetic(tmp_path / "static", "static", steps=12, demand_factor=1.1)
    with pytest.raises(DifferentWorlds, match=r"dynamic and static met a different demand: 1\.\d+ and 1\.\d+ MWh"):
        compare([one_seed[0], other])


def test_different_seeds_are_other_worlds(folders: dict[tuple[str, int], Path]) -> None:
    with pytest.raises(DifferentWorlds, match=r"dynamic \[0\]; static \[0, 1\]"):
        compare([folders["dynamic", 0], folders["static", 0], folders["static", 1]])


def test_different_inputs_are_another_world(tmp_path: Path, one_seed: list[Path]) -> None:
    other = write_run(
        tmp_path / "static",
        RunRecord(
            scenario=make_scenario(steps=12),
            strategy="static",
            seed=0,
            recorder=record("static", steps=12),
            inputs={"network/lines.csv": "1" * 64},
        ),
    )
    with pytest.raises(DifferentWorlds, match="input files"):
        compare([one_seed[0], other])


def test_different_outage_is_another_world(tmp_path: Path, one_seed: list[Path]) -> None:
    other = write_run(
        tmp_path / "static",
        RunRecord(
            scenario=make_scenario(steps=12, start="2025-06-21T10:00"),
            strategy="static",
            seed=0,
            recorder=record("static", steps=12),
            inputs={"network/lines.csv": "0" * 64},
        ),
    )
    with pytest.raises(DifferentWorlds, match="different outage"):
        compare([one_seed[0], other])


def test_failed_and_repeated_runs_are_refused(tmp_path: Path, one_seed: list[Path]) -> None:
    failed = write_run(
        tmp_path / "failed",
        RunRecord(scenario=make_scenario(steps=12), strategy="static", seed=0, recorder=record(steps=6)),
    )
    with pytest.raises(IncompleteRun, match="recorded 6 of 12"):
        compare([one_seed[0], failed])
    with pytest.raises(IncompleteRun, match="given twice"):
        compare([one_seed[0], one_seed[0]])


def test_files_repeat_byte_for_byte_and_hold_no_wall_time(tmp_path: Path, folders: dict[tuple[str, int], Path]) -> None:
    written = [write_comparison(compare(list(folders.values())), tmp_path / name) for name in ("one", "two")]
    for one, two in zip(*written, strict=True):
        assert one.read_bytes() == two.read_bytes()
        assert b"\r" not in one.read_bytes()
        if one.name != "timing.csv":
            assert b"solve_s" not in one.read_bytes()
            assert b"wall" not in one.read_bytes()
    content = json.loads((tmp_path / "one" / "comparison.json").read_text(encoding="utf-8"))
    assert set(content) == {"starts", "notes", "runs", "over_seeds", "published", "forecast"}
    assert len(content["runs"]) == 4


def test_the_zone_is_kept_where_its_clock_is_changed_in_the_window(tmp_path: Path, one_seed: list[Path]) -> None:
    comparison = compare(one_seed)
    (name, plain), *_ = comparison.clocks.items()
    assert plain.timezone == "UTC" and not plain.changes(60)
    changed = replace(comparison, clocks={name: LocalClock(datetime(2025, 3, 30, 0, 30), "Europe/Berlin")})
    for number, one in enumerate((comparison, changed)):
        folder = tmp_path / str(number)
        write_comparison(one, folder)
        assert read_comparison(folder)[0] == one.clocks


def test_markdown_is_a_table(one_seed: list[Path]) -> None:
    lines = as_markdown(compare(one_seed)).splitlines()
    head = lines.index("|  | unit | dynamic | static |")
    assert lines[head + 1] == "| --- | ---: | ---: | ---: |"
    assert all(line.count("|") == 5 for line in lines[head : head + 20])
