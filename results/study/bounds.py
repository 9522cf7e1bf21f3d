"""No strategy serves more than there is: a study's runs held against the bounds of their worlds.

Per run, all weighted by C_i of (18): energy *served*; the part of it served *in part*, in plan steps in which a section
was live and not all of its demand was served from beginning to end, and how many these were; what its switch operations
cost in (18). Per world: the *service bound*, which nobody can exceed whatever happens, and with a strategy that has
foresight (``oracle``) its first plan and the *foresight bound*, which nobody can exceed who serves nothing in part
(``relight.sim.planning.foresight_bound``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

BOUNDS = "bounds.json"
"""What a run of a study keeps for it."""

TOLERANCE = 1e-6
"""Relative: what solvers and the sums of a run may differ by."""

WORLD = ["scenario", "point", "seed"]
RUN_COLUMNS = ["weighted_served_mwh", "in_part_mwh", "steps_in_part", "switching_mwh"]
WORLD_COLUMNS = ["foresight_planned_mwh", "foresight_bound_mwh", "service_bound_mwh"]
COLUMNS = [*WORLD, "strategy", *RUN_COLUMNS, *WORLD_COLUMNS, "exceeds"]


def read_bounds(folders: Sequence[Path], runs: pd.DataFrame) -> pd.DataFrame:
    """The table of bounds of a study's runs: ``runs`` as in runs.csv, and their folders in the same order.

    Runs that keep none (failed, or of an older version) are left out.
    """
    rows: list[dict[str, Any]] = []
    for folder, (_, run) in zip(folders, runs.iterrows(), strict=True):
        if run["status"] == "complete" and (folder / BOUNDS).is_file():
            kept = json.loads((folder / BOUNDS).read_text(encoding="utf-8"))
            rows.append({**{key: run[key] for key in (*WORLD, "strategy")}, **kept})
    return held_against(pd.DataFrame(rows, columns=[*WORLD, "strategy", *RUN_COLUMNS, *WORLD_COLUMNS]))


def held_against(runs: pd.DataFrame) -> pd.DataFrame:
    """The same runs, each with the bounds of its world and in ``exceeds`` the bound that it breaks; empty: none.

    Worlds without a strategy that has foresight know the service bound alone.
    """
    table = runs.astype(dict.fromkeys((*RUN_COLUMNS, *WORLD_COLUMNS), float))
    for column in WORLD_COLUMNS:
        table[column] = table.groupby(WORLD, sort=False)[column].transform("min")
    edge = 1 + TOLERANCE
    service = table["weighted_served_mwh"] > table["service_bound_mwh"] * edge
    worth = table["weighted_served_mwh"] - table["switching_mwh"]
    foresight = _whole(table) & (worth > table["foresight_bound_mwh"] * edge)
    table["exceeds"] = np.select([service, foresight], ["service bound", "foresight bound"], "")
    return table[COLUMNS]


def _whole(table: pd.DataFrame) -> pd.Series:
    """Runs that the foresight bound of their world holds for."""
    return (table["steps_in_part"] == 0) & table["foresight_bound_mwh"].notna()


def bounds_table(table: pd.DataFrame, scenario: str, strategies: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Heading and rows: per strategy the means of served energy and of the part of it served in part, and mean and
    largest share of the service bound that was served. The foresight bound does not hold for every run, so no run is
    measured by it."""
    mine = table[table["scenario"] == scenario]
    head = ["", "runs", "served (MWh)", "in part (MWh)", "% of bound", "largest"]
    body: list[list[str]] = []
    for strategy in strategies:
        one = mine[mine["strategy"] == strategy]
        if one.empty:
            continue
        bound = one["service_bound_mwh"]
        share = 100 * one["weighted_served_mwh"] / bound.where(bound > 0)
        numbers = (one["weighted_served_mwh"].mean(), one["in_part_mwh"].mean(), share.mean(), share.max())
        cells = ["-" if pd.isna(x) else f"{x:.{d}f}" for x, d in zip(numbers, (3, 3, 2, 2), strict=True)]
        body.append([strategy, str(len(one)), *cells])
    return head, body


def verdict(table: pd.DataFrame) -> list[str]:
    """What holding against the bounds has shown, in lines for readers; each breach is one."""
    if table.empty:
        return []
    lines = [f"{len(table)} runs held against the service bound"]
    if table["foresight_bound_mwh"].notna().any():
        lines[0] += f", {_whole(table).sum()}, which served nothing in part, also against the foresight bound"
    broken = table[table["exceeds"] != ""]
    lines[0] += ": none exceeds it." if broken.empty else f": {len(broken)} EXCEED it."
    for row in broken.to_dict("records"):
        column = str(row["exceeds"]).replace(" ", "_") + "_mwh"
        place = f"{row['scenario']}, {row['point'] or 'no parameters'}, seed {row['seed']}"
        lines.append(
            f"{row['strategy']}, {place}: served {row['weighted_served_mwh']:.6f} MWh, {row['in_part_mwh']:.6f} of it "
            f"in part, {row['exceeds']} {row[column]:.6f} MWh"
        )
    return lines


def means_of_worlds(table: pd.DataFrame, scenario: str) -> str:
    """The mean bounds of a scenario's worlds in words."""
    worlds = table[table["scenario"] == scenario].drop_duplicates(WORLD)
    titles = ("planned by oracle, less switching", "foresight bound", "service bound")
    means = [(title, worlds[column].mean()) for title, column in zip(titles, WORLD_COLUMNS, strict=True)]
    return ", ".join(f"{title} {mean:.3f}" for title, mean in means if not pd.isna(mean)) + " MWh (means)"
