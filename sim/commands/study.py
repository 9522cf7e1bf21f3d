"""``relight study``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def study(
    study: Annotated[str, typer.Argument(help="A YAML file or a shipped name such as studies/paper-comparison.")],
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one per core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler to run on instead, e.g. tcp://10.0.0.1:8786.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Do only what is missing or changed.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="With --resume: failed runs again.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default: a new one under results/runs.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")] = False,
) -> None:
    """Run a study: scenarios, strategies, parameters and seeds; exit code 1 if it is incomplete."""
    from ...results.study.text import as_text
    from ...scenarios.studies.loader import load_study
    from ..campaigns.pool import available_cores
    from ..campaigns.study import folder_of_study, run_study

    if workers and scheduler:
        raise typer.BadParameter("give --workers or --scheduler, not both")
    if resume and overwrite:
        raise typer.BadParameter("give --resume or --overwrite, not both")
    if retry_failed and not resume:
        raise typer.BadParameter("--retry-failed needs --resume")
    folder = out or folder_of_study(load_study(study), resume)
    finished = run_study(
        study, folder, workers=workers or available_cores(), scheduler=scheduler, resume=resume,
        overwrite=overwrite, retry_failed=retry_failed,
    )  # fmt: skip
    typer.echo(as_text(finished.tables, finished.shape))
    typer.echo(f"\nruns: {finished.made} made, {finished.kept} kept from before, {finished.failed} failed")
    typer.echo(f"tables:  {folder / 'study.md'}\nfigures: {folder / 'figures'}")
    exceeded = int((finished.tables.bounds["exceeds"] != "").sum()) if len(finished.tables.bounds) else 0
    if exceeded:
        typer.echo(f"relight: {exceeded} runs exceed a bound of their worlds; bounds.csv names them", err=True)
    if finished.failed:
        typer.echo(f"relight: incomplete, {finished.failed} runs failed; runs.csv has their reasons", err=True)
    if finished.failed or exceeded:
        raise typer.Exit(1)
