"""The one-line diagram's geometry in pixels: buses, branches with the places of their switches, and units."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from .network import DrawnNetwork
from .tree_layout import tree_layout

SPACING = 64.0
"""Median length of a branch as drawn; more where there are many units to stand beside the buses."""
LEAST = 24.0
"""Buses are moved until they are this far apart."""
READABLE = 2800.0
"""A drawing by coordinates that is wider or higher becomes too small on a page."""
UNIT_BOX = (46.0, 26.0)
_TREE_STEP = (60.0, 64.0)
_GRAIN = 6.0
"""Distance of the points that stand for a line when something is to keep clear of it."""


@dataclass(frozen=True)
class Layout:
    """``bus``: places (buses, 2). ``path``: an SVG path per branch. ``switch``: x, y and angle (degrees) of the middle
    of each branch. ``unit``: centre of each unit's box. ``by``: coordinates or tree. ``box``: x, y, width, height."""

    bus: np.ndarray
    path: list[str]
    switch: list[tuple[float, float, float]]
    unit: list[tuple[float, float]]
    by: str
    box: tuple[float, float, float, float]


def layouts(network: DrawnNetwork) -> list[Layout]:
    """By coordinates where the network has usable ones, and as a tree of feeders; the more readable one first."""
    cells, parent = tree_layout(network)
    tree = _drawn(network, np.array(cells, dtype=float).reshape(-1, 2) * _TREE_STEP, "tree", parent)
    place = _from_coordinates(network)
    if place is None:
        return [tree]
    by_place = _drawn(network, place, "coordinates", [None] * len(network.buses))
    return [by_place, tree] if max(by_place.box[2:]) <= READABLE else [tree, by_place]


def _drawn(network: DrawnNetwork, place: np.ndarray, by: str, parent: list[int | None]) -> Layout:
    path, switch, points = [], [], [place]
    tree = KDTree(place)
    for start, end in network.ends.tolist():
        elbow = start in (parent[end],) or end in (parent[start],)
        first, last = (end, start) if elbow and parent[start] == end else (start, end)
        line = _elbow(place[first], place[last]) if elbow else _clear(place, tree, first, last)
        path.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line))
        switch.append(_middle(line[-2:] if elbow else line))
        points.append(_along(line))
    unit = _place_units(network, place, np.concatenate([*points, np.array([s[:2] for s in switch]).reshape(-1, 2)]))
    corners = np.concatenate([*points, np.array(unit).reshape(-1, 2)])
    margin = max(40.0, 0.025 * float(np.ptp(corners, axis=0).max()))
    low, high = corners.min(axis=0) - margin, corners.max(axis=0) + margin
    return Layout(place, path, switch, unit, by, (*np.round(low, 1).tolist(), *np.round(high - low, 1).tolist()))


def _from_coordinates(network: DrawnNetwork) -> np.ndarray | None:
    """Places by coordinates, y upwards on the page; None if a bus has none or two have the same."""
    given = [(bus.get("x"), bus.get("y")) for bus in network.buses]
    if any(x is None or y is None for x, y in given):
        return None
    place = np.array(given, dtype=float) * (1, -1)
    extent = float(np.ptp(place, axis=0).max())
    if len(place) > 1 and (extent == 0 or len(np.unique(np.round(place / extent, 4), axis=0)) < len(place)):
        return None
    start, end = network.ends.T
    length = np.hypot(*(place[start] - place[end]).T)
    typical = float(np.median(length)) if len(length) else extent
    crowded = 1 + max(0.0, len(network.units) / len(place) - 0.4)
    return _apart((place - place.min(axis=0)) * (crowded * SPACING / (typical or 1.0)))


def _apart(place: np.ndarray, rounds: int = 200) -> np.ndarray:
    """Buses that stand too near each other, moved apart a little at a time."""
    place = place.copy()
    for _ in range(rounds):
        pairs = KDTree(place).query_pairs(LEAST - 1e-6, output_type="ndarray")
        if not len(pairs):
            break
        between = place[pairs[:, 1]] - place[pairs[:, 0]]
        distance = np.hypot(*between.T)[:, None]
        move = 0.5 * (LEAST - distance) * between / np.maximum(distance, 1e-9)
        np.add.at(place, pairs[:, 0], -move)
        np.add.at(place, pairs[:, 1], move)
    return place


def _elbow(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Aslant from the parent, up or down beside it, then across to the child."""
    if abs(start[1] - end[1]) < 1:
        return np.array([start, end])
    slant, side = 14.0, np.sign(end[1] - start[1])
    x = start[0] + slant
    return np.array([start, (x, start[1] + side * slant), (x, end[1]), end])


def _clear(place: np.ndarray, tree: KDTree, first: int, last: int) -> np.ndarray:
    """A straight line, or an arc where the straight one would run over other buses."""
    start, end = place[first], place[last]
    across = np.array([start[1] - end[1], end[0] - start[0]])
    best, fewest = np.array([start, end]), math.inf
    for bulge in (0.0, 0.12, -0.12, 0.22, -0.22, 0.34, -0.34):
        line = _arc(start, end, across * bulge) if bulge else best
        near = set(itertools.chain.from_iterable(tree.query_ball_point(_along(line), 13.0))) - {first, last}
        if len(near) < fewest:
            best, fewest = line, len(near)
        if not near:
            break
    return best


def _arc(start: np.ndarray, end: np.ndarray, bulge: np.ndarray, pieces: int = 12) -> np.ndarray:
    part = np.linspace(0, 1, pieces + 1)[:, None]
    return start + (end - start) * part + bulge * (4 * part * (1 - part))


def _along(line: np.ndarray) -> np.ndarray:
    """Points along a line, near each other."""
    parts: list[np.ndarray] = []
    for start, end in itertools.pairwise(line):
        count = max(2, int(np.hypot(*(end - start)) / _GRAIN) + 1)
        parts.append(np.linspace(start, end, count))
    return np.concatenate(parts)


def _middle(line: np.ndarray) -> tuple[float, float, float]:
    """Middle of a line, and its direction there in degrees."""
    length = np.hypot(*np.diff(line, axis=0).T)
    reached, half = 0.0, float(length.sum()) / 2
    for k, piece in enumerate(length.tolist()):
        if reached + piece >= half:
            step = line[k + 1] - line[k]
            x, y = line[k] + step * ((half - reached) / (piece or 1.0))
            return round(float(x), 1), round(float(y), 1), round(math.degrees(math.atan2(step[1], step[0])), 1)
        reached += piece
    return round(float(line[0][0]), 1), round(float(line[0][1]), 1), 0.0


def _place_units(network: DrawnNetwork, place: np.ndarray, obstacles: np.ndarray) -> list[tuple[float, float]]:
    """A box beside its bus for each unit, where it covers least of lines, buses, switches and boxes before it."""
    width, height = UNIT_BOX
    tree, boxes = KDTree(obstacles), list[tuple[float, float]]()
    boxes_at: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for unit in network.units:
        x, y = place[network.bus_number[unit["bus"]]]
        best, least = (float(x), float(y)), math.inf
        for rank, (dx, dy) in enumerate(_POSITIONS):
            centre = (float(x + dx), float(y + dy))
            near = obstacles[tree.query_ball_point(centre, math.hypot(width, height) / 2 + 8)]
            covered = (np.abs(near - centre) < (width / 2 + 5, height / 2 + 5)).all(axis=1).sum() if len(near) else 0
            beside = itertools.chain.from_iterable(boxes_at.get(cell, ()) for cell in _cells_around(centre))
            over = sum(abs(bx - centre[0]) < width + 4 and abs(by - centre[1]) < height + 4 for bx, by in beside)
            cost = 50 * over + 3 * int(covered) + 0.2 * rank
            if cost < least:
                best, least = centre, cost
        boxes.append((round(best[0], 1), round(best[1], 1)))
        boxes_at.setdefault(_cells_around(best)[4], []).append(best)
    return boxes


def _cells_around(centre: tuple[float, float]) -> list[tuple[int, int]]:
    """A point's cell of a coarse grid, in the middle of those around it; boxes further off cannot touch."""
    column, row = (math.floor(value / (UNIT_BOX[0] + 4)) for value in centre)
    return [(column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]


_POSITIONS = [
    (dx * 34, dy * reach)
    for reach in (34, 50, 66)
    for dx, dy in ((0, -1), (0, 1), (0.75, -1), (-0.75, -1), (0.75, 1), (-0.75, 1), (1.5, -1), (-1.5, -1), (1.5, 1),
                   (-1.5, 1), (1.4, 0.0), (-1.4, 0.0))
]  # fmt: skip
"""Where a unit's box may stand beside its bus, best first: above, below, aslant, at the side."""
