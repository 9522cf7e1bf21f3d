"""What the dispatch centre decided, in a run's log: its plans, and the events around them."""

from __future__ import annotations

from ...controllers.centre.dispatch_centre import Decision
from ...scenarios.kinds.events import EventKind
from ...scenarios.schema.communication import DISPATCH_CENTRE
from .run_log import RunLog


def record_decision(log: RunLog, decision: Decision, now: int) -> None:
    """Note whom it lost and found again, its plan, and the events around that."""
    contacts: tuple[tuple[EventKind, list[tuple[str, str]]], ...] = (
        ("contact_lost", decision.contact_lost),
        ("contact_regained", decision.contact_regained),
    )
    for kind, changed in contacts:
        if changed:
            names = ", ".join(".".join(who) for who in changed)
            log.recorder.add_event(now, kind, DISPATCH_CENTRE, len(changed), "contacts", names)
    if decision.failed:
        log.recorder.add_event(
            now, "planning_failed", DISPATCH_CENTRE, text=f"{decision.failed}; the plan in force goes on"
        )
    if decision.cut_by_clock:
        text = "time_limit_s stopped part of the planning: another machine may decide otherwise"
        log.recorder.add_event(now, "cut_by_clock", DISPATCH_CENTRE, text=text)
    if decision.issued is None:
        return
    plan, solution = decision.issued.plan, decision.issued.solution
    log.recorder.add_plan(plan.model_dump())
    log.add_seconds("solver", solution.seconds)
    log.seconds["solver_longest"] = max(log.seconds.get("solver_longest", 0.0), solution.seconds)
    planned_kwh = decision.issued.planned_energy_kwh
    none = "" if planned_kwh > 0 else "nothing can be restored; "
    for number, check in enumerate(plan.checks, 1):
        kinds = ", ".join(f"{kind} {count}" for kind, count in check.violations_by_kind.items())
        text = f"round {number}: {kinds}; then {check.then}, {len(check.learnt)} lessons"
        log.recorder.add_event(now, "plan_rejected", DISPATCH_CENTRE, check.objective, "kWh", text)
    text = f"{decision.why}; {none}{plan.status}, gap {plan.gap_in_words(2)}, {solution.nodes} nodes"
    if allowed := sorted(set(plan.loss_allowance_pct.values())):
        text += f", losses of {' to '.join(dict.fromkeys((f'{allowed[0]:g}', f'{allowed[-1]:g}')))} % allowed for"
    if (begins_min := plan.steps[0].start_min) > now:
        text += f", in force from minute {begins_min:g}"
    log.recorder.add_event(
        now,
        "plan_issued",
        DISPATCH_CENTRE,
        planned_kwh,
        "kWh",
        "; ".join(filter(None, (text, decision.issued.note))),
    )
