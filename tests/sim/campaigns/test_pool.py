"""The pool of processes: what comes back, in which order, and what ends it."""

from __future__ import annotations

import multiprocessing
import os
import time

import pytest

from relight.sim.campaigns.pool import here_or_in_processes, in_processes
from relight.sim.campaigns.reproduction_jobs import JobFailedError, PlanJob, perform_all


def dawdle(seconds: float) -> tuple[float, int]:
    """Takes its time and tells in which process; a negative time is a mistake, none an end of the process."""
    if seconds == 0:
        os._exit(1)
    time.sleep(seconds)
    return seconds, os.getpid()


def never(seconds: float) -> tuple[float, int]:
    raise AssertionError(f"{seconds} was not lost")


def test_places_come_with_outcomes_from_processes_that_stay() -> None:
    begun: list[int] = []
    found = dict(in_processes(dawdle, [0.4, 0.1, 0.1, 0.1], 2, never, begun.append))
    assert begun == [0, 1, 2, 3]
    assert [found[k][0] for k in range(4)] == [0.4, 0.1, 0.1, 0.1]
    processes = {process for _, process in found.values()}
    assert len(processes) <= 2 and os.getpid() not in processes


@pytest.mark.parametrize(("jobs", "workers"), [([0.01, 0.02], 1), ([0.01], 8)])
def test_one_worker_or_one_job_needs_no_process(jobs: list[float], workers: int) -> None:
    found = list(here_or_in_processes(dawdle, jobs, workers, never))
    assert found == [(k, (seconds, os.getpid())) for k, seconds in enumerate(jobs)]


def test_a_mistake_ends_all_and_tells_where_it_was_made() -> None:
    before = set(multiprocessing.active_children())
    began = time.monotonic()
    with pytest.raises(ValueError, match="non-negative") as error:
        list(in_processes(dawdle, [60, -1], 2, never))
    assert "in dawdle" in "".join(error.value.__notes__)
    assert set(multiprocessing.active_children()) == before and time.monotonic() - began < 50


def test_an_early_end_waits_for_nobody() -> None:
    before = set(multiprocessing.active_children())
    found = in_processes(dawdle, [0.01, 60, 60], 2, never)
    assert next(found)[0] == 0
    began = time.monotonic()
    found.close()
    assert set(multiprocessing.active_children()) == before and time.monotonic() - began < 10


def test_what_kills_its_processes_is_told_as_lost() -> None:
    found = dict(in_processes(dawdle, [0.0, 0.01], 1, lambda seconds: (seconds, -1)))
    assert found[0] == (0.0, -1) and found[1][0] == 0.01


def test_a_failed_piece_ends_a_reproduction_in_two_processes() -> None:
    jobs = [PlanJob("guo45/nowhere", strategy) for strategy in ("dynamic", "static")]
    told = r"relight run guo45/nowhere --strategy (dynamic|static): ScenarioError"
    with pytest.raises(JobFailedError, match=told) as error:
        list(perform_all(jobs, 2))
    assert "in perform" in "".join(error.value.__notes__)
