"""How far what was served lies from what was planned, and means over seeds with confidence intervals.

All energies are of the outage area. The plan *in force* is the one that held at each moment (``planned_kw``); the
*first* plan is the promise made at the fault time. Served energy can lie above a plan: demand may exceed its forecast.
docs/world.md says what the readings mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ..run.read import RunTables
from ..run.summary import step_hours

EARLY_MIN = 180.0
"""The first three hours: 10:00 to 13:00 of Guo et al.'s second case, where clouds of ±30 % are spoken of."""


@dataclass(frozen=True)
class Deviation:
    """Deviations of served from planned energy in % of the planned energy, without sign; NaN where nothing was planned.

    ``net_pct``: of the whole window's energies, from the plan in force; ``gross_pct``: of each simulation step's total,
    summed without sign, so that too much at one time never makes good for too little at another; ``first_pct`` and
    ``first_early_pct``: of the energies of the whole window and of its first three hours, from the first plan.
    """

    net_pct: float
    gross_pct: float
    first_pct: float
    first_early_pct: float


@dataclass(frozen=True)
class Mean:
    """A mean with its confidence interval."""

    mean: float
    low: float
    high: float
    count: int


def deviation(run: RunTables) -> Deviation:
    """Deviations of one run."""
    area = run.local_area[run.local_area["in_outage_area"] == 1]
    hours = step_hours(run.local_area["time_min"], run.end_min)
    steps = area.groupby("time_min")[["planned_kw", "served_kw"]].sum()
    kwh = steps.mul(pd.Series(hours), axis=0)
    planned, served = kwh["planned_kw"], kwh["served_kw"]
    lost, early = frozenset(area["local_area"]), min(EARLY_MIN, run.end_min)
    return Deviation(
        net_pct=_relative_pct(abs(served.sum() - planned.sum()), planned.sum()),
        gross_pct=_relative_pct((served - planned).abs().sum(), planned.sum()),
        first_pct=_from_first(run, lost, steps["served_kw"], run.end_min),
        first_early_pct=_from_first(run, lost, steps["served_kw"], early),
    )


def student_interval(values: Sequence[float], level: float = 0.95) -> Mean:
    """Mean of independent values (one per seed) with Student's t interval; unbounded for fewer than two.

    Raises ValueError for a value that is not finite.
    """
    if not all(math.isfinite(value) for value in values):
        raise ValueError(f"values must be finite: {[value for value in values if not math.isfinite(value)]}")
    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return Mean(mean, -math.inf, math.inf, count)
    half = float(stats.t.ppf((1 + level) / 2, count - 1) * np.std(values, ddof=1) / math.sqrt(count))
    return Mean(mean, mean - half, mean + half, count)


def _from_first(run: RunTables, lost: frozenset[str], served_kw: pd.Series, until_min: float) -> float:
    """Served against promised energy up to a time, in %; ``served_kw`` by start of the simulation step."""
    if not run.plans:
        return math.nan
    plan = run.plans[0]
    starts = [float(step["start_min"]) for step in plan["steps"]]
    ends = [*starts[1:], float(plan.get("end_min") or starts[-1] + plan["step_min"])]
    promised = sum(
        max(0.0, min(end, until_min) - start) / 60 * (area.get("demand_kw") or 0.0)
        for start, end, step in zip(starts, ends, plan["steps"], strict=True)
        for la, area in (step.get("local_areas") or {}).items()
        if la in lost
    )
    edges = np.clip([*served_kw.index, run.end_min], None, until_min)
    given = float((served_kw.to_numpy() * np.diff(edges)).sum()) / 60
    return _relative_pct(abs(given - promised), promised)


def _relative_pct(difference: float, planned: float) -> float:
    return float(100 * difference / planned) if planned > 0 else math.nan
