"""Every error of ours is one of the family, with an exit code, or a signal between two functions, listed here."""

from __future__ import annotations

import ast
import builtins
import pickle
from functools import cache
from pathlib import Path

import pytest

from relight.scenarios.errors import InputError, RelightError
from relight.scenarios.reading.problems import Problem, ScenarioError

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = {
    "CannotBalance": "an island has nothing left that could give way: it collapses",
    "ContractBrokenError": "told as a point of the contract that a strategy breaks",
    "DuplicateKey": "of the YAML parser: becomes a problem of a ScenarioError",
    "NetFileError": "becomes a problem of a ScenarioError",
    "NoDispatchFound": "noted in the plan, which then has no intervals of sources",
    "NoNormalOperation": "told in place of the indices that need grid-connected operation",
    "NotDefined": "told in place of an index that has no value",
    "OtherInputsError": "of a worker: told as the reason of its run's failure",
    "OutOfTime": "what was read takes too long: becomes a problem of a ScenarioError",
    "OverrideError": "becomes a problem of a ScenarioError",
}
"""Errors that are always caught, and what becomes of them."""


@cache
def nodes() -> list[tuple[Path, ast.ClassDef | ast.Raise]]:
    """Classes and raised errors of the tree."""
    return [
        (path, node)
        for floor in ("scenarios", "controllers", "results", "sim")
        for path in (ROOT / floor).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef | ast.Raise)
    ]


@cache
def classes() -> dict[str, set[str]]:
    """Classes of the tree with the last parts of their bases' names."""
    found: dict[str, set[str]] = {}
    for _, node in nodes():
        if isinstance(node, ast.ClassDef):
            bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
            found.setdefault(node.name, set()).update(bases)
    return found


def is_error(name: str, bases: dict[str, set[str]]) -> bool:
    known = getattr(builtins, name, None)
    if isinstance(known, type) and issubclass(known, BaseException):
        return True
    if name in bases:
        return any(is_error(base, bases) for base in bases[name])
    return name.endswith(("Error", "Exception"))


def in_family(name: str, bases: dict[str, set[str]]) -> bool:
    return name == "RelightError" or any(in_family(base, bases) for base in bases.get(name, ()))


def test_every_error_is_of_the_family_or_a_signal() -> None:
    bases = classes()
    errors = {name for name in bases if is_error(name, bases)}
    assert {"WorldError", "ScenarioError", "StrategyError", "PlanError"} <= errors
    assert {name for name in errors if not in_family(name, bases)} == set(SIGNALS)


def test_no_error_says_only_that_something_went_wrong_at_run_time() -> None:
    bare = {
        f"{path.name}:{node.lineno}"
        for path, node in nodes()
        if isinstance(node, ast.Raise) and node.exc and ast.unparse(node.exc).startswith(("RuntimeError", "Exception"))
    }
    assert bare == set()


def test_the_command_line_knows_no_error_by_name_but_the_family() -> None:
    source = (ROOT / "sim" / "cli.py").read_text(encoding="utf-8")
    assert {name for name in classes() if f"import {name}" in source and is_error(name, classes())} == {"RelightError"}


def test_codes_are_those_of_the_command_line() -> None:
    assert (RelightError.exit_code, InputError.exit_code, ScenarioError.exit_code) == (3, 2, 2)
    assert not issubclass(ScenarioError, ValueError)  # pydantic would take it for a complaint of its own
    with pytest.raises(RelightError, match="is 61"):
        raise ScenarioError([Problem("case.yaml", "outage.duration_min", 61, "is 61")])


def test_an_error_crosses_to_another_process_whole() -> None:
    """Also one whose ``__init__`` takes other things than its message."""
    error = ScenarioError([Problem("a.yaml", "load", 1, "is wrong")])
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.problems) == (ScenarioError, "a.yaml: load = 1: is wrong", error.problems)
