"""Plans that repair themselves: plan, have the plan checked, learn from what it breaks, and plan again.

Each round first keeps the topology and only dispatches anew, which gives up no customer. If that is impossible the MILP
plans anew with all that was learnt. After a bounded number of rounds the least valuable sections of the offending
islands are left out, one, one, two, four … at a time, so that it ends; where customers can be off in a live section,
single LAs before sections.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, runtime_checkable

from ..exchange.plan import Findings, PlanCheck, PlanChecker
from ..milp.model import Model
from ..milp.problem import Horizon
from ..milp.stricter_limits import Tightened
from .plan_reader import nothing_restored
from .planner import NOTHING, PlanRecord
from .violation_lessons import Lessons

Then = Literal["dispatch", "plan", "drop", "nothing", "issue"]


@runtime_checkable
class Repairable(Protocol):
    """A planner that can be told what its plans break: through ``Horizon.tightened``."""

    @property
    def decided(self) -> Model:
        """The solved model that the last plan was read from, which lessons are drawn in."""
        ...

    def plan(self, horizon: Horizon) -> PlanRecord:
        """Plan a horizon."""
        ...

    def redispatch(self, horizon: Horizon) -> PlanRecord | None:
        """The last plan with powers chosen anew; None if there is no such dispatch."""
        ...


@dataclass
class PlanRepair:
    """Makes plans that pass their check. ``rounds``: how many before sections are left out."""

    planner: Repairable
    checker: PlanChecker
    rounds: int
    _no_plan: str = ""
    """why the last planning that kept to all that was learnt found no plan"""
    _offended: set[str] = field(default_factory=set)
    """units whose limits checked plans broke"""
    _bound: float | None = None
    """of the plan that repair began with"""

    def plan(self, horizon: Horizon) -> PlanRecord:
        """A plan that passes its check, its ``checks`` telling what was tried; a clean one is as the planner made it.

        Where repair has given up everything, it begins anew without the units whose limits were broken. What it emptied
        in the end is not called optimal: the bound is that of the plan that was emptied.
        """
        self._offended = set()
        first = self._repaired(horizon)
        checks, bound = list(first.plan.checks), self._bound
        if not checks or first.planned_energy_kwh > 0 or not checks[0].planned_energy_kwh > 0:
            return first
        emptied = _not_proven(first, bound)
        if not self._offended:
            return emptied
        bounds = {**horizon.tightened.bounds, **held_off(horizon, self._offended)}
        again = self._repaired(replace(horizon, tightened=replace(horizon.tightened, bounds=bounds)))
        in_vain = again.plan.status == "fallback" or any(check.then == "issue" for check in again.plan.checks)
        if in_vain or not again.planned_energy_kwh > 0:
            return emptied
        names = ", ".join(sorted(self._offended))
        checks[-1] = checks[-1].model_copy(update={"then": "plan", "learnt": [*checks[-1].learnt, f"without {names}"]})
        plan = again.plan.model_copy(update={"checks": [*checks, *again.plan.checks]})
        solution = replace(
            again.solution,
            seconds=first.solution.seconds + again.solution.seconds,
            nodes=first.solution.nodes + again.solution.nodes,
            cut_by_clock=first.solution.cut_by_clock or again.solution.cut_by_clock,
        )
        found = _not_proven(replace(again, plan=plan, solution=solution), bound)
        return found.noted(f"no plan with {names} passed its check ({first.note}); this one does without")

    def _repaired(self, horizon: Horizon) -> PlanRecord:
        """What rounds of repair lead to.

        Nothing is restored where no plan passes; ``note`` says so, and what even that breaks. If it breaks anything, a
        plan is preferred that only sheds customers who had not lost supply: they cannot all be kept.
        """
        record = first = self.planner.plan(horizon)
        self._bound = first.plan.bound
        checks: list[PlanCheck] = []
        seconds, nodes, dropping, self._no_plan = record.solution.seconds, record.solution.nodes, 0, ""
        cut = record.solution.cut_by_clock
        found = self.checker(record.plan)
        sheds: tuple[PlanRecord, Findings] | None = None
        while found.violations and record.plan.status != "fallback":
            self._offended |= {v.element for v in found.violations if v.element in horizon.graph.view.local_units}
            if sheds is None and set(found.by_kind) == {"unsupplied_load"}:
                sheds = record, found
            again, then, learnt = None, "plan", list[str]()
            if not dropping and len(checks) < self.rounds:
                again, then, learnt = self._round(record, found)
            if again is None:
                then = "drop"
                dropping += 1
                again, learnt = self._drop(record, found, 2 ** max(0, dropping - 2))
            ended = again is None or again.plan.status == "fallback"
            checks.append(told(record, found, "nothing" if ended else then, learnt))
            if again is None:
                break
            if again.solution is not record.solution:
                seconds, nodes = seconds + again.solution.seconds, nodes + again.solution.nodes
            cut = cut or again.solution.cut_by_clock
            record = again
            found = self.checker(record.plan)
        if record.plan.status == "fallback":
            self._no_plan = record.note.removesuffix(NOTHING)
        if found.violations or (record.plan.status == "fallback" and record is not first):
            note = first.note if first.plan.status == "fallback" else ""
            losses = self.checker(nothing_restored(horizon)).losses
            record = replace(first, plan=nothing_restored(horizon, losses), note=note, kept=False)
            found = self.checker(record.plan)
            if found.violations and sheds:
                record, found = sheds
                checks.append(told(record, found, "issue", []))
        if not checks and not found.violations:
            return record
        failed = found.violations or record.plan.status == "fallback"
        why = self._no_plan if failed and self._no_plan not in record.note else ""
        note = "; ".join(filter(None, (record.note, _summary(first, record, found, checks), why)))
        solution = replace(record.solution, seconds=seconds, nodes=nodes, cut_by_clock=cut)
        return replace(record, plan=record.plan.model_copy(update={"checks": checks}), solution=solution, note=note)

    def _round(self, record: PlanRecord, found: Findings) -> tuple[PlanRecord | None, Then, list[str]]:
        """The next plan, how it was made, and what it was told; None if nothing was learnt that gives one."""
        learnt: list[str] = []
        tightened = Tightened()
        for keep_power in (True, False):
            lessons = Lessons(self.planner.decided, record.horizon, record.plan, found, keep_power=keep_power)
            if not lessons.learn():
                return None, "plan", []
            if lessons.learnt == learnt:
                break
            tightened, learnt = lessons.tightened, lessons.learnt
            again = None
            if _asks_of_topology(tightened) == _asks_of_topology(record.horizon.tightened):
                again = self.planner.redispatch(replace(record.horizon, tightened=tightened))
            if again is not None:
                return again, "dispatch", learnt
        again = self.planner.plan(replace(record.horizon, tightened=tightened))
        if again.plan.status == "fallback":
            self._no_plan = again.note.removesuffix(NOTHING)
            return None, "plan", learnt
        return again, "plan", learnt

    def _drop(self, record: PlanRecord, found: Findings, count: int) -> tuple[PlanRecord | None, list[str]]:
        """The next plan without so many sections of each offending island; None if none is left."""
        lessons = Lessons(self.planner.decided, record.horizon, record.plan, found)
        lessons.learn()
        kept = replace(lessons.tightened, cuts=record.horizon.tightened.cuts)
        if not lessons.drop(count):
            return None, lessons.learnt
        tightened = replace(kept, bounds=lessons.tightened.bounds)
        return self.planner.plan(replace(record.horizon, tightened=tightened)), lessons.learnt


def _not_proven(record: PlanRecord, bound: float | None) -> PlanRecord:
    """A plan that is some plan, not the best: its bound is that of the plan that repair began with."""
    if record.plan.status == "fallback":
        return record
    plan = record.plan.model_copy(update={"status": "feasible", "bound": bound})
    solution = replace(record.solution, status="feasible", bound=math.nan if bound is None else bound)
    return replace(record, plan=plan, solution=solution)


def held_off(horizon: Horizon, units: Iterable[str]) -> dict[tuple[str, str, int], tuple[float, float]]:
    """Bounds under which units give nothing, start nothing and form no voltage; with all that is scheduled as one with
    them."""
    graph, bounds = horizon.graph, dict[tuple[str, str, int], tuple[float, float]]()
    view, off = graph.view, set(units)
    for unit in off:
        kind, la = view.units[unit].kind, view.local_area_of_unit(unit)
        source = unit if graph.per_device else la
        places = [(f"{letter}_{kind}", source, t) for letter in "pq" for t in range(horizon.steps)]
        places += [("launch", source, t) for t in range(-1, horizon.steps) if kind == "nbsu"]
        formers = {u for u in view.balance_order if view.local_area_of_unit(u) == la}
        if formers <= off:
            places += [("root", la, t) for t in range(horizon.steps)]
        bounds |= dict.fromkeys(places, (0.0, 0.0))
    return bounds


def _asks_of_topology(tightened: Tightened) -> tuple[object, ...]:
    """What no choice of powers can meet: states ruled out, sections to be energised or not, LAs to be served or not,
    switches to stay open."""
    decided = ("X", "served", "b")
    return tightened.cuts, {place: bound for place, bound in tightened.bounds.items() if place[0] in decided}


def told(record: PlanRecord, found: Findings, then: Then, learnt: list[str]) -> PlanCheck:
    """What a check found on a plan and what followed."""
    return PlanCheck(
        violations_by_kind=found.by_kind,
        objective=record.plan.objective or 0.0,
        planned_energy_kwh=record.planned_energy_kwh,
        learnt=learnt,
        then=then,
    )


def reported(record: PlanRecord, checker: PlanChecker) -> PlanRecord:
    """The same plan with what its check found."""
    found = checker(record.plan)
    if not found.violations:
        return record
    plan = record.plan.model_copy(update={"checks": [told(record, found, "issue", [])]})
    return replace(record, plan=plan, note="; ".join(filter(None, (record.note, f"its check found {listed(found)}"))))


def listed(found: Findings) -> str:
    """Kinds and numbers of violations, in words."""
    return ", ".join(f"{kind} {count}" for kind, count in found.by_kind.items())


def _summary(first: PlanRecord, last: PlanRecord, found: Findings, checks: list[PlanCheck]) -> str:
    """What a planner should know of a repair."""
    if not checks:
        return f"its check found {listed(found)}; there is no other plan"
    kinds = ", ".join(f"{kind} {count}" for kind, count in checks[0].violations_by_kind.items())
    given_up_kwh = first.planned_energy_kwh - last.planned_energy_kwh
    ways = ", ".join(check.then for check in checks)
    text = f"its check found {kinds}; repaired in {len(checks)} rounds ({ways}), {given_up_kwh:.1f} kWh given up"
    if checks[-1].then == "issue":
        return (
            f"its check found {kinds}; no plan passed it in {len(checks) - 1} rounds, nor would restoring nothing: "
            f"{listed(found)} remain, customers who had not lost supply and cannot all be kept"
        )
    if last.plan.status == "fallback":
        text = f"its check found {kinds}; no plan passed it in {len(checks)} rounds ({ways})"
    return text if not found.violations else f"{text}; even so: {listed(found)}"
