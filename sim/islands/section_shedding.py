"""Shedding where single areas have no switch: a section switch opens, and what lies behind it is dark.

Of the closed switches that part sections from the balance unit, and whose part draws more than it gives of what is
lacking, the one opens behind which the plan serves least: ``value`` as in ``balance.Demand``, ids to break ties. A
switch in a loop parts nothing. What is parted goes dark and its units trip; a new order must bring it back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ...scenarios.view import GridView
from ..power_flow.island_topology import Island
from ..units.unit_model import UnitModel
from .balance import Cause


@dataclass(frozen=True)
class SectionCut:
    """A switch to open and the buses behind it; what their customers draw and their units give (kW, kvar)."""

    switch: str
    buses: frozenset[str]
    value: tuple[float, ...]
    p_kw: float
    q_kvar: float
    given_kw: float
    given_kvar: float

    def helps(self, cause: Cause) -> bool:
        """Whether without it there is less of what is lacking."""
        if cause == "deficit":
            return self.p_kw > self.given_kw
        return cause == "reactive deficit" and self.q_kvar > self.given_kvar


@dataclass(frozen=True)
class Drawn:
    """What an LA draws (kW, kvar), and what the plan serves of it is worth."""

    bus: str
    value: tuple[float, ...]
    p_kw: float
    q_kvar: float


def cuts(
    view: GridView, island: Island, balance_bus: str, drawn: Mapping[str, Drawn], units: Mapping[str, UnitModel]
) -> list[SectionCut]:
    """All parts that a closed switch of the island can part from its balance unit, least value first."""
    found: list[SectionCut] = []
    for switch in island.branches:
        if not view.branches[switch].switchable:
            continue
        kept = _reached(view, balance_bus, [b for b in island.branches if b != switch])
        behind = frozenset(island.buses) - kept
        if behind:
            found.append(_cut(switch, behind, drawn, units))
    return sorted(found, key=lambda cut: (cut.value, cut.switch))


def parted(view: GridView, island: Island, cut: SectionCut) -> tuple[Island, Island]:
    """The island without what is cut off, and that."""
    main = [bus for bus in island.buses if bus not in cut.buses]
    rest = [bus for bus in island.buses if bus in cut.buses]
    return _island(view, island, main, cut.switch), _island(view, island, rest, cut.switch)


def _island(view: GridView, island: Island, buses: list[str], without: str) -> Island:
    held = set(buses)
    branches = [b for b in island.branches if b != without and view.branches[b].from_bus in held]
    return Island.of(view, buses, branches)


def _reached(view: GridView, start: str, branches: Collection[str]) -> set[str]:
    beside: dict[str, list[str]] = {}
    for name in branches:
        branch = view.branches[name]
        beside.setdefault(branch.from_bus, []).append(branch.to_bus)
        beside.setdefault(branch.to_bus, []).append(branch.from_bus)
    seen, left = {start}, [start]
    while left:
        for bus in beside.get(left.pop(), ()):
            if bus not in seen:
                seen.add(bus)
                left.append(bus)
    return seen


def _cut(switch: str, behind: frozenset[str], drawn: Mapping[str, Drawn], units: Mapping[str, UnitModel]) -> SectionCut:
    areas = [one for one in drawn.values() if one.bus in behind]
    own = [unit for unit in units.values() if unit.bus in behind]
    lengths = max((len(one.value) for one in drawn.values()), default=0)
    set_points = {unit.id: unit.set_point() for unit in own}
    return SectionCut(
        switch,
        behind,
        tuple(sum(one.value[k] for one in areas) for k in range(lengths)),
        sum(one.p_kw for one in areas) + sum(unit.startup_kw for unit in own),
        sum(one.q_kvar for one in areas),
        # Charging would have been cut before, and reactive power given as far as there is room.
        sum(max(set_points[unit.id][0], 0.0) for unit in own if unit.running),
        sum(unit.q_max(set_points[unit.id][0]) for unit in own),
    )
