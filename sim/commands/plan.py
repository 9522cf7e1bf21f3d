"""``relight plan``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

from pathlib import Path

from .console import File, Scenario, Seed, Sequence, Set, Strategy, ensure_files, note, talk


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
    talk(
        f"{found.scenario}, {strategy}: {found.status}, {energy_mwh:.3f} MWh planned in {len(found.steps)} steps",
        out, sequence,
    )  # fmt: skip
    bound = "no bound" if found.bound is None else f"bound {found.bound:.3f} kWh, gap {found.gap_in_words(3)}"
    talk(f"objective {found.objective:.3f} kWh, {bound}", out, sequence)
    if found.note:
        talk(f"note: {found.note}", out, sequence)
    talk(f"plan: {out}", out, sequence)
    if sequence:
        from ..switching.report import as_text, write_sequences
        from ..switching.sequence import find_sequences
        from ..validation.validator import Validator

        sequences = find_sequences(Validator(case), found)
        write_sequences(sequences, sequence, case.scenario.name)
        talk(f"{as_text(sequences)}\nsequences: {sequence}", out, sequence)
