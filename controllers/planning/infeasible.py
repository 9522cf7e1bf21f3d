"""Why a horizon has no feasible plan at all: which limit, at which step, and by how much.

Without live infeeds nothing restored is always feasible. A live infeed must supply its section, whatever that takes.
"""

# pyright: basic
from __future__ import annotations

from collections.abc import Callable

import highspy
import numpy as np

from ..milp.model import Model
from ..milp.problem import Horizon
from ..solver.compiled import Compiled
from ..solver.highs import TIME_OVER, configured, run_stoppable

TOLERANCE = 1e-6
TIME_LIMIT_S = 30.0
MOST_TOLD = 5

_Told = Callable[[Model, str, float], str]

BALANCE: dict[str, tuple[float, _Told, _Told]] = {
    "active_balance": (
        1.0,
        lambda m, z, kw: f"{z} lacks {kw:.1f} kW that no source or link can bring",
        lambda m, z, kw: f"{z} has {kw:.1f} kW too much that nothing can take",
    ),
    "reactive_balance": (
        1.0,
        lambda m, z, kvar: f"{z} lacks {kvar:.1f} kvar that no source or link can bring",
        lambda m, z, kvar: f"{z} has {kvar:.1f} kvar too much that nothing can take",
    ),
}
"""Balance → weight of a missing unit, what to say of too little, and of too much."""

LIMITS: dict[str, tuple[float, _Told]] = {
    "active_flow_max": (0.5, lambda m, k, kw: f"{k} would carry {kw:.1f} kW beyond its {m.s_max[k]:.1f} kVA"),
    "active_flow_min": (0.5, lambda m, k, kw: f"{k} would carry {kw:.1f} kW beyond its {m.s_max[k]:.1f} kVA"),
    "reactive_flow_max": (0.5, lambda m, k, kvar: f"{k} would carry {kvar:.1f} kvar beyond its {m.s_max[k]:.1f} kVA"),
    "reactive_flow_min": (0.5, lambda m, k, kvar: f"{k} would carry {kvar:.1f} kvar beyond its {m.s_max[k]:.1f} kVA"),
    "voltage_max": (1e4, lambda m, i, u: f"{i} would be {_volts(m.u_max, u):.4f} p.u. above {m.u_max**0.5:.3f} p.u."),
    "voltage_min": (1e4, lambda m, i, u: f"{i} would be {-_volts(m.u_min, -u):.4f} p.u. below {m.u_min**0.5:.3f} p.u."),
    "nbsu_ramp_up": (0.9, lambda m, i, kw: f"the NBSU of {i} would rise {kw:.1f} kW faster than it can"),
    "nbsu_ramp_down": (0.9, lambda m, i, kw: f"the NBSU of {i} would fall {kw:.1f} kW faster than it can"),
    "ess_energy_max": (0.9, lambda m, i, kwh: f"the ESS of {i} would give {kwh:.1f} kWh more than it holds"),
    "ess_energy_min": (0.9, lambda m, i, kwh: f"the ESS of {i} would take {kwh:.1f} kWh more than it has room for"),
}
"""Limit → weight of a unit beyond it, and what to say."""


def _volts(limit: float, beyond: float) -> float:
    """Difference of voltage for one of squared voltage beyond a limit, p.u."""
    return max(limit + beyond, 0.0) ** 0.5 - limit**0.5


def explain(m: Model, horizon: Horizon) -> str:
    """The least violation of limits that would make a horizon feasible, in words; ``m`` is its model as it stands."""
    compiled = Compiled(m)
    lp, rows, columns = compiled.lp(), [], []
    for k, row in enumerate(compiled.rows):
        name = row.parent_component().local_name
        if name in BALANCE:
            weight, less, more = BALANCE[name]
            # generation − demand = outflow: a positive slack on the left is what lacks.
            rows += [(k, 1.0, weight), (k, -1.0, weight)]
            columns += [(row, less), (row, more)]
        elif name in LIMITS:
            weight, told = LIMITS[name]
            rows.append((k, -1.0 if lp.row_upper_[k] < highspy.kHighsInf else 1.0, weight))
            columns.append((row, told))
    highs = configured({"threads": 1, "random_seed": 0, "mip_rel_gap": 1e-6, "time_limit": TIME_LIMIT_S})
    lp.sense_ = highspy.ObjSense.kMinimize
    lp.col_cost_, lp.offset_ = np.zeros(lp.num_col_), 0.0
    highs.passModel(lp)
    for k, sign, weight in rows:
        highs.addCol(weight, 0.0, highspy.kHighsInf, 1, np.array([k], dtype=np.int32), np.array([sign]))
    run_stoppable(highs)
    if highs.getModelStatus() == highspy.HighsModelStatus.kTimeLimit:
        return f"{TIME_OVER} in the search for the reason"
    if highs.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return "sections, switches and live infeeds contradict each other, whatever the limits of power and voltage"
    slack = np.array(highs.getSolution().col_value)[lp.num_col_ :]
    told = []
    for k in np.argsort(-slack * [weight for _, _, weight in rows], kind="stable"):
        row, say = columns[k]
        if slack[k] > TOLERANCE:
            element, t = row.index()
            told.append(f"step {t} (from {horizon.start(t):g} min): {say(m, element, float(slack[k]))}")
    more = [f"and {len(told) - MOST_TOLD} more"] if len(told) > MOST_TOLD else []
    return "; ".join(told[:MOST_TOLD] + more) or "the solver finds a plan once asked for the least violation"
