"""``relight init``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ....scenarios.errors import InputError
from ....scenarios.whole_file import TERMINAL, write_whole
from ..console import ensure_files, talk


def init(
    network: Annotated[
        str, typer.Argument(metavar="NET", help="A file of pandapower.to_json, or a name of relight list.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Scenario to write (YAML); - prints it.")],
    infeeds_dead: Annotated[
        bool, typer.Option("--infeeds-dead", help="All infeeds are dead, instead of a fault on the fullest feeder.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Write a scenario for a network, which runs as it is: switches, infeeds, an outage, units, load.

    What the network does not say is assumed, and marked [A] in the file.
    """
    if out != TERMINAL:
        ensure_files({"--out": out}, {"the network": Path(network)})
        if out.exists() and not overwrite:
            raise InputError(f"--out {out}: this file exists; --overwrite replaces it")
    from ....scenarios.drafts.draft import draft

    stem = Path(network if out == TERMINAL else out).stem
    made = draft(network, Path() if out == TERMINAL else out.parent, stem, infeeds_dead)
    write_whole(out, made.text)
    view = made.case.view
    switches = sum(branch.switchable for branch in view.branches.values())
    buses = [bus.id for bus in view.buses.values() if not bus.inner]
    talk(
        f"{len(buses)} buses, {switches} switches, {len(view.sections)} sections, {len(view.local_units)} units; "
        f"{sum(bus in view.outage_area for bus in buses)} buses lose supply",
        out,
    )
    if out != TERMINAL:
        talk(f"scenario: {out}; relight check {out} explains it")
