"""Events of a step: what changed between the step before and this one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ...controllers.exchange.messages import ON_LINE
from ...results.run.rows import Row, event
from ...scenarios.kinds.events import EventKind
from ..islands.balance import NEEDLESS_KW
from ..islands.operating_point import IslandStep
from ..units.unit_model import UnitModel


@dataclass(frozen=True)
class Before:
    """The end of the step before: energised buses, states of units, shares of LAs that were on, and ordered on."""

    energised: Collection[str]
    states: Mapping[str, str]
    on: Mapping[str, float]
    ordered: Mapping[str, float]


def step_events(
    before: Before, islands: Iterable[IslandStep], units: Mapping[str, UnitModel], opened: Collection[str] = ()
) -> list[Row]:
    """All events of a step but the operation of switches, in a fixed order. ``opened``: switches, in this step."""
    rows: list[Row] = []
    for one in islands:
        rows += _island_events(before, one, opened)
        rows += _local_area_events(before, one)
    rows += (row for unit in units.values() for row in _unit_events(before.states[unit.id], unit))
    return rows


def _island_events(before: Before, one: IslandStep, opened: Collection[str]) -> Iterator[Row]:
    name = one.island.id
    was_live = sum(bus in before.energised for bus in one.island.buses)
    if one.trip and one.trip.kind == "not_converged":
        yield event("not_converged", name, text=one.trip.text, cause=one.trip.text)
    if one.trip and one.trip.kind in ("collapse", "not_converged"):
        yield event("collapse", name, text=one.trip.text, cause=one.trip.cause or one.trip.text)
    if one.trip and one.opened:
        kw = sum(p for la, buses in one.demand.items() for p, _ in buses.values() if one.on[la] > 0)
        yield event("section_shed", one.opened, kw, "kW", one.trip.text, one.trip.cause or one.trip.text)
    if was_live and not one.energised:
        yield event("island_dark", name, was_live, "buses", cause=_why_dark(before, one, opened))
    if not one.energised:
        return
    dark = len(one.island.buses) - was_live
    if dark:
        yield event("island_energised", name, dark, "buses", f"voltage formed by {one.choice.unit}")
    balance_unit = one.choice.unit or ""
    if was_live and before.states[balance_unit] != "form":
        text = "takes over: no unit was ordered to form the voltage" if one.choice.takes_over else "as ordered"
        yield event("balance_unit_changed", balance_unit, text=text)
    for unit in one.choice.demoted:
        # An infeed takes no orders, so it is told only when it gives way, not in every step after.
        if before.states[unit] == "form" or one.units[unit].kind != "infeed":
            yield event("balance_unit_changed", unit, text=f"may not form the voltage beside {balance_unit}")
    if one.dispatch is None:
        return
    gave_way: tuple[tuple[EventKind, float], ...] = (
        ("charging_cut", one.dispatch.charging_cut_kw),
        ("pv_curtailed", one.dispatch.curtailed_kw),
        ("nbsu_throttled", one.dispatch.throttled_kw),
        ("discharge_cut", one.dispatch.discharge_cut_kw),
    )
    for kind, kw in gave_way:
        if kw > NEEDLESS_KW:
            yield event(kind, name, kw, "kW")


def _why_dark(before: Before, one: IslandStep, opened: Collection[str]) -> str:
    """What took an island's voltage: a trip, else what was done to the units that formed it and to switches around."""
    if one.trip:
        return one.trip.cause or one.trip.text
    told = [
        f"{unit.id} failed" if unit.outages else f"{unit.id} was ordered {unit.order['state']}"
        for unit in one.units.values()
        if before.states[unit.id] == "form"
    ]
    buses, branches = set(one.island.buses), one.view.branches
    apart = (k for k in sorted(opened) if not buses.isdisjoint((branches[k].from_bus, branches[k].to_bus)))
    return "; ".join([*told, *(f"{switch} was opened" for switch in apart)]) or "nothing forms its voltage"


def _local_area_events(before: Before, one: IslandStep) -> Iterator[Row]:
    for la, buses in one.demand.items():
        kw, was, now = sum(p for p, _ in buses.values()), before.on[la], one.share(la)
        if one.ordered[la] < before.ordered[la]:
            yield event("la_switched_off", la, kw * (before.ordered[la] - one.ordered[la]), "kW")
        if not one.energised:
            continue
        if one.dispatch and la in one.dispatch.kept:
            yield event("la_shed", la, kw * (one.on[la] - now), "kW", cause=one.causes.get(la, ""))
        elif now > was:
            yield event("la_picked_up", la, kw * (now - was), "kW")


def _unit_events(was: str, unit: UnitModel) -> Iterator[Row]:
    now = unit.state
    if unit.kind == "pv" and now == "follow" and was != "follow":
        yield event("pv_connected", unit.id)
    if unit.kind != "nbsu" or now == was:
        return
    if now == "starting":
        yield event("nbsu_start", unit.id)
    elif now in ON_LINE and was == "starting":
        yield event("nbsu_online", unit.id)
    elif now == "off":
        yield event("nbsu_off", unit.id, text="start-up lost" if was == "starting" else "")
