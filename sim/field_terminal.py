"""A field terminal (DTU, FTU): operates one switch on order and reports its state."""

from __future__ import annotations

from controllers.messages import SwitchOrder


class FieldTerminal:
    """The terminal of one switch. It obeys the last order it received; before the first it leaves the switch alone."""

    def __init__(self, switch: str) -> None:
        self.switch = switch
        self._ordered: bool | None = None

    def receive(self, order: SwitchOrder) -> None:
        """Take an order of the dispatch centre."""
        self._ordered = order["closed"]

    def operation(self) -> bool | None:
        """The state the switch shall have, sent once per order; None: leave it alone."""
        ordered, self._ordered = self._ordered, None
        return ordered


class VoltageSensingTerminal(FieldTerminal):
    """The terminal of a switch that opens by itself when it has lost voltage, and stays open: nobody closes it."""

    def operation(self) -> bool | None:
        """Open, at every step."""
        return False
