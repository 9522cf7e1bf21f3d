"""``relight strategy``: list, template and check of strategies. Modules that load slowly are imported where needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...scenarios.whole_file import TERMINAL, write_whole

strategy_app = typer.Typer(
    help="Strategies: which there are, a template for one of your own, a check of it.", no_args_is_help=True
)


@strategy_app.command(name="list")
def list_() -> None:
    """Name every strategy there is."""
    from ...controllers.strategies.builtin import STRATEGIES
    from ...controllers.strategies.outside import offered

    width = max(map(len, (*STRATEGIES, *offered())))
    for strategy in STRATEGIES.values():
        typer.echo(f"{strategy.name:{width}}  {strategy.summary}")
    for name, point in offered().items():
        typer.echo(f"{name:{width}}  {point.value} (installed)")


@strategy_app.command()
def template(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; default: print it.")] = None,
) -> None:
    """Print a strategy to start from; an existing file is not touched."""
    from ...controllers.strategies import outside
    from ...controllers.strategies.strategy import StrategyError

    text = Path(outside.__file__).with_name("template.py").read_text(encoding="utf-8")
    if out in (None, TERMINAL):
        typer.echo(text, nl=False)
        return
    if out.exists() or not out.parent.is_dir():
        raise StrategyError(f"--out {out}: " + ("it exists" if out.exists() else f"there is no folder {out.parent}"))
    write_whole(out, text)
    typer.echo(f"template: {out}")


@strategy_app.command()
def check(
    strategy: Annotated[str, typer.Argument(help="path/to/file.py:Class, or the name of a strategy.")],
    scenario: Annotated[
        str | None, typer.Option(help="What to run it on; default: two hours of guo45/fault-1000.")
    ] = None,
) -> None:
    """Run a strategy against the contract (docs/strategies.md); exit code 1 if it breaks a point of it."""
    from ...controllers.strategies.named import strategy_named
    from ..campaigns.strategy_check import as_text, check_strategy

    chosen = strategy_named(strategy)
    checks = check_strategy(chosen, scenario)
    typer.echo(as_text(chosen, checks))
    if not all(one.kept for one in checks):
        raise typer.Exit(1)
