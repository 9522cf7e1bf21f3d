"""The one table that most metrics need: who wanted how much, and who got how much, over time.

Columns ``time_min``, ``local_area``, ``demand_kw``, ``served_kw``; where they are there also ``priority``,
``customers``, ``in_outage_area``, ``energised``, ``shed``. Every local area (LA) has one row per time; a row holds from
its time to the next one in the table, the last one to the end given. A run's ``series/local_area.csv`` is such a table;
results of other tools can be written as one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...scenarios.errors import InputError

REQUIRED = ("time_min", "local_area", "demand_kw", "served_kw")
DEFAULTS = {"priority": 1.0, "in_outage_area": 1.0}
NUMBERS = (
    "time_min",
    "demand_kw",
    "served_kw",
    "priority",
    "customers",
    "in_outage_area",
    "energised",
    "shed",
    "ordered_share",
)

TOLERANCE = 1e-6
"""Shares closer to 0 or 1 than this are 0 or 1: tables hold six decimals."""

PROPORTIONAL = "customers in proportion to peak load"


class BadTable(InputError):
    """A table that cannot be scored; the message lists everything wrong with it."""


@dataclass(frozen=True)
class Supply:
    """A table of supply as arrays, T times by N local areas in the order of their ids.

    ``start_min`` (T) and ``hours`` (T): start and length of each time step; ``demand_kw``, ``served_kw``, ``priority``
    (T × N); ``supplied`` (T × N): share of an LA's customers with supply, 0 to 1; ``customers`` (N);
    ``in_area`` (T × N): has lost supply by this step. ``note`` says where the customers come from.
    """

    local_areas: tuple[str, ...]
    start_min: np.ndarray
    hours: np.ndarray
    demand_kw: np.ndarray
    served_kw: np.ndarray
    priority: np.ndarray
    supplied: np.ndarray
    customers: np.ndarray
    in_area: np.ndarray
    note: str

    @property
    def lost_supply(self) -> np.ndarray:
        """Which LAs (N) lose supply at some time, be it before the table begins."""
        return np.any(self.in_area, axis=0)

    def since_lost(self) -> Supply:
        """The same with nothing demanded or served by an LA before it lost supply."""
        demand, served = (np.where(self.in_area, power, 0.0) for power in (self.demand_kw, self.served_kw))
        return replace(self, demand_kw=demand, served_kw=served)

    @property
    def end_min(self) -> float:
        return float(self.start_min[-1] + 60 * self.hours[-1])

    @property
    def end_of_step_min(self) -> np.ndarray:
        return np.append(self.start_min[1:], self.end_min)

    def of_areas(self, chosen: np.ndarray) -> Supply:
        """The LAs chosen by a mask (N) alone."""
        return Supply(
            local_areas=tuple(la for la, take in zip(self.local_areas, chosen, strict=True) if take),
            start_min=self.start_min,
            hours=self.hours,
            demand_kw=self.demand_kw[:, chosen],
            served_kw=self.served_kw[:, chosen],
            priority=self.priority[:, chosen],
            supplied=self.supplied[:, chosen],
            customers=self.customers[chosen],
            in_area=self.in_area[:, chosen],
            note=self.note,
        )

    def supplied_share(self) -> np.ndarray:
        """Share of all customers that have supply in each step; 1 where there are none."""
        total = self.customers.sum()
        return _tidy((self.supplied * self.customers).sum(axis=1) / total) if total > 0 else np.ones(len(self.hours))

    def served_share(self) -> np.ndarray:
        """Share of the demand of all LAs that is served in each step; 1 where nobody wants anything."""
        demand, served = self.demand_kw.sum(axis=1), self.served_kw.sum(axis=1)
        return _tidy(np.divide(served, demand, out=np.ones_like(served), where=demand > 0))


def supply_of(rows: pd.DataFrame, end_min: float | None = None, name: str = "table") -> Supply:
    """Check a supply table and arrange it. Further columns are ignored; the order of rows does not matter.

    Without ``end_min`` the last step is as long as the one before it. Without a column ``customers`` an LA counts by
    its largest demand in the table (kW). A step in which an LA has no demand shows its supply by ``energised`` and
    ``shed`` if both columns are there, and by ``ordered_share`` if that is; else it is as in the step before. Raises
    BadTable.
    """
    if twice := sorted({str(column) for column in rows.columns[rows.columns.duplicated()]}):
        raise BadTable(f"{name}: column {', '.join(twice)} appears more than once")
    if missing := [column for column in REQUIRED if column not in rows]:
        raise BadTable(f"{name}: no column {', '.join(missing)}; needed are {', '.join(REQUIRED)}")
    rows = rows.assign(**{column: value for column, value in DEFAULTS.items() if column not in rows})
    numbers = rows[[c for c in NUMBERS if c in rows]].apply(pd.to_numeric, errors="coerce")
    rows = pd.concat([rows[["local_area"]].fillna("").astype(str), numbers.astype(float)], axis=1)
    if problems := _problems(rows, end_min):
        raise BadTable("\n".join(f"{name}: {problem}" for problem in problems))

    # The table is a complete grid, so sorted rows are its cells in order.
    rows = rows.sort_values(["time_min", "local_area"])
    start, areas = np.unique(rows["time_min"]), tuple(sorted(set(rows["local_area"])))
    wide = {column: rows[column].to_numpy().reshape(len(start), len(areas)) for column in numbers}
    demand, served = wide["demand_kw"], wide["served_kw"]
    last_min = start[-1] + (start[-1] - start[-2]) if end_min is None else end_min
    switched_on = None
    if "energised" in wide and "shed" in wide:
        switched_on = (wide["energised"] == 1) & (wide["shed"] != 1)
        if "ordered_share" in wide:
            switched_on &= wide["ordered_share"] > 0
    in_area = wide["in_outage_area"] == 1
    given = "customers" in wide
    return Supply(
        local_areas=areas,
        start_min=start,
        hours=np.diff(np.append(start, last_min)) / 60,
        demand_kw=demand,
        served_kw=served,
        priority=wide["priority"],
        supplied=_supplied(demand, served, switched_on, in_area[0]),
        customers=wide["customers"][0] if given else demand.max(axis=0),
        in_area=in_area,
        note="customers as given" if given else PROPORTIONAL,
    )


def _problems(rows: pd.DataFrame, end_min: float | None) -> list[str]:
    if rows.empty:
        return ["has no rows"]
    problems: list[str] = []
    nameless = rows["local_area"].str.strip() == ""
    if nameless.any():
        problems.append(f"column local_area: {int(nameless.sum())} cells are empty; each must name a local area")
    for column in (c for c in NUMBERS if c in rows):
        # The range of valid values also catches NaN, which is what text became.
        flag = column in ("in_outage_area", "energised", "shed")
        wrong = ~rows[column].isin((0, 1)) if flag else ~(rows[column].abs() < np.inf)
        if column not in ("time_min",) and not flag:
            wrong |= rows[column] < 0
        if wrong.any():
            at = rows[wrong].iloc[0]
            kind = "0 or 1" if flag else "a number" if column == "time_min" else "a number, 0 or more"
            problems.append(f"column {column}: {int(wrong.sum())} cells are not {kind}, first for {_where(at)}")
    if problems:
        return problems
    over = rows["served_kw"] > rows["demand_kw"] * (1 + TOLERANCE) + TOLERANCE
    if over.any():
        problems.append(
            f"served_kw exceeds demand_kw in {int(over.sum())} rows, first for {_where(rows[over].iloc[0])}"
        )
    twice = rows.duplicated(["time_min", "local_area"])
    if twice.any():
        problems.append(f"{int(twice.sum())} rows are there twice, first for {_where(rows[twice].iloc[0])}")
    areas, times = rows["local_area"].nunique(), rows["time_min"].nunique()
    if areas * times != len(rows[~twice]):
        problems.append(f"every local area needs a row at every time: {areas} × {times} rows, not {len(rows[~twice])}")
    if "customers" in rows and len(rows[["local_area", "customers"]].drop_duplicates()) > areas:
        problems.append("column customers changes over time for a local area; it must not")
    ordered = rows.sort_values(["local_area", "time_min"], kind="stable")
    back = ordered.groupby("local_area")["in_outage_area"].diff() < 0
    if back.any():
        told = f"first for {_where(ordered[back].iloc[0])}"
        problems.append(f"column in_outage_area goes back from 1 to 0, {told}; who has lost supply has lost it")
    if end_min is None and times == 1:
        problems.append("one time only: say when its step ends")
    if end_min is not None and not end_min > rows["time_min"].max():
        problems.append(f"ends at {end_min:g} min, but its last step starts at {rows['time_min'].max():g} min")
    return problems


def _where(row: pd.Series) -> str:
    return f"local_area {row['local_area']} at time_min {row['time_min']:g}"


def _supplied(
    demand: np.ndarray, served: np.ndarray, switched_on: np.ndarray | None, lost_supply: np.ndarray
) -> np.ndarray:
    """Share of each LA's customers with supply (T × N)."""
    share = np.divide(served, demand, out=np.full_like(served, np.nan), where=demand > 0)
    if switched_on is not None:
        share = np.where(demand > 0, share, switched_on.astype(float))
    before = np.where(lost_supply, 0.0, 1.0)
    for t in range(len(share)):
        share[t] = before = np.where(np.isnan(share[t]), before, share[t])
    return _tidy(share)


def _tidy(share: np.ndarray) -> np.ndarray:
    """Shares without the rounding of the table: exactly 0 and 1 where it is within ``TOLERANCE``."""
    share = np.where(share < TOLERANCE, 0.0, share)
    return np.where(share > 1 - TOLERANCE, 1.0, share)
