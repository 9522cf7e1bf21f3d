"""The command line. Exit codes: 0 done, 1 the answer is no, 2 the input is wrong, 3 the run failed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from sim.console import InputError, say, usage_in_words
from sim.metrics_command import metrics
from sim.strategy_command import strategy_app
from sim.study_command import study

app = typer.Typer(
    help="Co-simulation testbed for restoring power in distribution networks after a blackout.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(strategy_app, name="strategy")

app.command()(study)


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


Scenario = Annotated[str, typer.Argument(help="A YAML file or a shipped name such as guo45/fault-0400.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a value of the scenario; repeatable.")
]
Out = Annotated[Path | None, typer.Option(help="Folder to write; default: a new one under results/runs.")]
Strategy = Annotated[str, typer.Option(help="See relight strategy list; or path/to/file.py:Class.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Replaces the scenario's seed.")]
File = Annotated[Path, typer.Option("--out", "-o", help="File to write; replaced if it exists.")]
Sequence = Annotated[
    Path | None,
    typer.Option("--sequence", help="Find an order of switch operations for each step; file for it (.csv or JSON)."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")]


@app.command()
def check(scenario: Scenario, set_: Set = None) -> None:
    """Read and explain a scenario, or list its errors.

    All of one kind at once: first keys, types and names, then what only several right values together can tell.
    """
    from scenarios.explain import explain
    from scenarios.loader import load_case

    typer.echo(explain(load_case(scenario, set_ or ())))


@app.command()
def plan(
    scenario: Scenario,
    out: File,
    strategy: Strategy = "dynamic",
    set_: Set = None,
    seed: Seed = None,
    sequence: Sequence = None,
) -> None:
    """Plan once, from the forecast at the fault time, and write the plan."""
    from scenarios.loader import load_case
    from sim.plan_once import plan_once

    ensure_files({"--out": out, "--sequence": sequence}, {"the scenario": Path(scenario)})
    case = load_case(scenario, set_ or (), seed)
    record = plan_once(case, strategy)
    record.plan.write(out)
    found, energy_mwh = record.plan, record.planned_energy_kwh / 1000
    typer.echo(
        f"{found.scenario}, {strategy}: {found.status}, {energy_mwh:.3f} MWh planned in {len(found.steps)} steps"
    )
    bound = "no bound" if found.bound is None else f"bound {found.bound:.3f} kWh, gap {found.gap_in_words(3)}"
    typer.echo(f"objective {found.objective:.3f} kWh, {bound}")
    if record.note:
        typer.echo(f"note: {record.note}")
    typer.echo(f"plan: {out}")
    if sequence:
        from sim.switching.report import as_text, write_sequences
        from sim.switching.sequence import find_sequences
        from sim.validation.validator import Validator

        sequences = find_sequences(Validator(case), found)
        write_sequences(sequences, sequence, case.scenario.name)
        typer.echo(f"{as_text(sequences)}\nsequences: {sequence}")


@app.command()
def validate(
    plan: Annotated[Path, typer.Argument(help="A plan (JSON), or a switching sheet (CSV).")],
    scenario: Annotated[str, typer.Option(help="The scenario it is for: a YAML file or a shipped name.")],
    actual: Annotated[bool, typer.Option("--actual", help="Judge by the actual series, not by the forecast.")] = False,
    engine: Annotated[str, typer.Option(help="pandapower or power-grid-model.")] = "pandapower",
    run: Annotated[Path | None, typer.Option(help="Folder of the run that issued the plan: its state then.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File for the whole verdict (JSON).")] = None,
    sequence: Sequence = None,
    set_: Set = None,
    seed: Seed = None,
) -> None:
    """Judge a plan by AC power flow and every limit; exit code 1 if it breaks one, or a sequence is impossible."""
    from results.run_tables import ensure_run
    from scenarios.loader import load_case
    from sim.switching.report import as_text, write_sequences
    from sim.switching.sequence import find_sequences
    from sim.validation.engines import engine_named
    from sim.validation.read_plan import read_plan
    from sim.validation.run_state import state_in_run
    from sim.validation.validator import Validator
    from sim.validation.verdict import write_verdict

    chosen = engine_named(engine)
    if run:
        ensure_run(run)
    ensure_files({"--out": out, "--sequence": sequence}, {"the plan": plan, "the scenario": Path(scenario)})
    case = load_case(scenario, set_ or (), seed)
    judged = read_plan(plan, case)
    start_min = judged.steps[0].start_min
    start = state_in_run(run, case, start_min) if run else None
    validator = Validator(case, engine=chosen)
    verdict = validator.validate(judged, actual=actual, start=start)
    sequences = find_sequences(validator, judged, start=start) if sequence else []
    if out:
        write_verdict(verdict, out)
    if run and start_min <= 0:
        typer.echo(f"note: --run {run} is not needed: the plan starts with the window, at the state after the fault")
    typer.echo(verdict.as_text(plan.name))
    if sequence:
        write_sequences(sequences, sequence, case.scenario.name)
        typer.echo(f"\n{as_text(sequences)}")
    if not verdict.clean or any(one.status == "impossible" for one in sequences):
        raise typer.Exit(1)


@app.command()
def schema(what: Annotated[str, typer.Argument(metavar="scenario|plan|study|summary", help="Which kind.")]) -> None:
    """Print the JSON Schema of a kind of file."""
    import json

    from controllers.plan import Plan
    from results.summary_schema import Summary
    from scenarios.schema import Scenario as ScenarioSchema
    from scenarios.study_schema import Study

    models = {"scenario": ScenarioSchema, "plan": Plan, "study": Study, "summary": Summary}
    if what not in models:
        raise InputError(f"no schema {what!r}; there are: {', '.join(models)}")
    typer.echo(json.dumps(models[what].model_json_schema(), indent=1, ensure_ascii=False))


@app.command()
def run(
    scenario: Scenario,
    strategy: Strategy = "dynamic",
    seed: Seed = None,
    out: Out = None,
    set_: Set = None,
    overwrite: Overwrite = False,
) -> None:
    """Run one co-simulation."""
    from controllers.strategies import strategy_named
    from results.compare import compare as compare_folders
    from results.compare_text import as_text
    from results.report.files import REPORT
    from scenarios.loader import load_case
    from sim.run import new_run_folder, simulate

    case = load_case(scenario, set_ or (), seed)
    called = strategy_named(strategy).name
    folder = out or new_run_folder(f"{case.scenario.name}_{called}_seed{case.scenario.seed}")
    simulate(case, strategy, folder, overwrite=overwrite)
    say(as_text(compare_folders([folder])))
    typer.echo(f"run folder: {folder}\nfigures:    {folder / 'figures'}\nreport:     {folder / REPORT}")


@app.command()
def compare(
    scenarios: Annotated[list[str], typer.Argument(help="YAML files or shipped names.")],
    strategies: Annotated[str, typer.Option(help="Comma-separated; see relight strategy list.")] = "dynamic,static",
    seeds: Annotated[str | None, typer.Option(help="0..9, or 1,4,7; default: each scenario's own.")] = None,
    out: Out = None,
    set_: Set = None,
    overwrite: Overwrite = False,
) -> None:
    """Run the same world under several strategies and compare them; a study resumes, a comparison does not."""
    from results.compare_text import as_text
    from results.report.files import REPORT
    from sim.run import compare_strategies, new_run_folder

    folder = out or new_run_folder("compare_" + "_".join(Path(s).stem for s in scenarios))
    names = list(dict.fromkeys(name.strip() for name in strategies.split(",") if name.strip()))
    if not names:
        raise InputError(f"--strategies {strategies!r} names none; write dynamic,static")
    comparison = compare_strategies(
        scenarios, names, parse_seeds(seeds), folder, overrides=set_ or (), overwrite=overwrite
    )
    say(as_text(comparison))
    typer.echo(f"tables:  {folder / 'comparison.md'}\nfigures: {folder / 'figures'}\nruns:    {folder / 'runs'}")
    typer.echo(f"report:  {folder / REPORT}")


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="A run's, a comparison's or a study's folder.")]) -> None:
    """Redraw figures and report.html from a folder's tables, and compute a run's metrics or a study's tables again."""
    from results.figures import draw_comparison_figures, draw_run_figures
    from results.metrics.files import write_metrics
    from results.report.files import write_comparison_report, write_run_report
    from results.run_tables import read_run
    from results.study_files import redraw

    if (folder / "comparison.json").is_file():
        files = [*draw_comparison_figures(folder), write_comparison_report(folder)]
    elif (folder / "study.json").is_file():
        files = redraw(folder)
    else:
        run = read_run(folder)
        metrics_files = write_metrics(folder, run) if run.complete else []
        files = [*draw_run_figures(folder), *metrics_files, write_run_report(folder)]
    for path in files:
        typer.echo(str(path))


app.command()(metrics)


@app.command()
def indices(
    scenario: Scenario,
    business: Annotated[Path | None, typer.Option(help="YAML file of business data, see docs/indices.md.")] = None,
    run: Annotated[Path | None, typer.Option(help="Folder of a run of this scenario; default: run it now.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Of the run made now; default: dynamic.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Replaces the scenario's seed.")] = None,
    out: Out = None,
    set_: Set = None,
    overwrite: Overwrite = False,
) -> None:
    """Compute the smart distribution network index system of Zhu et al."""
    from results.indices.report import as_text
    from sim.indices import report_indices
    from sim.run import new_run_folder

    if run and strategy:
        raise InputError(f"--strategy {strategy}: the run given by --run has its own; leave one of them out")
    written = report_indices(
        scenario, out or new_run_folder(f"indices_{Path(scenario).stem if Path(scenario).is_file() else scenario}"),
        business=business, run_folder=run, strategy=strategy or "dynamic", seed=seed, overrides=set_ or (),
        overwrite=overwrite,
    )  # fmt: skip
    say(as_text(written.report))
    typer.echo(f"tables: {written.folder / 'indices.csv'}\nradar:  {written.folder / 'figures' / 'radar.png'}")


@app.command()
def reproduce(
    out: Out = None,
    quick: Annotated[bool, typer.Option("--quick", help="A coarse form, in minutes.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one per core.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Measure the published claims of Guo et al. and judge each by a stated rule."""
    from results.reproduction_text import as_text
    from sim.reproduce import reproduce as measure
    from sim.run import new_run_folder

    folder = out or new_run_folder("reproduction")
    found = measure(folder, quick=quick, workers=workers, overwrite=overwrite)
    typer.echo(f"tables:  {folder / 'README.md'}\nfigures: {folder / 'figures'}\n")
    say(as_text(found))


def ensure_files(written: Mapping[str, Path | None], read: Mapping[str, Path]) -> None:
    """Raise ``InputError`` unless a file can be written for each option that names one, none of them twice or read."""
    taken = {path.resolve(): what for what, path in read.items() if path.is_file()}
    for option, path in written.items():
        if path is None:
            continue
        if path.is_dir():
            raise InputError(f"{option} {path}: this is a folder; name a file")
        if not path.parent.is_dir():
            raise InputError(f"{option} {path}: there is no folder {path.parent}")
        if path.resolve() in taken:
            raise InputError(f"{option} {path}: this is the file of {taken[path.resolve()]}; name another")
        taken[path.resolve()] = option


def parse_seeds(text: str | None) -> list[int | None]:
    """``0..9`` or ``1,4,7`` or both joined by commas; None: the scenario's own. Raises ``InputError``."""
    if text is None:
        return [None]
    seeds: list[int | None] = []
    for part in text.split(","):
        first, dots, last = part.strip().partition("..")
        try:
            low, high = int(first), int(last) if dots else int(first)
        except ValueError:
            low, high = 0, -1
        if dots and 0 <= high < low:
            raise InputError(f"--seeds {text!r}: {part.strip()!r} is descending; write {high}..{low}")
        if not 0 <= low <= high:
            raise InputError(f"--seeds {text!r}: {part.strip()!r} is no seed; write 0..9 or 1,4,7")
        seeds.extend(range(low, high + 1))
    return list(dict.fromkeys(seeds))


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
    from controllers.solver import SolverOptionError
    from controllers.strategies import StrategyError
    from results.compare import DifferentWorlds
    from results.metrics.supply import BadTable
    from results.new_folder import FolderNotEmpty
    from results.run_tables import IncompleteRun, NotARun
    from scenarios.problems import ScenarioError
    from sim.reproduction_jobs import JobFailedError
    from sim.run import DuplicateRunError, RunFailedError
    from sim.study_pool import SchedulerError
    from sim.validation.engines import EngineUnavailable

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
