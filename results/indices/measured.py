"""What the index system needs to know of a case from simulation: filled by sim/, read by the formulas.

Powers are kW, energies kWh. A part that could not be simulated is None; ``missing`` says what it would need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

NORMAL_COLUMNS = (
    "operation", "time_min", "demand_kw", "pv_kw", "ess_kw", "import_kw", "export_kw", "losses_kw",
    "vm_min_pu", "vm_max_pu", "loading_max_pct",
)  # fmt: skip
"""normal_operation.csv: a row per operation and step. ``ess_kw`` is discharge (+) and charge (−) of all storage;
``import_kw`` and ``export_kw`` are summed over infeeds; ``demand_kw`` includes customers whom no infeed reaches."""

NO_UNITS, PV_ONLY, LEVELLED = "no local units", "PV, storage idle", "PV, storage levels import"
"""The operations simulated: nothing local runs (the baseline), PV runs, PV runs and storage levels the import."""


@dataclass(frozen=True)
class NormalOperation:
    """Grid-connected operation over ``period``, in steps of ``step_min``; ``table`` has NORMAL_COLUMNS.

    ``notes`` tell what had to be assumed of switches and infeeds. ``infeed_kva`` is the rating of all infeeds, None
    where the network does not tell it. ``power_factor`` is that of the users at their largest demand.
    """

    period: str
    step_min: float
    table: pd.DataFrame
    infeed_kva: float | None
    power_factor: float
    notes: tuple[str, ...] = ()

    def power(self, operation: str, column: str) -> np.ndarray:
        """A column of one operation (kW)."""
        return self.table.loc[self.table["operation"] == operation, column].to_numpy(dtype=float)

    def energy_kwh(self, operation: str, column: str) -> float:
        """Sum of a column's positive part over the period."""
        return float(self.power(operation, column).clip(min=0).sum()) * self.step_min / 60

    def charge_kwh(self, operation: str) -> float:
        """Energy that storage took in."""
        return float((-self.power(operation, "ess_kw")).clip(min=0).sum()) * self.step_min / 60


NO_RATING = "no rating is known"
"""In place of a CapacityBound's element where the network's data hold no limit of its kind."""


@dataclass(frozen=True)
class CapacityBound:
    """Largest PV capacity that one kind of limit allows, and the element that sets it.

    ``capacity_kw`` None: not reached up to ``searched_kw``, beyond which nothing was tried or no power flow exists.
    """

    kind: str
    capacity_kw: float | None
    element: str
    searched_kw: float


@dataclass(frozen=True)
class CarryingCapacity:
    """Result of a search for the PV capacity a network can take. ``pattern`` says where the PV stands."""

    pattern: str
    conditions: str
    demand_kw: float
    bounds: tuple[CapacityBound, ...]

    @property
    def binding(self) -> CapacityBound | None:
        """The lowest bound; None if no bound was reached."""
        reached = [bound for bound in self.bounds if bound.capacity_kw is not None]
        return min(reached, key=lambda bound: bound.capacity_kw or 0.0, default=None)


@dataclass(frozen=True)
class RemoteOperation:
    """How much of the network is operated remotely: feeders, and branches with a switch of their own."""

    feeders: int
    automated_feeders: int
    branches: int
    remote_branches: int


@dataclass(frozen=True)
class OutageRun:
    """A co-simulated outage: its ``local_area`` table, length of each step (h), households of every LA (weights)."""

    strategy: str
    seed: int
    duration_h: float
    local_area: pd.DataFrame
    step_hours: Mapping[float, float]
    households: Mapping[str, float]
    households_are: str


@dataclass(frozen=True)
class Measured:
    """All of it, for one case."""

    scenario: str
    installed_pv_kw: float
    automation: RemoteOperation
    outage: OutageRun
    normal: NormalOperation | None = None
    capacities: tuple[CarryingCapacity, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    """``normal``, ``infeed_kva`` or ``capacities`` → what the case would need for it"""
