"""Errors that a user can meet, as one family: what is said, and the exit code that the command line ends with."""

from __future__ import annotations

from typing import Any, ClassVar


class RelightError(Exception):
    """What every error of Relight's own is: the message says what is wrong and, where it can, what would be right.

    Examples:
        >>> try:
        ...     run = relight.run("guo45/fault-1000", "dynamical")
        ... except relight.RelightError as error:
        ...     code = error.exit_code
        >>> code
        2
    """

    exit_code: ClassVar[int] = 3
    """What the command line returns for it: 1 the answer is no, 2 the input is wrong, 3 the run failed."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled whole, so that it crosses from one process to another, whatever its ``__init__`` takes."""
        return type(self).__new__, (type(self), *self.args), vars(self)


class InputError(RelightError, ValueError):
    """Something that was given cannot be right."""

    exit_code = 2


class UnsolvedError(RelightError):
    """A solver found no solution where there always is one: numbers that it cannot handle, or a fault of it or of ours.

    The message names the problem and gives the solver's reason.
    """
