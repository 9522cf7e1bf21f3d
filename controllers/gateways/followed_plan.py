"""The net power plan that a gateway follows: the steps that were not over when it was taken up, and their schedule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..exchange.messages import ON_LINE, NetPowerPlan, UnitSchedule
from ..exchange.start_up import NbsuState
from .local_area_problem import LocalAreaProblem, LocalAreaSchedule


@dataclass(frozen=True)
class FollowedPlan:
    """The steps of a net power plan that were not over when it was taken up, with the LA's schedule for them."""

    plan: NetPowerPlan
    first: int
    problem: LocalAreaProblem
    schedule: LocalAreaSchedule

    def step_at(self, time_min: float) -> int | None:
        """Index into the remaining steps of the one in force; None past the end."""
        if time_min >= self.plan["end_min"]:
            return None
        return max((t for t in self.problem.steps if self.problem.step_start_min[t] <= time_min), default=0)

    def nbsu_state(self, unit: str, t: int) -> NbsuState:
        """State ordered of an NBSU: its own where the dispatch centre schedules devices, else that of all its LA's."""
        if "units" not in self.plan:
            return self.problem.nbsu_state[t]
        state = self.plan["units"][unit]["state"][self.first + t]
        return "online" if state in ON_LINE else "starting" if state == "starting" else "off"

    def demand_multiple(self, t: int) -> float:
        """See ``demand_multiple``; of a remaining step."""
        return demand_multiple(self.plan, self.first + t)

    def net_at(self, time_min: float) -> tuple[float, float]:
        """Net injection (kW, kvar) that it asked for at a time, or at last where it was over; 0 of a dark area."""
        problem = self.problem
        if not problem.p_kw:
            return 0.0, 0.0
        t = self.step_at(time_min)
        t = len(problem.p_kw) - 1 if t is None else t
        return (problem.p_kw[t], problem.q_kvar[t]) if problem.energised[t] else (0.0, 0.0)


def pv_connected(
    energised: Sequence[bool], step_start_min: Sequence[float], energised_min: float, reconnect_delay_min: float
) -> tuple[bool, ...]:
    """X_{i,t−1} of (13c), (15c): whether PV is past its reconnect delay at the start of each step.

    ``energised_min`` is how long the LA has been energised at the first step's start. With a delay of one plan step
    this is: energised in the step before.
    """
    connected: list[bool] = []
    since = step_start_min[0] - energised_min if step_start_min and energised_min else None
    for start, live in zip(step_start_min, energised, strict=True):
        since = (start if since is None else since) if live else None
        connected.append(since is not None and start - since >= reconnect_delay_min - 1e-9)
    return tuple(connected)


def as_ordered(units: Mapping[str, UnitSchedule], first: int, problem: LocalAreaProblem) -> LocalAreaSchedule:
    """The schedule that the dispatch centre made, from step ``first`` on, for the units it knew to be in service."""
    p = {u: tuple(units[u]["p_kw"][first:]) for u in problem.units if u in units}
    q = {u: tuple(units[u]["q_kvar"][first:]) for u in p}
    return LocalAreaSchedule(
        problem.step_start_min,
        p,
        q,
        cost=math.nan,
        follow_error_kw=tuple(sum(p[u][t] for u in p) - problem.target_p(t) for t in problem.steps),
        follow_error_kvar=tuple(sum(q[u][t] for u in q) - problem.target_q(t) for t in problem.steps),
    )


def demand_multiple(plan: NetPowerPlan, step: int) -> float:
    """Planned demand over forecast demand in a step of a plan; 1 where the dispatch centre does not tell."""
    multiples = plan.get("demand_multiple")
    return multiples[step] if multiples else 1.0
