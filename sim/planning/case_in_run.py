"""A run's network at a later minute: its faults, units and infeeds by then, as its dispatch centre could know them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ...controllers.centre.known_world import Facts, changed_view
from ...results.run.read import read_table
from ...results.run.recorder import COLUMNS, table_path
from ...results.run.tables import OPTIONAL
from ...scenarios.case import Case
from ...scenarios.kinds.events import EventKind


def case_in_run(folder: Path, case: Case, at_min: float) -> Case:
    """The case with the network as the run's tables tell it at ``at_min``, up to the step before.

    Repaired faults are gone and later ones are there, units that failed are missing, infeeds with voltage again are
    live. Raises ``NotARun`` if tables are missing.
    """
    if at_min <= 0:
        return case
    events = _table(folder, "events")
    events = events[events["time_min"] < at_min]
    view = case.view
    areas = _table(folder, "local_area")
    last = areas[areas["time_min"] == areas["time_min"][areas["time_min"] < at_min].max()]
    dark = set(last["local_area"][last["in_outage_area"] == 1]) & set(view.local_areas)
    facts = Facts(
        faults=frozenset(map(view.fault_place, _now(events, view.faults, "branch_faulted", "branch_repaired"))),
        failed=frozenset(_now(events, (), "unit_tripped", "unit_back")) & set(view.local_units),
        infeeds=frozenset(_now(events, (), "infeed_returned", None)) & set(view.infeeds),
        lost=frozenset(dark - set(view.lost_areas)),
    )
    if facts == Facts(faults=frozenset(map(view.fault_place, view.faults))):
        return case
    return replace(case, view=changed_view(view, facts))


def _table(folder: Path, table: str) -> pd.DataFrame:
    return read_table(folder / table_path(table), COLUMNS[table], OPTIONAL.get(table, ()))


def _now(events: pd.DataFrame, at_first: Collection[str], begins: EventKind, ends: EventKind | None) -> set[str]:
    """Elements that something has befallen and that have not recovered."""
    found = set(at_first)
    for kind, element in zip(events["kind"], events["element"], strict=True):
        if kind == begins:
            found.add(element)
        elif kind == ends:
            found.discard(element)
    return found
