"""Random surprises: distributions, streams by name, and the same world for every strategy."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import fmean, median
from typing import Any

import numpy as np
import pytest

from relight.scenarios.schema.surprises import Duration, Surprises
from relight.scenarios.view import GridView
from relight.sim.world.surprises import SurpriseCourse, draw_course, drawn_min
from support.networks import Line, build_case, chain, ess, infeed, nbsu, pv


@lru_cache
def network(*more: Line) -> GridView:
    lines = [*chain(*"abcdef"), *more]
    return build_case(lines, [ess("a"), pv("b"), nbsu("c"), infeed("f", live=False)]).view


def drawn(seed: int, view: GridView | None = None, duration_min: float = 300, **odds: Any) -> SurpriseCourse:
    return draw_course(Surprises.model_validate({"random": odds}), view or network(), seed, duration_min)


@pytest.mark.parametrize(
    ("duration", "middle", "centre"),
    [
        (Duration(distribution="exponential", minutes=40), fmean, 40),
        (Duration(distribution="lognormal", minutes=40, sigma=0.5), median, 40),
        (Duration(distribution="lognormal", minutes=40, sigma=0.5), fmean, 40 * math.exp(0.125)),
    ],
)
def test_repair_times_follow_their_distribution(duration: Duration, middle: Any, centre: float) -> None:
    stream = np.random.default_rng(1)
    assert middle([drawn_min(duration, stream) for _ in range(20_000)]) == pytest.approx(centre, rel=0.03)


def test_a_fixed_time_is_that_time() -> None:
    assert drawn_min(Duration(minutes=12), np.random.default_rng(1)) == 12


def test_without_odds_nothing_is_drawn_and_a_seed_gives_the_same_course() -> None:
    assert drawn(3) == SurpriseCourse()
    odds = {"faults_per_h": 0.5, "trips_per_h": 0.5, "start_failure": 0.5, "late": 0.5, "misreports": 0.3}
    assert drawn(3, **odds) == drawn(3, **odds) != drawn(4, **odds)


def test_a_further_branch_changes_nothing_for_the_others() -> None:
    odds = {"faults_per_h": 1.0, "trips_per_h": 1.0, "late": 0.5}
    few, many = (drawn(3, view, **odds) for view in (network(), network(Line("a", "f"))))
    assert [h for h in many.happenings if h.element != "a-f"] == few.happenings
    assert [s for s in many.switches if s.switch != "a-f"] == few.switches


def test_a_further_listed_event_changes_nothing_for_the_others() -> None:
    """Whatever its place in the list; times are those of the device, not of the place."""
    after = {"distribution": "exponential", "minutes": 40}
    listed = {
        "faults": [{"branch": name, "at_min": 10, "repair": after} for name in ("a-b", "c-d")],
        "trips": [{"unit": name, "at_min": 10, "back_after": after} for name in ("ess.a", "pv.b")],
    }

    def course(**parts: Any) -> SurpriseCourse:
        return draw_course(Surprises.model_validate(parts), network(), 3, 1e6)

    whole = course(**listed).happenings
    for part, key in (("faults", "branch"), ("trips", "unit")):
        one = listed[part][1]
        assert course(**{part: [one]}).happenings == [h for h in whole if h.element == one[key]]
    drawn_times = [h.at_min for h in whole if h.kind in ("repair", "back")]
    assert len(set(drawn_times)) == len(drawn_times) == 4, "each device has a stream of its own"


def test_two_trips_of_a_unit_have_two_times() -> None:
    trips = [
        {"unit": "ess.a", "at_min": t, "back_after": {"distribution": "exponential", "minutes": 5}} for t in (0, 99)
    ]
    back = [h.at_min for h in draw_course(Surprises.model_validate({"trips": trips}), network(), 3, 1e6).happenings]
    assert back[1] - back[0] != back[3] - back[2]


def test_rates_are_per_device_and_hour() -> None:
    """Of 5 branches, each faults within an hour with probability 1 − exp(−0.2)."""
    faults = sum(
        h.kind == "fault" for seed in range(800) for h in drawn(seed, faults_per_h=0.2, duration_min=60).happenings
    )
    assert faults / 800 / 5 == pytest.approx(1 - math.exp(-0.2), rel=0.08)


def test_probabilities_are_per_device() -> None:
    refusing = sum(len(drawn(seed, refuses=0.3).switches) for seed in range(800))
    assert refusing / 800 / 5 == pytest.approx(0.3, rel=0.08)
    failing = [drawn(seed, start_failure=0.5).failed_starts["nbsu.c"] for seed in range(800)]
    assert fmean(n == 0 for n in failing) == pytest.approx(0.5, abs=0.05) and fmean(failing) == pytest.approx(
        1, rel=0.15
    )
