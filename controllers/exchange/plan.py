"""A service restoration plan: what it says at each plan step, and its JSON form (a public contract).

The same form takes in plans of other tools: what only we can know (objective, bound, status, strategy) may be left
out, and so may times that follow from the steps, and whatever a validator can find out by itself (docs/validation.md).
"""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ...scenarios.kinds.violations import ViolationKind
from ...scenarios.whole_file import write_whole
from .messages import UnitState

PlanStatus = Literal["optimal", "feasible", "fallback"]
"""optimal: incumbent within the asked gap; feasible: a limit stopped the search (not proven); fallback: no plan was
found and nothing is restored."""
ZERO_KWH = 1e-9
"""An objective below it is 0, of which no bound is a share away."""
STEPS_SHOWN = 20
"""Steps in the text of a plan."""
DEFAULT_STEP_MIN = 30.0
"""Length of the only step of a plan that says neither how long its steps are nor when it ends."""


def _no_flag(value: object) -> object:
    """true and false are numbers to JSON's readers, but not to people."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def _unknown() -> float:
    """Stands for a time that ``with_times`` fills in."""
    return math.nan


Number = Annotated[float, BeforeValidator(_no_flag)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class UnitSetPoint(_Part):
    """A unit's planned output; generation and discharge positive."""

    p_kw: Number = Field(description="Active power.")
    q_kvar: Number = Field(default=0.0, description="Reactive power.")
    state: UnitState | None = Field(
        default=None,
        description="off, waiting (PV before it reconnects), starting (NBSU), idle, follow, or form (balance unit); "
        "left out: read from p_kw and balance_units.",
    )


class LocalAreaSetPoint(_Part):
    """An LA's planned net injection, its demand if it is to be served, and the split by kind of unit."""

    p_kw: Number = Field(description="Net injection.")
    q_kvar: Number = Field(description="Net injection.")
    demand_kw: Number | None = Field(
        default=None,
        description="Demand that the plan says is served; left out: all of it where the LA is energised; "
        "0: its customers stay switched off.",
    )
    p_pv_kw: Number = Field(default=0.0, description="Of p_kw, by PV.")
    p_ess_kw: Number = Field(default=0.0, description="Of p_kw, by ESSs; discharge positive.")
    p_nbsu_kw: Number = Field(default=0.0, description="Of p_kw, by NBSUs; start-up power negative.")
    nbsu_state: Literal["off", "starting", "online"] = Field(default="off", description="Of its NBSUs.")


class PlanStep(_Part):
    """State of the area from ``start_min`` to the start of the next step (or the end of the plan)."""

    start_min: Number = Field(description="Minutes since the outage began.")
    closed_branches: list[str] = Field(
        description="Closed switchable branches. Branches without a switch are closed anyway; but a plan that names "
        "one of them is taken to name every closed branch."
    )
    energised_buses: list[str] | None = Field(default=None, description="Left out: they follow from topology.")
    balance_units: list[str] | None = Field(
        default=None, description="The units that form their islands' voltage; left out: chosen by a fixed order."
    )
    local_areas: dict[str, LocalAreaSetPoint] = Field(
        default_factory=dict, description="By LA id; LAs left out: demand as forecast."
    )
    units: dict[str, UnitSetPoint] = Field(
        default_factory=dict, description="By unit id; units left out are dispatched by the validator."
    )


class SourceEnergy(_Part):
    """Energy of one source over a plan's span, kWh: as planned, and the least and largest at the same objective.

    ``least`` and ``largest`` are those of the plan's own topology and start-ups
    (``relight.controllers.planning.shares``); ``lower_bound`` and ``upper_bound``, if asked for, hold for all plans
    worth as much (``relight.controllers.planning.source_bounds``).
    """

    planned: Number = Field(description="As planned, kWh.")
    least: Number = Field(description="Least at the same objective, with the plan's own topology, kWh.")
    largest: Number = Field(description="Largest, likewise, kWh.")
    lower_bound: Number | None = Field(default=None, description="Proven for all plans worth as much, kWh.")
    upper_bound: Number | None = Field(default=None, description="Likewise, kWh.")


class PlanCheck(_Part):
    """One check of a plan by the dispatch centre itself that found violations, and what it did about them.

    ``objective`` (weighted kWh) and ``planned_energy_kwh`` (of the outage area) are those of the plan that was checked.
    ``then``: dispatch, the powers were chosen anew for the same topology; plan, all was planned anew; drop, so it was,
    without the least valuable sections; nothing, no section was restored; issue, the plan was left as it is.
    """

    violations_by_kind: dict[ViolationKind, int] = Field(description="What the checked plan breaks.")
    objective: Number = Field(description="Of the checked plan, weighted kWh.")
    planned_energy_kwh: Number = Field(description="Of the checked plan, in the outage area.")
    learnt: list[str] = Field(default_factory=list, description="What the next plan was told, in words.")
    then: Literal["dispatch", "plan", "drop", "nothing", "issue"] = Field(description="How it went on; see above.")


class Plan(_Part):
    """A plan for the rest of the window. ``closed_branches`` of ours name switchable branches only.

    ``objective`` and ``bound`` are in weighted kWh (18); ``bound`` is the proven upper bound of the objective; both are
    None in a plan that does not tell. Times left out follow from the steps: ``issued_at_min`` is the first start,
    ``step_min`` the longest distance of two starts, ``end_min`` one step after the last start.

    Examples:
        >>> step = {"start_min": 0, "closed_branches": ["24-29"]}
        >>> plan = relight.Plan(scenario="guo45/fault-1000", step_min=30, steps=[step])
        >>> plan.end_min, plan.step_at(10).closed_branches
        (30.0, ['24-29'])
    """

    schema_version: Literal[1] = Field(default=1, description="Of this form.")
    scenario: str = Field(default="", description="Name of the scenario it is for.")
    strategy: str = Field(default="", description="What made it.")
    issued_at_min: Number = Field(default_factory=_unknown, description="Left out: start of the first step.")
    step_min: Number = Field(default_factory=_unknown, gt=0, description="Left out: longest distance of two starts.")
    end_min: Number = Field(default_factory=_unknown, description="Left out: one step after the last start.")
    objective: Number | None = Field(default=None, description="Value of (18), weighted kWh.")
    bound: Number | None = Field(default=None, description="Proven upper bound of the objective.")
    terms_kwh: dict[str, Number] = Field(
        default_factory=dict,
        exclude_if=lambda terms: not terms,
        description="What the objective is the sum of, by name, where more counts in it than energy and switching.",
    )
    status: PlanStatus | None = Field(
        default=None, description="Within the asked gap; a limit stopped the search; or no plan was found."
    )
    steps: list[PlanStep] = Field(min_length=1, description="In the order of time.")
    source_energy_kwh: dict[str, SourceEnergy] = Field(
        default_factory=dict, description="By source, if asked for; see controllers/planning/shares.py."
    )
    checks: list[PlanCheck] = Field(
        default_factory=list,
        description="Checks by AC power flow that found violations before the plan was issued; the plan itself passed "
        "the one after them, unless the last says: issue.",
    )

    stale_psc_min: dict[str, Number] = Field(
        default_factory=dict,
        exclude_if=lambda ages: not ages,
        description="LAs whose last PSC is older than the plan, with its age in minutes.",
    )
    loss_allowance_pct: dict[str, Number] = Field(
        default_factory=dict,
        exclude_if=lambda shares: not shares,
        description="By section: what demand was raised by for losses, % of it, where that was learned.",
    )
    note: str = Field(
        default="",
        exclude_if=lambda words: not words,
        description="What did not go as hoped when it was made, in words; in a run events.csv says it, and only why "
        "nothing is restored, or sections are left out that could be alone, stands here too.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in_times(cls, data: Any) -> Any:
        return with_times(data) if isinstance(data, dict) else data

    @property
    def gap(self) -> float:
        """Relative distance of bound and objective; 0 where both are 0.

        NaN where one is not known, or the objective is 0 and the bound is not.
        """
        if self.bound is None or self.objective is None:
            return math.nan
        if self.bound == self.objective:
            return 0.0
        return abs(self.bound - self.objective) / abs(self.objective) if abs(self.objective) > ZERO_KWH else math.nan

    def gap_in_words(self, decimals: int) -> str:
        """The gap in per cent, or that it is undefined."""
        return "undefined" if math.isnan(self.gap) else f"{self.gap:.{decimals}%}"

    def __repr__(self) -> str:
        made = ", ".join(filter(None, (self.scenario, self.strategy))) or "of unknown origin"
        worth = "" if self.objective is None else f", objective {self.objective:,.1f} kWh, gap {self.gap_in_words(2)}"
        return (
            f"<Plan {made}: {self.status or 'no status'}, {len(self.steps)} steps from minute {self.issued_at_min:g} "
            f"to {self.end_min:g}, {self.planned_energy_kwh:,.1f} kWh planned{worth}>"
        )

    def __str__(self) -> str:
        rows = [("minutes", "closed", "buses", "areas served", "kW served", "balance units")]
        for k, step in enumerate(self.steps[:STEPS_SHOWN]):
            served = [area.demand_kw for area in step.local_areas.values() if area.demand_kw]
            buses = "-" if step.energised_buses is None else str(len(step.energised_buses))
            units = ", ".join(step.balance_units or ()) or "-"
            span = f"{step.start_min:g}-{self.end_of(k):g}"
            rows.append((span, str(len(step.closed_branches)), buses, str(len(served)), f"{sum(served):,.1f}", units))
        width = [max(len(row[k]) for row in rows) for k in range(5)]
        lines = ["  ".join([*(text.rjust(w) for text, w in zip(row, width, strict=False)), row[5]]) for row in rows]
        more = len(self.steps) - STEPS_SHOWN
        lines += [f"and {more} more steps"] if more > 0 else []
        return "\n".join([repr(self)[1:-1], *lines, *([f"note: {self.note}"] if self.note else [])])

    def step_at(self, time_min: float) -> PlanStep:
        """The step in force at a time; the first one for earlier times."""
        return next((s for s in reversed(self.steps) if s.start_min <= time_min), self.steps[0])

    def end_of(self, index: int) -> float:
        """End of a step in minutes."""
        return self.steps[index + 1].start_min if index + 1 < len(self.steps) else self.end_min

    def duration_h(self, index: int) -> float:
        """Length of a step in hours."""
        return (self.end_of(index) - self.steps[index].start_min) / 60

    @property
    def planned_energy_kwh(self) -> float:
        """Demand this plan says it serves, over its whole span; LAs whose demand it does not tell are left out.

        LAs that had never lost supply are in it, see ``energy_kwh``.
        """
        return self.energy_kwh({la for step in self.steps for la in step.local_areas})

    def energy_kwh(self, las: Collection[str]) -> float:
        """Demand of these LAs that this plan says it serves, over its whole span."""
        return sum(
            self.duration_h(k) * sum(area.demand_kw or 0.0 for la, area in step.local_areas.items() if la in las)
            for k, step in enumerate(self.steps)
        )

    def write(self, path: Path) -> None:
        """Write as JSON, keys in a fixed order; a file that exists is replaced at once or not at all; ``-`` prints."""
        write_whole(path, json.dumps(self.model_dump(), indent=1) + "\n")


@dataclass(frozen=True)
class Violation:
    """A limit that a plan breaks: kinds as in docs/reference/kinds.md, ``unit`` of ``value`` and ``limit``.

    ``step`` is the plan's step (from 0), ``time_min`` when in it the limit is broken most, minutes since the outage.
    ``caused_by_plan``: not so where the limit is broken without the plan too, and by as much; ``value_without_plan`` is
    the value then, None where the limit is kept or nothing of the kind is there without the plan.
    """

    step: int
    time_min: float
    kind: ViolationKind
    element: str
    value: float | None
    limit: float | None
    unit: str
    caused_by_plan: bool = True
    value_without_plan: float | None = None

    @property
    def excess(self) -> float:
        """How far the value lies from its limit."""
        return abs(self.value - self.limit) if self.value is not None and self.limit is not None else 0.0


@dataclass(frozen=True)
class IslandLosses:
    """What the network takes in an island of a plan's step by AC power flow: losses, less what cables give (kvar).

    The island is named by its balance unit.
    """

    step: int
    balance_unit: str
    losses_kw: float
    losses_kvar: float


@dataclass(frozen=True)
class Findings:
    """What a check of a plan found: every violation that it causes, the losses of every island that could be solved.

    ``already_so``: limits that are broken without the plan too. Where a plan makes that worse the violation's limit is
    what it is without the plan.
    """

    violations: Sequence[Violation]
    losses: Sequence[IslandLosses] = ()
    already_so: Sequence[Violation] = ()

    @property
    def by_kind(self) -> dict[ViolationKind, int]:
        """Number of violations of each kind that occurs."""
        count: Counter[ViolationKind] = Counter(v.kind for v in self.violations)
        return {kind: count[kind] for kind in sorted(count)}


PlanChecker = Callable[[Plan], Findings]
"""Judges a plan by what is known when it is made: the forecast, and the state as it was measured last."""


def with_times(data: dict[str, Any], end_min: float | None = None) -> dict[str, Any]:
    """A plan's JSON with the times that it leaves out; one without steps that have starts is returned as it is.

    ``end_min``: end of a plan that tells neither its end nor ``step_min``; none that tells only this ends later.
    """
    steps = data.get("steps")
    starts = [_start(step) for step in steps] if isinstance(steps, list) else []
    if not starts or any(start is None for start in starts):
        return data
    known = [start for start in starts if start is not None]
    longest = max((b - a for a, b in itertools.pairwise(known) if b > a), default=DEFAULT_STEP_MIN)
    filled = {key: value for key, value in data.items() if value is not None}
    if end_min is not None and "step_min" not in filled:
        filled.setdefault("end_min", end_min)
    filled.setdefault("issued_at_min", known[0])
    filled.setdefault("step_min", longest)
    step_min = filled["step_min"]
    if isinstance(step_min, int | float) and not isinstance(step_min, bool) and step_min > 0:
        filled.setdefault("end_min", min(known[-1] + step_min, math.inf if end_min is None else end_min))
    return filled


def _start(step: Any) -> float | None:
    value = step.start_min if isinstance(step, PlanStep) else step.get("start_min") if isinstance(step, dict) else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if math.isfinite(value) else None
