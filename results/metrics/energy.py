"""Energy not supplied, served and weighted energy, and how long it took to serve half, most and all of the demand."""

from __future__ import annotations

import numpy as np

from .supply import TOLERANCE, Supply


def energy_mwh(supply: Supply, power_kw: np.ndarray) -> float:
    """Energy (MWh) of a power (kW, T × N): Σ_t Δt_t Σ_i p_{i,t}."""
    return float((power_kw.sum(axis=1) * supply.hours).sum()) / 1e3


def demand_energy_mwh(supply: Supply) -> float:
    """What the customers would have taken: Σ_i Σ_t p^L_{i,t} Δt."""
    return energy_mwh(supply, supply.demand_kw)


def served_energy_mwh(supply: Supply) -> float:
    """What they got: Σ_i Σ_t s_{i,t} Δt."""
    return energy_mwh(supply, supply.served_kw)


def energy_not_supplied_mwh(supply: Supply) -> float:
    """Energy not supplied (ENS): Σ_i Σ_t (p^L_{i,t} − s_{i,t}) Δt."""
    return energy_mwh(supply, supply.demand_kw - supply.served_kw)


def weighted_served_energy_mwh(supply: Supply) -> float:
    """Served energy, each LA times its priority C_i: the load term of (18) of Guo et al. 2025, as it happened."""
    return energy_mwh(supply, supply.priority * supply.served_kw)


def weighted_demand_energy_mwh(supply: Supply) -> float:
    """Demand, each LA times its priority C_i."""
    return energy_mwh(supply, supply.priority * supply.demand_kw)


def time_to_share_min(supply: Supply, share: float, lasting: bool = False) -> float | None:
    """Minutes from the start of the table until ``share`` (0 to 1) of the demand of that moment is served.

    With ``lasting`` the first such moment after which it never falls below ``share`` again. None if there is none.
    """
    reached = supply.served_share() >= share - TOLERANCE
    if lasting:
        reached = np.logical_and.accumulate(reached[::-1])[::-1]
    return float(supply.start_min[np.argmax(reached)] - supply.start_min[0]) if reached.any() else None
