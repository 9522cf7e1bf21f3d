"""All metrics of a run, or of another tool's supply table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..run.read import IncompleteRun, RunTables
from ..run.summary import step_hours
from .catalogue import METRICS, SHARES, SOURCES, Value
from .customers import customer_indices, interruptions
from .energy import (
    demand_energy_mwh,
    energy_not_supplied_mwh,
    served_energy_mwh,
    time_to_share_min,
    weighted_demand_energy_mwh,
    weighted_served_energy_mwh,
)
from .network import hours_outside, statistics, switching
from .resilience import trapezoid
from .supply import PROPORTIONAL, Supply, supply_of
from .supply_capability import ALL, power_supply_capability

Score = dict[str, Value]
"""Metric → value, in the order of ``METRICS``."""

NEVER = "not reached in the window"


def score_run(run: RunTables) -> Score:
    """All metrics of a complete run; energies, times, customers and trapezoid are of the outage area alone.

    Raises IncompleteRun: over a part of the window most metrics would mislead.
    """
    if not run.complete:
        raise IncompleteRun(f"this run failed ({run.manifest['reason']}); metrics need all of its window")
    hours = step_hours(run.local_area["time_min"], run.end_min)
    powers = ["demand_kw", "served_kw"]
    table = run.local_area.fillna(dict.fromkeys(powers, 0.0))
    found = score_supply(supply_of(table, run.end_min, "local_area.csv"), bool(run.scenario.local_areas.customers))
    found |= _network(run, hours) | _sources(run, hours) | _capability(run, hours) | _first_plan(run.plans)
    return {name: found[name] for name in METRICS if name in found}


def score_supply(supply: Supply, numbered: bool | None = None) -> Score:
    """The metrics that a supply table allows, of the LAs that lose supply; of the others SAIFI and SAIDI.

    Energies count from the time when an LA has lost supply, interruptions of such an LA whenever they are.

    ``numbered`` says whether the table's customers are numbers of customers (None: as the table itself has it).
    """
    area, outside = supply.of_areas(supply.lost_supply), supply.of_areas(~supply.lost_supply)
    if numbered is None:
        numbered = supply.note != PROPORTIONAL
    note = "" if numbered else PROPORTIONAL
    found = _outside(outside, note)
    if area.local_areas:
        found |= _energy(area.since_lost()) | _customers(area, note) | _trapezoid(area)
    return {name: found[name] for name in METRICS if name in found}


def _pct(part: float, whole: float, note: str) -> Value:
    return Value(100 * part / whole) if whole > 0 else Value(None, note)


def _energy(area: Supply) -> Score:
    demand, served = demand_energy_mwh(area), served_energy_mwh(area)
    weighted = weighted_served_energy_mwh(area)
    found = {
        "demand_energy_mwh": Value(demand),
        "served_energy_mwh": Value(served),
        "energy_not_supplied_mwh": Value(energy_not_supplied_mwh(area)),
        "served_pct": _pct(served, demand, "no demand"),
        "weighted_served_energy_mwh": Value(weighted),
        "weighted_served_pct": _pct(weighted, weighted_demand_energy_mwh(area), "no demand"),
    }
    for share in SHARES:
        for lasting, suffix in ((False, ""), (True, "_lasting")):
            minutes = time_to_share_min(area, share / 100, lasting)
            found[f"time_to_{share}_pct{suffix}_min"] = Value(minutes, NEVER if minutes is None else "")
    return found


def _customers(area: Supply, note: str) -> Score:
    customers = float(area.customers.sum())
    if not customers > 0:
        names = ("saifi", "saidi_min", "caidi_min", "maifi", "asai", "customers_still_out_pct")
        return {"customers": Value(0.0), **dict.fromkeys(names, Value(None, "no customers"))}
    indices = customer_indices(interruptions(area), customers, area.end_min - float(area.start_min[0]))
    counted = "weights, one per kW of peak load, not a number of customers" if note else ""
    cut = "; of this window only, for some customers are still out at its end" if indices.customers_still_out else ""
    saidi_note = (note + cut).removeprefix("; ")
    return {
        "customers": Value(customers, counted),
        "saifi": Value(indices.saifi, note),
        "saidi_min": Value(indices.saidi_min, saidi_note),
        "caidi_min": Value(indices.caidi_min, saidi_note if indices.caidi_min is not None else "none was sustained"),
        "maifi": Value(indices.maifi, note),
        "asai": Value(indices.asai, note),
        "customers_still_out_pct": Value(100 * indices.customers_still_out / customers, note),
    }


def _outside(outside: Supply, note: str) -> Score:
    customers = float(outside.customers.sum())
    if not customers > 0:
        return dict.fromkeys(("saifi_outside", "saidi_outside_min"), Value(None, "no customers outside the area"))
    indices = customer_indices(interruptions(outside), customers, outside.end_min - float(outside.start_min[0]))
    return {"saifi_outside": Value(indices.saifi, note), "saidi_outside_min": Value(indices.saidi_min, note)}


def _trapezoid(area: Supply) -> Score:
    found = trapezoid(list(area.start_min), list(100 * area.supplied_share()), area.end_min, full=100.0)
    nothing_lost, jump, never = "nothing was lost", "a jump within one step", "not everybody was back for good"
    lost = found.onset_min is not None
    at_bottom = "at its lowest at the end of the window"
    stuck = f"{at_bottom}; lower bound" if lost and found.restoration_min is None else ""
    back = nothing_lost if not lost else never if found.restored_min is None else jump

    def told(value: float | None, why: str) -> Value:
        return Value(value, why if value is None else "")

    return {
        "resilience_phi_pct_per_h": told(found.phi_per_h, jump if lost else nothing_lost),
        "resilience_lambda_pct": Value(found.lambda_),
        "resilience_e_h": Value(found.e_h, stuck),
        "resilience_pi_pct_per_h": told(found.pi_per_h, back),
        "resilience_area_pct_h": told(found.area_h, back),
        "resilience_rate_to_end_pct_per_h": told(found.pi_to_end_per_h, nothing_lost if not lost else at_bottom),
        "resilience_at_end_pct": Value(found.at_end),
        "resilience_loss_pct_h": Value(found.loss_h),
    }


def _network(run: RunTables, hours: dict[float, float]) -> Score:
    operations, switches = switching(run.switch)
    limits, nothing = run.scenario.limits, Value(None, "nothing was energised")
    found: Score = {"switch_operations": Value(operations), "switches_operated": Value(switches)}
    bus, branch = run.bus[run.bus["energised"] == 1], run.branch[run.branch["energised"] == 1]
    bus_hours, branch_hours = bus["time_min"].map(hours), branch["time_min"].map(hours)
    voltage = statistics(bus["vm_pu"], bus_hours)
    found |= dict.fromkeys((f"vm_{name}_pu" for name in ("min", "p5", "mean", "p95", "max")), nothing)
    if voltage:
        levels = (voltage.least, voltage.p5, voltage.mean, voltage.p95, voltage.largest)
        names = ("min", "p5", "mean", "p95", "max")
        found |= {f"vm_{name}_pu": Value(level) for name, level in zip(names, levels, strict=True)}
    outside = hours_outside(bus["vm_pu"], bus_hours, limits.vm_min_pu, limits.vm_max_pu)
    found["vm_outside_limits_bus_h"] = Value(outside)
    loading = statistics(branch["loading_pct"], branch_hours)
    found |= dict.fromkeys((f"loading_{name}_pct" for name in ("mean", "p95", "max")), nothing)
    if loading:
        found["loading_mean_pct"], found["loading_p95_pct"] = Value(loading.mean), Value(loading.p95)
        found["loading_max_pct"] = Value(loading.largest)
    over = hours_outside(branch["loading_pct"], branch_hours, -np.inf, limits.max_loading_pct)
    return found | {"loading_over_limit_branch_h": Value(over)}


def _sources(run: RunTables, hours: dict[float, float]) -> Score:
    """Energies over the whole network, so that they add up; see docs/metrics.md."""
    unit, length = run.unit, run.unit["time_min"].map(hours)
    power, kind = unit["p_kw"].fillna(0.0), unit["kind"]
    island_hours = run.island["time_min"].map(hours)

    def mwh(power_kw: pd.Series, chosen: pd.Series, hours: pd.Series = length) -> float:
        return float((power_kw[chosen] * hours[chosen]).sort_values().sum()) / 1e3

    every = pd.Series(True, index=run.island.index)
    infeed = mwh(run.island["infeed_kw"].fillna(0.0), every, island_hours)
    losses = mwh(run.island["losses_kw"].fillna(0.0), every, island_hours)
    supplied = {
        "pv": mwh(power, kind == "pv"),
        "ess_net": mwh(power, kind == "ess"),
        "nbsu_net": mwh(power, kind == "nbsu"),
        "infeed": infeed,
    }
    total = sum(supplied.values())
    supplied["ess_discharge"] = mwh(power.clip(lower=0.0), kind == "ess")
    running = (kind == "pv") & unit["state"].isin(("follow", "form"))
    available, curtailed = (
        mwh(series, running)
        for series in (unit["p_available_kw"].fillna(0.0), (unit["p_available_kw"] - power).clip(lower=0.0).fillna(0.0))
    )
    nothing = "nothing was supplied"
    lossless = "storage_losses_kw" not in unit
    stored = Value(0.0, "lossless") if lossless else Value(mwh(unit["storage_losses_kw"], kind == "ess"))
    return {
        "losses_mwh": Value(losses),
        "losses_pct": _pct(losses, total, nothing),
        "storage_losses_mwh": stored,
        "pv_curtailed_mwh": Value(curtailed),
        "pv_curtailed_pct": _pct(curtailed, available, "no PV was connected"),
        **{f"share_{source}_pct": _pct(supplied[source], total, nothing) for source in SOURCES},
    }


def _capability(run: RunTables, hours: dict[float, float]) -> Score:
    psc = power_supply_capability(run.unit)
    whole = psc[psc["local_area"] == ALL]
    found = statistics(whole["psc_kw"], whole["time_min"].map(hours))
    if found is None:
        return dict.fromkeys(("psc_min_kw", "psc_mean_kw", "psc_max_kw"), Value(None, "no units"))
    values = {"psc_min_kw": found.least, "psc_mean_kw": found.mean, "psc_max_kw": found.largest}
    return {name: Value(value) for name, value in values.items()}


def _first_plan(plans: list[dict[str, Any]]) -> Score:
    """Energy of each source in the first plan, with the interval that the dispatch centre found for it if asked to."""
    found = plans[0].get("source_energy_kwh") if plans else None
    if not found:
        note = "not computed; dispatch_centre.source_intervals asks for it" if plans else "no plan"
        names = [f"first_plan_{s}_energy_mwh" for s in SOURCES] + [f"first_plan_share_{s}_pct" for s in SOURCES]
        return dict.fromkeys(names, Value(None, note))
    total = sum(found[source]["planned"] for source in SOURCES if source != "ess_discharge")
    score: Score = {}
    for source in SOURCES:
        low, planned, high = (found[source][key] for key in ("least", "planned", "largest"))
        note = "interval at the plan's own topology and commitments"
        if found[source].get("lower_bound") is not None:
            low, high = found[source]["lower_bound"], found[source]["upper_bound"]
            note = "proven bounds over all plans worth as much"
        score[f"first_plan_{source}_energy_mwh"] = Value(planned / 1e3, note, low / 1e3, high / 1e3)
        share = [100 * kwh / total for kwh in (planned, low, high)] if total > 0 else None
        score[f"first_plan_share_{source}_pct"] = (
            Value(share[0], note, share[1], share[2]) if share else Value(None, "the plan supplies nothing")
        )
    return score
