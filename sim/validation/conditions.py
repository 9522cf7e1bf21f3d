"""What a plan is judged against: demand and sun over the window, forecast or actual, and the state it starts from."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...controllers.exchange.messages import Forecast, LocalAreaMeasurement, UnitMeasurement
from ...scenarios.case import Case
from ..series.profiles import Profiles

EVER_MIN = 1e6
"""How long buses outside the outage area are taken to have been energised: longer than any delay."""
_EPS_MIN = 1e-9


@dataclass(frozen=True)
class Conditions:
    """Demand (kW, kvar) by LA and available power (per unit of rating) by PV unit, constant between ``edges_min``.

    Arrays have one entry fewer than ``edges_min``, which starts at 0 (the outage) and ends with the window.
    """

    edges_min: np.ndarray
    demand_kw: Mapping[str, np.ndarray]
    demand_kvar: Mapping[str, np.ndarray]
    pv_pu: Mapping[str, np.ndarray]

    def index(self, time_min: float) -> int:
        """Which interval holds a time; the last one for its end."""
        k = int(np.searchsorted(self.edges_min, time_min + _EPS_MIN, side="right")) - 1
        return min(max(k, 0), len(self.edges_min) - 2)

    def weights(self, start_min: float, end_min: float) -> np.ndarray:
        """Each interval's share of [start_min, end_min), inside the window; a mean is (series * weights).sum()."""
        lengths = np.diff(np.clip(self.edges_min, start_min, end_min))
        return lengths / lengths.sum()


def forecast(case: Case, profiles: Profiles, issued_min: float = 0.0) -> Conditions:
    """What was forecast at ``issued_min``, per plan step; its first value stands for the time before."""
    return as_forecast({la: profiles.forecast(la, issued_min) for la in case.view.local_areas}, profiles.duration_min)


def as_forecast(series: Mapping[str, Forecast], duration_min: float) -> Conditions:
    """These forecasts, by LA and all from the same time on; their first values stand for the time before."""
    starts = next(iter(series.values()))["step_start_min"]
    over = [0.0] if starts and starts[0] > 0 else []

    def padded(values: list[float]) -> np.ndarray:
        return np.array([*values[: len(over)], *values])

    return Conditions(
        np.array([*over, *starts, float(duration_min)]),
        {la: padded(one["demand_p_kw"]) for la, one in series.items()},
        {la: padded(one["demand_q_kvar"]) for la, one in series.items()},
        {unit: padded(pu) for one in series.values() for unit, pu in one["pv_pu"].items()},
    )


def actual(case: Case, profiles: Profiles) -> Conditions:
    """What really happens, per simulation step."""
    edges = np.arange(0, profiles.duration_min + 1, profiles.sim_step_min, dtype=float)
    demand = [profiles.demand(time) for time in edges[:-1]]
    pv = [profiles.pv_pu(time) for time in edges[:-1]]
    return Conditions(
        edges,
        {la: np.array([step[la][0] for step in demand]) for la in case.view.local_areas},
        {la: np.array([step[la][1] for step in demand]) for la in case.view.local_areas},
        {unit: np.array([step[unit] for step in pv]) for unit in case.view.pv},
    )


@dataclass(frozen=True)
class StartState:
    """The state a plan starts from.

    ``closed``: every branch, closed or not. ``energised_min``: minutes since a bus was energised, dark buses left out.
    ``units``: what was metered of each unit but the infeeds. ``supply_changes``: times at which the customers of an LA
    lost supply, got it back … (see ``LocalAreaMeasurement``), where that is known.
    """

    closed: Mapping[str, bool]
    energised_min: Mapping[str, float]
    units: Mapping[str, UnitMeasurement]
    supply_changes: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def changes_min(self, la: str, bus: str) -> Sequence[float]:
        """Changes of an LA's supply so far; where that is not known, one loss at the fault if its bus is dark."""
        return self.supply_changes.get(la, () if bus in self.energised_min else (0.0,))

    @classmethod
    def after_fault(cls, case: Case) -> StartState:
        """Just after the fault: the outage area dark, the rest live for long, units off, storage as in the scenario."""
        view = case.view
        return cls(
            {b.id: b.closed and not b.faulted for b in view.branches.values()},
            {bus: EVER_MIN for bus in view.buses if bus not in view.outage_area},
            {
                unit: UnitMeasurement(
                    p_kw=0.0,
                    q_kvar=0.0,
                    state="off",
                    state_min=0.0,
                    p_min_kw=0.0,
                    p_max_kw=0.0,
                    discharge_kwh=view.ess[unit].discharge_kwh if unit in view.ess else 0.0,
                    charge_kwh=view.ess[unit].charge_kwh if unit in view.ess else 0.0,
                )
                for unit in view.local_units
            },
        )

    @classmethod
    def measured(
        cls, case: Case, measurements: Mapping[str, LocalAreaMeasurement], switch_closed: Mapping[str, bool]
    ) -> StartState:
        """As gateways and field terminals report it: measurements by LA, switchable branches closed or not."""
        view = case.view
        live = {la: m["energised_min"] for la, m in measurements.items() if m["energised"]}
        return cls(
            {b.id: switch_closed.get(b.id, not b.faulted) for b in view.branches.values()},
            {bus: live[la] for bus, la in view.local_area_of_bus.items() if la in live},
            {unit: metered for m in measurements.values() for unit, metered in m["units"].items()},
            {la: m["supply_changes_min"] for la, m in measurements.items() if "supply_changes_min" in m},
        )


def cut(start_min: float, end_min: float, edges_min: Iterable[float]) -> list[tuple[float, float]]:
    """[start, end) cut at the edges that lie inside it."""
    inside = sorted({float(edge) for edge in edges_min if start_min + _EPS_MIN < edge < end_min - _EPS_MIN})
    points = [start_min, *inside, end_min]
    return list(itertools.pairwise(points))
