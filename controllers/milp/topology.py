"""Constraints (19)–(30) in a compact exact form: section states, switches and a spanning forest.

The paper proves connection by repeated squaring of the adjacency matrix and counts edges (20)–(30). The same plans
follow from fewer variables. Energised closed switches are edges; each edge points away from its island's balance unit,
and each energised section either holds the balance unit or is pointed at by exactly one edge. So an island has as many
edges and balance units as sections: where it has no loop, it is a tree with exactly one balance unit. Only where
switches can close a loop does a commodity prove that the island has a balance unit at all.
"""

# pyright: basic
from __future__ import annotations

import pyomo.environ as pyo

from .units import phi


def within_window(m, s, t):
    """Steps past the window are empty: X_{s,t} ≤ 1 if step t exists."""
    return m.X[s, t] <= m.live[t]


def held_by_fault(m, s, t):
    """A section that a fault holds stays dark until the repair: X_{s,t} = 0."""
    return m.X[s, t] == 0


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


def edge_energised_from(m, k, t):
    """An edge of the forest is energised: a_{l,t} ≤ X_{s,t}."""
    return m.edge[k, t] <= m.X[m.sec_i[k], t]


def edge_energised_to(m, k, t):
    """An edge of the forest is energised: a_{l,t} ≤ X_{r,t}."""
    return m.edge[k, t] <= m.X[m.sec_j[k], t]


def edge_complete(m, k, t):
    """Every closed energised switch is an edge: a_{l,t} ≥ b_{l,t} + X_{s,t} − 1."""
    return m.edge[k, t] >= m.b[k, t] + m.X[m.sec_i[k], t] - 1


def edge_directed(m, k, t):
    """An edge points along its switch, d = 1, or against it, a − d = 1: d_{l,t} ≤ a_{l,t}."""
    return m.down[k, t] <= m.edge[k, t]


def pointed_at(m, s, t):
    """Σ of the edges that point at a section: d of the switches into it, a − d of those out of it."""
    return sum(m.down[k, t] for k in m.links_into[s]) + sum(m.edge[k, t] - m.down[k, t] for k in m.links_from[s])


def one_parent(m, s, t):
    """An energised section holds its balance unit or has one parent. (20)–(30): Σ_in d + Σ_{i∈s} r_{i,t} = X_{s,t}."""
    return pointed_at(m, s, t) + sum(m.root[i, t] for i in m.roots_in[s]) == m.X[s, t]


def root_online(m, i, t):
    """An NBSU forms voltage only while on line (D11): r_{i,t} ≤ Σ φ_{e,t}."""
    return m.root[i, t] <= sum(phi(m, e, t) for e in m.nbsu_la[i])


def loop_connected(m, s, t):
    """Where loops can close, each energised section draws a unit of a commodity: in − out + supply = X_{s,t}."""
    inflow = sum(m.flow[k, t] for k in m.loop_into[s]) - sum(m.flow[k, t] for k in m.loop_from[s])
    return inflow + m.supply[s, t] == m.X[s, t]


def loop_flow_max(m, k, t):
    """The commodity flows over edges only: f_{l,t} ≤ M a_{l,t}, M the sections of the loops less one."""
    return m.flow[k, t] <= (m.loop_size[k] - 1) * m.edge[k, t]


def loop_flow_min(m, k, t):
    """The commodity flows over edges only: −M a_{l,t} ≤ f_{l,t}."""
    return m.flow[k, t] >= -(m.loop_size[k] - 1) * m.edge[k, t]


def loop_supply(m, s, t):
    """A balance unit or an edge from outside the loops supplies it: g_{s,t} ≤ M (Σ_{i∈s} r_{i,t} + Σ_outside d)."""
    outside = sum(m.down[k, t] for k in m.links_into[s] if k not in m.LOOP) + sum(
        m.edge[k, t] - m.down[k, t] for k in m.links_from[s] if k not in m.LOOP
    )
    return m.supply[s, t] <= m.block_size[s] * (outside + sum(m.root[i, t] for i in m.roots_in[s]))


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


def growing_sections(m, s, t):
    """A growing plan keeps every section that it restores while the window lasts: X_{s,t} ≥ X_{s,t−1}."""
    return m.X[s, t] >= m.live[t] * m.X[s, t - 1] if t else pyo.Constraint.Skip


def closing_switches(m, k, t):
    """A plan of one final topology opens no switch after its first step: b_{l,t} ≥ b_{l,t−1}."""
    return m.b[k, t] >= m.b[k, t - 1] if t else pyo.Constraint.Skip


def no_good(m, c, t):
    """A state of an island that AC power flow rejects must not come back: Σ_in X + Σclosed a − Σ_open a ≤ n − 1.

    n counts the sections and the closed switches of that state; the rows are there before they are used.
    """
    sections = sum(m.cut_section[c, s, t] * m.X[s, t] for s in m.S)
    return sections + sum(m.cut_switch[c, k, t] * m.edge[k, t] for k in m.SWITCH) <= m.cut_limit[c, t]
