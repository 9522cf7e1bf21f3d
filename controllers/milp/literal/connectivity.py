"""Constraints (19)–(30), (35), (36) of the literal form: who is connected, radial, and who holds U_N.

Indices i, j, q run over all LAs, so c_ijkq alone has (k_max − 1) N³ T binaries. A branch is written l: between two LAs
there may be several. All big-Ms are counts of LAs or of branches.
"""

# pyright: basic
from __future__ import annotations

import pyomo.environ as pyo


def branch_missing(m, i, j, t):
    """LAs without a closed branch are not adjacent. (19): b_ij ≤ Σ_l b_l, a branch without a switch counting 1."""
    if i == j or m.fixed_between[i, j]:
        return pyo.Constraint.Skip
    return m.b[i, j, t] <= sum(m.closed[k, t] for k in m.switches_between[i, j])


def branch_closed(m, k, i, j, t):
    """A closed branch joins its LAs, one without a switch always. (19), reading (ii): b_l ≤ b_ij."""
    return m.b[i, j, t] >= (m.closed[k, t] if k in m.SWITCH else 1)


def branch_parallel(m, i, j, t):
    """Parallel switches of energised LAs would be a loop that b_ij hides. (19): Σ_l b_l ≤ b_ij + (n − 1) (1 − X_i).

    Branches without a switch count 1 together, for no switch can open a loop among them.
    """
    switches, fixed = m.switches_between[i, j], float(m.fixed_between[i, j])
    if not switches or len(switches) + fixed < 2:
        return pyo.Constraint.Skip
    hidden = len(switches) + fixed - 1
    return sum(m.closed[k, t] for k in switches) + fixed <= m.b[i, j, t] + hidden * (1 - m.X[i, t])


def shared_state(m, i, j, t):
    """Adjacent LAs share one state. (19), reading (ii): X_i − X_j ≤ 1 − b_ij."""
    return m.X[i, t] - m.X[j, t] <= 1 - m.b[i, j, t] if i != j else pyo.Constraint.Skip


def held_by_fault(m, i, t):
    """An LA that a fault holds stays dark until the repair: X_i = 0."""
    return m.X[i, t] == 0


def own_connection(m, i, k, t):
    """An LA is connected to itself, which the doubling of (24) and the −1 of (27) need. (20)–(24): h_iik = 1."""
    return m.h[i, i, k, t] == 1


def first_hop(m, i, j, t):
    """One branch connects adjacent LAs. (20): h_ij1 = b_ij."""
    return m.h[i, j, 1, t] == m.b[i, j, t]


def last_hop(m, i, j, t):
    """k_max = 2 + ⌊log2(N − 1)⌋ doublings reach every LA. (21), (22): h_{ij k_max} = g_ij."""
    return m.h[i, j, m.k_max, t] == m.g[i, j, t]


def path_max(m, i, j, k, t):
    """A connection over a third LA is one. (24): Σ_q c_{ij(k−1)q} ≤ h_ijk M, M = N."""
    return sum(m.c[i, j, k - 1, q, t] for q in m.N) <= m.h[i, j, k, t] * len(m.N) if i != j else pyo.Constraint.Skip


def path_min(m, i, j, k, t):
    """A connection goes over a third LA. (24): (h_ijk − 1) M + ε ≤ Σ_q c_{ij(k−1)q}, M = N, ε = 1."""
    through = sum(m.c[i, j, k - 1, q, t] for q in m.N)
    return (m.h[i, j, k, t] - 1) * len(m.N) + 1 <= through if i != j else pyo.Constraint.Skip


def symmetric(m, i, j, k, t):
    """Connections hold both ways. (25): h_ijk = h_jik."""
    return m.h[i, j, k, t] == m.h[j, i, k, t] if m.N.ord(i) < m.N.ord(j) else pyo.Constraint.Skip


def via_first(m, i, j, k, q, t):
    """A way over q has a first half. (26) as c = h_iq ∧ h_qj: c_{ij(k−1)q} ≤ h_{iq(k−1)}."""
    return m.c[i, j, k - 1, q, t] <= m.h[i, q, k - 1, t]


def via_second(m, i, j, k, q, t):
    """A way over q has a second half. (26) as c = h_iq ∧ h_qj: c_{ij(k−1)q} ≤ h_{qj(k−1)}."""
    return m.c[i, j, k - 1, q, t] <= m.h[q, j, k - 1, t]


def via_both(m, i, j, k, q, t):
    """Two halves make a way, which (26) as printed lets the model forget. (26): c ≥ h_{iq(k−1)} + h_{qj(k−1)} − 1."""
    return m.c[i, j, k - 1, q, t] >= m.h[i, q, k - 1, t] + m.h[q, j, k - 1, t] - 1


def degree(m, i, t):
    """Number of LAs adjacent to an LA. (27): x_i = Σ_j b_ij − 1."""
    return m.x[i, t] == sum(m.b[i, j, t] for j in m.N) - 1


def _surplus_ends(m, i, t):
    """Σ_j y_ij − 2 Σ_j g_ij + 2: 0 in a tree; loops that no switch can open are taken off."""
    loops = sum(m.fixed_loops[j] * m.g[i, j, t] for j in m.N)
    return sum(m.y[i, j, t] - 2 * m.g[i, j, t] for j in m.N) + 2 - 2 * loops


def radial_max(m, i, t):
    """An energised island is a tree. (28): Σ_j y_ij − 2 Σ_j g_ij + 2 ≤ (1 − X_i) M, M = Σ_j x_j^max."""
    return _surplus_ends(m, i, t) <= (1 - m.X[i, t]) * sum(m.degree_max[j] for j in m.N)


def radial_min(m, i, t):
    """An energised island is a tree. (28): (X_i − 1) M ≤ Σ_j y_ij − 2 Σ_j g_ij + 2, M = 2 N and loops that stay."""
    return _surplus_ends(m, i, t) >= (m.X[i, t] - 1) * 2 * (len(m.N) + sum(m.fixed_loops.values()))


def island_degree_max(m, i, j, t):
    """Degrees within the island of i. (29): y_ij − x_j ≤ (1 − g_ij) M, M = x_j^max."""
    return m.y[i, j, t] - m.x[j, t] <= (1 - m.g[i, j, t]) * m.degree_max[j]


def island_degree_min(m, i, j, t):
    """Degrees within the island of i. (29): (g_ij − 1) M ≤ y_ij − x_j, M = x_j^max."""
    return m.y[i, j, t] - m.x[j, t] >= (m.g[i, j, t] - 1) * m.degree_max[j]


def other_degree_max(m, i, j, t):
    """No degree outside it. (30): y_ij ≤ g_ij M, M = x_j^max."""
    return m.y[i, j, t] <= m.g[i, j, t] * m.degree_max[j]


def other_degree_min(m, i, j, t):
    """No degree outside it. (30): −g_ij M ≤ y_ij, M = x_j^max."""
    return m.y[i, j, t] >= -m.g[i, j, t] * m.degree_max[j]


def offer_possible(m, i, t):
    """Live infeeds, ESSs and NBSUs on line may offer to hold U_N, D11. (35): r_i ≤ φ_i of an LA with an NBSU only."""
    if i in m.ALWAYS_FORMER:
        return pyo.Constraint.Skip
    return m.root[i, t] <= (m.phi[i, t] if i in m.NBSU else 0)


def live_infeed_offers(m, i, t):
    """A live infeed always does, so two are never joined, D11. (35): r_i = 1."""
    return m.root[i, t] == 1


def offer_seen_first(m, i, j, t):
    """Offers within the island of i, in place of net power in (35). (31), (32): R_ij ≤ g_ij."""
    return m.R[i, j, t] <= m.g[i, j, t]


def offer_seen_second(m, i, j, t):
    """Offers within the island of i, in place of net power in (35). (31), (32): R_ij ≤ r_j."""
    return m.R[i, j, t] <= m.root[j, t]


def offer_seen_both(m, i, j, t):
    """Offers within the island of i, in place of net power in (35). (31), (32): R_ij ≥ g_ij + r_j − 1."""
    return m.R[i, j, t] >= m.g[i, j, t] + m.root[j, t] - 1


def one_offer(m, i, t):
    """An energised island has one offer, a dark LA none, so that (35) has one winner: Σ_j R_ij = X_i."""
    return sum(m.R[i, j, t] for j in m.N) == m.X[i, t]


def beats_max(m, i, j, t):
    """A_ij = 1 if i offers and j of its island does not. (35): R_ii − R_ij ≤ A_ij M, M = 1."""
    return m.R[i, i, t] - m.R[i, j, t] <= m.A[i, j, t]


def beats_min(m, i, j, t):
    """A_ij = 1 only then. (35): (A_ij − 1) M + ε ≤ R_ii − R_ij, ε = 1, M = 2."""
    return m.R[i, i, t] - m.R[i, j, t] >= (m.A[i, j, t] - 1) * 2 + 1


def _unbeaten(m, i, t):
    """N − 1 + A_ii − Σ_j A_ij: 0 for the LA that beats all others."""
    return len(m.N) - 1 + m.A[i, i, t] - sum(m.A[i, j, t] for j in m.N)


def reference_max(m, i, t):
    """The winner holds U_N. (36): U_i − X_i U_N ≤ (N − 1 + A_ii − Σ_j A_ij) M, M = U_max − U_N."""
    return m.U[i, t] - m.X[i, t] * m.u_ref[i] <= _unbeaten(m, i, t) * (m.u_max - m.u_ref[i])


def reference_min(m, i, t):
    """The winner holds U_N. (36): −(N − 1 + A_ii − Σ_j A_ij) M ≤ U_i − X_i U_N, M = U_N − U_min."""
    return m.U[i, t] - m.X[i, t] * m.u_ref[i] >= -_unbeaten(m, i, t) * (m.u_ref[i] - m.u_min)
