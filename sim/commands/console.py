"""What commands share: options, how they print tables, and what they raise at input that cannot be right."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ...scenarios.errors import InputError
from ...scenarios.whole_file import TERMINAL

Scenario = Annotated[str, typer.Argument(help="A YAML file or a shipped name such as guo45/fault-0400.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a value of the scenario; repeatable.")
]
Out = Annotated[Path | None, typer.Option(help="Folder to write; default: a new one under results/runs.")]
Strategy = Annotated[str, typer.Option(help="See relight strategy list; or path/to/file.py:Class.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Replaces the scenario's seed.")]
File = Annotated[Path, typer.Option("--out", "-o", help="File to write; replaced if it exists; - prints it.")]
Sequence = Annotated[
    Path | None,
    typer.Option("--sequence", help="Find an order of switch operations for each step; file for it (.csv or JSON)."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")]


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
    from ...results.terminal import emphasised, takes_emphasis

    typer.echo(emphasised(text) if takes_emphasis(sys.stdout) else text, nl=nl)


def note(line: str) -> None:
    """One line on the error stream, if there is anything to say."""
    if line:
        typer.echo(f"note: {line}", err=True)


def talk(text: str, *files: Path | None) -> None:
    """Print what a command has to say: on the error stream if one of its files is printed."""
    typer.echo(text, err=TERMINAL in files)


def ensure_files(written: Mapping[str, Path | None], read: Mapping[str, Path]) -> None:
    """Raise ``InputError`` unless a file can be written for each option that names one, none of them twice or read."""
    taken = {path.resolve(): what for what, path in read.items() if path.is_file()}
    for option, path in written.items():
        if path is None:
            continue
        if path.is_dir():
            raise InputError(f"{option} {path}: this is a folder; name a file")
        if path.exists() and not path.is_file():
            raise InputError(f"{option} {path}: this is no regular file; name another, or - to print it")
        if not path.parent.is_dir():
            raise InputError(f"{option} {path}: there is no folder {path.parent}")
        if path.resolve() in taken:
            raise InputError(f"{option} {path}: this is the file of {taken[path.resolve()]}; name another")
        taken[path.resolve()] = option
