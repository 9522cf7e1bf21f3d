"""The engines for the AC power flow of islands, by name; world, validator and normal operation choose here.

All get the same islands and return the same numbers, to their last rounded digits.
"""

from __future__ import annotations

from collections.abc import Callable

from ...scenarios.case import Case
from .pandapower_engine import PandapowerEngine
from .protocol import AcPowerFlow, EngineUnavailable

REFERENCE = "pandapower"


def _power_grid_model(case: Case) -> AcPowerFlow:
    try:
        import power_grid_model  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        remedy = "install it with pip install -e '.[fast]' in the repository, or use --engine pandapower"
        raise EngineUnavailable(f"the engine power-grid-model is not installed; {remedy}") from error
    from .power_grid_model_engine import PowerGridModelEngine

    return PowerGridModelEngine(case)


ENGINES: dict[str, Callable[[Case], AcPowerFlow]] = {
    REFERENCE: PandapowerEngine,
    "power-grid-model": _power_grid_model,
}
"""Makers of engines for a case. They raise ``EngineUnavailable``."""


def engine_named(name: str) -> Callable[[Case], AcPowerFlow]:
    """The maker of that engine; raises ``EngineUnavailable`` for another word."""
    if name not in ENGINES:
        raise EngineUnavailable(f"unknown engine {name!r}; there are: {', '.join(ENGINES)}")
    return ENGINES[name]
