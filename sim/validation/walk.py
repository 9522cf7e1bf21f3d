"""A plan walked through in time, by topology and clocks alone: which islands live, who has waited long enough.

No power flows here. NBSUs count their start-up, PV its reconnect delay; a plan that jumps ahead of them breaks
``unit_start`` or ``pv_reconnect`` once and is then taken at its word, so that one mistake shows as one violation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ...controllers.exchange.messages import ON_LINE
from ...controllers.exchange.plan import UnitSetPoint, Violation
from ...scenarios.kinds.violations import ViolationKind
from ...scenarios.view import GridView
from ..power_flow.island_topology import Island, find_islands
from ..world.judge import ORDER_TOLERANCE_KW
from .cold_course import ColdCourse
from .conditions import StartState, cut
from .plan_claims import StepClaims

NbsuMode = Literal["off", "starting", "online"]
_EPS_MIN = 1e-6


@dataclass(frozen=True)
class Topology:
    """Islands of a set of closed branches; ``at``: bus → its island's number; ``formers``: units able in principle to
    form the voltage of each island, first choice first; ``held``: island → what is faulted in it."""

    islands: tuple[Island, ...]
    at: Mapping[str, int]
    formers: tuple[tuple[str, ...], ...]
    held: Mapping[int, str]


class Topologies:
    """Islands of a network for any set of closed branches, remembered."""

    def __init__(self, view: GridView) -> None:
        self._view = view
        self._known: dict[frozenset[str], Topology] = {}

    def of(self, closed: frozenset[str]) -> Topology:
        if closed not in self._known:
            islands = tuple(find_islands(self._view, {branch: branch in closed for branch in self._view.branches}))
            at = {bus: k for k, island in enumerate(islands) for bus in island.buses}
            formers: list[list[str]] = [[] for _ in islands]
            for unit in self._view.balance_order:
                formers[at[self._view.units[unit].bus]].append(unit)
            held = {at[self._view.sections[s].buses[0]]: faults[0] for s, faults in self._view.held.items()}
            self._known[closed] = Topology(islands, at, tuple(map(tuple, formers)), held)
        return self._known[closed]


@dataclass
class Phase:
    """A part of a step in which demand and sun are constant.

    ``live``: number of an energised island → its balance unit; ``failed``: islands that were to live, but have none.
    ``pv_min``: minutes that each PV's bus has been energised when the phase begins, None where it is dark.
    ``set_points`` starts as what the plan says of units, and holds all units on live buses once dispatched.
    """

    claims: StepClaims
    start_min: float
    end_min: float
    topology: Topology
    live: dict[int, str] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    chosen: bool = False
    """a balance unit was chosen by the validator"""
    nbsu: dict[str, NbsuMode] = field(default_factory=dict)
    pv_min: dict[str, float | None] = field(default_factory=dict)
    set_points: dict[str, UnitSetPoint] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    cold: ColdCourse | None = None
    """cold load pick-up along the plan, where it counts"""
    in_part: Mapping[str, float] = field(default_factory=dict)
    """LA → share of its demand that is on where its bus is energised, if neither all nor nothing"""

    def share(self, la: str) -> float:
        """Share of an LA's demand that is on where its bus is energised."""
        return self.in_part.get(la, float(self.claims.served(la)))

    def multiple(self, la: str, from_min: float | None = None, to_min: float | None = None) -> float:
        """What an area with supply draws as a multiple of the series, mean of the phase or of a time in the plan."""
        begin, end = self.start_min if from_min is None else from_min, self.end_min if to_min is None else to_min
        return self.cold.multiple(la, begin, end) if self.cold else 1.0

    @property
    def hours(self) -> float:
        return (self.end_min - self.start_min) / 60

    def island_of(self, bus: str) -> int | None:
        """Number of the energised island of a bus; None if dark."""
        k = self.topology.at[bus]
        return k if k in self.live else None

    def add(self, kind: ViolationKind, element: str, value: float | None, limit: float | None, unit: str) -> None:
        """Note a violation of this phase."""
        self.violations.append(Violation(self.claims.step, self.start_min, kind, element, value, limit, unit))


@dataclass
class _Clock:
    """Where an NBSU is in its start-up, since when."""

    mode: NbsuMode
    since_min: float


class Walk:
    """Walks through a plan's steps; ``auto_start``: NBSUs that the plan leaves out start as soon as they can.

    No order takes effect before ``first_min``: till then switches are as they were, and only live infeeds supply.
    """

    def __init__(
        self, view: GridView, topologies: Topologies, start: StartState, *, auto_start: bool, first_min: float = 0.0
    ) -> None:
        self._view, self._topologies, self._auto_start = view, topologies, auto_start
        self._start, self._first_min = start, first_min - _EPS_MIN

    def phases(self, claims: Iterable[StepClaims], edges_min: Iterable[float]) -> list[Phase]:
        """All phases in order; steps are cut at ``edges_min``, where demand or sun change."""
        claims, edges = list(claims), [*edges_min, self._first_min + _EPS_MIN]
        before = frozenset(branch for branch, closed in self._start.closed.items() if closed)
        now = claims[0].start_min
        self._since = {bus: now - minutes for bus, minutes in self._start.energised_min.items()}
        self._clocks = {
            unit: _Clock(
                "online" if metered["state"] in ON_LINE else "starting" if metered["state"] == "starting" else "off",
                now - metered["state_min"],
            )
            for unit, metered in self._start.units.items()
            if unit in self._view.nbsu
        }
        phases: list[Phase] = []
        for step in claims:
            for number, (begin, end) in enumerate(cut(step.start_min, step.end_min, edges)):
                early = begin < self._first_min
                topology = self._topologies.of(before if early else step.closed)
                phase = Phase(step, begin, end, topology, set_points=dict(step.units))
                if not number:
                    phase.violations.extend(step.violations)
                    for branch in sorted(before ^ step.closed) if early else ():
                        self._add_early(phase, branch)
                self._advance(phase)
                phases.append(phase)
        return phases

    def _advance(self, phase: Phase) -> None:
        wanted: dict[str, NbsuMode | None] = {u: self._wanted(phase.claims, u) for u in self._view.nbsu}
        for unit, mode in wanted.items():
            self._turn(phase, unit, mode)
        self._form(phase)
        for bus, k in phase.topology.at.items():
            if k not in phase.live:
                self._since.pop(bus, None)
            elif bus not in self._since:
                self._since[bus] = phase.start_min
        for unit, mode in wanted.items():
            self._start_up(phase, unit, mode)
        phase.nbsu = {unit: clock.mode for unit, clock in self._clocks.items()}
        for pv in self._view.pv.values():
            since = self._since.get(pv.bus)
            phase.pv_min[pv.id] = None if since is None else phase.start_min - since

    def _wanted(self, claims: StepClaims, unit: str) -> NbsuMode | None:
        """What the plan wants of an NBSU; None: it does not say."""
        if unit in (claims.balance or ()):
            return "online"
        set_point = claims.units.get(unit)
        if set_point is None:
            area = claims.areas.get(self._view.local_area_of_unit(unit))
            return area.nbsu_state if area is not None and "nbsu_state" in area.model_fields_set else None
        if set_point.state in ON_LINE or set_point.p_kw > ORDER_TOLERANCE_KW:
            return "online"
        if set_point.state == "starting" or (set_point.state is None and set_point.p_kw < -ORDER_TOLERANCE_KW):
            return "starting"
        if set_point.state is None and self._clocks[unit].mode == "online":
            return "online"
        return "off"

    def _turn(self, phase: Phase, unit: str, wanted: NbsuMode | None) -> None:
        """Bring an NBSU on line or off, before it is known which buses live."""
        clock, need_min = self._clocks[unit], self._view.nbsu[unit].start_min
        elapsed = phase.start_min - clock.since_min if clock.mode == "starting" else 0.0
        started = clock.mode == "online" or (clock.mode == "starting" and elapsed >= need_min - _EPS_MIN)
        if wanted == "online" and not started:
            phase.add("unit_start", unit, elapsed, need_min, "min")
        if wanted == "online" or (wanted is None and started):
            if clock.mode != "online":
                self._clocks[unit] = _Clock("online", phase.start_min)
        elif wanted == "off":
            self._clocks[unit] = _Clock("off", phase.start_min)
        elif wanted == "starting" and clock.mode != "starting":
            self._clocks[unit] = _Clock("starting", phase.start_min)

    def _start_up(self, phase: Phase, unit: str, wanted: NbsuMode | None) -> None:
        """A start-up on a dark bus is lost; one that the validator may launch begins."""
        clock, bus = self._clocks[unit], self._view.nbsu[unit].bus
        live = phase.island_of(bus) is not None
        if clock.mode == "starting" and not live:
            if wanted == "starting" and phase.topology.at[bus] not in phase.failed:
                phase.add("unit_start", unit, 0.0, self._view.nbsu[unit].start_min, "min")
            self._clocks[unit] = _Clock("off", phase.start_min)
        elif clock.mode == "off" and wanted is None and live and self._auto_start:
            self._clocks[unit] = _Clock("starting", phase.start_min)

    def _add_early(self, phase: Phase, element: str) -> None:
        phase.add("before_first_order", element, phase.start_min, self._first_min + _EPS_MIN, "min")

    def _form(self, phase: Phase) -> None:
        """Find each island's balance unit."""
        claims, early = phase.claims, phase.start_min < self._first_min
        named = claims.balance
        if named is None:
            named = tuple(unit for unit, set_point in claims.units.items() if set_point.state == "form")
        asked: dict[int, list[str]] = {}
        for unit in named:
            asked.setdefault(phase.topology.at[self._view.units[unit].bus], []).append(unit)
        for k, island in enumerate(phase.topology.islands):
            able = [unit for unit in phase.topology.formers[k] if self._able(unit, early=early)]
            forming = [unit for unit in able if unit in self._view.infeeds or unit in asked.get(k, ())]
            wants = k in asked or (claims.energised is not None and not claims.energised.isdisjoint(island.buses))
            if k in phase.topology.held:
                if wants:
                    phase.failed.add(k)
                    phase.add("faulted_branch_closed", phase.topology.held[k], 1.0, 0.0, "closed")
                continue
            if not forming and claims.balance is None and k not in asked and (wants or claims.energised is None):
                forming = able[:1]
                phase.chosen = phase.chosen or bool(forming)
            if forming:
                phase.live[k] = forming[0]
            elif wants and early:
                phase.failed.add(k)
                self._add_early(phase, island.id)
            elif wants:
                phase.failed.add(k)
                phase.add("no_balance_unit", island.id, 0.0, 1.0, "units")
            if len(forming) > 1:
                phase.add("several_balance_units", island.id, float(len(forming)), 1.0, "units")
            if forming and island.loops:
                phase.add("not_radial", island.id, float(island.loops), 0.0, "loops")

    def _able(self, unit: str, *, early: bool) -> bool:
        if early:
            return unit in self._view.infeeds
        return unit not in self._view.nbsu or self._clocks[unit].mode == "online"
