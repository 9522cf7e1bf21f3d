"""summary.json: what a run achieved, computed from its tables alone.

Energies are MWh, sums of power × length of the simulation step over the run. *Outage area* means local areas (LAs) with
``in_outage_area`` = 1: those that have been dark by then, from the first instant or by a later fault; one that was lost
later counts from that step on. Planned and served energy are always separate numbers.

- ``demand_energy_mwh``: what the customers of the outage area would have taken; ``planned_…``: the part of it that
  the plan in force at each time said it would serve; ``served_…``: the part that was served in the world;
  ``weighted_served_…``: served, each LA times its priority C_i of (18).
- ``objective_mwh``: what the outage area got at the prices of the scenario's ``objective``, as plans are valued:
  weighted served energy, less ``switch_operations`` and ``interruptions`` at their prices, plus supply that came early
  (each customer's hours, times those left to the window's end).
- ``cold_load_energy_mwh``, only where the scenario has cold load pick-up: what customers of the outage area drew beyond
  the base course; part of demand and of served energy, never of unserved.
- ``unserved_…`` = demand − served; ``shed_…`` is its part in energised LAs (customers switched off on a live bus);
  ``planned_not_served_…``: where and when planned exceeded served, the excess summed.
- ``served_outside_area_…``: LAs while they had not lost supply, in no other number but losses, infeed and
  interruptions; ``unserved_outside_area_…`` is what the restoration took from them.
- ``energy_mwh``: ``pv``, ``ess_discharge``, ``ess_charge``, ``nbsu`` (generation) and ``nbsu_startup`` of units in
  the outage area, charge and start-up as positive consumption; ``infeed`` (net, from the upstream grid) and ``losses``
  of all energised islands; ``pv_curtailed`` = available − output of PV on line (not of PV dark or waiting);
  ``ess_losses``, only where storage loses energy: what storage in the outage area lost, charging and discharging;
  ``voltage_effect``, only where loads go with it: what they drew beyond their demand, in all energised islands.
- ``switch_operations``: operations of field terminals, fault clearing not among them unless recorded so.
- ``interruptions``: times an LA, also one that had not lost supply, that was served (served_kw > 0) is not served in
  a later step although it has demand; counted per LA and occasion (steps without demand neither start nor end one).
- ``ac``: ``steps`` simulation steps recorded, ``dark_steps`` of them without any energised LA, ``converged`` steps in
  which no island's power flow failed (a dark island has none to fail), ``island_verdicts`` judged pairs of step and
  island, ``violated_steps`` steps with at least one violation, ``violations_by_kind`` rows of violations.csv.
- ``plans``: ``count``; ``worst_gap`` the largest |bound − objective| / |objective|, null without plans or where it is
  undefined (a plan names no bound; objective 0, bound not); ``all_proven`` every plan is optimal within the asked gap;
  ``rejected`` how many broke a limit before repair; ``first_plan_energy_mwh`` what the first plan alone said it would
  serve over its span, null where no plan names LAs; ``cut_by_clock`` how many plannings a time limit stopped in part:
  unless it is 0 the run depends on the machine.
- ``messages``: number by status.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from ...scenarios.errors import RelightError
from ...scenarios.kinds.events import CUT_BY_CLOCK
from ...scenarios.kinds.violations import by_kind
from ...scenarios.view import KINDS, local_kinds
from .read import RunTables

TOLERANCE_KWH = 1e-3
"""Energy may be unaccounted for by 1 Wh a step."""
ZERO_KWH = 1e-9
"""An objective below it is 0: no gap can be told in shares of it."""


class EnergyImbalance(RelightError):
    """The tables of a run create or lose energy: a fault of the program, not of a plan."""


def summarise(run: RunTables, check_energy: bool = True) -> dict[str, Any]:
    """The summary of a run. Raises EnergyImbalance unless ``check_energy`` is False."""
    hours = step_hours(run.local_area["time_min"], run.end_min)
    if check_energy:
        check_energy_balance(run, hours)
    area = run.local_area[run.local_area["in_outage_area"] == 1]
    outside = run.local_area[run.local_area["in_outage_area"] != 1]
    lost_first = frozenset(area.loc[area["time_min"] == run.local_area["time_min"].min(), "local_area"])
    length = area["time_min"].map(hours)
    demand, planned, served = (area[c].fillna(0.0) for c in ("demand_kw", "planned_kw", "served_kw"))
    weighted_mwh = _mwh(served * area["priority"], length)
    operations, interruptions = int(run.switch["operated"].sum()), count_interruptions(run.local_area)
    prices = run.scenario.objective
    priced_kwh = prices.earlier_kwh * early_hours(area, hours, run.end_min)
    priced_kwh -= prices.switching_kwh * operations + prices.interruption_kwh * interruptions
    cold_load = {}
    if run.scenario.cold_load is not None:
        excess = _inside(run.cold_load, area)
        cold_load["cold_load_energy_mwh"] = _mwh(excess["cold_load_kw"], excess["time_min"].map(hours))
    return {
        "scenario": run.scenario.name,
        "strategy": run.strategy,
        "seed": run.seed,
        "status": run.manifest["status"],
        "demand_energy_mwh": _mwh(demand, length),
        "planned_energy_mwh": _mwh(planned, length),
        "served_energy_mwh": _mwh(served, length),
        "weighted_served_energy_mwh": weighted_mwh,
        "objective_mwh": weighted_mwh + priced_kwh / 1e3,
        **cold_load,
        "unserved_energy_mwh": _mwh(demand - served, length),
        "shed_energy_mwh": _mwh((demand - served).where(area["energised"] == 1, 0.0), length),
        "planned_not_served_energy_mwh": _mwh((planned - served).clip(lower=0.0), length),
        "served_outside_area_energy_mwh": _mwh(outside["served_kw"].fillna(0.0), outside["time_min"].map(hours)),
        "unserved_outside_area_energy_mwh": _mwh(
            outside["demand_kw"].fillna(0.0) - outside["served_kw"].fillna(0.0), outside["time_min"].map(hours)
        ),
        "energy_mwh": energy_by_source(run, area, hours),
        "switch_operations": operations,
        "interruptions": interruptions,
        "ac": ac_verdict(run, hours),
        "plans": plan_quality(run.plans, lost_first)
        | {"cut_by_clock": int((run.events["kind"] == CUT_BY_CLOCK).sum())},
        "messages": {str(k): int(n) for k, n in run.message["status"].value_counts().sort_index().items()},
    }


def step_hours(times_min: pd.Series, end_min: float) -> dict[float, float]:
    """Length of each step in hours: from its start to the next one's, the last one to ``end_min``."""
    starts = sorted(times_min.unique())
    return {a: (b - a) / 60 for a, b in zip(starts, [*starts[1:], end_min], strict=True)} if starts else {}


def _inside(table: pd.DataFrame, area: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table that are of LAs at times at which these had lost supply."""
    keys = ["time_min", "local_area"]
    return table[pd.MultiIndex.from_frame(table[keys]).isin(pd.MultiIndex.from_frame(area[keys]))]


def energy_by_source(run: RunTables, area: pd.DataFrame, hours: dict[float, float]) -> dict[str, float]:
    """Where served energy came from (MWh), as the module's head defines it; ``area``: rows of LAs that had lost
    supply."""
    units = _inside(run.unit, area)
    power, length = units["p_kw"].fillna(0.0), units["time_min"].map(hours)
    out, taken = power.clip(lower=0.0), (-power).clip(lower=0.0)
    curtailed = (
        (units["p_available_kw"] - power)
        .where((units["kind"] == "pv") & units["state"].isin(("follow", "form")), 0.0)
        .fillna(0.0)
    )
    island_length = run.island["time_min"].map(hours)
    local: dict[str, float] = {}
    for kind in local_kinds():
        given, drawn = (_mwh(side.where(units["kind"] == kind.name, 0.0), length) for side in (out, taken))
        if kind.books == "storage":
            local |= {f"{kind.name}_discharge": given, f"{kind.name}_charge": drawn}
        else:
            local |= {kind.name: given} | ({f"{kind.name}_startup": drawn} if kind.starts else {})
    return {
        **local,
        "infeed": _mwh(run.island["infeed_kw"].fillna(0.0), island_length),
        "losses": _mwh(run.island["losses_kw"].fillna(0.0), island_length),
        **_told(run.island, "voltage_effect", island_length),
        "pv_curtailed": _mwh(curtailed.clip(lower=0.0), length),
        **_told(units, "storage_losses", length, "ess_losses"),
    }


def _told(table: pd.DataFrame, column: str, length: pd.Series, name: str = "") -> dict[str, float]:
    """The energy of an optional column, under a name of its own if it has one; empty where there is no such column."""
    return {name or column: _mwh(table[f"{column}_kw"], length)} if f"{column}_kw" in table else {}


def count_interruptions(local_area: pd.DataFrame) -> int:
    """Times a served LA is not served later although it has demand; see the module's head."""
    loaded = local_area[local_area["demand_kw"] > 0].sort_values(["local_area", "time_min"], kind="stable")
    served = loaded["served_kw"] > 0
    before = served.groupby(loaded["local_area"]).shift(fill_value=False)
    return int((before & ~served).sum())


def early_hours(area: pd.DataFrame, hours: dict[float, float], end_min: float) -> float:
    """Customers' hours of supply, each times the hours from the middle of its step to the end of the window."""
    drawing = area[(area["demand_kw"] > 0) & (area["served_kw"] > 0)]
    length = drawing["time_min"].map(hours)
    left = (end_min - drawing["time_min"]) / 60 - length / 2
    share = (drawing["served_kw"] / drawing["demand_kw"]).clip(upper=1.0)
    return float((drawing["customers"] * share * length * left).sort_values().sum())


def ac_verdict(run: RunTables, hours: dict[float, float]) -> dict[str, Any]:
    """Counts of what the AC power flow said; see the module's head."""
    alive = run.local_area.loc[run.local_area["energised"] == 1, "time_min"].nunique()
    return {
        "steps": len(hours),
        "dark_steps": len(hours) - alive,
        "converged": len(hours) - len(_unsolved(run)),
        "island_verdicts": len(run.island),
        "violated_steps": int(run.violations["step"].nunique()),
        "violations_by_kind": by_kind(run.violations["kind"]),
    }


def plan_quality(plans: list[dict[str, Any]], area_ids: frozenset[str]) -> dict[str, Any]:
    """How many plans, how good, and what the first one promised for the outage area."""
    gaps = [_gap(plan["objective"], plan["bound"]) for plan in plans]
    return {
        "count": len(plans),
        "worst_gap": max(gaps) if gaps and not any(map(math.isnan, gaps)) else None,
        "rejected": sum(bool(plan.get("checks")) for plan in plans),
        "all_proven": bool(plans) and all(plan["status"] == "optimal" for plan in plans),
        "first_plan_energy_mwh": _plan_energy(plans[0], area_ids) if plans else None,
    }


def check_energy_balance(run: RunTables, hours: dict[float, float]) -> None:
    """Generation + discharge + infeed = served + charge + start-up + losses + effect of voltage, to 1 Wh in every step
    and island; and islands, units and LAs tell the same story, to 1 Wh in every step; what an ESS gives and loses has
    left its store. Raises EnergyImbalance.

    Islands without a power flow are left out of the first check, steps in which one failed out of the second.
    """
    judged = run.island[run.island["converged"] == 1]
    supply = judged["generation_kw"] + judged["discharge_kw"] + judged["infeed_kw"]
    use = judged["served_kw"] + judged["charge_kw"] + judged["startup_kw"] + judged["losses_kw"]
    use = use + judged.get("voltage_effect_kw", 0.0)
    missing_kwh = (supply - use) * judged["time_min"].map(hours)
    for time, island, amount in zip(judged["time_min"], judged["island"], missing_kwh, strict=True):
        if abs(amount) <= TOLERANCE_KWH:  # never true for a missing number
            continue
        raise EnergyImbalance(f"island {island} at {time:g} min: {amount:.6g} kWh unaccounted for")

    unsolved = _unsolved(run)
    for name, per_step in _told_twice(run, judged).items():
        for time, difference_kw in zip(per_step.index.to_list(), per_step, strict=True):
            if time not in unsolved and not abs(difference_kw * hours.get(time, 0.0)) <= TOLERANCE_KWH:
                raise EnergyImbalance(f"{name} at {time:g} min: island.csv has {difference_kw:.6g} kW too much")
    if "storage_losses_kw" in run.unit:
        _check_stores(run, hours)


def _check_stores(run: RunTables, hours: dict[float, float]) -> None:
    """From step to step an ESS's energy falls, and its room grows, by (p + losses) Δt."""
    stores = run.unit[run.unit["kind"] == "ess"].sort_values(["unit", "time_min"], kind="stable")
    left_kwh = (stores["p_kw"] + stores["storage_losses_kw"]) * stores["time_min"].map(hours)
    for column, sign in (("discharge_kwh", 1), ("charge_kwh", -1)):
        missing_kwh = stores.groupby("unit")[column].diff() + sign * left_kwh
        for unit, time, amount in zip(stores["unit"], stores["time_min"], missing_kwh, strict=True):
            if abs(amount) > TOLERANCE_KWH:  # never true for a first step, which none is before
                raise EnergyImbalance(f"store of {unit} at {time:g} min: {amount:.6g} kWh unaccounted for")


def _unsolved(run: RunTables) -> set[float]:
    """Steps in which a power flow failed. A dark island (no balance unit) stands in island.csv with its violations,
    not converged because there was nothing to solve; one that went dark because it failed has a violation for it."""
    live = run.island["balance_unit"] != ""
    failed = run.violations["kind"] == "not_converged"
    return {
        *run.island.loc[live & (run.island["converged"] != 1), "time_min"],
        *run.violations.loc[failed, "time_min"],
    }


def _told_twice(run: RunTables, judged: pd.DataFrame) -> dict[str, pd.Series]:
    """Differences (kW per step) between quantities that two tables hold."""
    power, time = run.unit["p_kw"].fillna(0.0), run.unit["time_min"]
    books = run.unit["kind"].map({name: kind.books for name, kind in KINDS.items()})
    out, taken = power.clip(lower=0.0), (-power).clip(lower=0.0)
    elsewhere = {
        "generation_kw": out.where(books == "generation", 0.0).groupby(time).sum(),
        "discharge_kw": out.where(books == "storage", 0.0).groupby(time).sum(),
        "charge_kw": taken.where(books == "storage", 0.0).groupby(time).sum(),
        "startup_kw": taken.where(books == "generation", 0.0).groupby(time).sum(),
        "served_kw": run.local_area["served_kw"].fillna(0.0).groupby(run.local_area["time_min"]).sum(),
    }
    islands = judged.groupby("time_min")[list(elsewhere)].sum()
    return {name: islands[name].sub(other, fill_value=0.0) for name, other in elsewhere.items()}


def _gap(objective: float | None, bound: float | None) -> float:
    """Relative gap; NaN where one is not told, or the objective is 0 and the bound is not."""
    if objective is None or bound is None:
        return math.nan
    if bound == objective:
        return 0.0
    return abs(bound - objective) / abs(objective) if abs(objective) > ZERO_KWH else math.nan


def _plan_energy(plan: dict[str, Any], area_ids: frozenset[str]) -> float | None:
    steps = plan["steps"]
    if not any(step.get("local_areas") for step in steps):
        return None
    ends = [step["start_min"] for step in steps[1:]]
    ends.append(plan.get("end_min", steps[-1]["start_min"] + plan["step_min"]))
    return 1e-3 * sum(
        (end - step["start_min"]) / 60 * (area.get("demand_kw") or 0.0)
        for step, end in zip(steps, ends, strict=True)
        for name, area in step.get("local_areas", {}).items()
        if name in area_ids
    )


def _mwh(power_kw: pd.Series, length_h: pd.Series) -> float:
    # Sorted, so that the order of rows cannot change even the last bit of the sum.
    return float((power_kw * length_h).sort_values().sum()) / 1e3
