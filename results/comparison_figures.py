"""The figure of a comparison: served power by strategy, and planned beside served energy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from results import style
from results.run_tables import NotARun, read_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def read_comparison(folder: Path) -> tuple[dict[str, datetime], pd.DataFrame, pd.DataFrame]:
    """Outage starts by scenario, ``served.csv`` and ``comparison.csv`` of a comparison's folder. Raises NotARun."""
    starts = read_json(folder / "comparison.json").get("starts")
    if starts is None:
        raise NotARun(f"{folder}: this comparison was not finished; run it again with --overwrite")
    names = {"scenario": str, "strategy": str}
    try:
        power, runs = (
            pd.read_csv(folder / f"{name}.csv", dtype=names, keep_default_na=False, na_values={"worst_gap": [""]})
            for name in ("served", "comparison")
        )
    except (OSError, ValueError) as error:
        raise NotARun(f"{folder}: {error}") from error
    return {scenario: datetime.fromisoformat(start) for scenario, start in starts.items()}, power, runs


def served_by_strategy(power: pd.DataFrame, runs: pd.DataFrame, start: datetime) -> Figure:
    """Served power over time by strategy against demand, and planned and served energy as bars: means over seeds, a
    band or a whisker from the lowest to the highest seed."""
    strategies = list(dict.fromkeys(runs["strategy"]))
    colours = style.strategy_colours(strategies)
    figure = style.new_figure(style.PAGE_MM, 72)
    left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
    times = np.sort(power["time_min"].unique())
    # Every step of a comparison's runs is alike, so the last one is as long as the one before.
    edges = np.append(times, 2 * times[-1] - times[-2] if len(times) > 1 else times[-1] + 1)
    demand = power.groupby("time_min")["demand_kw"].mean().to_numpy()
    left.stairs(demand, edges, baseline=None, color=style.BLACK, linestyle=(0, (1, 1)), linewidth=1.1, label="demand")
    for strategy in strategies:
        served = power[power["strategy"] == strategy].groupby("time_min")["served_kw"]
        low, mean, high = (served.agg(f).to_numpy() for f in ("min", "mean", "max"))
        if (high > low).any():
            left.stairs(high, edges, baseline=low, fill=True, color=colours[strategy], alpha=0.25, linewidth=0)
        left.stairs(mean, edges, baseline=None, color=colours[strategy], linewidth=1.2, label=strategy)
    left.set(ylabel="served power (kW)")
    left.set_ylim(bottom=0)
    left.set_title("Served power", pad=16)
    style.legend_above(left, 5)
    style.clock_axis(left, start.hour * 60 + start.minute, float(edges[-1]), most=8)
    _energy_bars(right, runs, strategies, colours)
    return figure


def _energy_bars(axes: Axes, runs: pd.DataFrame, strategies: list[str], colours: dict[str, str]) -> None:
    """Planned (hatched) and served energy of each strategy, with their values."""
    from matplotlib.patches import Patch

    top = max(runs["planned_energy_mwh"].max(), runs["served_energy_mwh"].max(), 1e-9)
    for k, strategy in enumerate(strategies):
        mine = runs[runs["strategy"] == strategy]
        for shift, name in ((-0.2, "planned"), (0.2, "served")):
            energy = mine[f"{name}_energy_mwh"]
            mean, low, high = energy.mean(), energy.min(), energy.max()
            face = "white" if name == "planned" else colours[strategy]
            axes.bar(
                k + shift, mean, width=0.36, facecolor=face, edgecolor=colours[strategy], linewidth=0.8,
                hatch="////" if name == "planned" else "",
            )  # fmt: skip
            if high > low:
                axes.vlines(k + shift, low, high, color=style.BLACK, linewidth=0.9)
            axes.text(k + shift, high + 0.015 * top, f"{mean:.2f}", ha="center", va="bottom", fontsize=6)
    axes.set_xticks(range(len(strategies)), strategies, rotation=0 if len(strategies) <= 4 else 30)
    axes.set_ylim(0, 1.1 * top)
    axes.set_ylabel("energy (MWh)")
    axes.set_title("Energy over the window", pad=16)
    axes.grid(visible=False, axis="x")
    handles = [
        Patch(facecolor="white", edgecolor=style.GREY, hatch="////", label="planned"),
        Patch(facecolor=style.GREY, edgecolor=style.GREY, label="served"),
    ]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
