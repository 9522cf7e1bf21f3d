"""What commands share: how they print tables, and what they raise at input that cannot be right."""

from __future__ import annotations

import re
import sys

import typer


class InputError(ValueError):
    """A command-line value that cannot be right."""


def usage_in_words(error: Exception) -> str:
    """What the command line's parser complains of; an unknown command with those there are."""
    text = str(getattr(error, "format_message", lambda: error)())
    for bound in (r"Input should be greater than or equal to (\d+)", r"\S+ is not in the range x>=(\d+)\.?"):
        text = re.sub(bound, r"must be \1 or more", text)
    commands = getattr(getattr(getattr(error, "ctx", None), "command", None), "commands", None)
    if text.startswith("No such command") and commands:
        text = f"{text.split('.')[0]}; there are: {', '.join(commands)}"
    return text


def say(text: str, nl: bool = True) -> None:
    """Print tables: plain, with a little emphasis on a terminal."""
    from results.terminal import emphasised, takes_emphasis

    typer.echo(emphasised(text) if takes_emphasis(sys.stdout) else text, nl=nl)
