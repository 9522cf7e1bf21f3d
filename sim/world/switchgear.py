"""Switches take their time, and may not obey: they refuse orders, operate late, or report a state that they do not
have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ...results.run.rows import Row, event
from ...scenarios.schema.surprises import SwitchTrouble


class Switchgear:
    """What becomes of orders to switches, and what field terminals say of them."""

    def __init__(
        self, troubles: Iterable[SwitchTrouble], operation_min: Callable[[str], float] = lambda switch: 0.0
    ) -> None:
        """``operation_min``: how long a switch takes from order to operation."""
        self._operation_min = operation_min
        self._troubles: dict[str, list[SwitchTrouble]] = {}
        for one in troubles:
            self._troubles.setdefault(one.switch, []).append(one)
        self._refused: dict[int, int] = {}
        """trouble (by ``id``) → orders refused so far"""
        self._late: dict[str, tuple[float, bool]] = {}
        """switch → when it will operate, and to which state"""
        self._stuck_report: dict[int, bool] = {}

    def acting(
        self, orders: Mapping[str, bool], closed: Mapping[str, bool], locked: Mapping[str, str], now_min: float
    ) -> tuple[dict[str, bool], list[Row]]:
        """Operations that take place now, of new orders and of earlier ones that took time; with events.

        ``locked``: switches that protection holds open, with the place of the fault. A new order replaces one that is
        under way, unless it says the same.
        """
        events: list[Row] = []
        under_way = {switch for switch, state in orders.items() if self._late.get(switch, (0.0, not state))[1] == state}
        orders = {switch: state for switch, state in orders.items() if switch not in under_way}
        due = {s: state for s, (at_min, state) in self._late.items() if at_min <= now_min and s not in orders}
        for switch in [*due, *orders]:
            self._late.pop(switch, None)
        acts: dict[str, bool] = {}
        for switch, state in [*due.items(), *orders.items()]:
            if state and not closed[switch] and switch in locked:
                text = f"locked: fault at {locked[switch]}"
                events.append(event("switch_refused", switch, int(state), "", text, text))
            elif switch in due or state == closed[switch]:
                acts[switch] = state
            elif self._hinders(switch, state, now_min, events):
                continue
            elif takes_min := self._operation_min(switch):
                self._late[switch] = (now_min + takes_min, state)
            else:
                acts[switch] = state
        return acts, events

    def _hinders(self, switch: str, state: bool, now_min: float, events: list[Row]) -> bool:
        """Whether a switch does not carry out an order at once."""
        for one in self._troubles.get(switch, ()):
            if now_min < one.from_min or one.kind == "misreports":
                continue
            if one.kind == "late":
                assert one.delay_min is not None
                self._late[switch] = (now_min + one.delay_min, state)
                events.append(event("switch_late", switch, one.delay_min, "min", "will operate later"))
                return True
            refused = self._refused.get(id(one), 0)
            if one.times is None or refused < one.times:
                self._refused[id(one)] = refused + 1
                events.append(
                    event("switch_refused", switch, int(state), "", "does not operate", "the switch does not operate")
                )
                return True
        return False

    def reported(self, closed: Mapping[str, bool], now_min: float) -> dict[str, bool]:
        """States as field terminals report them at ``now_min``; a stuck contact shows what was when it stuck."""
        told = dict(closed)
        for switch, troubles in self._troubles.items():
            for one in troubles:
                if one.kind != "misreports" or now_min < one.from_min or now_min >= (one.until_min or float("inf")):
                    continue
                told[switch] = self._stuck_report.setdefault(id(one), closed[switch])
        return told
