"""What goes wrong in a run, drawn before it begins: listed events and random ones, each at a time.

Each device has random streams of its own, named after it and the kind of event, so that every strategy meets the same
world, and one more device changes nothing for the others.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...scenarios.quanta import TIME_MIN, rounded
from ...scenarios.schema.surprises import Duration, Surprises, SwitchTrouble
from ...scenarios.view import GridView

Kind = Literal["fault", "repair", "infeed", "trip", "back"]


@dataclass(frozen=True, order=True)
class Happening:
    """Something that befalls an element (branch, infeed, unit) at a time."""

    at_min: float
    kind: Kind
    element: str


@dataclass
class SurpriseCourse:
    """All that will go wrong. ``failed_starts``: how many start-ups of an NBSU fail before one succeeds."""

    happenings: list[Happening] = field(default_factory=list)
    switches: list[SwitchTrouble] = field(default_factory=list)
    failed_starts: dict[str, int] = field(default_factory=dict)

    def due(self, after_min: float, until_min: float) -> list[Happening]:
        """What happens in (after, until], in the order of time."""
        return [h for h in self.happenings if after_min < h.at_min <= until_min]


def draw_course(surprises: Surprises | None, view: GridView, seed: int, duration_min: float) -> SurpriseCourse:
    """Listed and random events of a run; repairs and returns past the window are left out."""
    if surprises is None:
        return SurpriseCourse()
    found = [*_listed(surprises, seed), *_random(surprises, view, seed, duration_min)]
    order = {element: k for k, element in enumerate([*view.branches, *view.units, *view.may_fault])}
    happenings = sorted((h for h in found if h.at_min < duration_min), key=lambda h: (h.at_min, order[h.element]))
    failures = {s.unit: s.attempts for s in surprises.start_failures}
    chance = surprises.random.start_failure
    for unit in view.nbsu if chance else ():
        stream = _stream(seed, "start", unit)
        drawn = int(stream.geometric(1 - chance)) - 1 if chance < 1 else 10**9
        failures[unit] = failures.get(unit, 0) + drawn
    return SurpriseCourse(happenings, [*surprises.switches, *_random_switches(surprises, view, seed)], failures)


def _listed(surprises: Surprises, seed: int) -> Iterator[Happening]:
    for fault in surprises.faults:
        yield from _fault(fault.element, fault.at_min, fault.repair, seed)
    for repair in surprises.repairs:
        at_min = drawn_min(repair.after, _stream(seed, "repair", repair.element))
        yield Happening(at_min, "repair", repair.element)
    for infeed in surprises.infeeds:
        yield Happening(infeed.at_min, "infeed", infeed.infeed)
    streams = {trip.unit: _stream(seed, "back", trip.unit) for trip in surprises.trips}
    for trip in surprises.trips:
        yield Happening(trip.at_min, "trip", trip.unit)
        if trip.back_after:
            yield Happening(trip.at_min + drawn_min(trip.back_after, streams[trip.unit]), "back", trip.unit)


def _random(surprises: Surprises, view: GridView, seed: int, duration_min: float) -> Iterator[Happening]:
    """At most one fault and one trip per device: a device that is out again within hours is not a second event."""
    odds, listed = surprises.random, {f.element for f in surprises.faults}
    for branch in view.branches.values():
        stream = _stream(seed, "fault", branch.id)
        at_min = _first_min(odds.faults_per_h, stream)
        if branch.kind != "switch" and not branch.faulted and branch.id not in listed and at_min < duration_min:
            yield from _fault(branch.id, at_min, odds.repair, seed)
    tripped = {t.unit for t in surprises.trips}
    for unit in view.units:
        stream = _stream(seed, "trip", unit)
        at_min = _first_min(odds.trips_per_h, stream)
        if unit not in view.infeeds and unit not in tripped and at_min < duration_min:
            yield Happening(at_min, "trip", unit)
            yield Happening(at_min + drawn_min(odds.back_after, stream), "back", unit)


def _random_switches(surprises: Surprises, view: GridView, seed: int) -> Iterator[SwitchTrouble]:
    odds, listed = surprises.random, {s.switch for s in surprises.switches}
    for branch in view.branches.values():
        if not branch.switchable or branch.id in listed:
            continue
        stream = _stream(seed, "switch", branch.id)
        never, once, late, wrong = stream.random(4)
        delay_min = drawn_min(odds.late_by, stream)
        if never < odds.refuses:
            yield SwitchTrouble(switch=branch.id, kind="refuses")
        elif once < odds.refuses_once:
            yield SwitchTrouble(switch=branch.id, kind="refuses", times=1)
        elif late < odds.late and delay_min > 0:
            yield SwitchTrouble(switch=branch.id, kind="late", delay_min=delay_min)
        elif wrong < odds.misreports:
            yield SwitchTrouble(switch=branch.id, kind="misreports")


def _fault(branch: str, at_min: float, repair: Duration | None, seed: int) -> Iterator[Happening]:
    yield Happening(at_min, "fault", branch)
    if repair:
        yield Happening(at_min + drawn_min(repair, _stream(seed, "repair", branch)), "repair", branch)


def drawn_min(duration: Duration, stream: np.random.Generator) -> float:
    """A time (min) from a distribution."""
    if duration.distribution == "exponential":
        return rounded(stream.exponential(duration.minutes), TIME_MIN)
    if duration.distribution == "lognormal":
        return rounded(duration.minutes * math.exp(duration.sigma * stream.standard_normal()), TIME_MIN)
    return duration.minutes


def _first_min(per_h: float, stream: np.random.Generator) -> float:
    """Time of the first event of a Poisson process."""
    shock = float(stream.exponential())
    return rounded(shock / per_h * 60, TIME_MIN) if per_h else math.inf


def _stream(seed: int, what: str, element: str) -> np.random.Generator:
    name = f"surprise {what} {element}"
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),)))
