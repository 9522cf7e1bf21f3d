"""What the dispatch centre's model cannot say, and how large its literal form may be."""

from __future__ import annotations

from ..reading.problems import Problem
from ..view import GridView
from .scenario import Scenario

MOST_LITERAL_BINARIES = 1_000_000
"""Most binaries c of (26): a literal model takes some 2 kB for each before it is solved."""
LITERAL_TERMS = ("switching_kwh",)
"""What the literal form knows of ``objective``, besides energy."""


def doublings(areas: int) -> int:
    """k_max = 2 + ⌊log2(N − 1)⌋ of (22); 1 where there is nothing to connect."""
    return 1 + (areas - 1).bit_length() if areas > 1 else 1


def literal_binaries(areas: int, steps: int) -> int:
    """Number of binaries c_ijkq,t of (26): (k_max − 1) N³ T."""
    return (doublings(areas) - 1) * areas**3 * steps


def model_conflicts(scenario: Scenario) -> list[Problem]:
    """A problem for each choice that the model has no constraints for.

    Families left out of the literal form, which has others; cold load of customers who come back in parts.
    """
    options, areas = scenario.dispatch_centre, scenario.local_areas
    found: list[Problem] = []
    if options and options.formulation == "literal" and options.without:
        remedy = (
            "the literal form has families of its own and is solved whole; set formulation: compact, or without: []"
        )
        found.append(Problem("", "dispatch_centre.without", list(options.without), remedy))
    if options and options.cold_load and areas and areas.load_control == "part":
        remedy = "customers who come back in parts have no cold load in the model; use area, or cold_load: null"
        found.append(Problem("", "local_areas.load_control", "part", remedy))
    return found


def check_formulation(scenario: Scenario, view: GridView) -> list[Problem]:
    """If the literal form is asked for, a problem for all that it does not know, and if it does not fit into memory."""
    problems: list[Problem] = []
    if not (scenario.outage and scenario.dispatch_centre and scenario.clock):  # a part with problems of its own
        return problems
    dispatch = scenario.dispatch_centre
    if dispatch.formulation == "literal":
        for field in ("cold_load", "pick_up_limit_pct"):
            if getattr(dispatch, field) is not None:
                remedy = "the literal form has no such constraints; use formulation: compact, or null here"
                value = dispatch.pick_up_limit_pct if field == "pick_up_limit_pct" else "an estimate"
                problems.append(Problem("", f"dispatch_centre.{field}", value, remedy))
        if limit_pct := scenario.world.pick_up_limit_pct:
            remedy = "the literal form has no such constraints; use formulation: compact, or null here"
            problems.append(Problem("", "world.pick_up_limit_pct", limit_pct, remedy))
        for field, value in scenario.objective if scenario.objective else ():
            if value and field not in LITERAL_TERMS:
                remedy = "the literal form has no such term or constraint; use formulation: compact, or 0 here"
                problems.append(Problem("", f"objective.{field}", value, remedy))
    steps, areas = len(scenario.plan_starts_min), len(view.local_areas)
    binaries = literal_binaries(areas, steps)
    if scenario.dispatch_centre.formulation == "literal" and binaries > MOST_LITERAL_BINARIES:
        remedy = (
            f"(26) has {binaries:,} binaries for {areas} local areas and {steps} steps, more than "
            f"{MOST_LITERAL_BINARIES:,}; use compact, local_areas.by: section or a shorter outage.duration_min"
        )
        problems.append(Problem("", "dispatch_centre.formulation", "literal", remedy))
    return problems
