"""A pool of processes on this machine that outlives the death of any of them, and a Dask cluster in its place."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from tqdm import tqdm

from ...scenarios.errors import InputError, RelightError
from .study_jobs import Job, Outcome, finished, perform

ATTEMPTS = 3
"""A run whose process died is tried so often, then given up."""

LOST = "the process died {} times during this run, perhaps for want of memory"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class SchedulerError(InputError):
    """A Dask cluster that cannot be used."""


class ClusterLost(RelightError, ConnectionError):
    """A Dask cluster that went away during the study."""


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    job: Job | None = None


def on_this_machine(jobs: Sequence[Job], workers: int, do: Callable[[Job], Outcome] = perform) -> Iterator[Outcome]:
    """Outcomes as they come, from ``workers`` processes that stay for all runs; an early end stops them at once."""
    waiting: deque[tuple[Job, int]] = deque((job, 1) for job in jobs)
    attempt: dict[str, int] = {}
    pool = [_start(do) for _ in range(min(workers, len(jobs)))]
    try:
        while waiting or any(worker.job for worker in pool):
            for worker in pool:
                if worker.job is None and waiting:
                    worker.job, attempt[worker.job.name] = _next(worker, waiting)
            ready = set(wait([worker.connection for worker in pool if worker.job]))
            for k, worker in enumerate(pool):
                if worker.connection not in ready or worker.job is None:
                    continue
                job, worker.job = worker.job, None
                try:
                    yield worker.connection.recv()
                except (EOFError, OSError):  # the process is gone
                    pool[k] = _start(do)
                    worker.process.join()
                    if attempt[job.name] < ATTEMPTS:
                        waiting.append((job, attempt[job.name] + 1))
                    else:
                        yield finished(job, {}, LOST.format(ATTEMPTS), lost=True)
    finally:
        for worker in pool:
            if worker.job:
                worker.process.kill()
            worker.connection.close()  # ends one that waits
        for worker in pool:
            worker.process.join()


def _next(worker: _Worker, waiting: deque[tuple[Job, int]]) -> tuple[Job, int]:
    job, attempt = waiting.popleft()
    with suppress(OSError):  # it died while idle: recv will tell, and the run goes to another
        worker.connection.send(job)
    return job, attempt


def _start(do: Callable[[Job], Outcome]) -> _Worker:
    context = multiprocessing.get_context("spawn")  # a fork would share the solver's threads
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, do), daemon=True)
    with _one_thread(), _without_main():
        process.start()
    theirs.close()
    return _Worker(process, ours)


def _work(connection: Any, do: Callable[[Job], Outcome]) -> None:
    """The life of a worker: Ctrl-C is the parent's to handle, and the parent's death ends it even amid a run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    tqdm.set_lock(threading.RLock())  # its own would be one between processes, left behind where this one is killed
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        connection.send(do(job))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let child processes compute with one thread each, as many of them as there are cores."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _without_main() -> Iterator[None]:
    """Let child processes start without the user's script, which would begin the study again in each of them."""
    main = sys.modules["__main__"]
    kept = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
    vars(main).pop("__file__", None)
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(kept)


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
