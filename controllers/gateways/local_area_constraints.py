"""The local area problem (46), min (42) s.t. (14)–(17), (43)–(45): one function per constraint, kW and kvar.

Read ``contents`` as a table of contents: each function states one equation and gives its name to a Pyomo component.
Sets: B PV, C ESS, E NBSU, D all units of the LA; T steps.

The η binaries of (43)–(45) are kept as printed. Where neither cost is negative (the schema allows no other) the LP with
``cost_form="epigraph"``, C_c = max(α^Dis p_c, −α^Char p_c), has the same optimum.

Net power is followed exactly wherever the units can. A slack that costs more than anything it could save
(``LocalAreaProblem.follow_penalty``) takes the rest, so that a plan no unit can follow is reported, not infeasible.
"""

# pyright: basic
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import pyomo.environ as pyo

from .. import storage_losses
from ..storage_cost import ess_charge_cost, ess_discharge_cost
from ..storage_losses import drawn

CostForm = Literal["printed", "epigraph"]


def contents(m: Any) -> Mapping[str, tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]]:
    """Constraint family → its constraints, each with the sets it is written over."""
    T, B, C, E, D = m.T, m.B, m.C, m.E, m.D
    table = {
        "balance": ((active_balance, (T,)), (reactive_balance, (T,))),
        "ratings": ((octagon, (D, m.SIGN, T)),),
        "pv": ((pv_reactive, (B, T)), (pv_power, (B, T))),
        "ess": (
            (ess_reactive, (C, T)),
            (ess_power, (C, T)),
            (ess_share, (C, T)),
            (ess_energy, (C, T)),
            *storage_losses.rows(m),
        ),
        "nbsu": (
            (nbsu_reactive, (E, T)),
            (nbsu_power, (E, T)),
            (nbsu_first, (E,)),
            (nbsu_ramp_up, (E, T)),
            (nbsu_ramp_down, (E, T)),
        ),
    }
    if m.data.true_circle:
        table["apparent_power"] = ((inside_circle, (D, m.SIGN, m.SIGN, T)),)
    if m.cost_form == "printed":
        table["storage_cost"] = (
            (charge_or_discharge, (C, m.SIGN, T)),
            (printed_discharge_cost, (C, m.SIGN, T)),
            (printed_charge_cost, (C, m.SIGN, T)),
        )
    else:
        table["storage_cost"] = ((ess_discharge_cost, (C, T)), (ess_charge_cost, (C, T)))
    return table


def operating_cost(m):
    """Cost of generation, of ESSs and of not following. (42): Σ_t Δt (Σ_b α^PV p_b + Σ_c C_c + Σ_e α^NBSU p_e), CNY.

    Start-up power costs nothing: p_e counts only while on line.
    """
    early = {t: 2 - t / len(m.T) for t in m.T}
    return sum(m.dt[t] * (m.unit_cost[t] + early[t] * m.penalty * (m.p_slack[t] + 0.1 * m.q_slack[t])) for t in m.T)


def unit_cost(m, t):
    """Cost of the units in a step, CNY/h. (42): Σ_b α^PV p_b + Σ_c C_c + Σ_e α^NBSU p_e."""
    pv = m.data.costs.pv_cost * sum(m.p[b, t] for b in m.B)
    nbsu = m.data.costs.nbsu_cost * sum(m.p[e, t] for e in m.E) if m.data.online(t) else 0.0
    return pv + sum(m.c_ess[c, t] for c in m.C) + nbsu


def p_slack(m, t):
    """Active power not followed, kW."""
    return m.p_over[t] + m.p_under[t]


def q_slack(m, t):
    """Reactive power not followed, kvar."""
    return m.q_over[t] + m.q_under[t]


def active_balance(m, t):
    """Units follow the net power. (14a): p_{i,t} = Σ_b p_b + Σ_c p_c + Σ_e p_e − p^L_{i,t}, kW."""
    return sum(m.p[d, t] for d in m.D) == m.data.target_p(t) + m.p_over[t] - m.p_under[t]


def reactive_balance(m, t):
    """Units follow the net reactive power. (14b): q_{i,t} = Σ_b q_b + Σ_c q_c + Σ_e q_e − q^L_{i,t}, kvar."""
    return sum(m.q[d, t] for d in m.D) == m.data.target_q(t) + m.q_over[t] - m.q_under[t]


def octagon(m, d, sign, t):
    """Outer bound of the rating, kVA. (15a), (16a), (17a): −√2 S_d ≤ p_d ± q_d ≤ √2 S_d."""
    limit = math.sqrt(2) * m.S[d]
    return pyo.inequality(-limit, m.p[d, t] + sign * m.q[d, t], limit)


def inside_circle(m, d, sign_p, sign_q, t):
    """A chord inside p² + q² ≤ S², for the octagon lets a corner reach 1.047 S: ±p_d ± q_d (1 − cos φ)/sin φ ≤ S_d."""
    return sign_p * m.p[d, t] + sign_q * m.data.chord * m.q[d, t] <= m.S[d]


def pv_reactive(m, b, t):
    """Reactive limit of a PV, kvar; with ``circle`` only while connected. (15b): −0.31 S_b ≤ q_b ≤ 0.31 S_b."""
    on = m.data.pv_connected[t] if m.data.true_circle else m.data.energised[t]
    limit = m.data.sin_phi * m.S[b] * on
    return pyo.inequality(-limit, m.q[b, t], limit)


def pv_power(m, b, t):
    """A PV gives at most what is available, kW. (15c): 0 ≤ p_b ≤ X_{i,t−1} ζ_{t,b} S_b."""
    return pyo.inequality(0, m.p[b, t], m.data.pv_connected[t] * m.data.pv_pu[b][t] * m.S[b])


def ess_reactive(m, c, t):
    """Reactive limit of an ESS, kvar. (16b): −0.31 S_c ≤ q_c ≤ 0.31 S_c."""
    limit = m.data.sin_phi * m.S[c] * m.data.energised[t]
    return pyo.inequality(-limit, m.q[c, t], limit)


def ess_power(m, c, t):
    """Power limit of an ESS, kW. (16c): −S_c ≤ p_c ≤ S_c."""
    limit = m.S[c] * m.data.energised[t]
    return pyo.inequality(-limit, m.p[c, t], limit)


def ess_share(m, c, t):
    """ESSs that are one by rating, not by (8), share it so, kW: p_c / S_c is the same for all; E_c / S_c stays so."""
    first = m.C.first()
    if m.data.options.ess_aggregation == "printed" or c == first:
        return pyo.Constraint.Skip
    return m.S[first] * m.p[c, t] == m.S[c] * m.p[first, t]


def ess_energy(m, c, t):
    """Energy limits of an ESS, kWh. (16d): −E_c^Char ≤ Δt Σ_{d≤t} p_{d,c} ≤ E_c^Dis."""
    taken = sum(m.dt[d] * drawn(m, c, d) for d in m.T if d <= t)
    return pyo.inequality(-m.data.charge_kwh[c], taken, m.data.discharge_kwh[c])


def nbsu_reactive(m, e, t):
    """Reactive limit of an NBSU, kvar. (17b): −S_e ≤ q_e ≤ S_e; times φ_t (D10); 0.31 S_e where the chord holds."""
    on = m.data.energised[t] and (m.data.online(t) or m.data.options.nbsu_reactive == "printed")
    limit = m.S[e] * on * (m.data.sin_phi if m.data.true_circle else 1)
    return pyo.inequality(-limit, m.q[e, t], limit)


def nbsu_power(m, e, t):
    """Start-up power, then generation up to the rating, kW. (17f): 0 ≤ p_e + (μ − φ) p_e^in ≤ φ S_e.

    (17c)–(17e) are data here: the net power plan says when the NBSUs start and when they are on line.
    """
    draw = m.data.units[e].p_in_kw * m.data.starting(t)
    return pyo.inequality(0, m.p[e, t] + draw, m.S[e] * (m.data.online(t) and m.data.energised[t]))


def nbsu_first(m, e):
    """What its ramp leaves an NBSU that is on line now, kW. (17g) from the last step to the first one."""
    if e not in m.data.nbsu_first_kw or not (m.data.online(0) and m.data.energised[0]):
        return pyo.Constraint.Skip
    low, high = (min(max(p, 0.0), m.S[e]) for p in m.data.nbsu_first_kw[e])
    return pyo.inequality(low, m.p[e, 0], high)


def nbsu_ramp_up(m, e, t):
    """Rise, free into the first on-line step (D8), kW. (17g): p_{t} − p_{t−1} ≤ (1 − φ_{t−1}) M + p_e^up Δt.

    Without that freedom a unit rises from −p_e^in, but never is it kept from giving zero.
    """
    if not t or not m.data.online(t):
        return pyo.Constraint.Skip
    rise = m.data.units[e].ramp_up_kw_per_h * m.full_step
    if m.data.online(t - 1):
        return m.p[e, t] - m.p[e, t - 1] <= rise
    if m.data.options.first_online_step_free:
        return pyo.Constraint.Skip
    return m.p[e, t] <= max(0.0, rise - m.data.units[e].p_in_kw)


def nbsu_ramp_down(m, e, t):
    """Fall, unless the LA goes dark, kW. (17g): (φ_{t−1} − 1) M − p_e^down Δt ≤ p_{t} − p_{t−1}."""
    if not t or not (m.data.online(t - 1) and m.data.online(t) and m.data.energised[t]):
        return pyo.Constraint.Skip
    return m.p[e, t] - m.p[e, t - 1] >= -m.data.units[e].ramp_down_kw_per_h * m.full_step


def charge_or_discharge(m, c, sign, t):
    """η tells discharge from charge, kW. (43): (η − 1) M ≤ p_c ≤ η M, M = S_c."""
    return sign * m.p[c, t] <= (m.eta[c, t] if sign > 0 else 1 - m.eta[c, t]) * m.S[c]


def printed_discharge_cost(m, c, sign, t):
    """Cost while discharging, CNY/h. (44): (η − 1) M ≤ C_c − α^Dis p_c ≤ (1 − η) M, M = (α^Dis + α^Char) S_c."""
    return sign * (m.c_ess[c, t] - m.ess_discharge_cost_rate * m.p[c, t]) <= (1 - m.eta[c, t]) * m.M_cost[c]


def printed_charge_cost(m, c, sign, t):
    """Cost while charging, a cost and not an income (D12), CNY/h. (45): −η M ≤ C_c + α^Char p_c ≤ η M, M as in (44)."""
    return sign * (m.c_ess[c, t] + m.ess_charge_cost_rate[c, t] * m.p[c, t]) <= m.eta[c, t] * m.M_cost[c]
