"""Big-M from data cut nothing off: long cables on small units, and models without limits of flow."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from relight.controllers.exchange.messages import PscMessage
from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.planning.planner import Planner
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions, Objective
from relight.scenarios.schema.network_kinds import TablesNetwork
from relight.scenarios.schema.scenario import Load, Outage, Scenario, Site, World
from relight.scenarios.view import Branch, Bus, EssUnit, GridView, LocalArea, find_sections
from support.small_cases import random_case, with_options


def long_cable() -> Horizon:
    """ESS of 10 kVA at a; load of 5 kW, 48 kvar at b; the cable gives 25 kvar at each end, so 23 kvar flow in it."""
    branches = (Branch("ab", "a", "b", 1e-4, 1e-4, float("inf"), switchable=True, closed=True, charging_kvar=50.0),)
    buses = {name: Bus(name, 10.0) for name in "ab"}
    view = GridView(
        buses,
        {b.id: b for b in branches},
        find_sections(buses, branches),
        {name: LocalArea(name, (name,), name) for name in "ab"},
        ess={"ess": EssUnit("ess", "a", 10.0, 20.0, 20.0)},
    )
    scenario = Scenario(
        name="cable",
        network=TablesNetwork(folder="none"),
        outage=Outage(start=datetime(2025, 6, 20, 4), duration_min=30),
        site=Site(latitude_deg=32, longitude_deg=120, timezone="UTC"),
        load=Load(peak_kw=1),
        dispatch_centre=DispatchCentreOptions(loss_allowance_pct=0.0),
        objective=Objective(switching_kwh=0.0, interruption_kwh=0, earlier_kwh=0),
        world=World(pick_up_limit_pct=None),
    )
    psc = {
        la: PscMessage(
            local_area=la, issued_at_min=0.0, step_start_min=[0.0], demand_p_kw=[p_kw], demand_q_kvar=[q_kvar],
            pv_pu=[0.0], charge_kwh=kwh, discharge_kwh=kwh, energised_min=0.0, shed=False, nbsu_state="off",
            nbsu_remaining_min=0.0, nbsu_p_min_kw=0.0, nbsu_p_max_kw=0.0,
        )
        for la, p_kw, q_kvar, kwh in (("a", 0.0, 0.0, 20.0), ("b", 5.0, 48.0, 0.0))
    }  # fmt: skip
    return Horizon(AreaGraph.of(view, scenario), (0.0,), 30.0, psc, {"ab": True})


@pytest.mark.parametrize("formulation", ["compact", "literal"])
def test_what_cables_give_may_flow(formulation: str) -> None:
    horizon = long_cable()
    options = horizon.graph.options.model_copy(update={"formulation": formulation})
    horizon = replace(horizon, graph=replace(horizon.graph, options=options))
    plan = Planner(horizon.graph, 1).plan(horizon).plan
    assert plan.objective == pytest.approx(2.5), "5 kW for half an hour"
    assert plan.steps[0].local_areas["a"].q_kvar == pytest.approx(-2.0, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_an_open_link_bounds_no_voltage_whatever_may_flow(seed: int) -> None:
    case = with_options(random_case(seed), without=["flow_limits"])
    m = build_model(case.graph, case.horizon.steps)
    set_horizon(m, case.horizon)
    for k in m.SWITCH:
        m.edge[k, 0].set_value(0.0)
        for flow in (m.s_max[k], -m.s_max[k]):
            m.P[k, 0].set_value(flow)
            m.Q[k, 0].set_value(flow)
            for here, there in ((0.0, m.u_max), (m.u_max, 0.0)):
                m.U[m.from_la[k], 0].set_value(here)
                m.U[m.to_la[k], 0].set_value(there)
                if m.from_la[k] != m.to_la[k]:
                    assert m.voltage_drop_max[k, 0].uslack() >= -1e-9
                    assert m.voltage_drop_min[k, 0].lslack() >= -1e-9
