"""What each constraint of the literal form forbids: without it the optimum rises, or something infeasible gets a plan.

As printed the form says much twice (both directions of a branch, both halves of a symmetric matrix, degrees that count
what connections prove), so some constraints are only noticed in pairs, and those in ``UNNOTICED`` not at all.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from golden_lp import literal_form, names_of
from relight.controllers.exchange.messages import PscMessage
from relight.controllers.milp.literal.model import build_literal
from relight.controllers.milp.model import Model
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.solver.highs import KeptSolver, Solution
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions, Objective
from relight.scenarios.schema.network_kinds import TablesNetwork
from relight.scenarios.schema.scenario import Load, Outage, Scenario, Site, World
from relight.scenarios.view import Branch, Bus, EssUnit, GridView, LocalArea, find_sections
from support.brute_force import brute_force
from support.small_cases import random_case

EXACT = {"mip_rel_gap": 0.0}
NOTICED_BY: dict[str, int] = {
    "net_power": 1, "net_reactive_power": 8, "pv_power_max": 2, "ess_power_min": 11,
    "ess_energy_max": 11, "ess_energy_min": 48, "nbsu_online_max": 3, "nbsu_start_energised": 41, "nbsu_power_max": 8,
    "nbsu_power_energised": 5, "nbsu_ramp_up": 5, "nbsu_ramp_down": 48, "nbsu_measured_max": 5,
    "nbsu_measured_min": 48, "nbsu_reactive_max": 8, "inside_circle": 8, "infeed_inside_circle": 675,
    "branch_missing": 70, "branch_closed": 26,
    "branch_parallel": 35, "own_connection": 14, "first_hop": 26, "last_hop": 14,
    "degree": 26, "radial_max": 26, "island_degree_min": 26, "balance_min": 8,
    "opposite_flow": 14, "flow_closed_max flow_closed_min": 26,
    "offer_possible": 11, "live_infeed_offers": 14, "offer_seen_first": 70, "offer_seen_second": 11,
    "offer_seen_both": 14, "one_offer": 11, "beats_max": 114, "reference_max": 114, "reference_min": 168,
    "voltage_drop_max voltage_drop_min": 9, "voltage_min": 14, "operation_closes": 3, "operation_opens": 5,
    "static_areas": 11, "growing_areas": 1, "closing_switches": 1,
}  # fmt: skip
"""Constraints left out together → a seed whose optimum rises, or that has one only then."""

FAST = ("ess_energy_max", "nbsu_ramp_up", "offer_possible", "static_areas")

BY_THE_RING = ("path_min", "via_first", "via_second")
"""Noticed in ``ring_beside_a_tree``: what (20)–(26) call connected is seldom wrong and radial by (28) at a time."""

UNNOTICED = {
    "ess_power_max": "the bound of the variable says the same in an energised LA, (33) forbids a surplus in a dark one",
    "nbsu_launched_max": "(13g) counts a launch by μ; a launch at another slot only moves its start-up draw",
    "nbsu_launched_min": "as nbsu_launched_max",
    "nbsu_online_min": "a unit that is ready and not on line only goes on drawing power",
    "nbsu_power_min": "the bound of the variable says the same of a unit that starts; others lose by drawing power",
    "reactive_max": "the bound of the variable says the same of what is connected; PV waiting to reconnect is rare",
    "reactive_min": "as reactive_max",
    "nbsu_reactive_min": "only leading reactive demand or too high a voltage asks for it; rare",
    "infeed_max": "the bound of the variable says the same in an energised LA, and a live infeed energises its LA",
    "infeed_min": "as infeed_max",
    "shared_state": "a closed branch between a live and a dark LA would need U = 0 at its live end",
    "path_max": "to forget an LA is against (28) in a tree, and takes many LAs beside a loop",
    "via_both": "as path_max",
    "symmetric": "(24) and (26) are symmetric where b is",
    "radial_min": "a connected island has no fewer branches than a tree",
    "island_degree_max": "a degree counted too high asks for fewer branches",
    "other_degree_max": "as island_degree_max",
    "other_degree_min": "the bound of the variable says the same",
    "island_power_max": "(31)–(33) say what (34) says by the flows",
    "island_power_min": "as island_power_max",
    "other_power_max": "as island_power_max",
    "other_power_min": "as island_power_max",
    "surplus_max": "a dark LA generates nothing",
    "surplus_min": "as island_power_max",
    "balance_max": "a surplus can be curtailed instead; rare",
    "flow_energised_max": "both ends of a closed branch share one state, and a dark LA generates nothing",
    "flow_energised_min": "as flow_energised_max",
    "beats_min": "a loser with A_ij = 1 would only be held at U_N, too",
    "voltage_max": "the bounds of U say the same",
    "static_topology": "rare: it must pay to switch between islands that stay energised",
    "held_by_fault": "no fault holds anything in these cases; planning/test_held_sections.py has some",
}
"""Constraints that others imply where the objective is concerned, or whose cases are too rare for a random set."""


def solve(m: Model) -> Solution:
    return KeptSolver(m, EXACT).solve_checked()


def without(m: Model, names: tuple[str, ...]) -> Solution:
    for name in names:
        getattr(m, name).deactivate()
    return solve(m)


def check_noticed(together: str) -> None:
    asked = {name: name in together for name in ("static", "growing", "closing")}
    m = build_literal(random_case(NOTICED_BY[together]).horizon, **asked)
    whole, broken = solve(m), without(m, tuple(together.split()))
    assert broken.status != "none"
    assert whole.status == "none" or broken.objective > whole.objective + 1e-5


@pytest.mark.parametrize("together", FAST)
def test_a_missing_constraint_is_noticed(together: str) -> None:
    check_noticed(together)


@pytest.mark.slow
@pytest.mark.parametrize("together", sorted({*NOTICED_BY} - {*FAST}))
def test_every_missing_constraint_is_noticed(together: str) -> None:
    check_noticed(together)


def test_every_constraint_is_noticed_or_known_not_to_be() -> None:
    noticed = {name for together in NOTICED_BY for name in together.split()}
    table = literal_form().contents
    assert noticed | {*UNNOTICED, *BY_THE_RING} == {*names_of(table)}
    assert not (noticed | {*BY_THE_RING}) & {*UNNOTICED}


def ring_beside_a_tree() -> Horizon:
    """Load b needs both ways round a ring from the ESS at a; e is an island of its own."""
    branches = [
        Branch(f"{i}{j}", i, j, 0.0, 0.0, 20.0, switchable=True, closed=False) for i, j in ("ac", "cb", "ad", "db")
    ]
    view = GridView(
        {name: Bus(name, 10.0) for name in "abcde"},
        {b.id: b for b in branches},
        find_sections("abcde", branches),
        {name: LocalArea(name, (name,), name) for name in "abcde"},
        ess={f"ess.{bus}": EssUnit(f"ess.{bus}", bus, 60.0, 60.0, 0.0) for bus in "ae"},
    )
    scenario = Scenario(
        name="ring",
        network=TablesNetwork(folder="none"),
        outage=Outage(start=datetime(2025, 6, 21, 4), duration_min=30),
        site=Site(latitude_deg=32, longitude_deg=120, timezone="UTC"),
        load=Load(peak_kw=1),
        dispatch_centre=DispatchCentreOptions(loss_allowance_pct=0.0),
        objective=Objective(interruption_kwh=0, earlier_kwh=0),
        world=World(pick_up_limit_pct=None),
    )
    demand_kw = {"a": 0.0, "b": 30.0, "c": 0.0, "d": 0.0, "e": 10.0}
    psc = {
        la: PscMessage(
            local_area=la, issued_at_min=0.0, step_start_min=[0.0], demand_p_kw=[demand], demand_q_kvar=[0.0],
            pv_pu=[0.0], charge_kwh=0.0, discharge_kwh=60.0, energised_min=0.0, shed=False, nbsu_state="off",
            nbsu_remaining_min=0.0, nbsu_p_min_kw=0.0, nbsu_p_max_kw=0.0,
        )
        for la, demand in demand_kw.items()
    }  # fmt: skip
    return Horizon(AreaGraph.of(view, scenario), (0.0,), 30.0, psc, {b.id: False for b in branches})


@pytest.mark.parametrize("name", BY_THE_RING)
def test_connections_that_do_not_exist_would_hide_a_loop(name: str) -> None:
    """(28) counts branches of all that is called connected: a tree apart would make up for a loop."""
    horizon = ring_beside_a_tree()
    m = build_literal(horizon)
    optimum = brute_force(horizon)
    assert optimum is not None and optimum.objective == pytest.approx(5.0), "e alone: 10 kW for half an hour"
    assert solve(m).objective == pytest.approx(5.0)
    assert without(m, (name,)).objective == pytest.approx(5.0 + 15.0 - 4.0), "b as well, by four switches"
