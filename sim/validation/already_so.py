"""What breaks a limit without the plan too: the live part as it is with nothing restored, each island for itself.

A violation that a plan did not cause does not forbid it. Nothing restored means: every branch as the outage left it,
every live infeed holding its own island, all customers there supplied, units off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ...controllers.exchange.plan import Violation
from ...scenarios.case import Case
from ..power_flow.island_topology import Island
from ..power_flow.protocol import AcPowerFlow, IslandInput
from .conditions import Conditions, StartState
from .network_checks import check_network
from .unit_checks import JudgedInterval, UnitChecks
from .walk import Topologies

WORSE_PU = 1e-3
"""A voltage that is beyond its limit without a plan may be this much farther from it with one."""
WORSE_SHARE = 0.01
"""Likewise a loading or a power, as a share of its limit."""
OF_FLOWS = ("voltage_low", "voltage_high", "overload", "unit_p", "unit_q", "unit_s", "not_converged")
OF_TOPOLOGY = ("not_radial", "several_balance_units")

_Key = tuple[float, str, str]
"""start of an interval (min), kind, element"""


class AlreadySo:
    """Tells violations that a plan caused from those that are there without it."""

    def __init__(self, case: Case, power_flow: AcPowerFlow, topologies: Topologies, start: StartState) -> None:
        self._case, self._power_flow, self._start = case, power_flow, start
        view = case.view
        topology = topologies.of(frozenset(b.id for b in view.branches.values() if b.closed and not b.faulted))
        self._live: dict[Island, list[str]] = {}
        """island → its live infeeds, the one that forms its voltage first"""
        for island, formers in zip(topology.islands, topology.formers, strict=True):
            infeeds = [unit for unit in formers if unit in view.infeeds]
            if infeeds and view.units[infeeds[0]].bus in start.energised_min:
                self._live[island] = infeeds
        self._elements = {
            name for island, infeeds in self._live.items() for name in (*island.buses, *island.branches, *infeeds)
        }

    def told_apart(
        self,
        violations: Sequence[Violation],
        judged: Sequence[tuple[JudgedInterval, Sequence[IslandInput]]],
        series: Conditions,
    ) -> list[Violation]:
        """The same violations, those that are there without the plan and are no worse by it marked as not its own.

        ``judged``: every interval with its energised islands. What has a counterpart without the plan tells its value.
        """
        suspects = {v.time_min for v in violations if v.kind in OF_FLOWS and v.element in self._elements}
        at_issue = [(at, islands) for at, islands in judged if at.start_min in suspects]
        before = self._by_flow([at for at, _ in at_issue], series)
        islands = {(at.start_min, one.island.id): one.island for at, energised in judged for one in energised}
        return [self._marked(v, before, islands.get((v.time_min, v.element))) for v in violations]

    def _marked(self, v: Violation, before: dict[_Key, Violation], island: Island | None) -> Violation:
        if v.kind == "not_converged":
            known = before.get((v.time_min, v.kind, v.element))
            return replace(v, caused_by_plan=known is None or island not in self._live)
        if v.kind in OF_TOPOLOGY:
            value = self._of_topology(v.kind, island) if island else None
        else:
            known = before.get((v.time_min, v.kind, v.element))
            if known is None and v.kind == "unit_s":  # an infeed of which active power alone was too much before
                known = before.get((v.time_min, "unit_p", v.element))
            value = known.value if known and known.limit == v.limit else None
        if value is None or v.value is None or v.limit is None:
            return v
        worse = v.excess - abs(value - v.limit)
        allowed = WORSE_PU if v.unit == "p.u." else WORSE_SHARE * abs(v.limit)
        return replace(v, caused_by_plan=worse > allowed, value_without_plan=value)

    def _of_topology(self, kind: str, island: Island) -> float | None:
        """Loops, or infeeds side by side, that the live parts in an island of the plan have by themselves."""
        inside = [(own, infeeds) for own, infeeds in self._live.items() if set(own.buses) <= set(island.buses)]
        if kind == "not_radial":
            return float(sum(own.loops for own, _ in inside)) or None
        most = max((len(infeeds) for _, infeeds in inside), default=0)
        return float(most) if most > 1 else None

    def _by_flow(self, intervals: Sequence[JudgedInterval], series: Conditions) -> dict[_Key, Violation]:
        """What AC power flow finds in the live part without the plan, in these intervals."""
        if not intervals or not self._live:
            return {}
        states = [[self._input(island, at, series) for island in self._live] for at in intervals]
        found: list[Violation] = []
        for at, state, solutions in zip(intervals, states, self._power_flow.solve(states), strict=True):
            checks = UnitChecks(self._case, self._start, actual=False)
            for one, solution in zip(state, solutions, strict=True):
                if solution is None:
                    found.append(_not_converged(at, one.island.id))
                    continue
                found += check_network(self._case, at, one, solution)
                checks.judge(at, one.balance_unit, solution.p_balance_kw, solution.q_balance_kvar, 0.0)
            found += checks.violations
        return {(v.time_min, v.kind, v.element): v for v in found}

    def _input(self, island: Island, at: JudgedInterval, series: Conditions) -> IslandInput:
        return IslandInput(island, self._live[island][0], dict(self._drawn(island.buses, at, series)), {})

    def _drawn(
        self, buses: Iterable[str], at: JudgedInterval, series: Conditions
    ) -> Iterator[tuple[str, tuple[float, float]]]:
        """What all customers on these buses draw (kW, kvar), by bus."""
        inside, index = set(buses), series.index(at.start_min)
        for la, shares in self._case.shares.items():
            if self._case.view.local_areas[la].buses[0] in inside:
                p_kw, q_kvar = float(series.demand_kw[la][index]), float(series.demand_kvar[la][index])
                if p_kw or q_kvar:
                    yield from ((bus, (p_kw * share, q_kvar * share)) for bus, share in shares.items())


def _not_converged(at: JudgedInterval, island: str) -> Violation:
    return Violation(at.phase.claims.step, at.start_min, "not_converged", island, None, None, "")
