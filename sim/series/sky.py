"""What the sky lets through at each site: clear sky, the clear-sky index, and clouds that pass.

Without ``weather`` in the scenario all sites have one index: the mean times the day's level times 1 ± variability, an
AR(1) process clipped to that range. With it each bus with PV has an index of its own with the same distribution and the
same memory; between two buses at distance d the processes are correlated by exp(−d/L) before they are clipped
(``relight.scenarios.schema.weather``). A passing cloud multiplies irradiance by 1 − depth where it is, minute by
minute, whatever the index.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import lru_cache
from zoneinfo import ZoneInfo

import networkx as nx
import numpy as np
import pandas as pd

from ...results.run.rows import Row, event
from ...scenarios.case import Case
from ...scenarios.kinds.events import EventKind
from ...scenarios.local_clock import LocalClock
from ...scenarios.networks.coordinates import bus_places
from ...scenarios.quanta import IRRADIANCE, PER_UNIT, SHOCK, TIME_MIN, rounded
from ...scenarios.schema.scenario import Site
from ...scenarios.schema.weather import PassingCloud, Weather
from .noise import Noise

_INDEX_SD = 0.5
"""Standard deviation of the AR(1) process z before it is clipped to [-1, 1] [A]."""
_EARTH_KM_PER_DEGREE = 111.2
_PROCESS = "clear-sky index"


class Sky:
    """The sky above a case's PV in steps of the simulation; ``noise`` draws it."""

    def __init__(self, case: Case, noise: Noise):
        scenario, self._weather = case.scenario, case.scenario.weather or Weather(sites="common")
        self._case, self._noise, self._pv = case, noise, scenario.pv
        self._step_min, self._duration_min = scenario.clock.sim_step_min, scenario.outage.duration_min
        self.sites = tuple(bus for bus in case.view.buses if any(u.bus == bus for u in case.view.pv.values()))
        clear_sky = clear_sky_pu(scenario.site, scenario.local_clock, self._duration_min)
        self.clear_sky_pu = clear_sky * scenario.pv.performance_ratio
        self.day_level = noise.day_level("sun", self._pv.day_sd_pct)
        places = bus_places(case.net)
        placed = all(site in places for site in self.sites)
        self._common = self._weather.sites == "common" or (self._weather.sites == "where_placed" and not placed)
        self._z = self._drawn()
        self._arrival_min = [_arrivals(cloud, self._weather, places, self.sites) for cloud in self.clouds]

    @property
    def clouds(self) -> tuple[PassingCloud, ...]:
        return self._weather.passing_clouds

    def index(self, site: str) -> np.ndarray:
        """Clear-sky index of a site (a bus) by simulation step, passing clouds left out."""
        return self._scaled(self._z[site])

    def ratio_before(self, site: str) -> float:
        """The index over its mean in the step before the window; 1 where the mean is 0."""
        name = _PROCESS if self._common else f"{_PROCESS} {site}"
        z = self._noise.before(name, self._pv.correlation_min, float(self._z[site][0]))
        mean = self._pv.clear_sky_index
        return float(self._scaled(np.array(z))) / mean if mean > 0 else 1.0

    def available_pu(self, site: str, known_at_min: float | None = None) -> np.ndarray:
        """Available power per unit of rating by simulation step, at most 1.

        With ``known_at_min`` only clouds that are foreseen by then are in it.
        """
        passing = self._passing(site, known_at_min)
        happened = step_means(self.clear_sky_pu * passing, len(self._z[site])) * self.index(site)
        return rounded(np.clip(happened, 0, 1), PER_UNIT)

    def around(self, site: str, mean_pu: np.ndarray) -> np.ndarray:
        """What happens by simulation step where a mean course is given: it times the site's clear-sky index over its
        mean, and what passing clouds leave; more than 1 only where the course itself is."""
        left = step_means(self._passing(site, None), len(mean_pu))
        happened = mean_pu * left * self._relative(self._z[site])
        return rounded(np.clip(happened, 0, np.maximum(mean_pu, 1)), PER_UNIT)

    def unforeseen(self, site: str, at_min: float) -> bool:
        """Whether there is a passing cloud that a forecast for this site does not know yet."""
        return any(not self._known(k, site, at_min) for k in range(len(self.clouds)))

    def events(self, time_min: float, sites: Collection[str]) -> list[Row]:
        """Passing clouds that begin or end over one of these sites in the simulation step from ``time_min``."""
        rows: list[Row] = []
        for cloud, times in zip(self.clouds, self._arrival_min, strict=True):
            arrivals = {site: at for site, at in times.items() if site in sites}
            whole = len(arrivals) == len(self.sites) and len(set(arrivals.values())) <= 1
            for site, begin in list(arrivals.items())[: 1 if whole else None]:
                place = "all sites" if whole else f"bus {site}"
                end = begin + cloud.duration_min
                told: tuple[tuple[EventKind, float], ...] = (("cloud_begins", begin), ("cloud_ends", end))
                for kind, at in told:
                    if time_min <= at < time_min + self._step_min:
                        text = f"passing cloud, minutes {begin:g} to {end:g}"
                        rows.append(event(kind, place, cloud.depth_pct, "%", text))
        return rows

    def _drawn(self) -> dict[str, np.ndarray]:
        if self._common:
            return dict.fromkeys(self.sites, self._noise.draw(_PROCESS, self._pv.correlation_min))
        own = np.array([self._noise.draw(f"{_PROCESS} {site}", self._pv.correlation_min) for site in self.sites])
        length_km = self._weather.correlation_length_km(self._pv.correlation_min)
        root = correlation_root(np.exp(-site_distances_km(self._case, self._weather, self.sites) / length_km))
        return dict(zip(self.sites, rounded(root @ own, SHOCK) if len(own) else own, strict=True))

    def _scaled(self, z: np.ndarray) -> np.ndarray:
        bounded = np.clip(_INDEX_SD * z, -1, 1)
        return self._pv.clear_sky_index * self.day_level * (1 + self._pv.variability_pct / 100 * bounded)

    def _relative(self, z: np.ndarray) -> np.ndarray:
        """The index over its mean."""
        return self.day_level * (1 + self._pv.variability_pct / 100 * np.clip(_INDEX_SD * z, -1, 1))

    def _known(self, cloud: int, site: str, at_min: float) -> bool:
        return self._arrival_min[cloud][site] - self.clouds[cloud].foreseen_min <= at_min

    def _passing(self, site: str, known_at_min: float | None) -> np.ndarray:
        """What passing clouds leave of the irradiance, in the middle of each minute."""
        left, minute = np.ones(self._duration_min), np.arange(self._duration_min) + 0.5
        for k, cloud in enumerate(self.clouds):
            if known_at_min is not None and not self._known(k, site, known_at_min):
                continue
            begin = self._arrival_min[k][site]
            inside = np.minimum(minute - begin, begin + cloud.duration_min - minute)
            covered = np.clip(inside / cloud.edge_min, 0, 1) if cloud.edge_min else (inside > 0).astype(float)
            left *= 1 - cloud.depth_pct / 100 * covered
        return left


def site_distances_km(case: Case, weather: Weather, sites: tuple[str, ...]) -> np.ndarray:
    """Distances between sites: by coordinates if all have some, else by the least number of branches between them."""
    places = bus_places(case.net)
    if all(site in places for site in sites):
        at = _positions_km(places, weather, sites)
        return np.linalg.norm(at[:, None, :] - at[None, :, :], axis=2)
    graph = nx.Graph()
    graph.add_nodes_from(case.view.buses)
    graph.add_edges_from((branch.from_bus, branch.to_bus) for branch in case.view.branches.values())
    hops = [nx.single_source_shortest_path_length(graph, site) for site in sites]
    return np.array([[float(from_site[site]) for site in sites] for from_site in hops]) * weather.branch_km


def correlation_root(correlation: np.ndarray) -> np.ndarray:
    """A lower-triangular R with R Rᵀ = ``correlation``, which may be singular (sites at one place).

    Rows are those of Cholesky's factor, so a further site at the end leaves the others' series as they are. Distances
    by branches in a network with loops may give a matrix that is no correlation: the nearest in its eigenvectors is
    taken.
    """
    values, vectors = np.linalg.eigh(correlation) if len(correlation) else (np.zeros(0), np.zeros((0, 0)))
    if len(values) and values[0] < -1e-9:
        positive = (vectors * np.clip(values, 0, None)) @ vectors.T
        scale = np.sqrt(np.diag(positive))
        correlation = positive / np.outer(scale, scale)
    root = np.zeros_like(correlation)
    for j in range(len(correlation)):
        pivot = correlation[j, j] - root[j, :j] @ root[j, :j]
        if pivot > 1e-10:
            root[j, j] = math.sqrt(pivot)
            root[j + 1 :, j] = (correlation[j + 1 :, j] - root[j + 1 :, :j] @ root[j, :j]) / root[j, j]
    return root


def _positions_km(places: dict[str, tuple[float, float]], weather: Weather, sites: tuple[str, ...]) -> np.ndarray:
    """East and north of each site in km."""
    at = np.array([places[site] for site in sites]).reshape(-1, 2)
    if weather.unit_km != "degrees":
        return at * weather.unit_km
    east = math.cos(math.radians(float(at[:, 1].mean()))) if len(at) else 1.0
    return at * np.array([east, 1.0]) * _EARTH_KM_PER_DEGREE


def _arrivals(
    cloud: PassingCloud, weather: Weather, places: dict[str, tuple[float, float]], sites: tuple[str, ...]
) -> dict[str, float]:
    """When a cloud's edge reaches each site (min)."""
    if cloud.towards_deg is None or not sites:
        return dict.fromkeys(sites, cloud.start_min)
    heading = math.radians(cloud.towards_deg)
    along_km = (_positions_km(places, weather, sites) * np.array([math.sin(heading), math.cos(heading)])).sum(axis=1)
    delay_min = (along_km - along_km.min()) * 1000 / (cloud.speed_m_per_s or weather.cloud_speed_m_per_s) / 60
    arrival_min = rounded(cloud.start_min + delay_min, TIME_MIN)
    return dict(zip(sites, arrival_min.tolist(), strict=True))


def clear_sky_pu(site: Site, clock: LocalClock, duration_min: int) -> np.ndarray:
    """Clear-sky global horizontal irradiance over 1000 W/m² in the middle of each minute (Ineichen, pvlib).

    Kept, for all runs of a study at one place and time share it; not to be changed.
    """
    return _clear_sky_pu(site.model_dump_json(), clock, duration_min)


@lru_cache(maxsize=16)
def _clear_sky_pu(site_json: str, clock: LocalClock, duration_min: int) -> np.ndarray:
    from pvlib.location import Location

    site = Site.model_validate_json(site_json)
    first = pd.Timestamp(clock.instant()).tz_convert(ZoneInfo(site.timezone)) + pd.Timedelta(seconds=30)
    times = pd.date_range(first, periods=duration_min, freq="1min")
    place = Location(site.latitude_deg, site.longitude_deg, tz=site.timezone, altitude=site.altitude_m)
    return rounded(place.get_clearsky(times, model="ineichen")["ghi"].to_numpy() / 1000, IRRADIANCE)


def step_means(per_minute: np.ndarray, steps: int) -> np.ndarray:
    """Means over that many equal steps."""
    return per_minute.reshape(steps, -1).mean(axis=1)
