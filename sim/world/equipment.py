"""What befalls a grid's equipment in a run: faults and repairs, trips, failed starts, switches, infeeds that return.

Without surprises in the scenario nothing happens here and nothing changes. Events are rows without their time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ...results.run.rows import Row, event
from ...scenarios.case import Case
from ...scenarios.schema.scenario import Scenario
from ...scenarios.schema.time_and_place import operation_step_min
from ..islands.operating_point import IslandStep
from ..power_flow.island_topology import WorldError
from ..units.kinds import InfeedUnit, Nbsu, ReturningInfeed
from ..units.unit_model import UnitModel
from .interlock import Interlock
from .protection import Faults
from .surprises import Happening, draw_course
from .switchgear import Switchgear


class Equipment:
    """The state of what can fail. ``closed`` and ``units`` are the grid's own and are changed in place."""

    def __init__(self, case: Case, closed: dict[str, bool], units: Mapping[str, UnitModel], seed: int) -> None:
        self.view, scenario = case.view, case.scenario
        self._closed, self._units = closed, units
        self._course = draw_course(scenario.surprises, case.view, seed, float(scenario.outage.duration_min))
        self.faults, self._gear = Faults(case.view), Switchgear(self._course.switches, _operation_times(scenario))
        self._returning = [unit for unit in units.values() if isinstance(unit, ReturningInfeed)]
        self.interlock = Interlock(
            case.view, [unit.id for unit in self._returning], synchronised=scenario.switching.synchronised_closing
        )
        self._infeeds = [unit for unit in units.values() if isinstance(unit, InfeedUnit)]
        self._hold_infeeds()
        later = (unit for unit in self._infeeds if unit.held or unit in self._returning)
        returning = sorted(later, key=lambda unit: (-unit.s_kva, unit.id))
        self.balance_order = (*(unit.id for unit in returning), *case.view.balance_order)
        """as the view's, with infeeds that may return"""
        self._now, self._due = 0.0, list[Happening]()
        self._until, self._blocked = -1.0, set[str]()
        for unit, failures in self._course.failed_starts.items():
            model = units[unit]
            assert isinstance(model, Nbsu)
            model.failing_starts = failures

    def begin(self, time_min: float) -> list[Row]:
        """Let happen what is due by the step at ``time_min``: faults, repairs, returns; ``fail_units`` does trips, and
        the return of those that trip and are back within one step."""
        self._due = self._course.due(self._until, time_min)
        self._now = self._until = time_min
        events: list[Row] = []
        tripping: set[str] = set()
        for one in self._due:
            if one.kind == "fault":
                self.faults.strike(one.element)
                events.append(event("branch_faulted", one.element))
            elif one.kind == "repair":
                self.faults.repair(one.element)
                events.append(event("branch_repaired", one.element))
                events += self._hold_infeeds()
            elif one.kind == "infeed":
                infeed = self._units[one.element]
                assert isinstance(infeed, ReturningInfeed)
                infeed.upstream_live = True
                events.append(event("infeed_returned", one.element, text="voltage behind its open breaker"))
            elif one.kind == "trip":
                tripping.add(one.element)
            elif one.element not in tripping:
                self._units[one.element].recover()
                events.append(event("unit_back", one.element))
        return events

    def acting(self, orders: Mapping[str, bool]) -> tuple[dict[str, bool], list[Row]]:
        """Which switches operate now, opening ones first where infeeds may return; with events."""
        acts, events = self._gear.acting(orders, self._closed, self.faults.locked, self._now)
        if self._returning:
            acts = dict(sorted(acts.items(), key=lambda item: item[1]))
        return acts, events

    def interlocked(self, switch: str) -> bool:
        """Whether a switch must not close now."""
        return self.interlock.blocks({**self._closed, switch: True}, self.view.branches[switch].from_bus)

    def fail_units(self) -> list[Row]:
        """Trips that are due, and start-ups that failed in this step."""
        events: list[Row] = []
        tripped: set[str] = set()
        for one in self._due:
            if one.kind == "trip":
                unit = self._units[one.element]
                events.append(event("unit_tripped", unit.id, unit.p_kw, "kW", f"was {unit.was[0]}", "it failed"))
                unit.fail()
                tripped.add(unit.id)
            elif one.kind == "back" and one.element in tripped:
                self._units[one.element].recover()
                events.append(event("unit_back", one.element))
        failed = (unit.id for unit in self._units.values() if isinstance(unit, Nbsu) and unit.start_failed)
        return events + [event("nbsu_start_failed", unit, cause="it failed to start") for unit in failed]

    def operate_breakers(self) -> list[Row]:
        """Open and close the breakers of infeeds that were dead, as ordered and as the interlock allows."""
        events: list[Row] = []
        blocked: set[str] = set()
        for infeed in self._returning:
            if infeed.live and not infeed.wants_to_close:
                infeed.live = False
                events.append(event("infeed_disconnected", infeed.id))
            elif infeed.wants_to_close and not infeed.live and not infeed.held:
                if self.interlock.blocks(self._closed, infeed.bus, infeed.id):
                    blocked.add(infeed.id)
                else:
                    infeed.live = True
                    self.interlock.feed(infeed.bus, infeed.id)
                    events.append(event("infeed_connected", infeed.id))
        text = "not closed: its bus is fed by another source"
        events += [
            event("closing_blocked", infeed, text=text, cause="interlock") for infeed in sorted(blocked - self._blocked)
        ]
        self._blocked = blocked
        return events

    def isolate(self, islands: Iterable[IslandStep], operated: set[str]) -> list[Row]:
        """Open and lock the switches around faults that tripped an island in this step."""
        events: list[Row] = []
        for one in islands:
            tripped = one.trip is not None and one.trip.kind == "protection"
            for element in self.faults.within(one.island) if tripped else ():
                around = self.faults.isolate(element)
                opened = [switch for switch in around if self._closed[switch]]
                self._closed.update(dict.fromkeys(opened, False))
                operated.update(opened)
                text = f"fault; opened {', '.join(opened) or 'nothing'}; locked {', '.join(around) or 'nothing'}"
                events.append(event("protection_trip", element, None, "", text, "a new fault"))
        return events + self._hold_infeeds()

    def _hold_infeeds(self) -> list[Row]:
        """Keep the breakers of live infeeds open while a fault is isolated in their section, and close them after."""
        events: list[Row] = []
        for infeed in self._infeeds:
            held = self.view.section_of_bus[infeed.bus] in self.faults.isolated
            if held != infeed.held:
                infeed.held = held
                if infeed.live:
                    events.append(event("infeed_disconnected" if held else "infeed_connected", infeed.id))
        return events

    def check(self, one: IslandStep) -> None:
        """No energised island holds a fault. Raises WorldError."""
        if faulted := self.faults.within(one.island):
            raise WorldError(f"island {one.island.id}: energised with the fault on {faulted[0]}")

    def reported(self, now_min: float) -> dict[str, bool]:
        """Switchable branches as their terminals report them."""
        states = {b.id: self._closed[b.id] for b in self.view.branches.values() if b.switchable}
        return self._gear.reported(states, now_min)


def _operation_times(scenario: Scenario) -> Callable[[str], float]:
    """How long a switch takes from order to operation, min."""
    return lambda switch: operation_step_min(scenario.switching, switch, scenario.clock)
