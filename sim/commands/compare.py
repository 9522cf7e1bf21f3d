"""``relight compare``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ...scenarios.errors import InputError
from .console import Out, Overwrite, Set, say

USUAL = "dynamic,static"


def compare(
    scenarios: Annotated[list[str], typer.Argument(help="YAML files or shipped names.")],
    strategies: Annotated[str, typer.Option(help="Comma-separated; see relight strategy list.")] = USUAL,
    ladder: Annotated[
        bool,
        typer.Option("--ladder", help="The ladder of freedom in place of strategies: what each rung is worth."),
    ] = False,
    seeds: Annotated[str | None, typer.Option(help="0..9, or 1,4,7; default: each scenario's own.")] = None,
    out: Out = None,
    set_: Set = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one per core.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Run the same world under several strategies and compare them; a study resumes, a comparison does not."""
    from ...results.comparison.ladder import RUNGS
    from ...results.comparison.text import as_text
    from ...results.report.files import REPORT
    from ..campaigns.compare import CLIMBING, compare_strategies
    from ..campaigns.pool import available_cores
    from ..campaigns.run import new_run_folder

    folder = out or new_run_folder("compare_" + "_".join(Path(s).stem for s in scenarios))
    if ladder and strategies != USUAL:
        raise InputError("--ladder has strategies of its own; leave out --strategies, or --ladder")
    names = list(dict.fromkeys(name.strip() for name in strategies.split(",") if name.strip()))
    if not names:
        raise InputError(f"--strategies {strategies!r} names none; write dynamic,static")
    given = set_ or []
    if ladder:
        names, given = list(RUNGS), [*(f"{path}={json.dumps(value)}" for path, value in CLIMBING.items()), *given]
    comparison = compare_strategies(
        scenarios, names, parse_seeds(seeds), folder, overrides=given, overwrite=overwrite,
        workers=workers or available_cores(),
    )  # fmt: skip
    say(as_text(comparison))
    typer.echo(f"tables:  {folder / 'comparison.md'}\nfigures: {folder / 'figures'}\nruns:    {folder / 'runs'}")
    typer.echo(f"report:  {folder / REPORT}")


MOST_SEEDS = 10_000


def parse_seeds(text: str | None) -> list[int | None]:
    """``0..9`` or ``1,4,7`` or both joined by commas; None: the scenario's own. Raises ``InputError``."""
    if text is None:
        return [None]
    seeds: list[int | None] = []
    for part in text.split(","):
        first, dots, last = part.strip().partition("..")
        try:
            low, high = int(first), int(last) if dots else int(first)
        except ValueError:
            low, high = 0, -1
        if dots and 0 <= high < low:
            raise InputError(f"--seeds {text!r}: {part.strip()!r} is descending; write {high}..{low}")
        if high - low >= MOST_SEEDS:
            raise InputError(f"--seeds {part.strip()!r}: {MOST_SEEDS} seeds at most")
        if not 0 <= low <= high:
            raise InputError(f"--seeds {text!r}: {part.strip()!r} is no seed; write 0..9 or 1,4,7")
        seeds.extend(range(low, high + 1))
    return list(dict.fromkeys(seeds))
