"""Studies: reading their files and laying them out as points of parameters, each a list of overrides of a scenario."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..reading.other_kinds import refuse_content, refuse_place
from ..reading.problems import PACKAGE_FOLDER, Problem, ScenarioError, listed, meant
from ..reading.wording import in_plain_words
from ..reading.yaml_text import read_mapping
from .schema import Range, Sampling, Setting, Study

STUDIES = "studies"
"""Folder of the shipped studies."""


@dataclass(frozen=True)
class Point:
    """One point of a study's parameters: their values by name, and the overrides of the scenario they mean."""

    label: str
    values: dict[str, Any]
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class LoadedStudy:
    """A study with the file it came from, its scenarios as ``load_case`` takes them, its points, and its strategies as
    ``strategy_named`` takes them."""

    study: Study
    file: str
    sources: tuple[str, ...]
    points: tuple[Point, ...]
    strategies: tuple[str, ...]


def shipped_studies() -> list[str]:
    """Names of the studies that ship with Relight, e.g. ``studies/paper-comparison``."""
    return [f"{STUDIES}/{path.stem}" for path in sorted((PACKAGE_FOLDER / STUDIES).glob("*.yaml"))]


def load_study(source: str | Path) -> LoadedStudy:
    """Read a study, a YAML file or a shipped name, and lay out its points; its scenarios are not opened.

    Raises ``ScenarioError`` with every problem found.
    """
    refuse_place(str(source), "study")
    path, file = _find(str(source))
    data = read_mapping(path, file, "docs/studies.md")
    refuse_content(data, file, "study")
    try:
        study = Study.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(_problems(error, file)) from error
    folder = path.resolve().parent
    sources = tuple(_scenario(name, folder) for name in study.scenarios)
    return LoadedStudy(study, file, sources, points_of(study), tuple(_strategy(s, folder) for s in study.strategies))


def points_of(study: Study) -> tuple[Point, ...]:
    """Every point of a study, in order: the grid's last axis changes fastest, samples within each point of the grid.

    A study without parameters has one point without values.
    """
    axes: list[list[tuple[dict[str, Any], Setting]]] = [
        [({axis.name: name}, setting) for name, setting in axis.cases.items()]
        or [({axis.name: value}, dict.fromkeys(axis.paths, value)) for value in axis.values]
        for axis in study.grid
    ]
    if study.sample:
        axes.append([(values, _settings(study.sample, values)) for values in draw(study.sample)])
    points: list[Point] = []
    for number, chosen in enumerate(itertools.product(*axes)):
        values: dict[str, Any] = {}
        settings = dict(study.set)
        for own, setting in chosen:
            values, settings = values | own, settings | setting
        label = ", ".join(f"{name}={_shown(value)}" for name, value in values.items())
        overrides = tuple(f"{path}={json.dumps(value, ensure_ascii=False)}" for path, value in settings.items())
        points.append(Point(label if not study.sample else f"{number}", values, overrides))
    return tuple(points)


def draw(sampling: Sampling) -> list[dict[str, float | int]]:
    """The samples' values by parameter, to six significant digits.

    Latin hypercube: McKay, Beckman, Conover, Technometrics 21(2), 1979; each range is cut into ``count`` equal parts
    and each part holds one sample.
    """
    import numpy as np
    from scipy.stats import qmc

    ranges, rng = sampling.ranges, np.random.default_rng(sampling.seed)
    if sampling.method == "latin_hypercube":
        unit = qmc.LatinHypercube(d=len(ranges), rng=rng).random(sampling.count)
    else:
        unit = rng.random((sampling.count, len(ranges)))
    return [{r.name: _scaled(r, float(u)) for r, u in zip(ranges, row, strict=True)} for row in unit]


def _scaled(parameter: Range, u: float) -> float | int:
    low, high = parameter.low, parameter.high
    if parameter.integer:
        high += 1  # both ends are as likely as any number between them
    value = low * (high / low) ** u if parameter.scale == "log" else low + u * (high - low)
    return min(int(value), int(parameter.high)) if parameter.integer else float(f"{value:.6g}")


def _settings(sampling: Sampling, values: dict[str, Any]) -> Setting:
    return {path: values[r.name] for r in sampling.ranges for path in r.paths}


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _find(source: str) -> tuple[Path, str]:
    path = Path(source)
    if path.is_file():
        return path, path.name if path.is_absolute() else source
    if source in shipped_studies():
        return PACKAGE_FOLDER / f"{source}.yaml", source
    shipped = shipped_studies()
    remedy = f"no such file and no shipped study; shipped: {listed(shipped, limit=100)}{meant(source, shipped)}"
    raise ScenarioError([Problem(source, "", None, remedy)])


def _scenario(name: str, folder: Path) -> str:
    """A scenario as ``load_case`` takes it: a file beside the study goes before a shipped name."""
    for candidate in (folder / name, folder / f"{name}.yaml"):
        if candidate.is_file():
            return str(candidate)
    return name


def _strategy(name: str, folder: Path) -> str:
    """A strategy as ``strategy_named`` takes it: a file beside the study, by its whole path, so that any process finds
    it; else one in the current folder, else a name."""
    file, colon, class_name = name.rpartition(":")
    for path in (folder / file, Path(file)) if colon else ():
        if path.is_file():
            return f"{path.resolve()}:{class_name}"
    return name


def _problems(error: ValidationError, file: str) -> list[Problem]:
    """Pydantic's complaints in our words."""
    found: list[Problem] = []
    items = error.errors()
    places = {item["loc"][:k] for item in items for k in range(len(item["loc"]))}
    for item in items:
        if item["type"] == "too_short" and item["loc"] in places:
            continue  # it has items, which are wrong themselves
        field = ".".join(str(key) for key in item["loc"])
        unknown = item["type"] == "extra_forbidden"
        remedy = "unknown key; relight schema study lists the known ones" if unknown else in_plain_words(item)
        value = None if item["type"] == "missing" or isinstance(item["input"], dict) else item["input"]
        found.append(Problem(file, field, value, remedy))
    return found
