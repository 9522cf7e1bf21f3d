"""Runs from a notebook: mosaik needs an event loop of its own, and Jupyter's thread runs one already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def with_own_loop(call: Callable[[], None]) -> None:
    """Call something that starts an event loop: here, or, where one is running, in a thread of its own.

    Raises what the call raises. A call in such a thread cannot be interrupted half-way: Ctrl-C takes effect at its end.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        call()
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="relight") as thread:
        thread.submit(call).result()
