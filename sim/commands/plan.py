"""``relight plan``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

from pathlib import Path

import typer

from .console import File, Scenario, Seed, Sequence, Set, Strategy, ensure_files, note


def plan(
    scenario: Scenario,
    out: File,
    strategy: Strategy = "dynamic",
    set_: Set = None,
    seed: Seed = None,
    sequence: Sequence = None,
) -> None:
    """Plan once, from the forecast at the fault time, and write the plan."""
    from ...scenarios.loader import load_case
    from ..planning.plan_once import plan_once

    ensure_files({"--out": out, "--sequence": sequence}, {"the scenario": Path(scenario)})
    case = load_case(scenario, set_ or (), seed)
    note(case.account.in_one_line())
    record = plan_once(case, strategy)
    record.plan.write(out)
    found, energy_mwh = record.plan, record.planned_energy_kwh / 1000
    typer.echo(
        f"{found.scenario}, {strategy}: {found.status}, {energy_mwh:.3f} MWh planned in {len(found.steps)} steps"
    )
    bound = "no bound" if found.bound is None else f"bound {found.bound:.3f} kWh, gap {found.gap_in_words(3)}"
    typer.echo(f"objective {found.objective:.3f} kWh, {bound}")
    if found.note:
        typer.echo(f"note: {found.note}")
    typer.echo(f"plan: {out}")
    if sequence:
        from ..switching.report import as_text, write_sequences
        from ..switching.sequence import find_sequences
        from ..validation.validator import Validator

        sequences = find_sequences(Validator(case), found)
        write_sequences(sequences, sequence, case.scenario.name)
        typer.echo(f"{as_text(sequences)}\nsequences: {sequence}")
