"""How good the forecasts were that compared strategies had: a table per scenario."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..run.read import RunTables
from ..run.tables import FORECAST

PERCENT = {"bias_pct": "bias_kw", "rmse_pct": "rmse_kw", "rmse_single_pct": "rmse_single_kw"}
"""Columns in % of what happened on average, and those in kW that they are made of."""
HEAD = ["", "lead (min)", "bias (%)", "RMSE (%)", "single (%)", "common (%)"]
LEGEND = (
    "Forecasts issued as each plan step begins, in % of what happened on average: bias and RMSE of the total, sum of "
    "the RMSE of single areas (PV units), and the part of the error that they have in common."
)
_SHOWN = (*PERCENT, "common_share")
_LEAST_KW = 1e-3
"""Where less happened on average, nothing is told in %."""


@dataclass(frozen=True)
class ForecastTable:
    """A table for people: ``title`` says whose forecasts they are, ``rows`` fit under ``HEAD``."""

    title: str
    rows: list[list[str]]


def forecast_of(run: RunTables) -> pd.DataFrame:
    """The quality of a run's forecasts, with columns in % beside those in kW."""
    table, mean = run.forecast, run.forecast["actual_kw"].where(run.forecast["actual_kw"] > _LEAST_KW)
    return table.assign(**{name: 100 * table[kw] / mean for name, kw in PERCENT.items()})


def forecast_columns() -> list[str]:
    """Columns of ``forecast_of``."""
    return [*FORECAST, *PERCENT]


def forecast_tables(forecast: pd.DataFrame, scenario: str, ranges: bool = True) -> list[ForecastTable]:
    """Tables of one scenario: one for each set of forecasts that strategies had, by kind and lead time; the last row of
    each kind is over all lead times. Of lead times those of 0, 1, 2, 4, 8 … plan steps are shown.

    Several seeds show as ``mean [min..max]``, without ``ranges`` as their mean.
    """
    forecast = forecast[forecast["scenario"] == scenario]
    made: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for strategy in dict.fromkeys(forecast["strategy"]):
        rows = _rows(forecast[forecast["strategy"] == strategy], ranges)
        made.setdefault(tuple(map(tuple, rows)), []).append(strategy)
    titles = [f"Forecast of {', '.join(of)}" if len(made) > 1 else "Forecast" for of in made.values()]
    return [ForecastTable(title, [list(row) for row in rows]) for title, rows in zip(titles, made, strict=True)]


def _rows(mine: pd.DataFrame, ranges: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    for kind in dict.fromkeys(mine["kind"]):
        of_kind = mine[mine["kind"] == kind]
        leads = sorted(set(of_kind["lead_min"].dropna()))
        shown = [0, *(2**k for k in range(len(leads).bit_length()))]
        for lead in [lead for k, lead in enumerate(leads) if k in shown]:
            rows.append([str(kind), f"{lead:g}", *_cells(of_kind[of_kind["lead_min"] == lead], ranges)])
        rows.append([str(kind), "all", *_cells(of_kind[of_kind["lead_min"].isna()], ranges)])
    return rows


def _cells(seeds: pd.DataFrame, ranges: bool) -> list[str]:
    return [_spread(seeds[name].astype(float) * (100 if name == "common_share" else 1), ranges) for name in _SHOWN]


def _spread(values: pd.Series, ranges: bool) -> str:
    known = values.dropna()
    if known.empty:
        return "-"
    low, mean, high = (f"{round(float(x), 1) + 0.0:.1f}" for x in (known.min(), known.mean(), known.max()))
    return mean if low == high or not ranges else f"{mean} [{low}..{high}]"
