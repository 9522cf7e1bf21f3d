"""The record of a run: who ran what, and of a slim one nothing that is only drawn from it or kept beside it."""

from __future__ import annotations

from relight.controllers.strategies.named import strategy_named
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.run_record import record_of


def test_a_slim_record_lacks_what_is_only_kept() -> None:
    case, log = load_case("guo45/fault-0400", (), 7), RunLog()
    log.add_seconds("solver", 1.5)
    whole = record_of(case, strategy_named("static"), log, "interrupted")
    assert (whole.strategy, whole.seed, whole.failure, whole.timing) == ("static", 7, "interrupted", {"solver_s": 1.5})
    assert whole.network and whole.recorder is log.recorder and whole.inputs
    slim = record_of(case, strategy_named("static"), log, whole=False)
    assert (slim.network, slim.input_files, slim.inputs, slim.failure) == (None, {}, whole.inputs, "")
