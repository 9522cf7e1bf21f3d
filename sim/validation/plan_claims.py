"""What a plan says, step by step, against what switches can do: which branches conduct, and who is to be supplied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ...controllers.exchange.plan import LocalAreaSetPoint, Plan, PlanStep, UnitSetPoint, Violation
from ...scenarios.schema.scenario import LoadControl
from ...scenarios.view import GridView


@dataclass(frozen=True)
class StepClaims:
    """A step of a plan.

    ``closed`` are the branches that conduct: a branch without a switch whatever the plan says, a faulted one never, for
    protection opens it again. ``energised`` and ``balance`` are None where the plan leaves them out. ``split`` are
    sections that the plan wants energised in part. ``violations`` are those of the switching itself.
    """

    step: int
    start_min: float
    end_min: float
    closed: frozenset[str]
    energised: frozenset[str] | None
    balance: tuple[str, ...] | None
    units: Mapping[str, UnitSetPoint]
    areas: Mapping[str, LocalAreaSetPoint]
    split: frozenset[str]
    violations: tuple[Violation, ...]
    load_control: LoadControl = "section"

    def served(self, local_area: str) -> bool:
        """Whether an LA's customers are on where their bus is energised: by section they are whatever the plan says."""
        area = self.areas.get(local_area)
        return self.load_control == "section" or area is None or area.demand_kw is None or area.demand_kw > 0

    def share(self, local_area: str, demand_kw: float) -> float:
        """Share of an LA's demand that is on where its bus is energised; all is ``demand_kw``, mean of the step."""
        area = self.areas.get(local_area)
        if self.load_control != "part" or area is None or area.demand_kw is None or demand_kw <= 0:
            return float(self.served(local_area))
        return min(area.demand_kw / demand_kw, 1.0)

    def promised_kw(self, local_area: str, bus: str, demand_kw: float, *, live: bool) -> float:
        """Demand of an LA that the plan says is served; ``demand_kw`` is all of it, ``bus`` one of the LA's.

        Where the plan does not name energised buses, supply is promised wherever the bus is ``live``.
        """
        area = self.areas.get(local_area)
        if area is not None and area.demand_kw is not None:
            return area.demand_kw
        return demand_kw if (live if self.energised is None else bus in self.energised) else 0.0


def read_claims(view: GridView, plan: Plan, load_control: LoadControl) -> list[StepClaims]:
    """A plan's steps. Ids must be known (``read_plan`` checks that)."""
    names_all = any(not view.branches[b].switchable for step in plan.steps for b in step.closed_branches)
    return [
        replace(_read_step(view, plan, k, step, names_all), load_control=load_control)
        for k, step in enumerate(plan.steps)
    ]


def _read_step(view: GridView, plan: Plan, k: int, step: PlanStep, names_all: bool) -> StepClaims:
    named = frozenset(step.closed_branches)
    closed = {b.id for b in view.branches.values() if not b.faulted and (b.id in named or not b.switchable)}
    energised = None if step.energised_buses is None else frozenset(step.energised_buses)
    broken = dict.fromkeys(_opened(view, named, names_all, energised))
    violations = [
        Violation(k, step.start_min, "faulted_branch_closed", b.id, 1.0, 0.0, "closed")
        for b in view.branches.values()
        if b.faulted and b.id in named
    ]
    violations += [Violation(k, step.start_min, "unswitchable_branch_opened", b, 1.0, 0.0, "opened") for b in broken]
    return StepClaims(
        step=k,
        start_min=step.start_min,
        end_min=plan.end_of(k),
        closed=frozenset(closed),
        energised=energised,
        balance=None if step.balance_units is None else tuple(step.balance_units),
        units=step.units,
        areas=step.local_areas,
        split=frozenset(_split_sections(view, energised)),
        violations=tuple(violations),
    )


def _opened(view: GridView, named: frozenset[str], names_all: bool, energised: frozenset[str] | None) -> Iterator[str]:
    """Branches without a switch that a step would have to open: not named where it names all, or live at one end."""
    for branch in view.branches.values():
        if branch.switchable or branch.faulted:
            continue
        half_live = energised is not None and (branch.from_bus in energised) != (branch.to_bus in energised)
        if half_live or (names_all and branch.id not in named):
            yield branch.id


def _split_sections(view: GridView, energised: frozenset[str] | None) -> Iterator[str]:
    if energised is None:
        return
    for section in view.sections.values():
        live = sum(bus in energised for bus in section.buses)
        if 0 < live < len(section.buses):
            yield section.id
