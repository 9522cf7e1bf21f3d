"""Local time at the site: the one place where clock times and minutes since the scenario's start become each other.

A clock that is put forward skips an hour (or half of one), a clock that is put back shows one twice. Minutes are real
time throughout: 03:00 may be 90 minutes after 00:30.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

HOUR_MIN = 60


@dataclass(frozen=True)
class LocalClock:
    """The clock of a time zone, read from a local time ``start`` on; where it shows that twice, the first is meant."""

    start: datetime
    timezone: str = "UTC"

    def minutes(self, shown: datetime) -> tuple[float, ...]:
        """Minutes since the start at which the clock shows a local time: one; two, ascending, where it is put back;
        none where it is put forward. Raises TypeError for a time with an offset."""
        first, second = self._offset(shown), self._offset(shown, later=True)
        if first < second:
            return ()
        shift = self._offset(self.start)
        apart = shown - self.start
        return tuple((apart - (offset - shift)).total_seconds() / 60 for offset in dict.fromkeys((first, second)))

    def shows(self, minute: float) -> datetime:
        """What the clock shows that many minutes after the start."""
        return self.instant(minute).astimezone(self._zone).replace(tzinfo=None, fold=0)

    def instant(self, minute: float = 0.0) -> datetime:
        """That many minutes after the start, in universal time."""
        return (self.start - self._offset(self.start)).replace(tzinfo=UTC, fold=0) + timedelta(minutes=float(minute))

    @property
    def offset_h(self) -> float:
        """Hours by which the clock is ahead of universal time at the start."""
        return self._offset(self.start).total_seconds() / 3600

    def changes(self, end_min: float) -> tuple[tuple[int, int], ...]:
        """Changes of the clock up to a minute: the minute, and by how many minutes it is put forward (back: < 0)."""
        found: list[tuple[int, int]] = []
        for hour in range(0, math.ceil(end_min), HOUR_MIN):
            before, after = self._ahead_min(hour), self._ahead_min(hour + HOUR_MIN)
            if before != after:
                at = next(m for m in range(hour + 1, hour + HOUR_MIN + 1) if self._ahead_min(m) != before)
                if at <= end_min:
                    found.append((at, after - before))
        return tuple(found)

    def day(self) -> tuple[datetime, float]:
        """The first time of the start's calendar day, and how many minutes that day has."""
        midnight = LocalClock(self.start.replace(hour=0, minute=0, second=0, microsecond=0), self.timezone)
        tomorrow = LocalClock(midnight.start + timedelta(days=1), self.timezone)
        return midnight.shows(0), (tomorrow.instant() - midnight.instant()).total_seconds() / 60

    def doubt(self, shown: datetime) -> str:
        """What is wrong with a local time that is no one instant; empty where it is one."""
        first, second = self._offset(shown), self._offset(shown, later=True)
        if first < second:
            return f"the clock in {self.timezone} skips this time; it would be {_text(shown + (second - first))}"
        if first > second:
            return f"the clock in {self.timezone} shows this time twice, at UTC{_utc(first)} and at UTC{_utc(second)}"
        return ""

    def _offset(self, shown: datetime, later: bool = False) -> timedelta:
        """Ahead of universal time while the clock shows that: before a change at that time, or after it."""
        return shown.replace(tzinfo=self._zone, fold=int(later)).utcoffset() or timedelta()

    def _ahead_min(self, minute: float) -> int:
        at = self.instant(minute)
        return round((at.astimezone(self._zone).utcoffset() or timedelta()).total_seconds() / 60)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def in_order(choices: Sequence[tuple[float, ...]], strictly: bool = True) -> tuple[list[float], list[float]]:
    """The earliest and the latest minutes that rows can mean, of those that each may, if they follow one another.

    A row that can follow in no way keeps its last (of the latest: its first), which is out of order.
    """
    mirrored = [tuple(-minute for minute in reversed(row)) for row in reversed(choices)]
    return _earliest(choices, strictly), [-minute for minute in reversed(_earliest(mirrored, strictly))]


def _earliest(choices: Sequence[tuple[float, ...]], strictly: bool) -> list[float]:
    found: list[float] = []
    last = -math.inf
    for row in choices:
        last = next((m for m in row if m > last or (m == last and not strictly)), row[-1])
        found.append(last)
    return found


def _text(shown: datetime) -> str:
    return f"{shown:%Y-%m-%dT%H:%M}"


def _utc(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), HOUR_MIN)
    return f"{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")
