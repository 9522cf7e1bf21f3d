"""What an engine for the AC power flow of islands is asked, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from ...scenarios.errors import InputError
from ...scenarios.quanta import FLOW_KW, LOSSES_KW, rounded_flow
from ...scenarios.raw_network import ZipShares
from .island_topology import Island

Power = tuple[float, float]
"""Active and reactive power (kW, kvar)."""


@dataclass(frozen=True)
class IslandInput:
    """What is connected in an energised island: its balance unit, what is drawn by bus at nominal voltage, what is
    injected by unit."""

    island: Island
    balance_unit: str
    load: Mapping[str, Power]
    units: Mapping[str, Power]

    @property
    def drawn_kw(self) -> float:
        """What is left for the balance unit at nominal voltages and before losses."""
        return sum(p for p, _ in self.load.values()) - sum(p for p, _ in self.units.values())

    @property
    def drawn_kvar(self) -> float:
        """As ``drawn_kw``, of reactive power."""
        return sum(q for _, q in self.load.values()) - sum(q for _, q in self.units.values())


State = Sequence[IslandInput]
"""Islands that live at the same time."""


class BusVoltage(NamedTuple):
    """Voltage of a bus and its angle."""

    vm_pu: float
    va_degree: float


class BranchFlow(NamedTuple):
    """Power into both ends of a branch (kW, kvar), and its loading: the larger end current in % of its rating there.

    All None for a switch without impedance; ``loading_pct`` None without a rating.
    """

    p_from_kw: float | None
    q_from_kvar: float | None
    p_to_kw: float | None
    q_to_kvar: float | None
    loading_pct: float | None


@dataclass(frozen=True)
class IslandSolution:
    """A solved island. Arrays are in the order of the island's buses or of its branches, NaN where there is nothing to
    tell; rows of ``into_ends`` are the first four of a ``BranchFlow``.

    ``p_balance_kw``, ``q_balance_kvar`` are given by the balance unit, losses are those of all branches and shunts.
    ``voltage_effect``: by bus, what is drawn there (kW, kvar) beyond what it would be at nominal voltage, for loads
    that go with it.
    Each number is rounded to its quantum (``relight.scenarios.quanta``), for the last bits of a solution depend on the
    processor; the balance unit gives load less units plus losses and the effect of voltage as rounded.
    """

    island: Island
    vm_pu: np.ndarray
    va_degree: np.ndarray
    into_ends: np.ndarray
    loading_pct: np.ndarray
    p_balance_kw: float
    q_balance_kvar: float
    losses_kw: float
    losses_kvar: float
    voltage_effect: Mapping[str, Power] = field(default_factory=dict)

    @property
    def effect_kw(self) -> float:
        """What voltage adds to the island's demand; negative where it takes away."""
        return sum((p for p, _ in self.voltage_effect.values()), 0.0)

    @property
    def effect_kvar(self) -> float:
        """As ``effect_kw``, of reactive power."""
        return sum((q for _, q in self.voltage_effect.values()), 0.0)

    @cached_property
    def voltages(self) -> dict[str, BusVoltage]:
        """By bus."""
        values = map(BusVoltage, self.vm_pu.tolist(), self.va_degree.tolist())
        return dict(zip(self.island.buses, values, strict=True))

    @cached_property
    def flows(self) -> dict[str, BranchFlow]:
        """By branch, all of them closed."""
        table = np.column_stack([self.into_ends, self.loading_pct]).tolist()
        rows = (BranchFlow(*(None if math.isnan(value) else value for value in row)) for row in table)
        return dict(zip(self.island.branches, rows, strict=True))


def solved(
    one: IslandInput, shares: Mapping[str, ZipShares], *, vm_pu: np.ndarray, va_degree: np.ndarray,
    into_ends: np.ndarray, loading_pct: np.ndarray, drawn: Power, losses: Power,
) -> IslandSolution:  # fmt: skip
    """A solution from what an engine found, rounded but for losses, and what is ``drawn`` at nominal voltage."""
    effect, at = dict[str, Power](), dict(zip(one.island.buses, vm_pu.tolist(), strict=True)) if shares else {}
    for bus, (p_kw, q_kvar) in one.load.items() if shares else ():
        if bus in shares:
            more_p, more_q = shares[bus].beyond_nominal(at[bus])
            effect[bus] = rounded_flow(p_kw * more_p, FLOW_KW), rounded_flow(q_kvar * more_q, FLOW_KW)
    losses_kw, losses_kvar = (rounded_flow(power, LOSSES_KW) for power in losses)
    found = IslandSolution(
        one.island, vm_pu, va_degree, into_ends, loading_pct, drawn[0] + losses_kw, drawn[1] + losses_kvar,
        losses_kw, losses_kvar, effect,
    )  # fmt: skip
    if not effect:
        return found
    p_kw, q_kvar = found.p_balance_kw + found.effect_kw, found.q_balance_kvar + found.effect_kvar
    return replace(found, p_balance_kw=p_kw, q_balance_kvar=q_kvar)


class AcPowerFlow(Protocol):
    """An engine, made for one case."""

    def solve(self, states: Sequence[State]) -> list[list[IslandSolution | None]]:
        """Solve the islands of each state; None: its power flow does not converge."""
        ...


class EngineUnavailable(InputError):
    """An engine is not installed, or cannot express a network; the message tells the way out.

    Examples:
        >>> relight.validate("plan.json", "guo45/fault-1000", engine="opendss")
        Traceback (most recent call last):
        relight.EngineUnavailable: unknown engine 'opendss'; there are: pandapower, power-grid-model
    """
