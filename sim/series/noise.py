"""Random series of the world: AR(1) in time, one random stream for each name."""

from __future__ import annotations

import math
import zlib

import numpy as np

from ...scenarios.quanta import SHOCK, rounded


class Noise:
    """AR(1) series of unit variance by simulation step, one random stream for each name."""

    def __init__(self, seed: int, step_min: float, steps: int):
        self._seed, self._step_min, self._steps = seed, step_min, steps

    def stream(self, name: str) -> np.random.Generator:
        """The generator of that name."""
        return np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(zlib.crc32(name.encode()),)))

    def draw(self, name: str, correlation_min: float) -> np.ndarray:
        """One value per step, correlated by exp(−Δt / ``correlation_min``)."""
        shocks = self.stream(name).standard_normal(self._steps)
        memory = math.exp(-self._step_min / correlation_min)
        z = np.empty(self._steps)
        z[0] = shocks[0]
        for k in range(1, self._steps):
            z[k] = memory * z[k - 1] + math.sqrt(1 - memory**2) * shocks[k]
        return rounded(z, SHOCK)

    def once(self, name: str) -> float:
        """One value for the whole window."""
        return rounded(float(self.stream(name).standard_normal()), SHOCK)

    def day_level(self, kind: str, sd_pct: float) -> float:
        """Level of a day as a factor on its mean course, one for all series of a kind; never below 0."""
        return max(1 + sd_pct / 100 * self.once(f"{kind}, day"), 0.0)

    def before(self, name: str, correlation_min: float, first: float) -> float:
        """The value one step before a series whose first value is ``first``: an AR(1) looks the same backwards."""
        memory = math.exp(-self._step_min / correlation_min)
        shock = self.stream(f"{name}, before").standard_normal()
        return rounded(memory * first + math.sqrt(1 - memory**2) * float(shock), SHOCK)
