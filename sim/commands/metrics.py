"""``relight metrics``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...scenarios.errors import InputError
from .console import say


def metrics(
    source: Annotated[
        Path, typer.Argument(help="Folder of a run, a comparison or a study, or a table of supply (docs/metrics.md).")
    ],
    form: Annotated[str, typer.Option("--format", help="text, csv or markdown.")] = "text",
    end_min: Annotated[
        float | None, typer.Option("--end-min", help="End of a table's last step; default: as long as the one before.")
    ] = None,
) -> None:
    """Print the metrics of a run, of every run of a comparison or study, or of another tool's table."""
    from ...results.metrics.score import score_run, score_supply
    from ...results.metrics.several import SEVERAL_FORMS, holds_runs, score_runs
    from ...results.metrics.supply_file import read_supply
    from ...results.metrics.text import FORMS
    from ...results.run.read import read_run

    if form not in FORMS:
        raise InputError(f"--format {form!r} is unknown; write {', '.join(FORMS)}")
    if not source.exists():
        kinds = "the folder of a run, a comparison or a study, or a CSV table"
        raise InputError(f"{source}: no such file or folder; give {kinds}")
    if source.is_dir() and end_min is not None:
        raise InputError("--end-min is for tables; a run's folder says itself when it ends")
    if holds_runs(source):
        scored, failed = score_runs(source)
        say(SEVERAL_FORMS[form](scored), nl=False)
        if failed:
            typer.echo(f"relight: runs that failed and are left out: {failed}", err=True)
        return
    score = score_run(read_run(source)) if source.is_dir() else score_supply(read_supply(source, end_min))
    say(FORMS[form](score), nl=False)
