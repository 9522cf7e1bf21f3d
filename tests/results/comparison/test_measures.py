"""One catalogue of what is compared: which way is better, and what another version counts."""

from __future__ import annotations

from relight.results.comparison.measures import MEASURES, shown_of


def test_every_measure_says_which_way_is_better() -> None:
    better = {name: MEASURES[name].better for name in ("asai", "saidi_min", "violations_overload", "vm_mean_pu")}
    assert better == {"asai": 1, "saidi_min": -1, "violations_overload": -1, "vm_mean_pu": 0}


def test_a_kind_of_violation_of_another_version_is_shown_below_those_known() -> None:
    columns = ["scenario", "violations_new_kind", "plan_count", "violations_overload", "ac_steps"]
    shown = [(measure.name, measure.better) for measure in shown_of(columns)]
    assert shown == [("ac_steps", 0), ("violations_overload", -1), ("violations_new_kind", -1), ("plan_count", 0)]
