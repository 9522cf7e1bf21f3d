"""Constant output (strategy ``static_rigid``): one power per unit kind and LA for the whole window, not in the paper.

What demand and losses change over the window is left to each island's balance unit, so its LA is exempt: its ESS, or
where there is none its NBSU. A static plan has one set of sections, so for PV only the delay
before now counts.
"""

# pyright: basic
from __future__ import annotations

import pyomo.environ as pyo

from .units import phi


def same_balance_unit(m, i, t):
    """One balance unit for the whole window: r_{i,t} = r_{i,1}."""
    return m.root[i, t] == m.live[t] * m.root[i, 0] if t else pyo.Constraint.Skip


def constant_pv_max(m, i, t):
    """PV gives one power from when its reconnect delay is over (d = 1): p_{i,t} ≤ p_{i,t−1} + S (1 − d_{i,t−1})."""
    if not t:
        return pyo.Constraint.Skip
    return m.p_pv[i, t] <= m.p_pv[i, t - 1] + m.s_pv[i] * (1 - m.delay_met[i, t - 1])


def constant_pv_min(m, i, t):
    """PV gives one power from when its reconnect delay is over: p_{i,t−1} ≤ p_{i,t} while the window lasts."""
    return m.p_pv[i, t - 1] <= m.p_pv[i, t] + m.s_pv[i] * (1 - m.live[t]) if t else pyo.Constraint.Skip


def constant_ess(m, i, sign, t):
    """An ESS gives one power unless its LA holds the balance unit: ±(p_{i,t} − p_{i,t−1}) ≤ 2 S r_{i,t}."""
    if not t:
        return pyo.Constraint.Skip
    free = m.root[m.la_of[i], t] + 1 - m.live[t]
    return sign * (m.p_ess[i, t] - m.p_ess[i, t - 1]) <= 2 * m.s_ess_min[i] * free


def constant_nbsu(m, i, sign, t):
    """An NBSU gives one power once on line, unless it is the balance unit: ±(p_{i,t} − p_{i,t−1}) ≤ M (1 − φ + r)."""
    if not t:
        return pyo.Constraint.Skip
    free = 1 - phi(m, i, t - 1) + 1 - m.live[t]
    if m.la_of[i] in m.NBSU_ROOT:
        free = free + m.root[m.la_of[i], t]
    return sign * (m.p_nbsu[i, t] - m.p_nbsu[i, t - 1]) <= (m.s_nbsu[i] + m.p_in[i]) * free
