"""Constraints that are in the model only once a check by AC power flow has asked for them (``Tightened.form``)."""

# pyright: basic
from __future__ import annotations

import math

from ...scenarios.angles import apothem, direction
from .powerflow import closed


def no_good(m, c, t):
    """A state of an island that AC power flow rejects must not come back: Σ_in X + Σclosed a − Σ_open a ≤ n − 1.

    n counts the sections and the closed switches of that state; the rows are there before they are used.
    """
    sections = sum(m.cut_section[c, s, t] * m.X[s, t] for s in m.S)
    return sections + sum(m.cut_switch[c, k, t] * m.edge[k, t] for k in m.SWITCH) <= m.cut_limit[c, t]


def inside_rating(m, k, side, t):
    """Apparent power within a link's rating, by a polygon inside p² + q² ≤ S² of (38), (39): P cos α + Q sin α ≤
    S cos(π/n) a_{l,t}, n = 16 sides; of S a share that AC power flow has shown to be right."""
    cos, sin = direction(2 * math.pi * side / m.sides)
    most = m.s_max[k] * apothem(m.sides) * m.link_share[k, t]
    return cos * m.P[k, t] + sin * m.Q[k, t] <= most * closed(m, k, t)
