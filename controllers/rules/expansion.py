"""Which sections are live and which switches closed, and the moves by which an operator takes in more, one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import networkx as nx

from ..milp.objective import operations
from ..milp.problem import AreaGraph, Horizon, Link


@dataclass(frozen=True)
class SectionTopology:
    """Energised sections and closed switches. No closed switch joins a live and a dark section, or closes a loop of
    live ones."""

    graph: AreaGraph
    live: frozenset[str]
    closed: frozenset[str]

    @classmethod
    def now(cls, horizon: Horizon) -> SectionTopology:
        """As reported; switches that should not be closed are opened."""
        graph = horizon.graph
        live = {graph.section[la] for la, psc in horizon.psc.items() if psc["energised_min"] > 0}
        live |= {graph.section[la] for la in graph.live_infeed_kva}
        kept: set[str] = set()
        forest: nx.Graph[str] = nx.Graph()
        forest.add_nodes_from(live)
        for k, link in _switches(graph):
            i, j = _ends(graph, link)
            if not horizon.closed[k] or (i in live) != (j in live):
                continue
            if i in live:
                if nx.has_path(forest, i, j):
                    continue
                forest.add_edge(i, j)
            kept.add(k)
        return cls(graph, frozenset(live), frozenset(kept))

    def islands(self) -> list[frozenset[str]]:
        """Live sections joined by closed switches, in the order of the sections."""
        joined: nx.Graph[str] = nx.Graph()
        joined.add_nodes_from(s for s in self.graph.view.sections if s in self.live)
        for k, link in _switches(self.graph):
            i, j = _ends(self.graph, link)
            if k in self.closed and i in self.live and j in self.live:
                joined.add_edge(i, j)
        return [frozenset(part) for part in nx.connected_components(joined)]

    def without(self, sections: Collection[str]) -> SectionTopology:
        """The same with these sections dark and cut off."""
        return replace(self, live=self.live - set(sections), closed=self.closed - self.at(sections))

    def at(self, sections: Collection[str]) -> frozenset[str]:
        """Switches that end in a section."""
        return frozenset(k for k, link in _switches(self.graph) if not {*_ends(self.graph, link)}.isdisjoint(sections))


@dataclass(frozen=True)
class Expansion:
    """A step of expansion: what it leads to, the section that it makes live, and how many switches it operates."""

    after: SectionTopology
    section: str
    operations: int


def extensions(topology: SectionTopology) -> Iterator[Expansion]:
    """Take a dark section into a neighbouring island: close one switch, open all others of the section."""
    for k, link in _switches(topology.graph):
        dark = [s for s in _ends(topology.graph, link) if s not in topology.live]
        if len(dark) == 1:
            yield _made_live(topology, dark[0], {k})


def starts(topology: SectionTopology, able: Collection[str]) -> Iterator[Expansion]:
    """Black-start a dark section that holds a unit able to form voltage: open its switches."""
    for section in topology.graph.view.sections:
        if section in able and section not in topology.live:
            yield _made_live(topology, section, set())


def joins(move: Expansion) -> Iterator[Expansion]:
    """The same move and one more switch closed, which joins the section's island with another one.

    Islands of two live infeeds stay apart, for each forms its own voltage.
    """
    after = move.after
    graph, islands = after.graph, after.islands()
    own = next(island for island in islands if move.section in island)
    formed = {graph.section[la] for la in graph.live_infeed_kva}
    for k, link in _switches(graph):
        i, j = _ends(graph, link)
        far = j if i in own else i
        if (i in own) == (j in own) or far not in after.live or k in after.closed:
            continue
        other = next(island for island in islands if far in island)
        if not (own & formed and other & formed):
            yield Expansion(replace(after, closed=after.closed | {k}), move.section, move.operations + 1)


def _made_live(topology: SectionTopology, section: str, close: set[str]) -> Expansion:
    closed = topology.closed - topology.at([section]) | close
    after = replace(topology, live=topology.live | {section}, closed=closed)
    return Expansion(after, section, operations(topology.closed, closed))


def _switches(graph: AreaGraph) -> Iterator[tuple[str, Link]]:
    return ((k, link) for k, link in graph.links.items() if link.switchable)


def _ends(graph: AreaGraph, link: Link) -> tuple[str, str]:
    """The sections that a switch joins."""
    return graph.section[link.i], graph.section[link.j]
