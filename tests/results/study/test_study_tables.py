"""A study's tables, worked out by hand on made-up runs."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from relight.results.comparison.compare import DifferentWorlds
from relight.results.comparison.ladder import RUNGS
from relight.results.comparison.measures import MEASURES
from relight.results.study.figures import study_figures
from relight.results.study.tables import ALL, StudyShape, StudyTables, tabulate
from relight.results.study.text import as_latex, as_markdown, as_text, strategy_table
from relight.scenarios.studies.schema import Statistics

SERVED = "served_energy_mwh"
SHAPE = StudyShape(
    ("peak_kw",), (), ("dynamic", "static", "other"), "dynamic", (SERVED, "interruptions"), Statistics(resamples=500)
)


def run(strategy: str, seed: int, peak_kw: float, served: float | None, cut: int = 0, **more: object) -> dict:
    status = "complete" if served is not None else "failed"
    return {
        "scenario": "s/a", "point": f"peak_kw={peak_kw:g}", "peak_kw": peak_kw, "strategy": strategy, "seed": seed,
        "status": status, "reason": "" if served is not None else "Oops: a_b & c", "run": f"{strategy}{seed}{peak_kw}",
        "demand_energy_mwh": 9.0 + seed if served is not None else None, SERVED: served,
        "interruptions": cut if served is not None else None, **more,
    }  # fmt: skip


SERVED_MWH = {("dynamic", 1.0): (4, 6), ("dynamic", 2.0): (5, 7), ("static", 1.0): (3, 6), ("static", 2.0): (4, 9)}
ROWS = [
    *(
        run(strategy, seed, peak_kw, served, 2 if strategy == "dynamic" else 1)
        for (strategy, peak_kw), values in SERVED_MWH.items()
        for seed, served in enumerate(values)
    ),
    run("other", 0, 1.0, 4.0004, 2), run("other", 1, 1.0, None), run("other", 0, 2.0, 1.0), run("other", 1, 2.0, 2.0),
]  # fmt: skip


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    return pd.DataFrame(ROWS)


@pytest.fixture(scope="module")
def tables(runs: pd.DataFrame) -> StudyTables:
    return tabulate(runs, SHAPE)


def row(table: pd.DataFrame, **where: object) -> dict:
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1, table
    return table.iloc[0].to_dict()


def test_a_strategy_at_one_point(tables: StudyTables) -> None:
    found = row(tables.strategies, point="peak_kw=1", strategy="dynamic", measure=SERVED)
    assert (found["runs"], found["failed"], found["units"], found["mean"]) == (2, 0, 2, 5.0)
    assert (found["low"], found["high"], found["min"], found["median"], found["max"]) == (4, 6, 4, 5, 6)
    assert found["sd"] == pytest.approx(2**0.5)
    assert found["peak_kw"] == 1.0


def test_over_a_grid_the_seed_is_the_unit(tables: StudyTables) -> None:
    """Seed 0 has 4 and 5, seed 1 has 6 and 7: two units, 4.5 and 6.5."""
    found = row(tables.strategies, point=ALL, strategy="dynamic", measure=SERVED)
    assert (found["runs"], found["units"], found["mean"], found["low"], found["high"]) == (4, 2, 5.5, 4.5, 6.5)


def test_over_samples_the_sample_is_the_unit(runs: pd.DataFrame) -> None:
    """Points have means 5 and 6."""
    sampled = replace(SHAPE, sampled=("peak_kw",))
    found = row(tabulate(runs, sampled).strategies, point=ALL, strategy="dynamic", measure=SERVED)
    assert (found["units"], found["mean"], found["low"], found["high"]) == (2, 5.5, 5.0, 6.0)


def test_points_of_a_grid_are_no_further_samples(runs: pd.DataFrame) -> None:
    """The same two samples at three points of a grid are two units, not six; the interval stays as it was."""
    alone = replace(SHAPE, sampled=("peak_kw",))
    with_grid = replace(alone, parameters=("dg", "peak_kw"))
    thrice = pd.concat([runs.assign(dg=dg, point=runs["point"] + f", dg={dg}") for dg in (1, 2, 3)], ignore_index=True)
    of_once, of_thrice = tabulate(runs, alone), tabulate(thrice, with_grid)
    for name in ("strategies", "paired"):
        once, more = getattr(of_once, name), getattr(of_thrice, name)
        once, more = (table.loc[table.point == ALL, ["units", "low", "high"]] for table in (once, more))
        pd.testing.assert_frame_equal(more.reset_index(drop=True), once.reset_index(drop=True))


def test_one_seed_at_each_of_many_samples_is_no_cause_to_warn() -> None:
    """Intervals rest on the samples; that each sample has but one seed says nothing."""
    shape = replace(SHAPE, sampled=("peak_kw",))
    runs = pd.DataFrame([run(s, 0, float(k), 5.0 + k % 3) for s in SHAPE.strategies for k in range(12)])
    assert "Warning" not in as_text(tabulate(runs, shape), shape)
    few = tabulate(runs[runs["peak_kw"] < 4], shape)
    assert "Warning: only 4 samples" in as_text(few, shape).replace("\n", " ")


def test_pairs(tables: StudyTables) -> None:
    """Differences to static: 1, 0 at the first point, 1, -2 at the second."""
    paired = tables.paired
    found = row(paired, point=ALL, other="static", measure=SERVED)
    assert (found["pairs"], found["missing"]) == (4, 0)
    assert (found["wins"], found["ties"], found["losses"]) == (2, 1, 1)
    # Seed 0: 1 and 1; seed 1: 0 and -2. Two units, 1 and -1.
    assert (found["difference"], found["low"], found["high"]) == (0.0, -1.0, 1.0)
    assert (found["reference_mean"], found["other_mean"], found["relative_pct"]) == (5.5, 5.5, 0.0)
    assert (found["cohen_dz"], found["rank_biserial"]) == (0.0, 0.0)
    fewer = row(paired, point=ALL, other="static", measure="interruptions")
    assert (fewer["difference"], fewer["wins"], fewer["losses"]) == (1.0, 0, 4)


def test_a_failed_run_is_a_missing_pair(tables: StudyTables) -> None:
    found = row(tables.paired, point="peak_kw=1", other="other", measure=SERVED)
    assert (found["pairs"], found["missing"], found["units"]) == (1, 1, 1)
    assert found["ties"] == 1, "0.4 kWh is less than the last decimal shown"
    assert found["low"] is None or pd.isna(found["low"])
    assert row(tables.strategies, point="peak_kw=1", strategy="other", measure=SERVED)["failed"] == 1
    assert "failed runs" in [line[0] for line in strategy_table(tables, SHAPE, "s/a")[1]]


def test_performance_profiles(tables: StudyTables) -> None:
    """Ratios of dynamic: 1.0001, 1, 1, 9/7; the failed run is never within any ratio."""
    profiles = tables.profiles
    at_one = profiles[profiles["ratio"] == 1.0].set_index("strategy")["share"].to_dict()
    assert at_one == {"dynamic": 0.5, "static": 0.5, "other": 0.25}
    last = profiles.groupby("strategy")["share"].max().to_dict()
    assert last == {"dynamic": 1.0, "static": 1.0, "other": 0.75}


def test_sensitivity(tables: StudyTables) -> None:
    """Served 4, 6, 5, 7 at peaks 1, 1, 2, 2: ranks (1.5, 1.5, 3.5, 3.5) against (1, 3, 2, 4) have rho = 1 / sqrt(5)."""
    table = tables.sensitivity
    alone = table[table["other"].isna()]
    assert row(alone, strategy="dynamic", measure=SERVED)["rank_correlation"] == pytest.approx(5**-0.5)


def test_different_demand_is_another_world(runs: pd.DataFrame) -> None:
    other = runs.copy()
    other.loc[0, "demand_energy_mwh"] = 8.0
    with pytest.raises(DifferentWorlds, match=r"s/a, peak_kw=1, seed 0: .* 8\.000000 to 9\.000000"):
        tabulate(other, SHAPE)


def test_cold_load_is_no_other_world(runs: pd.DataFrame) -> None:
    """What customers draw beyond the base course depends on when a strategy restores them."""
    other = runs.assign(cold_load_energy_mwh=0.0)
    other.loc[0, ["demand_energy_mwh", "cold_load_energy_mwh"]] = 9.5, 0.5
    tabulate(other, SHAPE)
    other.loc[0, "cold_load_energy_mwh"] = 0.4
    with pytest.raises(DifferentWorlds, match=r"9\.000000 to 9\.100000"):
        tabulate(other, SHAPE)


def test_texts(tables: StudyTables) -> None:
    text = as_text(tables, SHAPE)
    assert "5.500 [4.500, 6.500]" in text
    assert "2/1/1" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "Warning: only 1 seed in places; there are no intervals." in text
    markdown = as_markdown(tables, SHAPE, "T", "relight study s.yaml")
    assert "| served (MWh) | 5.500 [4.500, 6.500] |" in markdown
    assert "| s/a | peak_kw=1 | other | 1 | Oops: a_b & c |" in markdown
    assert "relight study s.yaml" in markdown
    assert "nan" not in markdown.lower().replace("dominant", "")
    latex = as_latex(tables, SHAPE, "relight study s.yaml")
    assert latex.count("\\toprule") == latex.count("\\bottomrule") == 2
    assert "win/tie/loss" in latex
    assert "d\\_z" in latex


def test_a_study_with_every_rung_has_the_ladder_at_each_point() -> None:
    """Each rung serves 0.1 MWh more than the one below, 0.2 at the second point, where one rung lost a run."""
    shape = StudyShape(("peak_kw",), (), RUNGS, "dynamic", (SERVED,), Statistics(resamples=500))
    rows = [
        run(rung, seed, peak_kw, None if (peak_kw, seed, rung) == (2.0, 0, "growing") else 3 + seed + 0.1 * peak_kw * k)
        for peak_kw in (1.0, 2.0)
        for seed in range(3)
        for k, rung in enumerate(RUNGS)
    ]
    tables = tabulate(pd.DataFrame(rows), shape)
    for peak_kw in (1, 2):
        where = {"point": f"peak_kw={peak_kw}", "gain": "switching over time", "measure": SERVED}
        found = row(tables.ladder, **where)
        assert found["mean"] == pytest.approx(0.1 * peak_kw) and found["seeds"] == 4 - peak_kw
        assert found["verdict"] == "more"
        assert f"What each rung of the ladder is worth, peak_kw={peak_kw}:" in as_markdown(tables, shape, "T", "c")
        assert f"What a rung is worth (MWh served), peak_kw={peak_kw}" in as_text(tables, shape)
    few = tabulate(pd.DataFrame([one for one in rows if one["strategy"] != "static"]), shape)
    assert few.ladder.empty and "rung" not in as_markdown(few, shape, "T", "c")


def test_every_run_failed() -> None:
    runs = pd.DataFrame([run(s, k, 1.0, None) for s in SHAPE.strategies for k in (0, 1)])
    tables = tabulate(runs, SHAPE)
    assert study_figures(tables, SHAPE) == []
    assert "Failed runs" in as_markdown(tables, SHAPE, "T", "c")
    as_text(tables, SHAPE)


def test_figures_where_all_others_failed() -> None:
    """Without a single pair there is nothing to draw of pairs; the reference is drawn all the same."""
    grid = [run("dynamic", k, peak, 5.0 + k) | {"dg": dg} for k in (0, 1) for peak in (1.0, 2.0) for dg in (1.0, 2.0)]
    failed = [{**one, **run(s, one["seed"], one["peak_kw"], None)} for one in grid for s in ("static", "other")]
    runs = pd.DataFrame([*grid, *failed])
    runs["point"] += runs["dg"].map(", dg={:g}".format)
    for sampled in ((), ("peak_kw", "dg")):
        shape = replace(SHAPE, parameters=("peak_kw", "dg"), sampled=sampled)
        figures = study_figures(tabulate(runs, shape), shape)
        assert {"pairs", "differences"}.isdisjoint(f.name for f in figures) and figures[0].name == "distributions"
        for figure in figures:
            figure.draw(figure.data, shape, {})


def test_figures_come_with_their_data(tables: StudyTables) -> None:
    figures = {figure.name: figure for figure in study_figures(tables, SHAPE)}
    assert list(figures) == ["distributions", "pairs", "differences", "profiles", "sensitivity_peak_kw"]
    line = figures["sensitivity_peak_kw"].data
    assert row(line, strategy="dynamic", value=2.0)["mean"] == 6.0
    for figure in figures.values():
        assert len(figure.data)
        figure.draw(figure.data, SHAPE, {})


def test_directions_of_measures() -> None:
    better = {name: MEASURES[name].better for name in (SERVED, "interruptions", "saidi_min", "demand_energy_mwh")}
    assert better == {SERVED: 1, "interruptions": -1, "saidi_min": -1, "demand_energy_mwh": 0}
    assert (MEASURES[SERVED].tie, MEASURES["interruptions"].tie) == (0.001, 0.0)


def test_the_terminal_has_eighty_columns() -> None:
    """Eight strategies, large numbers: tables are cut into pieces, every strategy is in one, with its seeds."""
    names = ("dynamic", "static", "static_rigid", "open_loop", "centralised", "islanded", "greedy", "oracle")
    shape = replace(SHAPE, parameters=(), strategies=names)
    rows = [run(s, seed, 1.0, 11.0 + 0.3 * k * (seed + 1), 100 * k) for k, s in enumerate(names) for seed in range(12)]
    runs = pd.DataFrame(rows).drop(columns="peak_kw").assign(point="")
    tables = tabulate(runs, shape)
    lines = as_text(tables, shape).splitlines()
    assert max(map(len, lines)) <= 80
    heads = [line.split() for line in lines if line.startswith("      ") and "[" not in line]
    assert [name for head in heads for name in head] == list(names)
    counts = [line.split()[1:] for line in lines if line.startswith("seeds")]
    assert [int(n) for part in counts for n in part] == [12] * 8
    assert not any("Warning" in line for line in lines)
    few = tabulate(runs[runs["seed"] < 9], shape)
    assert "Warning: only 9 seeds in places; with fewer than about 10" in as_text(few, shape).replace("\n", " ")
    assert "Warning: only 9 seeds" in as_markdown(few, shape, "T", "c")
