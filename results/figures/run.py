"""Figures of one run: who was served when, from what, as planned or not, and within which limits.

Each function takes the run's tables and returns a matplotlib figure; ``relight.results.figures.drawing`` saves them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...scenarios.view import local_kinds
from ..run.read import RunTables
from ..run.summary import step_hours
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STATES, LOADS = tuple(style.STATE_COLOURS), tuple(style.LOAD_LINES)
MOST_NAMED_ROWS = 90
"""With more LAs than this, only sections are named."""


def restoration_states(run: RunTables) -> Figure:
    """Which LAs (by section) and switches are on, simulation step by simulation step, ruled at the plan steps.

    *off by plan*: energised, its customers off by order; *shed*: off in an emergency; *planned, not served*: not served
    by other causes although the plan in force said so. An energised LA without demand counts as served. The counterpart
    of Figures 4, 6 and 8.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    areas = run.local_area.drop_duplicates("local_area")[["local_area", "section"]]
    areas = areas.assign(order=areas["section"].map({s: k for k, s in enumerate(areas["section"].unique())}))
    areas = areas.sort_values("order", kind="stable")
    state = run.local_area.assign(state=_states(run.local_area))
    grid = state.pivot_table(index="local_area", columns="time_min", values="state").loc[areas["local_area"]]
    switches = run.switch.drop_duplicates("switch")["switch"].tolist()
    rows = len(areas) + len(switches)
    named = rows <= MOST_NAMED_ROWS
    figure = style.new_figure(style.PAGE_MM, min(225.0, 38.0 + 2.9 * rows), run.title)
    upper, lower = figure.subplots(
        2, 1, height_ratios=[len(areas), max(len(switches), 1)], sharex=True, gridspec_kw={"hspace": 0.03}
    )
    edges = step_edges(run, grid.columns)
    upper.pcolormesh(
        edges, np.arange(len(areas) + 1), grid.to_numpy(), cmap=ListedColormap(list(style.STATE_COLOURS.values())),
        vmin=-0.5, vmax=len(STATES) - 0.5, rasterized=True,
    )  # fmt: skip
    _name_rows(upper, areas["local_area"].tolist() if named else [])
    _name_sections(upper, areas["section"].tolist())
    upper.set(ylabel="local area")
    upper.set_title("Local areas and switches")
    handles = [Patch(facecolor=style.STATE_COLOURS[s], edgecolor=style.GREY, linewidth=0.4, label=s) for s in STATES]
    style.legend_above(upper, 4, handles)
    _draw_switches(lower, run, switches, edges, named)
    for axes in (upper, lower):
        axes.grid(visible=False)
        for time in dict.fromkeys((0, *run.scenario.plan_starts_min)):
            axes.axvline(time, color=style.WHITE, linewidth=0.35)
    clock_axis(lower, run)
    upper.tick_params(labelbottom=False)
    return figure


def generation_by_source(run: RunTables) -> Figure:
    """Power by source stacked above zero, charging and start-up below, against demand and served load.

    Units, demand and served load of the outage area, the infeed of all islands. The counterpart of Figures 5 and 7.
    """
    times = sorted(run.local_area["time_min"].unique())
    figure = style.new_figure(style.PAGE_MM, 78, run.title)
    axes = figure.subplots()
    edges = step_edges(run, times)
    area = run.local_area.loc[run.local_area["in_outage_area"] == 1, "local_area"].unique()
    unit = run.unit[run.unit["local_area"].isin(area)]

    def power(kind_is: str, sign: float) -> np.ndarray:
        chosen = (sign * unit.loc[unit["kind"] == kind_is, "p_kw"]).clip(lower=0)
        return _per_step(chosen, unit["time_min"], times)

    infeed = _per_step(run.island["infeed_kw"], run.island["time_min"], times)
    colours = style.SOURCE_COLOURS
    above, below = dict[str, tuple[np.ndarray, str, str]](), dict[str, tuple[np.ndarray, str, str]]()
    for kind in reversed(local_kinds()):
        given = f"{kind.word} discharge" if kind.books == "storage" else kind.word
        above[given] = (power(kind.name, 1), colours[kind.name], "")
    for kind in local_kinds():
        if kind.books == "storage":
            below[f"{kind.word} charge"] = (-power(kind.name, -1), colours[kind.name], "////")
        elif kind.starts:
            below[f"{kind.word} start-up"] = (-power(kind.name, -1), colours["startup"], "")
    above["infeed"] = (infeed.clip(min=0), colours["infeed"], "")
    below["to infeed"] = (infeed.clip(max=0), colours["infeed"], "////")
    for stack in (above, below):
        base = np.zeros(len(times))
        for name, (values, colour, hatch) in stack.items():
            if not values.any():
                continue
            axes.stairs(
                base + values, edges, baseline=base, fill=True, facecolor=colour,
                edgecolor=style.WHITE if hatch else colour, hatch=hatch, linewidth=0, label=name,
            )  # fmt: skip
            base = base + values
    load_lines(axes, run, times, edges, ("demand", "served"))
    axes.axhline(0, color=style.BLACK, linewidth=0.6)
    axes.set_ylim(bottom=1.05 * min(0.0, sum((values for values, _, _ in below.values()), np.zeros(len(times))).min()))
    axes.set_ylabel("power (kW)")
    axes.set_title("Generation by source")
    style.legend_above(axes, 9)
    clock_axis(axes, run)
    return figure


def planned_served(run: RunTables) -> Figure:
    """Demand, planned and served power of the outage area, and their energy so far."""
    times = sorted(run.local_area["time_min"].unique())
    edges, hours = step_edges(run, times), np.array(list(step_hours(run.local_area["time_min"], run.end_min).values()))
    figure = style.new_figure(style.PAGE_MM, 70, run.title)
    left, right = figure.subplots(1, 2)
    load_lines(left, run, times, edges, LOADS)
    left.set_ylabel("power (kW)")
    left.set_ylim(bottom=0)
    left.set_title("Power")
    style.legend_above(left, 3)
    for name in LOADS:
        energy = np.concatenate([[0.0], np.cumsum(_area_power(run, name, times) * hours)]) / 1e3
        colour, dash = style.LOAD_LINES[name]
        right.plot(edges, energy, color=colour, linestyle=dash, label=f"{name} {energy[-1]:.2f}")
    right.set_ylabel("energy since the fault (MWh)")
    right.set_ylim(bottom=0)
    right.set_title("Energy")
    style.legend_above(right, 3)
    for axes in (left, right):
        clock_axis(axes, run, most=6)
    return figure


def envelopes(run: RunTables) -> Figure:
    """Lowest and highest voltage of the energised buses with the limits, highest loading, and losses."""
    times = sorted(run.local_area["time_min"].unique())
    edges, limits = step_edges(run, times), run.scenario.limits
    by_time = run.island.groupby("time_min")
    low = by_time["vm_min_pu"].min().reindex(times).to_numpy()
    high = by_time["vm_max_pu"].max().reindex(times).to_numpy()
    loading = by_time["loading_max_pct"].max().reindex(times).to_numpy()
    losses = by_time["losses_kw"].sum().reindex(times).fillna(0.0).to_numpy()
    figure = style.new_figure(style.PAGE_MM, 118, run.title)
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[1.5, 1, 1])
    top.stairs(high, edges, baseline=low, fill=True, color=style.SKY, alpha=0.35, linewidth=0)
    top.stairs(high, edges, baseline=None, color=style.SKY, linewidth=1.1, label="highest bus")
    top.stairs(low, edges, baseline=None, color=style.BLUE, linewidth=1.1, label="lowest bus")
    for limit, label in ((limits.vm_max_pu, "limits"), (limits.vm_min_pu, None)):
        top.axhline(limit, color=style.RED, linestyle="--", linewidth=0.9, label=label)
    top.set_ylabel("voltage (p.u.)")
    middle.stairs(loading, edges, baseline=None, color=style.GREEN, linewidth=1.1, label="highest branch")
    middle.axhline(limits.max_loading_pct, color=style.RED, linestyle="--", linewidth=0.9, label="limit")
    middle.set_ylabel("loading (%)")
    middle.set_ylim(bottom=0)
    bottom.stairs(losses, edges, baseline=None, color=style.PURPLE, linewidth=1.1)
    bottom.set_ylabel("losses (kW)")
    bottom.set_ylim(bottom=0)
    for axes, title in ((top, "Voltage of energised buses"), (middle, "Loading"), (bottom, "Losses")):
        axes.set_title(title)
        clock_axis(axes, run, label=axes is bottom)
    style.legend_on_title_line(top)
    style.legend_on_title_line(middle)
    figure.align_ylabels()
    return figure


def _states(local_area: pd.DataFrame) -> np.ndarray:
    on, idle = local_area["energised"] == 1, ~(local_area["demand_kw"] > 0)
    served = (local_area["served_kw"] > 0) | (on & idle & (local_area["shed"] != 1))
    shed, claimed = on & (local_area["shed"] == 1), local_area["planned_kw"] > 0
    ordered_off = on & (local_area["ordered_share"] == 0) if "ordered_share" in local_area else on & False
    names = np.select(
        [served, shed, claimed, ordered_off, on],
        ["served", "shed", "planned, not served", "off by plan", "shed"],
        default="dark",
    )
    return np.array([STATES.index(str(name)) for name in names])


def _draw_switches(axes: Axes, run: RunTables, switches: list[str], edges: np.ndarray, named: bool) -> None:
    from matplotlib.colors import ListedColormap
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if not switches:
        axes.set_axis_off()
        return
    closed = run.switch.pivot_table(index="switch", columns="time_min", values="closed").loc[switches]
    closed = closed.reindex(columns=sorted(run.local_area["time_min"].unique()))
    colours = ListedColormap([style.PALE, style.DARK])
    axes.pcolormesh(
        edges, np.arange(len(switches) + 1), closed.to_numpy(), cmap=colours, vmin=0, vmax=1, rasterized=True
    )
    operated = run.switch[run.switch["operated"] > 0]
    rows = operated["switch"].map({name: k for k, name in enumerate(switches)}) + 0.5
    length = edges[1] - edges[0]
    axes.plot(operated["time_min"] + length / 2, rows, ".", color=style.ORANGE, markersize=3.2, clip_on=False)
    _name_rows(axes, switches if named else [])
    axes.set(ylabel="switch")
    dot = Line2D([], [], color=style.ORANGE, marker=".", linestyle="", label="operated")
    handles = [Patch(color=style.DARK, label="closed"), Patch(color=style.PALE, label="open"), dot]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.005, 1), borderaxespad=0)


def _name_rows(axes: Axes, names: list[str]) -> None:
    axes.invert_yaxis()
    axes.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=style.SMALL)
    axes.tick_params(axis="y", length=0, pad=1.5)


def _name_sections(axes: Axes, sections: list[str]) -> None:
    """Section names at the right, a rule between sections."""
    starts = [k for k in range(len(sections)) if k == 0 or sections[k] != sections[k - 1]]
    for start, end in zip(starts, [*starts[1:], len(sections)], strict=True):
        axes.axhline(end, color=style.BLACK, linewidth=0.4)
        if len(starts) > MOST_NAMED_ROWS:
            continue
        axes.annotate(
            f"section {sections[start]}", (1.0, (start + end) / 2), xycoords=("axes fraction", "data"),
            xytext=(3, 0), textcoords="offset points", fontsize=style.SMALL, va="center", annotation_clip=False,
        )  # fmt: skip


def load_lines(axes: Axes, run: RunTables, times: list[float], edges: np.ndarray, names: tuple[str, ...]) -> None:
    """Draw demand, planned or served power of the outage area, step by step."""
    for name in names:
        colour, dash = style.LOAD_LINES[name]
        power = _area_power(run, name, times)
        axes.stairs(power, edges, baseline=None, color=colour, linestyle=dash, linewidth=1.1, label=name)


def _area_power(run: RunTables, name: str, times: list[float]) -> np.ndarray:
    area = run.local_area[run.local_area["in_outage_area"] == 1]
    return _per_step(area[f"{name}_kw"], area["time_min"], times)


def _per_step(values: pd.Series, time_min: pd.Series, times: list[float]) -> np.ndarray:
    return values.groupby(time_min).sum().reindex(times).fillna(0.0).to_numpy()


def step_edges(run: RunTables, times: Any) -> np.ndarray:
    """Starts of the steps and the end of the window (min)."""
    return np.array([*times, run.end_min], dtype=float)


def clock_axis(axes: Axes, run: RunTables, label: bool = True, most: int = 10) -> None:
    """Time of day along an axis of minutes since the fault."""
    style.clock_axis(axes, run.scenario.local_clock, run.end_min, label, most)
