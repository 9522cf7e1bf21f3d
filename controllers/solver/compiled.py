"""A Pyomo model as arrays for HiGHS, compiled once and then refreshed where Params or fixed variables have changed."""

# pyright: basic
from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import highspy
import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import identify_mutable_parameters, identify_variables
from pyomo.repn import generate_standard_repn
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csc_array


class Compiled:
    """Maximise or minimise c x + offset subject to row_lower ≤ A x ≤ row_upper, lower ≤ x ≤ upper.

    Inactive constraints are not in it. The first ``refresh`` finds what can change; it costs about as much as compiling
    anew, later ones a tenth of that. Constraints must not be added, removed, activated or deactivated meanwhile.
    """

    def __init__(self, model: Any) -> None:
        """Raises ``InfeasibleConstraintException`` if a row without variables cannot hold."""
        form = LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=None)
        self._objective = form.objectives[0]
        self.rows = [row.constraint for row in form.rows]
        """the Pyomo constraint of each row"""
        self._side = np.array([row.bound_type for row in form.rows])
        self._columns = list(form.columns)
        self._index = {id(v): k for k, v in enumerate(self._columns)}
        self._cost = np.asarray(form.c.todense()).reshape(-1)
        self._offset = float(form.c_offset[0])
        self._rhs = np.array(form.rhs, dtype=float)
        self._matrix = form.A.tocsc()
        self._refreshers: list[Callable[[], None]] | None = None

    @property
    def columns(self) -> list[Any]:
        """The Pyomo variable of each column."""
        return self._columns

    @property
    def matrix(self) -> Any:
        """A, by columns."""
        return self._matrix

    def column(self, variable_id: int) -> int | None:
        """Column of a Pyomo variable, given its ``id``."""
        return self._index.get(variable_id)

    @property
    def is_mip(self) -> bool:
        return any(v.is_integer() and not v.fixed for v in self._columns)

    def refresh(self) -> None:
        """Take over the present values of Params and fixed variables."""
        if self._refreshers is None:
            self._find_what_changes()
        for refresher in self._refreshers or ():
            refresher()

    def lp(self) -> highspy.HighsLp:
        """The arrays as HiGHS takes them."""
        lp, infinite = highspy.HighsLp(), highspy.kHighsInf
        lp.num_col_, lp.num_row_ = len(self._columns), len(self.rows)
        maximise = self._objective.sense == pyo.maximize
        lp.sense_ = highspy.ObjSense.kMaximize if maximise else highspy.ObjSense.kMinimize
        lp.col_cost_, lp.offset_ = self._cost, self._offset
        bounds = [(v.value, v.value) if v.fixed else v.bounds for v in self._columns]
        lp.col_lower_ = np.array([-infinite if low is None else low for low, _ in bounds])
        lp.col_upper_ = np.array([infinite if high is None else high for _, high in bounds])
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        if self.is_mip:
            lp.integrality_ = [kinds[v.is_integer()] for v in self._columns]
        lp.row_lower_ = np.where(self._side > 0, -infinite, self._rhs)
        lp.row_upper_ = np.where(self._side < 0, infinite, self._rhs)
        a, to = self._matrix, cast(Any, lp.a_matrix_)
        to.format_ = highspy.MatrixFormat.kColwise
        to.start_, to.index_, to.value_ = a.indptr, a.indices, a.data
        return lp

    def worst_row(self, x: Any) -> tuple[float, str]:
        """Largest violation of a row by values of the columns, and that row's name."""
        if not self.rows:
            return 0.0, ""
        excess = self._matrix @ x - self._rhs
        excess = np.where(self._side > 0, excess, np.where(self._side < 0, -excess, np.abs(excess)))
        worst = int(np.argmax(excess))
        return float(excess[worst]), str(self.rows[worst])

    def objective(self, x: Any) -> float:
        """What values of the columns are worth."""
        return float((self._cost * x).sum() + self._offset)

    def load(self, x: Any) -> None:
        """Give the Pyomo variables these values."""
        for variable, value in zip(self._columns, x.tolist(), strict=True):
            if not variable.fixed:
                variable.set_value(value, skip_validation=True)

    def _find_what_changes(self) -> None:
        """Keep the expressions of coefficients and sides that depend on mutable Params or on fixed variables."""
        changing = [k for k, row in enumerate(self.rows) if _changes(row)]
        fixed = self._matrix.tocoo()
        stays = ~np.isin(fixed.row, changing)
        rows, columns = [*fixed.row[stays]], [*fixed.col[stays]]
        values: list[Any] = [*fixed.data[stays]]
        sides: list[tuple[int, Any, Any]] = []
        for k in changing:
            row = self.rows[k]
            linear = _linear(row.body)
            sides.append((k, row.upper if self._side[k] >= 0 else row.lower, linear.constant))
            rows += [k] * len(linear.linear_vars)
            columns += [self._column_of(v) for v in linear.linear_vars]
            values += linear.linear_coefs
        # Column by column, as HiGHS wants it, and each entry of the list found again.
        order = np.lexsort((rows, columns))
        moving = [(where, values[k]) for where, k in enumerate(order) if not isinstance(values[k], (int, float))]
        data = np.array([_number(values[k]) for k in order])
        starts = np.searchsorted(np.array(columns)[order], np.arange(len(self._columns) + 1))
        shape = (len(self.rows), len(self._columns))
        self._matrix = csc_array((data, np.array(rows)[order], starts), shape=shape)
        goal = _linear(self._objective.expr)
        where = [self._column_of(v) for v in goal.linear_vars]
        self._cost = np.zeros(len(self._columns))

        def entries() -> None:
            for k, expression in moving:
                self._matrix.data[k] = _number(expression)

        def right_hand_sides() -> None:
            for k, side, constant in sides:
                self._rhs[k] = _number(side) - _number(constant)

        def costs() -> None:
            self._cost[where] = [_number(coefficient) for coefficient in goal.linear_coefs]
            self._offset = _number(goal.constant)

        self._refreshers = [entries, right_hand_sides, costs]

    def _column_of(self, variable: Any) -> int:
        """Column of a variable, a new one if all its coefficients were zero so far."""
        if id(variable) not in self._index:
            self._index[id(variable)] = len(self._columns)
            self._columns.append(variable)
        return self._index[id(variable)]


def _changes(row: Any) -> bool:
    """Whether a constraint depends on a mutable Param or on a fixed variable."""
    sides = [side for side in (row.body, row.lower, row.upper) if hasattr(side, "is_expression_type")]
    given = any(next(identify_mutable_parameters(side), None) is not None for side in sides)
    return given or any(v.fixed for v in identify_variables(row.body, include_fixed=True))


def _linear(expression: Any) -> Any:
    """Linear form of an expression, its coefficients kept as expressions of Params and fixed variables."""
    return generate_standard_repn(expression, compute_values=False, quadratic=False)


def _number(expression: Any) -> float:
    value: Any = pyo.value(expression)
    return float(value)
