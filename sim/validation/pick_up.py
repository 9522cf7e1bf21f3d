"""What a plan picks up at once in an island that an ESS forms, against what its inverter takes at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...controllers.exchange.plan import Violation
from ...scenarios.case import Case
from ..world.judge import ORDER_TOLERANCE_KW
from .conditions import Conditions, StartState
from .walk import Phase


def check_pick_up(case: Case, phases: Sequence[Phase], series: Conditions, start: StartState) -> Iterator[Violation]:
    """Demand newly drawn when a phase begins, island by island: of customers who had no supply until then."""
    limit_pct = case.scenario.world.pick_up_limit_pct
    if limit_pct is None:
        return
    bus = {la.id: la.buses[0] for la in case.view.local_areas.values()}
    supplied = {la: float(len(start.changes_min(la, at)) % 2 == 0) for la, at in bus.items()}
    for phase in phases:
        index = series.index(phase.start_min)
        island = {la: phase.island_of(at) for la, at in bus.items()}
        now = {la: phase.share(la) if island[la] is not None else 0.0 for la in bus}
        for k, unit in phase.live.items():
            if unit not in case.view.ess:
                continue
            areas = [la for la in bus if island[la] == k and now[la] > supplied[la]]
            new_kw = sum(
                (now[la] - supplied[la]) * float(series.demand_kw[la][index]) * phase.multiple(la) for la in areas
            )
            limit_kw = limit_pct / 100 * case.view.ess[unit].s_kva
            if new_kw > limit_kw + ORDER_TOLERANCE_KW:
                name = phase.topology.islands[k].id
                yield Violation(phase.claims.step, phase.start_min, "pick_up", name, new_kw, limit_kw, "kW")
        supplied = now
