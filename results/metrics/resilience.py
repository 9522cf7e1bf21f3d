"""The resilience trapezoid of Panteli et al. 2017 on a step function: how fast, how low, how long, how promptly.

M. Panteli, P. Mancarella, D. N. Trakas, E. Kyriakides, N. D. Hatziargyriou, "Metrics and Quantification of Operational
and Infrastructure Resilience in Power Systems", IEEE Trans. Power Syst. 32(6), 2017, doi:10.1109/TPWRS.2017.2664141.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Trapezoid:
    """Φ, Λ, E, Π and area of an indicator R, with the instants (min) and levels they come from.

    ``phi_per_h`` (R/h, negative) how fast R fell; ``lambda_`` (R) how low; ``e_h`` (h) how long it stayed there;
    ``pi_per_h`` (R/h) how promptly it came back to its full level; ``area_h`` (R·h) from the fall to the full recovery.
    None: not defined, because there was no fall, it was a jump, or R did not come back for good.
    ``pi_to_end_per_h`` is the mean rise from the start of restoration to the end; ``loss_h`` (R·h) the area between R
    and its full level over all of the time.
    """

    onset_min: float | None
    lowest_min: float | None
    restoration_min: float | None
    restored_min: float | None
    lowest: float
    at_end: float
    phi_per_h: float | None
    lambda_: float
    e_h: float
    pi_per_h: float | None
    area_h: float | None
    pi_to_end_per_h: float | None
    loss_h: float


def trapezoid(start_min: Sequence[float], values: Sequence[float], end_min: float, full: float) -> Trapezoid:
    """The trapezoid of an indicator that holds ``values`` from each ``start_min`` to the next, the last to ``end_min``.

    Before the first instant the indicator is at its ``full`` level R_0. Instants: t_oe first leaves R_0; t_ee first
    reaches the lowest level R_pd; t_or last leaves R_pd; T_or from which on R is at R_0 until the end. So a fall back
    to the lowest level prolongs the degraded state, and one after a full recovery postpones T_or.
    """
    start, level = np.asarray(start_min, dtype=float), np.asarray(values, dtype=float)
    ends = np.append(start[1:], end_min)
    hours = (ends - start) / 60
    near = TOLERANCE * max(abs(full), 1e-12)
    loss = float(((full - level) * hours).sum())
    lowest = float(level.min())
    below = level < full - near
    if not below.any():
        return Trapezoid(None, None, None, None, full, full, None, 0.0, 0.0, None, None, None, loss)
    at_lowest = np.flatnonzero(level <= lowest + near)
    onset, low_from, low_until = (
        float(minute) for minute in (start[below.argmax()], start[at_lowest[0]], ends[at_lowest[-1]])
    )
    restored = None if below[-1] else float(ends[np.flatnonzero(below)[-1]])
    rise_h = None if restored is None else (restored - low_until) / 60
    rest_h = (end_min - low_until) / 60
    area_until = end_min if restored is None else restored
    inside = np.clip(np.minimum(ends, area_until) - np.maximum(start, onset), 0, None) / 60
    return Trapezoid(
        onset_min=onset,
        lowest_min=low_from,
        restoration_min=low_until if rest_h > 0 else None,
        restored_min=restored,
        lowest=lowest,
        at_end=float(level[-1]),
        phi_per_h=_over(lowest - full, (low_from - onset) / 60),
        lambda_=full - lowest,
        e_h=(low_until - low_from) / 60,
        pi_per_h=None if rise_h is None else _over(full - lowest, rise_h),
        area_h=None if restored is None else float((level * inside).sum()),
        pi_to_end_per_h=_over(float(level[-1]) - lowest, rest_h),
        loss_h=loss,
    )


def _over(change: float, hours: float) -> float | None:
    """Change per hour; None for a jump."""
    return float(change / hours) if hours > 0 else None
