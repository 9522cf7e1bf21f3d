"""The split of a run's time by part: complete, and in the run's own timing."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from relight.controllers.strategies.named import strategy_named
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SHORT = "outage.duration_min=30"


def load(name: str) -> ModuleType:
    """A script of benchmarks/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_parts_add_up_to_the_run():
    log = RunLog()
    case = load_case("guo45/fault-0400", [SHORT])
    began = time.perf_counter()
    run_world(case, strategy_named("static"), 0, log)
    took = time.perf_counter() - began
    seconds = log.seconds
    actors = sum(value for part, value in seconds.items() if part.endswith("_actor"))
    assert all(value >= 0 for value in seconds.values())
    assert 0 < seconds["power_flow"] <= seconds["grid"] <= seconds["grid_actor"]
    assert 0 < seconds["dispatch_centre"] <= seconds["dispatchcentre_actor"]
    assert seconds["mosaik"] > 0 and seconds["run"] <= took
    assert 0 <= seconds["run"] - (seconds["setup"] + seconds["mosaik"] + actors) < 0.2 * took + 0.1


@pytest.mark.slow
def test_the_benchmark_splits_a_run(monkeypatch, capsys):
    world = load("world")
    whole = world.measure
    monkeypatch.setattr(world, "measure", lambda name, strategy: whole(name, strategy, SHORT, "clock.sim_step_min=5"))
    for module in (world.adapters, world.world, world.grid):
        monkeypatch.setattr(module, "clock", module.clock)
    assert world.main(1, ("guo45/fault-0400:static",)) in (0, 1)
    lines = capsys.readouterr().out.splitlines()
    cells = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in lines if line.startswith("|")}
    parts = [float(cells[part]) for part in list(cells)[2:12]]
    assert sum(parts) == pytest.approx(float(cells["total"]), abs=0.06) and len(parts) == 10
    assert float(cells["**total / (planning + power flow)**"].strip("*")) >= 1
