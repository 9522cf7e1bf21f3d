"""The ladder of freedom: what each rung is worth over the one below, in the same worlds, paired over seeds.

A rung may do all that the one below may, and one thing more: pick areas up one after the other, feed live ones another
way, switch as it likes, plan again, foresee. What that is worth of a run's results is the difference of two strategies
seed by seed; its mean has a bootstrap interval (``statistics.mean_interval``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import pandas as pd

from .statistics import Interval, mean_interval

RUNGS = ("static", "static_final", "growing", "open_loop", "dynamic", "oracle")
"""Strategies, the least free first."""


class Gain(NamedTuple):
    """What leads from one rung to another."""

    name: str
    below: str
    above: str


GAINS = (
    Gain("staging: areas join one by one", "static", "static_final"),
    Gain("staging: other supply paths", "static_final", "growing"),
    Gain("staging, both", "static", "growing"),
    Gain("switching over time", "growing", "open_loop"),
    Gain("replanning", "open_loop", "dynamic"),
    Gain("foresight", "dynamic", "oracle"),
)
SHARE = "served_pct"
"""Energy served, % of the demand met."""
MEASURES = {
    "first_plan_energy_mwh": ("first plan", "MWh", 3),
    "served_energy_mwh": ("served", "MWh", 3),
    "weighted_served_energy_mwh": ("served, weighted", "MWh", 3),
    "objective_mwh": ("by the objective", "MWh", 3),
    SHARE: ("served", "% of demand", 2),
    "interruptions": ("interruptions", "", 1),
    "switch_operations": ("operations", "", 1),
}
"""What differences are told of, with label, unit and decimals."""
COLUMNS = ["scenario", "gain", "below", "above", "measure", "unit", "seeds", "mean", "low", "high", "verdict"]
TIE = {"MWh": 5e-4, "% of demand": 5e-3, "": 0.0}
"""Differences that a table does not show are none."""


def ladder_of(runs: pd.DataFrame) -> pd.DataFrame:
    """A row per scenario, gain and measure, of the scenarios that were run on every rung; ``low``, ``high``: 95 %.

    ``runs``: one row per scenario, strategy and seed, as in comparison.csv.
    """
    rows: list[dict[str, Any]] = []
    for scenario, mine in runs.groupby("scenario", sort=False):
        if not has_all_rungs(mine["strategy"]):
            continue
        mine = mine.assign(**{SHARE: 100 * mine["served_energy_mwh"] / mine["demand_energy_mwh"]})
        for measure, (_, unit, _) in MEASURES.items():
            if measure not in mine:  # runs of a version that did not tell it
                continue
            by_seed = mine.pivot_table(measure, "seed", "strategy", aggfunc="first").astype(float)
            for gain in GAINS:
                differences = (by_seed[gain.above] - by_seed[gain.below]).dropna()
                if len(differences):
                    found = mean_interval(differences.to_numpy())
                    rows.append({
                        "scenario": scenario, "gain": gain.name, "below": gain.below, "above": gain.above,
                        "measure": measure, "unit": unit, "seeds": len(differences), "mean": found.mean,
                        "low": found.low, "high": found.high, "verdict": verdict(found, TIE[unit]),
                    })  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def has_all_rungs(strategies: Collection[str]) -> bool:
    """Whether nothing of the ladder is missing."""
    return set(RUNGS) <= set(strategies)


def verdict(difference: Interval, tie: float = 0.0) -> str:
    """In words: more or less, nothing where an interval holds 0 or no difference is shown; of one seed no more than
    that."""
    if difference.low is None or difference.high is None:
        return "one seed"
    if abs(difference.mean) <= tie or difference.low <= 0 <= difference.high:
        return "nothing"
    return "more" if difference.mean > 0 else "less"


def ladder_rows(ladder: pd.DataFrame, scenario: str) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a scenario's table: a row per gain, a column per measure, and what it did for energy served."""
    found = _by_gain(ladder, scenario)
    head = ["", "from", "to"]
    head += [f"{label} ({unit})" if unit else label for label, unit, _ in MEASURES.values()] + ["served"]
    body: list[list[str]] = []
    for gain in GAINS:
        cells = [_cell(found.get((gain.name, name)), digits) for name, (_, _, digits) in MEASURES.items()]
        told = found[gain.name, "served_energy_mwh"]["verdict"]
        body.append([gain.name, gain.below, gain.above, *cells, told])
    return head, body


def ladder_lines(ladder: pd.DataFrame, scenario: str) -> tuple[list[str], list[list[str]]]:
    """Head and rows for a terminal: energy served only."""
    found, body = _by_gain(ladder, scenario), list[list[str]]()
    for gain in GAINS:
        row = found[gain.name, "served_energy_mwh"]
        body.append([gain.name, *(_signed(row[name], 3) for name in ("mean", "low", "high")), row["verdict"]])
    return ["What a rung is worth (MWh served)", "mean", "low", "high", ""], body


def _by_gain(ladder: pd.DataFrame, scenario: str) -> dict[tuple[str, str], dict[str, Any]]:
    rows: list[dict[Any, Any]] = ladder[ladder["scenario"] == scenario].to_dict("records")
    return {(row["gain"], row["measure"]): row for row in rows}


def explained(ladder: pd.DataFrame, scenario: str) -> str:
    """What the table of a scenario says."""
    seeds = max(row["seeds"] for row in _by_gain(ladder, scenario).values())
    if seeds == 1:
        return "Differences of one seed, which have no interval: take more with --seeds."
    return (
        f"Means of differences in the same worlds over {seeds} seeds, with 95 % intervals (bootstrap, BCa). "
        '"nothing": the interval holds 0, so that no gain can be told from none.'
    )


def _cell(row: dict[str, Any] | None, digits: int) -> str:
    if row is None:
        return "-"
    if pd.isna(row["low"]):
        return _signed(row["mean"], digits)
    return f"{_signed(row['mean'], digits)} [{_signed(row['low'], digits)}, {_signed(row['high'], digits)}]"


def _signed(value: float | None, digits: int) -> str:
    if value is None or pd.isna(value):
        return "-"
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text
