"""Islands: what closed branches join, and which unit forms the voltage of each. Topology only, no power."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...scenarios.errors import RelightError
from ...scenarios.view import Branch, GridView


class WorldError(RelightError):
    """Something that always holds (docs/world.md) does not: an error in the world itself, never in a plan."""


@dataclass(frozen=True)
class Island:
    """Buses joined by closed branches, in the view's order; named after its first bus.

    ``loops``: independent loops of sections; 0 in a radial island. Several ways inside one section (a double line, a
    ring of bars) are none: no switch could open them.
    """

    id: str
    buses: tuple[str, ...]
    branches: tuple[str, ...]
    loops: int

    @classmethod
    def of(cls, view: GridView, buses: Sequence[str], branches: Sequence[str]) -> Island:
        """The island of these buses, which these closed branches join."""
        own = [view.branches[name] for name in branches]
        part = joined(buses, (b for b in own if not b.switchable))
        ways = sum(part[b.from_bus] != part[b.to_bus] for b in own if b.switchable)
        return cls(buses[0], tuple(buses), tuple(branches), ways - len(set(part.values())) + 1)


def joined(buses: Iterable[str], branches: Iterable[Branch]) -> dict[str, str]:
    """Bus → one that stands for all buses to which these branches join it."""
    root = {bus: bus for bus in buses}

    def find(bus: str) -> str:
        while root[bus] != bus:
            root[bus] = root[root[bus]]
            bus = root[bus]
        return bus

    for branch in branches:
        root[find(branch.to_bus)] = find(branch.from_bus)
    return {bus: find(bus) for bus in root}


def find_islands(view: GridView, closed: Mapping[str, bool]) -> list[Island]:
    """All islands, also single buses, in the view's order. ``closed`` holds every branch of the view."""
    closed_branches = [b for b in view.branches.values() if closed[b.id]]
    part = joined(view.buses, closed_branches)
    buses: dict[str, list[str]] = {}
    branches: dict[str, list[str]] = {}
    for bus in view.buses:
        buses.setdefault(part[bus], []).append(bus)
    for branch in closed_branches:
        branches.setdefault(part[branch.from_bus], []).append(branch.id)
    return [Island.of(view, members, branches.get(r, ())) for r, members in buses.items()]


@dataclass(frozen=True)
class BalanceChoice:
    """The unit that forms an island's voltage (None: dark), those that wanted to but may not, and how it came about."""

    unit: str | None
    demoted: tuple[str, ...] = ()
    takes_over: bool = False


def choose_balance_unit(
    balance_order: Collection[str],
    units: Collection[str],
    willing: Collection[str],
    on_line: Collection[str],
    forming: Collection[str],
) -> BalanceChoice:
    """Choose among ``units`` of an island: the first in ``balance_order`` of those ``willing`` (ordered to form the
    voltage, and able to). If none is, a unit that is ``on_line`` takes over, one that was ``forming`` first; the
    caller passes nobody on line for an island that was dark.
    """
    order = [unit for unit in balance_order if unit in units]
    chosen = [unit for unit in order if unit in willing]
    if chosen:
        return BalanceChoice(chosen[0], tuple(chosen[1:]))
    heirs = [unit for unit in order if unit in on_line]
    heirs.sort(key=lambda unit: unit not in forming)
    return BalanceChoice(heirs[0], takes_over=True) if heirs else BalanceChoice(None)
