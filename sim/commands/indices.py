"""``relight indices``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...scenarios.errors import InputError
from .console import Out, Overwrite, Scenario, Set, say


def indices(
    scenario: Scenario,
    business: Annotated[Path | None, typer.Option(help="YAML file of business data, see docs/indices.md.")] = None,
    run: Annotated[Path | None, typer.Option(help="Folder of a run of this scenario; default: run it now.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Of the run made now; default: dynamic.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Replaces the scenario's seed.")] = None,
    out: Out = None,
    set_: Set = None,
    overwrite: Overwrite = False,
) -> None:
    """Compute the smart distribution network index system of Zhu et al."""
    from ...results.indices.report import as_text
    from ..campaigns.indices import report_indices
    from ..campaigns.run import new_run_folder

    if run and strategy:
        raise InputError(f"--strategy {strategy}: the run given by --run has its own; leave one of them out")
    written = report_indices(
        scenario, out or new_run_folder(f"indices_{Path(scenario).stem if Path(scenario).is_file() else scenario}"),
        business=business, run_folder=run, strategy=strategy or "dynamic", seed=seed, overrides=set_ or (),
        overwrite=overwrite,
    )  # fmt: skip
    say(as_text(written.report))
    typer.echo(f"tables: {written.folder / 'indices.csv'}\nradar:  {written.folder / 'figures' / 'radar.png'}")
