"""Which sections are live, which switches closed and who is off, and the moves by which an operator takes in more, one
by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

import networkx as nx

from ..milp.objective import operations
from ..milp.problem import AreaGraph, Horizon, Link


@dataclass(frozen=True)
class SectionTopology:
    """Energised sections and closed switches. No closed switch joins a live and a dark section, or closes a loop of
    live ones.

    ``off``: LAs of live sections whose customers are off, where load control lets them be.
    """

    graph: AreaGraph
    live: frozenset[str]
    closed: frozenset[str]
    off: frozenset[str] = frozenset()

    @classmethod
    def now(cls, horizon: Horizon) -> SectionTopology:
        """As reported, what a fault holds being dark; switches that should not be closed are opened."""
        graph = horizon.graph
        live = {graph.section[la] for la, psc in horizon.psc.items() if psc["energised_min"] > 0}
        live |= {graph.section[la] for la in graph.live_infeed_kva}
        live -= set(graph.view.held)
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
        shed = {la for la in graph.section if graph.section[la] in live and not horizon.is_supplied(la)}
        return cls(graph, frozenset(live), frozenset(kept), frozenset(shed if graph.load_control != "section" else ()))

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
        inside = {la for s in sections for la in self.graph.areas_in[s]}
        live, closed = self.live - set(sections), self.closed - self.at(sections)
        return replace(self, live=live, closed=closed, off=self.off - inside)

    def leaving_off(self, areas: Collection[str]) -> SectionTopology:
        """The same with these LAs off."""
        return replace(self, off=self.off | set(areas))

    @property
    def served(self) -> list[str]:
        """LAs whose customers have supply."""
        return [la for la, s in self.graph.section.items() if s in self.live and la not in self.off]

    def at(self, sections: Collection[str]) -> frozenset[str]:
        """Switches that end in a section."""
        return frozenset(k for k, link in _switches(self.graph) if not {*_ends(self.graph, link)}.isdisjoint(sections))


@dataclass(frozen=True)
class Expansion:
    """A step of expansion: what it leads to, the section that it makes live (or is live already), how many switches it
    operates, and the LAs that get supply."""

    after: SectionTopology
    section: str
    operations: int
    areas: tuple[str, ...]


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
            joined = replace(after, closed=after.closed | {k})
            yield Expansion(joined, move.section, move.operations + 1, move.areas)


def reconnections(topology: SectionTopology) -> Iterator[Expansion]:
    """Switch on the customers of an LA in a live section."""
    for la, section in topology.graph.section.items():
        if la in topology.off:
            yield Expansion(replace(topology, off=topology.off - {la}), section, 0, (la,))


def leaving_some_off(move: Expansion, worth: Callable[[str], float]) -> Iterator[Expansion]:
    """The same move with fewer of its LAs served: one less at a time, the one that is worth least."""
    areas = sorted(move.areas, key=worth, reverse=True)
    for count in range(len(areas) - 1, 0, -1):
        yield replace(move, after=move.after.leaving_off(areas[count:]), areas=tuple(areas[:count]))


def _made_live(topology: SectionTopology, section: str, close: set[str]) -> Expansion:
    closed = topology.closed - topology.at([section]) | close
    after = replace(topology, live=topology.live | {section}, closed=closed)
    return Expansion(after, section, operations(topology.closed, closed), tuple(topology.graph.areas_in[section]))


def _switches(graph: AreaGraph) -> Iterator[tuple[str, Link]]:
    return ((k, link) for k, link in graph.links.items() if link.switchable)


def _ends(graph: AreaGraph, link: Link) -> tuple[str, str]:
    """The sections that a switch joins."""
    return graph.section[link.i], graph.section[link.j]
