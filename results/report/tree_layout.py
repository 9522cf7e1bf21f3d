"""A place for each bus of a network without coordinates: feeders as rows from left to right, laterals beside them."""

from __future__ import annotations

import networkx as nx

from results.report.network import Network

Place = tuple[float, float]


class _Rows:
    """Which rows are taken at each depth, on one side of a tree's main feeder (rows count from 1 outwards)."""

    def __init__(self) -> None:
        self.taken: dict[int, int] = {}

    def needed(self, first: int, last: int) -> int:
        return 1 + max(self.taken.get(depth, 0) for depth in range(first, last + 1))

    def take(self, first: int, last: int, row: int) -> None:
        for depth in range(first, last + 1):
            self.taken[depth] = max(row, self.taken.get(depth, 0))


def tree_layout(network: Network) -> tuple[list[Place], list[int | None]]:
    """Places (column, row) of the buses in whole steps, and each bus's parent.

    Every infeed's bus is the root of a tree over the branches that were closed before the outage; the longest way from
    it is drawn straight, and the ways that leave it take the nearest free rows above or below.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(len(network.buses)))
    ends = network.ends.tolist()
    graph.add_edges_from(
        tuple(pair) for pair, b in zip(ends, network.branches, strict=True) if b["closed"] or b["faulted"]
    )
    roots = [network.bus_number[u["bus"]] for u in network.units if u["kind"] == "infeed"]
    parent: list[int | None] = [None] * len(network.buses)
    place: dict[int, Place] = {}
    next_row = 0
    for root in dict.fromkeys([*roots, *graph]):
        if root in place:
            continue
        order, children = _tree(graph, root, place, parent)
        above, below = _draw(order, children)
        for bus, (depth, row) in _moved(above, next_row).items():
            place[bus] = (depth, row)
        next_row += below + 1
    return [place[bus] for bus in range(len(network.buses))], parent


def _tree(
    graph: nx.Graph, root: int, taken: dict[int, Place], parent: list[int | None]
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


def _draw(order: list[int], children: dict[int, list[int]]) -> tuple[dict[int, tuple[int, int]], int]:
    """Depth and row of each bus of one tree, rows from 0 on, and how many rows it takes."""
    place: dict[int, tuple[int, int]] = {}
    sides = {1: _Rows(), -1: _Rows()}
    waiting = [(order[0], 0, 0)]
    while waiting:
        bus, depth, side = waiting.pop()
        way = [bus]
        while children[way[-1]]:
            way.append(children[way[-1]][0])
        # The vertical piece that leads to it stands in its parent's column, so that must be free as well.
        first, last = max(depth - 1, 0), depth + len(way) - 1
        if depth == 0:
            row = 0
        else:
            if side == 0:
                side = min((1, -1), key=lambda s: sides[s].needed(first, last))
            row = side * sides[side].needed(first, last)
            sides[side].take(first, last, abs(row))
        for k, one in enumerate(way):
            place[one] = (depth + k, row)
        # Popped from the end: ways that leave deepest come first and stay nearest.
        waiting.extend(
            (child, depth + k + 1, side) for k, one in enumerate(way) for child in reversed(children[one][1:])
        )
    least = min(row for _, row in place.values())
    rows = max(row for _, row in place.values()) - least + 1
    return {bus: (depth, row - least) for bus, (depth, row) in place.items()}, rows


def _moved(place: dict[int, tuple[int, int]], by: int) -> dict[int, Place]:
    return {bus: (float(depth), float(row + by)) for bus, (depth, row) in place.items()}
