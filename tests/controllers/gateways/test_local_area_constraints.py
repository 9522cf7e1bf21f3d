"""What each constraint of the local area problem forbids: without it some schedule gets cheaper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from golden_lp import FORMS, names_of
from relight.controllers.gateways.local_area_constraints import CostForm
from relight.controllers.gateways.local_area_model import build_local_area
from relight.controllers.gateways.local_area_problem import LocalAreaProblem
from relight.controllers.solver.once import solve_once
from relight.scenarios.errors import UnsolvedError
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions
from relight.scenarios.schema.scenario import Gateway
from relight.scenarios.view import EssUnit, NbsuUnit, PvUnit

NOTICED_BY = {
    "active_balance": 0, "reactive_balance": 0, "octagon": 214, "pv_reactive": 0, "pv_power": 0, "ess_reactive": 0,
    "ess_power": 0, "ess_share": 5, "ess_energy": 4, "nbsu_reactive": 0, "nbsu_power": 0, "nbsu_first": 2,
    "nbsu_ramp_up": 2, "nbsu_ramp_down": 7, "inside_circle": 0, "charge_or_discharge": 0, "printed_discharge_cost": 0,
    "printed_charge_cost": 0, "ess_discharge_cost": 0, "ess_charge_cost": 1,
}  # fmt: skip
"""Constraint → a seed for which the optimum falls when the model leaves it out."""
EPIGRAPH = ("ess_discharge_cost", "ess_charge_cost")


def random_problem(seed: int) -> LocalAreaProblem:
    """An LA of up to two units of each kind, three steps, an NBSU that starts now and then, and all options."""
    rng = np.random.default_rng(seed)
    steps = 3

    def values(low: float, high: float) -> tuple[float, ...]:
        return tuple(float(x) for x in rng.uniform(low, high, steps))

    pv = tuple(PvUnit(f"pv{k}", "1", float(rng.uniform(10, 100))) for k in range(rng.integers(0, 3)))
    ess = tuple(
        EssUnit(f"ess{k}", "1", *(float(rng.uniform(low, 60)) for low in (10, 0, 0))) for k in range(rng.integers(0, 3))
    )
    nbsu = tuple(
        NbsuUnit(f"nbsu{k}", "1", float(rng.uniform(10, 60)), 5.0, 40.0, 30.0, 30.0) for k in range(rng.integers(0, 3))
    )
    live = tuple(bool(x) for x in rng.random(steps) < 0.8)
    states = (("online",) * 3, ("starting", "online", "online"), ("off", "starting", "online"))
    return LocalAreaProblem(
        pv=pv, ess=ess, nbsu=nbsu, step_start_min=(0.0, 15.0, 45.0), dt_h=(0.25, 0.5, 0.5), energised=live,
        served=tuple(map(float, live)),
        pv_connected=tuple(on and bool(rng.random() < 0.8) for on in live), nbsu_state=states[rng.integers(0, 3)],
        p_kw=values(-90, 150), q_kvar=values(-40, 40), demand_p_kw=values(0, 40), demand_q_kvar=values(0, 15),
        pv_pu={u.id: values(0, 1) for u in pv}, discharge_kwh={c.id: c.discharge_kwh for c in ess},
        charge_kwh={c.id: c.charge_kwh for c in ess}, nbsu_first_kw={u.id: (8.0, 30.0) for u in nbsu},
        costs=Gateway(pv_cost=float(rng.choice([0.0, 0.3])), ess_charge_cost=0.2),
        options=DispatchCentreOptions(
            apparent_power="circle" if rng.random() < 0.5 else "printed",
            nbsu_reactive="online" if rng.random() < 0.5 else "printed",
            first_online_step_free=bool(rng.random() < 0.5),
            ess_aggregation="proportional" if rng.random() < 0.5 else "printed",
        ),
    )  # fmt: skip


def cost(m: Any, without: str = "") -> float:
    """The least (42) of a model, CNY; −∞ where leaving a constraint out lets it fall for ever."""
    if without:
        getattr(m, without).deactivate()
    try:
        solve_once(m)
    except UnsolvedError as error:
        assert without and "unbounded" in str(error).lower(), str(error)
        return float("-inf")
    return pyo.value(m.operating_cost)


def noticed(name: str, seed: int) -> bool:
    form: CostForm = "epigraph" if name in EPIGRAPH else "printed"
    problem = random_problem(seed)
    if not hasattr(build_local_area(problem, form), name):
        return False
    return cost(build_local_area(problem, form), name) < cost(build_local_area(problem, form)) - 1e-4


@pytest.mark.parametrize("name", NOTICED_BY)
def test_a_missing_constraint_is_noticed(name: str) -> None:
    assert noticed(name, NOTICED_BY[name])


def test_every_constraint_is_noticed() -> None:
    every = {name for form in ("local_area", "local_area_epigraph") for name in names_of(FORMS[form]().contents)}
    assert {*NOTICED_BY} == every
