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
            shading = axes.contourf(x, y, z, levels=20, vmin=0, vmax=top, cmap="cividis")
            met = bool(z.min() < printed < z.max())
            if met:
                line = axes.contour(x, y, z, levels=[printed], colors=[style.RED], linewidths=1.6)
                axes.clabel(line, fmt=lambda value: f"{value:g} MWh", fontsize=6.5)
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
    text = f"{least:.1f} to {largest:.1f} MWh" + ("" if met else f"; {printed:g} MWh not met")
    axes.text(
        0.98, 0.03, text, transform=axes.transAxes, ha="right", fontsize=6,
        bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.5},
    )  # fmt: skip


def load_spread(points: pd.DataFrame) -> Figure:
    """Restored energy of each random distribution of load, by case and spread; the printed energy dashed."""
    figure = style.new_figure(style.COLUMN_MM * 1.35, 58)
    panels = figure.subplots(1, len(PRINTED_MWH), squeeze=False)[0]
    for axes, (case, printed) in zip(panels, PRINTED_MWH.items(), strict=True):
        chosen = points[points["case"] == case]
        spreads = sorted(chosen["spread"].unique())
        for k, spread in enumerate(spreads):
            energy = chosen.loc[chosen["spread"] == spread, "energy_mwh"].to_numpy()
            axes.plot([k] * len(energy), energy, linestyle="", marker="o", markersize=3.5, color=style.BLUE, alpha=0.55)
            axes.plot([k - 0.2, k + 0.2], [energy.mean()] * 2, color=style.BLACK, linewidth=1.2)
        axes.axhline(printed, color=style.RED, linewidth=0.9, linestyle=(0, (3, 2)))
        axes.set_xticks(range(len(spreads)), [f"± {100 * s:.0f} %" for s in spreads])
        axes.set_xlim(-0.6, len(spreads) - 0.4)
        axes.set_ylim(0, 1.08 * float(points["energy_mwh"].max()))
        axes.text(-0.55, printed, f"printed: {printed:g}", fontsize=6, color=style.RED, va="bottom")
        axes.set_title(f"Fault at {clock(case)}")
        axes.set_xlabel("spread of shares")
        axes.grid(visible=False, axis="x")
    panels[0].set_ylabel("restored energy (MWh)")
    return figure
