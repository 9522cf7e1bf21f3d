"""From outcomes to the claims' facts, bounds and words; nothing here knows a printed value but through the claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import fmean

import pandas as pd

from ...results.paper.published_claims import (
    CLAIMS,
    PRINTED_MWH,
    PRINTED_STATIC_MWH,
    Bound,
    Fact,
    Row,
    judge,
    literal_binaries,
    table_bounds,
)
from ...results.paper.tables import STORAGES, peaks_that_meet, shown, shown_peaks
from ...scenarios.loader import load_case
from ..series.profiles import Profiles
from .reproduction_jobs import PlanJob, PlanOutcome, RunJob, RunOutcome

CASES = tuple(PRINTED_MWH)
SCENARIOS = {
    "printed": {case: f"guo45/fault-{case}" for case in CASES},
    "reduced": {case: f"guo45/calibrated-{case}" for case in CASES},
}
"""Reading of Table 3 → case → shipped scenario."""

Plans = Mapping[tuple[str, str], tuple[PlanJob, PlanOutcome]]
"""(reading of Table 3, case) → its first dynamic plan, with what it leaves open to sources."""

Shipped = Mapping[str, tuple[PlanJob, PlanOutcome]]
"""Reading of Table 3 → the 10:00 case's first dynamic plan and nothing else, to be timed."""

SOURCES = {"pv": "pv", "ess": "ess_net", "nbsu": "nbsu_net"}
TOTAL = ("pv", "ess_net", "nbsu_net", "infeed")
OWN_WINDOW = "outage 06:00-14:00 (section 5.1)"
"""A variation whose window is neither case's, so it says nothing of the 10:00 case."""


def claim_rows(
    plans: Plans,
    shipped_plans: Shipped,
    runs: Mapping[RunJob, RunOutcome],
    variations: pd.DataFrame,
    statics: pd.DataFrame,
    restored_map: pd.DataFrame,
) -> tuple[Row, ...]:
    """Every claim, measured and judged."""
    facts = {storage: facts_of(storage, plans, shipped_plans, runs, variations) for storage in STORAGES}
    bounds = {storage: bounds_of(storage) for storage in STORAGES}
    words = words_of(plans, runs, variations, statics, restored_map)
    return tuple(
        judge(claim, facts["printed"], bounds["printed"], facts["reduced"], bounds["reduced"], words)
        for claim in CLAIMS
    )


@lru_cache(maxsize=1)
def clear_sky_pv_mwh() -> dict[str, float]:
    """What the PV of Table 2 could give in each case's window on its day under a clear sky (MWh)."""
    energy: dict[str, float] = {}
    for case in CASES:
        loaded = load_case(SCENARIOS["printed"][case], ("pv.clear_sky_index=1.0",))
        profiles, hours = Profiles(loaded), loaded.scenario.clock.plan_step_min / 60
        energy[case] = sum(
            profiles.forecast(area, 0)["pv_pu"][unit.id][k] * unit.s_kva * hours / 1e3
            for unit in loaded.view.pv.values()
            for area in [loaded.view.local_area_of_unit(unit.id)]
            for k in range(loaded.scenario.outage.duration_min // loaded.scenario.clock.plan_step_min)
        )
    return energy


@lru_cache(maxsize=2)
def bounds_of(storage: str) -> dict[str, Bound]:
    """Bounds by name from the shipped tables: clear-sky PV, all stored energy, NBSUs at rating once started."""
    view = (case := load_case(SCENARIOS[storage]["0400"])).view
    duration_h = case.scenario.outage.duration_min / 60
    return table_bounds(
        clear_sky_pv_mwh(),
        sum(unit.discharge_kwh for unit in view.ess.values()) / 1e3,
        sum(unit.s_kva * max(0.0, duration_h - unit.start_min / 60) for unit in view.nbsu.values()) / 1e3,
        PRINTED_MWH,
    )


def facts_of(
    storage: str,
    plans: Plans,
    shipped_plans: Shipped,
    runs: Mapping[RunJob, RunOutcome],
    variations: pd.DataFrame,
) -> dict[str, Fact]:
    """What we measured, by the names that claims use."""
    facts: dict[str, Fact] = {}
    for case in CASES:
        job, plan = plans[storage, case]
        facts[f"energy_{case}"] = Fact(plan.energy_mwh, command=job.command, seeds="any")
        supplied = sum(plan.sources[name][0] for name in TOTAL)
        for source, name in SOURCES.items():
            planned, low, high = plan.sources[name]
            facts[f"{source}_energy_{case}"] = Fact(planned, low, high, job.command, "any")
            shares = [100 * energy / supplied for energy in (planned, low, high)]
            facts[f"{source}_share_{case}"] = Fact(*shares, command=job.command, seeds="any")
    dynamic = {case: plans[storage, case][1].energy_mwh for case in CASES}
    shipped = variations[variations["storage"] == storage].iloc[0]
    static_mwh = float(shipped["static_1000_mwh"])
    command = PlanJob(SCENARIOS[storage]["1000"], "static").command
    facts["order"] = Fact(dynamic["1000"] / dynamic["0400"], command=plans[storage, "1000"][0].command, seeds="any")
    facts["static_1000"] = Fact(static_mwh, command=command, seeds="any")
    facts["ratio_1000"] = Fact(dynamic["1000"] / static_mwh if static_mwh > 1e-6 else None, None, None, command, "any")
    job, plan = plans[storage, "0400"]
    for name, count in live_counts(plan).items():
        facts[name] = Fact(float(count), command=job.command, seeds="any")
    job, plan = shipped_plans[storage]
    facts["seconds"] = Fact(plan.seconds, command=job.command, seeds="any")
    clouded = _runs(runs, SCENARIOS[storage]["1000"], "dynamic")
    if clouded:
        seeds = ", ".join(str(job.seed) for job, _ in clouded)
        command = f"relight compare {SCENARIOS[storage]['1000']} --strategies dynamic --seeds {seeds.replace(' ', '')}"
        calm = fmean(out.early_interruptions for _, out in clouded)
        deviation = max(out.early_deviation_pct for _, out in clouded)
        facts["interruptions_1000"] = Fact(calm, command=command, seeds=seeds)
        facts["deviation_1000"] = Fact(deviation, command=command, seeds=seeds)
    return facts


def live_counts(plan: PlanOutcome) -> dict[str, int]:
    """LAs of the paper's story of the 04:00 case that are energised, or not, at the times it names."""

    def at(clock: str) -> frozenset[str]:
        hours, minutes = clock.split(":")
        return plan.live[(int(hours) - 4) * 60.0 + float(minutes)]

    last, middle = _las(39, 42), [*_las(6, 18), *_las(24, 28)]
    return {
        "areas_0430": len(at("04:30") & set(_las(29, 42))),
        "areas_0600": len((at("05:30") - at("06:00")) & set(last)),
        "areas_0700": len((at("07:00") - at("06:00")) & set(last)),
        "areas_0830": len(at("08:30") & set(middle)),
    }


def words_of(
    plans: Plans,
    runs: Mapping[RunJob, RunOutcome],
    variations: pd.DataFrame,
    statics: pd.DataFrame,
    restored_map: pd.DataFrame,
) -> dict[str, str]:
    """Numbers that the claims' reasons quote, of the reading of Table 3 as printed."""
    words = {
        "printed_ratio": shown(PRINTED_MWH["1000"] / PRINTED_STATIC_MWH),
        "nbsu_of_7": shown(0.341 * PRINTED_MWH["0400"]),
        "binaries": shown(literal_binaries(45, 10) / 1e6),
        "pv_ratio": shown(clear_sky_pv_mwh()["1000"] / clear_sky_pv_mwh()["0400"]),
    }
    for case in CASES:
        scenario, plan = SCENARIOS["printed"][case], plans["printed", case][1]
        outcomes = [out for _, out in _runs(runs, scenario, "dynamic")]
        demand = fmean(out.demand_mwh for out in outcomes) if outcomes else None
        assumed = load_case(scenario).scenario
        words[f"peak_{case}"] = shown(assumed.load.peak_kw / 1e3 if assumed.load.peak_kw else None)
        words[f"index_{case}"] = shown(assumed.pv.clear_sky_index)
        words[f"demand_{case}"] = shown(demand)
        peaks = peaks_that_meet(restored_map, "printed", {case: PRINTED_MWH[case]})
        words[f"peaks_{case}"] = shown_peaks(peaks)
        words[f"served_{case}"] = shown(fmean(out.served_mwh for out in outcomes) if outcomes else None)
        words[f"met_{case}"] = shown(100 * plan.energy_mwh / demand if demand else None)
        supplied = sum(plan.sources[name][0] for name in TOTAL)
        for source, name in SOURCES.items():
            _, low, high = plan.sources[name]
            told = f"{shown(100 * low / supplied)} to {shown(100 * high / supplied)} %"
            if source == "ess":
                told += f" net, up to {shown(100 * plan.sources['ess_discharge'][2] / supplied)} % as gross discharge"
            words[f"interval_{source}_share_{case}"] = told
    varied = variations.loc[variations["variation"] != OWN_WINDOW, "static_1000_mwh"]
    energies = pd.concat([varied, statics["1000_mwh"]])
    some = energies[energies > 1e-6]
    nothing = "0 or " if len(some) < len(energies) else ""
    words["static_range"] = f"{nothing}{shown(some.min())} to {shown(some.max())}"
    words["static_names"] = ", ".join(dict.fromkeys(statics["strategy"]))
    early = {s: [out for _, out in _runs(runs, SCENARIOS["printed"]["1000"], s)] for s in ("dynamic", "static")}
    for strategy, outcomes in early.items():
        words[f"shed_{strategy}"] = shown(fmean(out.shed for out in outcomes) if outcomes else None)
    deviations = [out.early_deviation_pct for out in early["dynamic"]]
    words["deviation_mean"] = shown(fmean(deviations) if deviations else None)
    return words


def _las(first: int, last: int) -> Sequence[str]:
    return [str(number) for number in range(first, last + 1)]


def _runs(runs: Mapping[RunJob, RunOutcome], scenario: str, strategy: str) -> list[tuple[RunJob, RunOutcome]]:
    return [(job, out) for job, out in runs.items() if job.scenario == scenario and job.strategy == strategy]
