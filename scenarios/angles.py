"""Angles by functions that give the same bits on every processor: of a power factor cos φ, of a polygon's sides."""

from __future__ import annotations

import math

from .quanta import PER_UNIT, rounded


def sin_phi(power_factor: float) -> float:
    """Reactive over apparent power: 0.3122 at 0.95."""
    return math.sqrt(1 - power_factor**2)


def tan_phi(power_factor: float) -> float:
    """Reactive over active power: 0.3287 at 0.95."""
    return sin_phi(power_factor) / power_factor


def chord(power_factor: float) -> float:
    """Slope of the chord through (S, 0) and (S cos φ, S sin φ), (1 − cos φ)/sin φ: p + chord · |q| ≤ S lies inside
    p² + q² ≤ S² for |q| ≤ S sin φ. 0 at a power factor of 1."""
    return (1 - power_factor) / sin_phi(power_factor) if power_factor < 1 else 0.0


def reactive_limit(s_kva: float, p_kw: float, sin_phi: float) -> float:
    """Largest |q| (kvar) beside ``p_kw``: inside p² + q² ≤ S² and the power factor's limit; p comes first."""
    return min(s_kva * sin_phi, math.sqrt(max(s_kva**2 - p_kw**2, 0.0)))


def direction(angle: float) -> tuple[float, float]:
    """(cos, sin) of an angle in radians."""
    return rounded(math.cos(angle), PER_UNIT), rounded(math.sin(angle), PER_UNIT)


def apothem(sides: int) -> float:
    """Distance from the middle of a regular polygon to its sides, its corners on a circle of radius 1: cos(π/n)."""
    return direction(math.pi / sides)[0]
