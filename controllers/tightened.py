"""What checks by AC power flow have taught about one horizon: data that make the planner's model stricter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Area = tuple[str, int]
"""an LA in a step"""
Bounded = tuple[str, str, int]
"""a variable of the model, its member (source, link, LA or section), and a step"""


@dataclass(frozen=True)
class Cut:
    """A state of one island that must not come back: its sections, and which of the switches at them are closed."""

    step: int
    sections: frozenset[str]
    closed: frozenset[str]


@dataclass(frozen=True)
class Tightened:
    """Losses by LA beyond the allowance, and limits drawn closer; nothing at all before the first check.

    ``loss_kw``, ``loss_kvar`` may be negative: fewer losses than the allowance. ``bounds``: (least, largest) of a
    variable; a section that is dropped has X ≤ 0. ``u_least``: least squared voltage of an LA, p.u.²
    ``inside_circle``: units keep to the chord inside p² + q² ≤ S² though (13) as printed was asked for.
    """

    loss_kw: Mapping[Area, float] = field(default_factory=dict)
    loss_kvar: Mapping[Area, float] = field(default_factory=dict)
    bounds: Mapping[Bounded, tuple[float, float]] = field(default_factory=dict)
    u_least: Mapping[Area, float] = field(default_factory=dict)
    cuts: tuple[Cut, ...] = ()
    inside_circle: bool = False

    def losses(self, la: str, t: int, *, two_sided: bool) -> tuple[float, float]:
        """Losses (kW, kvar) beyond the allowance. One-sided ones are never negative: where a plan decides who is
        restored it never counts with less than the allowance, for the losses of another topology are not known."""
        p_kw, q_kvar = self.loss_kw.get((la, t), 0.0), self.loss_kvar.get((la, t), 0.0)
        return (p_kw, q_kvar) if two_sided else (max(p_kw, 0.0), max(q_kvar, 0.0))


NOTHING_KNOWN = Tightened()
"""before the first check"""
