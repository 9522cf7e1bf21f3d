"""One island in one step, and the search for its operating point: dispatch, AC power flow, again until they agree."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ...scenarios.schema.scenario import LoadControl
from ...scenarios.view import GridView
from ..power_flow.island_topology import BalanceChoice, Island
from ..power_flow.protocol import IslandInput, IslandSolution, Power, State
from ..units.unit_model import UnitModel, clip
from .balance import NOBODY_SHED, BalanceSource, CannotBalance, Cause, Demand, IslandDispatch, Task, balance
from .causes import shortfall_in_words
from .frequency import Response
from .section_shedding import Drawn, SectionCut, cuts, parted

MAX_ROUNDS = 10
"""Power flows per island and step; an island that needs more collapses."""


TripKind = Literal["collapse", "not_converged", "protection", "shed"]


@dataclass(frozen=True)
class Trip:
    """Why an island went dark in this step although something was to hold it; shed: its section switch opened.

    ``cause``: the limiting thing, and what differed from the plan, where there is more to tell than ``text`` does."""

    kind: TripKind
    text: str
    cause: str = ""


@dataclass
class IslandStep:
    """An island in a step. ``demand`` (kW, kvar) is of all its LAs by bus, on or off; ``value`` as in ``Demand``.

    ``ordered``: share of an LA's demand that is on by order; ``on``: what is left of it before the island is balanced.
    ``planned_kw``: planned supply by LA; ``causes``: why each LA that was shed in this step was.
    """

    island: Island
    choice: BalanceChoice
    units: dict[str, UnitModel]
    demand: dict[str, dict[str, Power]]
    value: Mapping[str, tuple[float, ...]]
    ordered: Mapping[str, float]
    on: dict[str, float]
    load_control: LoadControl
    view: GridView
    trip: Trip | None = None
    opened: str | None = None
    """the section switch that parted it from a live island in this step"""
    task: Task | None = None
    dispatch: IslandDispatch | None = None
    flow: IslandSolution | None = None
    output: dict[str, Power] = field(default_factory=dict)
    """what each unit gave, by id (kW, kvar); empty when dark"""
    frequency: Response | None = None
    """response to the step's sudden change; None where an infeed holds the island, it is dark or frequency is off"""
    planned_kw: Mapping[str, float] = field(default_factory=dict)
    causes: dict[str, str] = field(default_factory=dict)

    @property
    def energised(self) -> bool:
        return self.choice.unit is not None and self.trip is None

    @property
    def served(self) -> dict[str, Power]:
        """(kW, kvar) by LA, 0 where dark or off."""
        return {
            la: _scaled(_total(buses), self.share(la)) if self.energised else (0.0, 0.0)
            for la, buses in self.demand.items()
        }

    def share(self, la: str) -> float:
        """Share of an LA's demand that is on, also after what was shed in this step."""
        shed = self.dispatch is not None and self.energised
        return self.on[la] * (self.dispatch.kept.get(la, 1.0) if shed and self.dispatch else 1.0)

    def pose(self) -> None:
        """Set the task from the state and set-points of the units."""
        assert self.choice.unit is not None
        running = [u for u in self.units.values() if u.running and u.id != self.choice.unit]
        self.task = Task(
            balance=_source(self.units[self.choice.unit], (0.0, 0.0)),
            followers=tuple(_source(u, u.set_point()) for u in running),
            startup_kw=sum((u.startup_kw for u in self.units.values()), 0.0),
            demands=tuple(
                Demand(la, self.value[la], *_scaled(_total(self.demand[la]), self.on[la]))
                for la in self.demand
                if self.on[la] > 0
            ),
            load_control=self.load_control,
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
            if (share := self.share(la)) > 0:
                load |= {bus: _scaled(power, share) for bus, power in buses.items()}
        return IslandInput(self.island, self.choice.unit, load, self.outputs())

    def least_cut(self, cause: Cause, areas: Collection[str] = ()) -> SectionCut | None:
        """The part of least value that a section switch can part and that helps; with one of these LAs, if any."""
        assert self.choice.unit is not None
        drawn = {
            la: Drawn(self.view.local_areas[la].buses[0], self.value[la], *_scaled(_total(buses), self.on[la]))
            for la, buses in self.demand.items()
        }
        found = cuts(self.view, self.island, self.units[self.choice.unit].bus, drawn, self.units)
        wanted = {self.view.local_areas[la].buses[0] for la in areas}
        found = [cut for cut in found if not (wanted and wanted.isdisjoint(cut.buses))]
        return next((cut for cut in found if cut.helps(cause)), None)

    def part(self, cut: SectionCut, why: str, cause: str = "") -> IslandStep:
        """Open a section switch: this island goes on without what is behind it, which is returned, dark."""
        main, rest = parted(self.view, self.island, cut)
        areas = {la for la in self.demand if self.view.local_areas[la].buses[0] in cut.buses}
        behind = IslandStep(
            rest,
            BalanceChoice(None),
            {u: unit for u, unit in self.units.items() if unit.bus in cut.buses},
            {la: buses for la, buses in self.demand.items() if la in areas},
            self.value,
            self.ordered,
            self.on,
            self.load_control,
            self.view,
            planned_kw=self.planned_kw,
            trip=Trip("shed", f"{why}; {len(rest.buses)} buses behind it", cause),
            opened=cut.switch,
        )
        self.island = main
        self.choice = replace(self.choice, demoted=tuple(u for u in self.choice.demoted if u not in behind.units))
        self.units = {u: unit for u, unit in self.units.items() if u not in behind.units}
        self.demand = {la: buses for la, buses in self.demand.items() if la not in areas}
        self.dispatch = None
        return behind

    def fail(self, kind: TripKind, text: str, cause: str = "") -> None:
        """Go dark for this step."""
        self.trip, self.flow, self.dispatch, self.output = Trip(kind, text, cause), None, None, {}

    def accept(self) -> None:
        """Book outputs; the balance unit's is cut to its limits, which it passes by the balance's tolerance at most."""
        assert self.task is not None and self.flow is not None
        low, high = self.task.balance.p_range
        p_kw = clip(self.flow.p_balance_kw, low, high)
        q_max = self.task.balance.q_max(p_kw)
        self.output = self.outputs() | {self.task.balance.id: (p_kw, clip(self.flow.q_balance_kvar, -q_max, q_max))}


def settle(islands: Iterable[IslandStep], solve: Callable[[State], list[IslandSolution | None]]) -> list[IslandStep]:
    """Find the operating point of each island, or let it collapse. Each round solves all that are left.

    Returns what section switches parted from them, dark.
    """
    pending, parts = list(islands), list[IslandStep]()
    for one in pending:
        one.pose()
        _dispatch(one, 0.0, None, parts)
    for k in range(MAX_ROUNDS):
        pending = [one for one in pending if one.energised]
        flows = zip(pending, solve([one.power_flow_input() for one in pending]), strict=True)
        pending = [one for one, flow in flows if not _settles(one, flow, parts, last=k == MAX_ROUNDS - 1)]
        if not pending:
            break
    return parts


def _settles(one: IslandStep, flow: IslandSolution | None, parts: list[IslandStep], last: bool) -> bool:
    """Take a power flow's result: done (True), or dispatched anew with its losses and what voltage adds to demand."""
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
    _dispatch(one, flow.losses_kw + flow.effect_kw, flow.losses_kvar + flow.effect_kvar, parts)
    return False


def _dispatch(one: IslandStep, losses_kw: float, losses_kvar: float | None, parts: list[IslandStep]) -> None:
    while True:
        assert one.task is not None
        try:
            one.dispatch = balance(one.task, losses_kw, losses_kvar, one.dispatch.kept if one.dispatch else NOBODY_SHED)
            for la, short in one.dispatch.shortfalls.items():
                one.causes.setdefault(la, shortfall_in_words(one, short))
            return
        except CannotBalance as problem:
            why = shortfall_in_words(one, problem.shortfall)
            cut = one.least_cut(problem.cause) if one.load_control == "section" else None
            if cut is None:
                one.fail("collapse", str(problem), why)
                return
            parts.append(one.part(cut, str(problem), why))
            one.pose()


def _scaled(power: Power, share: float) -> Power:
    return power[0] * share, power[1] * share


def _total(buses: dict[str, Power]) -> Power:
    return sum((p for p, _ in buses.values()), 0.0), sum((q for _, q in buses.values()), 0.0)


def _source(unit: UnitModel, set_point: Power) -> BalanceSource:
    return BalanceSource(unit.id, unit.gives_way, unit.s_kva, unit.sin_phi, unit.p_range(), *set_point)
