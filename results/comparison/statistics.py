"""Statistics of paired comparisons: pure functions over numbers, each deterministic.

A *difference* is reference − other of one pair: two strategies in the same world. References: [EF] Efron, Tibshirani,
An Introduction to the Bootstrap, 1993, chapter 14; [CO] Cohen, Statistical Power Analysis, 2nd ed. 1988, 2.3.5;
[KE] Kerby, The simple difference formula, Comprehensive Psychology 3, 2014; [DM] Dolan, Moré, Benchmarking
optimization software with performance profiles, Mathematical Programming 91, 2002.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

_CHUNK = 2_000_000
"""Random numbers drawn at a time."""


@dataclass(frozen=True)
class Interval:
    """A mean and its confidence interval; ``low`` and ``high`` are None where one value alone was given."""

    mean: float
    low: float | None
    high: float | None


def mean_interval(
    values: Sequence[float] | np.ndarray, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """The mean of independent values and its bias-corrected and accelerated bootstrap interval, BCa [EF].

    The seed fixes the resamples. Equal values have an interval of no width. Raises ValueError without values.
    """
    x = np.asarray(values, dtype=float)
    if not len(x):
        raise ValueError("a mean needs at least one value")
    mean = float(x.mean())
    if len(x) == 1:
        return Interval(mean, None, None)
    if float(np.ptp(x)) == 0.0:
        return Interval(mean, mean, mean)
    means = np.sort(_resampled_means(x, resamples, seed))
    # Ties with the mean itself count half: few or discrete values have many.
    tolerance = 1e-12 * float(np.abs(x).max())
    below = float((means < mean - tolerance).sum() + 0.5 * (np.abs(means - mean) <= tolerance).sum()) / resamples
    bias = float(ndtri(min(max(below, 0.5 / resamples), 1 - 0.5 / resamples)))
    left_out = (x.sum() - x) / (len(x) - 1)  # the mean without each value
    spread = left_out.mean() - left_out
    acceleration = float((spread * spread**2).sum() / (6 * (spread**2).sum() ** 1.5))
    ends = []
    for share in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = bias + float(ndtri(share))
        ends.append(float(np.quantile(means, ndtr(bias + z / (1 - acceleration * z)))))
    return Interval(mean, ends[0], ends[1])


def _resampled_means(x: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    rng, rows = np.random.default_rng(seed), max(1, _CHUNK // len(x))
    parts = []
    for first in range(0, resamples, rows):
        parts.append(x[rng.integers(0, len(x), size=(min(rows, resamples - first), len(x)))].mean(axis=1))
    return np.concatenate(parts)


def cohen_dz(differences: Sequence[float] | np.ndarray) -> float | None:
    """Mean difference over the standard deviation of the differences (n − 1), d_z of [CO].

    None for fewer than two, or where all differences are equal.
    """
    d = np.asarray(differences, dtype=float)
    sd = float(d.std(ddof=1)) if len(d) > 1 else 0.0
    return float(d.mean()) / sd if sd > 1e-12 * float(np.abs(d).max(initial=0.0)) else None


def rank_biserial(differences: Sequence[float] | np.ndarray) -> float | None:
    """Matched-pairs rank-biserial correlation [KE]: (W₊ − W₋) / (W₊ + W₋) of Wilcoxon's signed ranks, in [−1, 1].

    Zero differences are left out; None where all are zero.
    """
    d = np.asarray(differences, dtype=float)
    d = d[d != 0]
    if not len(d):
        return None
    ranks = rankdata(np.abs(d))
    return float((ranks * np.sign(d)).sum() / ranks.sum())


def win_tie_loss(differences: Sequence[float] | np.ndarray, better: int, tie: float = 0.0) -> tuple[int, int, int]:
    """How often the reference is better, equal within ``tie``, and worse; ``better`` is +1 where more is better,
    −1 where less is."""
    d = better * np.asarray(differences, dtype=float)
    # A last bit must not turn 0.001 - 0 against a tie of 0.001 into a win.
    edge = tie + 1e-9 * max(1.0, tie)
    return int((d > edge).sum()), int((np.abs(d) <= edge).sum()), int((d < -edge).sum())


def performance_ratios(values: np.ndarray, better: int) -> np.ndarray:
    """How many times worse than the best of its row each value is: 1 for the best, infinity where it cannot be told.

    ``values`` has a row per instance and a column per solver [DM], NaN where a solver failed (ratio: infinity). Where
    more is better the ratio is best / value, else value / best; two zeros make 1. Raises ValueError for values below 0.
    """
    x = np.asarray(values, dtype=float)
    if (x < 0).any():
        raise ValueError("performance ratios need values that are not negative")
    filled = np.where(np.isnan(x), -np.inf if better > 0 else np.inf, x)
    best = (filled.max(axis=1) if better > 0 else filled.min(axis=1))[:, np.newaxis]
    over, under = (best, filled) if better > 0 else (filled, best)
    ratio = np.full(x.shape, np.inf)
    known = ~np.isnan(x)
    np.divide(over, under, out=ratio, where=known & (under > 0))
    return np.where(known & (filled == best), 1.0, ratio)


def performance_profile(ratios: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """Share of instances that each solver solves within τ times the best, ρ(τ) of [DM], wherever it changes."""
    steps = sorted({1.0, *(float(r) for r in ratios[np.isfinite(ratios)])})
    return [(tau, (ratios <= tau).mean(axis=0)) for tau in steps]


def rank_correlation(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float | None:
    """Spearman's rank correlation with mean ranks for ties; None where either is constant."""
    a, b = (rankdata(np.asarray(v, dtype=float)) for v in (x, y))
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])
