"""Why no plan exists: every infeasible small case is explained by a limit and a step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relight.controllers.planning.planner import Planner
from support.brute_force import brute_force
from support.small_cases import random_case

INFEASIBLE = [seed for seed in range(120) if random_case(seed).graph.live_infeed_kva][:40]


def impossible_cases() -> list[int]:
    return [seed for seed in INFEASIBLE if brute_force(random_case(seed).horizon) is None]


@pytest.mark.parametrize("seed", impossible_cases() or [pytest.param(0, marks=pytest.mark.skip)])
def test_an_infeasible_horizon_names_limit_and_step(seed):
    case = random_case(seed)
    record = Planner(case.graph, case.horizon.steps).plan(case.horizon)
    assert record.solution.status == "none"
    assert record.plan.status == "fallback"
    assert "step " in record.note and " min): " in record.note, record.note
    assert any(word in record.note for word in ("kW", "kvar", "p.u.", "kWh"))


@pytest.mark.parametrize("seed", INFEASIBLE[:6])
def test_a_live_infeed_too_small_for_its_section_is_told_to_the_kilowatt(seed):
    """Sources gone and the infeed rated 1 kVA: what lacks is the section's demand with its losses, less 1 kW."""
    case = random_case(seed)
    infeeds = {i.id: replace(i, s_kva=1.0) if i.live else i for i in case.view.infeeds.values()}
    view = replace(case.view, infeeds=infeeds, pv={}, ess={}, nbsu={})
    graph = replace(case.graph, view=view, limits=case.graph.limits.model_copy(update={"min_power_factor": 1.0}))
    horizon = replace(case.horizon, graph=graph)
    record = Planner(graph, horizon.steps).plan(horizon)
    las = [la for s in {graph.section[la] for la in graph.live_infeed_kva} for la in graph.areas_in[s]]
    rated = len(graph.live_infeed_kva)
    allowance = 1 + graph.options.loss_allowance_pct / 100
    lacking = [allowance * sum(horizon.demand_kw(la, t) for la in las) - rated for t in range(horizon.steps)]
    if max(lacking) > 0.1:
        assert record.plan.status == "fallback"
        assert f"step {lacking.index(max(lacking))} " in record.note
        assert "lacks" in record.note
