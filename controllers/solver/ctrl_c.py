"""Ctrl-C: held back while something runs that must not be cut off in its midst, and told as what it is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def held_back(pressed: Callable[[], object]) -> Iterator[None]:
    """Call ``pressed`` when Ctrl-C is hit in the block; it takes its effect when the block ends.

    Without effect outside the main thread, and where Ctrl-C is ignored.
    """
    before = _handler()
    if before is None:
        yield
        return
    hits = 0

    def hit(*_: Any) -> None:
        nonlocal hits
        hits += 1
        if hits == 1:
            pressed()

    signal.signal(signal.SIGINT, hit)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if hits:
        before(signal.SIGINT, None)


@contextmanager
def told_as_such(but: type[Exception] | tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` for any error, except of the kinds ``but``, that comes out of the block after Ctrl-C.

    Amid an import it may come out as an error of that import. Without effect where ``held_back`` has none.
    """
    before = _handler()
    if before is None:
        yield
        return
    pressed = False

    def hit(number: int, frame: Any) -> None:
        nonlocal pressed
        pressed = True
        before(number, frame)

    signal.signal(signal.SIGINT, hit)
    try:
        yield
    except but:
        raise
    except Exception as error:
        if pressed:
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _handler() -> Callable[[int, Any], object] | None:
    """What hears Ctrl-C; None outside the main thread, and where it is ignored."""
    handler = signal.getsignal(signal.SIGINT)
    return handler if threading.current_thread() is threading.main_thread() and callable(handler) else None
