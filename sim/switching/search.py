"""The search for an order: layer by layer over the sets of operations already done.

What a network looks like in between depends on what was done, not on the order it was done in, so that 2ⁿ states stand
for n! orders. With all of them kept the search is exact; with a limited width it is a beam search and may miss one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ...controllers.exchange.plan import Violation

Action = Literal["open", "close", "form", "release"]
"""Of a switch: open, close. Of a unit: form an island's voltage, or stop doing so."""
_RANK: dict[str, int] = {"open": 0, "close": 1, "release": 2, "form": 3}
_DIGITS = 9
"""Costs that differ by less are the same: rounding errors must not decide between orders."""


@dataclass(frozen=True)
class Operation:
    """One operation of a switch or a unit."""

    device: str
    action: Action


@dataclass(frozen=True)
class SwitchingMove:
    """Operations done at one time: mostly one, two where a unit takes a voltage over."""

    operations: tuple[Operation, ...]
    duration_min: float


@dataclass(frozen=True)
class State:
    """What was done so far; ``lost``: units that went dark on the way and must start or reconnect anew."""

    done: frozenset[Operation]
    lost: frozenset[str] = frozenset()


Cost = tuple[float, float]
"""Weighted kWh: of customers who are dark but supplied before and after, or the reverse; then not supplied to those who
are supplied before or after only."""


class Transition(Protocol):
    """What the search must know of the way from one plan step to the next."""

    @property
    def operations(self) -> Sequence[Operation]:
        """All operations, each to be done once; equally good orders prefer earlier ones."""
        ...

    def moves(self, state: State) -> Iterable[tuple[SwitchingMove, State]]:
        """What can be done next."""
        ...

    def violations(self, state: State) -> Sequence[Violation]:
        """Why a state is not allowed."""
        ...

    def rate(self, state: State) -> Cost:
        """Cost of a minute in a state (weighted kWh)."""
        ...


@dataclass(frozen=True)
class FoundOrder:
    """The best order, as moves and the states after them (None: there is none), and what stopped the search."""

    path: tuple[tuple[SwitchingMove, State], ...] | None
    cost: Cost
    blocked: tuple[tuple[SwitchingMove, tuple[Violation, ...]], ...]


@dataclass(frozen=True)
class _Way:
    cost: Cost
    ranks: tuple[tuple[int, int], ...]
    path: tuple[tuple[SwitchingMove, State], ...]

    @property
    def key(self) -> tuple[Cost, tuple[tuple[int, int], ...]]:
        return (round(self.cost[0], _DIGITS), round(self.cost[1], _DIGITS)), self.ranks


def search(transition: Transition, width: int | None) -> FoundOrder:
    """The order of least cost from nothing done to everything done through allowed states only.

    ``width`` states are kept of each layer (None: all, which makes it exact). Ties: opening, then closing, then units,
    each as ``transition.operations`` has them.
    """
    total = len(transition.operations)
    ranks = {op: (_RANK[op.action], k) for k, op in enumerate(transition.operations)}
    layers: list[dict[State, _Way]] = [{} for _ in range(total + 1)]
    layers[0][State(frozenset())] = _Way((0.0, 0.0), (), ())
    blocked: tuple[tuple[SwitchingMove, tuple[Violation, ...]], ...] = ()
    for depth in range(total):
        stopped: list[tuple[SwitchingMove, tuple[Violation, ...]]] = []
        for state, way in sorted(layers[depth].items(), key=lambda item: item[1].key)[:width]:
            rate = transition.rate(state)
            for move, reached in transition.moves(state):
                if violations := tuple(transition.violations(reached)):
                    stopped.append((move, violations))
                    continue
                kept, other = (a + b * move.duration_min for a, b in zip(way.cost, rate, strict=True))
                on = _Way(
                    (kept, other), way.ranks + tuple(ranks[op] for op in move.operations), (*way.path, (move, reached))
                )
                layer = layers[len(reached.done)]
                if reached not in layer or on.key < layer[reached].key:
                    layer[reached] = on
        if layers[depth]:
            blocked = tuple(stopped)
    if not layers[total]:
        return FoundOrder(None, (0.0, 0.0), blocked)
    best = min(layers[total].values(), key=lambda way: way.key)
    return FoundOrder(best.path, best.cost, ())
