"""Demand and PV availability: what was forecast per plan step, and what really happens per simulation step.

The forecast is the mean course (load curves; clear sky times the mean clear-sky index). The actual series are that
course plus AR(1) noise: per local area for load, one common clear-sky index for all PV. Each noise series has its own
random stream, named after what it disturbs, so adding a unit or an area leaves all other series unchanged.
"""

from __future__ import annotations

import calendar
import math
import warnings
import zlib
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from controllers.messages import Forecast
from scenarios.case import Case
from scenarios.problems import Problem, ScenarioError
from scenarios.schema import Site
from scenarios.series import Series, interval_means, load_series

_CURVE_MIN = 15
_PV_INDEX_SD = 0.5
"""Standard deviation of the AR(1) process z before it is clipped to [-1, 1] [A]."""


class Profiles:
    """Forecast and actual series of a case, in minutes since the start of the outage.

    ``seed`` (None: the scenario's) drives the noise of the actual series; random load shares are part of the case.
    With ``perfect_forecast`` the actual values equal the forecast, held constant over each plan step.
    Raises ``ScenarioError`` if a CSV file changed for the worse since the case was loaded.
    """

    def __init__(self, case: Case, seed: int | None = None):
        scenario = case.scenario
        self._areas = case.view.local_areas
        self._pv_of_area = {area: [] for area in self._areas}
        for unit in case.view.pv:
            self._pv_of_area[case.view.local_area_of_unit(unit)].append(unit)
        self.plan_step_min, self.sim_step_min = scenario.clock.plan_step_min, scenario.clock.sim_step_min
        self.duration_min = scenario.outage.duration_min
        plan_edges = np.arange(0, self.duration_min + 1, self.plan_step_min, dtype=float)
        sim_edges = np.arange(0, self.duration_min + 1, self.sim_step_min, dtype=float)
        series = _checked_series(case)
        noise = _Noise(scenario.seed if seed is None else seed, self.sim_step_min, len(sim_edges) - 1)

        demand = _Demand(case)
        self._demand_forecast = demand.over(plan_edges, series.get("load.forecast_csv"))
        actual = demand.over(sim_edges, None)
        spread = scenario.load.actual
        for area, (p_kw, q_kvar) in actual.items():
            z = noise.draw(f"load {area}", spread.correlation_min)
            factor = np.maximum(1 + spread.sd_pct / 100 * z, 0)
            actual[area] = (p_kw * factor, q_kvar * factor)
        self._demand_actual = demand.replaced(actual, sim_edges, series.get("load.actual_csv"))

        pv, units = scenario.pv, tuple(case.view.pv)
        clear_sky = (
            _clear_sky_pu(scenario.site.model_dump_json(), scenario.outage.start, self.duration_min)
            * pv.performance_ratio
        )
        z = np.clip(_PV_INDEX_SD * noise.draw("clear-sky index", pv.correlation_min), -1, 1)
        index = pv.clear_sky_index * (1 + pv.variability_pct / 100 * z)
        expected = _step_means(clear_sky, plan_edges) * pv.clear_sky_index
        happened = _step_means(clear_sky, sim_edges) * index
        self._pv_forecast = _pv_series(units, expected, plan_edges, series.get("pv.forecast_csv"))
        self._pv_actual = _pv_series(units, happened, sim_edges, series.get("pv.actual_csv"))

        if scenario.perfect_forecast:
            repeat = self.plan_step_min // self.sim_step_min
            self._demand_actual = {
                area: (np.repeat(p_kw, repeat), np.repeat(q_kvar, repeat))
                for area, (p_kw, q_kvar) in self._demand_forecast.items()
            }
            self._pv_actual = {unit: np.repeat(values, repeat) for unit, values in self._pv_forecast.items()}

    def forecast(self, la_id: str, from_min: float) -> Forecast:
        """Forecast of a local area from ``from_min`` to the end of the window.

        The first step starts at ``from_min`` and carries the value of the plan step it lies in; the others are whole
        plan steps. Empty lists at the end of the window. Raises ``KeyError`` for an unknown area.
        """
        first = max(math.floor(from_min / self.plan_step_min), 0)
        starts = [float(start) for start in range(first * self.plan_step_min, self.duration_min, self.plan_step_min)]
        if starts and from_min > starts[0]:
            starts[0] = float(from_min)
        p_kw, q_kvar = self._demand_forecast[la_id]
        return Forecast(
            step_start_min=starts,
            demand_p_kw=p_kw[first:].tolist(),
            demand_q_kvar=q_kvar[first:].tolist(),
            pv_pu={unit: self._pv_forecast[unit][first:].tolist() for unit in self._pv_of_area[la_id]},
        )

    def demand(self, time_min: float) -> dict[str, tuple[float, float]]:
        """Actual demand (kW, kvar) of each local area in the simulation step that holds ``time_min``."""
        k = self._step(time_min)
        return {area: (float(p_kw[k]), float(q_kvar[k])) for area, (p_kw, q_kvar) in self._demand_actual.items()}

    def pv_pu(self, time_min: float) -> dict[str, float]:
        """Actual available PV power, per unit of rating, in the simulation step that holds ``time_min``."""
        k = self._step(time_min)
        return {unit: float(values[k]) for unit, values in self._pv_actual.items()}

    def _step(self, time_min: float) -> int:
        if not 0 <= time_min < self.duration_min:
            raise ValueError(f"minute {time_min:g} lies outside the window of {self.duration_min} min")
        return int(time_min // self.sim_step_min)


def _checked_series(case: Case) -> dict[str, Series]:
    problems: list[Problem] = []
    series = load_series(case.scenario, case.view, case.folder, case.scenario.name, problems)
    if problems:
        raise ScenarioError(problems)
    return series


class _Demand:
    """Mean course of each local area's demand: its buses' parts of the peak times their class curves."""

    def __init__(self, case: Case):
        scenario = case.scenario
        start, self._tan_phi = scenario.outage.start, math.tan(math.acos(scenario.load.power_factor))
        last = start + timedelta(minutes=scenario.outage.duration_min)
        self._edges = np.arange(-_CURVE_MIN, scenario.outage.duration_min + 2 * _CURVE_MIN, _CURVE_MIN, dtype=float)
        self._edges -= start.minute % _CURVE_MIN + start.second / 60
        times = [start + timedelta(minutes=float(minute)) for minute in self._edges[:-1]]
        curves = pd.concat([class_curves(year) for year in range(times[0].year, last.year + 1)])
        in_window = curves.loc[times]
        whole_day = curves.loc[datetime(start.year, start.month, start.day) :][: 24 * 60 // _CURVE_MIN]
        coincident, courses, reactive = np.zeros(len(whole_day)), {}, {}
        for area in case.view.local_areas.values():
            p_kw, q_kvar = np.zeros(len(in_window)), np.zeros(len(in_window))
            for bus in area.buses:
                peak_kw = case.base_load_kw[bus]
                peak_kvar = peak_kw * self._tan_phi if case.base_load_kvar is None else case.base_load_kvar[bus]
                curve, day = (_mixed(frame, case.mix_by_bus[bus]) for frame in (in_window, whole_day))
                p_kw, q_kvar = p_kw + peak_kw * curve, q_kvar + peak_kvar * curve
                coincident = coincident + peak_kw * day
            courses[area.id], reactive[area.id] = p_kw, q_kvar
        # The day's largest total demand is the sum of the buses' parts of the peak.
        scale = sum(case.base_load_kw.values()) / coincident.max()
        self._p_kw = {area: course * scale for area, course in courses.items()}
        self._q_kvar = {area: course * scale for area, course in reactive.items()}

    def over(self, edges_min: np.ndarray, csv: Series | None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Mean kW and kvar of each area over each interval, columns of ``csv`` taking the place of the curves."""
        means = {
            area: (
                interval_means(self._edges, p_kw, edges_min),
                interval_means(self._edges, self._q_kvar[area], edges_min),
            )
            for area, p_kw in self._p_kw.items()
        }
        return self.replaced(means, edges_min, csv)

    def replaced(
        self, means: dict[str, tuple[np.ndarray, np.ndarray]], edges_min: np.ndarray, csv: Series | None
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """``means`` with the columns of ``csv`` in their place; kvar without a column follow the power factor."""
        if csv is None:
            return means
        result = {}
        for area, (p_kw, q_kvar) in means.items():
            if area in csv.columns:
                p_kw = csv.mean(area, edges_min)
                q_kvar = p_kw * self._tan_phi
            if f"{area}:q" in csv.columns:
                q_kvar = csv.mean(f"{area}:q", edges_min)
            result[area] = (p_kw, q_kvar)
        return result


class _Noise:
    """AR(1) series of unit variance, one random stream for each name."""

    def __init__(self, seed: int, step_min: float, steps: int):
        self._seed, self._step_min, self._steps = seed, step_min, steps

    def draw(self, name: str, correlation_min: float) -> np.ndarray:
        stream = np.random.SeedSequence(self._seed, spawn_key=(zlib.crc32(name.encode()),))
        shocks = np.random.default_rng(stream).standard_normal(self._steps)
        memory = math.exp(-self._step_min / correlation_min)
        z = np.empty(self._steps)
        z[0] = shocks[0]
        for k in range(1, self._steps):
            z[k] = memory * z[k - 1] + math.sqrt(1 - memory**2) * shocks[k]
        return z


@lru_cache(maxsize=4)
def class_curves(year: int) -> pd.DataFrame:
    """BDEW standard load profiles of a year: power per class and quarter of an hour, relative to the annual mean."""
    with warnings.catch_warnings():  # demandlib turns warnings into errors for the whole process
        from demandlib.bdew import ElecSlp

        frame = ElecSlp(year).slp_frame
    hours = 8784 if calendar.isleap(year) else 8760
    return frame.drop(columns="h0_dyn") * hours * 4


def _mixed(curves: pd.DataFrame, mix: dict[str, float]) -> np.ndarray:
    total = sum(mix.values())
    return sum((curves[name].to_numpy() * weight / total for name, weight in mix.items()), np.zeros(len(curves)))


@lru_cache(maxsize=16)
def _clear_sky_pu(site_json: str, start: datetime, duration_min: int) -> np.ndarray:
    """Clear-sky global horizontal irradiance over 1000 W/m² in the middle of each minute (Ineichen, pvlib).

    Kept, for all runs of a study at one place and time share it; not to be changed.
    """
    from pvlib.location import Location

    site = Site.model_validate_json(site_json)
    first = pd.Timestamp(start, tz=ZoneInfo(site.timezone)) + pd.Timedelta(seconds=30)
    times = pd.date_range(first, periods=duration_min, freq="1min")
    place = Location(site.latitude_deg, site.longitude_deg, tz=site.timezone, altitude=site.altitude_m)
    return place.get_clearsky(times, model="ineichen")["ghi"].to_numpy() / 1000


def _step_means(per_minute: np.ndarray, edges_min: np.ndarray) -> np.ndarray:
    return per_minute.reshape(len(edges_min) - 1, -1).mean(axis=1)


def _pv_series(
    units: tuple[str, ...], common: np.ndarray, edges_min: np.ndarray, csv: Series | None
) -> dict[str, np.ndarray]:
    """Availability of each unit: the common series, at most its rating, or the unit's column of ``csv``."""
    bounded = np.clip(common, 0, 1)
    return {unit: csv.mean(unit, edges_min) if csv and unit in csv.columns else bounded for unit in units}
