"""House style of all figures: sizes in mm, type, colours and lines; the only place of results/ that names a colour.

Widths are those of IEEE journals (IEEE Author Center, "Size requirements for graphics"): one column 3.5 in, two
columns 7.16 in. Type is set for print at that size, nothing below ``SMALL`` points. Colour never stands alone:
strategies differ by dash and marker too, sources by their place in the stack, states by lightness.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ...scenarios.local_clock import LocalClock

COLUMN_MM = 88.9
PAGE_MM = 181.9
DPI = 200
SMALL = 6.0
"""Smallest type (pt)."""

# Okabe and Ito's palette: distinct in all common forms of colour blindness, and in grey by lightness.
ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
BROWN, MAGENTA = "#7F4F24", "#AA4499"
BLACK, DARK, GREY, RULE, PALE, WHITE = "#222222", "#5A5A5A", "#8C8C8C", "#DDDDDD", "#E4E4E4", "#FFFFFF"
SEQUENTIAL = "cividis"
"""Colour map of amounts."""

SOURCE_COLOURS: Mapping[str, str] = {"pv": ORANGE, "ess": SKY, "nbsu": GREEN, "infeed": GREY, "startup": PURPLE}
STATE_COLOURS: Mapping[str, str] = {
    "dark": PALE, "served": BLUE, "off by plan": SKY, "shed": YELLOW, "planned, not served": RED,
}  # fmt: skip

Dash = str | tuple[int, tuple[float, ...]]
DOTTED, DASHED = (0, (1.0, 1.0)), (0, (4.0, 1.5))
LOAD_LINES: Mapping[str, tuple[str, Dash]] = {
    "demand": (BLACK, DOTTED),
    "planned": (RED, DASHED),
    "served": (BLUE, "-"),
}
"""Colour and dash of what is asked, promised and given."""


@dataclass(frozen=True)
class Look:
    """How a strategy is drawn everywhere: colour, dash of its lines, marker of its points."""

    colour: str
    dash: Dash
    marker: str


STRATEGY_LOOKS: Mapping[str, Look] = {
    "dynamic": Look(BLUE, "-", "o"),
    "static": Look(RED, (0, (5, 1.5)), "s"),
    "static_rigid": Look(ORANGE, (0, (3, 1, 1, 1)), "D"),
    "static_final": Look(BROWN, (0, (8, 1.2, 2, 1.2)), "d"),
    "growing": Look(MAGENTA, (0, (4, 1, 1, 1, 4, 1)), "*"),
    "open_loop": Look(PURPLE, (0, (3, 1.2)), "v"),
    "centralised": Look(SKY, (0, (7, 1.2, 1.2, 1.2)), "P"),
    "islanded": Look(GREY, (0, (2, 1.2)), "X"),
    "greedy": Look(BLACK, (0, (5, 1, 1, 1, 1, 1)), "p"),
    "oracle": Look(GREEN, (0, (9, 1.5)), "^"),
}
"""The strategies that ship; a test compares them with ``relight strategy list``."""
_FURTHER = tuple(  # of Tol's muted palette what is farthest from the above, for strategies of users
    Look(colour, dash, marker)
    for dash, marker in (("-", "<"), ((0, (4.0, 1.5)), ">"), ((0, (2.0, 1.0)), "h"))
    for colour in ("#882255", "#332288", "#999933", "#CC6677", "#117733")
)

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # shipped with matplotlib, so the same everywhere
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.prop_cycle": f"cycler(color={[BLUE, ORANGE, GREEN, RED, SKY, PURPLE, BLACK]})",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.4,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "lines.linewidth": 1.1,
    "hatch.linewidth": 0.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "relight",
}


def strategy_looks(strategies: Iterable[str]) -> dict[str, Look]:
    """The look of each strategy. Those that ship always have theirs; others take theirs in alphabetical order, so that
    it does not matter in which order they are given."""
    names = list(dict.fromkeys(strategies))
    others = sorted(name for name in names if name not in STRATEGY_LOOKS)
    looks = {**STRATEGY_LOOKS, **{name: _FURTHER[k % len(_FURTHER)] for k, name in enumerate(others)}}
    return {name: looks[name] for name in names}


def short(name: str, letters: int = 26) -> str:
    """A name for a legend or an axis, cut where it is too long."""
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def strategy_colours(strategies: Iterable[str]) -> dict[str, str]:
    """The colour of each strategy, of ``strategy_looks``."""
    return {name: look.colour for name, look in strategy_looks(strategies).items()}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside this block; nothing of it leaks into the caller's matplotlib."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def new_figure(width_mm: float, height_mm: float, headline: str = "") -> Figure:
    """A figure that no window system knows of (matplotlib's Agg draws it), laid out so that nothing overlaps.

    ``headline`` says at the top, small, what all panels are of: case, strategy and seed. It makes the figure higher.
    """
    from matplotlib.figure import Figure

    lines = [part for line in headline.splitlines() for part in textwrap.wrap(line, int(width_mm / 1.5))]
    height_mm += 3.6 * len(lines)
    figure = Figure(figsize=(width_mm / 25.4, height_mm / 25.4), layout="constrained")
    if lines:
        figure.suptitle("\n".join(lines), x=1 / width_mm, ha="left", fontsize=6.5, color=DARK)
    return figure


def save(figure: Figure, path: Path) -> list[Path]:
    """Save as PDF and PNG beside each other (``path`` has no suffix) without dates, so that bytes repeat."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pdf, png = path.with_name(f"{path.name}.pdf"), path.with_name(f"{path.name}.png")
    if (layout := figure.get_layout_engine()) is not None:
        layout.execute(figure)
        figure.set_layout_engine("none")  # both files share the layout, which takes as long as drawing
    figure.savefig(pdf, metadata={"CreationDate": None, "ModDate": None})
    figure.savefig(png, dpi=DPI, metadata={"Software": None})
    return [pdf, png]


def legend_above(axes: Axes, columns: int, handles: Sequence[Any] | None = None) -> None:
    """The legend above the axes, outside the data, below the title's line, in at most so many columns."""
    shown = axes.get_legend_handles_labels()[0] if handles is None else handles
    if not shown:
        return
    columns = _columns_that_fit(axes, [str(handle.get_label()) for handle in shown], columns)
    axes.legend(
        handles=shown, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2, columnspacing=1.2
    )
    axes.set_title(axes.get_title(loc="left"), pad=6 + 10 * math.ceil(len(shown) / columns))


def _columns_that_fit(axes: Axes, labels: Sequence[str], most: int) -> int:
    """As many columns as the axes are wide enough for, by the usual width of a letter; they are filled downwards."""
    figure, size = axes.get_figure(root=True), float(_RC["legend.fontsize"])
    assert figure is not None
    room = 1.15 * 72 * figure.get_figwidth() * axes.get_position().width / size  # the layout widens axes later
    for columns in range(min(most, len(labels)), 1, -1):
        per, more = divmod(len(labels), columns)
        starts = [k * per + min(k, more) for k in range(columns + 1)]
        longest = [max(map(len, labels[i:j])) for i, j in pairwise(starts)]
        if sum(0.56 * letters + _RC["legend.handlelength"] + 2.0 for letters in longest) <= room:
            return columns
    return 1


def legend_on_title_line(axes: Axes) -> None:
    """The legend at the right end of the title's line."""
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, borderaxespad=0.2, columnspacing=1.2)


def clock_axis(axes: Axes, clock: LocalClock, end_min: float, label: bool = True, most: int = 10) -> None:
    """Mark the x axis (minutes since the outage's start) with the clock, at about ``most`` times, round ones until the
    clock is changed."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    spacing = next((s for s in (5, 10, 15, 30, 60, 120, 180, 240, 360, 720) if end_min / s <= most), 1440)
    first = -(clock.start.hour * 60 + clock.start.minute) % spacing
    ticks = [first + k * spacing for k in range(int((end_min - first) // spacing) + 1)]

    def shown(minute: float, _position: int | None = None) -> str:
        return f"{clock.shows(round(minute)):%H:%M}"

    axes.set_xlim(0, end_min)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(shown))
    axes.tick_params(labelbottom=label)
    if label:
        axes.set_xlabel("clock time")
