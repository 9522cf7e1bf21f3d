"""The way from one plan step to the next, as the search sees it: what can be done in a state, what is forbidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ...controllers.exchange.plan import Violation
from ..validation.validator import Validator
from ..validation.walk import Topology
from .boundary import Boundary, operations, supplied_in
from .islands_between import IslandsBetween, IslandState
from .search import Cost, Operation, State, SwitchingMove


@dataclass(frozen=True)
class SwitchedNetwork:
    """The network in a state: ``live`` islands by number with the units that form their voltage (one, if all is well),
    ``supplied`` local areas (LAs) with demand, each live island's power flow (none where topology forbids the state).
    """

    topology: Topology
    live: dict[int, tuple[str, ...]]
    supplied: frozenset[str]
    violations: tuple[Violation, ...]
    islands: tuple[IslandState, ...]


class PlanTransition:
    """Implements ``search.Transition`` for one boundary of a plan."""

    def __init__(self, validator: Validator, boundary: Boundary) -> None:
        self._validator, self.boundary = validator, boundary
        self._view, self._times = validator.case.view, validator.case.scenario.switching
        self.operations = operations(validator.case, boundary)
        total_min = sum(self.duration_min(op) for op in self.operations)
        self._between = IslandsBetween(validator, boundary, total_min)
        self._networks: dict[State, SwitchedNetwork] = {}
        self._topologies: dict[frozenset[Operation], tuple[Topology, dict[int, tuple[str, ...]]]] = {}
        forecast = validator.forecast
        k = forecast.index(boundary.time_min)
        self.demand_kw = {la: float(series[k]) for la, series in forecast.demand_kw.items()}
        self._customers = frozenset(la for la, kw in self.demand_kw.items() if kw > 0)
        before, after = boundary.before.supplied & self._customers, boundary.after.supplied & self._customers
        self.keep, self._other = before & after, before ^ after
        self.never = self._customers - before - after

    def duration_min(self, operation: Operation) -> float:
        """How long one operation takes."""
        if operation.action in ("form", "release"):
            return self._times.unit_operation_s / 60
        return self._times.operation_min(operation.device)

    def moves(self, state: State) -> Iterator[tuple[SwitchingMove, State]]:
        """Each operation still to be done, alone or with a unit that takes a voltage over or gives it up."""
        pending = [op for op in self.operations if op not in state.done]
        for op in pending:
            yield self._move(state, op)
        for op in pending:
            for partner in self._partners(state, op, pending):
                yield self._move(state, op, partner)

    def violations(self, state: State) -> tuple[Violation, ...]:
        """Loops, parallel sources, and every limit that the power flow shows broken; none if all is done as planned."""
        if len(state.done) == len(self.operations) and not state.lost:
            return ()
        return self.network(state).violations

    def rate(self, state: State) -> Cost:
        """Weighted kWh per minute that customers go without."""
        supplied = self.network(state).supplied
        return self._energy((self.keep - supplied) | (supplied & self.never)), self._energy(self._other - supplied)

    def ends(self, operation: Operation) -> tuple[str, ...]:
        """Buses of a switch or unit."""
        if operation.action in ("form", "release"):
            return (self._view.units[operation.device].bus,)
        branch = self._view.branches[operation.device]
        return branch.from_bus, branch.to_bus

    def network(self, state: State) -> SwitchedNetwork:
        """The network in a state."""
        if state not in self._networks:
            self._networks[state] = self._solve(state)
        return self._networks[state]

    def _energy(self, areas: frozenset[str]) -> float:
        return sum(self._view.local_areas[la].priority * self.demand_kw[la] for la in sorted(areas)) / 60

    def _move(self, state: State, *ops: Operation) -> tuple[SwitchingMove, State]:
        done = state.done | frozenset(ops)
        topology, live = self._topology(done)
        lost = {unit for unit in self._could_be_lost if topology.at[self._view.units[unit].bus] not in live}
        move = SwitchingMove(ops, max(self.duration_min(op) for op in ops))
        return move, State(done, state.lost | lost)

    @cached_property
    def _could_be_lost(self) -> tuple[str, ...]:
        """PV on live buses, NBSUs that start: live before and after, they must wait anew if they go dark meanwhile."""
        boundary = self.boundary
        live = {unit for unit, waited in boundary.waited_min.items() if waited is not None}
        live |= {unit for unit in self._view.nbsu if boundary.start.units[unit]["state"] == "starting"}
        return tuple(u for u in sorted(live) if boundary.phase.island_of(self._view.units[u].bus) is not None)

    def _partners(self, state: State, op: Operation, pending: list[Operation]) -> Iterator[Operation]:
        """Operations that belong together with ``op``: without its partner one of them would darken customers."""
        topology, live = self._topology(state.done)
        units = {p.device: p for p in pending if p.action in ("form", "release")}
        if op.action == "form":  # hand-over within an island
            for unit in live.get(topology.at[self._view.units[op.device].bus], ()):
                if unit in units:
                    yield units[unit]
        elif op.action == "open":  # a part that is cut off goes on with a unit of its own
            for unit, partner in units.items():
                at_bus = self._view.units[unit].bus
                if partner.action == "form" and topology.at[at_bus] in live and self._is_on_line(unit):
                    after, still_live = self._topology(state.done | {op})
                    if after.at[at_bus] not in still_live:
                        yield partner
        elif op.action == "close" and self._times.synchronised_closing:
            branch = self._view.branches[op.device]
            ends = {topology.at[branch.from_bus], topology.at[branch.to_bus]}
            if len(ends) == 2 and ends <= live.keys():
                yield from (units[unit] for end in sorted(ends) for unit in live[end] if unit in units)

    def _is_on_line(self, unit: str) -> bool:
        return unit in self._view.ess or self.boundary.start.units[unit]["state"] in ("follow", "form", "idle")

    def _topology(self, done: frozenset[Operation]) -> tuple[Topology, dict[int, tuple[str, ...]]]:
        """Islands, and who forms the voltage of the live ones."""
        if done not in self._topologies:
            self._topologies[done] = self._find_islands(done)
        return self._topologies[done]

    def _find_islands(self, done: frozenset[Operation]) -> tuple[Topology, dict[int, tuple[str, ...]]]:
        before = self.boundary.before
        opened = {op.device for op in done if op.action == "open"}
        closed = {op.device for op in done if op.action == "close"}
        released = {op.device for op in done if op.action == "release"}
        formed = {op.device for op in done if op.action == "form"}
        topology = self._validator.topologies.of((before.closed - opened) | closed)
        live: dict[int, tuple[str, ...]] = {}
        forming = (before.forming - released) | formed
        for unit in self._view.balance_order:
            if unit in forming:
                k = topology.at[self._view.units[unit].bus]
                live[k] = (*live.get(k, ()), unit)
        return topology, live

    def _solve(self, state: State) -> SwitchedNetwork:
        at = self.boundary
        topology, live = self._topology(state.done)
        supplied = supplied_in(self._validator, at, topology, list(live)) & self._customers
        found: list[Violation] = []
        for k, units in live.items():
            island = topology.islands[k]
            if len(units) > 1:
                n = float(len(units))
                found.append(Violation(at.step, at.time_min, "several_balance_units", island.id, n, 1.0, "units"))
            if island.loops:
                found.append(
                    Violation(at.step, at.time_min, "not_radial", island.id, float(island.loops), 0.0, "loops")
                )
        found = [v for v in found if (v.kind, v.element) not in at.excused]
        if found:
            return SwitchedNetwork(topology, live, supplied, tuple(found), ())
        islands = tuple(self._between.solve(topology, k, units[0], state.lost) for k, units in live.items())
        return SwitchedNetwork(topology, live, supplied, tuple(v for one in islands for v in one.violations), islands)
