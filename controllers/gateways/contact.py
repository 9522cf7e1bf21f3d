"""A gateway's contact with its dispatch centre: whether it has heard of it lately, and for how long it keeps a plan.

The dispatch centre sends something at every step, a net power plan or a heartbeat. A gateway that has heard nothing for
``fallback_after_min`` is without contact: it follows its last plan to its end (or for ``plan_validity_min`` after it
last heard), and then runs its area on its own (``alone``) until a new plan arrives. A heartbeat alone does not
bring an expired plan back: the dispatch centre has to plan from what the area has become.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...scenarios.schema.communication import Communication


@dataclass
class CentreContact:
    """When the dispatch centre was last heard, minutes. Over a perfect channel silence says nothing: it never ends."""

    heard_min: float
    patience_min: float = math.inf
    kept_min: float = math.inf

    @classmethod
    def over(cls, communication: Communication | None, heard_min: float) -> CentreContact:
        """Contact over the channel that a scenario describes (None: a perfect one), held until ``heard_min``."""
        if communication is None:
            return cls(heard_min)
        return cls(heard_min, communication.fallback_after_min, communication.plan_kept_min)

    def hear(self, time_min: float) -> None:
        """A message of the dispatch centre has arrived, whatever it says."""
        self.heard_min = time_min

    def holds(self, time_min: float) -> bool:
        """Whether the dispatch centre has been heard lately."""
        return time_min - self.heard_min < self.patience_min

    def keeps_plan(self, time_min: float) -> bool:
        """Whether a plan is still followed."""
        return time_min - self.heard_min < self.kept_min
