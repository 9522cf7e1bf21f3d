"""The search for carrying capacity finds bounds that can be worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from relight.results.indices.measured import NO_RATING, CapacityBound, CarryingCapacity
from relight.scenarios.case import Case
from relight.scenarios.view import PvUnit
from relight.sim.normal import hosting_capacity
from relight.sim.normal import operation as normal_operation
from relight.sim.normal.hosting_capacity import PRECISION, _bound, carrying_capacities
from relight.sim.normal.operation import normal_state
from support.networks import R_OHM_PER_KM, VN_KV, Line, build_case, infeed, pv


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same search with fewer power flows."""
    monkeypatch.setattr(normal_operation, "STEP_MIN", 240)
    monkeypatch.setattr(hosting_capacity, "GROWTH", 2.0)


def search(case: Case) -> dict[str, CarryingCapacity]:
    loads = {bus: case.base_load_kw.get(bus, 0.0) for bus in case.view.buses}
    case = replace(case, base_load_kw=loads, mix_by_bus={bus: {"h0": 1.0} for bus in loads})
    return {one.pattern: one for one in carrying_capacities(normal_state(case))}


def bound(result: CarryingCapacity, kind: str) -> CapacityBound:
    return next(one for one in result.bounds if one.kind == kind)


def two_buses(length_km: float = 0.01, max_i_ka: float = 0.2, infeed_kva: float = 1e6, **options: object) -> Case:
    line = Line("1", "2", length_km=length_km, max_i_ka=max_i_ka)
    units = [infeed("1", s_kva=infeed_kva), pv("2")]
    return build_case([line], units, loads={"2": 100.0}, load={"peak_kw": 1.0, "power_factor": 1.0}, **options)  # pyright: ignore


def test_the_thermal_bound_is_the_line_s_rating_plus_demand() -> None:
    found = search(two_buses(max_i_ka=0.2))["PV at its present sites"]
    by_hand = math.sqrt(3) * VN_KV * 0.2 * 1000 + found.demand_kw
    assert bound(found, "thermal").capacity_kw == pytest.approx(by_hand, rel=3 * PRECISION)
    assert bound(found, "thermal").element == "1-2"
    assert found.binding == bound(found, "thermal")


def test_the_reverse_flow_bound_is_80_percent_of_the_infeed_plus_demand() -> None:
    rated = two_buses(max_i_ka=5.0, infeed_kva=3000)
    infeeds = {name: replace(one, rated=False) for name, one in rated.view.infeeds.items()}
    found = search(replace(rated, view=replace(rated.view, infeeds=infeeds)))["PV at its present sites"]
    assert bound(found, "reverse flow") == CapacityBound("reverse flow", None, NO_RATING, 0.0)
    found = search(rated)["PV at its present sites"]
    by_hand = 0.8 * 3000 + found.demand_kw
    assert bound(found, "reverse flow").capacity_kw == pytest.approx(by_hand, rel=3 * PRECISION)
    assert bound(found, "reverse flow").element == "infeed.1"
    assert found.binding is not None and found.binding.kind == "reverse flow"


def test_the_voltage_bound_follows_the_voltage_equation() -> None:
    found = search(two_buses(length_km=20, max_i_ka=5.0))["PV at its present sites"]
    # At unity power factor: V1² = (V2 - P R / V2)² + (P X / V2)², with V2 at its limit of 1.07 and V1 = 1.
    r, x = (z * 20 / VN_KV**2 for z in (R_OHM_PER_KM, 0.318))
    v2 = 1.07
    a, b, c = (r**2 + x**2) / v2**2, -2 * r, v2**2 - 1
    net_mw = (-b - math.sqrt(b**2 - 4 * a * c)) / (2 * a)
    assert bound(found, "voltage").capacity_kw == pytest.approx(1000 * net_mw + found.demand_kw, rel=3 * PRECISION)
    assert bound(found, "voltage").element == "2"


def test_pv_at_two_sites_shares_the_line_to_the_infeed() -> None:
    lines = [Line("1", "2", max_i_ka=0.1, length_km=0.01), Line("2", "3", max_i_ka=0.1, length_km=0.01)]
    units = [infeed("1"), PvUnit("pv.2", "2", 300.0), PvUnit("pv.3", "3", 100.0)]
    case = build_case(lines, units, loads={"3": 50.0}, load={"peak_kw": 1.0, "power_factor": 1.0})
    found = search(case)
    rating = math.sqrt(3) * VN_KV * 0.1 * 1000
    sites, spread = found["PV at its present sites"], found["PV spread over all loads"]
    assert bound(sites, "thermal").element == "1-2"
    for one in (sites, spread):
        assert bound(one, "thermal").capacity_kw == pytest.approx(rating + one.demand_kw, rel=3 * PRECISION)


def test_without_pv_only_the_spread_is_searched_and_limits_already_broken_give_zero() -> None:
    case = build_case([Line("1", "2", max_i_ka=0.0005)], [infeed("1")], loads={"2": 100.0})
    (found,) = search(case).values()
    assert found.pattern == "PV spread over all loads"
    assert bound(found, "thermal").capacity_kw == 0 and "already without PV" in bound(found, "thermal").element


def test_the_first_crossing_counts_and_the_end_of_power_flows_is_told_from_a_limit(monkeypatch) -> None:
    def hump(kw: float) -> dict[str, str] | None:
        return None if kw > 900 else {"voltage": "a"} if 400 < kw < 600 else {}

    monkeypatch.setattr(hosting_capacity, "GROWTH", 1.25)
    found = _bound("voltage", hump, 1000)
    assert found.capacity_kw == pytest.approx(400, rel=2 * PRECISION) and found.element == "a"
    no_flow = _bound("thermal", hump, 1000)
    assert no_flow.capacity_kw is None and no_flow.searched_kw == pytest.approx(900, rel=2 * PRECISION)
    assert _bound("thermal", lambda kw: {}, 1.0).capacity_kw is None
