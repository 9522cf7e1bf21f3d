"""What every channel keeps to: it takes messages over, delivers what is due, and tells what became of each.

A new kind of channel is a module beside this one with a class that has these methods, and a row in ``chosen``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypedDict

from ....scenarios.kinds.messages import MessageKind, MessageStatus


class Envelope(TypedDict):
    """A message under way; ``body`` is one of ``relight.controllers.exchange.messages``."""

    sender: str
    receiver: str
    kind: MessageKind
    body: Any


class Channel(Protocol):
    """Carries envelopes between addresses (``relight.scenarios.schema.communication``); times are minutes.

    In one instant of the world it is asked twice: what is sent to the dispatch centre is delivered first, then what the
    dispatch centre answers. It never delivers anything twice, or an older message after a newer one of its kind.
    """

    def send(self, envelopes: Iterable[Envelope], time_min: float) -> None:
        """Take over what is sent now."""
        ...

    def deliver(self, time_min: float, to: Callable[[str], bool]) -> dict[str, list[Envelope]]:
        """What is due by now for receivers that ``to`` accepts: receiver → its messages, oldest first.

        What is due for others stays until it is asked for.
        """
        ...

    def is_cut(self, address: str, time_min: float) -> bool:
        """Whether the link between the dispatch centre and an address carries nothing now."""
        ...

    def take_log(self) -> list[dict[str, Any]]:
        """Rows of the ``message`` table (see ``log_row``) for all messages whose fate was settled since the last call.

        Every message that was sent has one row in the end.
        """
        ...


def log_row(envelope: Envelope, sent_min: float, delivered_min: float | None, status: MessageStatus) -> dict[str, Any]:
    """A row of the ``message`` table; ``delivered_min`` is None for a message that was not handed over."""
    return {
        "time_min": sent_min,
        "sender": envelope["sender"],
        "receiver": envelope["receiver"],
        "kind": envelope["kind"],
        "delivered_min": delivered_min,
        "status": status,
    }
