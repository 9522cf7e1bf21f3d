"""Cold load pick-up of a run: what was drawn beyond the base course, and how high the multiples were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..run.read import RunTables
from . import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def has_cold_load(run: RunTables) -> bool:
    """Whether an area came back with more than its demand."""
    return not run.cold_load.empty


def cold_load(run: RunTables) -> Figure:
    """Served power of the outage area, base course and cold load pick-up stacked, against planned power and the base
    course of all demand; below, the multiple of every pick-up when it came and the highest multiple of any area."""
    area = run.local_area[run.local_area["in_outage_area"] == 1]
    excess = run.cold_load[run.cold_load["local_area"].isin(area["local_area"])]
    times = sorted(area["time_min"].unique())
    edges = np.array([*times, run.end_min], dtype=float)

    def total(rows: pd.DataFrame, column: str) -> np.ndarray:
        return rows.groupby("time_min")[column].sum().reindex(times).fillna(0.0).to_numpy()

    served, extra = total(area, "served_kw"), total(excess, "cold_load_kw")
    figure = style.new_figure(style.PAGE_MM, 100, run.title)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1])
    upper.stairs(
        served - extra, edges, baseline=0.0, fill=True, color=style.SKY, linewidth=0, label="served, base course"
    )
    upper.stairs(served, edges, baseline=served - extra, fill=True, color=style.ORANGE, linewidth=0, label="cold load")
    upper.stairs(
        total(area, "planned_kw"), edges, baseline=None, color=style.RED, linestyle=style.DASHED, label="planned"
    )
    upper.stairs(
        total(area, "demand_kw") - extra, edges, baseline=None, color=style.BLACK, linestyle=style.DOTTED,
        label="demand, base course",
    )  # fmt: skip
    upper.set_ylabel("power (kW)")
    upper.set_title("Cold load pick-up")
    style.legend_above(upper, 4)
    highest = excess.groupby("time_min")["multiple"].max().reindex(times).fillna(1.0).to_numpy()
    lower.stairs(highest, edges, baseline=None, color=style.ORANGE, label="highest of any area")
    told = run.events[run.events["kind"] == "cold_load_pick_up"]
    lower.plot(told["time_min"], told["value"], ".", color=style.BLACK, markersize=3.5, label="a pick-up")
    lower.set_ylabel("multiple")
    lower.set_ylim(bottom=1.0)
    lower.set_title("Multiple of the base course")
    style.legend_on_title_line(lower)
    figure.align_ylabels()
    for axes in (upper, lower):
        style.clock_axis(axes, run.scenario.local_clock, run.end_min, axes is lower, 10)
    return figure
