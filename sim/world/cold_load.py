"""Who has supply since when, and what cold load pick-up makes of demand in the world.

A customer in the dark demands the base course, what would have been without an outage. With supply the demand is the
base course times its multiple; all of it is drawn, so all of it is served. SupplyLog means: energised and not shed.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...results.run.rows import Row, event
from ...scenarios.case import Case
from ...scenarios.schema.cold_load import SupplyRecord, cold_load_of

TOLD = 1e-9
"""A pick-up whose multiple exceeds 1 by less is not told as an event."""


class SupplyLog:
    """Supply of every local area (LA) as it happened, and the excess that follows from it.

    ``changes_min``: LA → times at which it lost supply, got it back, lost it …; the outage area lost it at 0.
    """

    def __init__(self, case: Case) -> None:
        view = case.view
        self._cold = cold_load_of(case.scenario.cold_load, {la.id: la.kinds for la in view.local_areas.values()})
        self.changes_min: dict[str, list[float]] = {
            la.id: [0.0] if la.buses[0] in view.outage_area else [] for la in view.local_areas.values()
        }
        self._record = {la: SupplyRecord.of(cold, self.changes_min[la]) for la, cold in self._cold.items()}

    def multiple(self, la: str, from_min: float, to_min: float) -> float:
        """Mean multiple of an LA's demand if it has supply in this time."""
        return 1.0 + self._record[la].excess(self._cold[la], from_min, to_min) if la in self._cold else 1.0

    def has(self, la: str) -> bool:
        """Whether an LA had supply in the last step."""
        return len(self.changes_min[la]) % 2 == 0

    def book(
        self, from_min: float, to_min: float, supplied: Mapping[str, bool], base_kw: Mapping[str, float]
    ) -> tuple[list[Row], list[Row]]:
        """Take note of who has supply in a step: events of pick-ups, and rows of the table ``cold_load``."""
        events, rows = list[Row](), list[Row]()
        for la, now in supplied.items():
            picked_up = now and not self.has(la)
            if la in self._cold:
                multiple = self.multiple(la, from_min, to_min) if now else 1.0
                extra_kw = base_kw[la] * (multiple - 1.0)
                if picked_up and extra_kw > TOLD:
                    outage_min = from_min - self.changes_min[la][-1]
                    text = f"after {outage_min:g} min; {base_kw[la] + extra_kw:.1f} instead of {base_kw[la]:.1f} kW"
                    events.append(event("cold_load_pick_up", la, multiple, "times", text))
                rows.append({"time_min": from_min, "local_area": la, "multiple": multiple, "cold_load_kw": extra_kw})
                self._record[la] = self._record[la].now(self._cold[la], now, from_min)
            if now != self.has(la):
                self.changes_min[la].append(from_min)
        return events, rows
