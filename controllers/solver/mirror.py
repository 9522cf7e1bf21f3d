"""A MILP in the mirror: the same problem to a reader, another one to presolve, cuts and branching."""

# pyright: basic
from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array


class Mirror:
    """Columns and rows in reverse order, and every bounded x as lower + upper − x, so that 0 and 1 change places.

    ``lp`` has the same optima as the problem it is made of, seen in the mirror; costs and feasible sets are equal.
    """

    def __init__(self, lp: highspy.HighsLp) -> None:
        lower, upper = np.array(lp.col_lower_), np.array(lp.col_upper_)
        bounded = np.isfinite(lower) & np.isfinite(upper)
        self._sign = np.where(bounded, -1.0, 1.0)
        self._shift = np.zeros(len(lower))
        self._shift[bounded] = lower[bounded] + upper[bounded]
        cost, matrix = np.array(lp.col_cost_), lp.a_matrix_
        arrays = np.array(matrix.value_), np.array(matrix.index_), np.array(matrix.start_)
        a: Any = csc_array(arrays, shape=(lp.num_row_, lp.num_col_))
        moved = a @ self._shift
        a = csc_array(csc_array(a * self._sign[None, :])[::-1, ::-1])
        self.lp = seen = highspy.HighsLp()
        seen.num_col_, seen.num_row_, seen.sense_ = lp.num_col_, lp.num_row_, lp.sense_
        seen.col_cost_, seen.offset_ = (cost * self._sign)[::-1], lp.offset_ + float((cost * self._shift).sum())
        seen.col_lower_, seen.col_upper_ = lower[::-1], upper[::-1]
        if len(lp.integrality_):
            seen.integrality_ = list(lp.integrality_)[::-1]
        seen.row_lower_ = (np.array(lp.row_lower_) - moved)[::-1]
        seen.row_upper_ = (np.array(lp.row_upper_) - moved)[::-1]
        seen.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        seen.a_matrix_.start_, seen.a_matrix_.index_, seen.a_matrix_.value_ = a.indptr, a.indices, a.data

    def into(self, columns: NDArray[np.int32], values: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        """Columns and their values, as the mirror shows them."""
        there = np.array(len(self._sign) - 1 - columns, dtype=np.int32)
        return there, self._sign[columns] * values + self._shift[columns]

    def back(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of all columns of the mirror, as those of the problem itself."""
        return self._sign * (values[::-1] - self._shift)
