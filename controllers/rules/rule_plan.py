"""Plans that were made by a rule instead of the MILP, in the form that the dispatch centre issues."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from ..exchange.messages import UnitState
from ..exchange.plan import LocalAreaSetPoint, PlanStep, UnitSetPoint
from ..milp.objective import terms_kwh
from ..milp.problem import Horizon
from ..planning.plan_reader import plan_of
from ..planning.planner import PlanRecord
from ..solver.highs import Solution
from .expansion import SectionTopology
from .supply import StepPowers


def rule_step(horizon: Horizon, t: int, topology: SectionTopology, powers: StepPowers) -> PlanStep:
    """Write down a step: who is live, what every LA and every unit that is alone of its kind in its LA gives."""
    graph, view = horizon.graph, horizon.graph.view
    live = {la for la in view.local_areas if graph.section[la] in topology.live}
    running = {la for la, state in powers.nbsu_state.items() if state == "online"}
    served = set(topology.served)
    areas = {la: _area(horizon, t, la, powers, served=la in served) for la in view.local_areas if la in live | running}
    balance = [_balance_unit(horizon, island, running) for island in topology.islands()]
    return PlanStep(
        start_min=horizon.start(t),
        closed_branches=[k for k in graph.links if k in topology.closed],
        energised_buses=[bus for s in view.sections.values() if s.id in topology.live for bus in s.buses],
        balance_units=balance,
        local_areas=areas,
        units=_units(horizon, powers, live, balance),
    )


def rule_record(horizon: Horizon, steps: Sequence[PlanStep], note: str = "") -> PlanRecord:
    """A plan of such steps, one for each step of the horizon.

    Its objective is (18) of what it says; it has no bound, for nothing is proven. Raises ValueError for a wrong number
    of steps.
    """
    if len(steps) != horizon.steps:
        raise ValueError(f"{len(steps)} steps were planned, the horizon has {horizon.steps}")
    plan = plan_of(horizon, steps, "feasible", terms_kwh(horizon, steps))
    solution = Solution("feasible", plan.objective or 0.0, math.nan, 0.0, 0, "made by a rule")
    return PlanRecord(plan, solution, horizon, note)


def _area(horizon: Horizon, t: int, la: str, powers: StepPowers, *, served: bool) -> LocalAreaSetPoint:
    demand, demand_q = (horizon.demand_kw(la, t), horizon.demand_kvar(la, t)) if served else (0.0, 0.0)
    given = [p.get(la, 0.0) for p in (powers.p_pv, powers.p_ess, powers.p_nbsu, powers.p_infeed)]
    given_q = [q.get(la, 0.0) for q in (powers.q_pv, powers.q_ess, powers.q_nbsu, powers.q_infeed)]
    return LocalAreaSetPoint(
        p_kw=sum(given) - demand,
        q_kvar=sum(given_q) - demand_q,
        demand_kw=demand,
        p_pv_kw=given[0],
        p_ess_kw=given[1],
        p_nbsu_kw=given[2],
        nbsu_state=powers.nbsu_state.get(la, "off"),
    )


def _balance_unit(horizon: Horizon, island: Collection[str], running: Collection[str]) -> str:
    """The first unit of an island, in the fixed order, that can form its voltage."""
    graph, view = horizon.graph, horizon.graph.view
    for unit in view.balance_order:
        la = view.local_area_of_unit(unit)
        if graph.section[la] in island and (unit not in view.nbsu or la in running):
            return unit
    raise ValueError(f"no unit of the island of sections {', '.join(sorted(island))} can form its voltage")


def _units(
    horizon: Horizon, powers: StepPowers, live: Collection[str], balance: Collection[str]
) -> dict[str, UnitSetPoint]:
    """Set-points of the units that are alone of their kind in a live LA; gateways decide those of the others."""
    view, result = horizon.graph.view, dict[str, UnitSetPoint]()
    kinds: tuple[tuple[Mapping[str, object], dict[str, float], dict[str, float]], ...] = (
        (view.pv, powers.p_pv, powers.q_pv),
        (view.ess, powers.p_ess, powers.q_ess),
        (view.nbsu, powers.p_nbsu, powers.q_nbsu),
    )
    for units, p, q in kinds:
        per_la = Counter(map(view.local_area_of_unit, units))
        for unit in units:
            la = view.local_area_of_unit(unit)
            if la not in live or per_la[la] > 1:
                continue
            state: UnitState = "form" if unit in balance else "follow"
            if unit in view.nbsu and powers.nbsu_state[la] != "online":
                state = "starting" if powers.nbsu_state[la] == "starting" else "off"
            elif unit in view.pv and la not in powers.pv_on:
                state = "waiting"
            result[unit] = UnitSetPoint(p_kw=p.get(la, 0.0), q_kvar=q.get(la, 0.0), state=state)
    return result
