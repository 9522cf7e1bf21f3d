"""The index system of a case as a user asks for it: simulate what it needs, compute, write the folder, draw."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import networkx as nx

from ...controllers.solver.highs import check_options
from ...controllers.strategies.named import strategy_named
from ...results.figures import style
from ...results.indices.measured import CarryingCapacity, Measured, NormalOperation, OutageRun, RemoteOperation
from ...results.indices.radar import radar
from ...results.indices.report import EXAMPLE, Report, write_manifest, write_report
from ...results.indices.system import background_checks, index_system
from ...results.new_folder import FolderNotEmpty, ensure_writable
from ...results.run.read import NotARun, RunTables, read_run
from ...results.run.summary import step_hours
from ...results.run.writing import write_json
from ...results.run_folder import installed_versions
from ...scenarios.business import Business, business_path, load_business
from ...scenarios.case import Case
from ...scenarios.loader import input_hashes, load_case
from ..normal.hosting_capacity import carrying_capacities
from ..normal.operation import NoNormalOperation, NormalState, normal_state, operate
from .run import simulate


@dataclass(frozen=True)
class Written:
    """What ``report_indices`` made."""

    report: Report
    folder: Path
    figures: tuple[Path, ...]


def report_indices(
    source: str,
    folder: Path,
    *,
    business: Path | None = None,
    run_folder: Path | None = None,
    strategy: str = "dynamic",
    seed: int | None = None,
    overrides: Sequence[str] = (),
    overwrite: bool = False,
) -> Written:
    """Compute the twelve indices of a scenario and write them to ``folder``, with figures and tables.

    The outage is co-simulated under ``strategy`` into ``folder/run``, unless ``run_folder`` holds a finished run of
    the same scenario. All input is read before anything is simulated. Raises as ``load_case``, ``load_business`` and
    ``simulate`` do; ``NotARun`` for a run of another scenario.
    """
    books = Business() if business is None else load_business(business)
    run = None if run_folder is None else read_run(run_folder)
    case = load_case(source, overrides, seed if run is None or seed is not None else run.seed)
    if run is not None and (run.scenario != case.scenario or not run.complete):
        reason = "a run of another scenario" if run.complete else "a run that failed"
        raise NotARun(f"{run_folder}: {reason}; give the run of {case.scenario.name} that --set and --seed describe")
    if run is None:  # what simulate() would refuse only after the folder is made
        strategy_named(strategy)
        check_options(case.scenario.dispatch_centre.solver_options)
    ensure_writable(folder, overwrite)
    if run_folder is not None and run_folder.resolve().is_relative_to(folder.resolve()):
        raise FolderNotEmpty(folder, ours=True, reason=f"{folder} holds the run given by --run; choose another --out")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_json(folder / "indices.json", {"status": "incomplete"})  # marks the folder as ours from the start
    if run is None:
        run = read_run(simulate(case, strategy, folder / "run"))
    measured = measure(case, run)
    report = Report(
        measured,
        index_system(measured, books),
        background_checks(measured),
        business_file="" if business is None else business.name,
        business_source=books.source,
        is_example=books.example,
    )
    write_report(report, folder)
    inputs = input_hashes(case)
    if business is not None:
        inputs[business.name] = hashlib.sha256(business_path(business).read_bytes()).hexdigest()
    with style.house_style():
        figure = radar(report.indices, run.title, EXAMPLE if books.example else "")
        figures = style.save(figure, folder / "figures" / "radar")
    write_manifest(report, folder, inputs, installed_versions())
    return Written(report, folder, tuple(figures))


def measure(case: Case, run: RunTables) -> Measured:
    """Everything the index system needs to know of a case; ``run`` is a co-simulation of its outage."""
    missing: dict[str, str] = {}
    normal: NormalOperation | None = None
    capacities: tuple[CarryingCapacity, ...] = ()
    state: NormalState | None = None
    try:
        state = normal_state(case)
        capacities = carrying_capacities(state)
        normal = operate(state)
    except NoNormalOperation as reason:
        missing["normal"] = str(reason)
    if normal is not None and normal.infeed_kva is None:
        missing["infeed_kva"] = "ratings of all infeeds (a transformer at each external grid)"
    if not capacities:
        missing["capacities"] = missing.get("normal", "loads that an infeed supplies")
    hours = step_hours(run.local_area["time_min"], run.end_min)
    return Measured(
        scenario=case.scenario.name,
        installed_pv_kw=sum(unit.s_kva for unit in case.view.pv.values()),
        automation=_automation(case, state),
        outage=OutageRun(
            strategy=run.strategy,
            seed=run.seed,
            duration_h=sum(hours.values()),
            local_area=run.local_area,
            step_hours=hours,
            households=households(case),
            households_are="households taken in proportion to peak demand",
        ),
        normal=normal,
        capacities=capacities,
        missing=missing,
    )


def households(case: Case) -> dict[str, float]:
    """Weight of each LA by its households: in proportion to its part of the coincident peak (kW)."""
    return {
        area.id: sum(case.base_load_kw.get(bus, 0.0) for bus in area.buses) for area in case.view.local_areas.values()
    }


def _automation(case: Case, state: NormalState | None) -> RemoteOperation:
    """Feeders: what hangs together, with loads, once the infeeds' buses are taken out of normal operation."""
    branches = list(case.view.branches.values())
    remote = [b for b in branches if b.switchable]
    touched = {bus for b in remote for bus in (b.from_bus, b.to_bus)}
    graph = nx.Graph()
    for island, _ in state.supplied if state else ():
        graph.add_nodes_from(island.buses)
        ends = (case.view.branches[b] for b in island.branches)
        graph.add_edges_from((b.from_bus, b.to_bus) for b in ends)
    graph.remove_nodes_from([infeed.bus for infeed in case.view.infeeds.values()])
    feeders = [f for f in nx.connected_components(graph) if any(case.base_load_kw.get(bus, 0.0) > 0 for bus in f)]
    return RemoteOperation(
        feeders=len(feeders),
        automated_feeders=sum(1 for feeder in feeders if feeder & touched),
        branches=len(branches),
        remote_branches=len(remote),
    )
