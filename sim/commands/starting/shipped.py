"""``relight list``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from ....scenarios.errors import InputError

TAKEN_BY = {
    "scenarios": "relight check, plan, run and compare take them",
    "studies": "relight study takes them",
    "networks": "relight init takes them",
    "strategies": "--strategy takes them",
}
"""Kinds of what is shipped, and which commands take them."""


def list_(
    kind: Annotated[str | None, typer.Option(metavar="|".join(TAKEN_BY), help="One kind; default: all.")] = None,
) -> None:
    """Name what is shipped, one line each with its title."""
    if kind is not None and kind not in TAKEN_BY:
        raise InputError(f"--kind {kind!r} is unknown; there are: {', '.join(TAKEN_BY)}")
    for number, name in enumerate([kind] if kind else TAKEN_BY):
        typer.echo(("\n" if number else "") + f"{name}: {TAKEN_BY[name]}")
        entries = _entries(name)
        width = max(map(len, entries))
        for entry, title in entries.items():
            typer.echo(f"  {entry:{width}}  {title}".rstrip())


def _entries(kind: str) -> Mapping[str, str]:
    from ....controllers.strategies.builtin import STRATEGIES
    from ....scenarios.catalogue import titled_scenarios, titled_studies
    from ....scenarios.drafts.sources import FUNCTIONS, SIMBENCH

    if kind == "strategies":
        return {strategy.name: strategy.summary for strategy in STRATEGIES.values()}
    if kind == "networks":
        return {**FUNCTIONS, **SIMBENCH}
    return titled_studies() if kind == "studies" else titled_scenarios()
