"""Figures of a run and of a comparison, drawn from the folder's tables alone, so that they can be redrawn any time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..run.read import RunTables, read_run
from . import cold_load as cold_load_figure
from . import communication as communication_figure
from . import comparison as comparison_figures
from . import frequency as frequency_figure
from . import run as run_figures
from . import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RUN_FIGURES: dict[str, Callable[[RunTables], Figure]] = {
    "restoration_states": run_figures.restoration_states,
    "generation_by_source": run_figures.generation_by_source,
    "planned_served": run_figures.planned_served,
    "envelopes": run_figures.envelopes,
}
"""Figures of every run by file name."""
OPTIONAL_FIGURES: dict[str, tuple[Callable[[RunTables], bool], Callable[[RunTables], Figure]]] = {
    "cold_load": (cold_load_figure.has_cold_load, cold_load_figure.cold_load),
    "communication": (communication_figure.has_communication, communication_figure.communication),
    "frequency": (frequency_figure.has_frequency, frequency_figure.frequency),
}
"""Figures that only some runs have: by file name, whether a run has it, and how it is drawn."""


def draw_run_figures(folder: Path, run: RunTables | None = None) -> list[Path]:
    """Draw a run's figures into ``figures/`` of its folder as PDF and PNG; return the files.

    ``run``: its tables, where they are at hand. A run that failed before its first step has nothing to draw: an empty
    list. Raises NotARun.
    """
    run = run or read_run(folder)
    if run.local_area.empty:
        return []
    files: list[Path] = []
    with style.house_style():
        for name, draw in RUN_FIGURES.items():
            files += style.save(draw(run), folder / "figures" / name)
        for name, (applies, draw) in OPTIONAL_FIGURES.items():
            if applies(run):
                files += style.save(draw(run), folder / "figures" / name)
    return files


def draw_comparison_figures(folder: Path) -> list[Path]:
    """Draw a comparison's figures into its ``figures/``, one per scenario, as PDF and PNG; return the files.

    Raises NotARun.
    """
    clocks, power, runs = comparison_figures.read_comparison(folder)
    files: list[Path] = []
    with style.house_style():
        for scenario, clock in clocks.items():
            figure = comparison_figures.served_by_strategy(
                power[power["scenario"] == scenario], runs[runs["scenario"] == scenario], clock
            )
            # A scenario's name may hold a slash (guo45/fault-0400).
            name = "".join(c if c.isalnum() or c in "-_." else "_" for c in scenario)
            files += style.save(figure, folder / "figures" / f"served_by_strategy_{name}")
    return files
