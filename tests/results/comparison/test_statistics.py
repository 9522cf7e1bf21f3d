"""Statistics of paired comparisons, against numbers worked out by hand and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from relight.results.comparison.statistics import (
    cohen_dz,
    mean_interval,
    performance_profile,
    performance_ratios,
    rank_biserial,
    rank_correlation,
    win_tie_loss,
)


def test_an_interval_of_two_values_is_all_there_is() -> None:
    """Resamples of (0, 1) have means 0, 0.5, 1 with chances 1/4, 1/2, 1/4: the 95 % interval holds all of them."""
    found = mean_interval([0.0, 1.0])
    assert (found.mean, found.low, found.high) == (0.5, 0.0, 1.0)


def test_a_narrow_interval_of_two_values() -> None:
    """The middle 40 % of the means 0, 0.5, 1 is 0.5 alone; two values are symmetric, so nothing is corrected."""
    found = mean_interval([0.0, 1.0], confidence=0.4)
    assert (found.low, found.high) == (0.5, 0.5)


def test_degenerate_intervals() -> None:
    assert mean_interval([3.0]) == mean_interval([3.0], seed=5)
    assert (mean_interval([3.0]).low, mean_interval([3.0]).high) == (None, None)
    assert (mean_interval([2.0, 2.0, 2.0]).low, mean_interval([2.0, 2.0, 2.0]).high) == (2.0, 2.0)
    with pytest.raises(ValueError, match="at least one"):
        mean_interval([])


def test_a_skewed_interval_agrees_with_scipy() -> None:
    x = np.random.default_rng(3).exponential(2.0, 40)
    ours = mean_interval(x, resamples=40_000)
    theirs = stats.bootstrap((x,), np.mean, n_resamples=40_000, method="BCa", rng=np.random.default_rng(1))
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.02)
    assert ours.high - ours.mean > ours.mean - ours.low, "the long tail is on the right"


def test_an_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    found = [mean_interval(rng.normal(1.0, 1.0, 30), resamples=1000) for _ in range(300)]
    covered = sum(i.low <= 1.0 <= i.high for i in found if i.low is not None and i.high is not None)
    assert 0.90 <= covered / 300 <= 0.98


def test_the_seed_fixes_an_interval() -> None:
    x = np.random.default_rng(1).normal(size=25)
    assert mean_interval(x, seed=7) == mean_interval(x, seed=7) != mean_interval(x, seed=8)


def test_cohen_dz_by_hand() -> None:
    # mean 2, deviations -1, 0, 1: variance 2 / 2 = 1
    assert cohen_dz([1.0, 2.0, 3.0]) == pytest.approx(2.0)
    assert cohen_dz([2.0, 2.0]) is None
    assert cohen_dz([0.0, 0.0]) is None
    assert cohen_dz([2.0]) is None


def test_rank_biserial_by_hand() -> None:
    # ranks of 1, 2, 3: W+ = 1 + 3, W- = 2; (4 - 2) / 6
    assert rank_biserial([1.0, -2.0, 3.0]) == pytest.approx(1 / 3)
    # |d| = 1, 1, 2 have ranks 1.5, 1.5, 3; the zero is left out: (1.5 - 1.5 + 3) / 6
    assert rank_biserial([1.0, -1.0, 2.0, 0.0]) == pytest.approx(0.5)
    assert rank_biserial([0.1, 5.0]) == 1.0
    assert rank_biserial([0.0, 0.0]) is None


def test_wins_by_hand() -> None:
    assert win_tie_loss([0.5, 0.001, -0.001, -2.0], better=1, tie=0.001) == (1, 2, 1)
    assert win_tie_loss([0.5, 0.0, -2.0, -3.0], better=-1) == (2, 1, 1)


def test_performance_ratios_by_hand() -> None:
    values = np.array([[4.0, 2.0], [1.0, 3.0], [0.0, 0.0], [5.0, np.nan], [1.0, 0.0]])
    more = performance_ratios(values, better=1)
    assert more.tolist() == [[1, 2], [3, 1], [1, 1], [1, np.inf], [1, np.inf]]
    less = performance_ratios(values, better=-1)
    assert less.tolist() == [[2, 1], [1, 3], [1, 1], [1, np.inf], [np.inf, 1]]
    with pytest.raises(ValueError, match="negative"):
        performance_ratios(-values, better=1)
    assert performance_ratios(np.array([[np.nan, np.nan]]), better=1).tolist() == [[np.inf, np.inf]]


def test_a_performance_profile_by_hand() -> None:
    ratios = np.array([[1.0, 2.0], [3.0, 1.0], [1.0, np.inf], [1.0, 1.0]])
    profile = [(tau, list(shares)) for tau, shares in performance_profile(ratios)]
    assert profile == [(1.0, [0.75, 0.5]), (2.0, [0.75, 0.75]), (3.0, [1.0, 0.75])]


def test_rank_correlation_by_hand() -> None:
    # ranks 1 2 3 4 against 2 1 4 3: 1 - 6 * 4 / (4 * 15)
    assert rank_correlation([1, 2, 3, 4], [20, 10, 40, 30]) == pytest.approx(0.6)
    assert rank_correlation([1, 2, 3], [1, 8, 27]) == pytest.approx(1.0)
    assert rank_correlation([1, 2], [5, 5]) is None
