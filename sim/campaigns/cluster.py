"""Runs of a study on a Dask cluster, in place of this machine's processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...scenarios.errors import InputError, RelightError
from .study_jobs import Job, Outcome, finished, perform


class SchedulerError(InputError):
    """A Dask cluster that cannot be used."""


class ClusterLost(RelightError, ConnectionError):
    """A Dask cluster that went away during the study."""


def on_cluster(jobs: Sequence[Job], address: str) -> Iterator[Outcome]:
    """Outcomes as they come from the workers of a Dask scheduler.

    A run whose worker died is given to another; one that killed several (the scheduler's ``allowed-failures``) is lost.
    Raises ``SchedulerError`` before anything runs, ``ClusterLost`` if the scheduler goes away.
    """
    client, as_completed = connect(address)
    by_key = {job.name: job for job in jobs}
    try:
        futures = [client.submit(perform, job, key=job.name, pure=False) for job in jobs]
        for future in as_completed(futures, loop=client.loop):
            job = by_key[future.key]
            if future.status == "finished":
                yield future.result()
            elif future.status == "error":
                yield finished(job, {}, f"lost by the cluster: {type(future.exception()).__name__}", lost=True)
            else:
                raise ClusterLost(f"the Dask scheduler at {address} went away")
            future.release()
    finally:
        client.close(timeout=5)


def connect(address: str) -> tuple[Any, Any]:
    """A client of a Dask scheduler, and ``as_completed``. Raises ``SchedulerError``."""
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise SchedulerError("--scheduler needs Dask: pip install -e '.[dask]' in the repository") from error
    try:
        client = Client(address, timeout=10, set_as_default=False)
        if not client.scheduler_info()["workers"]:
            client.wait_for_workers(1, timeout=60)
    except (OSError, ValueError, TimeoutError) as error:
        remedy = "give the address that dask scheduler prints, e.g. tcp://10.0.0.1:8786, with at least one worker"
        raise SchedulerError(f"--scheduler {address}: no cluster answers there; {remedy}") from error
    return client, as_completed
