"""The recorded steps of a run, along which every course of the page is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Steps:
    """The recorded simulation steps: their starts (min), and tables laid out by element and step."""

    times: list[float]

    def table(self, rows: pd.DataFrame, key: str, ids: Sequence[str], values: pd.Series) -> np.ndarray:
        """(elements, steps), NaN where there is no row or no value; rows of other ids and times are left out."""
        filled = np.full((len(ids), len(self.times)), np.nan)
        row = pd.Index(ids).get_indexer(pd.Index(rows[key]))
        column = pd.Index(self.times).get_indexer(pd.Index(rows["time_min"]))
        known = (row >= 0) & (column >= 0)
        filled[row[known], column[known]] = values.to_numpy(dtype=float)[known]
        return filled

    def total(self, rows: pd.DataFrame, values: pd.Series) -> np.ndarray:
        """Sum by step, 0 where there is no row."""
        return values.groupby(rows["time_min"]).sum().reindex(self.times).fillna(0.0).to_numpy()

    def least(self, rows: pd.DataFrame, column: str) -> np.ndarray:
        return rows.groupby("time_min")[column].min().reindex(self.times).to_numpy(dtype=float)

    def most(self, rows: pd.DataFrame, column: str) -> np.ndarray:
        return rows.groupby("time_min")[column].max().reindex(self.times).to_numpy(dtype=float)
