"""From a network to the text of a scenario that runs as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..case import Case
from ..loader import case_of
from ..networks.assemble import branches_of, load_network
from ..raw_network import RawNetwork
from ..reading.problems import Problem, ScenarioError
from ..reading.yaml_text import read_yaml, write_flow
from .sources import DraftSource, source_of
from .switches import Switches, choose
from .units import EVERY, STORE_H, STORE_SHARE, Candidates, Spec, found_in, propose_storage

DURATION_MIN = 300
PEAK_KW = 1000.0
"""Where a net has no loads [A]."""
BY_SECTION = 45
"""Buses above which one gateway serves a section [A]."""


@dataclass(frozen=True)
class Draft:
    """A scenario's text, and the case that it makes."""

    text: str
    case: Case


def draft(what: str, folder: Path, name: str, infeeds_dead: bool = False) -> Draft:
    """A scenario for a file of pandapower or a network that a package holds; ``folder`` is where it will lie.

    Faulted is the first line of the most loaded feeder; or all infeeds are dead. Raises ScenarioError.
    """
    source = source_of(what, folder)
    raw, ties = _read(source, folder, what)
    branches = branches_of(raw.net, raw.switchable, raw.stays_at)
    switches = choose(raw, branches, ties)
    if not raw.infeeds:
        remedy = "holds no external grid and no slack generator, so that nothing tells where its feeders begin"
        raise ScenarioError([Problem(what, "ext_grid", None, remedy)])
    units = found_in(raw)
    if not units.ess:
        load_kw = raw.load_kw or dict.fromkeys(raw.net.bus.name, PEAK_KW / len(raw.net.bus))
        units.ess, units.proposed = propose_storage(load_kw, switches.sections), True
    dead = infeeds_dead or not switches.faulted
    text = "\n".join(_lines(source, raw, switches, units, name, dead)) + "\n"
    return Draft(text, case_of(read_yaml(text), folder, name))


def _read(source: DraftSource, folder: Path, what: str) -> tuple[RawNetwork, tuple[str, ...]]:
    """The network, with its lines out of service as open switches if it can be read so; and which they are."""
    problems: list[Problem] = []
    raw = load_network(source.network, folder, what, problems)
    if raw is not None and raw.withdrawn:
        with_ties = source.network.model_copy(update={"switchable": raw.withdrawn})
        others: list[Problem] = []
        again = load_network(with_ties, folder, what, others)
        if again is not None and not others:
            return again, raw.withdrawn
    if raw is None or problems:
        raise ScenarioError(problems)
    return raw, ()


def _lines(
    source: DraftSource, raw: RawNetwork, switches: Switches, units: Candidates, name: str, dead: bool
) -> Iterator[str]:
    """The file, part by part."""
    net = raw.net
    levels = ", ".join(f"{kv:g}" for kv in sorted(set(net.bus.vn_kv), reverse=True))
    faulted = ", ".join(switches.faulted)
    yield f"# Drafted by relight init from {source.name}; it runs as it is. [A]: assumed, to be looked at and changed."
    yield f"# In the net: {len(net.bus)} buses at {levels} kV, {len(net.line)} lines, {len(net.trafo)} transformers,"
    yield f"# {len(switches.own)} switches, {sum(raw.load_kw.values()):,.6g} kW of load; relight check tells the rest."
    yield from _mapping("name", name)
    what = "all infeeds dead" if dead else f"{faulted} faulted, infeeds live"
    yield from _mapping("title", f"{source.name}, {what}")
    yield "seed: 0"
    yield "network:"
    for key, value in source.given.items():
        yield from _mapping(key, value, 2)
    yield from _switch_lines(switches)
    yield "outage:"
    yield f"  start: {source.start}   # [A] local time at the site"
    yield f"  duration_min: {DURATION_MIN}   # [A] ten plan steps of half an hour"
    if switches.faulted and not dead:
        feeder = switches.feeder
        assert feeder is not None
        yield f"  # The most loaded feeder begins here: {len(feeder.buses)} buses, {feeder.load_kw:,.6g} kW. [A]"
        yield from _mapping("faulted", list(switches.faulted), 2)
    yield "  # Infeeds found: " + ", ".join(_infeeds(raw))
    yield from _mapping("dead_infeeds", [infeed.id for infeed in raw.infeeds] if dead else [], 2)
    yield "site: {latitude_deg: 48.7, longitude_deg: 10.5, timezone: Europe/Berlin}   # [A] for the sun"
    yield "local_areas:"
    by = "section" if len(net.bus) > BY_SECTION else "bus"
    yield f"  by: {by}   # [A] one gateway per {by}"
    yield from _load_lines(raw)
    yield from _unit_lines(units)
    yield "limits: {vm_min_pu: 0.9, vm_max_pu: 1.1}   # [S] EN 50160, supply at low and medium voltage"
    yield "dispatch_centre: {mip_gap: 0.01}   # [A] plans proven to 1 %"


def _infeeds(raw: RawNetwork) -> Iterator[str]:
    for infeed in raw.infeeds:
        yield f"{infeed.id} ({f'{infeed.s_kva:,.6g} kVA' if infeed.rated else 'without a rating'})"


def _switch_lines(switches: Switches) -> Iterator[str]:
    if switches.added:
        yield f"  # {len(switches.added)} lines are given a switch that the net does not have [A]."
    if switches.ties:
        yield f"  # {len(switches.ties)} are out of service in the net, and taken for ties that are normally open [A]."
    if switches.ties or switches.added:
        yield from _mapping("switchable", [*switches.added, *switches.ties], 2)
    if switches.operated is not None:
        yield f"  # {len(switches.operated)} of the net's {len(switches.own)} switches operate [A]: they part feeders"
        yield "  # into sections of about equal load, and each tie joins two sections. Leave this out for all."
        yield from _mapping("operated", {"only": list(switches.operated)}, 2)


def _load_lines(raw: RawNetwork) -> Iterator[str]:
    yield "load:"
    if not raw.load_kw:
        yield f"  peak_kw: {PEAK_KW:g}   # [A] the net holds no load"
    else:
        curves = "they follow the net's own profiles" if raw.profiles else "curves by class are BDEW's [A]"
        yield f"  source: network   # the net's loads are peaks; {curves}"
    if raw.profiles:
        yield "  actual: {sd_pct: 0, day_sd_pct: 0}   # [A] what happens is what is forecast, to the quarter of an hour"
        yield "pv: {variability_pct: 0, day_sd_pct: 0}   # [A] likewise"
    else:
        yield "  # Series of your own: forecast_csv and actual_csv, columns time and a local area each."


def _unit_lines(units: Candidates) -> Iterator[str]:
    for reason, elements in units.left_out.items():
        shown = ", ".join(elements[:5]) + (f", … ({len(elements)} in all)" if len(elements) > 5 else "")
        yield f"# Left out: {shown}: {reason}."
    if not (units.pv or units.ess or units.nbsu):
        return
    yield "units:"
    yield from _listed("pv", units.pv, ["Found in the net; static generators of no stated kind are taken for PV [A]."])
    if units.proposed:
        yield from _listed("ess", units.ess, [
            f"No storage in the net. Proposed [A]: one per {EVERY} sections with load, at the bus with most of it,",
            f"together {100 * STORE_SHARE:g} % of the peak load, full, for {STORE_H:g} h.",
        ])  # fmt: skip
    else:
        yield from _listed(
            "ess", units.ess, [f"Found in the net; energy where it states none: {STORE_H:g} h, full [A]."]
        )
    yield from _listed("nbsu", units.nbsu, ["Generators found in the net; start-up and ramps [A]."])


def _listed(kind: str, specs: Sequence[Spec], told: Iterable[str]) -> Iterator[str]:
    if specs:
        yield from (f"  # {line}" for line in told)
        yield f"  {kind}:"
        yield from (f"    - {write_flow(spec, 1000)[0]}" for spec in specs)


def _mapping(key: str, value: Any, indent: int = 0) -> Iterator[str]:
    """A key with its value in brackets, over several lines where it is long."""
    first, *rest = write_flow({key: value})
    (first, *rest) = [first.removeprefix("{"), *rest] if rest else [first.removeprefix("{").removesuffix("}")]
    if rest:
        rest[-1] = rest[-1].removesuffix("}")
    yield " " * indent + first
    yield from (" " * (indent + 2) + line for line in rest)
