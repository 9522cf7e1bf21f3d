"""Runs from where an event loop is running already, as in a notebook."""

from __future__ import annotations

import asyncio
import threading

import pytest

from relight.sim.cosim.own_loop import with_own_loop


def starts_a_loop(seen: list[object]) -> None:
    async def inner() -> None:
        seen.append(threading.current_thread())

    asyncio.run(inner())


def test_without_a_loop_the_call_stays_in_its_thread() -> None:
    seen: list[object] = []
    with_own_loop(lambda: starts_a_loop(seen))
    assert seen == [threading.current_thread()]


def test_inside_a_loop_it_gets_a_thread_and_is_waited_for() -> None:
    seen: list[object] = []

    async def notebook() -> None:
        with_own_loop(lambda: starts_a_loop(seen))
        assert len(seen) == 1 and seen[0] is not threading.current_thread()

    asyncio.run(notebook())


def test_what_the_call_raises_arrives() -> None:
    async def notebook() -> None:
        with_own_loop(lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(notebook())
