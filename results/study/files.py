"""A study's folder: tables, figures and study.json, written from the runs in it and the study's own file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import ValidationError

from ...scenarios.reading.yaml_text import read_yaml, write_yaml
from ...scenarios.studies.schema import Study
from ..comparison.measures import MEASURES, read_measures
from ..comparison.text import table_csv
from ..figures import style
from ..run.read import NotARun, read_json
from ..run.writing import write_json, write_text
from .bounds import read_bounds
from .figures import StudyFigure, study_figures
from .tables import StudyShape, StudyTables, tabulate
from .text import as_latex, as_markdown, list_figures

RUNS = "runs"


def shape_of(study: Study, called: Mapping[str, str]) -> StudyShape:
    """``called``: strategy as the study writes it → its name in the tables."""
    return StudyShape(
        parameters=tuple(axis.name for axis in study.parameters),
        sampled=tuple(one.name for one in study.sample.ranges) if study.sample else (),
        strategies=tuple(called[one] for one in study.strategies),
        reference=called[study.compared_with],
        measures=study.measures,
        statistics=study.statistics,
    )


def write_start(
    folder: Path, study: Study, command: str, called: Mapping[str, str], runs: Sequence[dict[str, Any]]
) -> None:
    """Write what a study is about to do: study.yaml, and study.json with what each run is and what strategies are
    ``called`` in the tables."""
    write_text(folder / "study.yaml", write_yaml(study.model_dump(mode="json")))
    content = {"name": study.name, "status": "incomplete", "command": command, "strategies": dict(called), "runs": runs}
    write_json(folder / "study.json", content)


def write_results(folder: Path) -> tuple[StudyTables, StudyShape]:
    """Write all tables and figures of a study whose runs are done; return the tables. Wall times stay in the runs.

    Same runs, same bytes. Raises NotARun for a folder that is no study's or lacks a run, DifferentWorlds.
    """
    study, content = read_study(folder)
    shape = shape_of(study, content.get("strategies") or {one: one for one in study.strategies})
    runs = read_runs(folder, content["runs"], shape.parameters)
    bounds = read_bounds([folder / RUNS / name for name in runs["run"]], runs)
    tables = replace(tabulate(runs, shape), bounds=bounds)
    for name in ("runs", "strategies", "paired", "profiles", "sensitivity", "bounds"):
        write_text(folder / f"{name}.csv", table_csv(getattr(tables, name)))
    (folder / "ladder.csv").unlink(missing_ok=True)  # of rungs that are no longer asked for
    if len(tables.ladder):
        write_text(folder / "ladder.csv", table_csv(tables.ladder))
    title, command = study.title or study.name, content["command"]
    write_text(folder / "study.md", as_markdown(tables, shape, title, command))
    write_text(folder / "study.tex", as_latex(tables, shape, command))
    figures = study_figures(tables, shape)
    draw(folder, figures, shape, {axis.name: axis.label or axis.name for axis in study.parameters})
    write_text(folder / "figures" / "README.md", list_figures([(f.name, f.shows) for f in figures], command))
    failed = int((tables.runs["status"] != "complete").sum())
    counts = {"runs": len(tables.runs), "complete": len(tables.runs) - failed, "failed": failed}
    write_json(folder / "study.json", {**content, "status": "incomplete" if failed else "complete", "counts": counts})
    return tables, shape


def draw(folder: Path, figures: Sequence[StudyFigure], shape: StudyShape, labels: dict[str, str]) -> list[Path]:
    """Draw figures as PDF and PNG with their data as CSV beside them; return the files."""
    files: list[Path] = []
    with style.house_style():
        for figure in figures:
            files += style.save(figure.draw(figure.data, shape, labels), folder / "figures" / figure.name)
            write_text(folder / "figures" / f"{figure.name}.csv", table_csv(figure.data))
            files.append(folder / "figures" / f"{figure.name}.csv")
    return files


def redraw(folder: Path) -> list[Path]:
    """Write a finished study's tables and figures again; return the figures' files. Raises NotARun."""
    _, content = read_study(folder)
    if "counts" not in content:
        raise NotARun(f"{folder}: this study was not finished; go on with relight study … --resume")
    write_results(folder)
    return sorted(path for path in (folder / "figures").iterdir() if path.suffix != ".md")


def read_study(folder: Path) -> tuple[Study, dict[str, Any]]:
    """study.yaml and study.json of a folder. Raises NotARun."""
    content = read_json(folder / "study.json")
    try:
        study = Study.model_validate(read_yaml((folder / "study.yaml").read_text(encoding="utf-8")))
    except (OSError, ValidationError, yaml.YAMLError) as error:
        raise NotARun(f"{folder / 'study.yaml'}: {error}") from error
    return study, content


def read_runs(folder: Path, runs: Sequence[dict[str, Any]], parameters: Sequence[str]) -> pd.DataFrame:
    """One row per run in the study's order: what it was, its status and reason, and its measures if it is complete.

    Raises NotARun if a run is missing.
    """
    rows: list[dict[str, Any]] = []
    for run in runs:
        manifest = read_json(folder / RUNS / run["run"] / "manifest.json")
        row = {key: run[key] for key in ("scenario", "point", "strategy", "seed")}
        row |= {name: run["values"][name] for name in parameters}
        row |= {"status": manifest["status"], "reason": manifest["reason"], "run": run["run"]}
        if manifest["status"] == "complete":
            row |= read_measures(folder / RUNS / run["run"])
        rows.append(row)
    table = pd.DataFrame(rows)
    keys = ["scenario", "point", *parameters, "strategy", "seed", "status", "reason", "run"]
    table = table[[*keys, *(name for name in MEASURES if name in table)]]
    counts = [name for name in table if str(name).startswith(("violations_", "cut_by_clock"))]
    table.loc[table["status"] == "complete", counts] = table.loc[table["status"] == "complete", counts].fillna(0)
    return table
