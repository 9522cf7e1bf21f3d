"""Why a horizon has no feasible plan at all: which limit, at which step."""

# pyright: basic
from __future__ import annotations

from typing import Any

from controllers.problem import Horizon


def explain(m: Any, horizon: Horizon) -> str:
    return ""
