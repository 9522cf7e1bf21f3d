"""A study's tables from its runs: each strategy by itself, and the reference against each other strategy in pairs.

The unit that intervals rest on is the world's randomness: within one point of the parameters, the seed. Over all points
(``point`` = ``all``) it is still the seed where points are a grid, each seed's value being the mean over the grid, for
the same seeds return at every point; where there are random samples it is the sample, its value the mean over seeds and
over the grid, if there is one, for the same samples return at every point of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ...scenarios.studies.schema import Statistics
from ..comparison.compare import DifferentWorlds
from ..comparison.ladder import COLUMNS as LADDER_COLUMNS
from ..comparison.ladder import has_all_rungs, ladder_of
from ..comparison.measures import MEASURES
from ..comparison.statistics import (
    cohen_dz,
    mean_interval,
    performance_profile,
    performance_ratios,
    rank_biserial,
    rank_correlation,
    win_tie_loss,
)

ALL = "all"
WORLD = ["scenario", "point", "seed"]
STRATEGY_COLUMNS = [
    "strategy", "measure", "runs", "failed", "units", "mean", "low", "high", "sd", "min", "median", "max",
]  # fmt: skip
PAIRED_COLUMNS = [
    "measure", "reference", "other", "pairs", "missing", "units", "reference_mean", "other_mean", "difference", "low",
    "high", "relative_pct", "cohen_dz", "rank_biserial", "wins", "ties", "losses",
]  # fmt: skip
TAKEN = frozenset((*STRATEGY_COLUMNS, *PAIRED_COLUMNS, *MEASURES))
"""Columns beside those of the parameters, in some table."""
PROFILE_COLUMNS = ["scenario", "measure", "strategy", "ratio", "share"]
SENSITIVITY_COLUMNS = ["scenario", "parameter", "measure", "strategy", "other", "runs", "rank_correlation"]


@dataclass(frozen=True)
class StudyShape:
    """What the tables need to know of a study."""

    parameters: tuple[str, ...]
    """columns of the parameters"""
    sampled: tuple[str, ...]
    """those of them that are random samples; empty: points are a grid"""
    strategies: tuple[str, ...]
    reference: str
    measures: tuple[str, ...]
    statistics: Statistics


@dataclass(frozen=True)
class StudyTables:
    """``runs``: one row per run, failed ones with their reason. ``strategies``, ``paired``: one row per scenario, point
    and measure, of each strategy and of the reference against each other. ``profiles``: performance profiles.
    ``sensitivity``: rank correlation of measures with numeric parameters. ``ladder``: what each rung is worth at each
    point (``relight.results.comparison.ladder``), where all were run. ``bounds``: each run against the bounds of its
    world (``relight.results.study.bounds``)."""

    runs: pd.DataFrame
    strategies: pd.DataFrame
    paired: pd.DataFrame
    profiles: pd.DataFrame
    sensitivity: pd.DataFrame
    ladder: pd.DataFrame
    bounds: pd.DataFrame = field(default_factory=pd.DataFrame)


def tabulate(runs: pd.DataFrame, shape: StudyShape) -> StudyTables:
    """All tables of a study. Raises DifferentWorlds if strategies met different demand in the same world."""
    check_same_demand(runs)
    samples = _samples(runs, shape)
    strategies: list[dict[str, Any]] = []
    paired: list[dict[str, Any]] = []
    for where, part in _parts(runs, shape):
        unit = part["point"].map(samples) if where["point"] == ALL and samples else part["seed"]
        part = part.assign(unit=unit)
        for measure in shape.measures:
            strategies += [{**where, **row} for row in _strategy_rows(part, measure, shape)]
            paired += [{**where, **row} for row in _paired_rows(part, measure, shape)]
    keys = ["scenario", "point", *shape.parameters]
    return StudyTables(
        runs=runs,
        strategies=pd.DataFrame(strategies, columns=[*keys, *STRATEGY_COLUMNS]),
        paired=pd.DataFrame(paired, columns=[*keys, *PAIRED_COLUMNS]),
        profiles=pd.DataFrame(_profiles(runs, shape), columns=PROFILE_COLUMNS),
        sensitivity=pd.DataFrame(_sensitivity(runs, shape), columns=SENSITIVITY_COLUMNS),
        ladder=_ladder(runs, shape),
    )


def _ladder(runs: pd.DataFrame, shape: StudyShape) -> pd.DataFrame:
    """What each rung is worth at each point; no rows where one of them is missing."""
    found = [pd.DataFrame(columns=["scenario", "point", *LADDER_COLUMNS[1:]])]
    for where, part in _parts(runs, shape) if has_all_rungs(shape.strategies) else ():
        complete = part[part["status"] == "complete"]
        if where["point"] != ALL and has_all_rungs(complete["strategy"]):
            rungs = ladder_of(complete)
            rungs.insert(1, "point", where["point"])
            found.append(rungs)
    return pd.concat(found[1:] or found, ignore_index=True)


def overall(table: pd.DataFrame, scenario: str) -> pd.DataFrame:
    """The rows of a scenario over all points; those of its one point if there is no other."""
    mine = table[table["scenario"] == scenario]
    return mine[mine["point"] == ALL] if (mine["point"] == ALL).any() else mine


def check_same_demand(runs: pd.DataFrame, tolerance_mwh: float = 1e-6) -> None:
    """Strategies of one world (scenario, point, seed) must have met the same demand, cold load pick-up apart: that
    depends on when they restore. Raises DifferentWorlds."""
    complete = runs[runs["status"] == "complete"]
    if "demand_energy_mwh" not in complete:
        return
    demand = complete["demand_energy_mwh"]
    if "cold_load_energy_mwh" in complete:
        demand = demand - complete["cold_load_energy_mwh"].fillna(0.0)
    for world, met in demand.groupby([complete[name] for name in WORLD], sort=False):
        if met.max() - met.min() > tolerance_mwh:
            scenario, point, seed = world
            place = f"{scenario}, {point or 'no parameters'}, seed {seed}"
            raise DifferentWorlds(f"{place}: strategies met different demand, {met.min():.6f} to {met.max():.6f} MWh")


def _parts(runs: pd.DataFrame, shape: StudyShape) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The runs of each scenario and point, and of all points where there are several."""
    for scenario, of_scenario in runs.groupby("scenario", sort=False):
        points = list(of_scenario.groupby("point", sort=False))
        for point, part in points:
            values = {name: part[name].iloc[0] for name in shape.parameters}
            yield {"scenario": scenario, "point": point, **values}, part
        if len(points) > 1:
            yield {"scenario": scenario, "point": ALL, **dict.fromkeys(shape.parameters)}, of_scenario


def _samples(runs: pd.DataFrame, shape: StudyShape) -> dict[str, int]:
    """Point → number of its random sample; points of a grid share theirs. Empty: no samples."""
    if not shape.sampled:
        return {}
    points = runs.drop_duplicates("point").set_index("point")
    return {str(point): int(n) for point, n in points.groupby(list(shape.sampled), sort=False).ngroup().items()}


def _strategy_rows(part: pd.DataFrame, measure: str, shape: StudyShape) -> Iterator[dict[str, Any]]:
    for strategy in shape.strategies:
        mine = part[part["strategy"] == strategy]
        values = _values(mine, measure).dropna()
        row: dict[str, Any] = {"strategy": strategy, "measure": measure, "runs": len(values)}
        row["failed"] = int((mine["status"] != "complete").sum())
        if len(values):
            units = values.groupby(mine.loc[values.index, "unit"], sort=False).mean().to_numpy()
            interval = _interval(units, shape)
            row |= {"units": len(units), "mean": interval.mean, "low": interval.low, "high": interval.high}
            row |= {"sd": float(values.std(ddof=1)) if len(values) > 1 else None}
            row |= {"min": float(values.min()), "median": float(values.median()), "max": float(values.max())}
        yield row


def _paired_rows(part: pd.DataFrame, measure: str, shape: StudyShape) -> Iterator[dict[str, Any]]:
    for other in shape.strategies:
        if other == shape.reference:
            continue
        pairs, worlds = pair(part, measure, shape.reference, other)
        row: dict[str, Any] = {"measure": measure, "reference": shape.reference, "other": other, "pairs": len(pairs)}
        row["missing"] = worlds - len(pairs)
        if len(pairs):
            # Differences of means and means of differences agree only over the same worlds: each unit weighs the same.
            unit_of = part.drop_duplicates(WORLD).set_index(WORLD)["unit"]
            units = unit_of.reindex(pd.MultiIndex.from_frame(pairs[WORLD])).to_numpy()
            by_unit = pairs.groupby(units, sort=False)[["reference", "other", "difference"]].mean()
            interval = _interval(by_unit["difference"].to_numpy(), shape)
            row |= {"units": len(by_unit), "reference_mean": float(by_unit["reference"].mean())}
            row |= {"other_mean": float(by_unit["other"].mean())}
            row |= {"difference": interval.mean, "low": interval.low, "high": interval.high}
            base = row["other_mean"]
            row["relative_pct"] = 100 * interval.mean / base if base > 1e-6 else None
            row["cohen_dz"] = cohen_dz(by_unit["difference"].to_numpy())
            row["rank_biserial"] = rank_biserial(by_unit["difference"].to_numpy())
            if better := MEASURES[measure].better:
                counts = win_tie_loss(pairs["difference"].to_numpy(), better, MEASURES[measure].tie)
                row |= dict(zip(("wins", "ties", "losses"), counts, strict=True))
        yield row


def pair(part: pd.DataFrame, measure: str, reference: str, other: str) -> tuple[pd.DataFrame, int]:
    """Values of two strategies in the worlds where both have one, their difference, and the number of all worlds."""
    sides: list[pd.Series] = []
    for name, strategy in (("reference", reference), ("other", other)):
        mine = part[part["strategy"] == strategy]
        sides.append(_values(mine, measure).set_axis(pd.MultiIndex.from_frame(mine[WORLD])).rename(name))
    both = pd.concat(sides, axis=1, sort=False)
    pairs = both.dropna().reset_index()
    pairs.columns = [*WORLD, "reference", "other"]
    # Rounded as tables show them, so that equal numbers have no difference in their last bit.
    pairs["difference"] = (pairs["reference"] - pairs["other"]).round(9)
    return pairs, len(both)


def _values(runs: pd.DataFrame, measure: str) -> pd.Series:
    if measure not in runs:
        return pd.Series(np.nan, index=runs.index)
    return runs[measure].astype(float)


def _interval(values: np.ndarray, shape: StudyShape) -> Any:
    how = shape.statistics
    return mean_interval(values, how.confidence, how.resamples, how.seed)


def _profiles(runs: pd.DataFrame, shape: StudyShape) -> Iterator[tuple[Any, ...]]:
    """Performance profiles of the first measure; none where it may be negative or neither more nor less is better."""
    measure = shape.measures[0]
    if not MEASURES[measure].better or len(shape.strategies) < 2:
        return
    for scenario, part in runs.groupby("scenario", sort=False):
        wide = pd.concat(
            {s: pair(part, measure, s, s)[0].set_index(WORLD)["reference"] for s in shape.strategies}, axis=1
        )
        wide = wide.reindex(pd.MultiIndex.from_frame(part[WORLD].drop_duplicates()))
        if (wide < 0).any(axis=None):
            continue
        ratios = performance_ratios(wide.to_numpy(), MEASURES[measure].better)
        for ratio, shares in performance_profile(ratios):
            for strategy, share in zip(shape.strategies, shares, strict=True):
                yield scenario, measure, strategy, ratio, float(share)


def _sensitivity(runs: pd.DataFrame, shape: StudyShape) -> Iterator[tuple[Any, ...]]:
    """Rank correlation of each measure, and of the reference's differences, with each numeric parameter."""
    for scenario, part in runs.groupby("scenario", sort=False):
        for name in numeric_parameters(runs, shape.parameters):
            at = part.drop_duplicates("point").set_index("point")[name]
            for measure in shape.measures:
                for strategy in shape.strategies:
                    pairs = pair(part, measure, strategy, strategy)[0]
                    rho = rank_correlation(pairs["point"].map(at).to_numpy(), pairs["reference"].to_numpy())
                    yield scenario, name, measure, strategy, None, len(pairs), rho
                for other in (s for s in shape.strategies if s != shape.reference):
                    pairs = pair(part, measure, shape.reference, other)[0]
                    rho = rank_correlation(pairs["point"].map(at).to_numpy(), pairs["difference"].to_numpy())
                    yield scenario, name, measure, shape.reference, other, len(pairs), rho


def numeric_parameters(runs: pd.DataFrame, parameters: Sequence[str]) -> list[str]:
    """Parameters whose values are all numbers, and more than one."""

    def is_number(value: object) -> bool:
        return isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)

    return [name for name in parameters if runs[name].map(is_number).all() and len(set(runs[name])) > 1]
