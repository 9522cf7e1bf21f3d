"""How far ahead the dispatch centre plans."""

from __future__ import annotations

from collections.abc import Sequence

from ...scenarios.schema.scenario import Scenario


def longest_horizon(scenario: Scenario) -> int:
    """Most steps that a plan can have: those of the window, or of the look-ahead and a first one begun between two."""
    window, look_ahead_min = len(scenario.plan_starts_min), scenario.dispatch_centre.look_ahead_min
    return window if look_ahead_min is None else min(window, look_ahead_min // scenario.clock.plan_step_min + 1)


def ahead(step_start_min: Sequence[float], end_min: float, scenario: Scenario) -> tuple[tuple[float, ...], float]:
    """Starts of the plan steps that ``dispatch_centre.look_ahead_min`` reaches into, and where the last one ends."""
    look_ahead_min = scenario.dispatch_centre.look_ahead_min
    if look_ahead_min is None:
        return tuple(step_start_min), end_min
    seen = tuple(start for start in step_start_min if start < step_start_min[0] + look_ahead_min)
    return seen, step_start_min[len(seen)] if len(seen) < len(step_start_min) else end_min
