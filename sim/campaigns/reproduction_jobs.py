"""The pieces of work of a reproduction: first plans and co-simulations, each on its own and the same in any process."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...controllers.exchange.plan import Plan, SourceEnergy
from ...scenarios.case import Case
from ...scenarios.errors import RelightError
from ...scenarios.loader import input_hashes, load_case
from .pool import LOST, here_or_in_processes

EARLY_MIN = 180
"""The first three hours: 10:00-13:00 of the second case, of which the paper speaks."""


@dataclass(frozen=True)
class PlanJob:
    """The first plan of a scenario under a strategy; ``overrides`` as on the command line."""

    scenario: str
    strategy: str = "dynamic"
    overrides: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """What prints the same energy as "first plan"."""
        return _command(self.scenario, self.strategy, self.overrides)


@dataclass(frozen=True)
class RunJob:
    """A whole co-simulation."""

    scenario: str
    strategy: str
    seed: int

    @property
    def command(self) -> str:
        return f"{_command(self.scenario, self.strategy, ())} --seed {self.seed}"


Job = PlanJob | RunJob


@dataclass(frozen=True)
class PlanOutcome:
    """A first plan: energy it restores in the outage area, its bound's distance, and what it says of sources and LAs.

    ``sources`` holds planned, least and largest energy (MWh), see ``_open``, where asked for; ``live`` the energised
    LAs by start of step (min); ``seconds`` is the wall time of planning.
    """

    energy_mwh: float
    gap: float
    status: str
    seconds: float
    sources: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    live: dict[float, frozenset[str]] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunOutcome:
    """What a co-simulation ended with; energies in MWh. ``early`` is the first three hours."""

    demand_mwh: float
    first_plan_mwh: float
    served_mwh: float
    interruptions: int
    early_interruptions: int
    early_deviation_pct: float
    """served against first plan, relative, without sign"""
    shed: int
    """times that an LA was switched off on a live bus"""
    violated_steps: int


Outcome = PlanOutcome | RunOutcome


class JobFailedError(RelightError):
    """A piece of work that ended with an error; the message names its command."""


def perform(job: Job) -> Outcome:
    """Do one piece of work. Raises JobFailedError."""
    try:
        return _plan(job) if isinstance(job, PlanJob) else _run(job)
    except Exception as error:
        raise JobFailedError(f"{job.command}: {type(error).__name__}: {error}") from error


def perform_all(jobs: Sequence[Job], workers: int) -> Iterator[Outcome]:
    """Outcomes in the order of the jobs, which do not depend on the number of processes.

    An exception in any of them, or an interrupt, ends all at once. Raises JobFailedError.
    """
    done: dict[int, Outcome] = {}
    told = 0
    for k, outcome in here_or_in_processes(perform, jobs, workers, _lost):
        done[k] = outcome
        while told in done:
            yield done.pop(told)
            told += 1


def _lost(job: Job) -> Outcome:
    raise JobFailedError(f"{job.command}: {LOST}; try fewer --workers")


def _command(scenario: str, strategy: str, overrides: Sequence[str]) -> str:
    sets = "".join(f" --set {override}" for override in overrides)
    return f"relight run {scenario} --strategy {strategy}{sets}"


def _plan(job: PlanJob) -> PlanOutcome:
    from ..planning.plan_once import plan_once

    case = load_case(job.scenario, job.overrides)
    began = time.perf_counter()
    record = plan_once(case, job.strategy)
    if record.plan.status == "fallback" and not case.scenario.dispatch_centre.check_optimum:
        # A single solve may err; another way to solve decides whether really nothing can be restored.
        case = load_case(job.scenario, (*job.overrides, "dispatch_centre.check_optimum=true"))
        record = plan_once(case, job.strategy)
    seconds = time.perf_counter() - began
    plan = record.plan
    area_of = case.view.local_area_of_bus
    assert plan.status, "our own plans have one"
    return PlanOutcome(
        energy_mwh=_restored_mwh(plan, case, plan.end_min),
        gap=plan.gap,
        status=plan.status,
        seconds=seconds,
        sources={name: _open(energy) for name, energy in plan.source_energy_kwh.items()},
        live={step.start_min: frozenset(area_of[bus] for bus in step.energised_buses or ()) for step in plan.steps},
        inputs=input_hashes(case),
    )


def _open(energy: SourceEnergy) -> tuple[float, float, float]:
    """Planned energy and what the objective leaves open (MWh): over all plans of its worth where that was proven."""
    low, high = energy.least, energy.largest
    if energy.lower_bound is not None and energy.upper_bound is not None:
        low, high = energy.lower_bound, energy.upper_bound
    return energy.planned / 1e3, low / 1e3, high / 1e3


def _restored_mwh(plan: Plan, case: Case, until_min: float) -> float:
    """Demand that a plan serves in the outage area up to a time."""
    lost = case.view.lost_areas
    return 1e-3 * sum(
        plan.duration_h(k) * sum(area.demand_kw or 0.0 for la, area in step.local_areas.items() if la in lost)
        for k, step in enumerate(plan.steps)
        if step.start_min < until_min
    )


def _run(job: RunJob) -> RunOutcome:
    from ...controllers.strategies.named import strategy_named
    from ...results.run.read import read_json, read_run
    from ...results.run.summary import count_interruptions
    from ...results.run_folder import RunRecord, write_run
    from ..cosim.run_log import RunLog
    from ..cosim.wiring import run_world

    case, log = load_case(job.scenario, (), job.seed), RunLog()
    run_world(case, strategy_named(job.strategy), job.seed, log)
    with tempfile.TemporaryDirectory(prefix="relight-") as temporary:
        folder = Path(temporary) / "run"
        write_run(
            folder, RunRecord(scenario=case.scenario, strategy=job.strategy, seed=job.seed, recorder=log.recorder)
        )
        run, summary = read_run(folder), read_json(folder / "summary.json")
    area = run.local_area[run.local_area["in_outage_area"] == 1]
    early = area[area["time_min"] < EARLY_MIN]
    step_h = case.scenario.clock.sim_step_min / 60
    served_mwh = float(early["served_kw"].fillna(0.0).sort_values().sum()) * step_h / 1e3
    promised_mwh = _restored_mwh(Plan.model_validate(run.plans[0]), case, EARLY_MIN)
    return RunOutcome(
        demand_mwh=summary["demand_energy_mwh"],
        first_plan_mwh=summary["plans"]["first_plan_energy_mwh"],
        served_mwh=summary["served_energy_mwh"],
        interruptions=summary["interruptions"],
        early_interruptions=count_interruptions(early),
        early_deviation_pct=_deviation_pct(served_mwh, promised_mwh),
        shed=int((run.events["kind"] == "la_shed").sum()),
        violated_steps=summary["ac"]["violated_steps"],
    )


def _deviation_pct(served_mwh: float, promised_mwh: float) -> float:
    if promised_mwh > 0:
        return 100 * abs(served_mwh / promised_mwh - 1)
    return 0.0 if served_mwh == 0 else float("inf")
