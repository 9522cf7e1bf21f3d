"""Which channel a scenario asks for: a row per kind of channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ....scenarios.schema.scenario import Scenario
from .channel import Channel
from .perfect import PerfectChannel
from .simulated import SimulatedChannel


class ChannelKind(NamedTuple):
    """A kind of channel: the scenarios that ask for it, and how it is made for one and a seed."""

    asked_for: Callable[[Scenario], bool]
    make: Callable[[Scenario, int], Channel]


KINDS: tuple[ChannelKind, ...] = (
    ChannelKind(lambda scenario: scenario.communication is None, lambda scenario, seed: PerfectChannel()),
    ChannelKind(lambda scenario: scenario.communication is not None, SimulatedChannel.of),
)
"""A scenario gets the first that it asks for; together these are for every one, so another kind stands before them."""


def channel_of(scenario: Scenario, seed: int) -> Channel:
    """The channel of a run. ``seed`` drives what happens by chance."""
    kind = next(kind for kind in KINDS if kind.asked_for(scenario))
    return kind.make(scenario, seed)
