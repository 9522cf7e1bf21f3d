"""How large the literal form of the dispatch centre's model is, and from where on it is refused."""

from __future__ import annotations

from ..reading.problems import Problem
from ..view import GridView
from .scenario import Scenario

MOST_LITERAL_BINARIES = 1_000_000
"""Most binaries c of (26): a literal model takes some 2 kB for each before it is solved."""


def doublings(areas: int) -> int:
    """k_max = 2 + ⌊log2(N − 1)⌋ of (22); 1 where there is nothing to connect."""
    return 1 + (areas - 1).bit_length() if areas > 1 else 1


def literal_binaries(areas: int, steps: int) -> int:
    """Number of binaries c_ijkq,t of (26): (k_max − 1) N³ T."""
    return (doublings(areas) - 1) * areas**3 * steps


def without_conflict(scenario: Scenario) -> list[Problem]:
    """A problem if families are to be left out of the literal form: it has others. ``file`` is left to the caller."""
    options = scenario.dispatch_centre
    if not options or options.formulation != "literal" or not options.without:
        return []
    remedy = "the literal form has families of its own and is solved whole; set formulation: compact, or without: []"
    return [Problem("", "dispatch_centre.without", list(options.without), remedy)]


def check_formulation(scenario: Scenario, view: GridView, file: str, problems: list[Problem]) -> None:
    """Add a problem if the literal form is asked for and does not fit into memory."""
    if not (scenario.outage and scenario.dispatch_centre and scenario.clock):  # a part with problems of its own
        return
    dispatch = scenario.dispatch_centre
    if dispatch.formulation == "literal":
        for field in ("cold_load", "pick_up_limit_pct"):
            if getattr(dispatch, field) is not None:
                remedy = "the literal form has no such constraints; use formulation: compact, or leave this out"
                value = dispatch.pick_up_limit_pct if field == "pick_up_limit_pct" else "an estimate"
                problems.append(Problem(file, f"dispatch_centre.{field}", value, remedy))
    steps, areas = scenario.outage.duration_min // scenario.clock.plan_step_min, len(view.local_areas)
    binaries = literal_binaries(areas, steps)
    if scenario.dispatch_centre.formulation == "literal" and binaries > MOST_LITERAL_BINARIES:
        remedy = (
            f"(26) has {binaries:,} binaries for {areas} local areas and {steps} steps, more than "
            f"{MOST_LITERAL_BINARIES:,}; use compact, local_areas.by: section or a shorter outage.duration_min"
        )
        problems.append(Problem(file, "dispatch_centre.formulation", "literal", remedy))
