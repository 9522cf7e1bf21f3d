"""Frequency of islands (``frequency:`` of a scenario; without it, islands keep the nominal frequency).

Tags: [S] from a named source, [M] recalled from a named source, not verified, [C] computed, [A] assumed. ISO 8528-5 is
quoted as a specification of sets of class G2 prints it (docs/frequency.md).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from .parts import NonNegative, Part, Positive

Percent = Annotated[float, Field(gt=0, le=100)]


INERTIA = "H: energy stored at nominal frequency / rating."
Droop = Annotated[float, Field(ge=0.5, le=100)]
Droops = Annotated[
    Droop | None,
    Field(description="Change of frequency (%) that moves the output by the rating; None: does not answer."),
]
Inertia = Annotated[float, Field(ge=0.1, description=INERTIA)]
AnyInertia = Annotated[NonNegative, Field(description=INERTIA)]
DeadBand = Annotated[NonNegative, Field(description="Deviations below it are not answered.")]
Response = Annotated[NonNegative, Field(description="Time constant of the answer, to 63 %; 0: at once.")]
Under = Annotated[Positive, Field(description="Trips below it, once under_s is over.")]
UnderFor = Annotated[NonNegative, Field(description="Delay below under_hz.")]
Over = Annotated[Positive, Field(description="Trips above it, once over_s is over.")]
OverFor = Annotated[NonNegative, Field(description="Delay above over_hz.")]
Rocof = Annotated[
    Positive | None, Field(description="Trips beyond it, an average over frequency.rocof_window_s; None: never.")
]


class FrequencyLimits(Part):
    """When a unit's own protection trips it: beyond a frequency for longer than a time, or by RoCoF."""

    under_hz: Under
    under_s: UnderFor
    over_hz: Over
    over_s: OverFor
    rocof_hz_per_s: Rocof


class FollowerLimits(FrequencyLimits):
    """Shall-trip defaults UF2 and OF2 of IEEE 1547-2018: 56.5 and 62.0 Hz of 60 Hz, 0.16 s [S, as EPRI's OpenDER and
    Sandia's svp_1547.1 print them], here × 50/60 [C]. RoCoF: what Category III has to ride through [M]; that it trips
    beyond is our assumption [A]."""

    under_hz: Under = 47.1
    under_s: UnderFor = 0.16
    over_hz: Over = 51.7
    over_s: OverFor = 0.16
    rocof_hz_per_s: Rocof = 3.0


class InverterFormingLimits(FrequencyLimits):
    """Wider than a follower's [A]; anti-islanding by RoCoF is blocked, for the island is intended [A]."""

    under_hz: Under = 47.0
    under_s: UnderFor = 0.16
    over_hz: Over = 52.0
    over_s: OverFor = 0.16
    rocof_hz_per_s: Rocof = None


class GensetLimits(FrequencyLimits):
    """−10 % and +12 %, the transient limits of class G2 of ISO 8528-5 [S]; delay [A]; no RoCoF protection [A]."""

    under_hz: Under = 45.0
    under_s: UnderFor = 0.5
    over_hz: Over = 56.0
    over_s: OverFor = 0.5
    rocof_hz_per_s: Rocof = None


class UnitFrequency(Part):
    """How a kind of unit answers to frequency, on its own rating: H, droop, dead band, time constant."""

    inertia_s: AnyInertia
    droop_pct: Droops
    deadband_hz: DeadBand = 0.0
    response_s: Response


class EssForming(UnitFrequency):
    """An inverter that forms the voltage. A droop of 2 % [A] on power measured through a filter of 5 Hz [A], τ = 32 ms,
    is a swing equation with H = τ / 2R = 0.8 s [C] and no further delay [S: D'Arco & Suul, IEEE Trans. Smart Grid 5
    (2014), 394-395]."""

    inertia_s: Inertia = 0.8
    droop_pct: Droops = 2.0
    response_s: Response = 0.0
    limits: InverterFormingLimits = Field(
        default=InverterFormingLimits(), description="When its own protection trips it."
    )


class Genset(UnitFrequency):
    """A synchronous generating set, forming or following. Droop of class G2 of ISO 8528-5, at most 5 % [S]; H, and the
    time constant of governor and engine together [A]."""

    inertia_s: Inertia = 1.0
    droop_pct: Droops = 5.0
    response_s: Response = 0.5
    limits: GensetLimits = Field(default=GensetLimits(), description="When its own protection trips it.")


class FollowingInverter(UnitFrequency):
    """PV, or an ESS that follows: frequency-droop of IEEE 1547-2018, default settings [S, as Sandia's svp_1547.1 prints
    them]: droop 5 %, dead band 0.036 Hz of 60 Hz, here × 50/60 [C], open-loop response time 5 s. That time is to 90 %
    of the change, so its time constant is 5 s / ln 10 [C]. PV downwards only [A]."""

    inertia_s: AnyInertia = 0.0
    droop_pct: Droops = 5.0
    deadband_hz: DeadBand = 0.03
    response_s: Response = 2.17
    limits: FollowerLimits = Field(default=FollowerLimits(), description="When its own protection trips it.")


UnitAnswer = EssForming | Genset | FollowingInverter
"""A unit's answer with its limits."""


class UflsStage(Part):
    """A stage of under-frequency load shedding (UFLS)."""

    below_hz: Positive = Field(description="The stage acts once frequency was below it for delay_s.")
    delay_s: NonNegative = Field(default=0.15, description="Relay and breaker; 150 ms [M: (EU) 2016/1388, Art. 19].")
    share_pct: Percent = Field(description="Of the demand connected at the disturbance; whole LAs until it is reached.")


STAGES = tuple(UflsStage(below_hz=hz, share_pct=10.0) for hz in (49.0, 48.8, 48.6, 48.4, 48.2, 48.0))
"""Six stages from 49.0 to 48.0 Hz [M: (EU) 2017/2196, Annex: at least six, at most 10 % each]; 60 % in all [A]."""


class Frequency(Part):
    """Frequency of each island not held by an infeed, in the seconds after a sudden change of its balance."""

    nominal_hz: Positive = Field(default=50.0, description="f₀.")
    load_damping: NonNegative = Field(
        default=1.0, description="Change of demand (%) per change of frequency (%) [A: within the usual 1 to 2]."
    )
    least_step_kw: Positive = Field(default=1.0, description="Smaller steps are not looked at [A].")
    rocof_window_s: Positive = Field(default=0.5, description="RoCoF is an average over this [M: ENTSO-E, 500 ms].")
    duration_s: Positive = Field(default=30.0, description="Primary response is over then, at the latest [A].")
    ess_forming: EssForming = Field(default=EssForming(), description="Storage that forms the voltage.")
    ess_following: FollowingInverter = Field(default=FollowingInverter(), description="Storage that follows.")
    nbsu: Genset = Field(default=Genset(), description="NBSUs.")
    pv: FollowingInverter = Field(default=FollowingInverter(), description="PV.")
    ufls: tuple[UflsStage, ...] = Field(
        default=STAGES, description="From the highest frequency to the lowest; empty: no under-frequency load shedding."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Frequency:
        for kind in ("ess_forming", "ess_following", "nbsu", "pv"):
            limits: FrequencyLimits = getattr(self, kind).limits
            if not limits.under_hz < self.nominal_hz < limits.over_hz:
                raise ValueError(
                    f"{kind}.limits: under_hz {limits.under_hz} < nominal_hz {self.nominal_hz} < over_hz "
                    f"{limits.over_hz} must hold"
                )
        levels = [self.nominal_hz, *(stage.below_hz for stage in self.ufls)]
        if any(high <= low for high, low in pairwise(levels)):
            raise ValueError(f"ufls: below_hz must fall from stage to stage, from below nominal_hz; got {levels[1:]}")
        if sum(stage.share_pct for stage in self.ufls) > 100 + 1e-9:
            raise ValueError("ufls: share_pct of all stages must not exceed 100 together")
        return self

    def told(self) -> list[str]:
        """What this section says, a sentence each."""
        forming, levels = self.ess_forming, [f"{stage.below_hz:g}" for stage in self.ufls]
        shed_pct = sum(stage.share_pct for stage in self.ufls)
        relays = f"relays shed {shed_pct:g} % of demand in all, below {', '.join(levels)} Hz" if levels else "no relays"
        return [
            f"nominal {self.nominal_hz:g} Hz; an ESS that forms the voltage has H {forming.inertia_s:g} s and trips "
            f"below {forming.limits.under_hz:g} or above {forming.limits.over_hz:g} Hz",
            relays,
        ]
