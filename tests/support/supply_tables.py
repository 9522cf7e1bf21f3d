"""Supply tables for tests of metrics: by hand, drawn at random, with a step split, in another order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from relight.results.metrics.supply import Supply, supply_of


def supply(
    shares: dict[str, Sequence[float]],
    step_min: float = 30,
    demand_kw: float = 100,
    customers: dict[str, float] | None = None,
    lost: bool = True,
    priority: dict[str, float] | None = None,
) -> Supply:
    """LAs of equal and constant demand, of which so much is served in each step."""
    rows = [
        {"time_min": step_min * t, "local_area": la, "demand_kw": demand_kw, "served_kw": demand_kw * share,
         "customers": (customers or {}).get(la, 1), "in_outage_area": int(lost),
         "priority": (priority or {}).get(la, 1.0)}
        for la, series in shares.items() for t, share in enumerate(series)
    ]  # fmt: skip
    return supply_of(pd.DataFrame(rows), step_min * len(next(iter(shares.values()))))


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """A table of at most 60 min: a few LAs, uneven steps, nothing, part or all served, some demand zero."""
    areas = draw(st.integers(1, 4))
    starts = sorted({0, *draw(st.lists(st.integers(1, 59), max_size=6))})
    rows = []
    for k in range(areas):
        lost, customers = draw(st.booleans()), draw(st.integers(1, 50))
        for start in starts:
            demand = draw(st.sampled_from((0.0, 1.0, 3.0, 40.0)))
            share = draw(st.sampled_from((0.0, 0.0, 0.25, 0.5, 1.0, 1.0)))
            rows.append({"time_min": float(start), "local_area": f"la{k}", "demand_kw": demand,
                         "served_kw": demand * share, "customers": customers, "in_outage_area": int(lost),
                         "priority": 1.0 + k})  # fmt: skip
    return pd.DataFrame(rows)


def split_step(rows: pd.DataFrame, step: int, where: float, end_min: float) -> pd.DataFrame:
    """The same table with one more time inside a step, at which nothing changes."""
    starts = np.unique(rows["time_min"])
    k = step % len(starts)
    after = starts[k + 1] if k + 1 < len(starts) else end_min
    again = rows[rows["time_min"] == starts[k]].assign(time_min=starts[k] + where * (after - starts[k]))
    return pd.concat([rows, again], ignore_index=True)


def rotated(rows: pd.DataFrame, turn: int) -> pd.DataFrame:
    """The same table with its rows in another order."""
    return rows.sample(frac=1, random_state=turn).reset_index(drop=True)
