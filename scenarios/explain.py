"""A case in words, for ``relight check``: what is in the network, what is lost, and what can restore it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

from .case import Case
from .local_clock import LocalClock
from .schema.parts import never
from .schema.scenario import LoadControl
from .schema.surprises import described
from .schema.time_and_place import zone_far_from
from .view import Branch, EssUnit, GridView, Infeed, Unit

_WIDTH = 80
_LEFT_OFF: dict[LoadControl, str] = {
    "area": "each area's customers can be off",
    "section": "nobody's customers can be off",
    "part": "any share of an area's demand can be off",
}


def explain(case: Case) -> str:
    """A text of several paragraphs, at most 80 columns wide; powers in kW and kVA, energies in kWh."""
    parts = [_head(case), _network(case), _sections(case), _local_areas(case), _units(case), _load(case), _clock(case)]
    end_min = float(case.scenario.outage.duration_min)
    if warning := zone_far_from(case.scenario.site.longitude_deg, case.scenario.local_clock):
        parts.append(_block("Warning", [warning]))
    if case.scenario.communication:
        parts.append(_block("Communication", case.scenario.communication.told(end_min)))
    if case.scenario.frequency:
        parts.append(_block("Frequency", case.scenario.frequency.told()))
    if case.scenario.surprises:
        parts.append(_block("Surprises", described(case.scenario.surprises, end_min)))
    for title, entries in (("Read from the network", case.account.read), ("Not taken over", case.account.left)):
        if case.account.read:
            parts.append(_block(title, map(str, entries) if entries else ["nothing"]))
    return "\n\n".join(parts) + "\n"


def _block(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title, *(_wrap(line) for line in lines)])


def _wrap(line: str, indent: int = 2) -> str:
    first, rest = " " * indent, " " * (indent + 2)
    return textwrap.fill(
        line, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _number(value: float) -> str:
    return "unlimited" if math.isinf(value) else f"{value:,.6g}" if value < 1e5 else f"{value:,.0f}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _head(case: Case) -> str:
    scenario, outage = case.scenario, case.scenario.outage
    clock = scenario.local_clock
    end = clock.shows(outage.duration_min)
    infeeds = case.view.infeeds.values()
    live = [infeed.id for infeed in infeeds if infeed.live]
    dead = [infeed.id + (" (cut off by a fault)" if infeed.held else "") for infeed in infeeds if not infeed.live]
    buses = [bus.id for bus in case.view.buses.values() if not bus.inner]
    area = [bus for bus in buses if bus in case.view.outage_area]
    return _block(
        scenario.title or scenario.name,
        [
            f"scenario {scenario.name}, seed {scenario.seed}",
            f"outage from {outage.start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} ({outage.duration_min} min), "
            f"{scenario.site.timezone}{''.join(_put(clock, *change) for change in clock.changes(outage.duration_min))}",
            f"faulted: {_names(outage.faulted)}",
            *_isolated(case.view),
            f"infeeds dead: {_names(dead)}; live: {_names(live)}",
            f"outage area: {len(area)} of {len(buses)} buses{'' if len(area) == len(buses) else f' ({_names(area)})'}",
        ],
    )


def _isolated(view: GridView) -> Iterator[str]:
    """What the faults hold dark until they are repaired, and which switches keep it apart."""
    for section, inside in view.held.items():
        switches = view.switches_at(section)
        by = f"isolated by {_names(switches)}" if switches else "no switch keeps it apart from anything"
        buses = _names(view.sections[section].buses)
        yield f"held dark by the fault on {_names(inside)}: section {section} ({buses}), {by}"


def _put(clock: LocalClock, minute: int, by_min: int) -> str:
    """A change of the clock on the way."""
    return f"; at minute {minute} the clock is put {'forward' if by_min > 0 else 'back'} to {clock.shows(minute):%H:%M}"


def _network(case: Case) -> str:
    view = case.view
    branches = list(view.branches.values())
    kinds = {kind: sum(branch.kind == kind for branch in branches) for kind in ("line", "trafo", "switch")}
    levels = sorted({bus.vn_kv for bus in view.buses.values()}, reverse=True)
    inner = sum(bus.inner for bus in view.buses.values())
    further = f", and {inner} star points of transformers and open ends of branches" if inner else ""
    switchable = [branch for branch in branches if branch.switchable]
    return _block(
        "Network",
        [
            f"{len(view.buses) - inner} buses at {_names(f'{kv:g} kV' for kv in levels)}{further}",
            f"{len(branches)} branches: {kinds['line']} lines, {kinds['trafo']} transformers, "
            f"{kinds['switch']} switches without length",
            f"{_of_all(case, len(switchable))} switchable: {_names(_state(branch) for branch in switchable)}",
        ],
    )


def _of_all(case: Case, operated: int) -> str:
    """How many switches, and of how many, if some are never operated."""
    left = case.unoperated
    if not left:
        return str(operated)
    closed = sum(left.values())
    return (
        f"{operated} of {operated + len(left)} switches are operated, {closed} stay closed and {len(left) - closed} "
        f"open (network.operated);"
    )


def _state(branch: Branch) -> str:
    if branch.faulted:
        return branch.id + (" (isolates a fault)" if branch.isolates else " (faulted)")
    return branch.id + ("" if branch.closed else " (open)")


def _sections(case: Case) -> str:
    lines = [f"{section.id}: {_names(section.buses)}" for section in case.view.sections.values()]
    return _block(f"Sections: {len(lines)} (buses energised together or not at all)", lines)


def _local_areas(case: Case) -> str:
    areas = case.view.local_areas.values()
    title = f"Local areas: {len(areas)}, one per {case.scenario.local_areas.by}"
    first = [area for area in areas if area.priority != 1]
    numbered = case.scenario.local_areas.customers
    customers = f"{_number(sum(numbered.values()))}" if numbered else "not numbered; counted in proportion to peak load"
    return _block(
        title,
        [
            f"priority other than 1: {_names(f'{area.id} ({area.priority:g})' for area in first)}",
            f"customers: {customers}",
            f"in a live section {_LEFT_OFF[case.scenario.local_areas.load_control]}",
        ],
    )


def _lost(ess: EssUnit) -> str:
    """Efficiencies of an ESS that loses energy."""
    return "" if ess.lossless else f", charging {ess.charge_efficiency:g}, discharging {ess.discharge_efficiency:g}"


def _units(case: Case) -> str:
    view = case.view
    pv, ess, nbsu = view.pv.values(), view.ess.values(), view.nbsu.values()
    lines = [
        f"PV {_number(sum(u.s_kva for u in pv))} kVA: " + _alike((u, _number(u.s_kva)) for u in pv),
        f"ESS {_number(sum(u.s_kva for u in ess))} kVA, {_number(sum(u.discharge_kwh for u in ess))} kWh to discharge, "
        f"{_number(sum(u.charge_kwh for u in ess))} kWh of charge room: "
        + _alike(
            (u, f"{_number(u.s_kva)} ({_number(u.discharge_kwh)}, {_number(u.charge_kwh)}{_lost(u)})") for u in ess
        ),
        f"NBSU {_number(sum(u.s_kva for u in nbsu))} kVA: "
        + _alike((u, f"{_number(u.s_kva)} (start-up {u.p_in_kw:g} kW, {u.start_min:g} min)") for u in nbsu),
        "infeeds: " + _names(f"{u.id} {_rating(u)} at bus {u.bus}" for u in view.infeeds.values()),
    ]
    if not pv and not ess and not nbsu and not any(u.live for u in view.infeeds.values()):
        lines.append("nothing here can restore supply")
    elif not view.balance_order or (not ess and not any(u.live for u in view.infeeds.values())):
        lines.append("no unit can black start: only an ESS or a live infeed forms voltage from nothing")
    return _block("Units (rated kVA)", lines)


def _rating(infeed: Infeed) -> str:
    return f"{_number(infeed.s_kva)} kVA" if infeed.rated else "without a rating"


def _alike(units: Iterable[tuple[Unit, str]]) -> str:
    """Units with their facts; many alike at one bus, as a unit split into devices makes them, in a few words."""
    found: list[str] = []
    for (_, facts), members in groupby(units, lambda pair: (pair[0].bus, pair[1])):
        ids = [unit.id for unit, _ in members]
        found += [f"{ids[0]} to {ids[-1]} {facts} each"] if len(ids) > 2 else [f"{name} {facts}" for name in ids]
    return _names(found)


def _range(values: Iterable[float]) -> str:
    """``93`` or ``40 to 120``, in tenths."""
    rounded = sorted({round(value, 1) for value in values})
    return " to ".join(dict.fromkeys(_number(value) for value in (rounded[0], rounded[-1]))) if rounded else "no"


def _load(case: Case) -> str:
    loads = {bus: p_kw for bus, p_kw in case.base_load_kw.items() if p_kw > 0}
    inside = sum(p_kw for bus, p_kw in loads.items() if bus in case.view.outage_area)
    return _block(
        "Load",
        [
            f"coincident peak {_number(round(sum(loads.values()), 1))} kW at {len(loads)} buses, "
            f"{_number(round(inside, 1))} kW of it in the outage area",
            f"a bus has {_range(loads.values())} kW",
            *_cold_load(case),
        ],
    )


def _cold_load(case: Case) -> Iterator[str]:
    world, estimate = case.scenario.cold_load, case.scenario.dispatch_centre.cold_load
    if world is not None:
        peaks = ", ".join(f"{kind} {_number(one.peak)}" for kind, one in world)
        yield f"cold load pick-up, times the demand after a long outage: {peaks}"
    if estimate is not None:
        own = "parameters of its own" if estimate.parameters else "the world's parameters" if world else "the defaults"
        yield f"the dispatch centre plans with cold load pick-up: {own}, {_number(estimate.factor)} times the excess"


def _clock(case: Case) -> str:
    clock, pv, load = case.scenario.clock, case.scenario.pv, case.scenario.load.actual
    differs = f"actual load differs by {load.sd_pct:g} % (standard deviation), PV by at most {pv.variability_pct:g} %"
    if load.day_sd_pct or pv.day_sd_pct:
        differs += f", whole days by {load.day_sd_pct:g} % and {pv.day_sd_pct:g} % (standard deviation)"
    forecast = "perfect forecast" if case.scenario.perfect_forecast else differs
    return _block(
        "Clock and forecast",
        [
            f"plan step {clock.plan_step_min} min, replanned every {clock.replan_min} min, "
            f"simulation step {clock.sim_step_min} min{_first_orders(case)}",
            f"clear-sky index {pv.clear_sky_index:g}; {forecast}",
            *_series(case),
            *_weather(case),
        ],
    )


def _series(case: Case) -> Iterator[str]:
    """Where series of the user's own come from, and what is not known of them."""
    exact = case.scenario.perfect_forecast
    if own := case.own_series:
        areas = sum(not column.endswith(":q") for column in own["load"].columns) if "load" in own else 0
        suns = len(own["pv"].columns) if "pv" in own else 0
        source = next(iter(own.values())).path.name
        yield f"{areas} local areas and {suns} PV units are forecast by the network's own profiles ({source})"
    for what, given in (("load", case.scenario.load), ("PV", case.scenario.pv)):
        forecast, actual = given.forecast_csv, given.actual_csv
        happens = f"happens as in {actual}" if actual else ""
        if forecast and (exact or not actual):
            happens = "happens as forecast" if exact else "happens with that noise around the forecast"
        if forecast or actual:
            known = f"is forecast as in {forecast}" if forecast else "is forecast without the file"
            yield f"{what} {known}, and {happens}, as far as columns are given"


def _first_orders(case: Case) -> str:
    """When plans begin, and how long their last step is where it is shorter than the others."""
    scenario = case.scenario
    if not scenario.first_step_min:
        return ""
    last_min = scenario.outage.duration_min - scenario.plan_starts_min[-1]
    short = "" if last_min == scenario.clock.plan_step_min else f", and have a last step of {last_min} min"
    ahead = f"; orders go out {scenario.lead_min} min ahead" if scenario.lead_min else ""
    return f"; plans begin at minute {scenario.first_step_min}, when the first orders take effect{short}{ahead}"


def _weather(case: Case) -> list[str]:
    """Forecasts and sky where the scenario says more of them."""
    lines: list[str] = []
    if options := case.scenario.forecast:
        given = [name for name in (options.pv_issues_csv, options.load_issues_csv) if name]
        lines.append(f"forecasts by method {options.method}" + (f", by issue from {_names(given)}" if given else ""))
    if weather := case.scenario.weather:
        length_km = weather.correlation_length_km(case.scenario.pv.correlation_min)
        correlated = f"correlation 1/e at {length_km:.3g} km"
        placed = f"{correlated} where all sites have coordinates"
        told = {"common": "one sky for all sites", "where_placed": placed, "correlated": correlated}
        clouds = [
            f"minute {cloud.start_min:g} for {cloud.duration_min:g} min, {cloud.depth_pct:g} % darker"
            + never(cloud.start_min, case.scenario.outage.duration_min)
            for cloud in weather.passing_clouds
        ]
        lines.append(f"weather: {told[weather.sites]}; passing clouds: {_names(clouds)}")
    return lines
