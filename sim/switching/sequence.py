"""Switching sequences: in which order to operate switches and units between the steps of a plan (docs/switching.md).

Between two steps no state may close a loop in a live island, join two sources, or break a limit by AC power flow. Among
the orders left the one is taken that interrupts least energy of customers whom the plan supplies in both steps (or lets
supply pass to those whom it supplies in neither), then the one that supplies all others soonest. The task is that of
the second stage of Poudel and Dubey, "A two-stage service restoration method for electric power distribution systems".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ...controllers.exchange.plan import Plan, Violation
from ..validation.conditions import StartState
from ..validation.validator import Validator
from .boundary import Boundary, boundaries
from .search import Action, FoundOrder, Operation, State, SwitchingMove, search
from .transition import PlanTransition, SwitchedNetwork

EXACT_OPERATIONS = 12
"""Up to so many operations all orders are compared: 4,096 states."""
BEAM_WIDTH = 16
"""States kept of each layer beyond that."""

Status = Literal["possible", "interrupting", "impossible"]


@dataclass(frozen=True)
class SequencedOperation:
    """An operation in its place, and the network just after it.

    ``begins_min``, ``time_min``: minutes since the outage began when it is ordered and when it is done; ``islands``
    hold an end of the device; ``dark`` are local areas that the plan supplies before and after, but not now. Extremes
    are those of all live islands; None without any, or without a rating.
    """

    begins_min: float
    time_min: float
    device: str
    action: Action
    reason: str
    islands: tuple[str, ...]
    dark: tuple[str, ...]
    vm_min_pu: float | None
    vm_max_pu: float | None
    loading_max_pct: float | None


@dataclass(frozen=True)
class Sequence:
    """The order of one step's operations.

    ``interrupted_min``: minutes that local areas go dark which the plan supplies in both steps; ``passing_min``:
    minutes that others are supplied whom it supplies in neither; ``reconnecting``: units that go dark on the way, so
    that PV must wait and NBSUs start anew, whatever the plan says; ``refused``: faulted branches that the plan wants
    closed. ``customers``: local areas live in the step whose customers are switched as it begins, before any other
    operation, with the shares of their demand that are on before and after. ``exact``: no other order interrupts less.
    An impossible sequence has no operations but ``pending`` ones, and a ``reason``.
    """

    step: int
    start_min: float
    step_min: float
    status: Status
    exact: bool
    operations: tuple[SequencedOperation, ...] = ()
    pending: tuple[Operation, ...] = ()
    interrupted_min: Mapping[str, float] = field(default_factory=dict)
    interrupted_kwh: float = 0.0
    passing_min: Mapping[str, float] = field(default_factory=dict)
    reconnecting: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    customers: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    reason: str = ""

    @property
    def duration_min(self) -> float:
        """From the first order to the last report."""
        return self.operations[-1].time_min - self.start_min if self.operations else 0.0

    @property
    def is_longer_than_step(self) -> bool:
        return self.duration_min > self.step_min


def find_sequences(
    validator: Validator, plan: Plan, *, start: StartState | None = None, exact_operations: int = EXACT_OPERATIONS
) -> list[Sequence]:
    """An order for every step of a plan that operates anything, by the forecast.

    ``start`` as for ``Validator.validate``. A step's sequence begins at the step's start, one operation after another.
    """
    verdict = validator.validate(plan, start=start)
    found = [find_sequence(validator, at, exact_operations) for at in boundaries(validator, plan, verdict, start)]
    return [one for one in found if one.operations or one.pending or one.refused or one.customers]


def find_sequence(validator: Validator, at: Boundary, exact_operations: int = EXACT_OPERATIONS) -> Sequence:
    """The order of the operations at one boundary."""
    transition = PlanTransition(validator, at)
    exact = len(transition.operations) <= exact_operations
    found = search(transition, None if exact else BEAM_WIDTH)
    claims = at.phase.claims
    step_min = claims.end_min - claims.start_min
    if found.path is None:
        pending, reason = tuple(transition.operations), _obstacles(found)
        return Sequence(
            at.step, at.time_min, step_min, "impossible", exact,
            pending=pending, refused=at.refused, customers=at.customers, reason=reason,
        )  # fmt: skip
    rows: list[SequencedOperation] = []
    interrupted: dict[str, float] = {}
    passing: dict[str, float] = {}
    kwh, now, state = 0.0, at.time_min, State(frozenset())
    for move, reached in found.path:
        supplied = transition.network(state).supplied
        for la in sorted(supplied & transition.never):
            passing[la] = passing.get(la, 0.0) + move.duration_min
        for la in sorted(transition.keep - supplied):
            interrupted[la] = interrupted.get(la, 0.0) + move.duration_min
            kwh += transition.demand_kw[la] * move.duration_min / 60
        rows += _rows(transition, move, now, state, reached)
        now, state = now + move.duration_min, reached
    return Sequence(
        at.step,
        at.time_min,
        step_min,
        "interrupting" if interrupted else "possible",
        exact,
        operations=tuple(rows),
        interrupted_min=interrupted,
        interrupted_kwh=kwh,
        passing_min=passing,
        reconnecting=tuple(sorted(state.lost)),
        refused=at.refused,
        customers=at.customers,
    )


def _rows(
    transition: PlanTransition, move: SwitchingMove, begins_min: float, state: State, reached: State
) -> list[SequencedOperation]:
    before, after = transition.network(state), transition.network(reached)
    reason = _reason(transition, before, after)
    low = [one.vm_min_pu for one in after.islands if one.vm_min_pu is not None]
    high = [one.vm_max_pu for one in after.islands if one.vm_max_pu is not None]
    loading = [one.loading_max_pct for one in after.islands if one.loading_max_pct is not None]
    rows: list[SequencedOperation] = []
    for op in move.operations:
        partner = " and ".join(f"{other.action} {other.device}" for other in move.operations if other != op)
        numbers = dict.fromkeys(after.topology.at[bus] for bus in transition.ends(op))
        rows.append(
            SequencedOperation(
                begins_min,
                begins_min + move.duration_min,
                op.device,
                op.action,
                f"at once with {partner}: {reason}" if partner else reason,
                tuple(after.topology.islands[k].id for k in numbers),
                tuple(sorted(transition.keep - after.supplied)),
                min(low, default=None),
                max(high, default=None),
                max(loading, default=None),
            )
        )
    return rows


def _reason(transition: PlanTransition, before: SwitchedNetwork, after: SwitchedNetwork) -> str:
    """What an operation does to customers."""
    gained, gone = after.supplied - before.supplied, before.supplied - after.supplied
    keep, never = transition.keep, transition.never
    parts = [
        (gone & keep, "interrupts"),
        (gone - keep, "switches off, as planned,"),
        (gained & keep, "supplies again"),
        (gained & never, "supplies in passing"),
        (gained - keep - never, "picks up"),
    ]
    told = [f"{verb} {_areas(transition, areas)}" for areas, verb in parts if areas]
    return "; ".join(told) or "changes nobody's supply"


def _areas(transition: PlanTransition, areas: frozenset[str]) -> str:
    kw = sum(transition.demand_kw[la] for la in sorted(areas))
    return f"{len(areas)} local area{'' if len(areas) == 1 else 's'} ({kw:.0f} kW)"


def _obstacles(found: FoundOrder) -> str:
    """What stands in the way where the search got furthest; of each kind and element the least."""
    least: dict[tuple[str, str], tuple[SwitchingMove, Violation]] = {}
    for move, violations in found.blocked:
        for violation in violations:
            key = (violation.kind, violation.element)
            if key not in least or violation.excess < least[key][1].excess:
                least[key] = move, violation
    told = [f"{_named(move)} would break {_limit(violation)}" for move, violation in least.values()]
    return "; ".join(told[:5]) + (f"; and {len(told) - 5} more" if len(told) > 5 else "")


def _named(move: SwitchingMove) -> str:
    return " and ".join(f"{op.action} {op.device}" for op in move.operations)


def _limit(violation: Violation) -> str:
    if violation.value is None or violation.limit is None:
        return f"{violation.kind} ({violation.element})"
    return (
        f"{violation.kind} ({violation.element}: {violation.value:.4g} {violation.unit}, limit {violation.limit:.4g})"
    )
