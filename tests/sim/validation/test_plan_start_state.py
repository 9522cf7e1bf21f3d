"""The state that a plan starts from: as gateways measure it, and as a run's tables tell it afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from relight.results.run.read import NotARun
from relight.results.run.recorder import Recorder, table_path
from relight.results.run.writing import write_text
from relight.scenarios.case import Case
from relight.sim.validation.conditions import EVER_MIN, StartState
from relight.sim.validation.run_state import state_in_run
from support.networks import Line, Run, build_case, chain, ess, infeed, nbsu, order, pv

STEP_MIN = 5


def played() -> tuple[Case, Recorder, list[StartState]]:
    """A world in which everything that a state holds changes, its tables, and what was measured after each step."""
    lines = [*chain("a", "b", "c"), Line("c", "d", closed=False), Line("d", "e")]
    units = [ess("a"), pv("b"), nbsu("c", ramp_kw_per_h=200, start_min=10), infeed("e")]
    case = build_case(lines, units, pv={"reconnect_delay_min": 15})
    run, recorder, states = Run(case, dict.fromkeys(case.view.local_areas, (20.0, 5.0))), Recorder(), []
    run.pv_pu = {"pv.b": 0.5}
    form = order("ess.a", "form")
    script = [
        (form, {"b-c": False}),
        (form, {"b-c": True}),
        (order("nbsu.c", "starting"), {}),
        (order("nbsu.c", "starting"), {}),
        (order("nbsu.c", "follow", 30.0), {}),
        (order("pv.b", "follow", 40.0), {}),
        (order("nbsu.c", "follow", 45.0, 3.0), {}),
        (order("nbsu.c", "idle"), {"b-c": False}),
        (order("nbsu.c", "follow", 10.0), {"b-c": True}),
    ]
    for orders, switches in script:
        run.step(orders, switches=switches)
        for table, rows in run.record.series.items():
            recorder.add(table, rows)
        states.append(StartState.measured(case, run.grid.measurements(), run.grid.switch_states()))
    return case, recorder, states


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, Path, list[StartState]]:
    case, recorder, states = played()
    path = tmp_path_factory.mktemp("run")
    for table in ("bus", "switch", "unit", "local_area"):
        write_text(path / table_path(table), recorder.table_text(table))
    return case, path, states


def test_a_runs_tables_tell_the_state_that_was_measured(folder: tuple[Case, Path, list[StartState]]) -> None:
    case, path, states = folder
    seen: set[str] = set()
    for k, measured in enumerate(states):
        told = state_in_run(path, case, STEP_MIN * (k + 1))
        assert told.closed == measured.closed
        assert told.supply_changes == measured.supply_changes
        assert told.energised_min.keys() == measured.energised_min.keys()
        for bus, minutes in told.energised_min.items():
            assert minutes == (measured.energised_min[bus] if bus in case.view.outage_area else EVER_MIN)
        for unit, metered in told.units.items():
            seen.add(f"{unit} {metered['state']}")
            wanted = measured.units[unit]
            names = ["p_kw", "q_kvar", "discharge_kwh", "charge_kwh"]
            if unit == "nbsu.c":
                names += ["state_min"] if metered["state"] == "starting" else []
                names += ["p_min_kw", "p_max_kw"] if metered["state"] in ("follow", "idle") else []
            assert metered["state"] == wanted["state"]
            for name in names:
                assert metered[name] == pytest.approx(wanted[name], abs=2e-6), (k, unit, name)
    assert {"nbsu.c starting", "nbsu.c follow", "nbsu.c idle", "pv.b follow", "ess.a form"} <= seen


def test_at_the_fault_nothing_has_happened_yet(folder: tuple[Case, Path, list[StartState]]) -> None:
    case, path, _ = folder
    assert state_in_run(path, case, 0) == StartState.after_fault(case)


def test_a_folder_without_that_step_or_of_another_network_is_refused(
    folder: tuple[Case, Path, list[StartState]], tmp_path: Path
) -> None:
    case, path, _ = folder
    with pytest.raises(NotARun, match="no simulation step of this run ends at minute 200"):
        state_in_run(path, case, 200)
    with pytest.raises(NotARun, match=r"bus\.csv"):
        state_in_run(tmp_path, case, STEP_MIN)
    with pytest.raises(NotARun, match="not those of scenario test"):
        state_in_run(path, build_case(chain("x", "y"), [ess("x")]), STEP_MIN)
