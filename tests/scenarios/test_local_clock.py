"""The one conversion between local times and minutes: both changes of the clock, whole hours and half ones."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from relight.scenarios.local_clock import LocalClock, in_order

AT = datetime.fromisoformat

CHANGES = {
    "put forward in Berlin": ("2025-03-30T00:30", "Europe/Berlin", (90, 60), 1380),
    "put back in Berlin": ("2025-10-26T01:30", "Europe/Berlin", (90, -60), 1500),
    "put forward by half an hour in Lord Howe": ("2025-10-05T01:00", "Australia/Lord_Howe", (60, 30), 1410),
    "put back by half an hour in Lord Howe": ("2025-04-06T01:00", "Australia/Lord_Howe", (60, -30), 1470),
    "put forward in the southern spring": ("2025-10-05T01:00", "Australia/Sydney", (60, 60), 1380),
    "put back in the southern autumn": ("2025-04-06T01:00", "Australia/Sydney", (120, -60), 1500),
    "put forward at midnight, so that the day begins at 01:00": ("2025-03-29T22:00", "Asia/Beirut", (120, 60), 1440),
}


@pytest.mark.parametrize("what", CHANGES)
def test_minutes_are_real_time_while_the_clock_is(what: str) -> None:
    start, zone, change, day_min = CHANGES[what]
    clock = LocalClock(AT(start), zone)
    assert clock.changes(240) == (change,)
    assert clock.day()[1] == day_min
    at, by = change
    assert clock.shows(at - 1) == clock.start + timedelta(minutes=at - 1)
    assert clock.shows(at) == clock.start + timedelta(minutes=at + by)
    for minute in range(0, 300, 5):
        assert minute in clock.minutes(clock.shows(minute))


def test_a_time_that_is_skipped_is_no_minute_and_one_that_is_repeated_two() -> None:
    spring, autumn = (LocalClock(AT(day), "Europe/Berlin") for day in ("2025-03-30T00:30", "2025-10-26T01:30"))
    assert spring.minutes(AT("2025-03-30T02:30")) == ()
    assert spring.minutes(AT("2025-03-30T03:00")) == (90,)
    assert "skips this time; it would be 2025-03-30T03:30" in spring.doubt(AT("2025-03-30T02:30"))
    assert autumn.minutes(AT("2025-10-26T02:30")) == (60, 120)
    assert autumn.minutes(AT("2025-10-26T03:00")) == (150,)
    assert autumn.doubt(AT("2025-10-26T02:30")).endswith("shows this time twice, at UTC+2 and at UTC+1")
    assert autumn.doubt(AT("2025-10-26T03:00")) == ""
    assert LocalClock(AT("2025-10-05T01:00"), "Australia/Lord_Howe").doubt(AT("2025-04-06T01:45")).endswith("UTC+10:30")


def test_the_day_of_a_clock_that_skips_midnight_begins_after_it() -> None:
    assert LocalClock(AT("2025-03-30T08:00"), "Asia/Beirut").day() == (AT("2025-03-30T01:00"), 1380)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "Etc/GMT-1"])
def test_a_clock_that_never_changes_counts_as_differences_do_to_the_last_bit(zone: str) -> None:
    clock = LocalClock(AT("2025-03-30T00:30"), zone)
    assert clock.changes(100_000) == () and clock.day() == (AT("2025-03-30T00:00"), 1440)
    for shown in map(AT, ("2025-03-30T02:30:07.3", "2025-10-26T02:30", "1999-01-01T00:00:59", "2025-03-29")):
        assert clock.minutes(shown) == ((shown - clock.start).total_seconds() / 60,)
        assert clock.doubt(shown) == ""
    assert clock.shows(12.5) == clock.start + timedelta(minutes=12.5)


def test_rows_in_order_tell_which_of_two_times_is_meant_or_that_none_does() -> None:
    hour = [(30.0, 90.0), (60.0, 120.0)]
    assert in_order([(0.0,), *hour, *hour, (150.0,)]) == ([0, 30, 60, 90, 120, 150],) * 2
    assert in_order([(0.0,), *hour, (150.0,)]) == ([0, 30, 60, 150], [0, 90, 120, 150])
    same = [hour[0], hour[0], hour[1], hour[0]]
    assert in_order(same, strictly=False) == ([30, 30, 60, 90],) * 2
    assert in_order([hour[0]] * 3)[0] == [30, 90, 90], "a third one is out of order"
