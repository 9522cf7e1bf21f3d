"""Where everything happens as forecast, who plans again serves what was planned and breaks off no more than who plans
once, whoever can be off."""

from __future__ import annotations

import pandas as pd
import pytest

from relight.controllers.strategies.named import strategy_named
from relight.results.run.summary import count_interruptions
from relight.scenarios.loader import load_case
from relight.scenarios.schema.scenario import LoadControl
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world

MODES: dict[LoadControl, tuple[str, ...]] = {
    "area": ("dispatch_centre.mip_gap=0.02",),
    "section": ("dispatch_centre.mip_gap=0.001", "world.pick_up_limit_pct=null"),
    "part": ("dispatch_centre.mip_gap=0.02",),
}
"""A first plan within a wide gap can be left for a better one that breaks off more, which by section happens. There no
inverter picks up half of its rating by whole sections."""
AT_LENGTH = [(mode, seed) for mode in MODES for seed in range(20) if (mode, seed) != ("area", 0)]


def areas_of(strategy: str, mode: LoadControl, seed: int) -> pd.DataFrame:
    """The LAs of the outage area in two hours of the field's blackout, shares of load by seed."""
    wanted = ("perfect_forecast=true", "load.shares=random", f"local_areas.load_control={mode}", *MODES[mode])
    case, log = load_case("guo45/field-1000", (*wanted, "outage.duration_min=120"), seed), RunLog()
    run_world(case, strategy_named(strategy), seed, log, engine="power-grid-model")
    areas = pd.DataFrame(log.recorder.rows["local_area"], columns=list(log.recorder.columns("local_area")))
    return areas[areas.in_outage_area == 1]


@pytest.mark.parametrize(
    ("mode", "seed"), [("area", 0), *(pytest.param(*one, marks=pytest.mark.slow) for one in AT_LENGTH)]
)
def test_planning_again_serves_what_was_planned_with_no_more_interruptions(mode: LoadControl, seed: int) -> None:
    again, once = (areas_of(strategy, mode, seed) for strategy in ("dynamic", "open_loop"))
    assert again.planned_kw.to_numpy() == pytest.approx(again.served_kw.to_numpy(), abs=1e-3)
    assert count_interruptions(again) <= count_interruptions(once)
    assert 0 < once.served_kw.sum() * 0.98 <= again.served_kw.sum()
