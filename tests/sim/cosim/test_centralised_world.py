"""Co-simulations with the strategy ``centralised``: gateways follow set-points of single devices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from relight.controllers.gateways import gateway as gateway_module
from relight.controllers.gateways.gateway import EnergyGateway
from relight.controllers.strategies.named import UnsuitableStrategyError, strategy_named
from relight.scenarios.loader import load_case
from relight.scenarios.view import GridView
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from relight.sim.series.profiles import Profiles
from relight.sim.world.grid import Grid

FAST = ("dispatch_centre.mip_gap=0.02", "perfect_forecast=true", "load.shares=random")


def run(name: str, strategy: str, seed: int, *overrides: str) -> tuple[RunLog, GridView]:
    case, log = load_case(name, (*FAST, *overrides), seed), RunLog()
    run_world(case, strategy_named(strategy), seed, log, engine="power-grid-model")
    return log, case.view


def table(log: RunLog, name: str) -> pd.DataFrame:
    return pd.DataFrame(log.recorder.rows[name], columns=list(log.recorder.columns(name)))


def check_units(units: pd.DataFrame, view: GridView, plan_step_min: int = 30) -> None:
    """Ratings, energy, start-up and ramps of what happened, from the rows alone."""
    times = np.unique(units.time_min)
    step_h = (times[1] - times[0]) / 60
    for name, rows in units.groupby("unit"):
        unit = view.units[str(name)]
        p, state = rows.p_kw.to_numpy(), rows.state.to_numpy()
        assert (np.hypot(p, rows.q_kvar) <= unit.s_kva * (1 + 1e-9)).all()
        if name in view.pv:
            assert (p >= 0).all() and (p <= rows.p_available_kw + 1e-9).all()
        if name in view.ess:
            taken = np.cumsum(p) * step_h
            assert (taken <= view.ess[str(name)].discharge_kwh + 1e-6).all()
            assert (taken >= -view.ess[str(name)].charge_kwh - 1e-6).all()
        if name in view.nbsu:
            e = view.nbsu[str(name)]
            assert (p[state == "starting"] == -e.p_in_kw).all() and (p[state == "off"] == 0).all()
            running = np.isin(state, ("follow", "form"))
            up, down = (rate * plan_step_min / 60 for rate in (e.ramp_up_kw_per_h, e.ramp_down_kw_per_h))
            both = running[1:] & running[:-1]
            assert (np.diff(p)[both] <= up + 1e-6).all() and (np.diff(p)[both] >= -down - 1e-6).all()


SHORT = "outage.duration_min=60"
CASES = [
    ("guo45/fault-0400", 0, ("local_areas.by=section", "clock.sim_step_min=30")),  # to the end, where energy is short
    ("guo45/devices-04", 2, ("network.options.gensets=4", SHORT)),
    ("guo45/devices-16", 3, ("clock.replan_interval_min=15", "clock.sim_step_min=15", SHORT)),
    ("cigre_mv/blackout", 4, ("dispatch_centre.first_online_step_free=false", "world.pick_up_limit_pct=null", SHORT)),
]
WHOLE = [
    ("guo45/fault-0400", ()),
    ("guo45/fault-1000", ("local_areas.by=section",)),
    ("guo45/devices-04", ("network.options.gensets=4",)),
    ("guo45/devices-04", ("clock.replan_interval_min=15",)),
    ("cigre_mv/blackout", ()),
    ("cigre_mv/blackout", ("local_areas.by=section", "dispatch_centre.first_online_step_free=false")),
]


def check_perfect_forecast(name: str, seed: int, overrides: tuple[str, ...]) -> None:
    log, view = run(name, "centralised", seed, *overrides)
    areas = table(log, "local_area")
    areas = areas[areas.in_outage_area == 1]
    assert areas.planned_kw.sum() > 0
    assert areas.planned_kw.to_numpy() == pytest.approx(areas.served_kw.to_numpy(), abs=1e-6)
    assert not log.recorder.rows["violations"]
    check_units(table(log, "unit"), view)


@pytest.mark.parametrize(("name", "seed", "overrides"), CASES)
def test_with_a_perfect_forecast_what_is_planned_is_served(name, seed, overrides) -> None:
    check_perfect_forecast(name, seed, overrides)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "overrides"), WHOLE)
@pytest.mark.parametrize("seed", range(6))
def test_with_a_perfect_forecast_what_is_planned_is_served_at_length(name, overrides, seed) -> None:
    check_perfect_forecast(name, seed, overrides)


def test_storage_shared_by_rating_keeps_a_perfect_forecast() -> None:
    overrides = ("dispatch_centre.ess_aggregation=proportional", SHORT, "clock.sim_step_min=15")
    log, view = run("guo45/devices-16", "dynamic", 0, *overrides)
    areas = table(log, "local_area")
    assert areas.served_kw.sum() > 0
    assert areas.planned_kw.to_numpy() == pytest.approx(areas.served_kw.to_numpy(), abs=1e-6)
    check_units(table(log, "unit"), view)


def test_gateways_follow_their_devices_set_points_and_solve_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_, **__):
        raise AssertionError("a gateway solved (46) although every device had its order")

    monkeypatch.setattr(gateway_module, "solve_local_area", refuses)
    log, view = run("guo45/devices-04", "centralised", 0, "outage.duration_min=30", "clock.sim_step_min=15")
    units, plan = table(log, "unit"), log.recorder.plans[0]
    first = units[units.time_min == 0].set_index("unit")
    for name, point in plan["steps"][0]["units"].items():
        if name not in plan["steps"][0]["balance_units"] and name not in view.infeeds:
            assert first.p_kw[name] == pytest.approx(point["p_kw"], abs=1e-4)


def test_only_a_centralised_dispatch_centre_is_told_of_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, set[bool]] = {}

    def assess(self, *rest):
        message = real(self, *rest)
        told.setdefault(strategy, set()).add("devices" in message)
        return message

    real = gateway_module.EnergyGateway.assess
    monkeypatch.setattr(gateway_module.EnergyGateway, "assess", assess)
    for strategy in ("dynamic", "static", "centralised"):
        run("guo45/fault-0400", strategy, 0, "outage.duration_min=30", "clock.sim_step_min=30")
    assert told == {"dynamic": {False}, "static": {False}, "centralised": {True}}


def test_the_literal_form_is_refused_before_anything_runs() -> None:
    options = load_case("guo45/devices-01", ["dispatch_centre.formulation=literal"]).scenario.dispatch_centre
    assert strategy_named("dynamic", options).name == "dynamic"
    with pytest.raises(UnsuitableStrategyError, match="formulation: compact"):
        strategy_named("centralised", options)


def test_an_area_says_the_same_of_many_equal_devices_as_of_one() -> None:
    """To the last bit, so that the dispatch centre's problem does not know how many there are."""

    def said(devices: int):
        case = load_case(f"guo45/devices-{devices:02}", ("dispatch_centre.ess_aggregation=proportional",))
        measured, profiles = Grid(case).measurements(), Profiles(case, 0)
        messages = {
            la: EnergyGateway(case.view, la, case.scenario).assess(measured[la], profiles.forecast(la, 0.0), 0.0)
            for la in case.view.local_areas
        }
        # What it was made from names devices; plans are checked from it, not made.
        return {la: {key: said for key, said in m.items() if key != "basis"} for la, m in messages.items()}

    assert said(64) == said(4) == said(1)
