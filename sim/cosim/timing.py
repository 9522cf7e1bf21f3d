"""Where a run's time goes: each adapter's own work, by part, into the run's log; the rest of the loop is mosaik's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from . import adapters
from .adapters import Adapter
from .run_log import RunLog


class Timing:
    """Adds to a log the time of the adapters' ``step`` and ``get_data`` as ``<name>_actor``, and what mosaik takes.

    ``grid_actor`` includes ``grid`` (Grid.step), which includes ``power_flow``; ``dispatchcentre_actor`` includes
    ``dispatch_centre``.
    """

    def __init__(self, log: RunLog) -> None:
        self._log = log
        self._parts: set[str] = set()

    def timed(self, name: str, adapter: Adapter) -> Adapter:
        """The adapter itself, from now on timed."""
        part = f"{name.lower()}_actor"
        self._parts.add(part)
        for method in ("step", "get_data"):
            setattr(adapter, method, self._timed(getattr(adapter, method), part))
        return adapter

    def loop(self, run: Callable[[], object]) -> None:
        """Run mosaik's loop; what it takes beside the adapters is its own."""
        began = adapters.clock()
        run()
        own = sum(self._log.seconds.get(part, 0.0) for part in self._parts)
        self._log.add_seconds("mosaik", adapters.clock() - began - own)

    def _timed(self, method: Callable[..., Any], part: str) -> Callable[..., Any]:
        @wraps(method)
        def run(*args: Any, **named: Any) -> Any:
            began = adapters.clock()
            try:
                return method(*args, **named)
            finally:
                self._log.add_seconds(part, adapters.clock() - began)

        return run
