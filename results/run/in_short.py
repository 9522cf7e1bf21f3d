"""What happened in a run, in a paragraph: what failed, how much came back and when, who stayed dark, what was lost
again and why, what planning did, how sure the numbers are. Every claim is read off the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .read import RunTables

Record = dict[Any, Any]
"""column → value"""
MOST_TOLD = 4
"""Names, or things that were lost, which a sentence tells one by one; the rest is a number."""
DARK_KINDS = ("island_dark", "section_shed")


@dataclass(frozen=True)
class Loss:
    """Supply that an area had and lost: from when until when (None: to the end of the window), what it would have drawn
    then (kW), and why, as far as events tell."""

    local_area: str
    begin_min: float
    end_min: float | None
    demand_kw: float
    cause: str


def in_short(run: RunTables, summary: Mapping[str, Any]) -> str:
    """The paragraph of a run, in whole sentences, from its tables and what they sum up to (``summarise``)."""
    came_back, planning, sure = (told(run, summary) for told in (_what_came_back, _planning, _how_sure))
    return " ".join((*_what_failed(run), *came_back, *_what_was_lost(run), *planning, *sure))


def losses_of(run: RunTables) -> list[Loss]:
    """What ``interruptions`` of the summary counts, in the order of time."""
    loaded = run.local_area[run.local_area["demand_kw"] > 0].sort_values("time_min", kind="stable")
    found: list[Loss] = []
    for la, rows in loaded.groupby("local_area", sort=False):
        begun: Record | None = None
        before = False
        for row in rows.to_dict("records"):
            now = row["served_kw"] > 0
            if before and not now:
                begun = row
            elif now and begun is not None:
                found.append(_loss(run, str(la), begun, row["time_min"]))
                begun = None
            before = now
        if begun is not None:
            found.append(_loss(run, str(la), begun, None))
    return sorted(found, key=lambda one: one.begin_min)


def _loss(run: RunTables, la: str, row: Record, end_min: float | None) -> Loss:
    return Loss(la, row["time_min"], end_min, row["demand_kw"], _cause(run, la, row))


def _cause(run: RunTables, la: str, row: Record) -> str:
    """Why an area lost supply in a step: what is told of itself, else of what went dark then."""
    events = run.events[run.events["time_min"] == row["time_min"]]
    if "cause" not in events:
        return ""
    own = events[(events["element"] == la) & events["kind"].isin(("la_shed", "la_switched_off"))]
    if len(own):
        last = own.iloc[-1]
        return last["cause"] or ("switched off by order" if last["kind"] == "la_switched_off" else "")
    if row["energised"] == 1:
        return ""
    causes = dict.fromkeys(events.loc[events["kind"].isin(DARK_KINDS) & (events["cause"] != ""), "cause"])
    return next(iter(causes)) if len(causes) == 1 else ""


def _clock(run: RunTables, minute: float) -> str:
    return run.scenario.local_clock.shows(minute).strftime("%H:%M")


def _named(names: Sequence[str]) -> str:
    """Names in a sentence; many of them by number."""
    told = [*names[:MOST_TOLD], f"{len(names) - MOST_TOLD} more"] if len(names) > MOST_TOLD + 1 else [*names]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _what_failed(run: RunTables) -> Iterator[str]:
    outage, first = run.scenario.outage, run.local_area[run.local_area["time_min"] == run.local_area["time_min"].min()]
    lost = first[(first["in_outage_area"] == 1) & (first["demand_kw"] > 0)]
    failed = [f"a fault on {_named(outage.faulted)}"] if outage.faulted else []
    dead = outage.dead_infeeds
    if dead is None or dead:
        failed.append("the loss of the upstream grid" if dead is None else f"the loss of {_named(dead)}")
    what = " and ".join(failed) or "an outage"
    areas = f"{len(lost)} of {_plural(int((first['demand_kw'] > 0).sum()), 'area')}"
    yield f"At {_clock(run, 0)} {what} cut off {areas}, which ask for {lost['demand_kw'].sum():,.0f} kW."
    for kind, told in (("branch_faulted", "failed too"), ("branch_repaired", "was repaired")):
        for one in run.events[run.events["kind"] == kind].to_dict("records"):
            yield f"At {_clock(run, one['time_min'])} {one['element']} {told}."


def _what_came_back(run: RunTables, summary: Mapping[str, Any]) -> Iterator[str]:
    area = run.local_area[run.local_area["in_outage_area"] == 1]
    by_step = area.groupby("time_min")[["served_kw", "demand_kw"]].sum().reset_index()
    served, demand = summary["served_energy_mwh"], summary["demand_energy_mwh"]
    if not (by_step["served_kw"] > 0).any():
        yield "Nobody got supply back."
    else:
        begun = by_step.loc[by_step["served_kw"] > 0, "time_min"].iloc[0]
        most, kw, of = by_step[["time_min", "served_kw", "demand_kw"]].iloc[int(by_step["served_kw"].argmax())]
        share = f" ({100 * served / demand:.0f} %)" if demand > 0 else ""
        yield (
            f"The first customers had supply again at {_clock(run, begun)}, most at {_clock(run, most)} "
            f"({kw:,.0f} of {of:,.0f} kW); over the window {served:.2f} of {demand:.2f} MWh{share} were served."
        )
    loaded = area[area["demand_kw"] > 0].groupby("local_area", sort=False)["served_kw"].max()
    never = [str(la) for la in loaded.index[~(loaded > 0)]]
    if never and len(never) < len(loaded):
        yield f"Never supplied: {'area' if len(never) == 1 else 'areas'} {_named(never)}."
    note = str(run.plans[0].get("note", "")) if run.plans and never else ""
    if note:
        yield f"The first plan says why: {note.rstrip('.')}."


def _what_was_lost(run: RunTables) -> Iterator[str]:
    losses = losses_of(run)
    if not losses:
        yield "Nobody who had supply lost it again."
    else:
        together: dict[tuple[Any, ...], list[Loss]] = {}
        for one in losses:
            together.setdefault((one.begin_min, one.end_min, one.cause), []).append(one)
        groups = [*together.values()]
        told = [_lost(run, group) for group in groups[:MOST_TOLD]]
        if rest := sum(map(len, groups[MOST_TOLD:])):
            told.append(f"and {_plural(rest, 'time')} more")
        yield f"Supply was lost again {_plural(len(losses), 'time')}: {'; '.join(told)}."
    if len(run.violations):
        kinds = run.violations["kind"].value_counts()
        named = [f"{str(kind).replace('_', ' ')} ({count})" for kind, count in kinds.items()]
        yield (
            f"In {run.violations['step'].nunique()} of {run.local_area['time_min'].nunique()} steps something planned "
            f"was not kept or a limit was broken: {_named(named)}."
        )


def _lost(run: RunTables, together: Sequence[Loss]) -> str:
    """Areas that lost supply, and got it back, at the same time for the same cause."""
    one, names = together[0], [each.local_area for each in together]
    until = f"–{_clock(run, one.end_min)}" if one.end_min is not None else " to the end"
    who = f"{'area' if len(names) == 1 else 'areas'} {_named(names)}"
    kw, why = sum(each.demand_kw for each in together), f": {one.cause.replace('; ', ', ')}" if one.cause else ""
    return f"{_clock(run, one.begin_min)}{until} {who} ({kw:,.0f} kW){why}"


def _planning(run: RunTables, summary: Mapping[str, Any]) -> Iterator[str]:
    if not run.plans:
        return
    first = summary["plans"]["first_plan_energy_mwh"]
    promised = "" if first is None else f"; the first one promised {first:.2f} MWh"
    if len(run.plans) == 1:
        yield f"One plan was made{promised}."
        return
    changed = sum(_differs(before, after) for before, after in zip(run.plans, run.plans[1:], strict=False))
    said = "none changed" if not changed else f"{changed} changed"
    yield f"{len(run.plans)} plans were made, of which {said} what the one before had for the same time{promised}."


def _differs(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether a plan wants other switches closed or other areas served than the one before, at a step of both."""
    earlier = {step["start_min"]: step for step in before["steps"]}
    return any(_wants(earlier[s["start_min"]]) != _wants(s) for s in after["steps"] if s["start_min"] in earlier)


def _wants(step: dict[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    areas = step.get("local_areas", {})
    on = frozenset(la for la, one in areas.items() if (one.get("demand_kw") or 0.0) > 0)
    return frozenset(step.get("closed_branches", ())), on


def _how_sure(run: RunTables, summary: Mapping[str, Any]) -> Iterator[str]:
    plans = summary["plans"]
    if plans["count"] and plans["worst_gap"] is not None:
        within = f"within {100 * plans['worst_gap']:.2f} % of the best that its forecast allows"
        proven = "Every plan is proven to be" if plans["all_proven"] else "Every plan is, by what is proven of it,"
        yield f"{proven} {within}."
    if plans["rejected"]:
        yield f"{_plural(plans['rejected'], 'plan')} broke a limit when AC power flow checked it, and was repaired."
    if plans["cut_by_clock"]:
        yield f"A time limit cut {_plural(plans['cut_by_clock'], 'planning')} short: the numbers depend on the machine."
    if not run.complete:
        yield f"The run stopped after {run.end_min:.0f} minutes; all numbers end there."
