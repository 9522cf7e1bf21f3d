"""Constraints (13) of the literal form: the net power that an LA can deliver, from its PSC. kW, kvar, minutes.

Slots of an NBSU: −1 is a launch before now (only of a unit that has one), 0 … T−1 the steps, T means never.
"""

# pyright: basic
from __future__ import annotations

import math

import pyomo.environ as pyo

from ....scenarios.angles import apothem, direction
from ...storage_losses import drawn, drawn_at_least

KINDS = ("pv", "ess", "nbsu")


def _sum_of_kinds(m, letter, i, t):
    kinds = (*KINDS, "infeed")
    return sum(var[i, t] for var in (getattr(m, f"{letter}_{kind}") for kind in kinds) if (i, t) in var)


def _drawn(m, demand, i, t):
    """What an LA draws, as far as its customers can be off."""
    return demand[i, t] * m.served[i, t] if m.by_area else demand[i, t]


def net_power(m, i, t):
    """Net power is what units give less demand, with the loss allowance. (13b): p_i + p^L = p^PV + p^ESS + p^NBSU.

    Where customers can be off in an energised LA, n_i p^L takes the place of p^L.
    """
    return m.p[i, t] + _drawn(m, m.demand, i, t) == _sum_of_kinds(m, "p", i, t)


def net_reactive_power(m, i, t):
    """The same for reactive power. (A10): q_i + q^L = q^PV + q^ESS + q^NBSU; n_i q^L where customers can be off."""
    return m.q[i, t] + _drawn(m, m.demand_q, i, t) == _sum_of_kinds(m, "q", i, t)


def pv_power_max(m, i, t, earlier):
    """PV follows the sun once reconnected. (13c): p^PV_{i,t} ≤ X_{i,d} ζ_{i,t} S^PV, d = t and steps of the delay."""
    if earlier not in m.pv_needs[t]:
        return pyo.Constraint.Skip
    return m.p_pv[i, t] <= m.pv_kw[i, t] * m.X[i, earlier]


def ess_power_max(m, i, t):
    """ESSs discharge at most the smallest rating, in an energised LA. (13d): p^ESS_{i,t} ≤ X_{i,t} S^ESS_{i,min}."""
    return m.p_ess[i, t] <= m.s_ess_min[i] * m.X[i, t]


def ess_power_min(m, i, t):
    """ESSs charge at most the smallest rating, in an energised LA. (13d): −X_{i,t} S^ESS_{i,min} ≤ p^ESS_{i,t}."""
    return m.p_ess[i, t] >= -m.s_ess_min[i] * m.X[i, t]


def ess_energy_max(m, i, t):
    """No more than E^Dis can be taken out. (13e): Δt Σ_{d≤t} p^ESS_{i,d} ≤ E_i^Dis."""
    return sum(m.dt[d] * drawn(m, i, d) for d in m.T if d <= t) <= m.e_dis[i]


def ess_energy_min(m, i, t):
    """No more than E^Char can be put in. (13e): −E_i^Char ≤ Δt Σ_{d≤t} p^ESS_{i,d}."""
    return sum(m.dt[d] * drawn_at_least(m, i, d) for d in m.T if d <= t) >= -m.e_char[i]


def nbsu_launched_max(m, i, slot):
    """From its start-up time on a unit is launched. (13f): t_i − t ≤ (1 − μ_{i,t}) M, M = T + 1: slots −1 to T."""
    return m.launch_slot[i] - slot <= (1 - m.mu[i, slot]) * (len(m.T) + 1)


def nbsu_launched_min(m, i, slot):
    """Before it a unit is not. (13f) closed at t = t_i: 1 − μ_{i,t} M ≤ t_i − t, M = T + 1: slots −1 to T."""
    return m.launch_slot[i] - slot >= 1 - m.mu[i, slot] * (len(m.T) + 1)


def _until_online(m, i, t):
    """t_i + T_i − t in minutes: slots before the launch, Σ (1 − μ) of their lengths, put t_i on the clock."""
    slots = m.slots_of[i]
    launched_at = m.slot_start[i, slots[0]] + sum(m.slot_min[i, s] * (1 - m.mu[i, s]) for s in slots)
    return launched_at + m.start_min[i] - m.start[t]


def nbsu_online_max(m, i, t):
    """T_i after its launch a unit is on line. (13g): t_i + T_i − t ≤ (1 − φ_{i,t}) M, M of a unit never launched."""
    never = m.end + m.start_min[i] - m.start[t]
    return _until_online(m, i, t) <= (1 - m.phi[i, t]) * never


def nbsu_online_min(m, i, t):
    """Before that it is not. (13g) closed at t = t_i + T_i: ε − φ_{i,t} M ≤ t_i + T_i − t, M of the first slot.

    ε is half the least positive time that steps leave to go.
    """
    first = m.slot_start[i, m.slots_of[i][0]] + m.start_min[i] - m.start[t]
    return _until_online(m, i, t) >= m.tick_min[i] - m.phi[i, t] * (m.tick_min[i] - min(first, 0.0))


def nbsu_start_energised(m, i, t):
    """Start-up needs an energised LA. (13h): μ_{i,t} − φ_{i,t} ≤ X_{i,t}."""
    return m.mu[i, t] - m.phi[i, t] <= m.X[i, t]


def nbsu_power_min(m, i, t):
    """A unit draws p_in while starting. (13i): 0 ≤ p^NBSU_{i,t} − (φ_{i,t} − μ_{i,t}) p_i^in."""
    return m.p_nbsu[i, t] - (m.phi[i, t] - m.mu[i, t]) * m.p_in[i] >= 0


def nbsu_power_max(m, i, t):
    """A unit generates once on line. (13i): p^NBSU_{i,t} − (φ_{i,t} − μ_{i,t}) p_i^in ≤ φ_{i,t} S_i^NBSU."""
    return m.p_nbsu[i, t] - (m.phi[i, t] - m.mu[i, t]) * m.p_in[i] <= m.phi[i, t] * m.s_nbsu[i]


def nbsu_power_energised(m, i, t):
    """A dark LA takes no power from a unit on line. Repair of (13i): p^NBSU_{i,t} ≤ X_{i,t} S_i^NBSU."""
    return m.p_nbsu[i, t] <= m.X[i, t] * m.s_nbsu[i]


def nbsu_ramp_up(m, i, t):
    """Rise between steps. (13j): p_{t} − p_{t−1} ≤ (1 − φ_{t−1}) M + p^up Δt, M = S + p_in, or 0 if not free (D8)."""
    if not t:
        return pyo.Constraint.Skip
    free = (m.s_nbsu[i] + m.p_in[i]) * (1 - m.phi[i, t - 1]) if m.first_step_free else 0.0
    return m.p_nbsu[i, t] - m.p_nbsu[i, t - 1] <= m.ramp_up[i] + free


def nbsu_ramp_down(m, i, t):
    """Fall between steps. (13j): (φ_{t−1} − 1) M − p^down Δt ≤ p_{t} − p_{t−1}, M = S + p_in; waived by S (1 − X_t)."""
    if not t:
        return pyo.Constraint.Skip
    waived = (m.s_nbsu[i] + m.p_in[i]) * (1 - m.phi[i, t - 1]) + m.s_nbsu[i] * (1 - m.X[i, t])
    return m.p_nbsu[i, t] - m.p_nbsu[i, t - 1] >= -m.ramp_down[i] - waived


def nbsu_measured_max(m, i, t):
    """Rise from the output before now, also into a step that begins less than Δt after now. (13j): p_t ≤ p_0^max."""
    return m.p_nbsu[i, t] <= m.p_nbsu_max[i, t] if (i, t) in m.p_nbsu_max else pyo.Constraint.Skip


def nbsu_measured_min(m, i, t):
    """Fall from the output before now likewise, unless the LA goes dark. (13j): X_{i,t} p_0^min ≤ p_t."""
    return m.p_nbsu[i, t] >= m.p_nbsu_min[i, t] * m.X[i, t] if (i, t) in m.p_nbsu_min else pyo.Constraint.Skip


def _reactive(m, kind, i, t):
    return getattr(m, f"q_{kind}")[i, t], getattr(m, f"s_{kind}")[i]


def _connects(m, kind, i, t, earlier):
    """Whether X of a step (itself or an earlier one) is needed to connect a kind of unit, and that unit's rating."""
    if kind == "pv":
        return earlier in m.pv_needs[t], m.s_pv[i] * m.pv_delay_met[i, t]
    return earlier == t, getattr(m, f"s_{kind}")[i]


def reactive_max(m, kind, i, t, earlier):
    """Reactive power of a kind of unit, whose sum is (13a) by (A5)–(A7): q_{i,t} ≤ 0.31 S X_{i,d}, d as in (13c)."""
    needed, s = _connects(m, kind, i, t, earlier)
    return _reactive(m, kind, i, t)[0] <= m.q_ratio * s * m.X[i, earlier] if needed else pyo.Constraint.Skip


def reactive_min(m, kind, i, t, earlier):
    """Reactive power of a kind of unit, whose sum is (13a) by (A5)–(A7): −0.31 S X_{i,d} ≤ q_{i,t}, d as in (13c)."""
    needed, s = _connects(m, kind, i, t, earlier)
    return _reactive(m, kind, i, t)[0] >= -m.q_ratio * s * m.X[i, earlier] if needed else pyo.Constraint.Skip


def nbsu_reactive_max(m, i, t):
    """Reactive power of an NBSU only while on line, D10. (13a): q^NBSU_{i,t} ≤ 0.31 S φ_{i,t}."""
    return m.q_nbsu[i, t] <= m.q_ratio * m.s_nbsu[i] * m.phi[i, t] if m.q_online_only else pyo.Constraint.Skip


def nbsu_reactive_min(m, i, t):
    """Reactive power of an NBSU only while on line, D10. (13a): −0.31 S φ_{i,t} ≤ q^NBSU_{i,t}."""
    return m.q_nbsu[i, t] >= -m.q_ratio * m.s_nbsu[i] * m.phi[i, t] if m.q_online_only else pyo.Constraint.Skip


def inside_circle(m, kind, i, sign_p, sign_q, t):
    """A chord inside each unit's circle in place of (15a)–(17a): ±p ± q (1 − cos φ)/sin φ ≤ S, ESSs by S_min / ΣS."""
    if sign_p < 0 and kind != "ess":
        return pyo.Constraint.Skip
    q, s = _reactive(m, kind, i, t)
    least = m.s_ess_min[i] if kind == "ess" else s
    return sign_p * getattr(m, f"p_{kind}")[i, t] + sign_q * m.chord * least / s * q <= least


def infeed_max(m, letter, i, t):
    """A live infeed gives at most its rating: p, q ≤ S X."""
    return getattr(m, f"{letter}_infeed")[i, t] <= m.s_infeed[i] * m.X[i, t]


def infeed_min(m, letter, i, t):
    """A live infeed takes at most its rating: −S X ≤ p, q."""
    return getattr(m, f"{letter}_infeed")[i, t] >= -m.s_infeed[i] * m.X[i, t]


def infeed_inside_circle(m, i, side, t):
    """Apparent power of a live infeed within its rating, by a polygon with corners on p² + q² = S²: p cos α + q sin α ≤
    S cos(π/n) X, α between two of n = 16 corners; (S, 0) is one."""
    cos, sin = direction((2 * side + 1) * math.pi / m.sides)
    return cos * m.p_infeed[i, t] + sin * m.q_infeed[i, t] <= m.s_infeed[i] * apothem(m.sides) * m.X[i, t]
