"""Customer interruptions and the indices of IEEE Std 1366: SAIFI, SAIDI, CAIDI, MAIFI, ASAI.

An interruption is one spell without supply of some customers. It is *sustained* when it lasts more than 5 minutes,
else *momentary*. Customers who are shed, picked up and shed again were interrupted twice, each spell judged by its own
length, and every minute without supply counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from .supply import Supply

SUSTAINED_OVER_MIN = 5.0
"""Interruptions longer than this are sustained (IEEE Std 1366-2012, 3.2)."""

COLUMNS = ("local_area", "customers", "start_min", "end_min", "ended")


@dataclass(frozen=True)
class CustomerIndices:
    """Indices over a period; ``saidi_min`` and ``caidi_min`` in minutes, ``caidi_min`` None without interruptions.

    ``customers_still_out`` have no supply at the end of the period: what they wait for after it is not counted.
    """

    customers: float
    saifi: float
    saidi_min: float
    caidi_min: float | None
    maifi: float
    asai: float
    customers_still_out: float


def interruptions(supply: Supply) -> pd.DataFrame:
    """Every customer interruption in a supply table: LA, customers, start and end (min), ``ended`` 0 or 1.

    Only time without supply interrupts anybody: an LA that lost supply when the table begins and has it back in the
    very first step has none. An interruption that lasts to the end of the table ends there with ``ended`` 0.
    Where only part of an LA is served its customers are taken to be shed in a fixed order, so that the fewest possible
    are interrupted anew: half an LA served in two steps is the same half in both.
    """
    rows: list[tuple[str, float, float, float, int]] = []
    ends = supply.end_of_step_min
    for i, local_area in enumerate(supply.local_areas):
        levels = np.unique(np.append(supply.supplied[:, i], (0.0, 1.0)))
        for low, high in pairwise(levels):
            # Customers between these two shares have supply in the steps that reach the higher one.
            out = supply.supplied[:, i] < high
            customers = float((high - low) * supply.customers[i])
            if not customers > 0:
                continue
            change = np.flatnonzero(np.diff(np.concatenate(([False], out, [False])).astype(int)))
            for first, after in zip(change[::2], change[1::2], strict=True):
                ended = int(after < len(out))
                rows.append((local_area, customers, float(supply.start_min[first]), float(ends[after - 1]), ended))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def customer_indices(
    interruptions: pd.DataFrame,
    customers: float,
    period_min: float,
    sustained_over_min: float = SUSTAINED_OVER_MIN,
) -> CustomerIndices:
    """IEEE Std 1366 indices of interruptions (columns as in ``interruptions``) among so many customers served.

    Raises ValueError unless customers and period are above 0.
    """
    if not (customers > 0 and period_min > 0):
        raise ValueError(f"indices need customers and a period above 0, not {customers:g} and {period_min:g} min")
    duration = interruptions["end_min"] - interruptions["start_min"]
    number = interruptions["customers"]
    # A minute is 60 s: the tolerance is for the rounding of times, not for the rule.
    sustained = duration > sustained_over_min + 1e-9
    count = float(number[sustained].sum())
    minutes = float((number * duration)[sustained].sum())
    return CustomerIndices(
        customers=customers,
        saifi=count / customers,
        saidi_min=minutes / customers,
        caidi_min=minutes / count if count else None,
        maifi=float(number[~sustained].sum()) / customers,
        asai=1 - minutes / (customers * period_min),
        customers_still_out=float(number[interruptions["ended"] == 0].sum()),
    )
