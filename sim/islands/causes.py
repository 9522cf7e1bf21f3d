"""Why something gave way in a step, in words: which limit, what would have been asked of it, and what differed from
the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ...scenarios.view import KINDS
from ..power_flow.island_topology import BalanceChoice
from ..power_flow.protocol import Power
from ..units.unit_model import UnitModel
from .balance import Shortfall

TOLD_KW = 1.0
"""Differences from the plan that are less are not told."""


class Balanced(Protocol):
    """What is told of an island: as in ``IslandStep``."""

    @property
    def choice(self) -> BalanceChoice: ...
    @property
    def units(self) -> Mapping[str, UnitModel]: ...
    @property
    def demand(self) -> Mapping[str, Mapping[str, Power]]: ...
    @property
    def on(self) -> Mapping[str, float]: ...
    @property
    def planned_kw(self) -> Mapping[str, float]: ...


def shortfall_in_words(one: Balanced, short: Shortfall) -> str:
    """What the balance unit would have been asked for, of what limit, and what differed from the plan for the worse."""
    assert one.choice.unit is not None
    unit, power = one.units[one.choice.unit], "kvar" if short.reactive else "kW"
    asked = f"{unit.id} would have been asked for {short.asked:.1f} of {short.limit:.1f} {power}"
    if short.reactive:
        return asked
    told = [asked + _which_limit(unit, short)]
    wrong = sorted((by_kw, what) for what, by_kw in _missing_kw(one).items())
    sign = 1 if short.cause == "deficit" else -1
    for by_kw, what in reversed(wrong) if sign > 0 else wrong:
        if sign * by_kw > TOLD_KW:
            way = "above" if (by_kw > 0) == (what == "demand") else "below"
            told.append(f"{what} {abs(by_kw):.1f} kW {way} plan")
    return "; ".join(told)


def _which_limit(unit: UnitModel, short: Shortfall) -> str:
    """Other than its rating."""
    if unit.kind == "ess" and abs(short.limit) < unit.s_kva:
        return " (what is in store)" if short.cause == "deficit" else " (room in store)"
    if unit.kind == "nbsu" and abs(short.limit) < unit.s_kva:
        return " (ramp)"
    return ""


def _missing_kw(one: Balanced) -> dict[str, float]:
    """By how much (kW) each differs from the plan, so that the balance unit has to give more: demand of customers who
    are on above what is planned for, followers below their set-points by kind."""
    missing = {"demand": 0.0}
    for la, buses in one.demand.items():
        missing["demand"] += one.on[la] * sum(p for p, _ in buses.values()) - one.planned_kw.get(la, 0.0)
    for unit in one.units.values():
        if unit.id != one.choice.unit and unit.order["state"] in ("follow", "form") and unit.kind != "infeed":
            name = KINDS[unit.kind].word
            missing[name] = missing.get(name, 0.0) + unit.order["p_kw"] - unit.set_point()[0]
    return missing
