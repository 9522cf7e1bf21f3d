"""What a plan decided, kept to start the next solve from: the last plan, shifted in time."""

# pyright: basic
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..exchange.plan import Plan
from ..milp.problem import AreaGraph, Horizon
from ..milp.served import shares_by_step
from .shares import nbsu_state


@dataclass(frozen=True)
class PreviousPlan:
    """Sections energised, LAs served (where they can be off), switches closed, start-ups launched, by when."""

    step_start_min: tuple[float, ...]
    end_min: float
    energised: Mapping[tuple[str, int], bool]
    served: Mapping[tuple[str, int], float]
    closed: Mapping[tuple[str, int], bool]
    launched_min: Mapping[str, float]

    @classmethod
    def of(cls, m: Any, horizon: Horizon) -> PreviousPlan:
        """Read them from a solved model."""
        steps = range(horizon.steps)
        return cls(
            tuple(horizon.step_start_min),
            horizon.end_min,
            {(s, t): m.X[s, t].value > 0.5 for s in m.S for t in steps},
            {(la, t): m.served[la, t].value for la in m.LA for t in steps} if m.by_area else {},
            {(k, t): m.b[k, t].value > 0.5 for k in m.SWITCH for t in steps},
            {i: horizon.start(t) for i in m.NBSU for t in steps if m.launch[i, t].value > 0.5},
        )

    @classmethod
    def of_plan(cls, plan: Plan, horizon: Horizon, graph: AreaGraph) -> PreviousPlan:
        """Read them from a plan that was made for a horizon, for the sections and switches of a graph."""
        steps = list(enumerate(plan.steps))
        live = [set(step.energised_buses or ()) for _, step in steps]
        closed = [set(step.closed_branches) for _, step in steps]
        switches = [k for k, link in graph.links.items() if link.switchable]
        launched: dict[str, float] = {}
        for i, source in graph.sources.items():
            begun = (step.start_min for _, step in steps if nbsu_state(step, i, graph) != "off")
            if source.parameters.s_nbsu_kva and (first := next(begun, None)) is not None:
                launched[i] = first
        return cls(
            tuple(horizon.step_start_min),
            horizon.end_min,
            {(s.id, t): s.buses[0] in live[t] for s in graph.view.sections.values() for t, _ in steps},
            {(la, t): share for t, of in enumerate(shares_by_step(horizon, plan.steps)) for la, share in of.items()},
            {(k, t): k in closed[t] for k in switches for t, _ in steps},
            launched,
        )

    def step_at(self, time_min: float) -> int:
        return max((k for k, start in enumerate(self.step_start_min) if start <= time_min + 1e-9), default=0)


def start_values(m: Any, horizon: Horizon, before: PreviousPlan | None) -> dict[int, float]:
    """Values of the binaries, by ``id`` of the variable, to start from: the plan before, or nothing but live infeeds.

    A switch between two dark sections rests. The start may be infeasible; the solver then drops it.
    """
    live_now = {m.section[la] for la in m.INFEED}
    start: dict[int, float] = {}
    resting = {k: bool(m.b0[k].value) for k in m.SWITCH}
    for t in m.T:
        inside = t < horizon.steps
        then = before.step_at(horizon.start(t)) if before else 0
        on = {s: inside and (before.energised[s, then] if before else s in live_now) for s in m.S}
        for s in m.S:
            start[id(m.X[s, t])] = float(on[s])
        for members in m.alike if m.by_area and not m.in_part else ():
            kept = sum(before.served[la, then] for la in members) if inside and before else 0.0
            for la in members:
                start[id(m.served[la, t])] = kept if la == members[0] else 0.0
        for k in m.SWITCH:
            in_use = on[m.sec_i[k]] or on[m.sec_j[k]]
            if in_use and before:
                resting[k] = before.closed[k, then]
            elif in_use:
                resting[k] = resting[k] and on[m.sec_i[k]] and on[m.sec_j[k]]
            start[id(m.b[k, t])] = float(resting[k])
    for i in m.NBSU:
        at = _launch_step(horizon, i, before)
        for k in m.K:
            start[id(m.launch[i, k])] = float(k == at)
    return start


def _launch_step(horizon: Horizon, i: str, before: PreviousPlan | None) -> int | None:
    """The launch to keep: the one under way, or the one planned for a step still to come."""
    launches = horizon.launches(i)
    if -1 in launches:
        return -1
    planned = before.launched_min.get(i) if before else None
    if planned is None or not launches:
        return None
    return next((t for t in launches if abs(horizon.start(t) - planned) < 1e-6), None)
