"""Voltage limits left out until they bind: the same optimum as with all of them, and they do bind in some cases."""

from __future__ import annotations

import pytest
from small_cases import random_case

from controllers.planner import Planner

SEEDS = range(40)
BINDING = (114, 168, 31, 17, 9)
"""Seeds whose optimum falls when voltage limits are added (see test_brute_force.NOTICED_BY)."""


def both(seed: int) -> tuple[Planner, Planner, float, float]:
    case = random_case(seed)
    lazy, always = (Planner(case.graph, case.horizon.steps, lazy_voltage=lazy) for lazy in (True, False))
    values = [p.plan(case.horizon, "small", "dynamic").plan for p in (lazy, always)]
    return lazy, always, *(plan.objective for plan in values)


@pytest.mark.parametrize("seed", [*SEEDS, *(s for s in BINDING if s not in SEEDS)])
def test_leaving_voltage_out_until_it_binds_changes_no_optimum(seed: int) -> None:
    _, _, lazy, always = both(seed)
    gap = random_case(seed).scenario.dispatch_centre.mip_gap
    assert lazy == pytest.approx(always, rel=2 * gap + 1e-6, abs=1e-6)


def test_voltage_limits_enter_where_they_bind() -> None:
    entered = {seed: not both(seed)[0]._voltage_is_left_out for seed in BINDING}
    assert any(entered.values())
