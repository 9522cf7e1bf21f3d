"""A field terminal (DTU, FTU): operates one switch on order and reports its state."""

from __future__ import annotations

from ...controllers.exchange.messages import SwitchOrder
from ...controllers.strategies.strategy import Strategy
from ...scenarios.case import Case


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


def field_terminals(case: Case, strategy: Strategy) -> dict[str, FieldTerminal]:
    """The terminal of every switch that can be operated.

    Without a dispatch centre, switches that lose voltage in the outage open by themselves.
    """
    view = case.view

    def terminal(switch: str) -> FieldTerminal:
        ends = {view.branches[switch].from_bus, view.branches[switch].to_bus}
        alone = not strategy.has_centre and ends <= view.outage_area
        return VoltageSensingTerminal(switch) if alone else FieldTerminal(switch)

    told_of = (b for b in view.branches.values() if b.switchable and (case.scenario.surprises or not b.faulted))
    return {b.id: terminal(b.id) for b in told_of}
