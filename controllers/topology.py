"""Constraints (19)–(30) in a compact exact form: section states, switches and a spanning forest.

The paper proves connection by repeated squaring of the adjacency matrix and counts edges (20)–(30). The same plans
follow from fewer variables: each energised section draws one unit of a commodity from a balance unit over closed,
energised switches, so it is connected to one; and energised closed switches number energised sections minus balance
units, so every island is a tree with exactly one balance unit.
"""

# pyright: basic
from __future__ import annotations

import pyomo.environ as pyo


def within_window(m, s, t):
    """Steps past the window are empty: X_{s,t} ≤ 1 if step t exists."""
    return m.X[s, t] <= m.live[t]


def live_infeed_forms(m, i, t):
    """A live infeed forms its island while the window lasts, so two are never joined. (36), D11: r_{i,t} = 1."""
    return m.root[i, t] == m.live[t]


def switch_joins_from(m, k, t):
    """A closed switch joins the states of its two sections. (19): X_s − X_r ≤ 1 − b_{l,t}."""
    return m.X[m.sec_i[k], t] - m.X[m.sec_j[k], t] <= 1 - m.b[k, t]


def switch_joins_to(m, k, t):
    """A closed switch joins the states of its two sections. (19): X_r − X_s ≤ 1 − b_{l,t}."""
    return m.X[m.sec_j[k], t] - m.X[m.sec_i[k], t] <= 1 - m.b[k, t]


def edge_closed(m, k, t):
    """An edge of the forest is a closed switch: a_{l,t} ≤ b_{l,t}."""
    return m.edge[k, t] <= m.b[k, t]


def edge_energised(m, k, t):
    """An edge of the forest is energised: a_{l,t} ≤ X_{s,t}."""
    return m.edge[k, t] <= m.X[m.sec_i[k], t]


def edge_complete(m, k, t):
    """Every closed energised switch is an edge: a_{l,t} ≥ b_{l,t} + X_{s,t} − 1."""
    return m.edge[k, t] >= m.b[k, t] + m.X[m.sec_i[k], t] - 1


def radial(m, t):
    """Islands are trees with one balance unit each. (27)–(30): Σ_l a_{l,t} = Σ_s X_{s,t} − Σ_i r_{i,t}."""
    return sum(m.edge[k, t] for k in m.SWITCH) == sum(m.X[s, t] for s in m.S) - sum(m.root[i, t] for i in m.ROOT)


def connected(m, s, t):
    """Every energised section draws one unit of flow from a balance unit. (20)–(26): in − out + supply = X_{s,t}."""
    inflow = sum(m.flow[k, t] for k in m.links_into[s]) - sum(m.flow[k, t] for k in m.links_from[s])
    supply = sum(m.supply[i, t] for i in m.roots_in[s])
    return inflow + supply == m.X[s, t]


def flow_max(m, k, t):
    """The commodity flows over edges only: f_{l,t} ≤ (|S| − 1) a_{l,t}."""
    return m.flow[k, t] <= (len(m.S) - 1) * m.edge[k, t]


def flow_min(m, k, t):
    """The commodity flows over edges only: −(|S| − 1) a_{l,t} ≤ f_{l,t}."""
    return m.flow[k, t] >= -(len(m.S) - 1) * m.edge[k, t]


def supply_from_root(m, i, t):
    """Only a balance unit supplies the commodity: g_{i,t} ≤ |S| r_{i,t}."""
    return m.supply[i, t] <= len(m.S) * m.root[i, t]


def root_energised(m, s, t):
    """At most one balance unit in a section, none in a dark one. (35), (36): Σ_{i∈s} r_{i,t} ≤ X_{s,t}."""
    if not m.roots_in[s]:
        return pyo.Constraint.Skip
    return sum(m.root[i, t] for i in m.roots_in[s]) <= m.X[s, t]


def root_online(m, i, t):
    """An NBSU forms voltage only while on line (D11): r_{i,t} ≤ φ_{i,t}."""
    return m.root[i, t] <= m.online0[i] + sum(m.online_if[i, k, t] * m.launch[i, k] for k in m.K)


def operation_closes(m, k, t):
    """A switch operation, counted once per branch. (18), D13: o_{l,t} ≥ b_{l,t} − b_{l,t−1}."""
    return m.op[k, t] >= m.b[k, t] - (m.b[k, t - 1] if t else m.b0[k])


def operation_opens(m, k, t):
    """A switch operation, counted once per branch. (18), D13: o_{l,t} ≥ b_{l,t−1} − b_{l,t}."""
    return m.op[k, t] >= (m.b[k, t - 1] if t else m.b0[k]) - m.b[k, t]


def static_sections(m, s, t):
    """A static plan serves one set of sections while the window lasts (D14): X_{s,t} = X_{s,1}."""
    return m.X[s, t] == m.live[t] * m.X[s, 0] if t else pyo.Constraint.Skip


def static_topology(m, k, t):
    """A static plan has one topology (D14): b_{l,t} = b_{l,1}."""
    return m.b[k, t] == m.b[k, 0] if t else pyo.Constraint.Skip
