"""Engines for the AC power flow of islands by name: pandapower, the reference, and power-grid-model, all states at
once.

Both get the same islands and return the same numbers. A state is a list of islands that live at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np

from ...scenarios.case import Case
from .pandapower_flow import IslandFlow, IslandInput, PowerFlow
from .protocol import AcPowerFlow, Engine, EngineUnavailable, IslandSolution, State


def engine_named(name: str) -> Engine:
    """The engine of that name; raises ``EngineUnavailable`` for another word."""
    for engine in get_args(Engine):
        if engine == name:
            return engine
    raise EngineUnavailable(f"unknown engine {name!r}; there are: {', '.join(get_args(Engine))}")


def make_engine(case: Case, engine: Engine) -> AcPowerFlow:
    """An engine for a case; raises ``EngineUnavailable``."""
    if engine == "pandapower":
        return PandapowerEngine(case)
    try:
        import power_grid_model  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        remedy = "install it with pip install -e '.[fast]' in the repository, or use --engine pandapower"
        raise EngineUnavailable(f"the engine power-grid-model is not installed; {remedy}") from error
    from .power_grid_model_engine import PowerGridModelEngine

    return PowerGridModelEngine(case)


class PandapowerEngine:
    """pandapower, one call per state, as in the world."""

    def __init__(self, case: Case) -> None:
        self._power_flow = PowerFlow(case)

    def solve(self, states: Sequence[State]) -> list[list[IslandSolution | None]]:
        """As ``AcPowerFlow.solve``."""
        solved: list[list[IslandSolution | None]] = []
        for state in states:
            flows = self._power_flow.solve(state)
            solved.append([_solution(one, flows[one.island.id]) for one in state])
        return solved


def _solution(one: IslandInput, flow: IslandFlow | None) -> IslandSolution | None:
    if flow is None:
        return None
    loading: list[Any] = [flow.branches[branch].loading_pct for branch in one.island.branches]
    return IslandSolution(
        np.array([flow.vm_pu[bus] for bus in one.island.buses]),
        np.array([flow.va_degree[bus] for bus in one.island.buses]),
        np.array(loading, dtype=float),
        flow.p_balance_kw,
        flow.q_balance_kvar,
        flow.losses_kw,
    )
