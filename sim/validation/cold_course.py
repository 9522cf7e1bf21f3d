"""Cold load pick-up of every area along a plan, as a course of multiples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...scenarios.schema.cold_load import AreaColdLoad, SupplyRecord


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
