"""The model as a table of contents: every entry says what it states, is named after it, takes its numbers from data."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pyomo.environ as pyo
import pytest
from pyomo.repn import generate_standard_repn

from relight.controllers.exchange.messages import PscMessage
from relight.controllers.milp import constant_power, powerflow, topology, units
from relight.controllers.milp.model import build_model, contents, set_horizon
from relight.controllers.milp.objective import restored_energy
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.scenarios.loader import load_case
from relight.scenarios.schema.dispatch_options import ConstraintFamily
from support.small_cases import SmallCase, random_case, with_cold_load, with_prices

EQUATION = re.compile(r"\((\d+[a-z]?|D\d+)\)")
OWN = {
    "within_window", "edge_closed", "edge_energised_from", "edge_energised_to", "edge_complete", "edge_directed",
    "loop_connected", "loop_flow_max", "loop_flow_min", "loop_supply", "infeed_max", "infeed_min", "infeed_q_max",
    "infeed_q_min", "infeed_inside_circle", "nbsu_power_energised", "q_nbsu_energised_max", "q_nbsu_energised_min",
    "spell_energised", "spell_goes_on", "spell_begins", "pick_up_begins", "pick_up_carried", "pick_up_flow_max",
    "pick_up_flow_min", "pick_up_limit",
    "same_balance_unit", "constant_pv_max", "constant_pv_min", "constant_ess", "constant_nbsu",
    "growing_sections", "closing_switches", "interruption_begins", "supply_held", "supply_kept", "supply_begins",
    "least_time_on", "least_time_off", "held_by_fault",
}  # fmt: skip
"""Constraints without a counterpart in the paper: the forest, a live infeed, a dark LA, cold load pick-up, growth, who
keeps supply, constant power, what a fault holds. They state their relation."""

ALL = {"static": True, "constant_power": True, "growing": True, "closing": True}
"""What is asked of some plans only."""

GUO45_STEPS = 10
GUO45_SIZE = {"sections": (1663, 3608), "detailed": (2753, 7108)}
"""(variables, constraints) of the model that planning starts with, and with LAs and voltages in it."""


def everything_asked() -> SmallCase:
    """A case with all that a scenario can ask for."""
    case = next(c for c in map(random_case, range(99)) if c.scenario.dispatch_centre.apparent_power == "circle")
    case = with_prices(case, interruption_kwh=1.0, keep_served=True, min_on_min=60.0, min_off_min=60.0)
    return with_cold_load(case, limit_pct=50.0)


@pytest.fixture(scope="module")
def everything() -> pyo.ConcreteModel:
    """A model with every family of constraints."""
    return build_model(everything_asked().graph, 2, **ALL)


@pytest.fixture(scope="module")
def guo45() -> pyo.ConcreteModel:
    case = load_case("guo45/fault-0400")
    starts = [30.0 * t for t in range(GUO45_STEPS)]
    psc = {
        la: PscMessage(
            local_area=la, issued_at_min=0.0, step_start_min=starts, demand_p_kw=[90.0] * GUO45_STEPS,
            demand_q_kvar=[30.0] * GUO45_STEPS, pv_pu=[0.5] * GUO45_STEPS, charge_kwh=50.0, discharge_kwh=150.0,
            energised_min=0.0, shed=False, nbsu_state="off", nbsu_remaining_min=0.0, nbsu_p_min_kw=0.0,
            nbsu_p_max_kw=0.0,
        )
        for la in case.view.local_areas
    }  # fmt: skip
    closed = {b.id: b.closed for b in case.view.branches.values() if b.switchable}
    graph = AreaGraph.of(case.view, case.scenario)
    m = build_model(graph, GUO45_STEPS)
    set_horizon(m, Horizon(graph, starts, 300.0, psc, closed))
    return m


def entries(m: pyo.ConcreteModel):
    return [rule for family in contents(m, static=True).values() for rule, _ in family]


def test_every_component_is_named_after_its_function(everything):
    names = [c.local_name for c in everything.component_objects(pyo.Constraint)]
    assert names == [rule.__name__ for rule in entries(everything)]
    assert len(names) == len(set(names))
    assert [o.local_name for o in everything.component_objects(pyo.Objective)] == ["restored_energy"]


def test_every_entry_names_its_equation_in_one_sentence(everything):
    for rule in [*entries(everything), restored_energy]:
        doc = rule.__doc__ or ""
        assert doc.strip(), f"{rule.__name__} has no docstring"
        if rule.__name__ in OWN:
            assert re.search(r"[≤≥=]|X_\{s,t\}", doc), f"{rule.__name__} does not state its relation"
            assert not re.search(r"\(\d+[a-z]?\)", doc), f"{rule.__name__} has an equation now; take it off the list"
        else:
            assert EQUATION.search(doc), f"{rule.__name__} does not name its equation"
        assert getattr(everything, rule.__name__).doc == rule.__doc__


def test_every_constraint_function_is_in_the_contents(everything):
    """A public function with the model and an index is an entry, or one of the expressions that entries use."""
    expressions = {"phi", "starting", "X", "generation", "generation_q", "pointed_at", "closed"}
    asked_by_repair = {"no_good", "inside_rating"}
    listed = {rule.__name__ for rule in entries(everything)}
    for module in (units, topology, powerflow, constant_power):
        own = {n for n, f in vars(module).items() if callable(f) and f.__module__ == module.__name__ and n[0] != "_"}
        assert own - expressions - asked_by_repair <= listed


def coefficients(m: pyo.ConcreteModel):
    """Every coefficient and right-hand side of a model, by component."""
    for constraint in m.component_data_objects(pyo.Constraint, active=True):
        linear = generate_standard_repn(constraint.body)
        assert linear.is_linear(), constraint.name
        sides = [pyo.value(s) for s in (constraint.lower, constraint.upper) if s is not None]
        yield constraint.name, [abs(v) for v in (*linear.linear_coefs, linear.constant, *sides)]


def test_no_big_m_is_a_literal(guo45):
    """Nothing exceeds what the data hold: twice the rated power of all sources, and (13i)'s sums of ratings."""
    case = load_case("guo45/fault-0400")
    largest = 2 * sum(u.s_kva for u in case.view.units.values() if not hasattr(u, "live"))
    worst = max(coefficients(guo45), key=lambda named: max(named[1]))
    assert max(worst[1]) <= largest < 1e5, worst[0]


def test_voltage_big_m_frees_a_dark_end(guo45):
    """M of (37) is U_max: one end at the limit and the other dark must fit."""
    m = guo45
    link = m.SWITCH.first()
    body = generate_standard_repn(m.voltage_drop_max[link, 0].body)
    weight = dict(zip((v.name for v in body.linear_vars), body.linear_coefs, strict=True))
    assert weight[m.edge[link, 0].name] == pytest.approx(m.u_max)


def test_size_for_guo45(guo45):
    """13 sections instead of 45 LAs: the literal form needs 5.5 million binaries c of (26) alone."""
    graph = AreaGraph.of((case := load_case("guo45/fault-0400")).view, case.scenario)
    models = {"sections": build_model(graph, GUO45_STEPS, detailed=False), "detailed": guo45}
    assert {
        form: (
            sum(1 for _ in m.component_data_objects(pyo.Var)),
            sum(1 for _ in m.component_data_objects(pyo.Constraint, active=True)),
        )
        for form, m in models.items()
    } == GUO45_SIZE
    m = models["sections"]
    sections, switches, steps = len(m.S), len(m.SWITCH), len(m.T)
    assert (sections, switches, len(m.section), steps) == (13, 12, 45, GUO45_STEPS)
    assert sum(v.is_binary() for v in m.component_data_objects(pyo.Var)) == 10 * (13 + 12) + 3 * 11
    k_max = 2 + (len(m.section) - 1).bit_length() - 1
    assert (k_max - 1) * len(m.section) ** 3 * steps == 5_467_500


def test_families_are_those_a_scenario_can_leave_out(everything):
    assert {*contents(everything, static=True)} == {*get_args(ConstraintFamily)}


@pytest.mark.parametrize("family", get_args(ConstraintFamily))
def test_a_family_left_out_by_name_is_gone_and_nothing_else(everything, family):
    case = everything_asked()
    graph = replace(case.graph, options=case.graph.options.model_copy(update={"without": (family,)}))
    ablated = build_model(graph, 2, **ALL)
    gone = {rule.__name__ for rule, _ in contents(everything, static=True)[family]}
    assert gone
    names = {c.local_name for c in everything.component_objects(pyo.Constraint)}
    assert {c.local_name for c in ablated.component_objects(pyo.Constraint)} == names - gone


@pytest.mark.parametrize("options", [("circle", True), ("printed", False)])
def test_the_circle_is_an_option(options):
    asked, present = options
    case = next(c for c in map(random_case, range(99)) if c.scenario.dispatch_centre.apparent_power == asked)
    assert hasattr(build_model(case.graph, 2), "inside_circle") is present
