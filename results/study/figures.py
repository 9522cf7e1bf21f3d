"""Figures of a study, each from a table of its own that is written beside it; drawn for the first measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..comparison.measures import MEASURES
from ..figures import style
from ..metrics.text import rounded
from .tables import ALL, WORLD, StudyShape, StudyTables, numeric_parameters, overall, pair

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_MM = 58.0
LEGEND_MM, LEGEND_ROW_MM = 34.0, 4.0
"""Width and height of a legend's entry."""


@dataclass(frozen=True)
class StudyFigure:
    """A figure's file name, what it shows, its data, and how it is drawn from the data alone."""

    name: str
    shows: str
    data: pd.DataFrame
    draw: Callable[[pd.DataFrame, StudyShape, dict[str, str]], Figure]


def study_figures(tables: StudyTables, shape: StudyShape) -> list[StudyFigure]:
    """All figures that a study's results allow, in order."""
    measure = shape.measures[0]
    label = MEASURES[measure].title
    complete = tables.runs[tables.runs["status"] == "complete"]
    if complete.empty or measure not in complete:
        return []
    values = complete[[*WORLD, "strategy", measure]].rename(columns={measure: "value"}).dropna()
    found = [StudyFigure("distributions", f"{label} of every run: box, median, and each run", values, distributions)]
    others = [s for s in shape.strategies if s != shape.reference]
    pairs = [
        pair(part, measure, shape.reference, other)[0].assign(against=other)
        for _, part in complete.groupby("scenario", sort=False)
        for other in others
    ]
    if others:
        shows = f"{label} of {shape.reference} against each other strategy in the same world"
        found.append(StudyFigure("pairs", shows, pd.concat(pairs), paired_points))
        shows = f"{label}: {shape.reference} minus each other strategy in the same worlds, mean and interval"
        found.append(StudyFigure("differences", shows, difference_data(tables, shape), differences))
    if not tables.profiles.empty:
        shows = f"Share of worlds in which a strategy comes within a ratio of the best ({label})"
        found.append(StudyFigure("profiles", shows, tables.profiles, performance_profiles))
    numeric = numeric_parameters(tables.runs, shape.parameters)
    for name in [] if shape.sampled else numeric:
        lines = sensitivity_data(complete, shape, name)
        found.append(StudyFigure(f"sensitivity_{name}", f"{label} over {name}: mean and interval", lines, lines_over))
    if shape.sampled and others:
        for name in numeric:
            at = complete[["scenario", "point", name]].drop_duplicates().rename(columns={name: "value"})
            cloud = (
                pd.concat(pairs)
                .groupby(["scenario", "point", "against"], sort=False)["difference"]
                .mean()
                .reset_index()
            )
            data = cloud.merge(at, on=["scenario", "point"]).assign(parameter=name)
            shows = f"Difference in {label} of {shape.reference} from the others, sample by sample, over {name}"
            found.append(StudyFigure(f"samples_{name}", shows, data, samples_over))
    if not shape.sampled and len(numeric) >= 2:
        for other in others:
            data = map_data(tables.paired, measure, other, numeric[0], numeric[1])
            shows = f"{label}: {shape.reference} minus {other}, over {numeric[0]} and {numeric[1]}"
            found.append(StudyFigure(f"map_{other}".replace("/", "_").replace(":", "_"), shows, data, difference_map))
    return [figure for figure in found if not figure.data.empty]  # without a pair, say, where all others failed


def sensitivity_data(runs: pd.DataFrame, shape: StudyShape, parameter: str) -> pd.DataFrame:
    """Mean and interval of each strategy at each value of a parameter, over all else; seeds are the units."""
    from ..comparison.statistics import mean_interval

    rows, how = [], shape.statistics
    for (scenario, strategy, value), part in runs.groupby(["scenario", "strategy", parameter], sort=False):
        by_seed = part.groupby("seed")[shape.measures[0]].mean().dropna().astype(float)
        if len(by_seed):
            found = mean_interval(by_seed.to_numpy(), how.confidence, how.resamples, how.seed)
            rows.append((scenario, strategy, parameter, value, found.mean, found.low, found.high))
    columns = ["scenario", "strategy", "parameter", "value", "mean", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def map_data(paired: pd.DataFrame, measure: str, other: str, x: str, y: str) -> pd.DataFrame:
    """Mean difference at each pair of values of two parameters (means over further parameters)."""
    mine = paired[(paired["measure"] == measure) & (paired["other"] == other) & (paired["point"] != ALL)]
    means = (
        mine.astype({x: float, y: float})
        .groupby(["scenario", x, y], sort=True)["difference"]
        .mean()
        .dropna()
        .reset_index()
    )
    return means.rename(columns={x: "x", y: "y"}).assign(x_parameter=x, y_parameter=y, other=other)


def difference_data(tables: StudyTables, shape: StudyShape) -> pd.DataFrame:
    """The rows of paired.csv over all points, for the first measure."""
    mine = tables.paired[tables.paired["measure"] == shape.measures[0]]
    parts = [overall(mine, scenario) for scenario in dict.fromkeys(mine["scenario"])]
    columns = ["scenario", "other", "pairs", "units", "difference", "low", "high"]
    return pd.concat(parts)[columns].dropna(subset=["difference"])


def differences(data: pd.DataFrame, shape: StudyShape, _: dict[str, str]) -> Figure:
    """A forest plot: mean differences with their intervals, written out on the right."""
    scenarios, colours = list(dict.fromkeys(data["scenario"])), style.strategy_colours(shape.strategies)
    figure, panels = _panels(len(scenarios))
    digits = MEASURES[shape.measures[0]].decimals or 1
    for axes, scenario in zip(panels, scenarios, strict=True):
        mine = data[data["scenario"] == scenario]
        others = list(mine["other"])
        axes.axvline(0, color=style.GREY, linewidth=0.8)
        for k, row in enumerate(mine.to_dict("records")):
            low, high = (row["difference"] if pd.isna(row[end]) else row[end] for end in ("low", "high"))
            axes.plot([low, high], [k, k], color=colours[row["other"]], linewidth=2.5, solid_capstyle="butt")
            axes.plot(row["difference"], k, marker="o", markersize=3.5, color=colours[row["other"]])
            words = rounded(row["difference"], digits)
            words += "" if pd.isna(row["low"]) else f"\n[{rounded(low, digits)}, {rounded(high, digits)}]"
            axes.annotate(
                words, (1.02, k), xycoords=("axes fraction", "data"), va="center", fontsize=5.5, annotation_clip=False
            )
        axes.set_yticks(range(len(others)), others)
        axes.set_ylim(len(others) - 0.5, -0.5)
        axes.set_title(scenario)
        axes.set_xlabel(f"{shape.reference} minus it, {MEASURES[shape.measures[0]].title}")
    return figure


def distributions(data: pd.DataFrame, shape: StudyShape, _: dict[str, str]) -> Figure:
    scenarios, colours = list(dict.fromkeys(data["scenario"])), style.strategy_colours(shape.strategies)
    figure, panels = _panels(len(scenarios))
    for axes, scenario in zip(panels, scenarios, strict=True):
        mine = data[data["scenario"] == scenario]
        for k, strategy in enumerate(shape.strategies):
            values = mine.loc[mine["strategy"] == strategy, "value"].to_numpy(dtype=float)
            if not len(values):
                continue
            axes.boxplot(
                values, positions=[k], widths=0.5, showfliers=False, patch_artist=True,
                boxprops={"facecolor": "white", "edgecolor": colours[strategy]},
                medianprops={"color": colours[strategy], "linewidth": 1.5},
                whiskerprops={"color": colours[strategy]}, capprops={"color": colours[strategy]},
            )  # fmt: skip
            # Spread evenly by rank, not at random, so that bytes repeat.
            shift = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(1)
            axes.plot(k + shift, values, linestyle="", marker="o", markersize=2, alpha=0.5, color=colours[strategy])
        axes.set_xticks(range(len(shape.strategies)), shape.strategies, rotation=0 if len(shape.strategies) < 4 else 30)
        axes.set_title(scenario)
        axes.grid(visible=False, axis="x")
    panels[0].set_ylabel(MEASURES[shape.measures[0]].title)
    return figure


def paired_points(data: pd.DataFrame, shape: StudyShape, _: dict[str, str]) -> Figure:
    scenarios, colours = list(dict.fromkeys(data["scenario"])), style.strategy_colours(shape.strategies)
    figure, panels = _panels(len(scenarios))
    for axes, scenario in zip(panels, scenarios, strict=True):
        mine = data[data["scenario"] == scenario]
        for other, part in mine.groupby("against", sort=False):
            axes.plot(
                part["other"], part["reference"], linestyle="", marker="o", markersize=2.5, alpha=0.6,
                color=colours[str(other)], label=str(other),
            )  # fmt: skip
        both = mine[["other", "reference"]].to_numpy(dtype=float)
        low, high = (float(both.min()), float(both.max())) if both.size else (0.0, 1.0)
        axes.plot([low, high], [low, high], color=style.GREY, linewidth=0.8, linestyle=(0, (3, 2)))
        axes.set_title(scenario)
        axes.set_xlabel("other strategy")
    panels[0].set_ylabel(f"{shape.reference}: {MEASURES[shape.measures[0]].title}")
    _legend_below(figure, panels)
    return figure


def performance_profiles(data: pd.DataFrame, shape: StudyShape, _: dict[str, str]) -> Figure:
    scenarios, colours = list(dict.fromkeys(data["scenario"])), style.strategy_colours(shape.strategies)
    figure, panels = _panels(len(scenarios))
    for axes, scenario in zip(panels, scenarios, strict=True):
        mine = data[data["scenario"] == scenario]
        most = 1.02 * float(mine["ratio"].max()) if len(mine) else 1.1
        for strategy in shape.strategies:
            line = mine[mine["strategy"] == strategy]
            ratio, share = [*line["ratio"], most], [*line["share"], *line["share"].tail(1)]
            axes.step(ratio, share, where="post", color=colours[strategy], label=strategy)
        axes.set_ylim(0, 1.03)
        if most > 10:
            axes.set_xscale("log")
        axes.set_title(scenario)
        axes.set_xlabel("ratio to the best strategy")
    panels[0].set_ylabel("share of worlds")
    _legend_below(figure, panels)
    return figure


def lines_over(data: pd.DataFrame, shape: StudyShape, labels: dict[str, str]) -> Figure:
    scenarios, colours = list(dict.fromkeys(data["scenario"])), style.strategy_colours(shape.strategies)
    figure, panels = _panels(len(scenarios))
    parameter = str(data["parameter"].iloc[0])
    for axes, scenario in zip(panels, scenarios, strict=True):
        for strategy in shape.strategies:
            line = data[(data["scenario"] == scenario) & (data["strategy"] == strategy)].sort_values("value")
            x, low, high = (line[c].to_numpy(dtype=float) for c in ("value", "low", "high"))
            axes.plot(x, line["mean"].to_numpy(dtype=float), marker="o", markersize=2.5, color=colours[strategy],
                      label=strategy)  # fmt: skip
            axes.fill_between(x, low, high, color=colours[strategy], alpha=0.2, linewidth=0)
        axes.set_title(scenario)
        axes.set_xlabel(labels.get(parameter, parameter))
    panels[0].set_ylabel(MEASURES[shape.measures[0]].title)
    _legend_below(figure, panels)
    return figure


def samples_over(data: pd.DataFrame, shape: StudyShape, labels: dict[str, str]) -> Figure:
    scenarios, colours = list(dict.fromkeys(data["scenario"])), style.strategy_colours(shape.strategies)
    figure, panels = _panels(len(scenarios))
    parameter = str(data["parameter"].iloc[0])
    for axes, scenario in zip(panels, scenarios, strict=True):
        for other, part in data[data["scenario"] == scenario].groupby("against", sort=False):
            axes.plot(
                part["value"].to_numpy(dtype=float), part["difference"], linestyle="", marker="o", markersize=2.5,
                alpha=0.6, color=colours[str(other)], label=f"{shape.reference} - {other}",
            )  # fmt: skip
        axes.axhline(0, color=style.GREY, linewidth=0.8)
        axes.set_title(scenario)
        axes.set_xlabel(labels.get(parameter, parameter))
    panels[0].set_ylabel(f"difference, {MEASURES[shape.measures[0]].title}")
    _legend_below(figure, panels)
    return figure


def difference_map(data: pd.DataFrame, shape: StudyShape, labels: dict[str, str]) -> Figure:
    scenarios = list(dict.fromkeys(data["scenario"]))
    figure, panels = _panels(len(scenarios))
    most = max(float(data["difference"].abs().max()), 1e-9)
    x_name, y_name = str(data["x_parameter"].iloc[0]), str(data["y_parameter"].iloc[0])
    for axes, scenario in zip(panels, scenarios, strict=True):
        grid = data[data["scenario"] == scenario].pivot_table(index="y", columns="x", values="difference")
        image = axes.imshow(grid.to_numpy(), origin="lower", aspect="auto", cmap="RdBu", vmin=-most, vmax=most)
        axes.set_xticks(range(len(grid.columns)), [f"{v:g}" for v in grid.columns])
        axes.set_yticks(range(len(grid.index)), [f"{v:g}" for v in grid.index])
        for row, values in enumerate(grid.to_numpy()):
            for column, value in enumerate(values):
                pale = "white" if abs(value) > 0.6 * most else style.BLACK
                axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=5.5, color=pale)
        axes.grid(visible=False)
        axes.set_title(scenario)
        axes.set_xlabel(labels.get(x_name, x_name))
        if scenario == scenarios[-1]:
            label = f"{shape.reference} - {data['other'].iloc[0]}, {MEASURES[shape.measures[0]].title}"
            figure.colorbar(image, ax=axes).set_label(label, fontsize=6)
    panels[0].set_ylabel(labels.get(y_name, y_name))
    return figure


def _legend_below(figure: Figure, panels: list[Axes]) -> None:
    """One legend for all panels, below them, where it can hide nothing; the figure grows by its height."""
    handles: dict[str, Any] = {}
    for axes in panels:
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    columns = min(len(handles), max(1, int(figure.get_figwidth() * 25.4 / LEGEND_MM)))
    rows = -(-len(handles) // columns)
    figure.set_figheight(figure.get_figheight() + rows * LEGEND_ROW_MM / 25.4)
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=columns)


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    """One panel per scenario side by side, at most a page wide."""
    width = max(style.COLUMN_MM, min(style.PAGE_MM, 12 + PANEL_MM * count))
    figure = style.new_figure(width, 66)
    return figure, list(figure.subplots(1, count, squeeze=False)[0])
