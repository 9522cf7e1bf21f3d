"""Whole co-simulations: mosaik's wiring, perfect forecasts, plans followed by gateways, determinism, failure."""

from __future__ import annotations

import filecmp
import json
import signal
from pathlib import Path

import pandas as pd
import pytest

from relight.controllers.gateways import gateway as gateway_module
from relight.controllers.strategies.named import strategy_named
from relight.results.figures.drawing import draw_comparison_figures
from relight.results.run.read import NotARun, read_run
from relight.scenarios.loader import load_case
from relight.sim.campaigns.compare import compare_strategies
from relight.sim.campaigns.run import RunFailedError, simulate
from relight.sim.cosim import actor_adapters, adapters
from relight.sim.cosim import wiring as world
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import IncompleteRunError, run_world
from relight.sim.islands import operating_point
from relight.sim.islands.balance import CannotBalance
from support import three_bus_case

GUO, CIGRE = "guo45/fault-0400", "cigre_mv/blackout"
FAST = ("dispatch_centre.mip_gap=0.02",)
SHORT = (*FAST, "outage.duration_min=60")
HALF_AN_HOUR = {"duration_min": 30}


def run(name: str, strategy: str, seed: int, *overrides: str) -> RunLog:
    log = RunLog()
    case = load_case(name, (*FAST, *overrides), seed)
    run_world(case, strategy_named(strategy), seed, log, engine="power-grid-model")
    return log


def table(log: RunLog, name: str) -> pd.DataFrame:
    return pd.DataFrame(log.recorder.rows[name], columns=list(log.recorder.columns(name)))


# -- perfect forecast: docs/world.md ---------------------------------------------------------------------------------

CASES = [
    (GUO, "dynamic", 0, ("outage.duration_min=60",)),
    (CIGRE, "dynamic", 0, ("outage.duration_min=60", "dispatch_centre.mip_gap=0.02", "world.pick_up_limit_pct=null")),
    (GUO, "static", 3, ("clock.sim_step_min=15",)),
    *(pytest.param(name, "static", seed, (), marks=pytest.mark.slow) for name in (GUO, CIGRE) for seed in range(3, 12)),
]


def check_perfect_forecast(name: str, strategy: str, seed: int, *overrides: str) -> None:
    log = run(name, strategy, seed, "perfect_forecast=true", "load.shares=random", *overrides)
    areas, islands = table(log, "local_area"), table(log, "island")
    areas = areas[areas.in_outage_area == 1]
    assert areas.planned_kw.to_numpy() == pytest.approx(areas.served_kw.to_numpy(), abs=1e-6)
    assert table(log, "violations").empty
    lit = islands[islands.balance_unit != ""]
    carried = lit.served_kw + lit.charge_kw
    assert (lit.losses_kw >= 0).all() and (lit.losses_kw <= 0.05 * carried + 0.1).all()  # reactive power has its part
    given = lit.generation_kw + lit.discharge_kw + lit.infeed_kw - lit.charge_kw - lit.startup_kw - lit.losses_kw
    assert given.to_numpy() == pytest.approx(lit.served_kw.to_numpy(), abs=1e-3)


@pytest.mark.parametrize(("name", "strategy", "seed", "overrides"), CASES)
def test_with_a_perfect_forecast_what_is_planned_is_served(
    name: str, strategy: str, seed: int, overrides: tuple[str, ...]
) -> None:
    check_perfect_forecast(name, strategy, seed, *overrides)


@pytest.mark.slow
@pytest.mark.parametrize("name", [GUO, "guo45/fault-1000", "guo45/calibrated-0400", "guo45/calibrated-1000", CIGRE])
@pytest.mark.parametrize("seed", range(10))
def test_with_a_perfect_forecast_what_dynamic_plans_is_served(name: str, seed: int) -> None:
    check_perfect_forecast(name, "dynamic", seed)


# -- both faults: nothing skipped, gateways follow, world as planned for -----------------------------------------------


@pytest.mark.parametrize("minutes", [60, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["guo45/fault-0400", "guo45/fault-1000"])
def test_every_step_is_judged_and_every_plan_can_be_followed(
    name: str, minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedules = []

    def solve(problem, **options):
        schedules.append((problem, solved := solve_local_area(problem, **options)))
        return solved

    solve_local_area = gateway_module.solve_local_area
    monkeypatch.setattr(gateway_module, "solve_local_area", solve)
    log = run(name, "dynamic", 0, f"outage.duration_min={minutes}", "local_areas.load_control=area")

    assert len(schedules) == 45 * len(log.recorder.plans) == 45 * minutes // 30
    worst = max(abs(e) for _, s in schedules for e in (*s.follow_error_kw, *s.follow_error_kvar))
    assert worst <= 1e-3, "the LA problem follows every plan of the dispatch centre"

    islands, buses, areas = table(log, "island"), table(log, "bus"), table(log, "local_area")
    assert list(islands.time_min.unique()) == list(range(0, minutes, 5))
    assert (buses.groupby("time_min").size() == 45).all() and (areas.groupby("time_min").size() == 45).all()
    lit = islands[islands.balance_unit != ""]
    assert (
        lit.groupby("time_min").buses.sum() == buses.groupby("time_min").energised.sum()[lit.time_min.unique()]
    ).all()
    assert ((lit.converged == 1) & (lit.radial == 1)).all() and (lit.mismatch_kw.abs() <= 1e-3).all()
    assert (buses.vm_pu.notna() == (buses.energised == 1)).all()


def test_strategies_meet_the_same_world() -> None:
    logs = [run(GUO, strategy, 3, "outage.duration_min=30") for strategy in ("dynamic", "static")]
    columns = ["time_min", "local_area", "demand_kw", "demand_kvar"]
    first, second = (table(log, "local_area")[columns] for log in logs)
    pd.testing.assert_frame_equal(first, second)


def test_a_collapse_makes_the_dispatch_centre_plan_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """All islands are made to collapse at minute 10; the plan and its gateways learn of it one step later."""

    def failing(task, *rest):
        if now["min"] == 10:
            raise CannotBalance("deficit", 1.0)
        return balance(task, *rest)

    def step(self, time_min, *rest, **named):
        now["min"] = time_min
        return grid_step(self, time_min, *rest, **named)

    now, balance, grid_step = {"min": 0}, operating_point.balance, world.Grid.step
    monkeypatch.setattr(operating_point, "balance", failing)
    monkeypatch.setattr(world.Grid, "step", step)
    log = run(GUO, "dynamic", 0, "outage.duration_min=60")
    events = table(log, "events")
    assert set(events[events.kind == "collapse"].time_min) == {10}
    plans = events[events.kind == "plan_issued"]
    assert plans.time_min.tolist() == [0, 15, 30] and "went dark" in plans.text.iloc[1]
    served = table(log, "local_area").groupby("time_min").served_kw.sum()
    assert served[5] > 0 and served[10] == 0 and served[15] > 0


@pytest.mark.parametrize("overrides", [
    ("network.options.reading=R2", "clock.sim_step_min=15"),
    pytest.param(("network.options.reading=R3", "clock.replan_interval_min=15", "clock.sim_step_min=15"),
                 marks=pytest.mark.slow),
    pytest.param(("network.options.switches=all", "clock.sim_step_min=15"), marks=pytest.mark.slow),
    ("local_areas.by=section", "clock.replan_interval_min=45"),
    ("limits.min_power_factor=0.995", "load.power_factor=1", "clock.sim_step_min=15"),
    ("network.options.table4=bus4", "dispatch_centre.first_online_step_free=false", "clock.replan_interval_min=20",
     "clock.sim_step_min=10"),
    ("network.options.table3=reduced", "clock.sim_step_min=10", "clock.replan_interval_min=10"),
])  # fmt: skip
def test_readings_and_clocks_keep_a_perfect_forecast(overrides: tuple[str, ...]) -> None:
    log = run(GUO, "dynamic", 0, "perfect_forecast=true", "outage.duration_min=60", *overrides)
    areas = table(log, "local_area")
    inside, outside = areas[areas.in_outage_area == 1], areas[areas.in_outage_area != 1]
    assert inside.planned_kw.to_numpy() == pytest.approx(inside.served_kw.to_numpy(), abs=1e-6)
    assert outside.demand_kw.to_numpy() == pytest.approx(outside.served_kw.to_numpy(), abs=1e-6)
    assert table(log, "violations").empty
    assert inside.served_kw.sum() > 0 or inside.empty


def test_light_load_on_long_cables_is_planned_with_their_charging() -> None:
    """At night the cables of the CIGRE network give more reactive power than its batteries can take."""
    overrides = ("outage.start=2025-06-19T02:00", "load.power_factor=1", "load.source=shares", "load.peak_kw=300")
    log = run(CIGRE, "dynamic", 0, "perfect_forecast=true", "outage.duration_min=60", *overrides)
    areas = table(log, "local_area")
    assert areas.planned_kw.to_numpy() == pytest.approx(areas.served_kw.to_numpy(), abs=1e-6)


def test_customers_cut_off_by_a_restoration_are_counted() -> None:
    """A plan in force that darkens what had supply is a violation and an interruption."""
    case = load_case(GUO, (*SHORT, "network.options.reading=R2"), 0)
    grid, profiles = world.Grid(case), world.Profiles(case, 0)
    record = grid.step(0, profiles.demand(0), profiles.pv_pu(0), {"18-19": False}, {}, {})
    dark = {row["element"] for row in record.violations if row["kind"] == "unsupplied_load"}
    assert dark == {"13", "14", "15", "16", "17", "18"}


# -- mosaik -----------------------------------------------------------------------------------------------------------


def test_the_order_of_one_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measurements one step old, then gateways → DC → gateways at the same instant, then the grid, then the record."""
    order: list[str] = []
    for name in ("Profiles", "Gateway", "Terminal", "Channel", "DispatchCentre", "Grid", "Recorder"):
        adapter = getattr(adapters, f"{name}Sim", None) or getattr(actor_adapters, f"{name}Sim")

        def step(self, time, inputs, max_advance, adapter_step=adapter.step, name=name):
            if time == 5:
                order.append(name)
            return adapter_step(self, time, inputs, max_advance)

        monkeypatch.setattr(adapter, "step", step)
    run(GUO, "dynamic", 0, "outage.duration_min=10", "clock.plan_step_min=5", "clock.replan_interval_min=5")
    assert order.index("Profiles") < order.index("Gateway")
    actors = [name for name in order if name not in ("Profiles", "Terminal")]
    assert actors == ["Gateway", "Channel", "DispatchCentre", "Channel", "Gateway", "Grid", "Recorder"]


def test_messages_are_logged_and_every_switch_reports() -> None:
    log = run(GUO, "static", 0, "outage.duration_min=30")
    messages = table(log, "message")
    counts = messages.groupby("kind").size().to_dict()
    assert counts["psc"] == 6 * 45 and counts["switch_state"] == 6 * 12 and counts["net_power_plan"] == 45
    assert set(messages.status) == {"delivered"}


# -- folders: determinism, failure ------------------------------------------------------------------------------------


def differing(left: Path, right: Path) -> set[str]:
    files = {p.relative_to(left).as_posix() for p in left.rglob("*") if p.is_file()}
    assert files == {p.relative_to(right).as_posix() for p in right.rglob("*") if p.is_file()}
    return {f for f in files if not filecmp.cmp(left / f, right / f, shallow=False)}


@pytest.mark.parametrize(
    ("name", "drawn"), [(GUO, False), *(pytest.param(name, True, marks=pytest.mark.slow) for name in (CIGRE, GUO))]
)
def test_same_scenario_and_seed_give_the_same_bytes(name: str, drawn: bool, tmp_path: Path, request) -> None:
    if not drawn:
        request.getfixturevalue("no_run_figures")
    short = SHORT if drawn else (*FAST, "outage.duration_min=30", "clock.replan_interval_min=15")
    folders = [simulate(load_case(name, short, 5), "dynamic", tmp_path / side) for side in ("a", "b")]
    assert differing(*folders) == {"timing.json"}
    assert {p.name for p in folders[0].iterdir()} >= {
        "manifest.json", "scenario.yaml", "plans", "series", "violations.csv", "events.csv", "summary.json",
        "timing.json", *(["figures"] if drawn else []),
    }  # fmt: skip
    if not drawn:
        assert differing(folders[0], simulate(load_case(name, short, 6), "dynamic", tmp_path / "c")) > {"timing.json"}


def test_a_resolved_scenario_runs_to_the_same_result(tmp_path: Path, no_run_figures) -> None:
    first = simulate(load_case(GUO, (*FAST, "outage.duration_min=30"), 5), "static", tmp_path / "first")
    again = simulate(load_case(first / "scenario.yaml"), "static", tmp_path / "again")
    assert differing(first, again) <= {"timing.json", "manifest.json"}


def test_an_actor_that_raises_fails_the_run_and_leaves_what_was_seen(tmp_path: Path, monkeypatch, only_png) -> None:
    def raises(self, time_min, measurement):
        if time_min == 20:
            raise ZeroDivisionError("gateway bug")
        return orders(self, time_min, measurement)

    orders = gateway_module.EnergyGateway.orders
    monkeypatch.setattr(gateway_module.EnergyGateway, "orders", raises)
    with pytest.raises(RunFailedError, match="gateway bug"):
        simulate(load_case(GUO, SHORT), "static", tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "failed" and "ZeroDivisionError" in manifest["reason"]
    assert read_run(tmp_path / "run").local_area.time_min.max() == 15


def test_ctrl_c_leaves_a_failed_run(tmp_path: Path, monkeypatch, no_drawing) -> None:
    def interrupted(self, time_min, *rest, **named):
        if time_min == 10:
            raise KeyboardInterrupt
        return step(self, time_min, *rest, **named)

    step = world.Grid.step
    monkeypatch.setattr(world.Grid, "step", interrupted)
    with pytest.raises(RunFailedError, match="interrupted"):
        simulate(load_case(GUO, SHORT), "static", tmp_path / "run")
    assert json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))["status"] == "failed"
    assert read_run(tmp_path / "run").local_area.time_min.max() == 5


def test_ctrl_c_while_a_run_is_written_leaves_it_whole_and_says_so(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("relight.sim.campaigns.run._draw", lambda *_: signal.raise_signal(signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # deaf where tests run in the background
    try:
        with pytest.raises(KeyboardInterrupt):
            simulate(load_case(GUO, SHORT), "greedy", tmp_path / "run")
    finally:
        signal.signal(signal.SIGINT, before)
    assert f"interrupted: {tmp_path / 'run'} is written first" in capsys.readouterr().err
    assert read_run(tmp_path / "run").complete


def test_a_run_that_the_recorder_did_not_see_to_its_end_is_incomplete(monkeypatch) -> None:
    monkeypatch.setattr(world.RecorderSim, "step", lambda self, time, inputs, max_advance: time + 10)
    with pytest.raises(IncompleteRunError):
        run(GUO, "static", 0, "outage.duration_min=30")


def test_an_interrupted_comparison_keeps_its_finished_runs_and_can_be_overwritten(
    tmp_path: Path, monkeypatch, no_drawing
) -> None:
    def interrupted(case, strategy, folder, **options):
        if strategy == "dynamic":
            raise RunFailedError(folder, "interrupted")
        return real(case, strategy, folder, **options)

    real, small = simulate, str(three_bus_case.write(tmp_path, outage=HALF_AN_HOUR))
    monkeypatch.setattr("relight.sim.campaigns.compare.simulate", interrupted)
    with pytest.raises(RunFailedError, match=r"interrupted.*; finished runs in .*runs: 1; a comparison"):
        compare_strategies([small], ["static", "dynamic"], [0], tmp_path / "out")
    (finished,) = (tmp_path / "out" / "runs").iterdir()
    assert json.loads((finished / "manifest.json").read_text(encoding="utf-8"))["status"] == "complete"
    with pytest.raises(NotARun, match="not finished"):
        draw_comparison_figures(tmp_path / "out")
    monkeypatch.setattr("relight.sim.campaigns.compare.simulate", real)
    compare_strategies([small], ["static"], [1], tmp_path / "out", overwrite=True)
    assert [p.name for p in (tmp_path / "out" / "runs").iterdir()] == ["small_static_seed1"]


def test_compare_writes_runs_tables_and_figures(tmp_path: Path, monkeypatch, no_run_figures, only_png) -> None:
    monkeypatch.setattr("relight.sim.campaigns.run.write_run_report", lambda *_: None)
    folders = [tmp_path / name for name in ("small", "other")]
    for folder in folders:
        folder.mkdir()
    sources = [str(three_bus_case.write(folder, name=folder.name, outage=HALF_AN_HOUR)) for folder in folders]
    comparison = compare_strategies(sources, ["dynamic", "static"], [1], tmp_path / "out")
    assert len(comparison.runs) == 4
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {"comparison.csv", "comparison.md", "comparison.json", "figures", "runs"} <= names
    assert {p.stem for p in (tmp_path / "out" / "figures").iterdir()} == {
        "served_by_strategy_small", "served_by_strategy_other",
    }  # fmt: skip
    assert (comparison.runs.groupby(["scenario", "seed"]).demand_energy_mwh.std() == 0).all()
