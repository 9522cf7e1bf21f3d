"""Objective (18), in one place: what a plan is worth, kWh; as an expression of a model, of a plan, and at most.

``TERMS`` is what is priced, each a row that says all three. Both forms of the model give the same names to what a term
reads, so it has one expression. What costs is negative.
"""

# pyright: basic
from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ...scenarios.schema.dispatch_options import Objective
from ..exchange.plan import PlanStep
from .continuity import interruptions
from .problem import Horizon
from .served import shares_by_step, supply


@dataclass(frozen=True)
class Term:
    """One thing that counts, by name.

    ``of_model``: its expression. ``of_plan``: what it comes to by the steps of a plan of a horizon. ``most``: no plan
    has more of it in these LAs. ``family``: the constraints that count it, without which it is free.
    """

    name: str
    of_model: Callable[[Any], Any]
    of_plan: Callable[[Horizon, Sequence[PlanStep]], float]
    most: Callable[[Horizon, Collection[str]], float]
    family: str = ""


def _served(m):
    """Demand served, weighted by priority: Σ_t Σ_i X_{i,t} C_i p^L_{i,t} Δt; n, not X, where customers can be off."""
    has_supply = supply(m)
    return sum(m.value[index] * has_supply[index] for index in m.value)


def _worth(horizon: Horizon, steps: Sequence[PlanStep], of: Callable[[str, int], float]) -> float:
    """What the LAs that a plan serves are worth, ``of`` an LA and a step."""
    shares = shares_by_step(horizon, steps)
    return sum(share * of(la, t) for t, at_step in enumerate(shares) for la, share in at_step.items())


def _served_by(horizon: Horizon, steps: Sequence[PlanStep]) -> float:
    if horizon.graph.load_control != "section":
        return _worth(horizon, steps, horizon.area_value_kwh)
    live = [set(step.energised_buses or ()) for step in steps]
    sections = horizon.graph.view.sections.values()
    return sum(horizon.value_kwh(s.id, t) for s in sections for t, buses in enumerate(live) if s.buses[0] in buses)


def _all_served(horizon: Horizon, areas: Collection[str]) -> float:
    return sum(horizon.area_value_kwh(la, t) for la in areas for t in range(horizon.steps))


def _switching(m):
    """Cost of switch operations: −c_sw Σ_t Σ_l o_{l,t}."""
    return -(m.switching_cost * sum(m.live[t] * m.op[k, t] for k in m.SWITCH for t in m.T))


def _switching_by(horizon: Horizon, steps: Sequence[PlanStep]) -> float:
    switches = {k for k, link in horizon.graph.links.items() if link.switchable}
    states = [{k for k in switches if horizon.closed[k]}, *(switches & set(step.closed_branches) for step in steps)]
    return -switching_kwh(horizon.graph.objective, sum(operations(*pair) for pair in pairwise(states)))


def _earlier(m):
    """Supply that comes early: Σ_t Σ_i n_{i,t} c_e c_i Δt τ_t, τ the hours from the step to the end."""
    if not m.earlier_asked:
        return 0.0
    has_supply = supply(m)
    return sum(m.earlier[index] * has_supply[index] for index in m.earlier)


def _earlier_by(horizon: Horizon, steps: Sequence[PlanStep]) -> float:
    return _worth(horizon, steps, horizon.earlier_kwh) if horizon.graph.objective.earlier_kwh else 0.0


def _all_early(horizon: Horizon, areas: Collection[str]) -> float:
    return sum(horizon.earlier_kwh(la, t) for la in areas for t in range(horizon.steps))


def _interruptions(m):
    """Cost of interruptions: −c_int Σ_t Σ_i d_{i,t}, d of LAs with customers."""
    if not (m.interruptions_asked and m.interruption_kwh):
        return 0.0
    return -(m.interruption_kwh * sum(m.interrupted[index] * m.ended[index] for index in m.ended))


def _interruptions_by(horizon: Horizon, steps: Sequence[PlanStep]) -> float:
    price = horizon.graph.objective.interruption_kwh
    return -price * interruptions(horizon, steps) if price else 0.0


TERMS = (
    Term("energy", _served, _served_by, _all_served),
    Term("switching", _switching, _switching_by, lambda horizon, areas: 0.0, family="switching"),
    Term("earlier", _earlier, _earlier_by, _all_early),
    Term("interruptions", _interruptions, _interruptions_by, lambda horizon, areas: 0.0, family="interruptions"),
)


def restored_energy(m):
    """Demand served, weighted by priority, less the cost of switching. (18), D13: Σ X C p^L Δt − c_sw Σ o, kWh.

    Where they have prices, + c_e Σ n c Δt τ for supply that comes early, − c_int Σ d for interruptions.
    """
    return sum(term.of_model(m) for term in TERMS)


def terms_kwh(horizon: Horizon, steps: Sequence[PlanStep]) -> dict[str, float]:
    """What the steps of a plan come to, term by term; families of constraints that are left out count nothing."""
    return {
        term.name: term.of_plan(horizon, steps) for term in TERMS if term.family not in horizon.graph.options.without
    }


def worth_kwh(horizon: Horizon, steps: Sequence[PlanStep]) -> float:
    """(18) of what the steps of a plan say, with all else that has a price."""
    return sum(terms_kwh(horizon, steps).values())


def most_kwh(horizon: Horizon, areas: Collection[str]) -> float:
    """What (18) cannot exceed whatever is planned for these LAs: a bound where the solver has none."""
    return sum(term.most(horizon, areas) for term in TERMS)


def operations(before: Collection[str], after: Collection[str]) -> int:
    """Switches that are operated between two sets of closed ones."""
    return len(set(before) ^ set(after))


def switching_kwh(prices: Objective, count: int) -> float:
    """What so many switch operations cost."""
    return prices.switching_kwh * count
