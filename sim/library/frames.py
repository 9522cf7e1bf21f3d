"""The tables of a run as frames: a row per step with its clock time, a column per area, unit, bus or branch."""

from __future__ import annotations

import re

import pandas as pd

from ...results.run.read import RunTables
from ...scenarios.schema.scenario import Scenario

TIME = "time"
"""Name of the index: local time at the site, twice where the clock is put back; a row holds until the next begins."""


def clock(scenario: Scenario, minutes: pd.Series | pd.Index) -> pd.DatetimeIndex:
    """Minutes since the scenario's start as clock times."""
    return pd.DatetimeIndex([scenario.local_clock.shows(minute) for minute in minutes.tolist()], name=TIME)


def wide(scenario: Scenario, table: pd.DataFrame, name: str, value: str) -> pd.DataFrame:
    """One column per ``name``, sorted as people do (2 before 10), and one row per step, of a long table's ``value``."""
    found = table.pivot(index="time_min", columns=name, values=value)  # noqa: PD010  # keeps what is NaN throughout
    found = found[sorted(found.columns, key=_natural)]
    return found.set_index(clock(scenario, found.index))


def flags(scenario: Scenario, table: pd.DataFrame, name: str, value: str) -> pd.DataFrame:
    """The same of a value that is 0 or 1, as false or true."""
    return wide(scenario, table, name, value) == 1


def happenings(scenario: Scenario, table: pd.DataFrame) -> pd.DataFrame:
    """A table of what happened when, by clock time."""
    return table.drop(columns="time_min").set_index(clock(scenario, table["time_min"]))


def _natural(name: str) -> list[tuple[int, str]]:
    """Digits by their value, letters between them."""
    return [(int(part or 0), "") if k % 2 else (0, part) for k, part in enumerate(re.split(r"(\d+)", name))]


def outage_area(run: RunTables) -> list[str]:
    """Local areas that had lost supply, in the order of the network."""
    return list(run.local_area.loc[run.local_area["in_outage_area"] == 1, "local_area"].unique())
