"""What checks by AC power flow have taught about one horizon: data that make the planner's model stricter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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


class Form(NamedTuple):
    """What a model must have rows for, whatever their data: so many cuts, circles of units, and of links."""

    cuts: int = 0
    unit_circles: bool = False
    link_circles: bool = False


NO_ROWS = Form()
"""of a model before the first check"""


@dataclass(frozen=True)
class Tightened:
    """Losses by LA beyond the allowance, and limits drawn closer; nothing at all before the first check.

    ``loss_kw``, ``loss_kvar`` may be negative: fewer losses than the allowance. ``bounds``: (least, largest) of a
    variable; a section that is dropped has X ≤ 0. ``u_least``: least squared voltage of an LA, p.u.²
    ``inside_circle``: units and live infeeds keep to chords inside p² + q² ≤ S² though (13) as printed was asked for.
    ``link_share``: share of a link's rating (by link and step) that its apparent power may take; from the first one on
    all rated links keep p² + q² ≤ S², which (38), (39) do not ask.
    """

    loss_kw: Mapping[Area, float] = field(default_factory=dict)
    loss_kvar: Mapping[Area, float] = field(default_factory=dict)
    bounds: Mapping[Bounded, tuple[float, float]] = field(default_factory=dict)
    u_least: Mapping[Area, float] = field(default_factory=dict)
    cuts: tuple[Cut, ...] = ()
    inside_circle: bool = False
    link_share: Mapping[Area, float] = field(default_factory=dict)

    @property
    def form(self) -> Form:
        """What it needs rows for; cuts in powers of two, to keep a model longer."""
        cuts = 1 << (len(self.cuts) - 1).bit_length() if self.cuts else 0
        return Form(cuts, self.inside_circle, bool(self.link_share))

    def losses(self, la: str, t: int, *, two_sided: bool) -> tuple[float, float]:
        """Losses (kW, kvar) beyond the allowance. One-sided ones are never negative: where a plan decides who is
        restored it never counts with less than the allowance, for the losses of another topology are not known."""
        p_kw, q_kvar = self.loss_kw.get((la, t), 0.0), self.loss_kvar.get((la, t), 0.0)
        return (p_kw, q_kvar) if two_sided else (max(p_kw, 0.0), max(q_kvar, 0.0))


NOTHING_KNOWN = Tightened()
"""before the first check"""


def tighten(m: Any, known: Tightened) -> None:
    """Give a model losses beyond the allowance, closer limits and states ruled out; every other limit
    becomes what it was."""
    for z in m.Z:
        for t in m.T:
            losses = [known.losses(la, t, two_sided=m.two_sided_losses) for la in m.areas_at[z]]
            m.loss_kw[z, t], m.loss_kvar[z, t] = sum(p for p, _ in losses), sum(q for _, q in losses)
            m.u_least[z, t] = known.u_least.get((z, t), m.u_min)
    for variable, low, high in m.narrowed:
        variable.setlb(low)
        variable.setub(high)
    m.narrowed = []
    for (name, member, t), (low, high) in known.bounds.items():
        component = m.component(name)
        if component is None or (member, t) not in component:
            continue  # a voltage, or a flow inside a section, in a model without
        variable = component[member, t]
        m.narrowed.append((variable, variable.lower, variable.upper))
        variable.setlb(low if variable.lb is None else max(low, variable.lb))
        variable.setub(high if variable.ub is None else min(high, variable.ub))
    for k in m.L:
        for t in m.T:
            m.link_share[k, t] = known.link_share.get((k, t), 1.0)
    for c in m.CUT:
        for t in m.T:
            cut = known.cuts[c] if c < len(known.cuts) and known.cuts[c].step == t else None
            # A row without a state holds always: no more sections than there are.
            m.cut_limit[c, t] = len(cut.sections) + len(cut.closed) - 1 if cut else len(m.S)
            for s in m.S:
                m.cut_section[c, s, t] = float(cut is None or s in cut.sections)
            for k in m.SWITCH:
                touches = cut is not None and not cut.sections.isdisjoint((m.sec_i[k], m.sec_j[k]))
                m.cut_switch[c, k, t] = float(touches) * (1 if cut and k in cut.closed else -1)
