"""The reference of the command line, from the command line itself: python tools/command_page.py rewrites
docs/reference/commands.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from relight.sim.cli import app
from schema_pages import row

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "commands.md"
HEAD = """# Commands

<!-- written by tools/command_page.py -->

`relight COMMAND --help` tells the same. `SCENARIO` is a YAML file or a shipped name such as `guo45/fault-0400`.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the answer is no: a plan breaks a limit, a study is incomplete, a strategy breaks the contract |
| 2 | the input is wrong; one message names every file, field and value, and what would be right; nothing was written |
| 3 | the run failed; what it had recorded is in its folder |

An error is one message and no traceback; with `RELIGHT_TRACEBACK=1` in the environment the traceback is told first."""


def commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command below a group with the words that call it, in the order of its help."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


KINDS = {"Path": "PATH", "int": "INTEGER", "float": "NUMBER"}


def metavar(parameter: Any) -> str:
    """What stands for a parameter's value."""
    if parameter.metavar:
        return parameter.metavar
    if parameter.param_type_name == "argument":
        return parameter.name.upper() + ("..." if parameter.nargs == -1 else "")
    return KINDS.get(getattr(parameter.type_descriptor.annotation, "__name__", ""), "TEXT")


def name_of(parameter: Any) -> str:
    """How a parameter is written on the command line."""
    if parameter.param_type_name == "argument":
        return metavar(parameter)
    return ", ".join([*parameter.opts, *parameter.secondary_opts]) + (
        "" if parameter.is_flag else f" {metavar(parameter)}"
    )


def default_of(parameter: Any) -> str:
    """A parameter's default, required, or nothing."""
    if parameter.required:
        return "required"
    return "" if parameter.default in (None, False) else f"`{parameter.default}`"


def section(words: str, command: Any) -> Iterator[str]:
    """A command's heading, usage, help and parameters."""
    parameters = sorted(command.params, key=lambda one: one.param_type_name != "argument")
    needed = [
        metavar(one) if one.param_type_name == "argument" else f"{one.opts[0]} {metavar(one)}"
        for one in parameters
        if one.required
    ]
    choice = [] if all(one.required for one in parameters) else ["[OPTIONS]"]
    yield from ["", f"## {words}", "", " ".join((command.help or "").split()), ""]
    yield from ["```text", " ".join([words, *needed, *choice]), "```"]
    if parameters:
        yield from ["", "| argument or option | default | meaning |", "|---|---|---|"]
        for one in parameters:
            least = "" if one.min is None else f" At least {one.min:g}."
            yield row(f"`{name_of(one).replace('|', '/')}`", default_of(one), f"{one.help or ''}{least}".strip())


def page() -> str:
    """The whole page."""
    group = typer.main.get_command(app)
    return (
        "\n".join([HEAD, *(line for words, command in commands(group, "relight") for line in section(words, command))])
        + "\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
