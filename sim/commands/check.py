"""``relight check``: the command alone; all that computes is imported when it runs."""

from __future__ import annotations

import typer

from .console import Scenario, Set


def check(scenario: Scenario, set_: Set = None) -> None:
    """Read and explain a scenario, or list its errors.

    All of one kind at once: first keys, types and names, then what only several right values together can tell.
    """
    from ...scenarios.explain import explain
    from ...scenarios.loader import load_case

    typer.echo(explain(load_case(scenario, set_ or ())))
