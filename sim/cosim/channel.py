"""The communication network: every message between dispatch centre, gateways and field terminals passes here.

Time is that of the world's steps. A message whose delay is shorter than a simulation step arrives in the instant it was
sent; any other arrives at the first step at or after the end of its delay. Fate and delay belong to the link, the
direction and the instant, not to the message: strategies that share a seed meet the same channel, whatever they say,
and a higher loss probability loses the same messages and more.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any, Literal, TypedDict

from ...scenarios.quanta import PER_UNIT, rounded
from ...scenarios.schema.communication import DISPATCH_CENTRE as DISPATCH_CENTRE
from ...scenarios.schema.communication import Communication
from ...scenarios.schema.communication import gateway as gateway
from ...scenarios.schema.communication import terminal as terminal

Status = Literal["delivered", "link_down", "lost", "receiver_down", "outdated", "under_way"]
"""delivered: handed over; link_down: sent while the link was out; lost: by chance; receiver_down: nobody there to take
it; outdated: discarded, for a newer one of its kind had overtaken it; under_way: not there when the window ended."""


class Envelope(TypedDict):
    """A message under way; ``body`` is one of ``relight.controllers.exchange.messages``."""

    sender: str
    receiver: str
    kind: str
    body: Any


class Channel:
    """Carries envelopes and logs each as a row of the ``message`` table, once its fate is known.

    ``options`` None: every message arrives at once. ``end_min``: what would arrive then or later stays under way.
    """

    def __init__(
        self, options: Communication | None = None, *, seed: int = 0, step_min: float = 1.0, end_min: float = math.inf
    ) -> None:
        self._options = options
        self._seed, self._step_min, self._end_min = seed, step_min, end_min
        self._log: list[dict[str, Any]] = []
        self._under_way: list[tuple[float, int, float, Envelope]] = []
        """heap of (arrival, number, time sent, envelope)"""
        self._sent = 0
        self._newest: dict[tuple[str, str, str], float] = {}
        """(sender, receiver, kind) → when the newest one delivered was sent"""

    def carry(
        self, envelopes: Iterable[Envelope], time_min: float, to: Callable[[str], bool] = lambda _: True
    ) -> dict[str, list[Envelope]]:
        """Send now, and deliver what is due to receivers that ``to`` accepts: receiver → its messages, oldest first."""
        for envelope in envelopes:
            self._send(envelope, time_min)
        delivered: dict[str, list[Envelope]] = {}
        later: list[tuple[float, int, float, Envelope]] = []
        while self._under_way and self._under_way[0][0] <= time_min:
            item = heapq.heappop(self._under_way)
            _, _, sent_min, envelope = item
            if not to(envelope["receiver"]):
                later.append(item)
            elif self._hand_over(envelope, sent_min, time_min):
                delivered.setdefault(envelope["receiver"], []).append(envelope)
        for item in later:
            heapq.heappush(self._under_way, item)
        return delivered

    def take_log(self) -> list[dict[str, Any]]:
        """Rows logged since the last call."""
        log, self._log = self._log, []
        return log

    def _send(self, envelope: Envelope, time_min: float) -> None:
        options, self._sent = self._options, self._sent + 1
        arrival_min = time_min
        if options is not None:
            sender, receiver = envelope["sender"], envelope["receiver"]
            chance, delay = self._draw(sender, receiver, time_min)
            far_end = receiver if sender == DISPATCH_CENTRE else sender
            if options.link_is_down(far_end, time_min):
                return self._note(envelope, time_min, None, "link_down")
            if chance < options.loss_probability:
                return self._note(envelope, time_min, None, "lost")
            delay_min = (options.latency_s + options.jitter_s * delay) / 60
            if delay_min >= self._step_min:
                arrival_min = math.ceil((time_min + delay_min) / self._step_min - 1e-9) * self._step_min
            if arrival_min >= self._end_min:
                return self._note(envelope, time_min, None, "under_way")
        heapq.heappush(self._under_way, (arrival_min, self._sent, time_min, envelope))

    def _hand_over(self, envelope: Envelope, sent_min: float, time_min: float) -> bool:
        pair = envelope["sender"], envelope["receiver"], envelope["kind"]
        status: Status = "delivered"
        if self._options is not None and self._options.is_down(envelope["receiver"], time_min):
            status = "receiver_down"
        elif sent_min < self._newest.get(pair, -math.inf):
            status = "outdated"
        else:
            self._newest[pair] = sent_min
        self._note(envelope, sent_min, time_min if status == "delivered" else None, status)
        return status == "delivered"

    def _note(self, envelope: Envelope, sent_min: float, delivered_min: float | None, status: Status) -> None:
        self._log.append(
            {
                "time_min": sent_min,
                "sender": envelope["sender"],
                "receiver": envelope["receiver"],
                "kind": envelope["kind"],
                "delivered_min": delivered_min,
                "status": status,
            }
        )

    def _draw(self, sender: str, receiver: str, time_min: float) -> tuple[float, float]:
        """Of a link, direction and instant: a uniform number in [0, 1), an exponentially distributed one of mean 1."""
        name = f"{self._seed}|{sender}|{receiver}|{time_min:g}"
        digest = blake2b(name.encode(), digest_size=16).digest()
        chance, other = (int.from_bytes(half, "big") / 2**64 for half in (digest[:8], digest[8:]))
        return chance, rounded(-math.log1p(-min(other, 1 - 2**-53)), PER_UNIT)
