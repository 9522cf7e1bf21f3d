"""What storage does in normal operation: it levels the import of a known day. A linear programme, no forecast error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import block_diag, csr_matrix, hstack, kron, vstack
from scipy.sparse import eye as identity

from ...scenarios.errors import UnsolvedError
from ...scenarios.quanta import POWER_KW, rounded
from ...scenarios.view import EssUnit

PEAK_TOLERANCE = 1e-6
"""Relative room above the least peak when throughput is minimised, so that rounding does not make it infeasible."""


def level_import(net_load_kw: np.ndarray, storage: Sequence[EssUnit], step_h: float) -> dict[str, np.ndarray]:
    """Output of each storage unit (kW, discharge positive) that makes the largest import as small as can be.

    ``net_load_kw`` is demand less PV per step; losses of the network are left out, those of storage are not. Each unit
    stays within its rating and its capacity (what it can discharge and charge together). The period is taken to repeat:
    a unit ends as full as it began, at a level that the schedule chooses. Among all such schedules the one with the
    least throughput is taken, and an import below 0 is worth nothing. Raises UnsolvedError if the solver fails: idling
    is always feasible.
    """
    steps, units = len(net_load_kw), len(storage)
    if not units:
        return {}
    # Variables: discharge then charge of each unit and step, what each unit holds at the start, and the peak import.
    one_output = hstack([identity(steps), -identity(steps)])
    outputs = kron(identity(units), one_output)
    no_level = csr_matrix((steps, units))
    import_rows = hstack([-kron(np.ones((1, units)), one_output), no_level, csr_matrix(-np.ones((steps, 1)))])
    passed = csr_matrix(np.tril(np.ones((steps, steps))) * step_h)
    drawn = block_diag([hstack([passed / u.discharge_efficiency, -passed * u.charge_efficiency]) for u in storage])
    at_start = kron(identity(units), np.ones((steps, 1)))
    no_peak = csr_matrix((units * steps, 1))
    never_below_empty = hstack([drawn, -at_start, no_peak])
    never_above_full = hstack([-drawn, at_start, no_peak])
    capacity_kwh = np.array([u.discharge_kwh + u.charge_kwh for u in storage])
    limits = vstack([import_rows, never_below_empty, never_above_full], format="csr")
    rhs = np.concatenate([-net_load_kw, np.zeros(units * steps), np.repeat(capacity_kwh, steps)])
    ends_as_it_began = csr_matrix(hstack([drawn, csr_matrix((units * steps, units + 1))]))[steps - 1 :: steps]
    most = np.concatenate([np.repeat([u.s_kva for u in storage], 2 * steps), capacity_kwh])
    throughput = np.concatenate([np.ones(2 * units * steps), np.zeros(units + 1)])
    only_peak = np.append(np.zeros(len(most)), 1.0)

    def solve(cost: np.ndarray, peak_kw: float) -> np.ndarray:
        bounds = np.column_stack([np.zeros(len(most) + 1), np.append(most, peak_kw)])
        found = linprog(
            cost, A_ub=limits, b_ub=rhs, A_eq=ends_as_it_began, b_eq=np.zeros(units), bounds=bounds, method="highs"
        )
        if found.x is None or found.status != 0:
            raise UnsolvedError(f"levelling of the import by storage: {found.message}")
        return found.x

    least = float(solve(only_peak, max(0.0, float(net_load_kw.max())) + 1.0)[-1])
    schedule = solve(throughput, least + PEAK_TOLERANCE * max(1.0, least))
    power = (outputs @ schedule[: 2 * units * steps]).reshape(units, steps)
    return {unit.id: rounded(power[k], POWER_KW) for k, unit in enumerate(storage)}
