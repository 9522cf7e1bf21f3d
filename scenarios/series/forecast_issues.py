"""Users' own forecasts from CSV, one series per issue time; and whether a scenario's forecasts make sense together."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..reading.problems import Problem, display_name, find_input, listed
from ..schema.scenario import Scenario
from ..view import GridView
from .from_csv import MOST_PV_PU, Series, check_header, interval_means, read_number, read_rows
from .row_times import RowTime, TimeColumn, form_of

PV_ISSUES, LOAD_ISSUES = "forecast.pv_issues_csv", "forecast.load_issues_csv"
_TIMES = (("issued", "time"), ("issued_min", "time_min"))
_Row = tuple[RowTime, RowTime, list[float]]
"""When issued, of what time, values."""


@dataclass(frozen=True)
class Issues:
    """Forecasts by time of issue (minutes since the start, ascending, the first at or before 0).

    Each covers the time from its issue (or from 0, if that is later) to the end of the window.
    """

    path: Path
    issued_min: tuple[float, ...]
    issues: tuple[Series, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.issues[0].columns)

    def index(self, time_min: float) -> int:
        """Which issue is in use: the latest one not later than ``time_min``."""
        return bisect_right(self.issued_min, time_min) - 1

    def mean(self, column: str, time_min: float, edges_min: np.ndarray) -> np.ndarray:
        """Mean over each interval between ``edges_min`` (the first not before ``time_min``), as known at that time."""
        series = self.issues[self.index(time_min)]
        return interval_means(series.edges_min, series.columns[column], edges_min)


def load_issues(
    scenario: Scenario, view: GridView, folder: Path, series: dict[str, Series], file: str, problems: list[Problem]
) -> dict[str, Issues]:
    """The forecasts by issue that a scenario names, by field; what is wrong goes into ``problems``.

    ``series`` are those of ``load_series``: no column may be in both.
    """
    if scenario.perfect_forecast and scenario.weather and scenario.weather.passing_clouds:
        remedy = "the world follows the forecast, which knows no passing cloud; take them out, or use forecast.method"
        problems.append(Problem(file, "perfect_forecast", True, remedy))
    options = scenario.forecast
    if options is None or scenario.outage is None or scenario.site is None:
        return {}
    if scenario.perfect_forecast and (options.method != "mean" or options.pv_issues_csv or options.load_issues_csv):
        remedy = "actual series that equal the forecast leave it no error; take forecast out, or see forecast.method"
        problems.append(Problem(file, "perfect_forecast", True, remedy))
    reactive = [f"{area}:q" for area in view.local_areas]
    wanted = (
        (PV_ISSUES, options.pv_issues_csv, [*view.pv], "pv.forecast_csv"),
        (LOAD_ISSUES, options.load_issues_csv, [*view.local_areas, *reactive], "load.forecast_csv"),
    )
    found: dict[str, Issues] = {}
    for field, name, known, single in wanted:
        if name is None:
            continue
        issues = _read(name, folder, tuple(known), frozenset(reactive), scenario, (file, field), problems)
        if issues is None:
            continue
        found[field] = issues
        both = [column for column in issues.columns if single in series and column in series[single].columns]
        if both:
            problems.append(Problem(file, field, name, f"{listed(both)} also in {single}; keep one of them"))
    return found


def _read(
    name: str, folder: Path, known: tuple[str, ...], signed: frozenset[str], scenario: Scenario,
    source: tuple[str, str], problems: list[Problem],
) -> Issues | None:  # fmt: skip
    path, before = find_input(name, folder), len(problems)
    file = display_name(path, folder)
    rows = read_rows(path, name, source, problems)
    if rows is None:
        return None
    header = [cell.strip() for cell in rows[0][1]] if rows else []
    if tuple(header[:2]) not in _TIMES:
        remedy = "the first two columns must be issued, time or issued_min, time_min"
        problems.append(Problem(file, "header", ", ".join(header[:2]), remedy))
        return None
    columns = check_header(file, header[1:], known, problems)
    if len(rows) == 1:
        problems.append(Problem(file, "", None, "holds no rows; each issue needs at least one"))
    issued, time = (TimeColumn(file, name, form_of(name), scenario.local_clock) for name in header[:2])
    table: list[_Row] = []
    for number, row in rows[1:]:
        if len(row) != len(header):
            problems.append(Problem(file, f"row {number}", len(row), f"must have {len(header)} cells, like the header"))
            continue
        at, of = (column.read(number, row[k].strip(), problems) for k, column in enumerate((issued, time)))
        cells = zip(columns, row[2:], strict=False)
        values = [read_number(file, number, c, cell.strip(), c in signed, problems) for c, cell in cells]
        for column, value in zip(columns, values, strict=False):
            if source[1] == PV_ISSUES and value > MOST_PV_PU:
                remedy = "PV is per unit of s_kva, not kW; more than 1.5 cannot be meant"
                problems.append(Problem(file, f"row {number}, {column}", value, remedy))
        if at and of:
            table.append((at, of, values))
    if len(problems) > before:
        return None
    duration_min = float(scenario.outage.duration_min)
    made_min = issued.settled([at for at, _, _ in table], 0.0, duration_min, problems, strictly=False)
    issues = [(made, of, values) for made, (_, of, values) in zip(made_min, table, strict=True)]
    return None if len(problems) > before else _issues(path, time, columns, issues, duration_min, problems)


def _issues(
    path: Path, column: TimeColumn, columns: list[str], table: list[tuple[float, RowTime, list[float]]],
    duration_min: float, problems: list[Problem],
) -> Issues | None:  # fmt: skip
    """Rows (minute of issue, time, values) sorted into issues, which must follow one another in the file; None if
    something is wrong with them."""
    before, file = len(problems), column.file
    order = list(dict.fromkeys(issued for issued, _, _ in table))
    if order[0] > 0:
        problems.append(Problem(file, "issued", f"minute {order[0]:g}", "the first issue must not be after the start"))
    blocks = [table[0][0], *(b[0] for a, b in pairwise(table) if a[0] != b[0])]
    if blocks != sorted(set(blocks)):
        problems.append(Problem(file, "issued", None, "issues must ascend, the rows of one issue below each other"))
    series: list[Series] = []
    for issued in order:
        rows = [(of, values) for at, of, values in table if at == issued]
        first = max(issued, 0.0)
        cells = [_from_issue(rows[0][0], first), *(of for of, _ in rows[1:])]
        times = column.settled(cells, first, duration_min, problems)
        where = f"issue of minute {issued:g}"
        if (np.diff(times) <= 0).any():
            problems.append(Problem(file, where, None, "times must increase from row to row"))
            continue
        # A single row holds to the end of the window, else the last one as long as the one before it.
        end = times[-1] + (times[-1] - times[-2]) if len(times) > 1 else duration_min
        if issued < duration_min and (times[0] > first or end < duration_min):
            remedy = f"must cover minutes {first:g} (its issue, or the start) to {duration_min:g} (the window's end)"
            problems.append(Problem(file, where, f"minutes {times[0]:g} to {end:g}", remedy))
            continue
        values = np.array([row for _, row in rows])
        held = {column: values[:, k] for k, column in enumerate(columns)}
        series.append(Series(path, np.array([*times, max(end, times[-1] + 1e-9)]), held))
    return None if len(problems) > before else Issues(path, tuple(order), tuple(series))


def _from_issue(time: RowTime, first_min: float) -> RowTime:
    """The first time of an issue, which must not be after its issue: the last of those that it can mean."""
    return replace(time, minutes=tuple(m for m in time.minutes if m <= first_min)[-1:] or time.minutes)
