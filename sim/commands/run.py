"""``relight run``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

import textwrap
from pathlib import Path

import typer

from .console import Out, Overwrite, Scenario, Seed, Set, Strategy, note, say


def run(
    scenario: Scenario,
    strategy: Strategy = "dynamic",
    seed: Seed = None,
    out: Out = None,
    set_: Set = None,
    overwrite: Overwrite = False,
) -> None:
    """Run one co-simulation."""
    from ...results.comparison.compare import compare as compare_folders
    from ...results.comparison.text import as_text
    from ...results.report.files import REPORT
    from ...results.run.in_short import in_short
    from ...results.run.read import read_json, read_run
    from ...results.terminal import WIDTH
    from ...scenarios.loader import load_case
    from ..campaigns.run import folder_of_run, simulate

    case = load_case(scenario, set_ or (), seed)
    note(case.account.in_one_line())
    folder = out or folder_of_run(case, strategy)
    simulate(case, strategy, folder, overwrite=overwrite)
    say("\n".join(textwrap.wrap(in_short(read_run(folder), read_json(folder / "summary.json")), WIDTH)) + "\n")
    say(as_text(compare_folders([folder])))
    note(first_note(folder))
    typer.echo(f"run folder: {folder}\nfigures:    {folder / 'figures'}\nreport:     {folder / REPORT}")


def first_note(folder: Path) -> str:
    """What the first plan of a run tells of itself: why it restores nothing, or leaves sections out."""
    from ...results.run.read import read_json

    plans = sorted((folder / "plans").glob("*.json"))
    return str(read_json(plans[0]).get("note", "")) if plans else ""
