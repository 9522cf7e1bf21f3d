"""Constraints (31)–(34), (37)–(40) of the literal form. kW, kvar, squared voltage in p.u.²

Flows and voltage drops are written for both directions i → j, j → i of every branch l.
"""

# pyright: basic
from __future__ import annotations

import pyomo.environ as pyo


def island_power_max(m, i, j, t):
    """Net power within the island of i. (31): G_ij − p_j ≤ (1 − g_ij) M, M = |p_j|^max."""
    return m.G[i, j, t] - m.p[j, t] <= (1 - m.g[i, j, t]) * m.p_most[j, t]


def island_power_min(m, i, j, t):
    """Net power within the island of i. (31): (g_ij − 1) M ≤ G_ij − p_j, M = |p_j|^max."""
    return m.G[i, j, t] - m.p[j, t] >= (m.g[i, j, t] - 1) * m.p_most[j, t]


def other_power_max(m, i, j, t):
    """No net power outside it. (32): G_ij ≤ g_ij M, M = |p_j|^max."""
    return m.G[i, j, t] <= m.g[i, j, t] * m.p_most[j, t]


def other_power_min(m, i, j, t):
    """No net power outside it. (32): −g_ij M ≤ G_ij, M = |p_j|^max."""
    return m.G[i, j, t] >= -m.g[i, j, t] * m.p_most[j, t]


def surplus_min(m, i, t):
    """An energised island does not lack power. (33): (X_i − 1) M ≤ Σ_j G_ij, M = Σ_j |p_j|^max."""
    return sum(m.G[i, j, t] for j in m.N) >= (m.X[i, t] - 1) * sum(m.p_most[j, t] for j in m.N)


def surplus_max(m, i, t):
    """A dark island has none to spare. (33): Σ_j G_ij ≤ X_i M, M = Σ_j |p_j|^max."""
    return sum(m.G[i, j, t] for j in m.N) <= m.X[i, t] * sum(m.p_most[j, t] for j in m.N)


def _leaving(m, power, i, t):
    """p_i − Σ_j P_ij, or q_i − Σ_j Q_ij with what cables give."""
    flow = {"P": m.P, "Q": m.Q}[power]
    out = sum(flow[k, i, j, t] for k, j in m.arcs_from[i])
    if power == "P":
        return m.p[i, t] - out
    ends = sum(m.link_charging[k] / 2 * m.closed[k, t] for k, _ in m.arcs_from[i] if k in m.SWITCH)
    return m.q[i, t] + m.charging[i] + ends - out


def balance_max(m, power, i, t):
    """Net power of an energised LA flows out, and q likewise. (34): p_i − Σ_j P_ij ≤ (1 − X_i) M, M = |p_i|^max."""
    return _leaving(m, power, i, t) <= (1 - m.X[i, t]) * m.net_most[power, i, t]


def balance_min(m, power, i, t):
    """Net power of an energised LA flows out, and q likewise. (34): (X_i − 1) M ≤ p_i − Σ_j P_ij, M = |p_i|^max."""
    return _leaving(m, power, i, t) >= (m.X[i, t] - 1) * m.net_most[power, i, t]


def opposite_flow(m, power, k, t):
    """What leaves one end arrives at the other, missing in (34): P_ij + P_ji = 0, Q_ij + Q_ji = 0."""
    flow, (i, j) = {"P": m.P, "Q": m.Q}[power], m.ends[k]
    return flow[k, i, j, t] + flow[k, j, i, t] == 0


def _closed(m, k, t):
    return m.closed[k, t] if k in m.SWITCH else 1


def _drop(m, k, i, j, t):
    """ρ U_i − U_j − 2 (P R + Q X) in p.u.², with P in kW and R on a base of 1 MVA; from the other end U_i − ρ U_j − ….

    ρ is not in the paper, whose network has no transformers: U_j / U_i of a branch without current."""
    fall, out = 2e-3 * (m.P[k, i, j, t] * m.r[k] + m.Q[k, i, j, t] * m.reactance[k]), m.ends[k] == (i, j)
    return (m.ratio[k] if out else 1) * m.U[i, t] - (1 if out else m.ratio[k]) * m.U[j, t] - fall


def _most_fall(m, k):
    """M of (37): U_max, or ρ U_max where a transformer raises the voltage."""
    return m.u_max * max(1, m.ratio[k])


def voltage_drop_max(m, k, i, j, t):
    """Voltage falls along a closed branch. (37), in it ρ: ρ U_i − U_j − 2 (P_ij R + Q_ij X) ≤ (1 − b_l) M."""
    return _drop(m, k, i, j, t) <= (1 - _closed(m, k, t)) * _most_fall(m, k)


def voltage_drop_min(m, k, i, j, t):
    """Voltage falls along a closed branch. (37), in it ρ: (b_l − 1) M ≤ ρ U_i − U_j − 2 (P_ij R + Q_ij X)."""
    return _drop(m, k, i, j, t) >= (_closed(m, k, t) - 1) * _most_fall(m, k)


def flow_closed_max(m, power, k, i, j, t):
    """Power flows over closed branches. (38): P_ij, Q_ij ≤ b_l M, M = S_l."""
    return {"P": m.P, "Q": m.Q}[power][k, i, j, t] <= m.s_max[k] * _closed(m, k, t)


def flow_closed_min(m, power, k, i, j, t):
    """Power flows over closed branches. (38): −b_l M ≤ P_ij, Q_ij, M = S_l."""
    return {"P": m.P, "Q": m.Q}[power][k, i, j, t] >= -m.s_max[k] * _closed(m, k, t)


def flow_energised_max(m, power, k, i, j, t):
    """Power flows in energised LAs. (39): P_ij, Q_ij ≤ X_i M, M = S_l."""
    return {"P": m.P, "Q": m.Q}[power][k, i, j, t] <= m.s_max[k] * m.X[i, t]


def flow_energised_min(m, power, k, i, j, t):
    """Power flows in energised LAs. (39): −X_i M ≤ P_ij, Q_ij, M = S_l."""
    return {"P": m.P, "Q": m.Q}[power][k, i, j, t] >= -m.s_max[k] * m.X[i, t]


def voltage_max(m, i, t):
    """Voltage limit; a dark LA has none. (40): U_i ≤ X_i U_max."""
    return m.U[i, t] <= m.u_max * m.X[i, t]


def voltage_min(m, i, t):
    """Voltage limit; a dark LA has none. (40): X_i U_min ≤ U_i."""
    return m.U[i, t] >= m.u_min * m.X[i, t]


def operation_closes(m, k, t):
    """A switch operation, |b_l,t − b_l,t−1| once per branch. (18), D13: o_l,t ≥ b_l,t − b_l,t−1."""
    return m.op[k, t] >= m.closed[k, t] - (m.closed[k, t - 1] if t else m.closed_before[k])


def operation_opens(m, k, t):
    """A switch operation, |b_l,t − b_l,t−1| once per branch. (18), D13: o_l,t ≥ b_l,t−1 − b_l,t."""
    return m.op[k, t] >= (m.closed[k, t - 1] if t else m.closed_before[k]) - m.closed[k, t]


def static_areas(m, i, t):
    """A static plan serves one set of LAs (D14): X_{i,t} = X_{i,1}."""
    return m.X[i, t] == m.X[i, 0] if t else pyo.Constraint.Skip


def served_live(m, i, t):
    """Customers have supply in an energised LA only: n_{i,t} ≤ X_{i,t}."""
    return m.served[i, t] <= m.X[i, t]


def static_served(m, i, t):
    """A static plan serves the customers of one set of LAs (D14): n_{i,t} = n_{i,1}."""
    return m.served[i, t] == m.served[i, 0] if t else pyo.Constraint.Skip


def growing_areas(m, i, t):
    """A growing plan keeps every LA that it restores: X_{i,t} ≥ X_{i,t−1}."""
    return m.X[i, t] >= m.X[i, t - 1] if t else pyo.Constraint.Skip


def growing_served(m, i, t):
    """A growing plan keeps the customers whom it restores: n_{i,t} ≥ n_{i,t−1}."""
    return m.served[i, t] >= m.served[i, t - 1] if t else pyo.Constraint.Skip


def closing_switches(m, k, t):
    """A plan of one final topology opens no switch after its first step: b_l,t ≥ b_l,t−1."""
    return m.closed[k, t] >= m.closed[k, t - 1] if t else pyo.Constraint.Skip


def static_topology(m, k, t):
    """A static plan has one topology (D14): b_l,t = b_l,1."""
    return m.closed[k, t] == m.closed[k, 0] if t else pyo.Constraint.Skip
