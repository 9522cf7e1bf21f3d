"""How hard the network was worked: switching operations, voltages and loadings over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class NetworkStatistics:
    """Least, mean, largest value and 5th and 95th percentile, every value weighted by how long it held."""

    least: float
    mean: float
    largest: float
    p5: float
    p95: float


def switching(switch: pd.DataFrame) -> tuple[int, int]:
    """Operations of all switches, and how many different switches were operated (table ``switch``)."""
    operated = switch[switch["operated"] == 1]
    return len(operated), int(operated["switch"].nunique())


def statistics(values: pd.Series, hours: pd.Series) -> NetworkStatistics | None:
    """Statistics of values that hold for so many hours each; missing values are left out. None if all are missing.

    A percentile is the least value below or at which the values of at least that part of the time lie.
    """
    known = values.notna() & (hours > 0)
    if not known.any():
        return None
    value, weight = values[known].to_numpy(dtype=float), hours[known].to_numpy(dtype=float)
    order = np.lexsort((weight, value))
    value, weight = value[order], weight[order]
    part = np.cumsum(weight) / weight.sum()

    def percentile(share: float) -> float:
        return float(value[min(int(np.searchsorted(part, share - 1e-12)), len(value) - 1)])

    return NetworkStatistics(
        least=float(value[0]),
        mean=float((value * weight).sum() / weight.sum()),
        largest=float(value[-1]),
        p5=percentile(0.05),
        p95=percentile(0.95),
    )


def hours_outside(values: pd.Series, hours: pd.Series, low: float, high: float) -> float:
    """Hours, summed over elements, for which a value lies below ``low`` or above ``high``."""
    return float(hours[(values < low) | (values > high)].sum())
