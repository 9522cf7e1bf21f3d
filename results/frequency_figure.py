"""Figure of a run's frequency: how deep each sudden step took an island, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from results import style
from results.run_tables import RunTables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUTCOMES = {"holds": style.BLUE, "sheds by UFLS": style.ORANGE, "collapses": style.RED}


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
    time = steps["time_min"].to_numpy()
    figure = style.new_figure(style.PAGE_MM, 95)
    upper, lower = figure.subplots(2, 1, height_ratios=[3, 2], sharex=True)
    for name, colour in OUTCOMES.items():
        chosen = outcome == name
        upper.vlines(time[chosen], options.nominal_hz, extreme[chosen], color=colour, linewidth=1.4)
        upper.plot(time[chosen], extreme[chosen], "o", color=colour, markersize=3)
        upper.plot(time[chosen], steps["f_settled_hz"].to_numpy()[chosen], "_", color=colour, markersize=7)
        lower.vlines(time[chosen], 0, steps["step_kw"].to_numpy()[chosen], color=colour, linewidth=3)
    upper.axhline(options.nominal_hz, color=style.BLACK, linewidth=0.6)
    for stage in options.ufls:
        upper.axhline(stage.below_hz, color=style.GREY, linewidth=0.5, linestyle=":")
    lower.plot(time[shed], steps["ufls_kw"].to_numpy()[shed], "_", color=style.BLACK, markersize=7)
    lower.axhline(0, color=style.BLACK, linewidth=0.6)
    upper.set_ylabel("frequency (Hz)")
    lower.set_ylabel("step (kW)")
    upper.set_title("Frequency of islands after sudden steps", pad=16)
    handles = [Line2D([], [], color=c, marker="o", markersize=3, label=name) for name, c in OUTCOMES.items()]
    handles += [
        Line2D([], [], color=style.GREY, marker="_", linestyle="", label="settled"),
        Line2D([], [], color=style.GREY, linestyle=":", linewidth=0.8, label="UFLS stages"),
        Line2D([], [], color=style.BLACK, marker="_", linestyle="", label="shed (below)"),
    ]
    upper.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=6, borderaxespad=0.3)
    start = run.scenario.outage.start
    lower.set_xlim(0, run.end_min)
    style.clock_axis(lower, start.hour * 60 + start.minute, run.end_min, True, 10)
    return figure
