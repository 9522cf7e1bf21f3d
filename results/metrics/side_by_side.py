"""Metrics of several runs side by side: as a table per run, and as rows of a comparison's tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..run.read import RunTables
from .catalogue import METRICS
from .score import score_run
from .text import rounded

Rows = list[tuple[str, str, list[str]]]
"""Label, unit and one text per strategy."""


def metrics_of(run: RunTables) -> dict[str, float | None]:
    """Every metric's value by name, None where it is not defined."""
    score = score_run(run)
    return {name: score[name].value if name in score else None for name in METRICS}


def metric_rows(metrics: pd.DataFrame, strategies: Sequence[str], headline: bool = False) -> Rows:
    """Rows of a table with a column per strategy; ``metrics`` holds the runs of one scenario.

    Several seeds show as ``mean [min..max]`` of those in which the metric is defined, with their number where it is
    not defined in all. Metrics that no run defines are left out; ``headline`` leaves out all but the most telling.
    """
    rows: Rows = []
    for name, metric in METRICS.items():
        if (headline and not metric.headline) or metrics[name].isna().all():
            continue
        values = [metrics.loc[metrics["strategy"] == s, name] for s in strategies]
        rows.append((metric.label, metric.unit, [_spread(v, metric.decimals) for v in values]))
    return rows


def metrics_over_seeds(metrics: pd.DataFrame) -> pd.DataFrame:
    """Mean, minimum, maximum over the seeds in which a metric is defined, and their number: a row per scenario,
    strategy and metric."""
    long = metrics.melt(["scenario", "strategy", "seed"], var_name="metric")
    groups = long.astype({"value": float}).groupby(["scenario", "strategy", "metric"], sort=False)["value"]
    return groups.agg(mean="mean", min="min", max="max", defined="count", seeds="size").reset_index()


def _spread(values: pd.Series, decimals: int) -> str:
    known = values.dropna().astype(float)
    if known.empty:
        return "-"
    low, mean, high = (rounded(float(x), decimals) for x in (known.min(), known.mean(), known.max()))
    part = "" if len(known) == len(values) else f" ({len(known)} of {len(values)})"
    return (low if low == high else f"{mean} [{low}..{high}]") + part
