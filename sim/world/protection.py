"""Faults on branches: what protection does, what keeps a fault isolated, and what field terminals tell of it."""

from __future__ import annotations

from collections.abc import Sequence

from ...scenarios.view import GridView


class Faults:
    """Faulted branches and the switches that isolate them.

    The place of a fault is all that terminals can tell: the switchable branch itself, or the section it lies in. Its
    switches are the branch's own, or all at the section. They are locked open from the trip until the repair.
    """

    def __init__(self, view: GridView) -> None:
        self._view = view
        self.branches = {b.id for b in view.branches.values() if b.faulted}
        self._tripped: dict[str, set[str]] = {}
        """switch that opened on faults → their places"""
        self._known = {branch: {branch} for branch in self.branches}
        """the same for faults from before the first step, which keep nothing locked"""

    def place(self, branch: str) -> str:
        """Where terminals see a fault on a branch."""
        one = self._view.branches[branch]
        return branch if one.switchable else self._view.section_of_bus[one.from_bus]

    def switches_around(self, branch: str) -> list[str]:
        """Switches that isolate a fault on a branch."""
        view, place = self._view, self.place(branch)
        if place == branch:
            return [branch]
        at = view.section_of_bus
        return [b.id for b in view.branches.values() if b.switchable and place in (at[b.from_bus], at[b.to_bus])]

    def strike(self, branch: str) -> None:
        """A branch is faulted from now on."""
        self.branches.add(branch)

    def repair(self, branch: str) -> None:
        """A branch is whole again; switches are unlocked unless there is another fault at the same place."""
        self.branches.discard(branch)
        self._known.pop(branch, None)
        left = {self.place(other) for other in self.branches}
        self._tripped = {switch: places & left for switch, places in self._tripped.items() if places & left}

    @property
    def locked(self) -> dict[str, str]:
        """Switches that protection holds open, and for what."""
        return {switch: ", ".join(sorted(places)) for switch, places in self._tripped.items()}

    def within(self, branches: Sequence[str]) -> str | None:
        """The first faulted branch among these."""
        return next((b for b in branches if b in self.branches), None)

    def isolate(self, branch: str) -> list[str]:
        """Lock the switches around a fault; returns them."""
        around = self.switches_around(branch)
        for switch in around:
            self._tripped.setdefault(switch, set()).add(self.place(branch))
        return around

    def reports(self) -> dict[str, list[str]]:
        """Places of the faults that a switch's terminal saw, for each that saw any."""
        seen = {switch: set(places) for switch, places in self._known.items()}
        for switch, places in self._tripped.items():
            seen.setdefault(switch, set()).update(places)
        return {switch: sorted(places) for switch, places in seen.items()}
