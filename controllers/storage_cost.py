"""Wear of storage, (44) and (45) as two lines from below: what the dispatch stage and a gateway's problem both state.

Minimising makes C_c the larger of the two, C_c = max(α^Dis p_c, −α^Char p_c), which is (43)–(45) where neither cost is
negative.
"""

# pyright: basic
from __future__ import annotations


def ess_discharge_cost(m, c, t):
    """Wear of discharging. (44): C_c ≥ α^Dis p_c, CNY/h."""
    return m.c_ess[c, t] >= m.ess_discharge_cost_rate * m.p_ess[c, t]


def ess_charge_cost(m, c, t):
    """Wear of charging, a cost and not an income (D12). (45): C_c ≥ −α^Char p_c, CNY/h."""
    return m.c_ess[c, t] >= -m.ess_charge_cost_rate[c, t] * m.p_ess[c, t]
