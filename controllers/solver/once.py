"""A small model solved once by HiGHS, one thread and a fixed seed: no incumbents, no bound, an optimum or nothing."""

# pyright: basic
from __future__ import annotations

from typing import Any

import highspy
import numpy as np

from ...scenarios.errors import UnsolvedError
from .compiled import Compiled
from .highs import DISCIPLINE, configured, run_stoppable


def solve_once(model: Any) -> None:
    """Load an optimum into a Pyomo model. Raises UnsolvedError, with the solver's reason, if HiGHS proves none."""
    compiled = Compiled(model)
    highs = configured({**DISCIPLINE, "mip_rel_gap": 0.0})
    highs.passModel(compiled.lp())
    run_stoppable(highs)
    status = highs.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise UnsolvedError(f"{model.name} not solved: {highs.modelStatusToString(status)}")
    compiled.load(np.array(highs.getSolution().col_value))
