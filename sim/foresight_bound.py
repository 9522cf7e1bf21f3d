"""What a strategy's run is held against: two upper bounds of what anybody could have served in the same world.

The *service bound* (``sim.service_bound``) holds for whatever happens. The *foresight bound* is closer: the proven
bound of the plan that ``oracle`` would make, relaxed wherever the world can do more than a plan may count on. It knows
what will happen and every device, allows for no losses, and knows no limits of voltages and lines, which the world can
break; a unit's limits are the widest form of (13). What is left of the plan's own rules is that sections are on for
whole plan steps and all that is in them is served, so energy that a run served *in part* is told apart and not held
against it.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from controllers.strategies import ORACLE, Strategy
from results.recorder import Recorder
from results.tables import SERIES
from scenarios.case import Case
from sim.plan_once import first_plan
from sim.service_bound import service_bound_kwh

RELAXED = {
    "loss_allowance_pct": 0.0,
    "without": ("voltage", "flow_limits"),
    "apparent_power": "printed",
    "nbsu_reactive": "printed",
    "first_online_step_free": True,
    "cold_load": None,
    "pick_up_limit_pct": None,
    "look_ahead_min": None,
    "formulation": "compact",
    "verify": "off",
    "source_intervals": False,
}
"""Options of the dispatch centre under which its plans are bounded by more than anybody could carry out."""

_TOLERANCE_KW = 1e-6
_OPERATED = SERIES["switch"].index("operated")


def foresight_bound_kwh(case: Case) -> float | None:
    """Upper bound of Σ C_i p_i Δt − c_sw · operations, (18), of all that is served in whole plan steps, kWh.

    None where the world holds what ``oracle`` does not foresee: surprises, cold load pick-up.
    """
    scenario = case.scenario
    if scenario.surprises is not None or scenario.cold_load is not None:
        return None
    centre = scenario.dispatch_centre.model_copy(update=RELAXED)
    relaxed = replace(case, scenario=scenario.model_copy(update={"dispatch_centre": centre}))
    return first_plan(relaxed, replace(ORACLE, per_device=True)).plan.bound


def served_kwh(case: Case, recorder: Recorder) -> tuple[float, float]:
    """Weighted energy that a run served in the outage area, kWh, and the part of it that was served in part.

    In part: in a plan step in which not all of a section's demand was served from beginning to end.
    """
    clock = case.scenario.clock
    rows = pd.DataFrame(recorder.rows["local_area"], columns=list(SERIES["local_area"]))
    rows = rows[rows["in_outage_area"] == 1]
    served, demand = rows["served_kw"].fillna(0.0), rows["demand_kw"].fillna(0.0)
    rows = rows.assign(
        energy_kwh=served * rows["priority"] * clock.sim_step_min / 60,
        missing=demand - served > _TOLERANCE_KW,
        plan_step=rows["time_min"] // clock.plan_step_min,
    )
    blocks = rows.groupby(["section", "plan_step"])
    energy_kwh, missing = blocks["energy_kwh"].sum(), blocks["missing"].any()
    return float(energy_kwh.sum()), float(energy_kwh[missing].sum())


def bounds_of_run(case: Case, strategy: Strategy, recorder: Recorder) -> dict[str, float | None]:
    """What a study keeps of a run to hold it against the bounds of its world, MWh (``results.study_bounds``).

    Of a strategy with foresight also the foresight bound, and (18) of its own first plan.
    """
    served, in_part = served_kwh(case, recorder)
    operations = sum(int(row[_OPERATED]) for row in recorder.rows["switch"])
    found: dict[str, float | None] = {
        "weighted_served_mwh": served / 1e3,
        "in_part_mwh": in_part / 1e3,
        "switching_mwh": case.scenario.dispatch_centre.switching_cost_kwh * operations / 1e3,
        "service_bound_mwh": service_bound_kwh(case) / 1e3,
    }
    if strategy.foresight:
        bound = foresight_bound_kwh(case)
        planned = recorder.plans[0]["objective"] if recorder.plans else None
        found["foresight_bound_mwh"] = None if bound is None else bound / 1e3
        found["foresight_planned_mwh"] = None if planned is None else planned / 1e3
    return found
