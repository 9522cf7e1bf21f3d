"""A service restoration plan: what it says at each plan step, and its JSON form (a public contract)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PlanStatus = Literal["optimal", "feasible", "fallback"]
"""optimal: incumbent within the asked gap; feasible: a limit stopped the search (not proven); fallback: no plan was
found and nothing is restored."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class UnitSetPoint(_Part):
    """A unit's planned output; generation and discharge positive."""

    p_kw: float
    q_kvar: float
    state: Literal["off", "waiting", "starting", "idle", "follow", "form"]


class LocalAreaSetPoint(_Part):
    """An LA's planned net injection, its demand if it is to be served, and the split by kind of unit."""

    p_kw: float
    q_kvar: float
    demand_kw: float = 0.0
    p_pv_kw: float = 0.0
    p_ess_kw: float = 0.0
    p_nbsu_kw: float = 0.0
    nbsu_state: Literal["off", "starting", "online"] = "off"


class PlanStep(_Part):
    """State of the area from ``start_min`` to the start of the next step (or the end of the window)."""

    start_min: float
    closed_branches: list[str]
    energised_buses: list[str]
    balance_units: list[str]
    local_areas: dict[str, LocalAreaSetPoint] = Field(default_factory=dict)
    units: dict[str, UnitSetPoint] = Field(default_factory=dict)


class SourceEnergy(_Part):
    """Energy of one source over a plan's span, kWh: as planned, and the least and largest at the same objective.

    ``least`` and ``largest`` are those of the plan's own topology and start-ups (``controllers.shares``);
    ``lower_bound`` and ``upper_bound``, if asked for, hold for all plans worth as much (``controllers.source_bounds``).
    """

    planned: float
    least: float
    largest: float
    lower_bound: float | None = None
    upper_bound: float | None = None


class Plan(_Part):
    """A plan for the rest of the window. ``closed_branches`` names switchable branches only.

    ``objective`` and ``bound`` are in weighted kWh (18); ``bound`` is the proven upper bound of the objective.
    """

    schema_version: Literal[1] = 1
    scenario: str
    strategy: str
    issued_at_min: float
    step_min: float
    end_min: float
    objective: float
    bound: float
    status: PlanStatus
    steps: list[PlanStep]
    source_energy_kwh: dict[str, SourceEnergy] = Field(default_factory=dict)
    """by source, if asked for; see ``controllers.shares``"""

    @property
    def gap(self) -> float:
        """Relative distance of bound and objective; 0 where both are 0."""
        return (
            abs(self.bound - self.objective) / max(abs(self.objective), 1e-9) if self.bound != self.objective else 0.0
        )

    def step_at(self, time_min: float) -> PlanStep:
        """The step in force at a time; the first one for earlier times."""
        return next((s for s in reversed(self.steps) if s.start_min <= time_min), self.steps[0])

    def duration_h(self, index: int) -> float:
        """Length of a step in hours."""
        end = self.steps[index + 1].start_min if index + 1 < len(self.steps) else self.end_min
        return (end - self.steps[index].start_min) / 60

    @property
    def planned_energy_kwh(self) -> float:
        """Demand this plan says it serves, over its whole span."""
        return sum(
            self.duration_h(k) * sum(la.demand_kw for la in step.local_areas.values())
            for k, step in enumerate(self.steps)
        )

    def write(self, path: Path) -> None:
        """Write as JSON, keys in a fixed order."""
        path.write_text(json.dumps(self.model_dump(), indent=1) + "\n", encoding="utf-8")
