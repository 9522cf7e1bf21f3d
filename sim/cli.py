"""The command line. Exit codes: 0 done, 1 the answer is no, 2 the input is wrong, 3 the run failed."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from ..controllers.solver.ctrl_c import told_as_such
from ..scenarios.errors import RelightError
from ..scenarios.reading.plain_text import printable
from .commands.check import check
from .commands.compare import compare
from .commands.console import usage_in_words
from .commands.indices import indices
from .commands.metrics import metrics
from .commands.plan import plan
from .commands.report import report
from .commands.reproduce import reproduce
from .commands.run import run
from .commands.schema import schema
from .commands.starting.init import init
from .commands.starting.shipped import list_
from .commands.strategy import strategy_app
from .commands.study import study
from .commands.validate import validate

app = typer.Typer(
    help="Co-simulation testbed for restoring power in distribution networks after a blackout.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(strategy_app, name="strategy")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"relight {version('relight')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options before any command; their callbacks do all there is to do."""


for command in (study, check, plan, validate, schema, run, compare, report, metrics, indices, reproduce):
    app.command()(command)
app.command(name="list")(list_)
app.command()(init)


TRACEBACK = "RELIGHT_TRACEBACK"
"""Environment variable: anything in it has the traceback of an error printed before its message."""
CTRL_C = 130
"""What typer returns for it."""


def main() -> None:
    """Entry point: turns exceptions into messages and exit codes."""
    try:
        with told_as_such(but=(RelightError, typer.Exit, typer.Abort)):
            code = app(standalone_mode=False)  # what typer.Exit carries is returned in this mode
        if code == CTRL_C:
            _fail("interrupted", 3)
        if code:
            sys.exit(code)
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        _fail("interrupted", 3)
    except Exception as error:
        _explain(error)


def _explain(error: Exception) -> NoReturn:
    """Exit with an error's message and code, without its traceback unless that is asked for."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    if isinstance(error, RelightError):
        _fail(str(error), error.exit_code)
    if type(error).__module__.startswith(("click", "typer")):
        _fail(usage_in_words(error), 2)
    told = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, OSError) and error.strerror:
        told = f"{error.filename or 'a file'}: {error.strerror.lower()}; what was finished before is kept"
    _fail(f"{told} ({TRACEBACK}=1 shows where)", 3)


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(f"relight: {printable(message, lines=True)}", err=True)
    exec("")  # else Python leaves by the signal, whatever the code, after Ctrl-C amid code made from text
    sys.exit(code)


if __name__ == "__main__":
    main()
