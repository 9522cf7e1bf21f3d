"""The figure of a comparison: served power by strategy, and planned beside served energy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...scenarios.local_clock import LocalClock
from ..run.read import NotARun, read_json
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def read_comparison(folder: Path) -> tuple[dict[str, LocalClock], pd.DataFrame, pd.DataFrame]:
    """Clocks by scenario, ``served.csv`` and ``comparison.csv`` of a comparison's folder. Raises NotARun."""
    content = read_json(folder / "comparison.json")
    if "starts" not in content:
        raise NotARun(f"{folder}: this comparison was not finished; run it again with --overwrite")
    names = {"scenario": str, "strategy": str}
    try:
        power, runs = (
            pd.read_csv(folder / f"{name}.csv", dtype=names, keep_default_na=False, na_values={"worst_gap": [""]})
            for name in ("served", "comparison")
        )
    except (OSError, ValueError) as error:
        raise NotARun(f"{folder}: {error}") from error
    zones = content.get("timezones", {})
    clocks = {
        name: LocalClock(datetime.fromisoformat(start), zones.get(name, "UTC"))
        for name, start in content["starts"].items()
    }
    return clocks, power, runs


def served_by_strategy(power: pd.DataFrame, runs: pd.DataFrame, clock: LocalClock) -> Figure:
    """Served power over time by strategy against demand, and planned and served energy as bars: means over seeds, a
    band or a whisker from the lowest to the highest seed."""
    strategies = list(dict.fromkeys(runs["strategy"]))
    looks = style.strategy_looks(strategies)
    figure = style.new_figure(style.PAGE_MM, max(72.0, 26.0 + 7.5 * len(strategies)), _headline(runs, strategies))
    left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
    times = np.sort(power["time_min"].unique())
    # Every step of a comparison's runs is alike, so the last one is as long as the one before.
    edges = np.append(times, 2 * times[-1] - times[-2] if len(times) > 1 else times[-1] + 1)
    demand = power.groupby("time_min")["demand_kw"].mean().to_numpy()
    left.stairs(demand, edges, baseline=None, color=style.BLACK, linestyle=style.DOTTED, linewidth=1.1, label="demand")
    for strategy in strategies:
        served = power[power["strategy"] == strategy].groupby("time_min")["served_kw"]
        look = looks[strategy]
        low, mean, high = (served.agg(f).to_numpy() for f in ("min", "mean", "max"))
        if (high > low).any():
            left.stairs(high, edges, baseline=low, fill=True, color=look.colour, alpha=0.25, linewidth=0)
        left.stairs(
            mean, edges, baseline=None, color=look.colour, linestyle=look.dash, linewidth=1.2,
            label=style.short(strategy),
        )  # fmt: skip
    left.set(ylabel="served power (kW)")
    left.set_ylim(bottom=0)
    left.set_title("Served power")
    style.legend_above(left, 5)
    style.clock_axis(left, clock, float(edges[-1]), most=8)
    _energy_bars(right, runs, strategies, {name: look.colour for name, look in looks.items()})
    return figure


def _headline(runs: pd.DataFrame, strategies: list[str]) -> str:
    seeds = sorted(set(runs["seed"].astype(int)))
    if len(seeds) == 1:
        told = f"seed {seeds[0]}"
    else:
        every = seeds == list(range(seeds[0], seeds[-1] + 1))
        told = f"{seeds[0]} to {seeds[-1]}" if every else ", ".join(map(str, seeds))
        told = f"seeds {told}: mean, and from the lowest to the highest"
    which = ", ".join(strategies) if len(strategies) <= 4 else f"{len(strategies)} strategies"
    return f"{runs['scenario'].iloc[0]}, {which}, {told}"


def _energy_bars(axes: Axes, runs: pd.DataFrame, strategies: list[str], colours: dict[str, str]) -> None:
    """Planned (hatched) and served energy of each strategy, with their values."""
    from matplotlib.patches import Patch

    top = max(runs["planned_energy_mwh"].max(), runs["served_energy_mwh"].max(), 1e-9)
    for k, strategy in enumerate(strategies):
        mine = runs[runs["strategy"] == strategy]
        for shift, name in ((-0.2, "planned"), (0.2, "served")):
            energy = mine[f"{name}_energy_mwh"]
            mean, low, high = energy.mean(), energy.min(), energy.max()
            face = style.WHITE if name == "planned" else colours[strategy]
            axes.barh(
                k + shift, mean, height=0.36, facecolor=face, edgecolor=colours[strategy], linewidth=0.8,
                hatch="////" if name == "planned" else "",
            )  # fmt: skip
            if high > low:
                axes.hlines(k + shift, low, high, color=style.BLACK, linewidth=0.9)
            axes.text(high + 0.02 * top, k + shift, f"{mean:.2f}", ha="left", va="center", fontsize=style.SMALL)
    axes.set_yticks(range(len(strategies)), [style.short(name) for name in strategies])
    axes.set_ylim(max(len(strategies), 4) - 0.5, -0.5)
    axes.set_xlim(0, 1.2 * top)
    axes.set_xlabel("energy (MWh)")
    axes.set_title("Energy over the window")
    axes.grid(visible=False, axis="y")
    handles = [
        Patch(facecolor=style.WHITE, edgecolor=style.GREY, hatch="////", label="planned"),
        Patch(facecolor=style.GREY, edgecolor=style.GREY, label="served"),
    ]
    style.legend_above(axes, 2, handles)
