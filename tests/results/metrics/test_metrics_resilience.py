"""The trapezoid by hand: the shape of the paper, jumps, repeated falls, no recovery; and as properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.results.metrics.resilience import trapezoid


def test_the_trapezoid_of_a_staircase() -> None:
    """100 until 1 h, 70 until 2 h, 40 until 5 h, 60 until 7 h, then 100: falls 60 in 1 h, stays 3 h, rises in 2 h."""
    found = trapezoid([0, 60, 120, 300, 420], [100, 70, 40, 60, 100], 540, full=100)
    instants = (found.onset_min, found.lowest_min, found.restoration_min, found.restored_min)
    assert instants == (60, 120, 300, 420)
    assert found.phi_per_h == pytest.approx(-60, abs=1e-9)
    assert found.lambda_ == pytest.approx(60, abs=1e-9)
    assert found.e_h == pytest.approx(3, abs=1e-9)
    assert found.pi_per_h == pytest.approx(30, abs=1e-9)
    assert found.area_h == pytest.approx(70 + 3 * 40 + 2 * 60, abs=1e-9)
    assert found.loss_h == pytest.approx(30 + 3 * 60 + 2 * 40, abs=1e-9)
    assert found.pi_to_end_per_h == pytest.approx(60 / 4, abs=1e-9)


def test_a_blackout_is_a_jump_and_partial_recovery_has_no_pi() -> None:
    found = trapezoid([0, 30, 60], [0, 50, 80], 120, full=100)
    assert found.phi_per_h is None and found.pi_per_h is None and found.area_h is None and found.restored_min is None
    assert (found.lambda_, found.e_h, found.at_end) == (100, 0.5, 80)
    assert found.pi_to_end_per_h == pytest.approx(80 / 1.5, abs=1e-9)


def test_a_second_fall_to_the_bottom_prolongs_and_one_after_recovery_postpones() -> None:
    again = trapezoid([0, 60, 120, 180, 240], [40, 80, 40, 80, 100], 300, full=100)
    assert (again.e_h, again.restoration_min, again.restored_min) == (3, 180, 240)
    late = trapezoid([0, 60, 120, 180], [40, 100, 90, 100], 240, full=100)
    assert (late.e_h, late.restored_min, late.pi_per_h) == (1, 180, 30)


def test_nothing_lost_and_never_restored() -> None:
    whole = trapezoid([0, 60], [100, 100], 120, full=100)
    assert (whole.onset_min, whole.lambda_, whole.e_h, whole.loss_h) == (None, 0, 0, 0)
    dark = trapezoid([0, 60], [0, 0], 120, full=100)
    assert (dark.restoration_min, dark.e_h, dark.pi_to_end_per_h, dark.loss_h) == (None, 2, None, 200)


@given(st.lists(st.sampled_from([0.0, 20.0, 50.0, 100.0]), min_size=1, max_size=8), st.integers(0, 99))
def test_splitting_a_step_and_the_unit_change_nothing(levels: list[float], at: int) -> None:
    start = [20.0 * k for k in range(len(levels))]
    end, k = 20.0 * len(levels), at % len(levels)
    found = trapezoid(start, levels, end, 100)
    split = trapezoid([*start[: k + 1], start[k] + 7, *start[k + 1 :]], [*levels[: k + 1], *levels[k:]], end, 100)
    scaled = trapezoid(start, [40 * level for level in levels], end, 4000)
    for name in found.__dataclass_fields__:
        assert getattr(split, name) == pytest.approx(getattr(found, name), abs=1e-9), name
        instant = name.endswith("_min") or name == "e_h"
        wanted = getattr(found, name)
        wanted = wanted if instant or wanted is None else 40 * wanted
        assert getattr(scaled, name) == pytest.approx(wanted, abs=1e-6), name
