"""Forecasts of one series at a time: what is known of the rest of the window at a time of issue.

Every function returns one value per plan step from the one in progress to the window's end; of the step in progress
only what is left of it is forecast.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from ...scenarios.quanta import PER_UNIT, rounded
from ...scenarios.schema.forecast import ErrorGrowth
from .noise import Noise


@dataclass(frozen=True)
class Times:
    """The window in plan steps and simulation steps (min).

    Plan steps begin at ``first_min`` and every ``plan_step_min`` from then on, and count back to the start, so that the
    first and the last may be shorter.
    """

    plan_step_min: int
    sim_step_min: int
    duration_min: int
    first_min: int = 0

    @cached_property
    def edges(self) -> np.ndarray:
        """Starts of the plan steps, and the window's end."""
        starts = range(self.first_min % self.plan_step_min, self.duration_min, self.plan_step_min)
        return np.unique([0, *starts, self.duration_min]).astype(float)

    @cached_property
    def sim_edges(self) -> list[int]:
        """The same in simulation steps."""
        return (self.edges // self.sim_step_min).astype(int).tolist()

    def means(self, fine: np.ndarray) -> np.ndarray:
        """Means over plan steps of a series by simulation step."""
        return means_between(fine, self.sim_edges)

    def step(self, time_min: float) -> int:
        """The simulation step that holds a time."""
        return int(time_min // self.sim_step_min)

    def plan_step(self, time_min: float) -> int:
        """The plan step that holds a time; the first one for earlier times."""
        return max(int(np.searchsorted(self.edges, time_min, side="right")) - 1, 0)

    def edges_from(self, time_min: float) -> np.ndarray:
        """``time_min`` and the starts of the plan steps after it, and the window's end."""
        edges = self.edges[self.plan_step(time_min) :].copy()
        edges[0] = max(edges[0], time_min)
        return edges


@dataclass(frozen=True)
class Course:
    """One series: its mean course per plan step and per simulation step, and what happens per simulation step.

    ``ratio_before`` is actual over mean in the simulation step before the window; 1 where nothing is known of it.
    """

    mean: np.ndarray
    mean_fine: np.ndarray
    actual: np.ndarray
    ratio_before: float = 1.0


def means_between(series: np.ndarray, edges: Iterable[int]) -> np.ndarray:
    """Means of a series between these places in it."""
    return np.array([series[begin:end].mean() for begin, end in pairwise(edges)])


def expected(actual: np.ndarray, times: Times, time_min: float) -> np.ndarray:
    """Perfect foresight: the mean of what happens over each plan step."""
    first = times.plan_step(time_min)
    means = times.means(actual)[first:]
    means[0] = actual[times.step(time_min) : times.sim_edges[first + 1]].mean()
    return means


def persistence_ratio(course: Course, times: Times, time_min: float, floor: float = 0.0) -> float:
    """Actual over mean course in the simulation step before ``time_min``; 1 while the mean is below ``floor``."""
    k = times.step(time_min)
    if k == 0:
        return course.ratio_before
    mean = course.mean_fine[k - 1]
    return float(course.actual[k - 1] / mean) if mean > floor else 1.0


class LeadTimeErrors:
    """Errors that grow with lead time, of unit scale: ``relative(s)`` × mean course is the error of the issue at s.

    A martingale model of forecast evolution (Heath and Jackson, IIE Transactions 26(3), 1994): from issue to issue the
    forecast of a time is revised by independent amounts, whose variances add up to that of the error, so that a later
    issue is better and no revision can be foreseen. Errors of one issue are AR(1) along the times they are about; part
    of each is common to all series of the kind.

    Besides, forecasts miss the day's level (a factor on the mean course) as far as errors have grown:
    −(level − 1)(1 − e^(−ℓ/g)) at lead time ℓ, all of it far off and nothing of it in the step in progress.
    """

    def __init__(self, growth: ErrorGrowth, noise: Noise, kind: str, times: Times, day_level: float = 1.0):
        self._growth, self._noise, self._kind, self._times = growth, noise, kind, times
        issues = np.arange(0, times.duration_min, times.sim_step_min)
        starts = times.edges[:-1]
        leads = np.maximum(starts[None, :] - issues[:, None], 0.0)
        sigma = error_sd(growth, leads)
        self._missed = rounded((1 - day_level) * grown(growth, leads), PER_UNIT)
        after = np.vstack([sigma[1:], error_sd(growth, np.zeros(len(starts)))[None, :]])
        # Rows: revisions at each issue; the last row: the error that is left of the plan step in progress.
        self._sd = np.sqrt(np.vstack([np.maximum(sigma**2 - after**2, 0.0), after[-1:] ** 2]))
        self._common = self._evolved(f"{kind} forecast")

    def of(self, name: str) -> np.ndarray:
        """Relative errors of a series: a row per issue (simulation step), a column per plan step."""
        share, own = self._growth.common_share, self._evolved(f"{self._kind} forecast {name}")
        return math.sqrt(share) * self._common + math.sqrt(1 - share) * own + self._missed

    def _evolved(self, stream: str) -> np.ndarray:
        shocks = self._noise.stream(stream).standard_normal(self._sd.shape)
        lengths = np.diff(self._times.edges)
        for j in range(1, shocks.shape[1]):
            memory = math.exp(-lengths[j - 1] / self._growth.correlation_min)
            shocks[:, j] = memory * shocks[:, j - 1] + math.sqrt(1 - memory**2) * shocks[:, j]
        revisions = self._sd * shocks
        return rounded(np.cumsum(revisions[::-1], axis=0)[::-1][:-1], PER_UNIT)


def grown(growth: ErrorGrowth, lead_min: np.ndarray) -> np.ndarray:
    """How much of the growth with lead time is over, 0 to 1."""
    return 1 - np.exp(-lead_min / growth.growth_min)


def error_sd(growth: ErrorGrowth, lead_min: np.ndarray) -> np.ndarray:
    """Standard deviation of the relative error by lead time."""
    near, far = growth.near_pct / 100, growth.far_pct / 100
    return rounded(near + (far - near) * grown(growth, lead_min), PER_UNIT)
