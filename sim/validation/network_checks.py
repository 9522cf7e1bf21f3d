"""Network and customers: voltages, loadings, supply that was promised, and whether a plan's own numbers add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...controllers.exchange.plan import Violation
from ...scenarios.case import Case
from ...scenarios.kinds.violations import ViolationKind
from ...scenarios.view import GridView, LocalArea
from ..power_flow.protocol import IslandInput, IslandSolution
from .conditions import Conditions
from .plan_claims import StepClaims
from .unit_checks import TOLERANCE, JudgedInterval
from .walk import Phase

BALANCE_KW, BALANCE_PCT = 0.5, 2.0
"""A plan's numbers may miss each other by this, or by the share of the demand (the loss allowance, if larger): losses
are estimated before they are known."""
_TINY = 1e-9


def check_network(case: Case, at: JudgedInterval, one: IslandInput, solution: IslandSolution) -> Iterator[Violation]:
    """Voltages of all buses and loadings of all branches of an island."""
    limits, step = case.scenario.limits, at.phase.claims.step
    inner = np.array([case.view.buses[bus].inner for bus in one.island.buses])
    # Written so that NaN, which compares False, would be a violation too.
    for k in np.flatnonzero(~(solution.vm_pu >= limits.vm_min_pu - _TINY) & ~inner):
        bus, vm_pu = one.island.buses[k], float(solution.vm_pu[k])
        yield Violation(step, at.start_min, "voltage_low", bus, vm_pu, limits.vm_min_pu, "p.u.")
    for k in np.flatnonzero((solution.vm_pu > limits.vm_max_pu + _TINY) & ~inner):
        bus, vm_pu = one.island.buses[k], float(solution.vm_pu[k])
        yield Violation(step, at.start_min, "voltage_high", bus, vm_pu, limits.vm_max_pu, "p.u.")
    for k in np.flatnonzero(solution.loading_pct > limits.max_loading_pct + _TINY):
        branch, loading = one.island.branches[k], float(solution.loading_pct[k])
        yield Violation(step, at.start_min, "overload", branch, loading, limits.max_loading_pct, "%")


def check_supply(case: Case, phase: Phase, series: Conditions) -> Iterator[Violation]:
    """Promised demand on dark buses; customers who had not lost supply are promised all, whatever a plan says."""
    claims, index = phase.claims, series.index(phase.start_min)
    for la in case.view.local_areas.values():
        if phase.island_of(la.buses[0]) is not None:
            continue
        demand_kw = float(series.demand_kw[la.id][index])
        promised_kw = claims.promised_kw(la.id, la.buses[0], demand_kw, live=False)
        if la.buses[0] not in case.view.outage_area:
            promised_kw = max(promised_kw, demand_kw)
        if promised_kw > TOLERANCE:
            yield Violation(claims.step, phase.start_min, "unsupplied_load", la.id, promised_kw, 0.0, "kW")


@dataclass(frozen=True)
class AreaUnits:
    """Units of each LA whose output a plan can state (all but infeeds), and LAs that hold a live infeed."""

    units: Mapping[str, Sequence[str]]
    fed: frozenset[str]

    @classmethod
    def of(cls, view: GridView) -> AreaUnits:
        units: dict[str, list[str]] = {la: [] for la in view.local_areas}
        for unit in view.local_units:
            units[view.local_area_of_unit(unit)].append(unit)
        return cls(units, frozenset(view.local_area_of_unit(i.id) for i in view.infeeds.values() if i.live))


def forecast_kw(phase: Phase, la: str, forecast: Conditions) -> float:
    """What all customers of an LA on a live bus are forecast to draw, mean of a plan step."""
    weights = forecast.weights(phase.claims.start_min, phase.claims.end_min)
    mean_kw = float((forecast.demand_kw[la] * weights).sum())
    return mean_kw * phase.multiple(la, phase.claims.start_min, phase.claims.end_min)


def check_promises(case: Case, phase: Phase, forecast: Conditions, within: AreaUnits) -> Iterator[Violation]:
    """Demand that a plan counts with in a step, against what customers on live buses are forecast to draw in it.

    Customers whom a closed switch supplies though the plan takes them for dark count as forgotten. Those of a named LA
    whom nothing can switch off, and a part of an LA that can only be served wholly, have kinds of their own.
    """
    claims = phase.claims
    for la in case.view.local_areas.values():
        if not _is_told(case, phase, la):
            continue
        mean_kw = forecast_kw(phase, la.id, forecast)
        drawn_kw = mean_kw * phase.share(la.id)
        promised_kw = claims.promised_kw(la.id, la.buses[0], mean_kw, live=True)
        if abs(promised_kw - drawn_kw) > max(BALANCE_KW, _allowance_pct(case) / 100 * drawn_kw):
            kind = _misfit(claims, la.id, promised_kw, drawn_kw)
            yield Violation(claims.step, phase.start_min, kind, la.id, promised_kw, drawn_kw, "kW")
        units = within.units[la.id]
        stated = la.id in claims.areas and la.id not in within.fed
        if stated and units and all(unit in claims.units for unit in units):
            net_kw = sum(claims.units[unit].p_kw for unit in units) - promised_kw
            if abs(net_kw - claims.areas[la.id].p_kw) > BALANCE_KW:
                stated_kw = claims.areas[la.id].p_kw
                yield Violation(claims.step, phase.start_min, "power_balance", la.id, stated_kw, net_kw, "kW")


def _misfit(claims: StepClaims, la: str, promised_kw: float, drawn_kw: float) -> ViolationKind:
    """What is wrong with a promise that is not what customers will draw."""
    named = la in claims.areas and claims.areas[la].demand_kw is not None
    if not named or promised_kw > drawn_kw or claims.load_control == "part":
        return "power_balance"
    return "served_in_part" if promised_kw > 0 else "area_left_off"


def _is_told(case: Case, phase: Phase, la: LocalArea) -> bool:
    """Whether a plan says how much an LA that is energised draws."""
    claims, bus = phase.claims, la.buses[0]
    if phase.island_of(bus) is None or la.section in claims.split:
        return False
    area = claims.areas.get(la.id)
    if area is not None and area.demand_kw is not None:
        return True
    return claims.energised is None or bus in claims.energised or bus in case.view.outage_area


def check_balance(
    case: Case, at: JudgedInterval, one: IslandInput, solution: IslandSolution, forecast: Conditions, within: AreaUnits
) -> Iterator[Violation]:
    """Net power of all LAs of an island as the plan states it, against losses and what voltage adds to the demand:
    what is left over or missing.

    Only where the plan states it for every LA, by its net power or by its units.
    """
    claims, buses, index = at.phase.claims, set(one.island.buses), forecast.index(at.start_min)
    net_kw = 0.0
    for la in case.view.local_areas.values():
        if la.buses[0] not in buses:
            continue
        units = within.units[la.id]
        if la.id in claims.areas:
            net_kw += claims.areas[la.id].p_kw
        elif la.id in within.fed or any(unit not in claims.units for unit in units):
            return  # what an infeed gives is told by its LA alone
        elif not _is_told(case, at.phase, la):
            return
        else:
            demand_kw = float(forecast.demand_kw[la.id][index]) * at.phase.multiple(la.id, at.start_min, at.end_min)
            net_kw -= claims.promised_kw(la.id, la.buses[0], demand_kw, live=True)
            net_kw += sum(claims.units[unit].p_kw for unit in units)
    demand_kw = sum(p_kw for p_kw, _ in one.load.values())
    allowed_kw = max(BALANCE_KW, _allowance_pct(case) / 100 * demand_kw)
    needed_kw = solution.losses_kw + solution.effect_kw
    excess_kw = net_kw - needed_kw
    if abs(excess_kw) > allowed_kw:
        limit_kw = needed_kw + (allowed_kw if excess_kw > 0 else -allowed_kw)
        yield Violation(claims.step, at.start_min, "power_balance", one.island.id, net_kw, limit_kw, "kW")


def _allowance_pct(case: Case) -> float:
    return max(BALANCE_PCT, case.scenario.dispatch_centre.loss_allowance_pct)
