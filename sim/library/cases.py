"""Cases: load them by name or path, with other values, and tell what is in them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...scenarios.case import Case
from ...scenarios.explain import explain as in_words
from ...scenarios.loader import changed_case, load_case, shipped_scenarios

Source = Case | str | os.PathLike[str]
"""A case, or what ``load`` takes."""
Overrides = Mapping[str, Any]


def shipped() -> list[str]:
    """Names of the scenarios that ship with Relight.

    Returns:
        Names that ``load``, ``run``, ``compare`` and every command take, in alphabetical order.

    Examples:
        >>> "guo45/fault-1000" in relight.shipped()
        True
    """
    return shipped_scenarios()


def load(source: Source, *, seed: int | None = None, overrides: Overrides | None = None) -> Case:
    """Load a scenario, its network and its series, and check all of it.

    Args:
        source: A YAML file, a shipped name such as `guo45/fault-1000`, or a case, which is loaded again with what is
            given here.
        seed: In place of the scenario's own; load, sun and surprises are drawn from it.
        overrides: Other values by their path in the file, as `--set` takes them on the command line. A value that is
            a mapping changes the keys that it names and leaves the others (one with a `kind` replaces the part);
            lists are replaced. Units stand in the names of keys: `duration_min`, `peak_kw`.

    Returns:
        The case. It is not changed by anything that is done with it.

    Raises:
        ScenarioError: Everything that is wrong, at once: file, key, value and what would be right.

    Examples:
        >>> case = relight.load("guo45/fault-1000", seed=3, overrides={"outage.duration_min": 60})
        >>> case.scenario.seed, case.scenario.outage.duration_min
        (3, 60)
        >>> relight.load(case, overrides={"load": {"peak_kw": 3000}}).scenario.load.peak_kw
        3000.0
    """
    if isinstance(source, Case):
        return changed_case(source, overrides or {}, seed)
    return load_case(os.fspath(source), overrides or {}, seed)


def explain(case: Source) -> str:
    """What is in a case, in words: the text of `relight check`.

    Args:
        case: A case, or what `load` takes.

    Returns:
        Paragraphs of at most 80 columns: outage, network, sections, local areas, units, load, clock; kW, kVA, kWh.

    Raises:
        ScenarioError: As `load`.

    Examples:
        >>> print(relight.explain("guo45/fault-1000").splitlines()[1].strip())
        scenario guo45/fault-1000, seed 0
    """
    return in_words(load(case))


def path_of(place: str | os.PathLike[str] | None) -> Path | None:
    """A path however it was written; None stays."""
    return None if place is None else Path(place)
