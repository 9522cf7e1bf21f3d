"""Figures of a reproduction: restored energy over peak load and clear-sky index, and over the spread of load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..figures import style
from .published_claims import PRINTED_MWH
from .tables import STORAGES, storages_in

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ASSUMED = {"0400": (4000, 0.70), "1000": (4000, 0.32)}
"""Peak load (kW) and clear-sky index of the shipped cases [A]."""


KWH = {"printed": 5220, "reduced": 610}


def clock(case: str) -> str:
    return f"{case[:2]}:{case[2:]}"


def restored_map(points: pd.DataFrame) -> Figure:
    """A panel per reading of Table 3 and case: energy as shading, the printed energy as a contour, our assumption as a
    cross. Where no contour is drawn, no point of the map reaches or undercuts the printed energy."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.lines import Line2D

    storages = storages_in(points)
    figure = style.new_figure(
        style.PAGE_MM, 16 + 64 * len(storages), "guo45, first plan of dynamic: restored energy by assumed load and sun"
    )
    panels = figure.subplots(len(storages), len(PRINTED_MWH), squeeze=False, sharex=True, sharey=True)
    top = float(points["energy_mwh"].max())
    cross: dict[str, Any] = {"marker": "X", "color": style.WHITE, "markersize": 6, "markeredgecolor": style.BLACK}
    for row, storage in zip(panels, storages, strict=True):
        for axes, (case, printed) in zip(row, PRINTED_MWH.items(), strict=True):
            chosen = points[(points["storage"] == storage) & (points["case"] == case)]
            grid = chosen.pivot_table(index="clear_sky_index", columns="peak_kw", values="energy_mwh")
            x, y, z = grid.columns.to_numpy() / 1e3, grid.index.to_numpy(), grid.to_numpy()
            axes.contourf(x, y, z, levels=[top * k / 20 for k in range(21)], cmap=style.SEQUENTIAL)
            met = bool(z.min() < printed < z.max())
            if met:
                axes.contour(x, y, z, levels=[printed], colors=[style.RED], linewidths=1.6)
            peak_kw, index = ASSUMED[case]
            axes.plot(peak_kw / 1e3, index, **cross)
            axes.set_title(f"Fault at {clock(case)}, {STORAGES[storage]}", pad=13)
            reached = f"{z.min():.1f} to {z.max():.1f} MWh; the printed {printed:g} MWh"
            axes.annotate(
                f"{reached} {'are the line' if met else 'are not met'}", (0, 1), xytext=(0, 4),
                xycoords="axes fraction", textcoords="offset points", fontsize=6.5,
            )  # fmt: skip
            axes.grid(visible=False)
    for axes in panels[-1]:
        axes.set_xlabel("coincident peak load (MW)")
    for row in panels:
        row[0].set_ylabel("clear-sky index")
    scale = ScalarMappable(Normalize(0, top), cmap=style.SEQUENTIAL)
    figure.colorbar(scale, ax=panels, label="restored energy (MWh)", shrink=0.9)
    figure.legend(
        handles=[
            Line2D([], [], color=style.RED, linewidth=1.6, label="printed energy (7 and 5 MWh)"),
            Line2D([], [], linestyle="", label="the shipped cases' assumption", **cross),
        ],
        loc="outside lower left", ncols=2,
    )  # fmt: skip
    return figure


def load_spread(points: pd.DataFrame) -> Figure:
    """Restored energy of each random distribution of load, by case, reading of Table 3 and spread; the printed energy
    dashed."""
    figure = style.new_figure(
        style.PAGE_MM, 64, "guo45, first plan of dynamic: restored energy by random distribution of load"
    )
    panels = figure.subplots(1, len(PRINTED_MWH), squeeze=False, sharey=True)[0]
    groups = [(storage, spread) for storage in storages_in(points) for spread in sorted(points["spread"].unique())]
    for axes, (case, printed) in zip(panels, PRINTED_MWH.items(), strict=True):
        axes.axhline(printed, color=style.RED, linewidth=0.9, linestyle=style.DASHED, label=f"printed: {printed:g} MWh")
        for k, (storage, spread) in enumerate(groups):
            chosen = (points["storage"] == storage) & (points["case"] == case) & (points["spread"] == spread)
            energy = points.loc[chosen, "energy_mwh"].to_numpy()
            dots, mean = ("one distribution", "mean") if k == 0 else (None, None)
            # Side by side in the order of their seeds, so that equal ones do not hide each other.
            at = k + 0.3 * (np.arange(len(energy)) / max(len(energy) - 1, 1) - 0.5)
            axes.plot(at, energy, linestyle="", marker="o", markersize=3, color=style.BLUE, label=dots)
            axes.plot([k - 0.25, k + 0.25], [energy.mean()] * 2, color=style.BLACK, linewidth=1.2, label=mean)
        axes.set_xticks(range(len(groups)), [f"{KWH[s]} kWh\n± {100 * spread:.0f} %" for s, spread in groups])
        axes.set_xlim(-0.6, len(groups) - 0.4)
        axes.set_title(f"Fault at {clock(case)}")
        style.legend_above(axes, 3)
        axes.set_xlabel("stored energy, spread of shares")
        axes.grid(visible=False, axis="x")
    panels[0].set_ylim(0, 1.08 * float(points["energy_mwh"].max()))
    panels[0].set_ylabel("restored energy (MWh)")
    return figure
