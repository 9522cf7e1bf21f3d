"""Interlock of infeeds that return: never in parallel with another source without permission.

The breaker of such an infeed closes by order, onto buses that are dark. A switch does not close between its island and
another live one. With ``switching.synchronised_closing`` both are allowed where only one infeed is involved: then one
source holds the island, in the same operation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ...scenarios.view import GridView
from ..islands.operating_point import IslandStep
from ..power_flow.island_topology import find_islands


class Interlock:
    """Knows which source fed each bus in the step before, and what must not be joined."""

    def __init__(self, view: GridView, returning: Collection[str], *, synchronised: bool) -> None:
        self._view, self._returning, self._synchronised = view, set(returning), synchronised
        self._source: dict[str, str] = {}

    def blocks(self, closed: Mapping[str, bool], bus: str, infeed: str | None = None) -> bool:
        """Whether the island of a bus, by these states of all branches, would hold sources that must be kept apart;
        ``infeed``: one whose breaker is to close there."""
        if not self._returning:
            return False
        buses = next(island.buses for island in find_islands(self._view, closed) if bus in island.buses)
        sources = {self._source[b] for b in buses if b in self._source} | ({infeed} if infeed else set[str]())
        if len(sources) < 2 or sources.isdisjoint(self._returning):
            return False
        return not self._synchronised or sum(source in self._view.infeeds for source in sources) > 1

    def feed(self, bus: str, infeed: str) -> None:
        """An infeed's breaker has closed in this step."""
        self._source[bus] = infeed

    def book(self, islands: Iterable[IslandStep]) -> None:
        """Take note of who feeds whom."""
        if self._returning:
            self._source = {
                bus: one.choice.unit for one in islands if one.energised and one.choice.unit for bus in one.island.buses
            }
