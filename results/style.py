"""House style of the figures: sizes in mm, small type, colours that colour-blind readers can tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN_MM = 88.0
PAGE_MM = 180.0
DPI = 200

# Okabe and Ito's palette: distinct in all common forms of colour blindness, and in grey by lightness.
ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
BLACK, GREY, PALE = "#222222", "#8C8C8C", "#E4E4E4"

SOURCE_COLOURS: Mapping[str, str] = {"pv": ORANGE, "ess": SKY, "nbsu": GREEN, "infeed": GREY, "startup": PURPLE}
STATE_COLOURS: Mapping[str, str] = {"dark": PALE, "served": BLUE, "shed": YELLOW, "planned, not served": RED}
_STRATEGIES: Mapping[str, str] = {"dynamic": BLUE, "static": RED, "oracle": GREEN}
_FURTHER = (PURPLE, ORANGE, SKY, BLACK, GREY)

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # shipped with matplotlib, so the same everywhere
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.4,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "lines.linewidth": 1.1,
    "hatch.linewidth": 0.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "relight",
}


def strategy_colours(strategies: Sequence[str]) -> dict[str, str]:
    """One colour per strategy; the well-known ones always have theirs."""
    further = iter(_FURTHER * (1 + len(strategies)))
    return {s: _STRATEGIES.get(s) or next(further) for s in strategies}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside this block; nothing of it leaks into the caller's matplotlib."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def new_figure(width_mm: float, height_mm: float) -> Figure:
    """A figure that no window system knows of (matplotlib's Agg draws it), laid out so that nothing overlaps."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_mm / 25.4, height_mm / 25.4), layout="constrained")


def save(figure: Figure, path: Path) -> list[Path]:
    """Save as PDF and PNG beside each other (``path`` has no suffix) without dates, so that bytes repeat."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pdf, png = path.with_name(f"{path.name}.pdf"), path.with_name(f"{path.name}.png")
    figure.savefig(pdf, metadata={"CreationDate": None, "ModDate": None})
    figure.savefig(png, dpi=DPI, metadata={"Software": None})
    return [pdf, png]


def legend_above(axes: Axes, columns: int) -> None:
    """The legend above the axes, outside the data, below the title's line."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2, columnspacing=1.2)


def clock_axis(axes: Axes, start_of_day_min: float, end_min: float, label: bool = True, most: int = 10) -> None:
    """Mark the x axis (minutes since the outage's start) with the clock, at about ``most`` round times."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    spacing = next((s for s in (5, 10, 15, 30, 60, 120, 180, 240, 360, 720) if end_min / s <= most), 1440)
    first = -start_of_day_min % spacing
    ticks = [first + k * spacing for k in range(int((end_min - first) // spacing) + 1)]

    def clock(minute: float, _position: int | None = None) -> str:
        total = round(start_of_day_min + minute)
        return f"{total // 60 % 24:02d}:{total % 60:02d}"

    axes.set_xlim(0, end_min)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(clock))
    axes.tick_params(labelbottom=label)
    if label:
        axes.set_xlabel("clock time")
