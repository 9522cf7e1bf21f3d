"""``relight reproduce``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import Out, Overwrite, say


def reproduce(
    out: Out = None,
    quick: Annotated[bool, typer.Option("--quick", help="A coarse form, in minutes.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one per core.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Measure the published claims of Guo et al. and judge each by a stated rule."""
    from ...results.paper.text import as_text
    from ..campaigns.reproduce import reproduce as measure
    from ..campaigns.run import new_run_folder

    folder = out or new_run_folder("reproduction")
    found = measure(folder, quick=quick, workers=workers, overwrite=overwrite)
    typer.echo(f"tables:  {folder / 'README.md'}\nfigures: {folder / 'figures'}\n")
    say(as_text(found))
