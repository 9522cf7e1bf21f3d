"""Restoration by a priority rule, without optimisation: what an operator would do from one plan step to the next.

Live islands grow by one section at a time, taken from a neighbour or black-started by a unit of its own. Of all moves
that the forecast says can be supplied to the end of the window, with reserve, the one with the most value (C_i times
energy) per switch operation is made; then again, until none is left. Where an island cannot be supplied any more, its
least valuable section is given up.

Where customers can be off in a live section, moves also switch on single LAs, or make a section live with only its most
valuable LAs served, and single LAs are given up before sections. An LA is served wholly or not.
"""

from __future__ import annotations

import math
from itertools import chain

from ..exchange.plan import PlanStep
from ..milp.problem import AreaGraph, Horizon
from ..planning.plan_reader import nothing_restored
from ..planning.planner import PlanRecord
from ..solver.highs import Solution
from .expansion import Expansion, SectionTopology, extensions, joins, leaving_some_off, reconnections, starts
from .rule_plan import rule_record, rule_step
from .supply import MeritOrder, SupplyState


class Greedy:
    """Plans by the rule above; another rule overrides ``worth``. It keeps nothing from plan to plan."""

    def __init__(self, graph: AreaGraph, steps: int) -> None:
        self.graph = graph

    def plan(self, horizon: Horizon) -> PlanRecord:
        """Plan a horizon. Nothing is restored if even what cannot be given up, a live infeed's section, lacks power."""
        supply, topology = MeritOrder(horizon), SectionTopology.now(horizon)
        state, steps = supply.now(), list[PlanStep]()
        for t in range(horizon.steps):
            topology = self._held(supply, state, t, topology)
            while (larger := self._enlarged(supply, state, t, topology)) is not None:
                topology = larger
            found = supply.step(state, t, topology)
            if found is None:
                plan = nothing_restored(horizon).model_copy(update={"bound": None})
                solution = Solution("none", plan.objective or 0.0, math.nan, 0.0, 0, "made by a rule")
                return PlanRecord(plan, solution, horizon, "a live infeed cannot supply its own section")
            state, powers = found
            steps.append(rule_step(horizon, t, topology, powers))
        return rule_record(horizon, steps)

    def worth(self, supply: MeritOrder, t: int, move: Expansion) -> float:
        """Value of the LAs that get supply from step ``t`` to the end, weighted kWh, per switch operation."""
        return supply.areas_value_kwh(move.areas, t) / max(1, move.operations)

    def _enlarged(
        self, supply: MeritOrder, state: SupplyState, t: int, topology: SectionTopology
    ) -> SectionTopology | None:
        """The topology after the best move that can be supplied; None if there is none."""
        single = [*extensions(topology), *starts(topology, supply.able())]
        moves = list(chain(single, *(joins(move) for move in single)))
        if self.graph.load_control != "section":
            moves += chain(*(leaving_some_off(move, lambda la: supply.areas_value_kwh([la], t)) for move in moves))
            moves += reconnections(topology)
        # Sorting is stable and moves come in a fixed order, so equals are decided alike every time.
        for move in sorted(moves, key=lambda move: -self.worth(supply, t, move)):
            if supply.lasts(state, t, move.after):
                return move.after
        return None

    def _held(self, supply: MeritOrder, state: SupplyState, t: int, topology: SectionTopology) -> SectionTopology:
        """The topology without what cannot be supplied in step ``t``, the least valuable LAs or sections first."""
        fixed = {self.graph.section[la] for la in self.graph.live_infeed_kva}
        while short := supply.short_islands(state, t, topology):
            off = [la for island in short for la in self._least_area(supply, t, topology, island)]
            given_up = [
                min(able, key=lambda s: (supply.value_kwh(s, t), s)) for island in short if (able := island - fixed)
            ]
            if off:
                topology = topology.leaving_off(off)
            elif given_up:
                topology = topology.without(given_up)
            else:
                break
        return topology

    def _least_area(self, supply: MeritOrder, t: int, topology: SectionTopology, island: frozenset[str]) -> list[str]:
        """The least valuable LA of an island that can be off, those that had lost supply before all others."""
        if self.graph.load_control == "section":
            return []
        lost, worth = self.graph.view.lost_areas, {la: supply.areas_value_kwh([la], t) for la in topology.served}
        drawing = [la for la, kwh in worth.items() if self.graph.section[la] in island and kwh > 0]
        return sorted(drawing, key=lambda la: (la not in lost, worth[la], la))[:1]
