"""Grid-connected operation of small networks: what is live, and that energy is conserved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relight.results.indices.measured import LEVELLED, NO_UNITS, PV_ONLY
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.sim.normal import operation as normal_operation
from relight.sim.normal.operation import NoNormalOperation, normal_state, operate, rated_infeeds_kva
from support.brought.nets import loaded, small_net
from support.networks import Line, build_case, chain, ess, infeed, pv


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of two hours: the same code, an eighth of the power flows."""
    monkeypatch.setattr(normal_operation, "STEP_MIN", 120)


def with_curves(case: Case) -> Case:
    loads = {bus: case.base_load_kw.get(bus, 0.0) for bus in case.view.buses}
    return replace(case, base_load_kw=loads, mix_by_bus={bus: {"h0": 1.0} for bus in case.view.buses})


def small(**options: object) -> Case:
    units = [infeed("1", live=False), pv("3"), ess("2")]
    return with_curves(build_case(chain("1", "2", "3"), units, loads={"2": 100.0, "3": 100.0}, **options))  # pyright: ignore


def test_the_fault_is_repaired_and_the_infeed_live_for_the_whole_day() -> None:
    case = build_case([Line("1", "2", faulted=True), Line("2", "3")], [infeed("1", live=False)])
    state = normal_state(case)
    assert [(island.buses, unit) for island, unit in state.supplied] == [(("1", "2", "3"), "infeed.1")]
    outage = state.case.scenario.outage
    assert (outage.start.hour, outage.duration_min, outage.faulted) == (0, 1440, ())
    assert state.notes == () and not state.case.view.branches["1-2"].faulted
    assert case.view.branches["1-2"].faulted  # the case itself is left as it was


def test_loads_without_an_infeed_are_joined_by_a_tie_or_named() -> None:
    lines = [Line("1", "2"), Line("2", "3", closed=False), Line("3", "4"), Line("4", "1", closed=False)]
    state = normal_state(build_case(lines, [infeed("1")]))
    assert state.buses == {"1", "2", "3", "4"}
    assert "2-3" in state.notes[0] and len(state.notes) == 1  # one tie is enough; 4-1 stays open
    assert state.supplied[0][0].loops == 0
    apart = normal_state(build_case([Line("1", "2"), Line("2", "3", switchable=False, closed=False)], [infeed("1")]))
    assert apart.buses == {"1", "2"} and "no infeed reaches 3" in apart.notes[0]


def test_of_two_infeeds_in_an_island_the_first_supplies_it() -> None:
    case = build_case(chain("1", "2", "3"), [infeed("1", s_kva=100), infeed("3", s_kva=200)])
    state = normal_state(case)
    assert [unit for _, unit in state.supplied] == ["infeed.3"]
    assert state.notes == ("infeed.1 stands by: infeed.3 supplies the same island",)


def test_without_an_infeed_there_is_no_normal_operation() -> None:
    with pytest.raises(NoNormalOperation, match="infeed"):
        normal_state(build_case(chain("1", "2"), [ess("1")]))


def test_energy_is_conserved_in_every_step_of_every_operation() -> None:
    normal = operate(normal_state(small()))
    table = normal.table
    assert table["operation"].value_counts(sort=False).to_dict() == {NO_UNITS: 12, PV_ONLY: 12, LEVELLED: 12}
    left = table["import_kw"] + table["pv_kw"] + table["ess_kw"] - table["export_kw"]
    assert (left - table["demand_kw"] - table["losses_kw"]).abs().max() < 1e-3
    assert (table["losses_kw"] > 0).all()
    baseline = table[table["operation"] == NO_UNITS]
    assert (baseline[["pv_kw", "ess_kw", "export_kw"]] == 0).all(axis=None)
    assert normal.power(PV_ONLY, "pv_kw").max() > 50
    assert normal.power_factor == pytest.approx(0.95)


def test_storage_ends_as_it_began_and_lowers_the_largest_import() -> None:
    normal = operate(normal_state(small()))
    assert normal.power(LEVELLED, "ess_kw").sum() == pytest.approx(0, abs=1e-3)
    assert normal.energy_kwh(LEVELLED, "ess_kw") == pytest.approx(normal.charge_kwh(LEVELLED), abs=1e-2)
    peaks = [normal.power(name, "import_kw").max() for name in (NO_UNITS, PV_ONLY, LEVELLED)]
    assert peaks[0] >= peaks[1] > peaks[2] + 5


def test_demand_that_no_infeed_reaches_counts() -> None:
    lines = [Line("1", "2"), Line("2", "3", switchable=False, closed=False)]
    case = with_curves(build_case(lines, [infeed("1"), pv("3"), ess("3")], loads={"2": 100.0, "3": 300.0}))
    normal = operate(normal_state(case))
    ratio = normal.power(NO_UNITS, "import_kw") / normal.power(NO_UNITS, "demand_kw")
    assert np.all((ratio > 0.2) & (ratio < 0.3))  # a quarter, but for noise and losses
    assert normal.power(LEVELLED, "pv_kw").max() == 0 and normal.power(LEVELLED, "ess_kw").max() == 0


def test_with_csv_series_the_period_is_the_outage_window(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text("time_min,2\n0,80\n150,40\n", encoding="utf-8")
    case = replace(
        small(load={"peak_kw": 1000.0, "actual_csv": "load.csv", "power_factor": 1.0}, clock={"sim_step_min": 30}),
        folder=tmp_path,
    )
    state = normal_state(case)
    assert (state.step_min, state.case.scenario.outage.start.hour) == (30, 4)
    assert "04:00" in state.period and "09:00" in state.period
    assert len(operate(state).table) == 3 * 10


def test_a_rating_that_the_import_made_up_is_not_believed(tmp_path: Path) -> None:
    assert rated_infeeds_kva(load_case("cigre_mv/blackout")) == 50_000
    assert rated_infeeds_kva(load_case("guo45/fault-0400")) == 100_000
    net = small_net()
    assert rated_infeeds_kva(loaded(tmp_path, net)) is None
    net.ext_grid["max_p_mw"] = 10.0
    assert rated_infeeds_kva(loaded(tmp_path, net)) == 10_000
