"""``relight report``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(folder: Annotated[Path, typer.Argument(help="A run's, a comparison's or a study's folder.")]) -> None:
    """Redraw figures and report.html from a folder's tables, and compute a run's metrics or a study's tables again."""
    from ...results.figures.drawing import draw_comparison_figures, draw_run_figures
    from ...results.metrics.files import write_metrics
    from ...results.report.files import write_comparison_report, write_run_report
    from ...results.run.read import read_run
    from ...results.study.files import redraw

    if (folder / "comparison.json").is_file():
        files = [*draw_comparison_figures(folder), write_comparison_report(folder)]
    elif (folder / "study.json").is_file():
        files = redraw(folder)
    else:
        run = read_run(folder)
        metrics_files = write_metrics(folder, run) if run.complete else []
        files = [*draw_run_figures(folder, run), *metrics_files, write_run_report(folder, run)]
    for path in files:
        typer.echo(str(path))
