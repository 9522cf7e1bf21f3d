"""A dispatch centre that learns what its islands lose: from the check of its plans, and in a run from reports."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from relight.controllers.strategies.named import strategy_named
from relight.scenarios.case import Case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.planning.plan_once import plan_once
from support.networks import Line, build_case, ess


def feeder(**options: Any) -> Case:
    """100 kW at the end of a long line, of whose energy some per cent are lost; an ESS with enough for all at a."""
    case = build_case(
        [Line("a", "b", length_km=2.0, closed=True)],
        [ess("a", 300.0, 1000.0, 0.0)],
        {"a": 0.0, "b": 100.0},
        load={"peak_kw": 100.0, "mix": {"h0": 1.0}},
        outage={"start": "2025-06-21T10:00", "duration_min": 120},
        clock={"sim_step_min": 15},
        dispatch_centre=options,
    )
    return replace(case, mix_by_bus={name: {"h0": 1.0} for name in "ab"})


def test_the_first_plan_is_made_again_with_what_its_check_found() -> None:
    fixed = plan_once(feeder(loss_allowance_pct=0.0, verify="report"), "dynamic").plan
    found = plan_once(feeder(loss_allowance_pct=0.0, loss_allowance="learned", verify="report"), "dynamic").plan
    assert fixed.loss_allowance_pct == {}
    (share,) = set(found.loss_allowance_pct.values())
    assert share > 0 and round(10 * share, 6) == round(10 * share), "a multiple of the quantum"
    before, after = (plan.steps[0].local_areas for plan in (fixed, found))
    lost = sum(area.p_kw for area in after.values()) - sum(area.p_kw for area in before.values())
    assert lost == pytest.approx(share / 100 * (after["b"].demand_kw or 0.0), abs=1e-6)


@pytest.mark.parametrize("verify", ["report", "off"])
def test_a_run_tells_what_each_plan_allowed_for(verify: str) -> None:
    """Without checks only reports tell: the first plan has the allowance that is stated, later ones what was lost."""
    case = feeder(loss_allowance_pct=9.0, loss_allowance="learned", verify=verify)
    log = RunLog()
    run_world(case, strategy_named("dynamic", case.scenario.dispatch_centre), 0, log, engine="power-grid-model")
    shares = [set(plan["loss_allowance_pct"].values()) for plan in log.recorder.plans]
    first, *others = shares
    assert (first == {9.0}) == (verify == "off")
    assert others and all(share < 9.0 for found in others for share in found)
    issued = [row for row in log.recorder.rows["events"] if "plan_issued" in row]
    assert all(re.search(r"losses of [\d.]+ % allowed for", str(row)) for row in issued)
