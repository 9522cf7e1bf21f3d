"""The world under each engine for the AC power flow: the same decisions, the same values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from relight.controllers.strategies.named import strategy_named
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.power_flow.engines import ENGINES, REFERENCE

TOLERANCE = {"bus": 1e-7, "branch": 2e-4, "unit": 2e-4, "island": 2e-4, "local_area": 1e-6, "switch": 0, "message": 0}
"""Largest difference by table (p.u. and degrees; kW, kvar, kWh, %): where a last digit was rounded the other way."""

ROUGH = (
    "outage.duration_min=60", "forecast.method=persistence", "pv.variability_pct=90",
    "limits.vm_min_pu=0.999", "dispatch_centre.without=[voltage]", "dispatch_centre.verify=off",
)  # fmt: skip
"""Sun that the forecast does not know, so areas are shed; plans that know of no voltage, so limits are broken."""


def run(engine: str) -> RunLog:
    log = RunLog()
    case = load_case("guo45/fault-1000", ROUGH)
    run_world(case, strategy_named("dynamic"), case.scenario.seed, log, engine=engine)
    return log


def table(log: RunLog, name: str) -> pd.DataFrame:
    return pd.DataFrame(log.recorder.rows[name], columns=list(log.recorder.columns(name)))


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != REFERENCE])
def test_a_run_does_not_depend_on_the_engine(engine: str) -> None:
    logs = run(REFERENCE), run(engine)
    decided, repeated = ([[s["closed_branches"] for s in p["steps"]] for p in log.recorder.plans] for log in logs)
    assert decided == repeated and len(decided) >= 2
    assert {"voltage_low", "unsupplied_load"} <= {*table(logs[0], "violations")["kind"]}
    for name in ("events", "violations"):
        one, other = (table(log, name).drop(columns=["value", "text"], errors="ignore") for log in logs)
        assert len(one) and one.equals(other)
    for name, tolerance in TOLERANCE.items():
        one, other = (table(log, name) for log in logs)
        words, numbers = one.select_dtypes(exclude="number"), one.select_dtypes("number")
        assert len(one) and words.equals(other[words.columns])
        assert np.allclose(numbers, other[numbers.columns], rtol=0, atol=tolerance, equal_nan=True), name
