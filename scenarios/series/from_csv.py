"""Series from CSV files: checked when the scenario is loaded, resampled so that energy is preserved."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..local_clock import LocalClock
from ..reading.files import read_text, why_unreadable
from ..reading.problems import Problem, display_name, find_input, listed, missing
from ..schema.scenario import Scenario
from ..view import GridView
from .row_times import DAY_MIN, RowTime, TimeColumn, form_of

MOST_KW = 1e6
MOST_PV_PU = 1.5
"""Per unit of rating; a larger value is a power in kW put where per unit is meant."""


@dataclass(frozen=True)
class Series:
    """Columns of values, each row holding from its time to the next one; ``edges_min`` has one entry more than rows.

    Times are minutes since the scenario's start, and may be negative.
    """

    path: Path
    edges_min: np.ndarray
    columns: dict[str, np.ndarray]

    def mean(self, column: str, edges_min: np.ndarray) -> np.ndarray:
        """Mean value over each interval between ``edges_min``, which must lie inside the series."""
        return interval_means(self.edges_min, self.columns[column], edges_min)


def interval_means(edges_min: np.ndarray, values: np.ndarray, wanted_min: np.ndarray) -> np.ndarray:
    """Mean of a step function (``values`` between ``edges_min``) over each wanted interval: energy is preserved."""
    energy = np.concatenate([[0.0], np.cumsum(values * np.diff(edges_min))])
    return np.diff(np.interp(wanted_min, edges_min, energy)) / np.diff(wanted_min)


def load_series(
    scenario: Scenario, view: GridView, folder: Path, file: str, problems: list[Problem]
) -> dict[str, Series]:
    """The CSV series that a scenario names, by field (``load.actual_csv``); what is wrong goes into ``problems``.

    ``file`` names the scenario in problems.
    """
    reactive = [f"{area}:q" for area in view.local_areas]
    load, pv = scenario.load, scenario.pv
    wanted = [("pv.forecast_csv", pv.forecast_csv, [*view.pv]), ("pv.actual_csv", pv.actual_csv, [*view.pv])]
    if load is not None:  # None: that part of the scenario is wrong
        areas = [*view.local_areas, *reactive]
        wanted += [("load.forecast_csv", load.forecast_csv, areas), ("load.actual_csv", load.actual_csv, areas)]
    found = {}
    for field, name, known in wanted:
        if name is None or scenario.outage is None or scenario.site is None:
            continue
        clock, duration_min = scenario.local_clock, scenario.outage.duration_min
        series = read_series(name, folder, known, clock, duration_min, (file, field), problems, signed=reactive)
        if series is not None:
            found[field] = series
    return found


def read_series(
    name: str,
    folder: Path,
    known: Iterable[str],
    clock: LocalClock,
    duration_min: float,
    source: tuple[str, str],
    problems: list[Problem],
    signed: Iterable[str] = (),
) -> Series | None:
    """Read the CSV file ``name`` (relative to ``folder``) for a window of ``duration_min`` from the clock's start.

    ``known`` columns are allowed, those in ``signed`` may be negative; ``source`` is the scenario's file and field.
    Everything wrong is added to ``problems``; then the result is None.
    """
    path, before = find_input(name, folder), len(problems)
    file = display_name(path, folder)
    rows = read_rows(path, name, source, problems)
    if rows is None:
        return None
    header = [cell.strip() for cell in rows[0][1]] if rows else []
    columns = check_header(file, header, tuple(known), problems)
    if len(problems) > before:
        return None
    signed, values = set(signed), {column: list[float]() for column in columns}
    times, column_of_times = list[RowTime](), TimeColumn(file, header[0], form_of(header[0]), clock)
    for number, row in rows[1:]:
        if len(row) != len(header):
            problems.append(Problem(file, f"row {number}", len(row), f"must have {len(header)} cells, like the header"))
            continue
        if time := column_of_times.read(number, row[0].strip(), problems):
            times.append(time)
        for column, cell in zip(columns, row[1:], strict=True):
            values[column].append(read_number(file, number, column, cell.strip(), column in signed, problems))
    if len(problems) > before:
        return None
    for column in columns if source[1].startswith("pv.") else ():
        if max(values[column], default=0.0) > MOST_PV_PU:
            remedy = "PV is per unit of s_kva, not kW; more than 1.5 cannot be meant"
            problems.append(Problem(file, column, max(values[column]), remedy))
    edges = row_edges(column_of_times, times, duration_min, problems)
    if edges is None or len(problems) > before:
        return None
    return Series(path, edges, {column: np.array(series) for column, series in values.items()})


def read_rows(
    path: Path, name: str, source: tuple[str, str], problems: list[Problem]
) -> list[tuple[int, list[str]]] | None:
    """Number, as an editor counts lines, and cells of the rows of a CSV file that are not empty; None, and a problem of
    the scenario's field, if it cannot be read."""
    try:
        reader = csv.reader(read_text(path, encoding="utf-8-sig").splitlines())
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, ValueError, csv.Error) as error:
        absent = isinstance(error, FileNotFoundError)
        reason = str(error) if isinstance(error, csv.Error) else why_unreadable(error)
        remedy = missing(path, "no such file") if absent else f"cannot be read as CSV in UTF-8: {reason}"
        problems.append(Problem(*source, name, remedy))
        return None


def check_header(file: str, header: list[str], known: tuple[str, ...], problems: list[Problem]) -> list[str]:
    first, columns = (header[0] if header else None), header[1:]
    if first not in ("time", "time_min"):
        problems.append(Problem(file, "header", first, "the first column must be time or time_min"))
    if not columns:
        problems.append(Problem(file, "header", None, f"no columns of values; known: {listed(known)}"))
    for column in columns:
        if column not in known:
            problems.append(Problem(file, "header", column, f"unknown column; known: {listed(known)}"))
        if columns.count(column) > 1:
            problems.append(Problem(file, "header", column, "column appears twice"))
    return columns


def read_number(file: str, number: int, column: str, text: str, signed: bool, problems: list[Problem]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if abs(value) > MOST_KW:
        problems.append(Problem(file, f"row {number}, {column}", text, f"is beyond {MOST_KW:g} kW; is this in W?"))
    elif not math.isfinite(value) or (value < 0 and not signed):
        right = "a number" if signed else "a number, 0 or more"
        problems.append(Problem(file, f"row {number}, {column}", text, f"must be {right}; gaps and NaN are not filled"))
    return value


def row_edges(
    column: TimeColumn, times: Sequence[RowTime], duration_min: float, problems: list[Problem]
) -> np.ndarray | None:
    """Rows' starts, and the end of the last row, which is as long as the one before it."""
    before = len(problems)
    if len(times) < 2:
        problems.append(Problem(column.file, "time", len(times), "must have at least two rows"))
        return None
    minutes = column.settled(times, -DAY_MIN, duration_min, problems)
    steps = np.diff(minutes)
    if (steps <= 0).any():
        wrong = times[int(np.argmax(steps <= 0)) + 1]
        remedy = "times must increase from row to row"
        problems.append(Problem(column.file, f"row {wrong.row}, time", wrong.text, remedy))
    if len(problems) > before:
        return None
    edges = np.array([*minutes, minutes[-1] + steps[-1]])
    if edges[0] > 0 or edges[-1] < duration_min:
        remedy = f"must cover the outage window, minutes 0 to {duration_min:g} from its start"
        problems.append(Problem(column.file, "time", f"minutes {edges[0]:g} to {edges[-1]:g}", remedy))
        return None
    return edges
