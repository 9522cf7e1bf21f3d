"""A study: scenarios × strategies × parameters × seeds, and what is made of the results, as a YAML file."""

from __future__ import annotations

import itertools
import math
import re
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from ..schema.parts import FolderName, Part, Seed

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", description="A column of the tables.")]
Setting = dict[str, JsonValue]
"""Path in the scenario → value, as with ``--set``."""


MOST_SEEDS = 10_000
MOST_RUNS = 1_000_000
"""Of one study: some months on one machine."""


class Axis(Part):
    """A parameter of a grid: values of one path (or the same value of several), or named cases of several settings."""

    name: Name
    label: str = Field(default="", description="With its unit, for figures; empty: the name.")
    path: str | tuple[str, ...] | None = Field(default=None, description="Path(s) in the scenario, e.g. load.peak_kw.")
    values: tuple[JsonValue, ...] = Field(default=(), description="Values of the path.")
    cases: dict[str, Setting] = Field(default_factory=dict, description="Name of a case → its settings.")

    @model_validator(mode="after")
    def _one_kind(self) -> Axis:
        if bool(self.path and self.values) == bool(self.cases) or bool(self.path) != bool(self.values):
            raise ValueError("give either path and values, or cases")
        if len({str(value) for value in self.values}) < len(self.values):
            raise ValueError("the same value stands twice in values")
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,) if isinstance(self.path, str) else self.path or ()

    @property
    def setting_paths(self) -> frozenset[str]:
        """Every path that some point sets."""
        return frozenset((*self.paths, *(path for case in self.cases.values() for path in case)))


class Range(Part):
    """A parameter of random samples: uniform between two ends, on a linear or a logarithmic scale."""

    name: Name
    label: str = Field(default="", description="With its unit, for figures; empty: the name.")
    path: str | tuple[str, ...] = Field(description="Path(s) in the scenario, e.g. load.peak_kw.")
    low: Annotated[float, Field(ge=-1e9, le=1e9)] = Field(description="Lower end.")
    high: Annotated[float, Field(ge=-1e9, le=1e9)] = Field(description="Upper end.")
    scale: Literal["linear", "log"] = Field(default="linear", description="Of which the draw is uniform.")
    integer: bool = Field(default=False, description="Whole numbers, both ends included.")

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError("low < high must hold")
        if self.scale == "log" and not self.low > 0:
            raise ValueError("low > 0 must hold for scale: log")
        if self.integer and (self.low % 1 or self.high % 1):
            raise ValueError("low and high must be whole numbers for integer: true")
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,) if isinstance(self.path, str) else self.path

    @property
    def setting_paths(self) -> frozenset[str]:
        return frozenset(self.paths)


class Sampling(Part):
    """Points drawn at random over all ranges at once; the seed fixes them."""

    method: Literal["latin_hypercube", "random"] = Field(default="latin_hypercube", description="How points are drawn.")
    count: Annotated[int, Field(gt=0, le=100_000)] = Field(description="Number of points.")
    seed: Seed = Field(default=0, description="Of the points; runs have seeds of their own.")
    ranges: Annotated[tuple[Range, ...], Field(min_length=1)] = Field(description="The parameters drawn.")


class Statistics(Part):
    """How intervals are computed (docs/studies.md)."""

    confidence: Annotated[float, Field(gt=0, lt=1)] = Field(default=0.95, description="Of every interval.")
    resamples: Annotated[int, Field(ge=100, le=1_000_000)] = Field(default=10_000, description="Of the bootstrap.")
    seed: Seed = Field(default=0, description="Of the bootstrap; nothing else depends on it.")


class Study(Part):
    """A comparison study. Every strategy meets the same worlds: each scenario, point of parameters and seed."""

    schema_version: Literal[1] = Field(default=1, description="Of this form.")
    name: FolderName = Field(description="In tables and folder names.")
    title: str = Field(default="", description="A line for people.")
    scenarios: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="Shipped names, or YAML files relative to the study's folder."
    )
    strategies: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="As relight strategy list names them, or my_strategy.py:Class, relative to the study's folder."
    )
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1, max_length=MOST_SEEDS)] = Field(
        description="A list, or text such as 0..29."
    )
    set: Setting = Field(default_factory=dict, description="Settings of every run.")
    grid: tuple[Axis, ...] = Field(default=(), description="Every combination of their values.")
    sample: Sampling | None = Field(default=None, description="With a grid: every sample at every point of the grid.")
    reference: str | None = Field(default=None, description="The strategy the others are compared with; None: first.")
    measures: tuple[str, ...] = Field(
        default=("served_energy_mwh", "planned_energy_mwh", "interruptions", "switch_operations", "ac_violated_steps"),
        min_length=1,
        description="Measures in tables and statistics (docs/studies.md); the first is drawn.",
    )
    keep: Literal["summary", "series"] = Field(
        default="summary", description="Of each run: summary, events, metrics and manifest, or the whole folder."
    )
    statistics: Statistics = Field(default=Statistics(), description="Of intervals.")

    @field_validator("seeds", mode="before")
    @classmethod
    def _range(cls, seeds: Any) -> Any:
        if isinstance(seeds, int) and not isinstance(seeds, bool):
            return (seeds,)
        if not isinstance(seeds, str):
            return seeds
        numbers = re.fullmatch(r"([0-9]{1,18})\.\.([0-9]{1,18})", seeds)
        if not numbers or int(numbers[1]) > int(numbers[2]):
            raise ValueError("must be a list such as [1, 4, 7], or a range such as 0..29")
        low, high = int(numbers[1]), int(numbers[2])
        if high - low >= MOST_SEEDS:
            raise ValueError(f"takes {MOST_SEEDS} seeds at most")
        return tuple(range(low, high + 1))

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        wrong: list[str] = []
        for field in ("scenarios", "strategies", "seeds", "measures"):
            values = getattr(self, field)
            if len(set(values)) < len(values):
                wrong.append(f"{field}: the same value stands twice")
        if self.reference is not None and self.reference not in self.strategies:
            wrong.append(f"reference {self.reference!r} must be one of strategies")
        names = [axis.name for axis in self.parameters]
        wrong += [f"two parameters have the name {name!r}" for name in sorted(set(names)) if names.count(name) > 1]
        taken = sorted(set(names) & RESERVED)
        wrong += [f"a parameter cannot have the name {name!r}, a column of the tables" for name in taken]
        paths = [axis.setting_paths for axis in self.parameters]
        if "seed" in {path for some in (self.set, *paths) for path in some}:
            wrong.append("seed is no path of a study, whose runs have its own seeds; list them under seeds")
        wrong += [
            f"parameters {names[k]!r} and {names[n]!r} both set {min(one & other)}; one would undo the other"
            for (k, one), (n, other) in itertools.combinations(enumerate(paths), 2)
            if one & other
        ]
        count = len(self.scenarios) * len(self.strategies) * len(self.seeds) * (self.sample.count if self.sample else 1)
        count *= math.prod(len(axis.values) or len(axis.cases) for axis in self.grid)
        if count > MOST_RUNS:
            wrong.append(f"asks for {count:,} runs, more than {MOST_RUNS:,}; take fewer seeds, points or strategies")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def parameters(self) -> tuple[Axis | Range, ...]:
        return (*self.grid, *(self.sample.ranges if self.sample else ()))

    @property
    def compared_with(self) -> str:
        return self.reference or self.strategies[0]


RESERVED = frozenset({"scenario", "point", "strategy", "seed", "status", "reason", "run", "measure"})
"""Columns of every table of runs."""
