"""A strategy of your own. Copy this file, change the rule, and run

relight strategy check my_strategy.py:MostLoadFirst
relight compare guo45/fault-1000 --strategies dynamic,my_strategy.py:MostLoadFirst
"""

from relight.strategy import (
    AreaGraph,
    Expansion,
    Horizon,
    MeritOrder,
    PlanRecord,
    PlanStep,
    SectionTopology,
    SupplyState,
    extensions,
    reconnections,
    rule_record,
    rule_step,
    starts,
)


class MostLoadFirst:
    """Picks up the section with most load that can be supplied to the end of the window, then the next."""

    replans = True  # plan again at every replan interval; False: once, at the fault time

    def __init__(self, graph: AreaGraph, steps: int) -> None:
        self.graph = graph  # network and units as the dispatch centre knows them; steps: the most a horizon has

    def plan(self, horizon: Horizon) -> PlanRecord:
        supply, topology = MeritOrder(horizon), SectionTopology.now(horizon)
        state, steps = supply.now(), list[PlanStep]()
        for t in range(horizon.steps):
            while short := supply.short_islands(state, t, topology):
                topology = topology.without(frozenset().union(*short))
            while move := self.next_move(supply, horizon, topology, state, t):
                topology = move.after
            if found := supply.step(state, t, topology):
                state, powers = found
                steps.append(rule_step(horizon, t, topology, powers))
        return rule_record(horizon, steps)

    def next_move(
        self, supply: MeritOrder, horizon: Horizon, topology: SectionTopology, state: SupplyState, t: int
    ) -> Expansion | None:
        def load_kw(move: Expansion) -> float:
            return sum(horizon.demand_kw(la, t) for la in move.areas)

        found = [*extensions(topology), *starts(topology, supply.able()), *reconnections(topology)]
        moves = sorted(found, key=load_kw, reverse=True)
        return next((move for move in moves if supply.lasts(state, t, move.after)), None)
