"""A network before its outage as trees: bars that infeeds feed, feeders that lines lead to, and where to part them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import networkx as nx

from ..raw_network import RawNetwork
from ..view import Branch


@dataclass(frozen=True)
class Feeder:
    """Buses beyond a bar, the lines that lead to them from it, and their peak load."""

    heads: tuple[str, ...]
    buses: frozenset[str]
    load_kw: float


class FeederTrees:
    """Bars are what infeeds feed through transformers and switches alone; what lies beyond are feeders."""

    def __init__(self, raw: RawNetwork, branches: Collection[Branch]) -> None:
        self.branches = {branch.id: branch for branch in branches}
        self.load_kw: Mapping[str, float] = raw.load_kw
        self.closed = nx.MultiGraph()
        self.closed.add_nodes_from(raw.net.bus.name)
        for branch in branches:
            if branch.closed:
                self.closed.add_edge(branch.from_bus, branch.to_bus, key=branch.id)
        sources = [infeed.bus for infeed in raw.infeeds]
        without_lines = nx.Graph((b.from_bus, b.to_bus) for b in branches if b.closed and b.kind != "line")
        without_lines.add_nodes_from(self.closed)
        self.bar = frozenset[str]().union(*(nx.node_connected_component(without_lines, bus) for bus in sources))

    @property
    def ties(self) -> list[Branch]:
        """Branches that are open."""
        return [branch for branch in self.branches.values() if not branch.closed]

    def feeders(self) -> list[Feeder]:
        """All of them, the most loaded one first; those that nothing feeds left out."""
        beyond = self.closed.subgraph(set(self.closed) - self.bar)
        found: list[Feeder] = []
        for component in nx.connected_components(beyond):
            ends = [
                branch.id
                for branch in self.branches.values()
                if branch.closed and len({branch.from_bus, branch.to_bus} & component) == 1
            ]
            if ends:
                load_kw = sum(self.load_kw.get(bus, 0.0) for bus in component)
                found.append(Feeder(tuple(ends), frozenset(component), load_kw))
        return sorted(found, key=lambda feeder: (-feeder.load_kw, feeder.heads))

    def cuts(self, eligible: Collection[str], sections: int) -> list[str]:
        """Branches that part the feeders into about so many pieces of load, each at least an equal share of it: every
        branch behind which so much is left is one. Only eligible ones that alone lead where they lead."""
        least_kw = sum(kw for bus, kw in self.load_kw.items() if bus not in self.bar) / max(sections, 1)
        bridges = self._bridges()
        behind = {bus: self.load_kw.get(bus, 0.0) for bus in self.closed}
        found: list[str] = []
        for start, bus, branch in reversed(self._outwards()):
            if branch in bridges and branch in eligible and behind[bus] >= least_kw > 0:
                found.append(branch)
            else:
                behind[start] += behind[bus]
        return found[::-1]

    def _outwards(self) -> list[tuple[str, str, str]]:
        """Tree edges from bars outwards, in breadth: bus before, bus after, branch."""
        seen, waiting, found = set(self.bar), sorted(self.bar), list[tuple[str, str, str]]()
        for bus in waiting:
            for _, other, branch in self.closed.edges(bus, keys=True):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
                    found.append((bus, other, branch))
        return found

    def _bridges(self) -> set[str]:
        """Closed branches that are the only way between their ends."""
        simple = nx.Graph(self.closed)
        alone = {frozenset(pair) for pair in nx.bridges(simple)}
        return {
            key
            for start, end, key in self.closed.edges(keys=True)
            if frozenset((start, end)) in alone and self.closed.number_of_edges(start, end) == 1
        }

    def useful_ties(self, ties: Collection[Branch], switches: Collection[str]) -> list[str]:
        """Of open branches those that join two sections, one for each two."""
        part_of = self.section_of_bus(switches)
        found: dict[frozenset[str], str] = {}
        for tie in ties:
            joined = frozenset((part_of[tie.from_bus], part_of[tie.to_bus]))
            if len(joined) == 2:
                found.setdefault(joined, tie.id)
        return list(found.values())

    def section_of_bus(self, switches: Collection[str]) -> dict[str, str]:
        """Bus → its section, if these are the switches and open branches stay open."""
        graph = nx.Graph()
        graph.add_nodes_from(self.closed)
        graph.add_edges_from((s, e) for s, e, key in self.closed.edges(keys=True) if key not in switches)
        return {bus: min(part) for part in nx.connected_components(graph) for bus in part}
