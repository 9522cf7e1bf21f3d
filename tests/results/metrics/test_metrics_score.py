"""The score of a run: network, sources and supply capability by hand, agreement with the summary, files and text."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.results.comparison.compare import compare
from relight.results.comparison.text import as_markdown, as_text, write_comparison
from relight.results.metrics.catalogue import METRICS, SOURCES, Value
from relight.results.metrics.network import hours_outside, statistics, switching
from relight.results.metrics.score import Score, score_run
from relight.results.metrics.supply_capability import power_supply_capability
from relight.results.metrics.text import FORMS, metrics_csv
from relight.results.run.read import IncompleteRun
from relight.results.run.summary import summarise
from relight.results.run_folder import read_run
from support.synthetic_run import in_memory, make_plan, make_scenario, record, write_synthetic


def score(**shape: Any) -> tuple[Score, dict[str, Any]]:
    run = in_memory(record(**shape), make_scenario())
    return score_run(run), summarise(run)


def test_every_metric_is_there_and_the_energies_are_those_of_the_summary() -> None:
    found, summary = score()
    assert list(found) == list(METRICS)
    for name in ("demand_energy_mwh", "served_energy_mwh", "weighted_served_energy_mwh"):
        assert found[name].value == pytest.approx(summary[name], abs=1e-9)
    assert found["energy_not_supplied_mwh"].value == pytest.approx(summary["unserved_energy_mwh"], abs=1e-9)
    assert found["switch_operations"].value == summary["switch_operations"]
    for name in ("losses", "pv_curtailed"):
        assert found[f"{name}_mwh"].value == pytest.approx(summary["energy_mwh"][name], abs=1e-9)


def test_shares_add_up_to_all_that_is_supplied() -> None:
    found, summary = score()
    parts = [found[f"share_{source}_pct"].value for source in SOURCES if source != "ess_discharge"]
    assert sum(part or 0 for part in parts) == pytest.approx(100, abs=1e-9)
    mwh, total = summary["energy_mwh"], summary["served_energy_mwh"] + summary["energy_mwh"]["losses"]
    assert found["share_pv_pct"].value == pytest.approx(100 * mwh["pv"] / total, abs=1e-6)
    assert found["share_nbsu_net_pct"].value == pytest.approx(
        100 * (mwh["nbsu"] - mwh["nbsu_startup"]) / total, abs=1e-6
    )
    assert found["share_ess_discharge_pct"].value == pytest.approx(100 * mwh["ess_discharge"] / total, abs=1e-6)


def test_a_run_that_serves_nothing_defines_what_it_can() -> None:
    found, _ = score(serve_nothing=True)
    assert found["served_pct"].value == 0 and found["resilience_lambda_pct"].value == 100
    assert found["saifi"].value == pytest.approx(1) and found["asai"].value == pytest.approx(0)
    for name in ("share_pv_pct", "vm_min_pu", "time_to_50_pct_min", "pv_curtailed_pct", "resilience_phi_pct_per_h"):
        assert found[name].value is None and found[name].note


def test_failed_runs_are_not_scored() -> None:
    with pytest.raises(IncompleteRun, match="failed"):
        run = in_memory(record(), make_scenario(), status="failed")
        run.manifest["reason"] = "broken"
        score_run(run)


def test_statistics_weigh_values_by_how_long_they_hold() -> None:
    found = statistics(pd.Series([0.95, 1.0, 1.05, None]), pd.Series([1.0, 2.0, 1.0, 9.0]))
    assert found is not None
    assert (found.least, found.largest, found.p5, found.p95) == (0.95, 1.05, 0.95, 1.05)
    assert found.mean == pytest.approx(1.0, abs=1e-9)
    # 1 % of the time does not reach the 5th percentile
    rare = statistics(pd.Series([1.0, 0.9]), pd.Series([99.0, 1.0]))
    assert rare is not None and (rare.least, rare.p5) == (0.9, 1.0)
    assert statistics(pd.Series([None, 1.0], dtype=float), pd.Series([1.0, 0.0])) is None
    assert hours_outside(pd.Series([0.92, 0.93, 1.08, None]), pd.Series([0.5] * 4), 0.93, 1.07) == 1.0


def test_switching_counts_operations_and_switches() -> None:
    table = pd.DataFrame({"switch": ["a", "a", "b", "c"], "operated": [1, 1, 1, 0]})
    assert switching(table) == (3, 2)


def test_supply_capability_of_each_area_and_of_all() -> None:
    rows = [("pv.1", "pv", "1", 80.0, None), ("ess.1", "ess", "1", 50.0, 12.0), ("nbsu.2", "nbsu", "2", -5.0, None),
            ("ess.2", "ess", "2", 0.0, 3.0), ("i", "infeed", "2", 900.0, None)]  # fmt: skip
    unit = pd.DataFrame(
        [{"time_min": t, "kind": kind, "local_area": la, "p_max_kw": p, "discharge_kwh": e, "charge_kwh": e}
         for t in (0.0, 5.0) for _, kind, la, p, e in rows]
    )  # fmt: skip
    found = power_supply_capability(unit).set_index(["time_min", "local_area"])
    assert found.loc[(0.0, "1"), ["pv_kw", "ess_kw", "nbsu_kw", "psc_kw", "infeed_kw"]].tolist() == [80, 50, 0, 130, 0]
    assert found.loc[(5.0, "2"), ["nbsu_kw", "psc_kw", "infeed_kw"]].tolist() == [-5, -5, 900]
    assert found.loc[(5.0, "*"), ["psc_kw", "discharge_kwh"]].tolist() == [125, 15]


def test_the_first_plan_shows_its_intervals() -> None:
    recorder = record()
    energy = {source: {"planned": 100.0, "least": 50.0, "largest": 150.0} for source in SOURCES}
    recorder.plans[0] = make_plan("dynamic", 300, 45) | {"source_energy_kwh": energy}
    found = score_run(in_memory(recorder, make_scenario()))
    assert found["first_plan_pv_energy_mwh"] == Value(0.1, found["first_plan_pv_energy_mwh"].note, 0.05, 0.15)
    share = found["first_plan_share_pv_pct"]
    assert (share.value, share.low, share.high) == pytest.approx((25, 12.5, 37.5))


def test_proven_bounds_of_the_first_plan_go_before_its_own_interval() -> None:
    recorder = record()
    energy = {
        source: {"planned": 100.0, "least": 50.0, "largest": 150.0, "lower_bound": 20.0, "upper_bound": 180.0}
        for source in SOURCES
    }
    recorder.plans[0] = make_plan("dynamic", 300, 45) | {"source_energy_kwh": energy}
    found = score_run(in_memory(recorder, make_scenario()))
    note = "proven bounds over all plans worth as much"
    assert found["first_plan_nbsu_net_energy_mwh"] == Value(0.1, note, 0.02, 0.18)
    share = found["first_plan_share_pv_pct"]
    assert (share.value, share.low, share.high) == pytest.approx((25, 5, 45))


def test_an_infeed_is_a_source_like_others() -> None:
    """Shares are of all that was supplied, the infeed's energy with it."""
    run = in_memory(record(), make_scenario())
    island = run.island.assign(infeed_kw=30.0)
    found = score_run(replace(run, island=island))
    hours = 5 / 60 * len(island)
    own = sum(float(run.unit.loc[run.unit["kind"] == kind, "p_kw"].sum()) * 5 / 60 for kind in ("pv", "ess", "nbsu"))
    assert found["share_infeed_pct"].value == pytest.approx(100 * 30 * hours / (own + 30 * hours), abs=1e-9)
    four = [found[f"share_{source}_pct"].value for source in ("pv", "ess_net", "nbsu_net", "infeed")]
    assert sum(four) == pytest.approx(100, abs=1e-9)


def test_metrics_lie_in_the_folder_and_read_back(tmp_path: Path) -> None:
    folder = write_synthetic(tmp_path / "run")
    table = pd.read_csv(folder / "metrics.csv")
    found = score_run(read_run(folder))
    assert list(table.columns) == ["metric", "value", "unit", "low", "high", "note"]
    assert table["metric"].tolist() == list(METRICS)
    for name, value in zip(table["metric"], table["value"], strict=True):
        wanted = found[name].value
        assert pd.isna(value) if wanted is None else value == pytest.approx(wanted, abs=1e-8)
    psc = pd.read_csv(folder / "psc.csv")
    assert set(psc["local_area"]) == {"*", "1", "2", "3"}


def test_every_form_names_every_metric_and_fits_the_terminal() -> None:
    found, _ = score()
    assert pd.read_csv(io.StringIO(metrics_csv(found)))["metric"].tolist() == list(METRICS)
    markdown, text = FORMS["markdown"](found), FORMS["text"](found)
    assert all(f"`{name}`" in markdown for name in METRICS)
    assert all(metric.label in text for metric in METRICS.values())
    assert max(map(len, text.splitlines())) <= 80


def test_a_comparison_shows_metrics_and_keeps_them_apart(tmp_path: Path) -> None:
    folders = [write_synthetic(tmp_path / f"{s}{k}", s, k, steps=12) for s in ("dynamic", "static") for k in (0, 1)]
    comparison = compare(folders)
    assert len(comparison.metrics) == 4 and set(METRICS) <= set(comparison.metrics.columns)
    assert not set(METRICS) & {"strategy", "scenario", "seed"}
    write_comparison(comparison, tmp_path / "c")
    seeds = pd.read_csv(tmp_path / "c" / "metrics_seeds.csv").set_index(["strategy", "metric"])
    assert seeds.loc[("dynamic", "saifi"), "defined"] == 2 and seeds.loc[("static", "caidi_min"), "seeds"] == 2
    text, markdown = as_text(comparison), as_markdown(comparison)
    assert (
        "SAIDI (min/customer)" in text and "proportion to peak load" in text and max(map(len, text.splitlines())) <= 80
    )
    assert "| SAIDI | min/customer |" in markdown and "from NBSU, net of start-up" in markdown


@given(
    st.lists(st.tuples(st.floats(0.8, 1.2), st.floats(0.1, 5)), min_size=1, max_size=8),
    st.integers(0, 99),
    st.floats(0.1, 0.9),
)
def test_splitting_and_order_change_no_statistics(held: list[tuple[float, float]], at: int, part: float) -> None:
    value, hours = held[at % len(held)]
    rest = [pair for k, pair in enumerate(held) if k != at % len(held)]
    split = [(value, hours * part), *reversed(rest), (value, hours * (1 - part))]
    one, two = (statistics(*(pd.Series(column) for column in zip(*pairs, strict=True))) for pairs in (held, split))
    assert one is not None and two is not None
    assert (one.least, one.p5, one.p95, one.largest) == (two.least, two.p5, two.p95, two.largest)
    assert one.mean == pytest.approx(two.mean, abs=1e-9)
