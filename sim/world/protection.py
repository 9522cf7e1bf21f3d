"""Faults: what protection does, what keeps a fault isolated, and what field terminals tell of it."""

from __future__ import annotations

from ...scenarios.view import GridView
from ..power_flow.island_topology import Island


class Faults:
    """What is faulted, and the switches that isolate it.

    The place of a fault is all that terminals can tell: the switchable branch itself, or the section it lies in. Its
    switches are the branch's own, or all at the section. They are locked open from the trip until the repair; those
    around a section that was faulted before the first step have tripped then.
    """

    def __init__(self, view: GridView) -> None:
        self._view = view
        self.elements = dict.fromkeys(view.faults)
        """in the order in which they failed"""
        self._tripped: dict[str, set[str]] = {}
        """switch that opened on faults → their places"""
        self._known = {one: {one} for one in view.faults if view.is_apart(one)}
        """the same for faults on switches from before the first step, which keep nothing locked"""
        self.isolated = set(view.held)
        """sections whose faults are isolated"""
        for section in view.held:
            self._lock(view.switches_at(section), section)

    def strike(self, element: str) -> None:
        """An element is faulted from now on."""
        self.elements[element] = None

    def repair(self, element: str) -> None:
        """An element is whole again; switches are unlocked unless there is another fault at the same place."""
        self.elements.pop(element, None)
        self._known.pop(element, None)
        left = set(map(self._view.fault_place, self.elements))
        self._tripped = {switch: places & left for switch, places in self._tripped.items() if places & left}
        self.isolated &= left

    @property
    def locked(self) -> dict[str, str]:
        """Switches that protection holds open, and for what."""
        return {switch: ", ".join(sorted(places)) for switch, places in self._tripped.items()}

    def within(self, island: Island) -> list[str]:
        """What is faulted in an island, its branches first."""
        view, buses = self._view, set(island.buses)
        on_branches = [one for one in island.branches if one in self.elements]
        at_sections = [one for one in self.elements if not view.is_apart(one) and view.fault_place(one) in buses]
        return list(dict.fromkeys([*on_branches, *at_sections]))

    def isolate(self, element: str) -> list[str]:
        """Lock the switches around a fault; returns them."""
        place = self._view.fault_place(element)
        if self._view.is_apart(element):
            around = [element]
        else:
            around = self._view.switches_at(place)
            self.isolated.add(place)
        self._lock(around, place)
        return around

    def _lock(self, switches: list[str], place: str) -> None:
        for switch in switches:
            self._tripped.setdefault(switch, set()).add(place)

    def reports(self) -> dict[str, list[str]]:
        """Places of the faults that a switch's terminal saw, for each that saw any."""
        seen = {switch: set(places) for switch, places in self._known.items()}
        for switch, places in self._tripped.items():
            seen.setdefault(switch, set()).update(places)
        return {switch: sorted(places) for switch, places in seen.items()}
