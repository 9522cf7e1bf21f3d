"""A brought net from reading to run: what plans count with is what both engines find, and the books close."""

from __future__ import annotations

from pathlib import Path

import pandapower as pp
import pytest

import relight
from relight.sim.power_flow.engines import ENGINES
from support.brought.nets import random_net, small_net, write_scenario


def ess(*buses: str, s_kva: float = 3000.0) -> dict[str, object]:
    rows = [
        {"id": f"e{k}", "bus": b, "s_kva": s_kva, "discharge_kwh": s_kva, "charge_kwh": 9} for k, b in enumerate(buses)
    ]
    return {"ess": rows}


def test_a_net_with_every_kind_of_element_is_planned_judged_and_run(tmp_path: Path, no_run_figures) -> None:
    net = random_net(0)
    for bar in (1, 2):
        pp.create_switch(net, bar, 0, et="t3", closed=True)
    limits = {"vm_min_pu": 0.85, "vm_max_pu": 1.15}
    at_once = {"outage.first_order_min": 0, "switching.in_runs": False, "clock.sim_step_min": 15}
    case = relight.load(write_scenario(tmp_path, net, units=ess("bar 20", "bar 10"), limits=limits), overrides=at_once)
    plan = relight.plan(case)
    for engine in ENGINES:
        assert relight.validate(plan, case, engine=engine).clean
    run = relight.run(case, out=tmp_path / "run", overwrite=True)  # raises EnergyImbalance where books do not close
    assert run.complete
    assert run.totals["served_energy_mwh"] == pytest.approx(run.totals["demand_energy_mwh"])
    assert run.totals["ac"]["violated_steps"] == 0


@pytest.mark.parametrize(("q_mvar", "clean"), [(-0.1, True), (-0.4, False), (0.15, False)])
def test_what_a_capacitor_or_a_reactor_takes_counts_against_the_reactive_limit(
    q_mvar: float, clean: bool, tmp_path: Path
) -> None:
    """At power factor 0.95 a storage of 400 kVA has 125 kvar; the bus needs 20 beside its shunt."""
    net = small_net()
    net.line["c_nf_per_km"] = 0.0
    pp.create_shunt(net, 1, q_mvar=q_mvar)
    case = relight.load(write_scenario(tmp_path, net, units=ess("B", s_kva=400.0), perfect_forecast=True))
    plan = relight.plan(case)
    assert relight.validate(plan, case).clean
    assert (sum(area.demand_kw for step in plan.steps for area in step.local_areas.values()) > 0) == clean
