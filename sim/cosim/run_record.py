"""A run's record, filled from what it was asked and what it left."""

from __future__ import annotations

from ...controllers.strategies.strategy import Strategy, source_hash
from ...results.run_folder import RunRecord
from ...scenarios.case import Case
from ...scenarios.kept_inputs import input_files
from ...scenarios.loader import input_hashes
from ...scenarios.networks.drawing import network_table
from .run_log import RunLog


def record_of(case: Case, strategy: Strategy, log: RunLog, failure: str = "", whole: bool = True) -> RunRecord:
    """The record of a run of a case; unless ``whole`` without what is only drawn from it or kept beside it."""
    return RunRecord(
        scenario=case.scenario,
        strategy=strategy.name,
        seed=case.scenario.seed,
        recorder=log.recorder,
        inputs=input_hashes(case),
        input_files=input_files(case) if whole else {},
        not_taken_over=tuple(map(str, case.account.differences())),
        strategy_source=source_hash(strategy),
        network=network_table(case) if whole else None,
        timing={f"{part}_s": seconds for part, seconds in log.seconds.items()},
        failure=failure,
    )
