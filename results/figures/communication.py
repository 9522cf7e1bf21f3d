"""The figure of a run whose messages can fail: load, what became of the messages, and who was out of contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..run.read import RunTables
from . import style
from .run import LOADS, clock_axis, load_lines, step_edges

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FATES = {
    "delivered": (style.PALE, "delivered"),
    "link_down": (style.RED, "link out"),
    "receiver_down": (style.PURPLE, "receiver dead"),
    "lost": (style.ORANGE, "lost by chance"),
    "outdated": (style.YELLOW, "overtaken"),
    "under_way": (style.SKY, "under way at the end"),
}
"""What became of a message: status → colour and words."""


def has_communication(run: RunTables) -> bool:
    """Whether the run's scenario says how messages fail."""
    return run.scenario.communication is not None


def communication(run: RunTables) -> Figure:
    """Demand, planned and served power; messages of each step by their fate; gateways and contacts out of reach."""
    times = sorted(run.local_area["time_min"].unique())
    edges = step_edges(run, times)
    figure = style.new_figure(style.PAGE_MM, 128, run.title)
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[1.4, 1, 1])
    load_lines(top, run, times, edges, LOADS)
    top.set_ylabel("power (kW)")
    top.set_ylim(bottom=0)
    base = np.zeros(len(times))
    for fate, (colour, words) in FATES.items():
        sent = run.message.loc[run.message["status"] == fate, "time_min"]
        counts = np.histogram(sent, edges)[0].astype(float)
        if counts.any():
            middle.stairs(base + counts, edges, baseline=base, fill=True, color=colour, linewidth=0, label=words)
        base = base + counts
    middle.set_ylabel("messages sent")
    for begins, ends, element, colour, words in (
        ("contact_lost", "contact_regained", "gateways", style.SKY, "gateways that hear nothing"),
        ("fallback_begins", "fallback_ends", "gateways", style.RED, "gateways on their own"),
        ("contact_lost", "contact_regained", "dispatch_centre", style.BLACK, "contacts the dispatch centre has lost"),
    ):
        dash = "--" if element == "dispatch_centre" else "-"
        count = _count(run, begins, ends, element, times)
        bottom.stairs(count, edges, baseline=None, color=colour, linestyle=dash, linewidth=1.1, label=words)
    bottom.set_ylabel("number")
    bottom.set_ylim(bottom=0)
    for axes, title in ((top, "Load of the outage area"), (middle, "Messages"), (bottom, "Out of contact")):
        axes.set_title(title)
        style.legend_above(axes, 6)
        clock_axis(axes, run, label=axes is bottom)
    figure.align_ylabels()
    return figure


def _count(run: RunTables, begins: str, ends: str, element: str, times: list[float]) -> np.ndarray:
    """How many are in a state at each step, from the events that tell how many entered and left it."""
    events = run.events[run.events["element"] == element]
    sign = events["kind"].map({begins: 1.0, ends: -1.0}).fillna(0.0)
    changes = (sign * events["value"].fillna(0.0)).groupby(events["time_min"]).sum()
    return changes.reindex(times).fillna(0.0).cumsum().to_numpy()
