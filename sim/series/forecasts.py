"""Which forecast holds for which series at a time of issue: by method, by the user's issues, or given once."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from ...scenarios.schema.forecast import ForecastOptions
from ...scenarios.series.forecast_issues import LOAD_ISSUES, PV_ISSUES, Issues
from .forecasters import Course, LeadTimeErrors, Times, expected, persistence_ratio
from .noise import Noise
from .sky import Sky

_DUSK_PU = 0.01
"""PV whose mean course is below this says nothing about the clear-sky index."""


class Forecasts:
    """Forecasts that change from issue to issue. Results have one value per plan step left, as
    ``relight.sim.series.forecasters``.

    ``demand``: courses of kW and kvar by LA, of which kvar takes the relative deviations of kW; ``pv``: by unit.
    ``load_level`` is the day's level of load. ``fixed`` names the columns (``la``, ``la:q``, unit) whose one forecast
    the scenario gives. ``sites`` says under which piece of ``sky`` a unit stands; None for those whose actual series is
    given. Load is forecast as if meters saw it everywhere, also in dark areas: an assumption in the forecaster's
    favour.
    """

    def __init__(
        self,
        options: ForecastOptions,
        times: Times,
        noise: Noise,
        sky: Sky,
        load_level: float,
        demand: Mapping[str, tuple[Course, Course]],
        pv: Mapping[str, Course],
        sites: Mapping[str, str | None],
        fixed: Collection[str],
        issues: Mapping[str, Issues],
        tan_phi: float,
    ):
        self._method, self._times, self._sky, self._tan_phi = options.method, times, sky, tan_phi
        self._demand, self._pv, self._sites, self._fixed, self._issues = demand, pv, sites, fixed, issues
        self._known: dict[tuple[str, float], np.ndarray] = {}
        self._errors: dict[str, np.ndarray] = {}
        if options.method == "lead_time":
            load, sun = (
                LeadTimeErrors(options.load, noise, "load", times, load_level),
                LeadTimeErrors(options.pv, noise, "pv", times, sky.day_level),
            )
            self._errors = {la: load.of(la) for la in demand}
            by_site = {site: sun.of(site) for site in sky.sites}
            self._errors |= {unit: by_site[site] if (site := sites[unit]) else sun.of(unit) for unit in pv}

    def demand(self, la: str, time_min: float) -> tuple[np.ndarray, np.ndarray]:
        """kW and kvar of an LA."""
        active, reactive = self._demand[la]
        first = self._times.plan_step(time_min)
        p_kw, q_kvar = active.mean[first:], reactive.mean[first:]
        if la not in self._fixed:
            if self._method == "persistence":
                ratio = persistence_ratio(active, self._times, time_min)
                p_kw, q_kvar = p_kw * ratio, q_kvar if f"{la}:q" in self._fixed else q_kvar * ratio
            elif self._method != "mean":
                errors = self._error(la, time_min)
                will = expected(reactive.actual, self._times, time_min) + q_kvar * errors
                q_kvar = q_kvar if f"{la}:q" in self._fixed else will
                p_kw = np.maximum(expected(active.actual, self._times, time_min) + p_kw * errors, 0.0)
        if (issues := self._issues.get(LOAD_ISSUES)) is not None:
            edges = self._times.edges_from(time_min)
            if la in issues.columns:
                p_kw = issues.mean(la, time_min, edges)
                q_kvar = p_kw * self._tan_phi
            if f"{la}:q" in issues.columns:
                q_kvar = issues.mean(f"{la}:q", time_min, edges)
        return p_kw, q_kvar

    def pv_pu(self, unit: str, time_min: float) -> np.ndarray:
        """Availability of a PV unit."""
        course, issues = self._pv[unit], self._issues.get(PV_ISSUES)
        mean = course.mean[self._times.plan_step(time_min) :]
        if issues is not None and unit in issues.columns:
            return issues.mean(unit, time_min, self._times.edges_from(time_min))
        if unit in self._fixed or self._method == "mean":
            return mean
        if self._method == "persistence":
            return np.clip(mean * persistence_ratio(course, self._times, time_min, floor=_DUSK_PU), 0, 1)
        known = expected(self._foreseen(unit, time_min), self._times, time_min)
        return np.clip(known + mean * self._error(unit, time_min), 0, 1)

    def _error(self, name: str, time_min: float) -> np.ndarray | float:
        """Relative errors of the issue at a time; none with a perfect forecast."""
        if self._method == "perfect":
            return 0.0
        return self._errors[name][self._times.step(time_min), self._times.plan_step(time_min) :]

    def _foreseen(self, unit: str, time_min: float) -> np.ndarray:
        """What happens, without the clouds that nobody knows of yet; once such a cloud is there, all of it is known."""
        site = self._sites[unit]
        if self._method == "perfect" or site is None or not self._sky.unforeseen(site, time_min):
            return self._pv[unit].actual
        if (site, time_min) not in self._known:
            self._known = {key: value for key, value in self._known.items() if key[1] == time_min}
            self._known[site, time_min] = self._sky.available_pu(site, time_min)
        return self._known[site, time_min]
