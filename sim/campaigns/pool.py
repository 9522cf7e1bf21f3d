"""One pool of processes on this machine for all campaigns; it outlives the death of any of its processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from tqdm import tqdm

ATTEMPTS = 3
"""A job whose process died is tried so often, then given up."""

LOST = f"the process died {ATTEMPTS} times, perhaps for want of memory"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    at: int | None = None
    """the job that it is at, by its place"""


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ignore(at: int) -> None:
    """Nobody wants to know."""


def here_or_in_processes(
    do: Callable[[Job], Outcome],
    jobs: Sequence[Job],
    workers: int,
    lost: Callable[[Job], Outcome],
    begun: Callable[[int], None] = _ignore,
) -> Generator[tuple[int, Outcome], None, None]:
    """As ``in_processes``; with one worker, or one job, everything is done in this process, in order."""
    if min(workers, len(jobs)) > 1:
        yield from in_processes(do, jobs, workers, lost, begun)
        return
    for k, job in enumerate(jobs):
        begun(k)
        yield k, do(job)


def in_processes(
    do: Callable[[Job], Outcome],
    jobs: Sequence[Job],
    workers: int,
    lost: Callable[[Job], Outcome],
    begun: Callable[[int], None] = _ignore,
) -> Generator[tuple[int, Outcome], None, None]:
    """Places of jobs with their outcomes as they come, from ``workers`` processes that stay for all jobs.

    ``begun`` hears a job's place when it is first handed out; ``lost`` gives the outcome of one that is given up.
    An exception of a job (one that can be pickled) is raised here; it ends all at once, as an early close does.
    """
    waiting = deque(range(len(jobs)))
    deaths = [0] * len(jobs)
    pool = [_start(do) for _ in range(min(workers, len(jobs)))]
    try:
        while waiting or any(worker.at is not None for worker in pool):
            for worker in pool:
                if worker.at is None and waiting:
                    worker.at = waiting.popleft()
                    if not deaths[worker.at]:
                        begun(worker.at)
                    with suppress(OSError):  # it died while idle: recv will tell, and the job goes to another
                        worker.connection.send(jobs[worker.at])
            ready = set(wait([worker.connection for worker in pool if worker.at is not None]))
            for n, worker in enumerate(pool):
                if worker.connection not in ready or worker.at is None:
                    continue
                k, worker.at = worker.at, None
                try:
                    outcome, error = worker.connection.recv()
                except (EOFError, OSError):  # the process is gone
                    pool[n] = _start(do)
                    worker.process.join()
                    deaths[k] += 1
                    if deaths[k] < ATTEMPTS:
                        waiting.append(k)
                        continue
                    outcome, error = lost(jobs[k]), None
                if error is not None:
                    raise error
                yield k, outcome
    finally:
        for worker in pool:
            if worker.at is not None:
                worker.process.kill()
            worker.connection.close()  # ends one that waits
        for worker in pool:
            worker.process.join()


def _start(do: Callable[[Any], Any]) -> _Worker:
    context = multiprocessing.get_context("spawn")  # a fork would share the solver's threads
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, do), daemon=True)
    with _one_thread(), _without_main(), _deaf():
        process.start()
    theirs.close()
    return _Worker(process, ours)


def _work(connection: Any, do: Callable[[Any], Any]) -> None:
    """The life of a worker: Ctrl-C is the parent's to handle, and the parent's death ends it even amid a job."""
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
        try:
            answer = (do(job), None)
        except (Exception, SystemExit) as error:  # a strategy of the user's own may call sys.exit
            error.add_note(traceback.format_exc())  # its own does not cross to the parent
            answer = (None, error)
        connection.send(answer)


@contextmanager
def _deaf() -> Iterator[None]:
    """Let child processes begin deaf to Ctrl-C, which would hit them while they import; not on Windows."""
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # or the start of a process would begin it, which unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
