"""Cold load pick-up while a plan is carried out: who has supply when, and the course that follows from it.

By the forecast it is the dispatch centre's estimate, which is what a plan is made with; by the actual series it is the
world's. Supply follows from the plan: on a live bus, and served.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...scenarios.case import Case
from ...scenarios.schema.cold_load import SupplyRecord, cold_load_of, estimated_cold_load
from .cold_course import ColdCourse
from .conditions import StartState
from .walk import Phase


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
