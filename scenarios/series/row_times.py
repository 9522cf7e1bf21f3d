"""Times of the rows of a table: minutes, or local times of which each has to mean one instant.

A local time that the clock skips is refused: the file is not in the site's time. One that the clock shows twice is read
by the rows around it, if they follow one another in one way only; else it is named.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal

from ..local_clock import LocalClock, in_order
from ..reading.problems import Problem

MOST_MINUTES = 1e8
"""Before or after the start: some 190 years."""
DAY_MIN = 1440.0

Form = Literal["time", "time_min", "either"]
_MUST_BE: dict[Form, str] = {
    "time": "local time without an offset, like 2025-06-20T04:00",
    "time_min": "minutes since the start",
    "either": "local time without an offset, like 2025-06-20T04:30, or minutes since the outage began",
}
_WAY_OUT: dict[Form, str] = {"time": "time_min", "time_min": "", "either": "minutes since the outage began"}
"""What is never in doubt."""


def form_of(header: str) -> Form:
    """What a column of a series holds, by its name."""
    return "time_min" if header.endswith("_min") else "time"


@dataclass(frozen=True)
class RowTime:
    """A cell of a row, and the minutes since the start that it can mean, ascending."""

    row: int
    text: str
    minutes: tuple[float, ...]


@dataclass(frozen=True)
class TimeColumn:
    """A column of times in a file: its ``name`` in problems, and the ``form`` of its cells."""

    file: str
    name: str
    form: Form
    clock: LocalClock

    def read(self, row: int, text: str, problems: list[Problem]) -> RowTime | None:
        """A cell; None, and a problem, if it is no time."""
        minutes, remedy = self._meant(text)
        if any(not abs(minute) <= MOST_MINUTES for minute in minutes):
            remedy = f"must be {_MUST_BE[self.form]}"
        if remedy:
            problems.append(Problem(self.file, self._place(row), text, remedy))
            return None
        return RowTime(row, text, minutes)

    def settled(
        self, times: Sequence[RowTime], from_min: float, to_min: float, problems: list[Problem], strictly: bool = True
    ) -> list[float]:
        """The minutes of rows that follow one another (``strictly``: no two at one time).

        A row between ``from_min`` and ``to_min`` that can mean either of two instants is a problem, the first of them;
        outside, the earlier one is taken. Rows out of order are left for the caller to tell of.
        """
        early, late = in_order([time.minutes for time in times], strictly)
        if all(b > a or (b == a and not strictly) for a, b in pairwise(early)):
            for time, first, second in zip(times, early, late, strict=True):
                if first != second and second > from_min and first < to_min:
                    problems.append(Problem(self.file, self._place(time.row), time.text, self._named(time)))
                    break
        return early

    def _meant(self, text: str) -> tuple[tuple[float, ...], str]:
        """The minutes that a cell can mean (NaN: none), and what is wrong with a time that the clock skips."""
        if self.form != "time":
            try:
                return (float(text),), ""
            except ValueError:
                pass
        if self.form == "time_min":
            return (math.nan,), ""
        try:
            shown = datetime.fromisoformat(text)
            minutes = self.clock.minutes(shown)
        except (ValueError, TypeError):
            return (math.nan,), ""
        if minutes:
            return minutes, ""
        why = "if the file is in another zone's time, or in standard time all year"
        return (), f"{self.clock.doubt(shown)}; {why}, write {_WAY_OUT[self.form]}"

    def _named(self, time: RowTime) -> str:
        choices = " or ".join(f"{minute:g}" for minute in time.minutes)
        doubt = self.clock.doubt(datetime.fromisoformat(time.text))
        way_out = f"{_WAY_OUT[self.form]} (here {choices})"
        return f"{doubt}, and the rows around it do not tell which is meant; write both in their order, or {way_out}"

    def _place(self, row: int) -> str:
        return f"row {row}, {self.name}"
