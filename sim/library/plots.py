"""Figures of a run and of a comparison: those of their folders, as matplotlib figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from ...results.comparison.compare import ComparedRuns
from ...results.figures import comparison as comparison_figures
from ...results.figures import style
from ...results.figures.drawing import OPTIONAL_FIGURES, RUN_FIGURES
from ...results.run.read import IncompleteRun, RunTables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Named = TypeVar("Named", str, int)


class RunPlots:
    """Figures of a run. Each call draws a new one, which `figure.savefig(path)` saves; a notebook with
    `%matplotlib inline` shows it.

    A run that failed before its first step has nothing to draw: `IncompleteRun`.
    """

    def __init__(self, run: RunTables) -> None:
        self._run = run

    def served(self) -> Figure:
        """Demand, planned and served power (kW) of the outage area, and their energy so far (MWh)."""
        return self._drawn("planned_served")

    def areas(self) -> Figure:
        """Which local areas and switches were on, step by step."""
        return self._drawn("restoration_states")

    def generation(self) -> Figure:
        """Power by source (kW), stacked, against demand and served load."""
        return self._drawn("generation_by_source")

    def envelopes(self) -> Figure:
        """Lowest and highest voltage (p.u.), highest loading (%), losses (kW)."""
        return self._drawn("envelopes")

    def cold_load(self) -> Figure:
        """What was drawn beyond the base course; ValueError where nothing was."""
        return self._drawn("cold_load")

    def communication(self) -> Figure:
        """What became of the messages; ValueError where the scenario does not say how they fail."""
        return self._drawn("communication")

    def frequency(self) -> Figure:
        """Frequency of the islands (Hz); ValueError where the scenario has none."""
        return self._drawn("frequency")

    def __repr__(self) -> str:
        optional = [name for name, (applies, _) in OPTIONAL_FIGURES.items() if applies(self._run)]
        return f"<figures of {self._run.title}: {', '.join(['served', 'areas', 'generation', 'envelopes', *optional])}>"

    def _drawn(self, name: str) -> Figure:
        if self._run.local_area.empty:
            raise IncompleteRun(f"{self._run.title}: it stopped before its first step, so there is nothing to draw")
        if name in RUN_FIGURES:
            draw = RUN_FIGURES[name]
        else:
            applies, draw = OPTIONAL_FIGURES[name]
            if not applies(self._run):
                raise ValueError(f"{self._run.title}: there is nothing of {name.replace('_', ' ')} in it")
        with style.house_style():
            return draw(self._run)


class ComparisonPlots:
    """Figures of a comparison; each call draws a new one."""

    def __init__(self, compared: ComparedRuns) -> None:
        self._compared = compared

    def served(self, scenario: str | None = None) -> Figure:
        """Served power (kW) over time by strategy, and planned and served energy (MWh): means over seeds, from the
        lowest to the highest. `scenario` is needed where several were compared."""
        name = only(scenario, list(self._compared.clocks), "scenario")
        power, runs = (table[table["scenario"] == name] for table in (self._compared.served, self._compared.runs))
        with style.house_style():
            return comparison_figures.served_by_strategy(power, runs, self._compared.clocks[name])

    def __repr__(self) -> str:
        return f"<figures of a comparison: served, for {', '.join(self._compared.clocks)}>"


def only(asked: Named | None, there: Sequence[Named], what: str) -> Named:
    """What was asked for, or the only one there is. Raises KeyError, naming those there are."""
    if asked is None and len(there) == 1:
        return there[0]
    if asked is None or asked not in there:
        said = f"no {what} {asked!r}" if asked is not None else f"several of them: say which {what}"
        raise KeyError(f"{said}; there are: {', '.join(map(str, there))}")
    return asked
