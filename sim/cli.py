"""The command line. Exit codes: 0 done, 1 the answer is no, 2 the input is wrong, 3 the run failed."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .commands.check import check
from .commands.compare import compare
from .commands.console import (
    InputError,
    usage_in_words,
)
from .commands.indices import indices
from .commands.metrics import metrics
from .commands.plan import plan
from .commands.report import report
from .commands.reproduce import reproduce
from .commands.run import run
from .commands.schema import schema
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


CTRL_C = 130
"""What typer returns for it."""


def main() -> None:
    """Entry point: turns exceptions into messages and exit codes."""
    try:
        if code := app(standalone_mode=False):  # what typer.Exit carries is returned in this mode
            if code == CTRL_C:
                _fail("interrupted", 3)
            sys.exit(code)
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        _fail("interrupted", 3)
    except Exception as error:
        _explain(error)
        raise


def _explain(error: Exception) -> None:
    """Exit with the message and code of an error that a user can cause; return from any other."""
    if type(error).__module__.startswith(("click", "typer")):
        _fail(usage_in_words(error), 2)
    # Imported here, for some of these modules load slow libraries, and help must not wait for them.
    from ..controllers.solver.highs import SolverOptionError
    from ..controllers.strategies.strategy import StrategyError
    from ..results.comparison.compare import DifferentWorlds
    from ..results.metrics.supply import BadTable
    from ..results.new_folder import FolderNotEmpty
    from ..results.run.read import IncompleteRun, NotARun
    from ..scenarios.reading.problems import ScenarioError
    from .campaigns.reproduction_jobs import JobFailedError
    from .campaigns.run import DuplicateRunError, RunFailedError
    from .campaigns.study_pool import SchedulerError
    from .power_flow.protocol import EngineUnavailable

    if isinstance(
        error,
        DuplicateRunError
        | EngineUnavailable
        | ScenarioError
        | BadTable
        | IncompleteRun
        | StrategyError
        | FolderNotEmpty
        | NotARun
        | SchedulerError
        | InputError
        | SolverOptionError,
    ):
        _fail(str(error), 2)
    if isinstance(error, RunFailedError | JobFailedError | DifferentWorlds):
        _fail(str(error), 3)


def _fail(message: str, code: int) -> None:
    typer.echo(f"relight: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
