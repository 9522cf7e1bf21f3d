"""Resampling of step functions: energy over any window is kept, and splitting a step changes nothing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from relight.scenarios.series.from_csv import interval_means

MINUTES = st.integers(-600, 600)


@st.composite
def step_functions(draw) -> tuple[np.ndarray, np.ndarray]:
    edges = np.array(sorted(draw(st.sets(MINUTES, min_size=2, max_size=12))), float)
    values = draw(st.lists(st.floats(-1e4, 1e4), min_size=len(edges) - 1, max_size=len(edges) - 1))
    return edges, np.array(values)


def energy(edges: np.ndarray, values: np.ndarray, start: float, end: float) -> float:
    """Integral over a window, row by row."""
    return float(
        sum(v * max(0.0, min(b, end) - max(a, start)) for v, a, b in zip(values, edges, edges[1:], strict=False))
    )


def close(one: np.ndarray | float, two: np.ndarray | float) -> bool:
    return bool(np.allclose(one, two, rtol=1e-9, atol=1e-5))


@given(step_functions(), st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_energy_over_any_window_is_kept(function, cuts) -> None:
    edges, values = function
    wanted = edges[0] + (edges[-1] - edges[0]) * np.array([0.0, *sorted({round(c, 3) for c in cuts} - {0.0, 1.0}), 1.0])
    means = interval_means(edges, values, wanted)
    assert close(means * np.diff(wanted), [energy(edges, values, a, b) for a, b in pairwise(wanted)])
    assert close((means * np.diff(wanted)).sum(), (values * np.diff(edges)).sum())


@given(step_functions(), st.data())
def test_splitting_a_row_changes_nothing(function, data) -> None:
    edges, values = function
    k = data.draw(st.integers(0, len(values) - 1))
    at = data.draw(st.floats(0.001, 0.999)) * (edges[k + 1] - edges[k]) + edges[k]
    wanted = np.linspace(edges[0], edges[-1], 8)
    split = interval_means(np.insert(edges, k + 1, at), np.insert(values, k, values[k]), wanted)
    assert close(split, interval_means(edges, values, wanted))


@given(step_functions(), st.integers(1, 6))
def test_means_of_finer_steps_average_to_those_of_coarser_ones(function, parts) -> None:
    edges, values = function
    coarse = np.linspace(edges[0], edges[-1], 5)
    fine = np.linspace(edges[0], edges[-1], 4 * parts + 1)
    averaged = interval_means(edges, values, fine).reshape(4, parts).mean(axis=1)
    assert close(averaged, interval_means(edges, values, coarse))


@given(step_functions())
def test_its_own_steps_give_the_rows_back(function) -> None:
    edges, values = function
    assert close(interval_means(edges, values, edges), values)
