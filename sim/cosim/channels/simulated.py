"""The simulated channel: it delays messages, loses some, and its links can be out for a while.

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
from typing import Any

from ....scenarios.kinds.messages import MessageStatus
from ....scenarios.quanta import PER_UNIT, rounded
from ....scenarios.schema.communication import DISPATCH_CENTRE, Communication
from ....scenarios.schema.scenario import Scenario
from .channel import Envelope, log_row


class SimulatedChannel:
    """Carries envelopes as a ``communication`` section says.

    ``end_min``: what would arrive then or later stays under way.
    """

    def __init__(
        self, options: Communication, *, seed: int = 0, step_min: float = 1.0, end_min: float = math.inf
    ) -> None:
        self._options = options
        self._seed, self._step_min, self._end_min = seed, step_min, end_min
        self._log: list[dict[str, Any]] = []
        self._under_way: list[tuple[float, int, float, Envelope]] = []
        """heap of (arrival, number, time sent, envelope)"""
        self._sent = 0
        self._newest: dict[tuple[str, str, str], float] = {}
        """(sender, receiver, kind) → when the newest one delivered was sent"""

    @classmethod
    def of(cls, scenario: Scenario, seed: int) -> SimulatedChannel:
        """The channel of a scenario with a ``communication`` section."""
        assert scenario.communication is not None
        step_min, end_min = scenario.clock.sim_step_min, scenario.outage.duration_min
        return cls(scenario.communication, seed=seed, step_min=step_min, end_min=end_min)

    def send(self, envelopes: Iterable[Envelope], time_min: float) -> None:
        """Take over what is sent now, and settle when each is there, if ever."""
        for envelope in envelopes:
            self._send(envelope, time_min)

    def deliver(self, time_min: float, to: Callable[[str], bool]) -> dict[str, list[Envelope]]:
        """What is due by now to receivers that ``to`` accepts: receiver → its messages, oldest first."""
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

    def is_cut(self, address: str, time_min: float) -> bool:
        """Whether an outage takes the link to an address out now."""
        return self._options.link_is_down(address, time_min)

    def take_log(self) -> list[dict[str, Any]]:
        """Rows logged since the last call."""
        log, self._log = self._log, []
        return log

    def _send(self, envelope: Envelope, time_min: float) -> None:
        options, self._sent = self._options, self._sent + 1
        arrival_min = time_min
        sender, receiver = envelope["sender"], envelope["receiver"]
        chance, delay = self._draw(sender, receiver, time_min)
        if self.is_cut(receiver if sender == DISPATCH_CENTRE else sender, time_min):
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
        status: MessageStatus = "delivered"
        if self._options.is_down(envelope["receiver"], time_min):
            status = "receiver_down"
        elif sent_min < self._newest.get(pair, -math.inf):
            status = "outdated"
        else:
            self._newest[pair] = sent_min
        self._note(envelope, sent_min, time_min if status == "delivered" else None, status)
        return status == "delivered"

    def _note(self, envelope: Envelope, sent_min: float, delivered_min: float | None, status: MessageStatus) -> None:
        self._log.append(log_row(envelope, sent_min, delivered_min, status))

    def _draw(self, sender: str, receiver: str, time_min: float) -> tuple[float, float]:
        """Of a link, direction and instant: a uniform number in [0, 1), an exponentially distributed one of mean 1."""
        name = f"{self._seed}|{sender}|{receiver}|{time_min:g}"
        digest = blake2b(name.encode(), digest_size=16).digest()
        chance, other = (int.from_bytes(half, "big") / 2**64 for half in (digest[:8], digest[8:]))
        return chance, rounded(-math.log1p(-min(other, 1 - 2**-53)), PER_UNIT)
