"""Demand and PV availability: what was forecast per plan step, and what really happens per simulation step.

The mean course is load curves at the site's local time, and clear sky times the mean clear-sky index; a scenario's own
forecast series take their places. The actual series are that course plus AR(1) noise: per local area for load, and one
clear-sky index for all PV or one per site (``relight.sim.series.sky``). What is forecast of them depends on the
scenario's method (``relight.sim.series.forecasters``); by default it is the mean course. Each noise series has its own
random stream, named after what it disturbs, so adding a unit or an area leaves other series unchanged (where sites are
correlated: those of the sites before it).
"""

from __future__ import annotations

import calendar
import warnings
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from ...controllers.exchange.messages import Forecast
from ...results.run.rows import Row, event
from ...scenarios.angles import tan_phi
from ...scenarios.case import Case
from ...scenarios.quanta import PER_UNIT, POWER_KW, rounded
from ...scenarios.reading.problems import Problem, ScenarioError
from ...scenarios.schema.forecast import ForecastOptions
from ...scenarios.series.forecast_issues import Issues, load_issues
from ...scenarios.series.from_csv import Series, interval_means, load_series
from .forecasters import Course, Times, means_between
from .forecasts import Forecasts
from .noise import Noise
from .sky import Sky, step_means

_CURVE_MIN = 15


class Profiles:
    """Forecast and actual series of a case, in minutes since the start of the outage.

    ``seed`` (None: the scenario's) drives the noise of the actual series and the forecasts' errors; random load shares
    are part of the case. With ``perfect_forecast`` the actual values equal the forecast, held constant over each plan
    step. Raises ``ScenarioError`` if a CSV file changed for the worse since the case was loaded.
    """

    def __init__(self, case: Case, seed: int | None = None):
        scenario = case.scenario
        self._areas = case.view.local_areas
        self._site_of = {unit.id: unit.bus for unit in case.view.pv.values()}
        self._pv_of_area = {area: [] for area in self._areas}
        for unit in case.view.pv:
            self._pv_of_area[case.view.local_area_of_unit(unit)].append(unit)
        self.plan_step_min, self.sim_step_min = scenario.clock.plan_step_min, scenario.clock.sim_step_min
        self.duration_min = scenario.outage.duration_min
        self.plan_starts_min = scenario.plan_starts_min
        self._times = Times(self.plan_step_min, self.sim_step_min, self.duration_min, scenario.first_step_min)
        plan_edges = self._times.edges
        sim_edges = np.arange(0, self.duration_min + 1, self.sim_step_min, dtype=float)
        series, self._issues = _checked_series(case)
        noise = Noise(scenario.seed if seed is None else seed, self.sim_step_min, len(sim_edges) - 1)

        demand = _Demand(case)
        courses = case.own_series.get("load"), series.get("load.forecast_csv")
        self._demand_forecast = demand.over(plan_edges, *courses)
        actual = demand.over(sim_edges, *courses)
        fine, before = dict(actual), dict[str, float]()
        spread = scenario.load.actual
        self._load_level = noise.day_level("load", spread.day_sd_pct)
        for area, (p_kw, q_kvar) in actual.items():
            z = noise.draw(f"load {area}", spread.correlation_min)
            factor = self._load_level * np.maximum(1 + spread.sd_pct / 100 * z, 0)
            actual[area] = (rounded(p_kw * factor, POWER_KW), rounded(q_kvar * factor, POWER_KW))
            z_before = noise.before(f"load {area}", spread.correlation_min, float(z[0]))
            before[area] = self._load_level * max(1 + spread.sd_pct / 100 * z_before, 0.0)
        self._demand_actual = demand.replaced(actual, sim_edges, series.get("load.actual_csv"))

        pv, units = scenario.pv, tuple(case.view.pv)
        self._sky = Sky(case, noise)
        expected_pu = means_between(self._sky.clear_sky_pu, plan_edges.astype(int)) * pv.clear_sky_index
        bounded = np.clip(expected_pu, 0, 1)
        happened = {site: self._sky.available_pu(site) for site in self._sky.sites}
        suns = case.own_series.get("pv"), series.get("pv.forecast_csv")
        self._pv_forecast = _pv_series(units, dict.fromkeys(units, bounded), plan_edges, *suns)
        by_unit = {unit: happened[self._site_of[unit]] for unit in units}
        for told in filter(None, suns):
            followed = {unit: told.mean(unit, sim_edges) for unit in told.columns}
            by_unit |= {unit: self._sky.around(self._site_of[unit], mean) for unit, mean in followed.items()}
        given = series.get("pv.actual_csv")
        self._pv_actual = _pv_series(units, by_unit, sim_edges, given)
        self._under_the_sky = {site for u, site in self._site_of.items() if not given or u not in given.columns}

        if scenario.perfect_forecast:
            repeat = np.diff(self._times.sim_edges)
            self._demand_actual = {
                area: (np.repeat(p_kw, repeat), np.repeat(q_kvar, repeat))
                for area, (p_kw, q_kvar) in self._demand_forecast.items()
            }
            self._pv_actual = {unit: np.repeat(values, repeat) for unit, values in self._pv_forecast.items()}

        self._changing: Forecasts | None = None
        if (scenario.forecast and scenario.forecast.method != "mean") or self._issues:
            usual = np.clip(step_means(self._sky.clear_sky_pu, len(sim_edges) - 1) * pv.clear_sky_index, 0, 1)
            fine_pv = dict.fromkeys(units, usual)
            if suns[0]:
                fine_pv |= {unit: suns[0].mean(unit, sim_edges) for unit in suns[0].columns}
            self._changing = self._forecasts(case, noise, series, fine, fine_pv, before, demand.tan_phi)

    @property
    def forecast_changes(self) -> bool:
        """Whether a later forecast says something else than an earlier one."""
        return self._changing is not None

    def forecast(self, la_id: str, from_min: float) -> Forecast:
        """Forecast of a local area, as known at ``from_min``, from then to the end of the window.

        The first step starts at ``from_min`` and lasts to the end of the plan step it lies in; the others are whole
        plan steps. Empty lists at the end of the window. Raises ``KeyError`` for an unknown area.
        """
        first = self._times.plan_step(from_min)
        starts: list[float] = self._times.edges_from(from_min)[:-1].tolist()
        p_kw, q_kvar = self._demand_forecast[la_id]
        p_kw, q_kvar = p_kw[first:], q_kvar[first:]
        pv_pu = {unit: self._pv_forecast[unit][first:] for unit in self._pv_of_area[la_id]}
        if starts and self._changing:
            p_kw, q_kvar = self._changing.demand(la_id, max(from_min, 0.0))
            pv_pu = {unit: self._changing.pv_pu(unit, max(from_min, 0.0)) for unit in pv_pu}
        return Forecast(
            step_start_min=starts,
            demand_p_kw=rounded(p_kw, POWER_KW).tolist(),
            demand_q_kvar=rounded(q_kvar, POWER_KW).tolist(),
            pv_pu={unit: rounded(known, PER_UNIT).tolist() for unit, known in pv_pu.items()},
        )

    def demand(self, time_min: float) -> dict[str, tuple[float, float]]:
        """Actual demand (kW, kvar) of each local area in the simulation step that holds ``time_min``."""
        k = self._step(time_min)
        return {area: (float(p_kw[k]), float(q_kvar[k])) for area, (p_kw, q_kvar) in self._demand_actual.items()}

    def pv_pu(self, time_min: float) -> dict[str, float]:
        """Actual available PV power, per unit of rating, in the simulation step that holds ``time_min``."""
        k = self._step(time_min)
        return {unit: float(values[k]) for unit, values in self._pv_actual.items()}

    def events(self, time_min: float) -> list[Row]:
        """What happens in the simulation step from ``time_min``: clouds that come and go, issues taken into use."""
        rows = self._sky.events(time_min, self._under_the_sky)
        for field, issues in self._issues.items():
            now = issues.index(time_min)
            if time_min == 0 or now != issues.index(time_min - self.sim_step_min):
                text = f"in use: the forecast issued at minute {issues.issued_min[now]:g} ({issues.path.name})"
                rows.append(event("forecast_issued", field.split(".")[1].split("_")[0], text=text))
        return rows

    def _forecasts(
        self,
        case: Case,
        noise: Noise,
        series: Mapping[str, Series],
        fine: Mapping[str, tuple[np.ndarray, np.ndarray]],
        fine_pv: Mapping[str, np.ndarray],
        before: Mapping[str, float],
        tan_phi: float,
    ) -> Forecasts:
        """Forecasts that change, from mean courses by simulation step (``fine``) and what was metered ``before``."""
        load_csv, pv_csv = series.get("load.actual_csv"), series.get("pv.actual_csv")
        demand: dict[str, tuple[Course, Course]] = {}
        for la, (p_kw, q_kvar) in self._demand_forecast.items():
            (fine_p, fine_q), (happens_p, happens_q) = fine[la], self._demand_actual[la]
            ratio = _before(load_csv, la, self.sim_step_min, fine_p, before[la])
            demand[la] = Course(p_kw, fine_p, happens_p, ratio), Course(q_kvar, fine_q, happens_q)
        pv: dict[str, Course] = {}
        for unit, site in self._site_of.items():
            ratio = _before(pv_csv, unit, self.sim_step_min, fine_pv[unit], self._sky.ratio_before(site))
            pv[unit] = Course(self._pv_forecast[unit], fine_pv[unit], self._pv_actual[unit], ratio)
        given = pv_csv.columns if pv_csv else {}
        return Forecasts(
            case.scenario.forecast or ForecastOptions(),
            self._times,
            noise,
            self._sky,
            self._load_level,
            demand,
            pv,
            sites={unit: None if unit in given else site for unit, site in self._site_of.items()},
            fixed={column for item, csv in series.items() if item.endswith("forecast_csv") for column in csv.columns},
            issues=self._issues,
            tan_phi=tan_phi,
        )

    def _step(self, time_min: float) -> int:
        if not 0 <= time_min < self.duration_min:
            raise ValueError(f"minute {time_min:g} lies outside the window of {self.duration_min} min")
        return int(time_min // self.sim_step_min)


def _checked_series(case: Case) -> tuple[dict[str, Series], dict[str, Issues]]:
    problems: list[Problem] = []
    series = load_series(case.scenario, case.view, case.folder, case.scenario.name, problems)
    issues = load_issues(case.scenario, case.view, case.folder, series, case.scenario.name, problems)
    if problems:
        raise ScenarioError(problems)
    return series, issues


class _Demand:
    """Mean course of each local area's demand: its buses' parts of the peak times their class curves."""

    def __init__(self, case: Case):
        scenario = case.scenario
        start, self.tan_phi = scenario.outage.start, tan_phi(scenario.load.power_factor)
        self._edges = np.arange(-_CURVE_MIN, scenario.outage.duration_min + 2 * _CURVE_MIN, _CURVE_MIN, dtype=float)
        self._edges -= start.minute % _CURVE_MIN + start.second / 60
        shown = (scenario.local_clock.shows(float(minute)) for minute in self._edges[:-1])
        times = [time - timedelta(minutes=time.minute % _CURVE_MIN, seconds=time.second) for time in shown]
        curves = pd.concat([class_curves(year) for year in range(times[0].year, times[-1].year + 1)])
        in_window = curves.loc[times]
        whole_day = curves.loc[datetime(start.year, start.month, start.day) :][: 24 * 60 // _CURVE_MIN]
        coincident, courses, reactive = np.zeros(len(whole_day)), {}, {}
        for area in case.view.local_areas.values():
            p_kw, q_kvar = np.zeros(len(in_window)), np.zeros(len(in_window))
            for bus in area.buses:
                peak_kw = case.base_load_kw[bus]
                peak_kvar = peak_kw * self.tan_phi if case.base_load_kvar is None else case.base_load_kvar[bus]
                curve, day = (_mixed(frame, case.mix_by_bus[bus]) for frame in (in_window, whole_day))
                p_kw, q_kvar = p_kw + peak_kw * curve, q_kvar + peak_kvar * curve
                coincident = coincident + peak_kw * day
            courses[area.id], reactive[area.id] = p_kw, q_kvar
        # The day's largest total demand is the sum of the buses' parts of the peak.
        scale = sum(case.base_load_kw.values()) / coincident.max()
        self._p_kw = {area: course * scale for area, course in courses.items()}
        self._q_kvar = {area: course * scale for area, course in reactive.items()}

    def over(self, edges_min: np.ndarray, *series: Series | None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Mean kW and kvar of each area over each interval, columns of ``series`` taking the place of the curves."""
        means = {
            area: (
                rounded(interval_means(self._edges, p_kw, edges_min), POWER_KW),
                rounded(interval_means(self._edges, self._q_kvar[area], edges_min), POWER_KW),
            )
            for area, p_kw in self._p_kw.items()
        }
        for one in series:
            means = self.replaced(means, edges_min, one)
        return means

    def replaced(
        self, means: dict[str, tuple[np.ndarray, np.ndarray]], edges_min: np.ndarray, csv: Series | None
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """``means`` with the columns of ``csv`` in their place; kvar without a column follow the power factor."""
        if csv is None:
            return means
        result = {}
        for area, (p_kw, q_kvar) in means.items():
            if area in csv.columns:
                p_kw = rounded(csv.mean(area, edges_min), POWER_KW)
                q_kvar = rounded(p_kw * self.tan_phi, POWER_KW)
            if f"{area}:q" in csv.columns:
                q_kvar = rounded(csv.mean(f"{area}:q", edges_min), POWER_KW)
            result[area] = (p_kw, q_kvar)
        return result


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


def _before(csv: Series | None, column: str, step_min: float, mean: np.ndarray, ratio: float) -> float:
    """Actual over mean course in the step before the window: ``ratio``, unless the actual series is given.

    A file that does not reach back tells nothing of it, so the mean course is taken: 1.
    """
    if csv is None or column not in csv.columns:
        return ratio
    if csv.edges_min[0] > -step_min or not mean[0] > 0:
        return 1.0
    return float(csv.mean(column, np.array([-step_min, 0.0]))[0] / mean[0])


def _pv_series(
    units: tuple[str, ...], usual: Mapping[str, np.ndarray], edges_min: np.ndarray, *series: Series | None
) -> dict[str, np.ndarray]:
    """Availability of each unit: its usual series, or the unit's column of the last of ``series`` that has one."""
    found = dict(usual)
    for one in filter(None, series):
        found |= {unit: one.mean(unit, edges_min) for unit in units if unit in one.columns}
    return {unit: rounded(found[unit], PER_UNIT) for unit in units}
