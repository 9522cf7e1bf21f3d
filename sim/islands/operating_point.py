"""One island in one step, and the search for its operating point: dispatch, AC power flow, again until they agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..power_flow.island_topology import BalanceChoice, Island
from ..power_flow.protocol import IslandInput, IslandSolution, Power, State
from ..units.unit_model import UnitModel, clip
from .balance import BalanceSource, CannotBalance, Demand, IslandDispatch, Task, balance
from .frequency import Response

MAX_ROUNDS = 10
"""Power flows per island and step; an island that needs more collapses."""


@dataclass(frozen=True)
class Trip:
    """Why an island went dark in this step although something was to hold it."""

    kind: Literal["collapse", "not_converged", "protection"]
    text: str


@dataclass
class IslandStep:
    """An island in a step. ``demand`` (kW, kvar) is of all its LAs by bus, shed or not; ``shed`` of earlier steps."""

    island: Island
    choice: BalanceChoice
    units: dict[str, UnitModel]
    demand: dict[str, dict[str, Power]]
    priority: Mapping[str, float]
    shed: frozenset[str]
    trip: Trip | None = None
    task: Task | None = None
    dispatch: IslandDispatch | None = None
    flow: IslandSolution | None = None
    output: dict[str, Power] = field(default_factory=dict)
    """what each unit gave, by id (kW, kvar); empty when dark"""
    frequency: Response | None = None
    """response to the step's sudden change; None where an infeed holds the island, it is dark or frequency is off"""

    @property
    def energised(self) -> bool:
        return self.choice.unit is not None and self.trip is None

    @property
    def served(self) -> dict[str, Power]:
        """(kW, kvar) by LA, 0 where dark or shed."""
        unserved = set(self.demand) if not self.energised else self.all_shed
        return {la: (0.0, 0.0) if la in unserved else _total(buses) for la, buses in self.demand.items()}

    @property
    def all_shed(self) -> frozenset[str]:
        """Shed LAs, also of this step."""
        return self.shed | frozenset(self.dispatch.shed if self.dispatch and self.energised else ())

    def pose(self) -> None:
        """Set the task from the state and set-points of the units."""
        assert self.choice.unit is not None
        running = [u for u in self.units.values() if u.running and u.id != self.choice.unit]
        self.task = Task(
            balance=_source(self.units[self.choice.unit], (0.0, 0.0)),
            followers=tuple(_source(u, u.set_point()) for u in running),
            startup_kw=sum((u.startup_kw for u in self.units.values()), 0.0),
            demands=tuple(
                Demand(la, self.priority[la], *_total(self.demand[la])) for la in self.demand if la not in self.shed
            ),
        )

    def outputs(self) -> dict[str, Power]:
        """(kW, kvar) of all units but the balance unit, as dispatched."""
        assert self.dispatch is not None
        given = {u.id: (u.p_range()[0], 0.0) for u in self.units.values() if u.state == "starting"}
        return given | {unit: (p, self.dispatch.q_kvar[unit]) for unit, p in self.dispatch.p_kw.items()}

    def power_flow_input(self) -> IslandInput:
        assert self.choice.unit is not None
        load: dict[str, Power] = {}
        for la, buses in self.demand.items():
            if la not in self.all_shed:
                load |= buses
        return IslandInput(self.island, self.choice.unit, load, self.outputs())

    def fail(self, kind: Literal["collapse", "not_converged", "protection"], text: str) -> None:
        """Go dark for this step."""
        self.trip, self.flow, self.dispatch, self.output = Trip(kind, text), None, None, {}

    def accept(self) -> None:
        """Book outputs; the balance unit's is cut to its limits, which it passes by the balance's tolerance at most."""
        assert self.task is not None and self.flow is not None
        low, high = self.task.balance.p_range
        p_kw = clip(self.flow.p_balance_kw, low, high)
        q_max = self.task.balance.q_max(p_kw)
        self.output = self.outputs() | {self.task.balance.id: (p_kw, clip(self.flow.q_balance_kvar, -q_max, q_max))}


def settle(islands: Iterable[IslandStep], solve: Callable[[State], list[IslandSolution | None]]) -> None:
    """Find the operating point of each island, or let it collapse. Each round solves all that are left."""
    pending = list(islands)
    for one in pending:
        one.pose()
        _dispatch(one, 0.0, None)
    for k in range(MAX_ROUNDS):
        pending = [one for one in pending if one.energised]
        flows = zip(pending, solve([one.power_flow_input() for one in pending]), strict=True)
        pending = [one for one, flow in flows if not _settles(one, flow, last=k == MAX_ROUNDS - 1)]
        if not pending:
            return


def _settles(one: IslandStep, flow: IslandSolution | None, last: bool) -> bool:
    """Take a power flow's result: done (True), or dispatched anew with its losses."""
    if flow is None:
        one.fail("not_converged", "the AC power flow does not converge")
        return True
    assert one.task is not None and one.dispatch is not None
    within = one.dispatch.is_within(one.task, flow.p_balance_kw, flow.q_balance_kvar)
    if within and (last or not one.dispatch.is_needless(flow.p_balance_kw)):
        one.flow = flow
        one.accept()
        return True
    if last:
        one.fail("collapse", f"no balance after {MAX_ROUNDS} power flows")
        return True
    _dispatch(one, flow.losses_kw, flow.losses_kvar)
    return False


def _dispatch(one: IslandStep, losses_kw: float, losses_kvar: float | None) -> None:
    assert one.task is not None
    shed = one.dispatch.shed if one.dispatch else ()
    try:
        one.dispatch = balance(one.task, losses_kw, losses_kvar, shed)
    except CannotBalance as problem:
        one.fail("collapse", str(problem))


def _total(buses: dict[str, Power]) -> Power:
    return sum((p for p, _ in buses.values()), 0.0), sum((q for _, q in buses.values()), 0.0)


def _source(unit: UnitModel, set_point: Power) -> BalanceSource:
    return BalanceSource(unit.id, unit.gives_way, unit.s_kva, unit.sin_phi, unit.p_range(), *set_point)
