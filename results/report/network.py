"""The network of a run as its folder tells it (``network.json``), and which buses form which island at each step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..run.read import NotARun, read_json

DARK = -1


@dataclass(frozen=True)
class DrawnNetwork:
    """Rows of ``network.json``; see ``relight.scenarios.networks.drawing``."""

    buses: list[dict[str, Any]]
    branches: list[dict[str, Any]]
    units: list[dict[str, Any]]
    local_areas: list[dict[str, Any]]

    @cached_property
    def bus_number(self) -> dict[str, int]:
        return {bus["id"]: k for k, bus in enumerate(self.buses)}

    @cached_property
    def ends(self) -> np.ndarray:
        """Bus numbers of each branch: (branches, 2)."""
        number = self.bus_number
        pairs = [(number[b["from_bus"]], number[b["to_bus"]]) for b in self.branches]
        return np.array(pairs, dtype=int).reshape(-1, 2)


def read_network(folder: Path) -> DrawnNetwork | None:
    """The network of a run's folder; None where an older one has no ``network.json``. Raises NotARun if damaged."""
    path = folder / "network.json"
    if not path.is_file():
        return None
    content = read_json(path)
    try:
        network = DrawnNetwork(**{name: content[name] for name in ("buses", "branches", "units", "local_areas")})
        missing = [u["bus"] for u in network.units if u["bus"] not in network.bus_number]
        missing += [bus for la in network.local_areas for bus in la["buses"] if bus not in network.bus_number]
        _ = network.ends
    except (KeyError, TypeError) as error:
        raise NotARun(f"{path}: not a network table ({error!r})") from error
    if missing:
        raise NotARun(f"{path}: no such bus: {', '.join(missing)}")
    return network


def islands(network: DrawnNetwork, closed: np.ndarray, energised: np.ndarray) -> np.ndarray:
    """Island of each bus at each step: the number of its first bus, ``DARK`` where it is not energised.

    ``closed`` (branches × steps) and ``energised`` (buses × steps) are 1 or 0; anything else counts as 0. Buses are
    joined by closed branches whose ends are both energised, as in series/island.csv.
    """
    count, steps = energised.shape
    found = np.full((count, steps), DARK)
    start, end = network.ends.T
    for step in range(steps):
        live = energised[:, step] == 1
        joined = (closed[:, step] == 1) & live[start] & live[end]
        graph = coo_matrix((np.ones(int(joined.sum())), (start[joined], end[joined])), shape=(count, count))
        _, component = connected_components(graph, directed=False)
        _, first, number = np.unique(component, return_index=True, return_inverse=True)
        found[live, step] = first[number][live]
    return found
