"""Constraints (31)–(40): linear power flow of the energised forest. kW, kvar, squared voltage in p.u.²

Equations (31)–(33) only say that an island balances; (34) with P_ij + P_ji = 0 says the same through the flows. Nodes
z are sections, or LAs where voltages and flows inside a section are asked for (``detailed``).
"""

# pyright: basic
from __future__ import annotations

import math

from ...scenarios.angles import apothem, direction
from .cold_load import excess


def X(m, z, t):
    """X_{z,t}: a node is energised with its section (19)."""
    return m.X[m.node_section[z], t]


def generation(m, z, t):
    """Σ of the sources at a node. (13b): p^PV + p^ESS + p^NBSU (+ infeed), kW."""
    terms = ((m.pv_at, m.p_pv), (m.ess_at, m.p_ess), (m.nbsu_at, m.p_nbsu), (m.infeed_at, m.p_infeed))
    return sum(var[i, t] for at, var in terms for i in at[z])


def generation_q(m, z, t):
    """Reactive power of the sources at a node, kvar."""
    terms = ((m.pv_at, m.q_pv), (m.ess_at, m.q_ess), (m.nbsu_at, m.q_nbsu), (m.infeed_at, m.q_infeed))
    return sum(var[i, t] for at, var in terms for i in at[z])


def _served(m, demand, z, t):
    """Σ n of what the LAs of a node draw, where their customers can be off."""
    return sum(demand[i, t] * m.served[i, t] for i in m.areas_at[z])


def active_balance(m, z, t):
    """What a node generates beyond its demand flows out. (34): p_{i,t} = Σ_j P_{ij,t}, with losses as estimated."""
    out = sum(m.P[k, t] for k in m.links_out[z]) - sum(m.P[k, t] for k in m.links_in[z])
    # Written so that Pyomo does not turn it round: explaining an infeasible horizon needs its sign.
    if m.by_area:
        drawn = m.loss_factor[z] * _served(m, m.demand, z, t) + m.loss_kw[z, t] * X(m, z, t)
        return generation(m, z, t) - drawn - m.loss_factor[z] * excess(m, "kw", z, t) - out == 0
    drawn = (m.loss_factor[z] * m.demand[z, t] + m.loss_kw[z, t]) * X(m, z, t)
    if m.cold_load_asked:
        return generation(m, z, t) - drawn - m.loss_factor[z] * excess(m, "kw", z, t) - out == 0
    return generation(m, z, t) - drawn == out


def reactive_balance(m, z, t):
    """The same for reactive power, with what cables give. (34): q_{i,t} + q^C_{i,t} = Σ_j Q_{ij,t}."""
    out = sum(m.Q[k, t] for k in m.links_out[z]) - sum(m.Q[k, t] for k in m.links_in[z])
    ends = sum(m.link_charging[k] / 2 * m.edge[k, t] for k in (*m.links_out[z], *m.links_in[z]) if k in m.SWITCH)
    if m.by_area:
        drawn = m.loss_factor[z] * _served(m, m.demand_q, z, t) + (m.loss_kvar[z, t] - m.charging[z]) * X(m, z, t)
        return generation_q(m, z, t) + ends - drawn - m.loss_factor[z] * excess(m, "kvar", z, t) - out == 0
    drawn = (m.loss_factor[z] * m.demand_q[z, t] + m.loss_kvar[z, t] - m.charging[z]) * X(m, z, t)
    if m.cold_load_asked:
        return generation_q(m, z, t) + ends - drawn - m.loss_factor[z] * excess(m, "kvar", z, t) - out == 0
    return generation_q(m, z, t) + ends - drawn == out


def closed(m, k, t):
    """1 if a link carries power: its switch is an energised edge, or it has none and its section is energised."""
    return m.edge[k, t] if k in m.SWITCH else X(m, m.from_la[k], t)


def active_flow_max(m, k, t):
    """Power flows over closed links within their rating. (38), (39): P_{l,t} ≤ S_l b_{l,t}."""
    return m.P[k, t] <= m.s_max[k] * closed(m, k, t)


def active_flow_min(m, k, t):
    """Power flows over closed links within their rating. (38), (39): −S_l b_{l,t} ≤ P_{l,t}."""
    return m.P[k, t] >= -m.s_max[k] * closed(m, k, t)


def reactive_flow_max(m, k, t):
    """Reactive power likewise. (38), (39): Q_{l,t} ≤ S_l b_{l,t}."""
    return m.Q[k, t] <= m.s_max[k] * closed(m, k, t)


def reactive_flow_min(m, k, t):
    """Reactive power likewise. (38), (39): −S_l b_{l,t} ≤ Q_{l,t}."""
    return m.Q[k, t] >= -m.s_max[k] * closed(m, k, t)


def _drop(m, k, t):
    """ρ U_i − U_j − 2 (P R + Q X) in p.u.², with P in kW and R on a base of 1 MVA."""
    fall = 2e-3 * (m.P[k, t] * m.r[k] + m.Q[k, t] * m.x[k])
    return m.ratio[k] * m.U[m.from_la[k], t] - m.U[m.to_la[k], t] - fall


def _most_fall(m, k):
    """M of (37): U_max max(1, ρ), for an open link is empty; without (38), (39) also the drop of all that may flow."""
    flows = 2e-3 * m.s_max[k] * (m.r[k] + m.x[k]) if "flow_limits" in m.without else 0.0
    return m.u_max * max(1.0, m.ratio[k]) + flows


def voltage_drop(m, k, t):
    """Voltage falls along a link without a switch. (37), in it ρ: ρ_ij U_i − U_j = 2 (P_ij R_ij + Q_ij X_ij)."""
    return _drop(m, k, t) == 0


def voltage_drop_max(m, k, t):
    """Voltage falls along an edge. (37), in it ρ: ρ U_i − U_j − 2 (P R + Q X) ≤ (1 − b) M: one end may be dark."""
    return _drop(m, k, t) <= _most_fall(m, k) * (1 - m.edge[k, t])


def voltage_drop_min(m, k, t):
    """Voltage falls along an edge. (37), in it ρ: (b − 1) M ≤ ρ U_i − U_j − 2 (P R + Q X), M = U_max max(1, ρ)."""
    return _drop(m, k, t) >= -_most_fall(m, k) * (1 - m.edge[k, t])


def voltage_max(m, i, t):
    """Voltage limit; a dark LA has none. (40): U_i ≤ X_i U_max."""
    return m.U[i, t] <= m.u_max * X(m, i, t)


def voltage_min(m, i, t):
    """Voltage limit; a dark LA has none. (40): X_i U_min ≤ U_i."""
    return m.U[i, t] >= m.u_least[i, t] * X(m, i, t)


def reference_max(m, i, t):
    """A balance unit holds U_N. (36): U_i ≤ U_N + (1 − r_i) M, M = U_max − U_N."""
    return m.U[i, t] <= m.u_ref[i] + (m.u_max - m.u_ref[i]) * (1 - m.root[i, t])


def reference_min(m, i, t):
    """A balance unit holds U_N. (36): U_N − (1 − r_i) M ≤ U_i, M = U_N: the LA may be dark."""
    return m.U[i, t] >= m.u_ref[i] * m.root[i, t]


def infeed_max(m, i, t):
    """A live infeed gives at most its rating: p ≤ S X."""
    return m.p_infeed[i, t] <= m.s_infeed[i] * m.X[m.section[i], t]


def infeed_min(m, i, t):
    """A live infeed takes at most its rating: −S X ≤ p."""
    return m.p_infeed[i, t] >= -m.s_infeed[i] * m.X[m.section[i], t]


def infeed_q_max(m, i, t):
    """Reactive power of a live infeed: q ≤ S X."""
    return m.q_infeed[i, t] <= m.s_infeed[i] * m.X[m.section[i], t]


def infeed_q_min(m, i, t):
    """Reactive power of a live infeed: −S X ≤ q."""
    return m.q_infeed[i, t] >= -m.s_infeed[i] * m.X[m.section[i], t]


def infeed_inside_circle(m, i, side, t):
    """Apparent power of a live infeed within its rating, by a polygon with corners on p² + q² = S²: p cos α + q sin α ≤
    S cos(π/n) X, α between two of n = 16 corners; (S, 0) is one."""
    cos, sin = direction((2 * side + 1) * math.pi / m.sides)
    return cos * m.p_infeed[i, t] + sin * m.q_infeed[i, t] <= m.s_infeed[i] * apothem(m.sides) * m.X[m.section[i], t]


def inside_rating(m, k, side, t):
    """Apparent power within a link's rating, by a polygon inside p² + q² ≤ S² of (38), (39): P cos α + Q sin α ≤
    S cos(π/n) a_{l,t}, n = 16 sides; of S a share that AC power flow has shown to be right."""
    cos, sin = direction(2 * math.pi * side / m.sides)
    most = m.s_max[k] * apothem(m.sides) * m.link_share[k, t]
    return cos * m.P[k, t] + sin * m.Q[k, t] <= most * closed(m, k, t)
