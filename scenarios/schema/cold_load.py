"""Cold load pick-up: after an outage, demand returns at a multiple of what it would have been, and the multiple decays.

Customers who lost supply lose the diversity of their thermostats: on return all of them draw at once [S: Ihara and
Schweppe 1981]. The multiple follows the delayed exponential model [S: Gupta and Pahwa 2004]: it holds for a while, then
decays. It is higher the longer supply was lost, and saturates [S: Schneider et al. 2016, for houses]. With τ the time
since pick-up and d the time without supply before it, of a load class

    demand / what it would have been = 1 + (peak − 1) · c(d) · g(τ)
    c(d) = 1 − (1 − left) exp(−d / rise),    g(τ) = 1 up to hold, then exp(−(τ − hold) / decay)

where ``left`` is what c · g of the pick-up before had come down to when supply was lost again, 0 at first. The
exponential c(d) is our choice of a curve that saturates [A]. A local area's classes are mixed by their weights in its
load, the same at every hour [A]; reactive power follows active power [A]. The figures below are ours [A], of the size
that such papers speak of, two to five times in the worst cases [M]; use your own where you have measured some.

S. Ihara, F. C. Schweppe, IEEE Trans. Power App. Syst. 100(9), 1981, 4142-4150. V. Gupta, A. Pahwa, IEEE Trans. Power
Syst. 19(2), 2004, 1155-1160. K. P. Schneider et al., IEEE Trans. Power Syst. 31(5), 2016, 3765-3774.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from ..quanta import PER_UNIT, rounded
from .parts import NonNegative, Part, Positive


class ColdLoadClass(Part):
    """The delayed exponential model of one kind of customer."""

    peak: Annotated[float, Field(ge=1, le=20)] = Field(description="Multiple on return after a long outage.")
    rise_min: Positive = Field(description="Time without supply after which 63 % of the excess are reached.")
    hold_min: NonNegative = Field(description="How long the multiple holds after pick-up.")
    decay_min: Positive = Field(description="Time constant of the decay after that.")

    def mean(self, from_min: float, to_min: float) -> float:
        """Mean of g over a time since pick-up; of an instant its value."""
        if to_min - from_min < 1e-9:
            return rounded(math.exp(-max(from_min - self.hold_min, 0.0) / self.decay_min), PER_UNIT)
        return rounded((self._area(to_min) - self._area(from_min)) / (to_min - from_min), PER_UNIT)

    def _area(self, to_min: float) -> float:
        after = max(to_min - self.hold_min, 0.0)
        return min(to_min, self.hold_min) - self.decay_min * math.expm1(-after / self.decay_min)


class ColdLoad(Part):
    """Cold load pick-up by kind of customer: BDEW classes h0 (household), g0 to g3 (business), l0 to l2 (farming)."""

    household: ColdLoadClass = Field(
        default=ColdLoadClass(peak=2.5, rise_min=60.0, hold_min=30.0, decay_min=60.0),
        description="Electric heating, cooling, water heating and refrigerators of houses [A].",
    )
    business: ColdLoadClass = Field(
        default=ColdLoadClass(peak=1.8, rise_min=90.0, hold_min=20.0, decay_min=45.0),
        description="Air conditioning and refrigeration of shops and offices; the rest restarts at once [A].",
    )
    farming: ColdLoadClass = Field(
        default=ColdLoadClass(peak=1.6, rise_min=90.0, hold_min=30.0, decay_min=45.0),
        description="Milk cooling, ventilation and heating of stables; the rest restarts at once [A].",
    )

    def of(self, kind: str) -> ColdLoadClass:
        """The class of a kind of customer: household, business or farming."""
        return {"household": self.household, "business": self.business, "farming": self.farming}[kind]


class ColdLoadEstimate(Part):
    """What the dispatch centre takes cold load pick-up to be, right or wrong."""

    factor: NonNegative = Field(
        default=1.0, description="Times the excess above 1 of the parameters; 1 with parameters: null is right."
    )
    of_step: Literal["mean", "largest"] = Field(
        default="mean",
        description="Plan a step with the mean of the multiple, which is right in energy, or with its largest, which "
        "leaves room for what is drawn at the start of the step.",
    )
    parameters: ColdLoad | None = Field(
        default=None, description="Its own parameters; None: those of the world, or the defaults where that has none."
    )


_KINDS = {"h": "household", "g": "business", "l": "farming"}


def kinds_of(mixes: Mapping[str, Mapping[str, float]], load_kw: Mapping[str, float]) -> dict[str, float]:
    """Kind of customer → share of the load of some buses, by their peaks (kW) and mixes of BDEW classes (by bus)."""
    shares: dict[str, float] = {}
    total_kw = sum(load_kw.values())
    for bus, kw in load_kw.items() if total_kw > 0 else ():
        weights = sum(mixes[bus].values())
        for load_class, weight in mixes[bus].items():
            kind = _KINDS[load_class[0]]
            shares[kind] = shares.get(kind, 0.0) + kw / total_kw * weight / weights
    return shares


@dataclass(frozen=True)
class AreaColdLoad:
    """Cold load pick-up of an area: its classes, each with its share of the load. ``factor`` times the excess.

    ``largest``: of a time not the mean counts but its start, where the excess is largest.
    """

    parts: tuple[tuple[float, ColdLoadClass], ...]
    factor: float = 1.0
    largest: bool = False

    @classmethod
    def of(
        cls, parameters: ColdLoad, kinds: Mapping[str, float], factor: float = 1.0, *, largest: bool = False
    ) -> AreaColdLoad:
        """``kinds``: share of the load by kind of customer; none, for an area without load, has no excess."""
        return cls(tuple((share, parameters.of(kind)) for kind, share in kinds.items()), factor, largest)

    def cold(self, outage_min: float, left: tuple[float, ...] = ()) -> tuple[float, ...]:
        """c of each class after so long without supply, ``left`` of it before."""
        before = left or (0.0,) * len(self.parts)
        return tuple(
            rounded(1.0 - (1.0 - rest) * math.exp(-max(outage_min, 0.0) / one.rise_min), PER_UNIT)
            for rest, (_, one) in zip(before, self.parts, strict=True)
        )

    def left(self, cold: tuple[float, ...], supplied_min: float) -> tuple[float, ...]:
        """c · g of each class so long after a pick-up with ``cold``."""
        return tuple(c * one.mean(supplied_min, supplied_min) for c, (_, one) in zip(cold, self.parts, strict=True))

    def excess(self, cold: tuple[float, ...], from_min: float, to_min: float) -> float:
        """Mean multiple less 1 over a time since a pick-up with ``cold``."""
        to_min = from_min if self.largest else to_min
        return self.factor * sum(
            share * (one.peak - 1.0) * c * one.mean(from_min, to_min)
            for c, (share, one) in zip(cold, self.parts, strict=True)
        )


def cold_load_of(parameters: ColdLoad | None, kinds: Mapping[str, Mapping[str, float]]) -> dict[str, AreaColdLoad]:
    """Cold load pick-up of each area, by its kinds of customers; none at all without ``parameters``."""
    return {la: AreaColdLoad.of(parameters, shares) for la, shares in kinds.items()} if parameters else {}


def estimated_cold_load(
    estimate: ColdLoadEstimate | None, world: ColdLoad | None, kinds: Mapping[str, Mapping[str, float]]
) -> dict[str, AreaColdLoad]:
    """The same as the dispatch centre takes it to be; none at all where it plans without."""
    if estimate is None:
        return {}
    parameters = estimate.parameters or world or ColdLoad()
    largest = estimate.of_step == "largest"
    return {la: AreaColdLoad.of(parameters, shares, estimate.factor, largest=largest) for la, shares in kinds.items()}


@dataclass(frozen=True)
class SupplyRecord:
    """One area's supply up to now: whether it has any, and since when (min) it has or has not.

    ``cold`` of each class at the last pick-up, ``left`` of it when supply was lost last; empty before the first loss.
    """

    supplied: bool = True
    since_min: float = -math.inf
    cold: tuple[float, ...] = ()
    left: tuple[float, ...] = ()

    @classmethod
    def of(cls, area: AreaColdLoad, changes_min: Iterable[float]) -> SupplyRecord:
        """The record of an area that lost supply, got it back, lost it … at these times, having had it before."""
        record = cls()
        for time_min in changes_min:
            record = record.now(area, not record.supplied, time_min)
        return record

    def now(self, area: AreaColdLoad, supplied: bool, time_min: float) -> SupplyRecord:
        """The record once supply is, or is not, there from ``time_min`` on."""
        if supplied == self.supplied:
            return self
        if supplied:
            return SupplyRecord(True, time_min, area.cold(time_min - self.since_min, self.left))
        return SupplyRecord(False, time_min, left=self.left_at(area, time_min))

    def left_at(self, area: AreaColdLoad, time_min: float) -> tuple[float, ...]:
        """What an area with supply still has of its last pick-up at a time."""
        return area.left(self.cold, time_min - self.since_min) if self.cold else ()

    def excess(self, area: AreaColdLoad, from_min: float, to_min: float) -> float:
        """Mean multiple less 1 between two times, if supply stays, or comes at ``from_min`` where there is none."""
        if self.supplied:
            return area.excess(self.cold, from_min - self.since_min, to_min - self.since_min) if self.cold else 0.0
        return area.excess(area.cold(from_min - self.since_min, self.left), 0.0, to_min - from_min)

    def planned_excess(
        self, area: AreaColdLoad, now_min: float, pick_up_min: float, from_min: float, to_min: float
    ) -> float:
        """Mean multiple less 1 between two times after a pick-up that is planned at ``now_min``.

        The time without supply counts from the last loss that is known, for an area with supply from now: a plan that
        drops an area later and picks it up again counts with no less than will come.
        """
        left, since_min = (self.left_at(area, now_min), now_min) if self.supplied else (self.left, self.since_min)
        cold = area.cold(pick_up_min - since_min, left)
        return area.excess(cold, from_min - pick_up_min, to_min - pick_up_min)
