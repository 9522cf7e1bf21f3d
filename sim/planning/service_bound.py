"""How much could be served at best, whoever decides: a bound that no strategy can exceed, ``oracle`` included.

A linear problem over the simulation steps of what happens, with everything left out that only takes away: one
node instead of the network, demand that can be served in any part, no losses, ramps, reactive power or switching.
What is left: PV gives no more than the sun allows and not before its reconnect delay, a non-black-start unit nothing
before its start-up time, storage its rated power and its energy, less what it loses, all counted from the time when
the first orders take effect; before it nothing is served or stored. Infeeds that return count from then on; with cold
load pick-up demand is the largest that it can come to. What a fault holds is neither served nor gives anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import block_diag, bmat, coo_array, eye_array, hstack

from ...scenarios.case import Case
from ...scenarios.errors import UnsolvedError
from ...scenarios.quanta import POWER_KW, rounded
from ...scenarios.schema.cold_load import cold_load_of
from ...scenarios.view import EssUnit, StoreEfficiency
from ..series.profiles import Profiles
from ..validation.conditions import actual as actual_series
from ..validation.conditions import forecast as forecast_series
from ..world.surprises import draw_course

NOTHING_LATER: Mapping[str, float] = MappingProxyType({})


def service_bound_kwh(
    case: Case, seed: int | None = None, *, actual: bool = True, later_min: Mapping[str, float] = NOTHING_LATER
) -> float:
    """Upper bound of the weighted energy served in the outage area, kWh: Σ C_i p_i Δt of (18).

    Of every run, however it serves, by the ``actual`` series; of every first plan that breaks no limit by what is
    forecast at the fault time. ``seed``: None, the scenario's. ``later_min``: LAs that had supply at first and lost it
    in the run, with the time (min) from which they count. Raises UnsolvedError if the linear problem cannot be solved.
    """
    view, scenario = case.view, case.scenario
    profiles = Profiles(case, seed)
    times = np.arange(0, scenario.outage.duration_min, scenario.clock.sim_step_min, dtype=float)
    dt_h, steps = scenario.clock.sim_step_min / 60, len(times)
    lost, first_min, home = view.outage_area, scenario.first_step_min, view.section_of_bus
    counts_min = {la: float(first_min) for la in view.lost_areas} | dict(later_min)
    areas = [la for la in view.local_areas.values() if la.id in counts_min]
    weights = sorted({la.priority for la in areas})

    largest = _largest_multiples(case)
    demand_kw, pv_kw = np.zeros((len(weights), steps)), np.zeros(steps)
    free = _free_of_faults(case, times, scenario.seed if seed is None else seed, repaired=actual)
    series = actual_series(case, profiles) if actual else forecast_series(case, profiles)
    for k, time_min in enumerate(times):
        at = series.index(time_min)
        pv_pu = {unit: float(known[at]) for unit, known in series.pv_pu.items()}
        for la in areas:
            if time_min < counts_min[la.id] or not free[la.section][k]:
                continue
            demand_kw[weights.index(la.priority), k] += series.demand_kw[la.id][at] * largest.get(la.id, 1.0)
        connected = time_min >= first_min + scenario.pv.reconnect_delay_min
        on = (u for u in view.pv.values() if (u.bus not in lost or connected) and free[home[u.bus]][k])
        pv_kw[k] = sum(pv_pu[u.id] * u.s_kva for u in on)
    returns_min = {one.infeed: one.at_min for one in scenario.surprises.infeeds} if scenario.surprises else {}
    live_from = {i.id: 0.0 if i.live or i.held else returns_min.get(i.id, np.inf) for i in view.infeeds.values()}
    other_kw = sum((times >= live_from[i.id]) * free[home[i.bus]] * i.s_kva for i in view.infeeds.values()) + sum(
        (times >= (first_min + u.start_min if u.bus in lost else 0.0)) * free[home[u.bus]] * u.s_kva
        for u in view.nbsu.values()
    )
    stores: dict[StoreEfficiency, list[EssUnit]] = {}
    for ess in view.ess.values():
        stores.setdefault(ess.efficiency, []).append(ess)

    # Columns: served by weight and step, then discharge and charge by efficiency and step. Rows: served − storage ≤ PV
    # and the rest; energy that left each store, and its room.
    one = eye_array(steps, format="csr")
    passed = dt_h * coo_array(np.tril(np.ones((steps, steps))))
    drawn = [hstack([passed / of.discharge, -passed * of.charge]) for of in stores]
    energy = [[block_diag([sign * part for part in drawn])] for sign in (1, -1)] if stores else []
    kwh = [
        sum(getattr(ess, side) for ess in group)
        for side in ("discharge_kwh", "charge_kwh")
        for group in stores.values()
    ]
    rows = bmat([
        [hstack([one] * len(weights)), hstack([-one, one] * len(stores)) if stores else None],
        *([None, *row] for row in energy),
    ], format="csr")  # fmt: skip
    limits = np.concatenate([pv_kw + other_kw, np.repeat(kwh, steps)])
    kva = [sum(ess.s_kva * free[home[ess.bus]] for ess in group) for group in stores.values()]
    able = [rating * (times >= first_min) for rating in kva for _ in ("discharge", "charge")]
    bounds = [(0.0, float(p)) for p in np.concatenate([demand_kw.ravel(), *able])]
    value = np.concatenate([np.repeat(weights, steps) * dt_h, np.zeros(2 * steps * len(stores))])
    found = linprog(-value, A_ub=rows, b_ub=limits, bounds=bounds, method="highs")
    if found.status != 0:
        raise UnsolvedError(f"the bound of what can be served was not found: {found.message}")
    return rounded(-found.fun, POWER_KW)


def _free_of_faults(case: Case, times: np.ndarray, seed: int, *, repaired: bool) -> dict[str, np.ndarray]:
    """Section → in which simulation steps no fault is in it. ``repaired``: by all that happens; else as at the first
    instant, of which plans are made."""
    view, surprises = case.view, case.scenario.surprises
    free = {section: np.ones(len(times), dtype=bool) for section in view.sections}
    course = draw_course(surprises if repaired else None, view, seed, float(case.scenario.outage.duration_min))
    since = dict.fromkeys(view.faults, 0.0)
    over: list[tuple[str, float, float]] = []
    for one in course.happenings:
        if one.kind == "fault":
            since.setdefault(one.element, one.at_min)
        elif one.kind == "repair" and one.element in since:
            over.append((one.element, since.pop(one.element), one.at_min))
    for element, from_min, to_min in (*over, *((one, from_min, np.inf) for one, from_min in since.items())):
        if not view.is_apart(element):
            free[view.fault_place(element)] &= (times < from_min) | (times >= to_min)
    return free


def _largest_multiples(case: Case) -> dict[str, float]:
    """LA → most that its demand can be of what it would have been, after an outage without end."""
    kinds = {la.id: la.kinds for la in case.view.local_areas.values()}
    cold = cold_load_of(case.scenario.cold_load, kinds)
    return {la: 1.0 + area.excess(area.cold(np.inf), 0.0, 0.0) for la, area in cold.items()}
