"""Radar chart of the index system: only indices with a natural scale have an axis, and a missing one is a gap.

Each axis runs from 0 (worst, centre) to 1 (best, rim) on the scale that its index states; values outside are drawn at
the end they passed, with their number. Neighbours are joined only if both are available, so a missing index never
looks like a zero.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..figures import style
from .index import NOT_AVAILABLE, Index
from .report import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE_MARKERS = {"computed": ("o", style.BLUE), "proxy": ("s", style.ORANGE), "given": ("^", style.GREEN)}
RINGS = (0.25, 0.5, 0.75, 1.0)


def radar(indices: Sequence[Index], case: str, warning: str = "") -> Figure:
    """The chart, its caption beside it; ``case`` says of what, ``warning`` opens the caption (example data)."""
    axes_of = [index for index in indices if index.scale and not index.scale.startswith("no natural")]
    left_out = [index for index in indices if index not in axes_of]
    figure = style.new_figure(style.PAGE_MM, 104, case)
    axes, beside = figure.subplots(1, 2, width_ratios=[2.4, 1])
    angles = [math.pi / 2 - 2 * math.pi * k / len(axes_of) for k in range(len(axes_of))]
    _grid(axes, angles, axes_of)
    points = [_point(angle, index) for angle, index in zip(angles, axes_of, strict=True)]
    for k, here in enumerate(points):
        there = points[(k + 1) % len(points)]
        if here and there:
            axes.fill(*zip((0.0, 0.0), here, there, strict=True), color=style.BLUE, alpha=0.12, linewidth=0)
            axes.plot(*zip(here, there, strict=True), color=style.BLUE, linewidth=1.0)
    for source, (marker, colour) in SOURCE_MARKERS.items():
        at = [point for point, index in zip(points, axes_of, strict=True) if point and index.source == source]
        if at:
            axes.plot(*zip(*at, strict=True), linestyle="", marker=marker, color=colour, markersize=4.5, label=source)
    axes.set(xlim=(-1.75, 1.75), ylim=(-1.35, 1.35), aspect="equal")
    beside.set(xlim=(0, 1), ylim=(0, 1))
    for panel in (axes, beside):
        panel.axis("off")
    axes.set_title("Index system of Zhu et al.", pad=6)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        beside.legend(handles, labels, loc="upper left", bbox_to_anchor=(-0.1, 1.0), title="source", alignment="left")
    beside.text(-0.06, 0.78, _caption(axes_of, left_out, warning), fontsize=style.SMALL, va="top", linespacing=1.35)
    return figure


def _grid(axes: Axes, angles: Sequence[float], indices: Sequence[Index]) -> None:
    """Rings, and an axis per index with its name and value; the axis of a missing index is dashed."""
    closed = [*angles, angles[0]] if angles else []
    for ring in RINGS:
        xs, ys = [ring * math.cos(a) for a in closed], [ring * math.sin(a) for a in closed]
        axes.plot(xs, ys, color=style.RULE, linewidth=0.5)
        axes.text(-0.02, ring, f"{ring:g}", fontsize=style.SMALL, color=style.DARK, va="bottom", ha="right")
    for angle, index in zip(angles, indices, strict=True):
        x, y = math.cos(angle), math.sin(angle)
        dashes = "-" if index.available else (0, (2, 2))
        axes.plot((0, x), (0, y), color=style.GREY if index.available else style.RED, linewidth=0.6, linestyle=dashes)
        value = NOT_AVAILABLE if index.value is None else f"{number(index.value)} {index.unit}"
        side = "center" if abs(x) < 0.2 else "left" if x > 0 else "right"
        name = textwrap.fill(f"{index.number} {index.name}", 24)
        colour = style.BLACK if index.available else style.RED
        vertical = "bottom" if y > 0.9 else "top" if y < -0.9 else "center"
        height = (1.12 if y > 0.9 else 1.08) * y  # above the rim's number
        axes.text(
            1.08 * x, height, f"{name}\n{value}", ha=side, va=vertical, fontsize=style.SMALL, color=colour
        )  # fmt: skip


def _point(angle: float, index: Index) -> tuple[float, float] | None:
    if index.scaled is None:
        return None
    radius = min(1.0, max(0.0, index.scaled))
    return radius * math.cos(angle), radius * math.sin(angle)


def _caption(axes_of: Sequence[Index], left_out: Sequence[Index], warning: str) -> str:
    scales: dict[str, list[str]] = {}
    for index in axes_of:
        scales.setdefault(index.scale, []).append(str(index.number))
    parts = [*filter(None, [warning]), "Centre 0 (worst), rim 1 (best)."]
    parts += [f"{', '.join(numbers)}: {scale}." for scale, numbers in scales.items()]
    if missing := [str(index.number) for index in axes_of if not index.available]:
        parts.append(f"Dashed, a gap in the line: {NOT_AVAILABLE} ({', '.join(missing)}).")
    if left_out:
        names = ", ".join(f"{index.number} {index.name}" for index in left_out)
        parts.append(f"Left out, having no natural scale: {names}.")
    return "\n".join(textwrap.fill(part, 42) for part in parts)
