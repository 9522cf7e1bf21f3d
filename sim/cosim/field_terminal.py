"""A field terminal (DTU, FTU): operates one switch on order and reports its state."""

from __future__ import annotations

import math

from ...controllers.exchange.messages import SwitchOrder
from ...controllers.strategies.strategy import Strategy
from ...scenarios.case import Case
from ...scenarios.schema.time_and_place import operation_step_min


class FieldTerminal:
    """The terminal of one switch. It obeys the last order it received; before the first it leaves the switch alone.

    An order for later waits until the switch, which takes ``operation_min``, has operated in time.
    """

    def __init__(self, switch: str, operation_min: float = 0.0) -> None:
        self.switch = switch
        self._operation_min = operation_min
        self._waiting: list[tuple[float, bool]] = []
        """(when the operation begins, to which state), in the order of time"""
        self._begun: tuple[float, bool] | None = None

    def receive(self, order: SwitchOrder) -> None:
        """Take an order of the dispatch centre; it replaces those that were to be done then or later."""
        begins_min = order.get("at_min", -math.inf) - self._operation_min
        self._waiting = [one for one in self._waiting if one[0] < begins_min]
        self._waiting.append((begins_min, order["closed"]))

    def operation(self, now_min: float) -> bool | None:
        """The state the switch shall begin to operate to, sent once per order; None: leave it alone. Asked twice in one
        instant it says the same, unless an order has come in between."""
        due = [state for begins_min, state in self._waiting if begins_min <= now_min]
        if due:
            self._waiting = self._waiting[len(due) :]
            self._begun = now_min, due[-1]
        return self._begun[1] if self._begun and self._begun[0] == now_min else None


class VoltageSensingTerminal(FieldTerminal):
    """The terminal of a switch that opens by itself when it has lost voltage, and stays open: nobody closes it."""

    def operation(self, now_min: float) -> bool | None:
        """Open, at every step."""
        return False


def field_terminals(case: Case, strategy: Strategy) -> dict[str, FieldTerminal]:
    """The terminal of every switch that can be operated.

    Without a dispatch centre, switches that lose voltage in the outage open by themselves.
    """
    view, scenario = case.view, case.scenario

    def terminal(switch: str) -> FieldTerminal:
        ends = {view.branches[switch].from_bus, view.branches[switch].to_bus}
        alone = not strategy.has_centre and ends <= view.outage_area
        if alone:
            return VoltageSensingTerminal(switch)
        return FieldTerminal(switch, operation_step_min(scenario.switching, switch, scenario.clock))

    whole = case.scenario.surprises is not None
    told_of = (b for b in view.branches.values() if b.switchable and (whole or b.isolates or not b.faulted))
    return {b.id: terminal(b.id) for b in told_of}
