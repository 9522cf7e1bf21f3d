"""Storage that loses energy: how the planner's models and a gateway's problem count what is in store.

Powers p^ESS are those at the terminals. Of what is charged, c, the share η^Char gets into store; what is given takes
1/η^Dis as much out of it. A step draws p/η^Dis + (1/η^Dis − η^Char) c from the store, with c = max(0, −p). A model has
c ≥ −p only: more would say that storage charges and discharges at once, which burns energy. That gains nothing but room
in a store that may run full, so only there a binary says which of the two it does. Several ESSs counted as one have
the least of their efficiencies in what can still be given, and the largest in what room is left.
"""

# pyright: basic
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pyomo.environ as pyo

from ..scenarios.view import StoreEfficiency
from .exchange.psc import LOSSLESS

Range = tuple[StoreEfficiency, StoreEfficiency]
"""Least and largest efficiencies of what is counted as one."""


def ess_charging(m, i, t):
    """What is charged is no less than what is taken from the network: c_{i,t} ≥ −p^ESS_{i,t}, kW."""
    return m.p_char[i, t] >= -m.p_ess[i, t]


def ess_only_charges(m, i, t):
    """Where a store may run full (f = 1) nothing is charged while discharging: c_{i,t} ≤ S^ESS_{i,min} (z + 1 − f)."""
    return m.p_char[i, t] <= m.char_most[i] * (m.charges[i, t] + 1 - m.fills[i])


def ess_only_discharges(m, i, t):
    """Nor is anything given while charging: p^ESS_{i,t} + c_{i,t} ≤ S^ESS_{i,min} (2 − z − f)."""
    return m.p_ess[i, t] + m.p_char[i, t] <= m.char_most[i] * (2 - m.charges[i, t] - m.fills[i])


def rows(m: Any) -> tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]:
    """Constraints of storage that loses energy, each with the sets it is written over."""
    rules = ess_charging, ess_only_charges, ess_only_discharges
    return tuple((rule, (m.LOSSY, m.T)) for rule in rules) if len(m.LOSSY) else ()


def declare(m: Any, efficiency: Mapping[str, Range], most_kw: Mapping[str, float]) -> None:
    """Sets, data and variables of those that lose energy; ``most_kw``: most that is charged or given."""
    lossy = [i for i, pair in efficiency.items() if pair != (LOSSLESS, LOSSLESS)]
    m.MIXED = frozenset(i for i in lossy if efficiency[i][0] != efficiency[i][1])
    m.store_efficiency, m.char_most = {i: efficiency[i] for i in lossy}, {i: most_kw[i] for i in lossy}
    if not lossy:
        m.LOSSY = ()
        return
    m.LOSSY = pyo.Set(initialize=lossy, ordered=True, doc="sources whose storage loses energy")
    m.fills = pyo.Param(m.LOSSY, mutable=True, initialize=1.0, doc="f, 1: the store may run full")
    m.p_char = pyo.Var(m.LOSSY, m.T, bounds=lambda m, i, t: (0, m.char_most[i]), doc="c, power that is charged [kW]")
    m.charges = pyo.Var(m.LOSSY, m.T, domain=pyo.Binary, doc="z, 1: storage does not discharge")


def set_room(m: Any, room_kwh: Mapping[str, float], hours: float) -> None:
    """Say which stores may run full in so many hours."""
    for i in m.LOSSY:
        m.fills[i] = float(room_kwh[i] < m.store_efficiency[i][1].charge * m.char_most[i] * hours)


def drawn(m: Any, i: str, t: int) -> Any:
    """Power that leaves the store at most, kW: p^ESS where it is lossless."""
    return _drawn(m, i, t, m.store_efficiency[i][0]) if i in m.LOSSY else m.p_ess[i, t]


def drawn_at_least(m: Any, i: str, t: int) -> Any:
    """Power that leaves the store at least, kW: less than ``drawn`` where ESSs that differ are one source."""
    return _drawn(m, i, t, m.store_efficiency[i][1]) if i in m.LOSSY else m.p_ess[i, t]


def least_discharge(m: Any, members: Collection[str]) -> float:
    """Least share that is given of what leaves the stores of these."""
    return min((m.store_efficiency[i][0].discharge for i in members if i in m.LOSSY), default=1.0)


def _drawn(m: Any, i: str, t: int, efficiency: StoreEfficiency) -> Any:
    lost = 1 / efficiency.discharge - efficiency.charge
    return m.p_ess[i, t] / efficiency.discharge + lost * m.p_char[i, t]
