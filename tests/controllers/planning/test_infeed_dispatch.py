"""The dispatch stage beside a live infeed: PV first, then the infeed; its energy is not put into store."""

from __future__ import annotations

from datetime import datetime

import pytest

from relight.controllers.exchange.messages import PscMessage
from relight.controllers.exchange.plan import PlanStep
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.planning.planner import Planner
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions, Objective
from relight.scenarios.schema.network_kinds import TablesNetwork
from relight.scenarios.schema.scenario import Load, Outage, Scenario, Site, World
from relight.scenarios.view import Branch, Bus, EssUnit, GridView, Infeed, LocalArea, NbsuUnit, PvUnit, find_sections

STARTS = (0.0, 30.0)


def plan(demand_kw: float, sun_kw: float, *, infeed: bool = True, stored_energy_value: float = 3.0) -> list[PlanStep]:
    """Steps of the plan of a =k= b, all live: an infeed at a; at b PV, an ESS (60 of 100 kWh) and an NBSU on line."""
    branches = [Branch("k", "a", "b", 1e-4, 1e-4, 5000.0, switchable=True)]
    sections = find_sections(["a", "b"], branches)
    view = GridView(
        {b: Bus(b, 10.0) for b in "ab"},
        {"k": branches[0]},
        sections,
        {b: LocalArea(b, (b,), b) for b in "ab"},
        pv={"pv": PvUnit("pv", "b", 400.0)},
        ess={"ess": EssUnit("ess", "b", 300.0, 60.0, 40.0)},
        nbsu={"nbsu": NbsuUnit("nbsu", "b", 80.0, 5.0, 160.0, 160.0, 30.0)},
        infeeds={"infeed": Infeed("infeed", "a", 1000.0, live=True)} if infeed else {},
    )
    scenario = Scenario(
        name="infeed",
        network=TablesNetwork(folder="none"),
        outage=Outage(start=datetime(2025, 6, 20, 10), duration_min=60),
        site=Site(latitude_deg=32, longitude_deg=120, timezone="UTC"),
        load=Load(peak_kw=1),
        dispatch_centre=DispatchCentreOptions(stored_energy_value=stored_energy_value, loss_allowance_pct=0.0),
        objective=Objective(interruption_kwh=0, earlier_kwh=0),
        world=World(pick_up_limit_pct=None),
    )
    psc = {la: message(la, demand_kw, sun_kw / 400.0 if la == "b" else 0.0) for la in "ab"}
    graph = AreaGraph.of(view, scenario)
    horizon = Horizon(graph, STARTS, 60.0, psc, {"k": True})
    return Planner(graph, 2).plan(horizon).plan.steps


def message(la: str, demand_kw: float, pv_pu: float) -> PscMessage:
    at_b = la == "b"
    return PscMessage(
        local_area=la, issued_at_min=0.0, step_start_min=list(STARTS), demand_p_kw=[demand_kw] * 2,
        demand_q_kvar=[0.0] * 2, pv_pu=[pv_pu] * 2, charge_kwh=40.0 * at_b, discharge_kwh=60.0 * at_b,
        energised_min=120.0, shed=False, nbsu_state="online" if at_b else "off", nbsu_remaining_min=0.0,
        nbsu_p_min_kw=0.0, nbsu_p_max_kw=80.0 * at_b,
    )  # fmt: skip


def test_pv_serves_first_and_the_infeed_the_rest() -> None:
    for step in plan(demand_kw=100.0, sun_kw=60.0):
        area = step.local_areas["b"]
        assert (area.p_pv_kw, area.p_ess_kw, area.p_nbsu_kw) == pytest.approx((60.0, 0.0, 0.0), abs=1e-4)
        assert step.local_areas["a"].p_kw == pytest.approx(40.0, abs=1e-4), (
            "140 kW of the infeed, 100 kW of it used there"
        )


def test_only_sun_that_is_left_over_is_stored() -> None:
    steps = plan(demand_kw=20.0, sun_kw=90.0)
    stored = [-step.local_areas["b"].p_ess_kw for step in steps]
    assert all(kw <= 50.0 + 1e-4 for kw in stored) and sum(stored) / 2 == pytest.approx(40.0, abs=1e-4)
    assert all(step.local_areas["b"].p_nbsu_kw == pytest.approx(0.0, abs=1e-4) for step in steps)
    for step, kw in zip(steps, stored, strict=True):
        assert step.local_areas["b"].p_pv_kw >= 40.0 + kw - 1e-4, "none of it from the infeed"


@pytest.mark.parametrize("value", [1.0, 3.0, 10.0])
def test_no_storage_is_emptied_into_an_island_with_an_infeed(value: float) -> None:
    assert all(
        step.local_areas["b"].p_ess_kw == pytest.approx(0.0, abs=1e-4)
        for step in plan(100.0, 60.0, stored_energy_value=value)
    )


def test_without_an_infeed_an_nbsu_fills_the_store_as_before() -> None:
    """Stored energy is worth 3 CNY/kWh, an NBSU's costs 2: whatever it has to spare is stored."""
    first = plan(demand_kw=40.0, sun_kw=60.0, infeed=False)[0].local_areas["b"]
    assert first.p_nbsu_kw > 20.0 + 1 and first.p_ess_kw < -1
