"""Figures of a reproduction: restored energy over peak load and clear-sky index, and over the spread of load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from results import style
from results.claims import PRINTED_MWH
from results.reproduction_tables import STORAGES, storages_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ASSUMED = {"0400": (4000, 0.70), "1000": (4000, 0.32)}
"""Peak load (kW) and clear-sky index of the shipped cases [A]."""


KWH = {"printed": 5220, "reduced": 610}


def clock(case: str) -> str:
    return f"{case[:2]}:{case[2:]}"


def restored_map(points: pd.DataFrame) -> Figure:
    """A panel per reading of Table 3 and case: energy as shading, the printed energy as a contour, our assumption as a
    cross. Where no contour is drawn, no point of the map reaches or undercuts the printed energy."""
    storages = storages_in(points)
    figure = style.new_figure(style.PAGE_MM, 12 + 62 * len(storages))
    panels = figure.subplots(len(storages), len(PRINTED_MWH), squeeze=False, sharex=True, sharey=True)
    top = float(points["energy_mwh"].max())
    shading = None
    for row, storage in zip(panels, storages, strict=True):
        for axes, (case, printed) in zip(row, PRINTED_MWH.items(), strict=True):
            chosen = points[(points["storage"] == storage) & (points["case"] == case)]
            grid = chosen.pivot_table(index="clear_sky_index", columns="peak_kw", values="energy_mwh")
            x, y, z = grid.columns.to_numpy() / 1e3, grid.index.to_numpy(), grid.to_numpy()
            shading = axes.contourf(x, y, z, levels=[top * k / 20 for k in range(21)], cmap="cividis")
            met = bool(z.min() < printed < z.max())
            if met:
                axes.contour(x, y, z, levels=[printed], colors=[style.RED], linewidths=1.6)
            peak_kw, index = ASSUMED[case]
            axes.plot(peak_kw / 1e3, index, marker="x", color="white", markersize=5, markeredgewidth=1.4)
            _range_label(axes, z.min(), z.max(), printed, met)
            axes.set_title(f"Fault at {clock(case)}, {STORAGES[storage]}", fontsize=6.8)
            axes.grid(visible=False)
    for axes in panels[-1]:
        axes.set_xlabel("coincident peak load (MW)")
    for row in panels:
        row[0].set_ylabel("clear-sky index")
    if shading is not None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        scale = ScalarMappable(Normalize(0, top), cmap="cividis")
        figure.colorbar(scale, ax=panels, label="restored energy, first dynamic plan (MWh)", shrink=0.9)
    return figure


def _range_label(axes: Axes, least: float, largest: float, printed: float, met: bool) -> None:
    text = f"{least:.1f} to {largest:.1f} MWh; {printed:g} MWh: {'line' if met else 'not met'}"
    axes.text(
        0.98, 0.03, text, transform=axes.transAxes, ha="right", fontsize=6,
        bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.5},
    )  # fmt: skip


def load_spread(points: pd.DataFrame) -> Figure:
    """Restored energy of each random distribution of load, by case, reading of Table 3 and spread; the printed energy
    dashed."""
    figure = style.new_figure(style.PAGE_MM * 0.8, 62)
    panels = figure.subplots(1, len(PRINTED_MWH), squeeze=False, sharey=True)[0]
    groups = [(storage, spread) for storage in storages_in(points) for spread in sorted(points["spread"].unique())]
    for axes, (case, printed) in zip(panels, PRINTED_MWH.items(), strict=True):
        for k, (storage, spread) in enumerate(groups):
            chosen = (points["storage"] == storage) & (points["case"] == case) & (points["spread"] == spread)
            energy = points.loc[chosen, "energy_mwh"].to_numpy()
            axes.plot([k] * len(energy), energy, linestyle="", marker="o", markersize=3.5, color=style.BLUE, alpha=0.55)
            axes.plot([k - 0.2, k + 0.2], [energy.mean()] * 2, color=style.BLACK, linewidth=1.2)
        axes.axhline(printed, color=style.RED, linewidth=0.9, linestyle=(0, (3, 2)))
        axes.text(-0.55, printed, f"printed: {printed:g}", fontsize=6, color=style.RED, va="top")
        axes.set_xticks(range(len(groups)), [f"{KWH[s]} kWh\n± {100 * spread:.0f} %" for s, spread in groups])
        axes.set_xlim(-0.6, len(groups) - 0.4)
        axes.set_title(f"Fault at {clock(case)}")
        axes.set_xlabel("stored energy, spread of shares")
        axes.grid(visible=False, axis="x")
    panels[0].set_ylim(0, 1.08 * float(points["energy_mwh"].max()))
    panels[0].set_ylabel("restored energy (MWh)")
    return figure
