"""Quanta: the step to which a number is rounded where it is made, so that it is the same on every processor.

Sums, products, quotients and square roots are the same bits everywhere. What comes from anything else is not: numpy's
exp and log, products of matrices (BLAS) and what is iterated with them, such as an AC power flow, differ in the last
bits from one processor to another, and among equal optima of a MILP the last bit decides which plan is taken. Such a
number is rounded here before anything else sees it. A quantum is 10⁴ to 10⁵ times the largest difference measured
between kernels and processors, and far below what matters. It makes a difference rare, not impossible: a number that
lies within them of the edge between two multiples may still fall to either side (docs/results.md tells how often).
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np

POWER_KW = 6
"""Decimals of a power (kW, kvar) that is demanded, forecast, ordered or planned, and of an energy (kWh)."""
PER_UNIT = 9
"""Decimals of a share, a factor, a power per unit of rating."""
IRRADIANCE = 6
"""Decimals of a clear-sky irradiance over 1000 W/m²."""
SHOCK = 6
"""Decimals of a random number of unit variance."""
TIME_MIN = 6
"""Decimals of a time that is drawn or computed (min)."""
LENGTH_KM = 6
"""Decimals of a length that is drawn or computed (km)."""
VOLTAGE_PU = 9
"""Decimals of a voltage of the AC power flow (p.u.); measured difference 8e-15."""
ANGLE_DEGREE = 7
"""Decimals of a voltage angle of the AC power flow; measured difference 3e-13."""
LOADING_PCT = 5
"""Decimals of a loading of the AC power flow (%); measured difference 1.1e-10."""
FLOW_KW = 4
"""Decimals of the power into a branch by the AC power flow (kW, kvar); measured difference 1.1e-8."""
LOSSES_KW = 4
"""Decimals of an island's losses by the AC power flow (kW, kvar); measured difference 5e-9."""

_EDGE_KW = 1e-6 / 3
"""Moves the edges between two multiples of a flow's quantum. The flow to a last bus is its load, a decimal number that
one time in a thousand would lie right on an edge, where the last bit decides; a third of a decimal is no decimal."""


_Number = TypeVar("_Number", float, np.ndarray)


def rounded_flow(power: _Number, decimals: int) -> _Number:
    """A power by the AC power flow (kW, kvar), rounded."""
    return rounded(power + _EDGE_KW, decimals)


def rounded(value: _Number, decimals: int) -> _Number:
    """The nearest multiple of 10^−``decimals``, without negative zeros; NaN and infinity stay."""
    if isinstance(value, np.ndarray):
        return np.round(value, decimals) + 0.0
    return round(float(value), decimals) + 0.0 if math.isfinite(value) else value
