"""Plans: make one, judge one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ...controllers.exchange.plan import Plan
from ...results.run.read import ensure_run
from ..validation.verdict import Verdict
from .cases import Overrides, Source, load
from .runs import Run


def plan(
    case: Source, strategy: str = "dynamic", *, seed: int | None = None, overrides: Overrides | None = None
) -> Plan:
    """Plan once, from the forecast at the fault time: the first plan of a run.

    Args:
        case: A case, or what `load` takes.
        strategy: A name of `relight strategy list`, or `path/to/file.py:Class`; it must have a dispatch centre.
        seed: As for `load`.
        overrides: As for `load`.

    Returns:
        The plan, with objective and bound in weighted kWh; `plan.write(path)` writes it as JSON.

    Raises:
        ScenarioError: As `load`.
        StrategyError: There is no such strategy, it cannot be used, or it makes no plans.

    Examples:
        >>> plan = relight.plan("guo45/fault-1000", "greedy", overrides={"outage.duration_min": 60})
        >>> len(plan.steps), plan.end_min
        (2, 60.0)
        >>> plan.write(Path("plan.json"))
    """
    from ..planning.plan_once import plan_once  # solver and pandapower take seconds to import

    return plan_once(load(case, seed=seed, overrides=overrides), strategy).plan


def validate(
    plan: Plan | str | os.PathLike[str],
    case: Source,
    *,
    actual: bool = False,
    engine: str = "pandapower",
    run: Run | str | os.PathLike[str] | None = None,
    seed: int | None = None,
    overrides: Overrides | None = None,
) -> Verdict:
    """Judge a plan, whoever made it, by AC power flow of every step and every limit.

    Args:
        plan: A plan, or a file with one: JSON, or a switching sheet (CSV).
        case: The case it is for, or what `load` takes.
        actual: Judge by the load and sun that come, not by the forecast.
        engine: `pandapower`, or `power-grid-model`, which is faster and must be installed.
        run: The run, or its folder, in which the plan was issued: it is judged from the state and by the network of
            then (faults, units, infeeds), not of just after the fault.
        seed: As for `load`.
        overrides: As for `load`.

    Returns:
        The verdict; `str(verdict)` is the report that `relight validate` prints.

    Raises:
        ScenarioError: As `load`; or everything that is wrong with the plan, at once.
        EngineUnavailable: No such engine, or it is not installed.
        NotARun: There is no run in the folder, or none with a step that ends where the plan starts.

    Examples:
        >>> verdict = relight.validate("plan.json", "guo45/fault-1000")
        >>> verdict.clean, verdict.by_kind
        (True, {})
        >>> print(str(verdict).splitlines()[0])
        plan.json on guo45/fault-1000, forecast series, AC power flow by pandapower
    """
    from ..plan_files.read_plan import check_plan, read_plan
    from ..planning.case_in_run import case_in_run
    from ..power_flow.engines import engine_named
    from ..validation.run_state import state_in_run
    from ..validation.validator import Validator

    engine_named(engine)
    folder = run.folder if isinstance(run, Run) else None if run is None else Path(run)
    if folder is not None:
        ensure_run(folder)
    loaded = load(case, seed=seed, overrides=overrides)
    if isinstance(plan, Plan):
        judged, name = plan, "plan"
        check_plan(judged, loaded)
    else:
        judged, name = read_plan(Path(plan), loaded), Path(plan).name
    start = None
    if folder is not None:
        start_min = judged.steps[0].start_min
        start, loaded = state_in_run(folder, loaded, start_min), case_in_run(folder, loaded, start_min)
        check_plan(judged, loaded)  # a unit that failed before is not there to be planned with
    return replace(Validator(loaded, engine=engine).validate(judged, actual=actual, start=start), plan=name)
