"""What commands share: how they print tables, and what they raise at input that cannot be right."""

from __future__ import annotations

import sys

import typer


class InputError(ValueError):
    """A command-line value that cannot be right."""


def say(text: str, nl: bool = True) -> None:
    """Print tables: plain, with a little emphasis on a terminal."""
    from results.terminal import emphasised, takes_emphasis

    typer.echo(emphasised(text) if takes_emphasis(sys.stdout) else text, nl=nl)
