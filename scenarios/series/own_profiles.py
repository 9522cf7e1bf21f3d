"""Series that a network brings with it: the loads of its buses and the sun of its units over a year, by its clock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..local_clock import LocalClock
from ..reading.problems import Problem
from ..schema.scenario import Scenario
from ..view import GridView
from .from_csv import Series


class ShapedLoad(NamedTuple):
    """A load: peaks, and the names of the shapes that they are multiplied by."""

    p_kw: float
    p_shape: str
    q_kvar: float
    q_shape: str


@dataclass(frozen=True)
class OwnProfiles:
    """Shapes by name, a value for each ``step_min`` of real time from ``start`` on, by the clock of ``timezone``.

    ``load``: the loads of a bus. ``sun``: power at a shape of 1 over the rating of an element, and the shape's name.
    ``source`` names the network to people.
    """

    source: str
    start: datetime
    timezone: str
    step_min: float
    shapes: Mapping[str, np.ndarray]
    load: Mapping[str, tuple[ShapedLoad, ...]]
    sun: Mapping[str, tuple[float, str]]

    @property
    def rows(self) -> int:
        return len(next(iter(self.shapes.values()), ()))

    def window(self, scenario: Scenario, file: str, problems: list[Problem]) -> tuple[slice, np.ndarray] | None:
        """Rows that cover a scenario's window, and their edges in minutes from its start; None, and a problem, where
        they do not, or go by another clock."""
        way_out = "or set network.profiles: false for class curves and clear sky"
        if scenario.site.timezone != self.timezone:
            remedy = f"the profiles of {self.source} go by the clock of {self.timezone}; write that, {way_out}"
            problems.append(Problem(file, "site.timezone", scenario.site.timezone, remedy))
            return None
        clock = LocalClock(self.start, self.timezone)
        begin_min = next(iter(clock.minutes(scenario.outage.start)), None)
        if begin_min is None:  # told of by others
            return None
        first = math.floor(begin_min / self.step_min)
        last = math.ceil((begin_min + scenario.outage.duration_min) / self.step_min)
        if first < 0 or last > self.rows:
            end = clock.shows(self.rows * self.step_min)
            told = f"from {self.start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
            remedy = f"the profiles of {self.source} are {told}; let the outage lie there, {way_out}"
            problems.append(Problem(file, "outage.start", scenario.outage.start.isoformat(), remedy))
            return None
        return slice(first, last), np.arange(first, last + 1) * self.step_min - begin_min


def own_series(
    profiles: OwnProfiles,
    scenario: Scenario,
    view: GridView,
    factors: Mapping[str, float],
    elements: Mapping[str, str],
    file: str,
    problems: list[Problem],
) -> dict[str, Series]:
    """``load`` by LA (kW, and kvar as ``LA:q``) and ``pv`` by unit (per unit of its rating), as far as they are used.

    ``factors``: bus → what the scenario multiplies its loads by; none where they are not the network's. ``elements``:
    PV unit → element, by number.
    """
    sun = {unit: profiles.sun[element] for unit, element in elements.items() if element in profiles.sun}
    if not sun and not factors:
        return {}
    if (window := profiles.window(scenario, file, problems)) is None:
        return {}
    rows, edges_min = window
    shapes = {name: values[rows] for name, values in profiles.shapes.items()}
    load: dict[str, np.ndarray] = {}
    for area in view.local_areas.values():
        loads = [(factors[bus], one) for bus in area.buses if bus in factors for one in profiles.load.get(bus, ())]
        if loads:
            zero = np.zeros(len(edges_min) - 1)
            load[area.id] = sum((factor * one.p_kw * shapes[one.p_shape] for factor, one in loads), zero)
            load[f"{area.id}:q"] = sum((factor * one.q_kvar * shapes[one.q_shape] for factor, one in loads), zero)
    pv = {unit: share * shapes[shape] for unit, (share, shape) in sun.items()}
    place = Path(profiles.source)
    return {kind: Series(place, edges_min, columns) for kind, columns in (("load", load), ("pv", pv)) if columns}
