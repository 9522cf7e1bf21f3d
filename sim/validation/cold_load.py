"""Cold load pick-up while a plan is carried out: what an area with supply draws as a multiple of the series.

By the forecast it is the dispatch centre's estimate, which is what a plan is made with; by the actual series it is the
world's. Supply follows from the plan: on a live bus, and served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scenarios.case import Case
from scenarios.cold_load import AreaColdLoad, SupplyRecord, cold_load_of, estimated_cold_load
from sim.validation.conditions import StartState
from sim.validation.walk import Phase


@dataclass(frozen=True)
class ColdCourse:
    """Cold load pick-up of every area along a plan; ``records``: area → from when on which record of its supply holds.

    ``estimated``: a pick-up of the plan counts with the time without supply that was known when the plan was made
    (``SupplyRecord.planned_excess``), not with what the plan itself does before it.
    """

    areas: Mapping[str, AreaColdLoad]
    records: Mapping[str, Sequence[tuple[float, SupplyRecord]]]
    estimated: bool

    def multiple(self, la: str, from_min: float, to_min: float) -> float:
        """Mean multiple of an area's demand in a time in which it has supply; 1 where it has none."""
        if la not in self.areas:
            return 1.0
        now_min, first = self.records[la][0]
        at = max(k for k, (since, _) in enumerate(self.records[la]) if k == 0 or since <= from_min + 1e-9)
        record = self.records[la][at][1]
        if not record.supplied:
            return 1.0
        if self.estimated and at > 0:
            return 1.0 + first.planned_excess(self.areas[la], now_min, record.since_min, from_min, to_min)
        return 1.0 + record.excess(self.areas[la], from_min, to_min)


def follow(case: Case, phases: Sequence[Phase], start: StartState, *, estimated: bool) -> ColdCourse | None:
    """The course along a plan's phases from its start; None without cold load pick-up."""
    scenario, view = case.scenario, case.view
    kinds = {la.id: la.kinds for la in view.local_areas.values()}
    areas = (
        estimated_cold_load(scenario.dispatch_centre.cold_load, scenario.cold_load, kinds)
        if estimated
        else cold_load_of(scenario.cold_load, kinds)
    )
    if not areas:
        return None
    records: dict[str, list[tuple[float, SupplyRecord]]] = {}
    for la, area in areas.items():
        bus = view.local_areas[la].buses[0]
        record = SupplyRecord.of(area, start.changes_min(la, bus))
        found = [(phases[0].start_min, record)]
        for phase in phases:
            supplied = phase.island_of(bus) is not None and phase.claims.served(la)
            if supplied != record.supplied:
                record = record.now(area, supplied, phase.start_min)
                found.append((phase.start_min, record))
        records[la] = found
    return ColdCourse(areas, records, estimated)
