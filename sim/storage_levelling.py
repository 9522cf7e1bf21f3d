"""What storage does in normal operation: it levels the import of a known day. A linear programme, no forecast error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack, kron, vstack
from scipy.sparse import eye as identity

from scenarios.view import EssUnit

PEAK_TOLERANCE = 1e-6
"""Relative room above the least peak when throughput is minimised, so that rounding does not make it infeasible."""


def level_import(net_load_kw: np.ndarray, storage: Sequence[EssUnit], step_h: float) -> dict[str, np.ndarray]:
    """Output of each storage unit (kW, discharge positive) that makes the largest import as small as can be.

    ``net_load_kw`` is demand less PV per step; losses are left out. Each unit stays within its rating and energy and
    ends as full as it began; among all such schedules the one with the least throughput is taken, and an import below
    0 is worth nothing. Raises RuntimeError if the solver fails: idling is always feasible.
    """
    steps, units = len(net_load_kw), len(storage)
    if not units:
        return {}
    # Variables: discharge then charge of each unit and step, and the peak import.
    one_output = hstack([identity(steps), -identity(steps)])
    outputs = kron(identity(units), one_output)
    peak = csr_matrix(np.ones((steps, 1)))
    import_rows = hstack([-kron(np.ones((1, units)), one_output), -peak])
    drawn = hstack([kron(identity(units), np.tril(np.ones((steps, steps))) * step_h) @ outputs,
                    csr_matrix((units * steps, 1))])  # fmt: skip
    discharge = np.repeat([u.discharge_kwh for u in storage], steps)
    charge = np.repeat([u.charge_kwh for u in storage], steps)
    limits = vstack([import_rows, drawn, -drawn], format="csr")
    rhs = np.concatenate([-net_load_kw, discharge, charge])
    ends_as_it_began = drawn.tocsr()[steps - 1 :: steps]
    ratings = np.repeat([u.s_kva for u in storage], 2 * steps)
    throughput = np.append(np.ones(2 * units * steps), 0.0)
    only_peak = np.append(np.zeros(2 * units * steps), 1.0)

    def solve(cost: np.ndarray, peak_kw: float) -> np.ndarray:
        bounds = np.column_stack([np.zeros(len(ratings) + 1), np.append(ratings, peak_kw)])
        found = linprog(
            cost, A_ub=limits, b_ub=rhs, A_eq=ends_as_it_began, b_eq=np.zeros(units), bounds=bounds, method="highs"
        )
        if found.x is None or found.status != 0:
            raise RuntimeError(f"levelling of the import by storage: {found.message}")
        return found.x

    least = float(solve(only_peak, max(0.0, float(net_load_kw.max()), 1.0) * 2)[-1])
    schedule = solve(throughput, least + PEAK_TOLERANCE * max(1.0, abs(least)))[:-1]
    power = (outputs @ schedule).reshape(units, steps)
    return {unit.id: power[k] for k, unit in enumerate(storage)}
