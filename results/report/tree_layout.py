"""A place for each bus of a network without coordinates: feeders as rows from left to right, laterals beside them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import networkx as nx

from .network import DrawnNetwork

Cell = tuple[int, int]
"""Column and row."""
ASPECT = 2.0


def tree_layout(network: DrawnNetwork) -> tuple[list[Cell], list[int | None]]:
    """Places (column, row) of the buses in whole steps, and each bus's parent.

    Every infeed's bus is the root of a tree over the branches that were closed before the outage; the longest way from
    it is drawn straight, and the ways that leave it take the nearest free rows above or below. Trees stand side by
    side or below each other, as makes the drawing about twice as wide as high.
    """
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(len(network.buses)))
    ends = network.ends.tolist()
    graph.add_edges_from(
        tuple(pair) for pair, b in zip(ends, network.branches, strict=True) if b["closed"] or b["faulted"]
    )
    roots = [network.bus_number[u["bus"]] for u in network.units if u["kind"] == "infeed"]
    parent: list[int | None] = [None] * len(network.buses)
    trees: list[dict[int, Cell]] = []
    taken: set[int] = set()
    for root in dict.fromkeys([*roots, *graph]):
        if root not in taken:
            order, children = _tree(graph, root, taken, parent)
            taken.update(order)
            trees.append(_draw(order, children))
    place = _side_by_side(trees)
    return [place[bus] for bus in range(len(network.buses))], parent


def _tree(
    graph: nx.Graph[int], root: int, taken: set[int], parent: list[int | None]
) -> tuple[list[int], dict[int, list[int]]]:
    """Buses in breadth-first order and their children, the deepest subtree first; notes parents."""
    order, children, seen = [root], dict[int, list[int]](), {root}
    for bus in order:
        children[bus] = [n for n in sorted(graph[bus]) if n not in seen and n not in taken]
        for child in children[bus]:
            parent[child] = bus
        seen.update(children[bus])
        order.extend(children[bus])
    height = dict.fromkeys(order, 0)
    for bus in reversed(order):
        height[bus] = 1 + max((height[child] for child in children[bus]), default=-1)
        children[bus].sort(key=lambda child: -height[child])
    return order, children


def _draw(order: list[int], children: dict[int, list[int]]) -> dict[int, Cell]:
    """Column and row of each bus of one tree, both from 0 on."""
    place: dict[int, Cell] = {}
    taken = _Taken(set(), {})
    waiting: list[tuple[int, int | None]] = [(order[0], None)]
    while waiting:
        bus, parent = waiting.pop()
        way = [bus]
        while children[way[-1]]:
            way.append(children[way[-1]][0])
        column, row = (-1, 0) if parent is None else place[parent]
        if parent is not None:
            row = taken.free_row(parent, column, row, len(way))
            taken.vertical(parent, column, place[parent][1], row)
        for k, one in enumerate(way):
            place[one] = (column + 1 + k, row)
            taken.buses.add(place[one])
            if k:
                taken.gaps[column + k, row] = None
        # Popped from the end: ways that leave deepest come first and stay nearest.
        waiting.extend((child, one) for one in way for child in reversed(children[one][1:]))
    least = min(row for _, row in place.values())
    return {bus: (column, row - least) for bus, (column, row) in place.items()}


@dataclass
class _Taken:
    """Cells with a bus; and gaps, each between a column and the next in a row, with the parent whose ways run up or
    down there (None: a line from left to right)."""

    buses: set[Cell]
    gaps: dict[Cell, int | None]

    def free_row(self, parent: int, column: int, row: int, length: int) -> int:
        """The nearest row in which a way has room, reached through the gap after its parent, where only other ways of
        the same parent may run. Where both directions are walled in, lines cross."""
        clear = {1: True, -1: True}
        for away in itertools.count(1):
            for side in (1, -1):
                there = row + side * away
                entry = self.gaps.get((column, there), parent) == parent
                clear[side] &= entry
                cells = [(column + k, there) for k in range(1, length + 1)]
                room = entry and not self.buses.intersection(cells) and not any(c in self.gaps for c in cells[:-1])
                if room and (clear[side] or not any(clear.values())):
                    return there
        raise AssertionError("there is always a free row")

    def vertical(self, parent: int, column: int, start: int, end: int) -> None:
        """Note the way up or down, its end included; its start lies on the parent's own line."""
        step = 1 if end > start else -1
        for row in range(start + step, end + step, step):
            self.gaps.setdefault((column, row), parent)


def _side_by_side(trees: list[dict[int, Cell]]) -> dict[int, Cell]:
    """All trees in rows of equal number, in their order."""
    sizes = [tuple(1 + max(cell[k] for cell in tree.values()) for k in (0, 1)) for tree in trees]
    best: dict[int, Cell] = {}
    least = math.inf
    for abreast in range(1, len(trees) + 1):
        place: dict[int, Cell] = {}
        width = top = 0
        for first in range(0, len(trees), abreast):
            left, height = 0, 0
            for tree, (columns, rows) in zip(trees[first : first + abreast], sizes[first:], strict=False):
                place |= {bus: (left + column, top + row) for bus, (column, row) in tree.items()}
                left, height = left + columns + 1, max(height, rows)
            width, top = max(width, left), top + height + 1
        if (off := abs(math.log(width / top / ASPECT))) < least:
            best, least = place, off
        if width > 4 * top:
            break
    return best
