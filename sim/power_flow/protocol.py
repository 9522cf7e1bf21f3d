"""What an engine for the AC power flow of islands is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from .pandapower_flow import IslandInput

State = Sequence[IslandInput]


Engine = Literal["pandapower", "power-grid-model"]


@dataclass(frozen=True)
class IslandSolution:
    """A solved island. ``vm_pu`` in the order of the island's buses, ``loading_pct`` of its branches (NaN: no rating).

    ``p_balance_kw``, ``q_balance_kvar`` are given by the balance unit, ``losses_kw`` are those of all branches.
    """

    vm_pu: np.ndarray
    va_degree: np.ndarray
    loading_pct: np.ndarray
    p_balance_kw: float
    q_balance_kvar: float
    losses_kw: float


class AcPowerFlow(Protocol):
    """An engine."""

    def solve(self, states: Sequence[State]) -> list[list[IslandSolution | None]]:
        """Solve the islands of each state; None: its power flow does not converge."""
        ...


class EngineUnavailable(RuntimeError):
    """An engine is not installed, or cannot express a network; the message tells the way out.

    Examples:
        >>> relight.validate("plan.json", "guo45/fault-1000", engine="opendss")
        Traceback (most recent call last):
        relight.EngineUnavailable: unknown engine 'opendss'; there are: pandapower, power-grid-model
    """
