"""The paper's claims against our measurements: which pieces of work it takes, and what follows from their outcomes."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from ...controllers.strategies.builtin import STRATEGIES
from ...results.new_folder import ensure_writable, new_folder
from ...results.paper.files import write_reproduction
from ...results.paper.tables import (
    MAP_COLUMNS,
    MAP_GAP,
    RUN_COLUMNS,
    SPREAD_COLUMNS,
    STATIC_COLUMNS,
    STORAGES,
    VARIATION_COLUMNS,
    Reproduction,
)
from .pool import available_cores
from .reproduction_facts import CASES, OWN_WINDOW, SCENARIOS, claim_rows
from .reproduction_jobs import Job, Outcome, PlanJob, PlanOutcome, RunJob, RunOutcome, perform_all

INTERVALS = ("dispatch_centre.source_intervals=true", "dispatch_centre.source_bounds=true")
MAP_OPTIONS = ("dispatch_centre.check_optimum=false", f"dispatch_centre.mip_gap={MAP_GAP}")

PRINTED_FORMS = (
    "dispatch_centre.startup_power=printed",
    "dispatch_centre.nbsu_reactive=printed",
    "dispatch_centre.apparent_power=printed",
    "dispatch_centre.loss_allowance_pct=0",
    "dispatch_centre.verify=off",
)
"""Unchecked, for a repair by AC power flow would put circles and losses back."""
NO_SWITCHING = ("objective.switching_kwh=100000",)
"""Dearer than all the demand of a window, so no plan pays for an operation."""

RING_MAIN_UNITS = "ring main units switchable"
AS_PRINTED = "(12), (13), (13a) as printed, no losses, unchecked"
AS_SHIPPED = "as shipped (R1, bus 44, 13 sections)"
VARIATIONS: dict[str, tuple[str, ...]] = {
    AS_SHIPPED: (),
    "R2: 13-19 live from bus 19, no bus 45": ("network.options.reading=R2",),
    "R3: R2 with bus 45": ("network.options.reading=R3",),
    "Table 4 row at bus 4, 480 kW": ("network.options.table4=bus4",),
    "first step on line bounded (A1, A3)": ("dispatch_centre.first_online_step_free=false",),
    AS_PRINTED: PRINTED_FORMS,
    "LA = section": ("local_areas.by=section",),
    "no switch operated": NO_SWITCHING,
    OWN_WINDOW: ("outage.start=2025-06-20T06:00", "outage.duration_min=480"),
    RING_MAIN_UNITS: ("network.options.switches=rmu",),
}
"""Readings and options, one at a time: name → what is changed on the command line."""

SLOW = (RING_MAIN_UNITS, OWN_WINDOW)


@dataclass(frozen=True)
class Extent:
    """How much is computed."""

    variations: Mapping[str, tuple[str, ...]]
    """reading of Table 3 → names in ``VARIATIONS``"""
    static_storages: tuple[str, ...]
    """for every reading of "static" """
    map_storages: tuple[str, ...]
    map_peaks_kw: tuple[int, ...]
    map_indices: tuple[float, ...]
    spread_storages: tuple[str, ...]
    spreads: tuple[float, ...]
    share_seeds: tuple[int, ...]
    seeds: Mapping[str, tuple[int, ...]]
    """reading of Table 3 → seeds of co-simulations"""


FULL = Extent(
    variations={
        "printed": tuple(VARIATIONS),
        # With 610 kWh the 10:00 plan runs into its wall-clock limit, and what follows would depend on the machine.
        "reduced": tuple(name for name in VARIATIONS if name != RING_MAIN_UNITS),
    },
    static_storages=tuple(STORAGES),
    map_storages=tuple(STORAGES),
    map_peaks_kw=tuple(range(2400, 6001, 600)),
    map_indices=tuple(round(0.1 * k, 1) for k in range(2, 11)),
    spread_storages=tuple(STORAGES),
    spreads=(0.5, 0.9),
    share_seeds=tuple(range(10)),
    seeds={"printed": (0, 1, 2, 3, 4), "reduced": (0,)},
)
QUICK = Extent(
    variations={"printed": tuple(name for name in VARIATIONS if name not in SLOW), "reduced": (AS_SHIPPED,)},
    static_storages=("printed",),
    map_storages=("printed",),
    map_peaks_kw=(2400, 4200, 6000),
    map_indices=(0.2, 0.6, 1.0),
    spread_storages=("printed",),
    spreads=(0.5,),
    share_seeds=(0, 1, 2),
    seeds={"printed": (0,)},
)


def static_strategies() -> tuple[str, ...]:
    """Every strategy that is a reading of "static": one topology and one set of areas throughout."""
    return tuple(name for name, strategy in STRATEGIES.items() if strategy.static_plan)


def base_plan(storage: str, case: str) -> PlanJob:
    """The first dynamic plan of a shipped case, with what its objective leaves open to each source."""
    return PlanJob(SCENARIOS[storage][case], "dynamic", INTERVALS)


def variation_plan(storage: str, name: str, case: str, strategy: str) -> PlanJob:
    return PlanJob(SCENARIOS[storage][case], strategy, VARIATIONS[name])


def map_plan(storage: str, case: str, peak_kw: int, index: float) -> PlanJob:
    changed = (f"load.peak_kw={peak_kw}", f"pv.clear_sky_index={index}", *MAP_OPTIONS)
    return PlanJob(SCENARIOS[storage][case], "dynamic", changed)


def spread_plan(storage: str, case: str, spread: float, seed: int) -> PlanJob:
    changed = ("load.shares=random", f"load.shares_spread={spread}", f"load.shares_seed={seed}")
    return PlanJob(SCENARIOS[storage][case], "dynamic", changed)


def all_jobs(extent: Extent) -> list[Job]:
    """Every piece of work once; the long ones first, so that no process waits for a single one at the end."""
    jobs: list[Job] = [
        RunJob(SCENARIOS[storage][case], strategy, seed)
        for storage, seeds in extent.seeds.items()
        for case in reversed(CASES)
        for strategy in ("dynamic", "static")
        for seed in seeds
    ]
    jobs += [base_plan(storage, case) for storage in STORAGES for case in CASES]
    jobs += [
        variation_plan(storage, name, case, strategy)
        for storage in reversed(STORAGES)
        for name in reversed(extent.variations[storage])
        for case in CASES
        for strategy in ("dynamic", "static")
    ]
    jobs += [
        variation_plan(storage, AS_SHIPPED, case, strategy)
        for storage in extent.static_storages
        for case in CASES
        for strategy in static_strategies()
    ]
    jobs += [
        spread_plan(storage, case, spread, seed)
        for storage in reversed(extent.spread_storages)
        for case in CASES
        for spread in extent.spreads
        for seed in extent.share_seeds
    ]
    jobs += [
        map_plan(storage, case, peak, index)
        for storage in extent.map_storages
        for case in CASES
        for peak in extent.map_peaks_kw
        for index in extent.map_indices
    ]
    return list(dict.fromkeys(jobs))


def reproduce(
    folder: Path,
    *,
    quick: bool = False,
    workers: int | None = None,
    overwrite: bool = False,
    perform: Callable[[Sequence[Job], int], Iterable[Outcome]] = perform_all,
) -> Reproduction:
    """Measure every claim and write tables and figures to ``folder``, whole or not at all.

    ``workers`` processes (default: one per core). Raises FolderNotEmpty before anything is computed, JobFailedError.
    """
    ensure_writable(folder, overwrite)
    extent = QUICK if quick else FULL
    jobs = all_jobs(extent)
    processes = min(workers or available_cores(), len(jobs))
    print(f"{len(jobs)} plans and co-simulations, {processes} at a time", file=sys.stderr)
    progress = tqdm(perform(jobs, processes), total=len(jobs), leave=False, disable=not sys.stderr.isatty())
    done = dict(zip(jobs, progress, strict=True))
    found = assemble(extent, done, quick)
    with new_folder(folder, overwrite) as building:
        write_reproduction(found, building)
    return found


def assemble(extent: Extent, done: Mapping[Job, Outcome], quick: bool) -> Reproduction:
    """Tables from outcomes."""
    plans = {job: out for job, out in done.items() if isinstance(job, PlanJob) and isinstance(out, PlanOutcome)}
    runs = {job: out for job, out in done.items() if isinstance(job, RunJob) and isinstance(out, RunOutcome)}
    variations, restored_map = _variations(extent, plans), _restored_map(extent, plans)
    statics = _statics(extent, plans)
    first = {(storage, case): base_plan(storage, case) for storage in STORAGES for case in CASES}
    timed = {storage: variation_plan(storage, AS_SHIPPED, "1000", "dynamic") for storage in STORAGES}
    return Reproduction(
        rows=claim_rows(
            {key: (job, plans[job]) for key, job in first.items()},
            {storage: (job, plans[job]) for storage, job in timed.items()},
            runs,
            variations,
            statics,
            restored_map,
        ),
        variations=variations,
        statics=statics,
        restored_map=restored_map,
        spread=pd.DataFrame(
            [
                (storage, case, spread, seed, *_found(plans[spread_plan(storage, case, spread, seed)]))
                for storage in extent.spread_storages
                for case in CASES
                for spread in extent.spreads
                for seed in extent.share_seeds
            ],
            columns=list(SPREAD_COLUMNS),
        ),
        runs=pd.DataFrame([_run_row(job, out) for job, out in runs.items()], columns=list(RUN_COLUMNS)),
        quick=quick,
        seconds={job.command: round(out.seconds, 3) for job, out in plans.items() if not _is_sample(job)},
        inputs={name: digest for out in plans.values() for name, digest in sorted(out.inputs.items())},
    )


def _is_sample(job: PlanJob) -> bool:
    """Whether a plan is one of the many of map and load spread."""
    return any(override.startswith("load.") for override in job.overrides)


def _restored_map(extent: Extent, plans: Mapping[PlanJob, PlanOutcome]) -> pd.DataFrame:
    """One row per point of the map."""
    rows = [
        (storage, case, peak, index, *_found(plans[map_plan(storage, case, peak, index)]))
        for storage in extent.map_storages
        for case in CASES
        for peak in extent.map_peaks_kw
        for index in extent.map_indices
    ]
    return pd.DataFrame(rows, columns=list(MAP_COLUMNS))


def _found(plan: PlanOutcome) -> tuple[float, float, str]:
    return plan.energy_mwh, plan.gap, plan.status


def _run_row(job: RunJob, out: RunOutcome) -> tuple[object, ...]:
    return (
        job.scenario, job.strategy, job.seed, out.demand_mwh, out.first_plan_mwh, out.served_mwh, out.interruptions,
        out.early_interruptions, out.early_deviation_pct, out.shed, out.violated_steps,
    )  # fmt: skip


def _statics(extent: Extent, plans: Mapping[PlanJob, PlanOutcome]) -> pd.DataFrame:
    """One row per reading of Table 3 and of "static"."""
    rows = []
    for storage in extent.static_storages:
        for strategy in static_strategies():
            of = [plans[variation_plan(storage, AS_SHIPPED, case, strategy)] for case in CASES]
            energies, proven = [plan.energy_mwh for plan in of], all(plan.status == "optimal" for plan in of)
            meaning = STRATEGIES[strategy].summary
            rows.append((storage, strategy, meaning, *energies, max(plan.gap for plan in of), int(proven)))
    return pd.DataFrame(rows, columns=list(STATIC_COLUMNS))


def _variations(extent: Extent, plans: Mapping[PlanJob, PlanOutcome]) -> pd.DataFrame:
    """One row per reading of Table 3 and variation."""
    records: list[dict[str, object]] = []
    for storage in STORAGES:
        for name in extent.variations[storage]:
            of = {
                (strategy, case): plans[variation_plan(storage, name, case, strategy)]
                for case in CASES
                for strategy in ("dynamic", "static")
            }
            energy = {f"{strategy}_{case}_mwh": plan.energy_mwh for (strategy, case), plan in of.items()}
            record: dict[str, object] = {"storage": storage, "variation": name}
            record |= {"changed": " ".join(VARIATIONS[name]), **energy}
            for case in CASES:
                dynamic, static = energy[f"dynamic_{case}_mwh"], energy[f"static_{case}_mwh"]
                record[f"ratio_{case}"] = dynamic / static if static > 1e-6 else None
            gaps = [plan.gap for plan in of.values()]
            record["worst_gap"] = math.nan if any(map(math.isnan, gaps)) else max(gaps)
            record["all_proven"] = int(all(plan.status == "optimal" for plan in of.values()))
            records.append(record)
    return pd.DataFrame(records, columns=list(VARIATION_COLUMNS))
