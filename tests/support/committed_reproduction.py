"""A folder that ``relight reproduce`` wrote, read back: what its text must follow from."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd

from relight.results.paper.published_claims import CLAIMS, Bound, Fact, Row
from relight.results.paper.tables import Reproduction


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", dtype={"case": str, "storage": str}, keep_default_na=True)


def claims(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "claims.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def number(cell: str) -> float | None:
    return float(cell) if cell else None


def read_reproduction(folder: Path) -> Reproduction:
    """Everything but wall times and inputs."""
    content = json.loads((folder / "reproduction.json").read_text(encoding="utf-8"))
    found = claims(folder)
    return Reproduction(
        rows=tuple(_row(claim, found[claim.id]) for claim in CLAIMS),
        variations=table(folder, "variations"),
        statics=table(folder, "statics"),
        restored_map=table(folder, "restored_map"),
        spread=table(folder, "load_spread"),
        runs=table(folder, "runs"),
        quick=content["extent"] == "quick",
        seconds={},
        inputs=content["inputs"],
    )


def _row(claim, row: dict[str, str]) -> Row:
    own = [number(row[f"measured{end}"]) for end in ("", "_low", "_high")]
    reduced = [number(row[f"calibrated_{end}"]) for end in ("measured", "low", "high")]
    return Row(
        claim=claim,
        fact=Fact(*own, command=row["command"], seeds=row["seeds"]),
        bound=_bound(row, "bound"),
        verdict=row["verdict"],  # type: ignore[arg-type]
        reason=row["reason"],
        reduced=Fact(*reduced),
        reduced_bound=_bound(row, "calibrated_bound"),
    )


def _bound(row: dict[str, str], name: str) -> Bound | None:
    low, high = number(row[f"{name}_low"]), number(row[f"{name}_high"])
    return None if low is None or high is None else Bound(low, high)
