"""How a comparison tells what its forecasts were worth: by seeds, by lead time, and apart for who knew otherwise."""

from __future__ import annotations

from typing import Any

import pandas as pd

from relight.results.comparison.forecast import HEAD, forecast_tables
from relight.results.comparison.text import records
from relight.results.report.overview import forecasts


def row(strategy: str, seed: int, lead_min: float | None, bias: float, rmse: float, **more: Any) -> dict[str, Any]:
    return {
        "scenario": "my/<case>", "strategy": strategy, "seed": seed, "kind": "load", "lead_min": lead_min,
        "bias_pct": bias, "rmse_pct": rmse, "rmse_single_pct": 2 * rmse, "common_share": 0.25, **more,
    }  # fmt: skip


def told(*strategies: str, leads: int = 1) -> pd.DataFrame:
    rows = [
        row(strategy, seed, lead, 0.0 if strategy == "oracle" else 4.0 * seed - 1, 5.0)
        for strategy in strategies
        for seed in (0, 1)
        for lead in (*(30.0 * k for k in range(leads)), None)
    ]
    return pd.DataFrame(rows)


def test_one_table_for_all_who_had_the_same_forecasts() -> None:
    (table,) = forecast_tables(told("dynamic", "static"), "my/<case>")
    assert table.title == "Forecast" and all(len(cells) == len(HEAD) for cells in table.rows)
    assert table.rows == [
        ["load", "0", "1.0 [-1.0..3.0]", "5.0", "10.0", "25.0"],
        ["load", "all", "1.0 [-1.0..3.0]", "5.0", "10.0", "25.0"],
    ]
    (mean,) = forecast_tables(told("dynamic"), "my/<case>", ranges=False)
    assert mean.rows[0][2] == "1.0"
    assert forecast_tables(told("dynamic"), "another") == []


def test_who_knew_something_else_has_a_table_of_its_own() -> None:
    titles = [table.title for table in forecast_tables(told("dynamic", "oracle", "static"), "my/<case>")]
    assert titles == ["Forecast of dynamic, static", "Forecast of oracle"]


def test_lead_times_are_shown_the_more_sparsely_the_longer_they_are() -> None:
    (table,) = forecast_tables(told("dynamic", leads=20), "my/<case>")
    assert [cells[1] for cells in table.rows] == ["0", "30", "60", "120", "240", "480", "all"]


def test_what_is_not_defined_is_a_dash() -> None:
    night = pd.DataFrame([row("dynamic", 0, None, float("nan"), float("nan"), common_share=None)])
    (table,) = forecast_tables(night, "my/<case>")
    assert table.rows == [["load", "all", "-", "-", "-", "-"]]


def test_the_report_tells_it_from_the_comparisons_file() -> None:
    page = forecasts(records(told("dynamic", "oracle")))
    assert page.count("<table>") == 2 and "Forecast of oracle, my/&lt;case&gt;." in page and "<td>load</td>" in page
    assert forecasts([]) == ""
