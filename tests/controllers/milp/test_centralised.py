"""Hierarchical against centralised: equal where nothing is aggregated, never better, and where it is worse.

The second formulation of the centralised problem: every device gets a local area of its own behind a link without
impedance, and the enumeration of the hierarchical problem is asked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from relight.controllers.exchange.messages import PscMessage, SourceState
from relight.controllers.exchange.plan import Plan
from relight.controllers.exchange.psc import units_of
from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.planning.planner import Planner
from relight.controllers.planning.shares import SourceIntervals
from relight.controllers.solver.highs import KeptSolver, Solution
from relight.scenarios.schema.dispatch_options import Objective
from relight.scenarios.schema.network_kinds import TablesNetwork
from relight.scenarios.schema.scenario import Load, Outage, Scenario, Site, World
from relight.scenarios.view import Branch, Bus, EssUnit, GridView, LocalArea, NbsuUnit, PvUnit, Section
from support.brute_force import brute_force
from support.small_cases import (
    SmallCase,
    random_case,
    random_horizon,
    seeds,
    with_load_control,
    with_options,
    with_prices,
)

STATE = tuple(SourceState.__annotations__)
TINY_KW = 1e-4


# -- cases ------------------------------------------------------------------------------------------------------------


def crowded(seed: int) -> SmallCase:
    """A random case in which every unit is split into up to three unlike ones."""
    rng, case = np.random.default_rng([seed, 5]), random_case(seed, sections=(2, 3), steps=(2, 3))

    def parts(unit):
        count = int(rng.choice([1, 2, 2, 3]))
        for k, weight in enumerate(rng.dirichlet([2.0] * count)):
            facts = {
                name: getattr(unit, name) * (weight if count == 1 else weight * float(rng.uniform(0.6, 1.4)))
                for name in (
                    "s_kva",
                    "discharge_kwh",
                    "charge_kwh",
                    "p_in_kw",
                    "ramp_up_kw_per_h",
                    "ramp_down_kw_per_h",
                )
                if hasattr(unit, name)
            }
            start = {"start_min": float(rng.choice([15, 30, 60]))} if isinstance(unit, NbsuUnit) else {}
            yield replace(unit, id=f"{unit.id}.{k}", **facts, **start)

    units = {
        kind: {part.id: part for unit in getattr(case.view, kind).values() for part in parts(unit)}
        for kind in ("pv", "ess", "nbsu")
    }
    view = replace(case.view, **units)
    horizon = random_horizon(rng, AreaGraph.of(view, case.scenario), case.horizon.steps)
    return with_options(replace(case, view=view, horizon=horizon), startup_power="sum", apparent_power="printed")


def device_states(case: SmallCase, message: PscMessage) -> dict[str, SourceState]:
    """States of an LA's devices that (2)–(4) and ``aggregate_nbsu_state`` make its message of."""
    pv, ess, nbsu = units_of(case.view, message["local_area"])
    blank: dict = {
        "pv_pu": [0.0] * case.horizon.steps, "charge_kwh": 0.0, "discharge_kwh": 0.0, "nbsu_state": "off",
        "nbsu_remaining_min": 0.0, "nbsu_p_min_kw": 0.0, "nbsu_p_max_kw": 0.0,
    }  # fmt: skip
    states: dict[str, dict] = {b.id: {**blank, "pv_pu": message["pv_pu"]} for b in pv}
    states |= {c.id: {**blank, "charge_kwh": c.charge_kwh, "discharge_kwh": c.discharge_kwh} for c in ess}
    for e in nbsu:
        part = e.s_kva / sum(other.s_kva for other in nbsu)
        states[e.id] = {
            **blank, "nbsu_state": message["nbsu_state"],
            "nbsu_remaining_min": min(message["nbsu_remaining_min"], e.start_min),
            **{name: message[name] * part for name in ("nbsu_p_min_kw", "nbsu_p_max_kw")},
        }  # fmt: skip
    return states  # type: ignore[return-value]


def centralised(case: SmallCase) -> SmallCase:
    """The same case for a dispatch centre that knows every device."""
    psc = {la: PscMessage(**{**m, "devices": device_states(case, m)}) for la, m in case.horizon.psc.items()}  # type: ignore[typeddict-item]
    graph = AreaGraph.of(case.view, case.scenario, per_device=True)
    return replace(case, horizon=replace(case.horizon, graph=graph, psc=psc))


def one_area_per_device(case: SmallCase) -> SmallCase:
    """The centralised case as a hierarchical one: each device at a bus, and in an LA, of its own."""
    view, psc = case.view, dict(case.horizon.psc)
    buses, branches, areas = dict(view.buses), dict(view.branches), dict(view.local_areas)
    members = {s.id: list(s.buses) for s in view.sections.values()}
    moved: dict[str, dict] = {"pv": {}, "ess": {}, "nbsu": {}}
    nothing = [0.0] * case.horizon.steps
    for la in view.local_areas.values():
        message = psc[la.id]
        states = device_states(case, message)
        for kind, units in zip(moved, units_of(view, la.id), strict=True):
            for unit in units:
                bus = f"bus of {unit.id}"
                buses[bus] = Bus(bus, 10.0)
                branches[f"to {unit.id}"] = Branch(f"to {unit.id}", unit.bus, bus, 0.0, 0.0, np.inf)
                areas[bus] = LocalArea(bus, (bus,), la.section)
                members[la.section].append(bus)
                moved[kind][unit.id] = replace(unit, bus=bus)
                psc[bus] = PscMessage(
                    **{
                        **message,
                        "local_area": bus,
                        "demand_p_kw": nothing,
                        "demand_q_kvar": nothing,
                        **states[unit.id],
                    }
                )  # type: ignore[typeddict-item]
        psc[la.id] = PscMessage(**{**message, "pv_pu": nothing, "nbsu_state": "off"})  # type: ignore[typeddict-item]
    sections = {s: Section(s, tuple(inside)) for s, inside in members.items()}
    apart = replace(view, buses=buses, branches=branches, sections=sections, local_areas=areas, **moved)
    horizon = replace(case.horizon, graph=AreaGraph.of(apart, case.scenario), psc=psc)
    return replace(case, view=apart, horizon=horizon)


def solve(case: SmallCase) -> Solution:
    m = build_model(case.graph, case.horizon.steps)
    set_horizon(m, case.horizon)
    return KeptSolver(m, {"mip_rel_gap": 0.0}).solve_checked()


def same(one: Solution, other: Solution) -> bool:
    if "none" in (one.status, other.status):
        return one.status == other.status
    return one.objective == pytest.approx(other.objective, rel=1e-6, abs=1e-6)


def devices_per_kind(case: SmallCase) -> int:
    """The most devices of one kind in one LA."""
    view = case.view
    kinds = ((view.local_area_of_unit(u), kind) for kind in ("pv", "ess", "nbsu") for u in getattr(view, kind))
    return max(Counter(kinds).values(), default=0)


# -- optima -----------------------------------------------------------------------------------------------------------

ALONE = [seed for seed in range(60) if devices_per_kind(random_case(seed)) == 1]


@pytest.mark.parametrize("seed", [*ALONE[:5], *(pytest.param(seed, marks=pytest.mark.slow) for seed in ALONE[5:25])])
def test_without_aggregation_both_have_the_same_optimum(seed):
    case = random_case(seed)
    assert same(solve(case), solve(centralised(case)))


@pytest.mark.parametrize("mode", ["area", "part"])
@pytest.mark.parametrize("seed", [*ALONE[:2], *(pytest.param(seed, marks=pytest.mark.slow) for seed in ALONE[2:4])])
def test_without_aggregation_both_have_the_same_optimum_with_load_control(seed, mode):
    """Who is served is said of areas, also by a dispatch centre that schedules devices."""
    case = with_load_control(random_case(seed), mode)
    assert same(solve(case), solve(centralised(case)))


def test_most_random_cases_aggregate_nothing_and_some_do():
    assert 25 <= len(ALONE) < 60
    assert sum(devices_per_kind(crowded(seed)) > 1 for seed in range(40)) > 30


FEW_STARTS = [seed for seed in range(220) if len(crowded(seed).view.nbsu) <= 2]
"""Seeds quick to enumerate: every NBSU multiplies the start-ups to try."""


@pytest.mark.parametrize("seed", FEW_STARTS[:4])
def test_centralised_optimum_is_that_of_one_area_per_device(seed):
    case = crowded(seed)
    found, optimum = solve(centralised(case)), brute_force(one_area_per_device(case).horizon)
    if optimum is None:
        assert found.status == "none"
    else:
        assert found.objective == pytest.approx(optimum.objective, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    "seed", [*FEW_STARTS[:2], *(pytest.param(seed, marks=pytest.mark.slow) for seed in FEW_STARTS[2:4])]
)
def test_centralised_optimum_by_area_is_that_of_one_area_per_device(seed):
    case = with_load_control(crowded(seed), "area")
    assert same(solve(centralised(case)), solve(one_area_per_device(case)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", FEW_STARTS[4:])
def test_centralised_optimum_is_that_of_one_area_per_device_at_length(seed):
    test_centralised_optimum_is_that_of_one_area_per_device(seed)


def price(seed: int, **options: object) -> float:
    """What aggregation costs a case, kWh: it costs nothing where nothing can be done at all."""
    case = with_options(crowded(seed), **options)
    apart, together = solve(centralised(case)), solve(case)
    return 0.0 if together.status == "none" else apart.objective - together.objective


@pytest.mark.parametrize(("seeds", "cost"), [(8, 1), pytest.param(24, 3, marks=pytest.mark.slow)])
def test_aggregation_never_gains_and_often_costs(seeds, cost):
    prices = [price(seed) for seed in range(seeds)]
    assert min(prices) >= -1e-6
    assert sum(p > 0.1 for p in prices) > cost


@pytest.mark.slow
def test_aggregation_never_gains_at_length():
    assert min(price(seed) for seed in range(24, 400)) >= -1e-6


# -- where aggregation costs, by hand ---------------------------------------------------------------------------------


def one_area(demand_kw: tuple[float, ...], *units, online=False, **options) -> SmallCase:
    """One LA of one bus that is dark; NBSUs are off, or on line with full freedom in the first step."""

    def kind(of):
        return {u.id: u for u in units if isinstance(u, of)}

    view = GridView(
        {"1": Bus("1", 10.0)}, {}, {"1": Section("1", ("1",))}, {"1": LocalArea("1", ("1",), "1")},
        kind(PvUnit), kind(EssUnit), kind(NbsuUnit),
    )  # fmt: skip
    steps = len(demand_kw)
    scenario = Scenario(
        name="one", network=TablesNetwork(folder="none"), load=Load(peak_kw=1),
        outage=Outage(start=datetime(2025, 6, 20, 4), duration_min=30 * steps),
        site=Site(latitude_deg=32, longitude_deg=120, timezone="UTC"),
        objective=Objective(interruption_kwh=0, earlier_kwh=0), world=World(pick_up_limit_pct=None),
    )  # fmt: skip
    message = PscMessage(
        local_area="1", issued_at_min=0.0, step_start_min=[30.0 * t for t in range(steps)],
        demand_p_kw=list(demand_kw), demand_q_kvar=[0.0] * steps, pv_pu=[0.0] * steps,
        charge_kwh=sum(c.charge_kwh for c in view.ess.values()),
        discharge_kwh=sum(c.discharge_kwh for c in view.ess.values()),
        energised_min=0.0, shed=False, nbsu_state="online" if online else "off", nbsu_remaining_min=0.0,
        nbsu_p_min_kw=0.0, nbsu_p_max_kw=sum(e.s_kva for e in view.nbsu.values()),
    )  # fmt: skip
    horizon = Horizon(AreaGraph.of(view, scenario), tuple(message["step_start_min"]), 30.0 * steps, {"1": message}, {})
    case = SmallCase(0, scenario, view, horizon)
    case = with_prices(case, switching_kwh=0.0)
    return with_options(case, loss_allowance_pct=0.0, mip_gap=0.0, **options)


def ess(name: str, s_kva: float, discharge_kwh: float = 500.0) -> EssUnit:
    return EssUnit(name, "1", s_kva, discharge_kwh, 0.0)


def nbsu(name: str, ramp: float = 200.0, start_min: float = 30.0, p_in_kw: float = 0.0) -> NbsuUnit:
    return NbsuUnit(name, "1", 100.0, p_in_kw, ramp, ramp, start_min)


@pytest.mark.parametrize(
    ("case", "together_kwh", "apart_kwh"),
    [
        # (8), (13d): two ESSs of 100 and 20 kW give 20 kW as one; 120 kW are asked for.
        (one_area((120.0, 120.0), ess("large", 100.0), ess("small", 20.0)), 0.0, 120.0),
        # (10), (13j): as one they rise by 10 kW per step after the first; from 60 to 150 kW is too much.
        (
            one_area((60.0, 150.0), ess("former", 1.0), nbsu("fast"), nbsu("slow", ramp=20.0), online=True),
            30.0,
            105.0,
        ),
        # (11), (13g): as one they start for as long as the slower, an hour.
        (one_area((0.0, 90.0), ess("former", 1.0), nbsu("fast"), nbsu("slow", start_min=60.0)), 0.0, 45.0),
        # D9: as one they start together, and 8 kW of start-up power are too much for the ESS.
        (one_area((0.0, 90.0), ess("former", 5.0), nbsu("a", p_in_kw=4.0), nbsu("b", p_in_kw=4.0)), 0.0, 45.0),
    ],
    ids=["power of the smallest ESS", "slowest ramp", "longest start-up", "starting together"],
)
def test_aggregation_is_conservative(case: SmallCase, together_kwh: float, apart_kwh: float):
    assert solve(case).objective == pytest.approx(together_kwh)
    assert solve(centralised(case)).objective == pytest.approx(apart_kwh)


def test_sharing_by_rating_is_exact_for_equal_racks():
    racks = [ess(f"rack{k}", 10.0, 40.0) for k in range(8)]
    printed = one_area((60.0, 80.0, 70.0), *racks)
    by_rating = with_options(printed, ess_aggregation="proportional")
    assert solve(printed).objective == 0.0
    assert solve(by_rating).objective == pytest.approx(105.0)
    assert solve(centralised(printed)).objective == pytest.approx(105.0)


# -- plans ------------------------------------------------------------------------------------------------------------


def planned(case: SmallCase) -> Plan:
    return Planner(case.graph, case.horizon.steps).plan(case.horizon).plan


@pytest.mark.parametrize("seed", seeds(3, 15))
def test_a_plan_schedules_every_device_within_its_limits(seed):
    case = centralised(with_options(crowded(seed), apparent_power="circle", mip_gap=0.0))
    view, plan = case.view, planned(case)
    left = {c.id: c.discharge_kwh for c in view.ess.values()}
    room = {c.id: c.charge_kwh for c in view.ess.values()}
    for t, step in enumerate(plan.steps):
        forming = [u for u, point in step.units.items() if point.state == "form"]
        assert {*forming} == {*step.balance_units} - {*view.infeeds}
        for la, area in step.local_areas.items():
            inside = {
                kind: [u.id for u in found]
                for kind, found in zip(("pv", "ess", "nbsu"), units_of(view, la), strict=True)
            }
            for kind, ids in inside.items():
                assert sum(step.units[u].p_kw for u in ids) == pytest.approx(getattr(area, f"p_{kind}_kw"), abs=TINY_KW)
        for u, point in step.units.items():
            unit, state = view.units[u], case.horizon.state(u)
            assert np.hypot(point.p_kw, point.q_kvar) <= unit.s_kva + TINY_KW
            if u in view.pv:
                assert -TINY_KW <= point.p_kw <= state["pv_pu"][t] * unit.s_kva * (point.state == "follow") + TINY_KW
            if u in view.ess:
                left[u] -= point.p_kw * plan.duration_h(t)
                room[u] += point.p_kw * plan.duration_h(t)
            if u in view.nbsu and point.state in ("off", "starting"):
                assert point.p_kw == pytest.approx(-unit.p_in_kw * (point.state == "starting"), abs=TINY_KW)
    assert min((*left.values(), *room.values()), default=0.0) >= -TINY_KW


def test_devices_of_one_area_may_start_at_different_times():
    case = centralised(
        one_area((0.0, 0.0, 150.0, 150.0), ess("former", 5.0), nbsu("a", p_in_kw=4.0), nbsu("b", p_in_kw=4.0))
    )
    states = [[step.units[u].state for step in planned(case).steps] for u in ("a", "b")]
    assert all(s[2] == "follow" for s in states) and states[0] != states[1]


def test_an_nbsu_forms_voltage_only_when_it_is_the_one_on_line():
    """Without an ESS the LA's balance unit is the NBSU that runs, not the larger one that does not."""
    case = centralised(one_area((50.0,), nbsu("a"), nbsu("b"), online=True))
    devices = {u: dict(state) for u, state in case.horizon.psc["1"]["devices"].items()}  # type: ignore[typeddict-item]
    devices["a"] |= {"nbsu_state": "off"}
    psc = {"1": PscMessage(**{**case.horizon.psc["1"], "devices": devices})}  # type: ignore[typeddict-item]
    plan = planned(replace(case, horizon=replace(case.horizon, psc=psc)))
    assert plan.steps[0].balance_units == ["b"] and plan.steps[0].units["b"].p_kw == pytest.approx(50.0)


@pytest.mark.parametrize("seed", seeds(2, 6))
def test_intervals_of_sources_hold_device_by_device(seed):
    case = centralised(with_options(crowded(seed), mip_gap=0.0))
    plan = planned(case)
    assert plan.status != "fallback", "choose another seed"
    for energy in SourceIntervals(case.graph, case.horizon.steps).of_plan(plan, case.horizon).values():
        assert energy.least - 1e-3 <= energy.planned <= energy.largest + 1e-3
