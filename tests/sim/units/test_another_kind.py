"""A kind of unit that only this test knows: small hydro power, which black starts and gives what it is asked.

Registered in each floor's table it lives in the world, is judged, counted, drawn and reported. Planning with it would
take equations: docs/adding.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from relight.controllers.exchange.plan import Plan
from relight.results.figures import style
from relight.results.figures.drawing import draw_run_figures
from relight.results.report.files import REPORT, write_run_report
from relight.results.run.read import read_run
from relight.results.run.recorder import Recorder
from relight.results.run_folder import RunRecord, write_run
from relight.scenarios.case import Case
from relight.scenarios.networks.drawing import network_table
from relight.scenarios.view import KINDS, Unit, UnitKind, without_units
from relight.sim.units.kinds import MACHINES
from relight.sim.units.unit_model import UnitModel
from relight.sim.validation.validator import Validator
from support.networks import Run, build_case, chain, ess, nbsu, order
from support.validation_cases import constant


@dataclass(frozen=True)
class HydroUnit(Unit):
    kind = "hydro"


class Hydro(UnitModel):
    gives_way = "throttled_kw"

    def able_to_form(self) -> bool:
        return True

    def energise(self, energised: bool, energised_min: float, forming: bool) -> None:
        self._enter("form" if forming else "follow" if energised and self.order["state"] != "off" else "off")

    def p_range(self) -> tuple[float, float]:
        return (0.0, self.s_kva) if self.running else (0.0, 0.0)


@pytest.fixture(autouse=True)
def hydro(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "hydro", UnitKind("hydro", "hydro", "generation", merit=3))
    monkeypatch.setitem(MACHINES, "hydro", lambda spec, scenario, step_min, q_ratio: Hydro(spec, step_min, q_ratio))
    monkeypatch.setitem(style.SOURCE_COLOURS, "hydro", style.BLUE)


def network(*units: Any) -> Case:
    outage = {"start": "2025-06-21T04:00", "duration_min": 30}
    return build_case(chain("a", "b", length_km=0.001), [HydroUnit("hydro.a", "a", 150.0), *units], outage=outage)


def test_the_view_knows_its_order_and_its_units() -> None:
    view = network(ess("b"), nbsu("b")).view
    assert view.balance_order == ("ess.b", "nbsu.b", "hydro.a")
    assert list(view.units_of("hydro")) == ["hydro.a"] and list(view.local_units) == ["ess.b", "nbsu.b", "hydro.a"]
    assert list(without_units(view, {"hydro.a"}).units) == ["ess.b", "nbsu.b"]


def test_it_black_starts_and_sheds_what_is_beyond_it() -> None:
    run = Run(network(), {"a": (60.0, 0.0), "b": (80.0, 0.0)}).step(order("hydro.a", "form"))
    assert run.unit("hydro.a")["p_kw"] == pytest.approx(140, abs=0.01) and run.violations == [] and run.shed == set()
    run.demand["b"] = (100.0, 0.0)
    assert run.step().shed == {"a"}


def test_it_gives_way_to_storage_and_is_told_what_it_cannot_do() -> None:
    run = Run(network(ess("b", charge_kwh=0.0)), {"a": (60.0, 0.0)})
    run.step(order("ess.b", "form"), order("hydro.a", "follow", 170.0))
    assert run.unit("hydro.a")["p_kw"] == pytest.approx(60, abs=0.05)
    assert run.violations == [("unit_p", "hydro.a")]


@pytest.mark.parametrize(("kw", "kinds"), [(70, []), (80, ["unit_p"])])
def test_a_plan_with_it_is_judged(kw: float, kinds: list[str]) -> None:
    case = network()
    step = {"start_min": 0, "closed_branches": ["a-b"], "balance_units": ["hydro.a"]}
    verdict = Validator(case, forecast=constant(case, kw=kw, kvar=10)).validate(Plan.model_validate({"steps": [step]}))
    assert [violation.kind for violation in verdict.violations] == kinds


def test_a_run_with_it_is_counted_drawn_and_reported(tmp_path: Path) -> None:
    case, recorder = network(), Recorder()
    run = Run(case, {"a": (60.0, 0.0), "b": (80.0, 0.0)})
    for k in range(6):
        run.step(*([order("hydro.a", "form")] if k == 0 else []))
        for table, rows in run.record.series.items():
            recorder.add(table, rows)
    record = RunRecord(
        scenario=case.scenario, strategy="by hand", seed=0, recorder=recorder, network=network_table(case),
        timing={"run_s": 1.0},
    )  # fmt: skip
    folder = write_run(tmp_path / "run", record)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["energy_mwh"]["hydro"] == pytest.approx(0.070, abs=1e-5)
    assert read_run(folder).unit.kind.unique().tolist() == ["hydro"]
    draw_run_figures(folder)
    write_run_report(folder)
    assert (folder / REPORT).is_file() and (folder / "figures").is_dir()
