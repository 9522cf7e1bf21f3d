"""A CSV switching sheet as a plan: who operates which device when. All else follows from topology or is dispatched.

Columns ``time`` (local, ISO 8601, or minutes since the outage began), ``device`` (a branch), ``operation`` (open or
close). It starts from the network just after the fault: every branch as before the outage, faulted ones open.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable

from ...controllers.exchange.plan import Plan, PlanStep
from ...scenarios.case import Case
from ...scenarios.reading.problems import Problem, listed
from ...scenarios.series.row_times import TimeColumn

COLUMNS = ("time", "device", "operation")
OPERATIONS = {"open": False, "close": True}
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_Row = tuple[int, float, str, bool]
"""(row of the file, minute, device, closes)"""


def read_switching_sheet(text: str, file: str, case: Case, problems: list[Problem]) -> Plan | None:
    """The plan of a sheet: a step from each time of operation to the next, the last to the end of the window.

    It names all closed branches, those without a switch too. What is wrong is added to ``problems``; then None.
    """
    before = len(problems)
    rows = _rows(text, file, case, problems)
    if not rows and len(problems) == before:
        problems.append(Problem(file, "", None, "no operations; a row holds time, device, operation"))
    problems.extend(_conflicts(rows, file))
    if len(problems) > before:
        return None
    closed = {b.id for b in case.view.branches.values() if b.closed and not b.faulted}
    steps: list[PlanStep] = []
    for time_min in dict.fromkeys(time for _, time, _, _ in rows):
        for _, _, device, closes in (row for row in rows if row[1] == time_min):
            (closed.add if closes else closed.discard)(device)
        steps.append(PlanStep(start_min=time_min, closed_branches=[b for b in case.view.branches if b in closed]))
    return Plan(scenario=case.scenario.name, end_min=float(case.scenario.outage.duration_min), steps=steps)


def _rows(text: str, file: str, case: Case, problems: list[Problem]) -> list[_Row]:
    try:
        table = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), strict=True)]
    except csv.Error as error:
        problems.append(Problem(file, "", None, f"not CSV: {error}"))
        return []
    header = table[0] if table else []
    if sorted(header) != sorted(COLUMNS):
        other = next((name for sign, name in OTHER_SEPARATORS.items() if any(sign in cell for cell in header)), None)
        remedy = f"must be {','.join(COLUMNS)}"
        if other:
            remedy += f"; cells are separated by commas, not by {other}"
        problems.append(Problem(file, "header", ",".join(header), remedy))
        return []
    found: list[_Row] = []
    window_min = float(case.scenario.outage.duration_min)
    column = TimeColumn(file, "time", "either", case.scenario.local_clock)
    place = header.index("time")
    read = [
        column.read(number, row[place], problems)
        for number, row in enumerate(table[1:], start=2)
        if len(row) == len(header) and any(row)
    ]
    times = [time for time in read if time is not None]
    minutes = column.settled(times, 0.0, window_min, problems, strictly=False)
    minute_of = {time.row: minute for time, minute in zip(times, minutes, strict=True)}
    for number, row in enumerate(table[1:], start=2):
        if not any(row):
            continue
        if len(row) != len(header):
            problems.append(Problem(file, f"row {number}", len(row), f"must have {len(header)} cells, like the header"))
            continue
        cells = dict(zip(header, row, strict=True))
        wrong = len(problems)
        time_min = minute_of.get(number)
        if time_min is not None and not 0 <= time_min < window_min:
            start = f"{case.scenario.outage.start:%Y-%m-%dT%H:%M}"
            remedy = f"must lie in the outage window: {window_min:g} minutes from {start}"
            problems.append(Problem(file, f"row {number}, time", cells["time"], remedy))
        if cells["device"] not in case.view.branches:
            known = listed(b.id for b in case.view.branches.values() if b.switchable)
            problems.append(Problem(file, f"row {number}, device", cells["device"], f"no such branch; known: {known}"))
        closes = OPERATIONS.get(cells["operation"].lower())
        if closes is None:
            remedy = f"must be {' or '.join(OPERATIONS)}"
            problems.append(Problem(file, f"row {number}, operation", cells["operation"], remedy))
        if closes is not None and time_min is not None and len(problems) == wrong:
            found.append((number, time_min, cells["device"], closes))
    return found


def _conflicts(rows: list[_Row], file: str) -> Iterable[Problem]:
    """Rows out of order, and devices operated twice at one time."""
    latest, seen = -math.inf, set[tuple[float, str]]()
    for number, time_min, device, _ in rows:
        if time_min < latest:
            yield Problem(file, f"row {number}, time", f"minute {time_min:g}", f"out of order: after minute {latest:g}")
        if (time_min, device) in seen:
            yield Problem(file, f"row {number}, device", device, "is operated twice at the same time; keep one")
        latest = max(latest, time_min)
        seen.add((time_min, device))
