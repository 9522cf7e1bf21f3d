"""``relight validate``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import Seed, Sequence, Set, ensure_files, note, talk


def validate(
    plan: Annotated[Path, typer.Argument(help="A plan (JSON), or a switching sheet (CSV).")],
    scenario: Annotated[str, typer.Option(help="The scenario it is for: a YAML file or a shipped name.")],
    actual: Annotated[bool, typer.Option("--actual", help="Judge by the actual series, not by the forecast.")] = False,
    engine: Annotated[str, typer.Option(help="pandapower or power-grid-model.")] = "pandapower",
    run: Annotated[
        Path | None, typer.Option(help="Folder of the run that issued the plan: its state and network then.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File for the verdict (JSON); - prints it.")] = None,
    sequence: Sequence = None,
    set_: Set = None,
    seed: Seed = None,
) -> None:
    """Judge a plan by AC power flow and every limit; exit code 1 if it breaks one, or a sequence is impossible."""
    from ...results.run.read import ensure_run
    from ...scenarios.loader import load_case
    from ..plan_files.read_plan import read_plan
    from ..planning.case_in_run import case_in_run
    from ..power_flow.engines import engine_named
    from ..switching.report import as_text, write_sequences
    from ..switching.sequence import find_sequences
    from ..validation.run_state import state_in_run
    from ..validation.validator import Validator
    from ..validation.verdict import write_verdict

    engine_named(engine)
    if run:
        ensure_run(run)
    ensure_files({"--out": out, "--sequence": sequence}, {"the plan": plan, "the scenario": Path(scenario)})
    case = load_case(scenario, set_ or (), seed)
    note(case.account.in_one_line())
    judged = read_plan(plan, case)
    start_min = judged.steps[0].start_min
    start = None
    if run:
        start, case = state_in_run(run, case, start_min), case_in_run(run, case, start_min)
        judged = read_plan(plan, case)  # a unit that failed before is not there to be planned with
    validator = Validator(case, engine=engine)
    verdict = validator.validate(judged, actual=actual, start=start)
    sequences = find_sequences(validator, judged, start=start) if sequence else []
    if out:
        write_verdict(verdict, out)
    if run and start_min <= 0:
        note(f"--run {run} is not needed: the plan starts with the window, at the state after the fault")
    talk(verdict.as_text(plan.name), out, sequence)
    if sequence:
        write_sequences(sequences, sequence, case.scenario.name)
        talk(f"\n{as_text(sequences)}", out, sequence)
    if not verdict.clean or any(one.status == "impossible" for one in sequences):
        raise typer.Exit(1)
