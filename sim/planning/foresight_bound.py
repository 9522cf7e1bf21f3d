"""What a strategy's run is held against: two upper bounds of what anybody could have served in the same world.

The *service bound* (``relight.sim.planning.service_bound``) holds for whatever happens. The *foresight bound* is
closer: the proven bound of the plan that ``oracle`` would make, relaxed wherever the world can do more than a plan may
count on. It knows what will happen and every device; it has no losses, no limits of voltages, lines, reactive power or
ramps, and units come on line at the start of the plan step in which they do. What is left of the plan's own rules is
that a section is live for whole plan steps and, with load control by section, has all its demand served. So it bounds
the runs of which that is true. A run by section that sheds an area, or any that energises a section amid a plan step,
may pass it: sources of a section served in part carry others. With load control by area the bound is of plans in part,
which cover areas that are shed for some of a plan step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from ...controllers.milp.objective import switching_kwh
from ...controllers.strategies.builtin import ORACLE
from ...controllers.strategies.strategy import Strategy
from ...results.run.recorder import Recorder
from ...results.run.tables import SERIES
from ...scenarios.case import Case
from ...scenarios.schema.dispatch_options import Objective
from .plan_once import first_plan
from .service_bound import service_bound_kwh

RELAXED = {
    "loss_allowance_pct": 0.0,
    "loss_allowance": "fixed",
    "without": ("voltage", "flow_limits", "reactive"),
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
    """Upper bound of Σ C_i p_i Δt − c_sw · operations, (18), of a run without service in part (``served_kwh``), kWh.

    Nothing else counts in it, whatever else plans are for: so it bounds what is measured of every run.
    None where the world holds what ``oracle`` does not foresee: surprises, cold load pick-up.
    """
    scenario, step_min = case.scenario, case.scenario.clock.plan_step_min
    if scenario.surprises is not None or scenario.cold_load is not None:
        return None
    changed: dict[str, Any] = {
        "dispatch_centre": scenario.dispatch_centre.model_copy(update=RELAXED),
        "objective": Objective(switching_kwh=scenario.objective.switching_kwh),
        "world": scenario.world.model_copy(update={"pick_up_limit_pct": None}),
        "limits": scenario.limits.model_copy(update={"max_loading_pct": math.inf, "min_power_factor": 0.0}),
        "pv": scenario.pv.model_copy(
            update={"reconnect_delay_min": scenario.pv.reconnect_delay_min // step_min * step_min}
        ),
    }
    if scenario.local_areas.load_control != "section":
        changed["local_areas"] = scenario.local_areas.model_copy(update={"load_control": "part"})
    free = {"p_in_kw": 0.0, "ramp_up_kw_per_h": math.inf, "ramp_down_kw_per_h": math.inf}
    nbsu = {
        u: replace(one, start_min=one.start_min // step_min * step_min, **free) for u, one in case.view.nbsu.items()
    }
    relaxed = replace(case, scenario=scenario.model_copy(update=changed), view=replace(case.view, nbsu=nbsu))
    return first_plan(relaxed, replace(ORACLE, per_device=True, starts_from=None)).plan.bound


def served_kwh(case: Case, recorder: Recorder) -> tuple[float, float, int]:
    """Weighted energy that a run served in the outage area, kWh, the part of it that was served in part, and in how
    many plan steps of a section that was so.

    In part: a section is live in a plan step, and not all of its demand is served from beginning to end; with load
    control by area or in part, it is not live from beginning to end.
    """
    clock = case.scenario.clock
    rows = pd.DataFrame(recorder.rows["local_area"], columns=list(recorder.columns("local_area")))
    rows = rows[rows["in_outage_area"] == 1]
    whole = case.scenario.local_areas.load_control == "section"
    served, demand = rows["served_kw"].fillna(0.0), rows["demand_kw"].fillna(0.0)
    rows = rows.assign(
        energy_kwh=served * rows["priority"] * clock.sim_step_min / 60,
        live=rows["energised"] == 1,
        missing=demand - served > _TOLERANCE_KW if whole else rows["energised"] != 1,
        plan_step=(rows["time_min"] - case.scenario.first_step_min) // clock.plan_step_min,
    )
    blocks = rows.groupby(["section", "plan_step"]).agg({"energy_kwh": "sum", "live": "any", "missing": "any"})
    in_part = blocks[blocks["live"] & blocks["missing"]]
    return float(blocks["energy_kwh"].sum()), float(in_part["energy_kwh"].sum()), len(in_part)


def _lost_later(case: Case, recorder: Recorder) -> dict[str, float]:
    """LAs that had supply at first and lost it in a run, and when (min)."""
    columns = SERIES["local_area"]
    time, la, lost = (columns.index(name) for name in ("time_min", "local_area", "in_outage_area"))
    found: dict[str, float] = {}
    for row in recorder.rows["local_area"]:
        if row[lost] == 1 and row[la] not in case.view.lost_areas:
            found.setdefault(row[la], float(row[time]))
    return found


def bounds_of_run(case: Case, strategy: Strategy, recorder: Recorder) -> dict[str, float | None]:
    """What a study keeps of a run to hold it against the bounds of its world, MWh (``relight.results.study.bounds``).

    Of a strategy with foresight also the foresight bound, and (18) of its own first plan.
    """
    served, in_part, steps = served_kwh(case, recorder)
    operations = sum(int(row[_OPERATED]) for row in recorder.rows["switch"])
    later_min = _lost_later(case, recorder)
    service = service_bound_kwh(case, later_min=later_min) / 1e3
    found: dict[str, float | None] = {
        "weighted_served_mwh": served / 1e3,
        "in_part_mwh": in_part / 1e3,
        "steps_in_part": steps,
        "switching_mwh": switching_kwh(case.scenario.objective, operations) / 1e3,
        "service_bound_mwh": service,
    }
    if strategy.foresight:
        # It knows of no loss but the first; where there was another one, what is measured is of more than it bounds.
        bound = None if later_min else foresight_bound_kwh(case)
        planned = _energy_less_switching(recorder.plans[0]) if recorder.plans else None
        found["foresight_bound_mwh"] = None if bound is None else min(bound / 1e3, service)
        found["foresight_planned_mwh"] = None if planned is None else planned / 1e3
    return found


def _energy_less_switching(plan: Mapping[str, Any]) -> float | None:
    """Of a plan's objective, what the foresight bound counts."""
    terms = plan.get("terms_kwh")
    return terms["energy"] + terms.get("switching", 0.0) if terms else plan["objective"]
