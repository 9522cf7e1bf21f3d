"""Constraints (13): what net power an LA can deliver, from its PSC. One function per constraint, kW and kvar.

Sets: PV, ESS, NBSU sources of each kind; T steps; K launches of an NBSU. A source i is what the dispatch centre
schedules as one: an LA's units of a kind, described by (2)–(12), or a single device. Of a single device (13) says what
(14)–(17) say. Every bound holds per source i and step t.
"""

# pyright: basic
from __future__ import annotations

import pyomo.environ as pyo

from ..storage_losses import drawn, drawn_at_least


def phi(m, i, t):
    """φ_{i,t}: 1 once the NBSU is on line (13g)."""
    return m.online0[i] + sum(m.online_if[i, k, t] * m.launch[i, k] for k in m.K if k <= t)


def starting(m, i, t):
    """μ_{i,t} − φ_{i,t}: 1 while the NBSU draws start-up power (13f), (13g)."""
    return sum(m.starting_if[i, k, t] * m.launch[i, k] for k in m.K if k <= t)


def X(m, i, t):
    """X_{i,t}: a source is energised with the section of its LA (19)."""
    return m.X[m.home[i], t]


def pv_energised(m, i, t):
    """PV is connected only in an energised LA. (13c): on_{i,t} ≤ X_{i,t}."""
    return m.pv_on[i, t] <= X(m, i, t)


def pv_reconnects(m, i, t, lag):
    """PV waits out its reconnect delay. (13c): on_{i,t} ≤ X_{i,t−1}, for each earlier step within the delay."""
    if lag > t:
        return pyo.Constraint.Skip
    return m.pv_on[i, t] <= 1 - m.waits[t, lag] * (1 - X(m, i, t - lag))


def pv_was_connected(m, i, t):
    """The part of the delay that lies before now has passed. (13c): on_{i,t} ≤ X_{i,t−1} as measured."""
    return m.pv_on[i, t] <= m.delay_met[i, t]


def pv_available(m, i, t):
    """PV gives at most its forecast. (13c): 0 ≤ p^PV_{i,t} ≤ on_{i,t} ζ^PV_{i,t} S^PV_i."""
    return m.p_pv[i, t] <= m.pv_kw[i, t] * m.pv_on[i, t]


def ess_power_max(m, i, t):
    """ESSs discharge at most the smallest rating, while energised. (13d): p^ESS_{i,t} ≤ S^ESS_{i,min}."""
    return m.p_ess[i, t] <= m.s_ess_min[i] * X(m, i, t)


def ess_power_min(m, i, t):
    """ESSs charge at most the smallest rating, while energised. (13d): −S^ESS_{i,min} ≤ p^ESS_{i,t}."""
    return m.p_ess[i, t] >= -m.s_ess_min[i] * X(m, i, t)


def ess_state(m, i, t):
    """Energy taken out so far, kWh. (13e): e_{i,t} = e_{i,t−1} + Δt p^ESS_{i,t}; with losses as in `storage_losses`."""
    before = m.e_ess[i, t - 1] if t else 0.0
    return m.e_ess[i, t] == before + m.dt[t] * drawn(m, i, t)


def ess_energy_max(m, i, t):
    """No more than E^Dis can be taken out. (13e): Δt Σ_{d≤t} p^ESS_{i,d} ≤ E_i^Dis."""
    return m.e_ess[i, t] <= m.e_dis[i]


def ess_energy_min(m, i, t):
    """No more than E^Char can be put in. (13e): −E_i^Char ≤ Δt Σ_{d≤t} p^ESS_{i,d}."""
    if i in m.MIXED:
        return sum(m.dt[d] * drawn_at_least(m, i, d) for d in m.T if d <= t) >= -m.e_char[i]
    return m.e_ess[i, t] >= -m.e_char[i]


def nbsu_launched_once(m, i):
    """An NBSU is launched at most once. (13f), (13g): one start-up time t_i^NBSU."""
    return sum(m.launch[i, k] for k in m.K) <= 1


def nbsu_launch_allowed(m, i, k):
    """Launches that exist now: none when on line, the one under way only when there is one. (13f)."""
    return m.launch[i, k] <= m.launch_ok[i, k]


def nbsu_start_energised(m, i, t):
    """Start-up needs an energised LA. (13h): μ_{i,t} − φ_{i,t} ≤ X_{i,t}."""
    return starting(m, i, t) <= X(m, i, t)


def nbsu_power_min(m, i, t):
    """An NBSU draws p_in while starting. (13i): 0 ≤ p^NBSU_{i,t} + (μ − φ) p_i^in."""
    return m.p_nbsu[i, t] >= -starting(m, i, t) * m.p_in[i]


def nbsu_power_max(m, i, t):
    """An NBSU generates up to S once on line. (13i): p^NBSU_{i,t} + (μ − φ) p_i^in ≤ φ_{i,t} S_i^NBSU."""
    return m.p_nbsu[i, t] <= phi(m, i, t) * m.s_nbsu[i] - starting(m, i, t) * m.p_in[i]


def nbsu_power_energised(m, i, t):
    """A dark LA takes no power: p^NBSU_{i,t} ≤ X_{i,t} S_i^NBSU (an on-line unit idles)."""
    return m.p_nbsu[i, t] <= X(m, i, t) * m.s_nbsu[i]


def nbsu_ramp_up(m, i, t):
    """Rise between steps, free into the first on-line step. (13j): p_{t} − p_{t−1} ≤ (1 − φ_{t−1}) M + p^up Δt."""
    if t == 0:
        return m.p_nbsu[i, t] <= m.p_nbsu_max0[i]
    free = m.first_step_free * (m.s_nbsu[i] + m.p_in[i]) * (1 - phi(m, i, t - 1))
    return m.p_nbsu[i, t] - m.p_nbsu[i, t - 1] <= m.ramp_up[i, t] + free


def nbsu_ramp_down(m, i, t):
    """Fall between steps, unless the LA goes dark. (13j): (φ_{t−1} − 1) M − p^down Δt ≤ p_{t} − p_{t−1}.

    As printed an LA with an on-line NBSU could go dark only after ramping down; opening a breaker needs no ramp, so the
    bound is waived by M (1 − X_{i,t}), M = S_i.
    """
    if t == 0:
        return m.p_nbsu[i, t] >= m.p_nbsu_min0[i] * X(m, i, t) - m.p_in[i] * (1 - m.online0[i])
    waived = (m.s_nbsu[i] + m.p_in[i]) * (1 - phi(m, i, t - 1)) + m.s_nbsu[i] * (1 - X(m, i, t))
    return m.p_nbsu[i, t] - m.p_nbsu[i, t - 1] >= -m.ramp_down[i, t] - waived


def nbsu_recent_max(m, i):
    """After a first step shorter than Δt, output before now still bounds the second one. (13j): p_1 ≤ p_0^max."""
    return m.p_nbsu[i, 1] <= m.p_nbsu_max1[i] if len(m.T) > 1 else pyo.Constraint.Skip


def nbsu_recent_min(m, i):
    """After a first step shorter than Δt, output before now still bounds the second one. (13j): X_1 p_0^min ≤ p_1."""
    if len(m.T) == 1:
        return pyo.Constraint.Skip
    return m.p_nbsu[i, 1] >= m.p_nbsu_min1[i] * X(m, i, 1) - m.p_in[i] * (1 - m.online0[i])


def _reactive(m, kind, i, t):
    """Reactive power, rated power and the 0/1 state of a kind of unit: what (13a) multiplies by 0.31."""
    if kind == "pv":
        return m.q_pv[i, t], m.s_pv[i], m.pv_on[i, t]
    if kind == "ess":
        return m.q_ess[i, t], m.s_ess[i], X(m, i, t)
    return m.q_nbsu[i, t], m.s_nbsu[i], phi(m, i, t) if m.q_online_only else X(m, i, t)


def q_max(m, kind, i, t):
    """Reactive limit of a kind of unit while it is connected (D10). (13a): q ≤ 0.31 S."""
    q, s, on = _reactive(m, kind, i, t)
    return q <= m.q_ratio * s * on


def q_min(m, kind, i, t):
    """Reactive limit of a kind of unit while it is connected (D10). (13a): −0.31 S ≤ q."""
    q, s, on = _reactive(m, kind, i, t)
    return q >= -m.q_ratio * s * on


def q_nbsu_energised_max(m, i, t):
    """A dark LA takes no reactive power from an idling NBSU: q ≤ 0.31 S X."""
    return m.q_nbsu[i, t] <= m.q_ratio * m.s_nbsu[i] * X(m, i, t)


def q_nbsu_energised_min(m, i, t):
    """A dark LA takes no reactive power from an idling NBSU: −0.31 S X ≤ q."""
    return m.q_nbsu[i, t] >= -m.q_ratio * m.s_nbsu[i] * X(m, i, t)


def inside_circle(m, kind, i, sign_p, sign_q, t):
    """A chord inside each unit's circle, for (13) lets a corner reach 1.047 S: ±p ± q (1 − cos φ)/sin φ ≤ S.

    Several ESSs share p up to S_min and q up to ΣS, so for them it is ±p ± q (S_min / ΣS) (1 − cos φ)/sin φ ≤ S_min.
    """
    if sign_p < 0 and kind != "ess":
        return pyo.Constraint.Skip
    p = {"pv": m.p_pv, "ess": m.p_ess, "nbsu": m.p_nbsu}[kind][i, t]
    q, s, _ = _reactive(m, kind, i, t)
    least = m.s_ess_min[i] if kind == "ess" else s
    return sign_p * p + sign_q * m.chord * least / s * q <= least
