"""Whom the dispatch centre hears: who reported when, who is silent, who is back, and whom an order may have missed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Set
from typing import Protocol

from ...scenarios.schema.communication import Communication

Address = tuple[str, str]
"""``gateway`` and an LA, or ``terminal`` and a switch"""


class Contacts(Protocol):
    """Contacts of one run; times are minutes."""

    @property
    def now(self) -> Set[Address]:
        """Those whose last report is of now."""
        ...

    @property
    def silent(self) -> Set[Address]:
        """Those with whom contact is lost."""
        ...

    def expect(self, who: Iterable[Address]) -> None:
        """Count on reports of these, who were in contact when the outage began."""
        ...

    def hear(self, who: Iterable[Address]) -> None:
        """Note that these have reported since the last decision."""
        ...

    def changes(self, time_min: float) -> tuple[list[Address], list[Address]]:
        """With whom contact is lost, and with whom regained, by what was heard up to now."""
        ...

    def may_have_missed(self, who: Iterable[Address]) -> list[Address]:
        """Of those that do not show what was ordered of them: whom the order may not have reached."""
        ...

    def follows_until(self, la: str) -> float:
        """Until when the gateway of an LA, should it hear nothing more, follows the plan that it was sent."""
        ...

    def to_reassure(self, areas: Iterable[str]) -> list[str]:
        """Of the LAs that are sent no plan now: whose gateways wait to be told that the dispatch centre is there."""
        ...

    def close(self) -> None:
        """End the instant: what is heard from here on counts for the next decision."""
        ...


class AlwaysHeard:
    """Contacts over a perfect channel: everybody is heard at every step, and every order arrives."""

    def __init__(self) -> None:
        self.now: set[Address] = set()
        self.silent: Set[Address] = frozenset()

    def expect(self, who: Iterable[Address]) -> None:
        """They are heard, as always."""
        self.now.update(who)

    def hear(self, who: Iterable[Address]) -> None:
        """They are heard, as always."""
        self.now.update(who)

    def changes(self, time_min: float) -> tuple[list[Address], list[Address]]:
        """Never anybody."""
        return [], []

    def may_have_missed(self, who: Iterable[Address]) -> list[Address]:
        """Nobody: who does not do what was ordered could not, or would not."""
        return []

    def follows_until(self, la: str) -> float:
        """For good."""
        return math.inf

    def to_reassure(self, areas: Iterable[str]) -> list[str]:
        """Nobody waits."""
        return []

    def close(self) -> None:
        """Nothing grows old."""


class Watched:
    """Contacts over a channel that can fail.

    Contact is lost when nothing was heard for ``patience_min``. A gateway follows its plan for ``kept_min`` after it
    has heard of the dispatch centre, which is taken to be when it was heard.
    """

    def __init__(self, patience_min: float, kept_min: float) -> None:
        self._patience_min, self._kept_min = patience_min, kept_min
        self.now: set[Address] = set()
        self.silent: set[Address] = set()
        self._heard_min: dict[Address, float] = {}

    def expect(self, who: Iterable[Address]) -> None:
        """As heard at minute 0."""
        self._heard_min |= dict.fromkeys(who, 0.0)

    def hear(self, who: Iterable[Address]) -> None:
        """Note them for the next decision."""
        self.now.update(who)

    def changes(self, time_min: float) -> tuple[list[Address], list[Address]]:
        """Lost: those not heard for so long; regained: those heard now that were silent."""
        regained = sorted(self.now & self.silent)
        self.silent -= self.now
        self._heard_min |= dict.fromkeys(self.now, float(time_min))
        late = (who for who, heard in self._heard_min.items() if time_min - heard >= self._patience_min)
        lost = [who for who in late if who not in self.silent]
        self.silent.update(lost)
        return lost, regained

    def may_have_missed(self, who: Iterable[Address]) -> list[Address]:
        """All of them: any order may be late or lost."""
        return list(who)

    def follows_until(self, la: str) -> float:
        """As long as plans are kept, from when its gateway was last heard."""
        return self._heard_min["gateway", la] + self._kept_min

    def to_reassure(self, areas: Iterable[str]) -> list[str]:
        """All of them: who hears nothing falls back."""
        return list(areas)

    def close(self) -> None:
        """Nobody has been heard yet."""
        self.now.clear()


def contacts_of(communication: Communication | None) -> Contacts:
    """Contacts over the channel that a scenario describes; None: a perfect one."""
    if communication is None:
        return AlwaysHeard()
    return Watched(communication.fallback_after_min, communication.plan_kept_min)
