"""Metrics of every run of a comparison or a study: side by side, or one line per run and metric."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..run.read import IncompleteRun, NotARun, read_json, read_run
from ..terminal import column_tables
from .catalogue import METRICS, Value
from .files import METRICS_FILE
from .score import Score, score_run
from .side_by_side import metric_rows
from .text import COLUMNS, score_cells


@dataclass(frozen=True)
class Scored:
    """A run of a folder of runs: ``case`` is its scenario, and its point in the study; ``name`` its folder's."""

    name: str
    case: str
    strategy: str
    seed: int
    score: Score


def holds_runs(folder: Path) -> bool:
    """Whether this is the folder of a comparison or of a study."""
    return any((folder / name).is_file() for name in ("comparison.json", "study.json"))


def score_runs(folder: Path) -> tuple[list[Scored], int]:
    """The scores of all complete runs of a comparison or a study, and how many failed.

    Where a study kept no series, the metrics are those computed when the run was made. Raises NotARun, naming the file,
    and IncompleteRun if not one run is complete.
    """
    points: dict[str, str] = {}
    strategies: list[str] = []  # in the order that the user gave
    for name in ("comparison.json", "study.json"):
        for run in read_json(folder / name).get("runs", ()) if (folder / name).is_file() else ():
            strategies.append(str(run["strategy"]))
            if "run" in run:
                points[run["run"]] = str(run["point"])
    rank = {name: k for k, name in enumerate(dict.fromkeys(strategies))}
    scored: list[Scored] = []
    failed = 0
    manifests = sorted((folder / "runs").glob("*/manifest.json"))
    for path in manifests:
        manifest, name = read_json(path), path.parent.name
        if manifest["status"] != "complete":
            failed += 1
            continue
        score = score_run(read_run(path.parent)) if (path.parent / "series").is_dir() else _read_score(path.parent)
        case = ", ".join(filter(None, (str(manifest["scenario"]), points.get(name, ""))))
        scored.append(Scored(name, case, str(manifest["strategy"]), int(manifest["seed"]), score))
    if not scored:
        raise IncompleteRun(f"{folder}: none of its {len(manifests)} runs is complete, so there is nothing to score")
    return sorted(scored, key=lambda run: rank.get(run.strategy, len(rank))), failed


def _read_score(folder: Path) -> Score:
    """A run's ``metrics.csv``. Raises NotARun."""

    def number(text: str) -> float | None:
        return float(text) if text else None

    try:
        with (folder / METRICS_FILE).open(encoding="utf-8", newline="") as file:
            return {
                row["metric"]: Value(number(row["value"]), row["note"], number(row["low"]), number(row["high"]))
                for row in csv.DictReader(file)
            }
    except (OSError, KeyError, ValueError) as error:
        raise NotARun(f"{folder / METRICS_FILE}: {error}") from error


def several_text(runs: Sequence[Scored]) -> str:
    """A table per case, a column per strategy; several seeds as ``mean [min..max]``."""
    lines: list[str] = []
    for case, strategies, rows in _tables(runs):
        lines += [case, "=" * len(case), *column_tables("", strategies, [("", rows)])]
    seeds = sorted({run.seed for run in runs})
    return "\n".join([*lines, *([f"Mean [min..max] over {len(seeds)} seeds."] if len(seeds) > 1 else [])]) + "\n"


def several_markdown(runs: Sequence[Scored]) -> str:
    """As ``several_text``, as Markdown."""
    lines: list[str] = []
    for case, strategies, rows in _tables(runs):
        lines += [f"## {case}", "", f"| metric | unit | {' | '.join(strategies)} |"]
        lines.append("|---|---|" + "---:|" * len(strategies))
        lines += [f"| {label} | {unit} | {' | '.join(values)} |" for label, unit, values in rows]
        lines.append("")
    return "\n".join(lines)


def several_csv(runs: Sequence[Scored]) -> str:
    """One line per run and metric: run, scenario (and point), strategy, seed, then as a run's own ``metrics.csv``."""
    rows = [(run.name, run.case, run.strategy, run.seed, *cells) for run in runs for cells in score_cells(run.score)]
    columns = ["run", "scenario", "strategy", "seed", *COLUMNS]
    return pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n")


def _tables(runs: Sequence[Scored]) -> list[tuple[str, list[str], list[tuple[str, str, list[str]]]]]:
    table = pd.DataFrame(
        [
            {"case": run.case, "strategy": run.strategy}
            | {name: run.score[name].value if name in run.score else None for name in METRICS}
            for run in runs
        ]
    )
    found: list[tuple[str, list[str], list[tuple[str, str, list[str]]]]] = []
    for case, mine in table.groupby("case", sort=False):
        strategies = list(dict.fromkeys(mine["strategy"]))
        found.append((str(case), strategies, metric_rows(mine, strategies)))
    return found


SEVERAL_FORMS: dict[str, Callable[[Sequence[Scored]], str]] = {
    "text": several_text, "csv": several_csv, "markdown": several_markdown,
}  # fmt: skip
"""Form of output by name."""
