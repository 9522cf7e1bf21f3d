"""The communication network: every message between dispatch centre, gateways and field terminals passes here.

It delivers every message at once and keeps a log; latency, loss and outages are not modelled yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

DISPATCH_CENTRE = "dispatch_centre"


def gateway(local_area: str) -> str:
    """Address of the energy gateway of an LA."""
    return f"gateway.{local_area}"


def terminal(switch: str) -> str:
    """Address of the field terminal of a switch."""
    return f"terminal.{switch}"


class Envelope(TypedDict):
    """A message under way; ``body`` is one of ``controllers.messages``."""

    sender: str
    receiver: str
    kind: str
    body: Any


class Channel:
    """Delivers envelopes and logs them as rows of the ``message`` table."""

    def __init__(self) -> None:
        self._log: list[dict[str, Any]] = []

    def carry(self, envelopes: Iterable[Envelope], time_min: float) -> dict[str, list[Envelope]]:
        """Deliver now: receiver → its messages, in the order sent."""
        delivered: dict[str, list[Envelope]] = {}
        for envelope in envelopes:
            delivered.setdefault(envelope["receiver"], []).append(envelope)
            self._log.append(
                {
                    "time_min": time_min,
                    "sender": envelope["sender"],
                    "receiver": envelope["receiver"],
                    "kind": envelope["kind"],
                    "delivered_min": time_min,
                    "status": "delivered",
                }
            )
        return delivered

    def take_log(self) -> list[dict[str, Any]]:
        """Rows logged since the last call."""
        log, self._log = self._log, []
        return log
