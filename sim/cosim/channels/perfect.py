"""The perfect channel: every message arrives in the instant it was sent, in the order sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .channel import Envelope, log_row


class PerfectChannel:
    """A channel without delay, loss or outage; nobody at its ends is ever dead."""

    def __init__(self) -> None:
        self._log: list[dict[str, Any]] = []
        self._waiting: list[tuple[float, Envelope]] = []

    def send(self, envelopes: Iterable[Envelope], time_min: float) -> None:
        """Take over what is sent now."""
        self._waiting += [(time_min, envelope) for envelope in envelopes]

    def deliver(self, time_min: float, to: Callable[[str], bool]) -> dict[str, list[Envelope]]:
        """All that was sent to these receivers."""
        delivered: dict[str, list[Envelope]] = {}
        waiting, self._waiting = self._waiting, []
        for sent_min, envelope in waiting:
            if to(envelope["receiver"]):
                delivered.setdefault(envelope["receiver"], []).append(envelope)
                self._log.append(log_row(envelope, sent_min, time_min, "delivered"))
            else:
                self._waiting.append((sent_min, envelope))
        return delivered

    def is_cut(self, address: str, time_min: float) -> bool:
        """Never."""
        return False

    def take_log(self) -> list[dict[str, Any]]:
        """Rows logged since the last call."""
        log, self._log = self._log, []
        return log
