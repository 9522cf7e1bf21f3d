"""Figure of a run's frequency: how deep each sudden step took an island, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..run.read import RunTables
from . import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUTCOMES = {
    "holds": (style.BLUE, "o"),
    "sheds by UFLS": (style.ORANGE, "s"),
    "collapses": (style.RED, "X"),
}
"""How a response ended: colour and marker."""


def has_frequency(run: RunTables) -> bool:
    """Whether the run's islands answered to a step by frequency."""
    return "step_kw" in run.island and bool((run.island["step_kw"].fillna(0.0) != 0).any())


def frequency(run: RunTables) -> Figure:
    """Largest deviation and settled frequency of each island's response, and below the step and what UFLS shed."""
    from matplotlib.lines import Line2D

    assert run.scenario.frequency is not None
    options, table = run.scenario.frequency, run.island
    steps = table[table["step_kw"].fillna(0.0) != 0]
    collapsed, shed = steps["f_settled_hz"].isna(), steps["ufls_kw"] > 0
    outcome = np.select([collapsed, shed], ["collapses", "sheds by UFLS"], "holds")
    extreme = np.where(steps["step_kw"] > 0, steps["f_min_hz"], steps["f_max_hz"])
    # In the middle of its step; islands of the same step side by side.
    step_min = run.scenario.clock.sim_step_min
    at_once = steps.groupby("time_min")["time_min"]
    middle = (at_once.cumcount() + 0.5) / at_once.transform("size") * step_min
    time, width = (steps["time_min"] + middle).to_numpy(), 0.7 * step_min / at_once.transform("size").to_numpy()
    settled, step_kw, ufls_kw = (steps[c].to_numpy() for c in ("f_settled_hz", "step_kw", "ufls_kw"))
    figure = style.new_figure(style.PAGE_MM, 95, run.title)
    upper, lower = figure.subplots(2, 1, height_ratios=[3, 2], sharex=True)
    for name, (colour, marker) in OUTCOMES.items():
        of = outcome == name
        upper.vlines(time[of], options.nominal_hz, extreme[of], color=colour, linewidth=1.4, capstyle="butt")
        upper.plot(time[of], extreme[of], linestyle="", marker=marker, color=colour, markersize=3.5)
        lower.bar(time[of], step_kw[of], width=width[of], color=colour)
    upper.axhline(options.nominal_hz, color=style.BLACK, linewidth=0.6)
    for stage in options.ufls:
        upper.axhline(stage.below_hz, color=style.GREY, linewidth=0.5, linestyle=":")
    mark: dict[str, Any] = {"linestyle": "", "marker": "_", "color": style.BLACK, "markersize": 6}
    upper.plot(time, settled, **mark)
    lower.plot(time[shed], ufls_kw[shed], **mark, label="shed by UFLS")
    lower.axhline(0, color=style.BLACK, linewidth=0.6)
    upper.set_ylabel("frequency (Hz)")
    lower.set_ylabel("step (kW)")
    upper.set_title("Frequency of islands after sudden steps, to the extreme")
    lower.set_title("Step")
    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=3.5, label=name)
        for name, (colour, marker) in OUTCOMES.items()
    ]
    handles += [
        Line2D([], [], label="settled", **mark),
        Line2D([], [], color=style.GREY, linestyle=":", linewidth=0.8, label="UFLS stages"),
    ]
    style.legend_above(upper, 6, handles)
    if shed.any():
        style.legend_on_title_line(lower)
    figure.align_ylabels()
    style.clock_axis(lower, run.scenario.local_clock, run.end_min, True, 10)
    return figure
