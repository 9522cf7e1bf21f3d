"""Every public name tells what it is for and shows how, and what it shows is carried out."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path

import pytest

import relight
from relight.sim.campaigns.pool import here_or_in_processes

FIRST = ("shipped", "load", "explain", "plan", "validate", "run", "read_run", "compare", "study")
"""Functions come first, for later examples read what theirs have written."""
NAMES = [*FIRST, *(name for name in relight.__all__ if name not in FIRST and name != "__version__")]


def one_after_another(do, jobs, workers, lost):
    """In place of processes, each of which would take longer to start than its run."""
    return here_or_in_processes(do, jobs, 1, lost)


def test_the_examples_of_public_names_run(tmp_path: Path, monkeypatch, no_drawing) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("relight.sim.campaigns.study.in_processes", one_after_another)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner, parser = doctest.DocTestRunner(optionflags=options), doctest.DocTestParser()
    names: dict[str, object] = {"relight": relight, "Path": Path}
    said: list[str] = []
    for name in NAMES:
        text = without_modules(inspect.getdoc(getattr(relight, name)) or "")
        examples = parser.get_doctest(text, names, name, None, None)
        assert examples.examples, f"relight.{name} shows no example"
        runner.run(examples, out=said.append, clear_globs=False)
        names.update(examples.globs)
    assert not runner.failures, "".join(said)


def without_modules(text: str) -> str:
    """A traceback names the module that an error is defined in; readers are told the name that they can import."""
    for name in relight.__all__:
        kind = getattr(relight, name)
        text = text.replace(f"\n    relight.{name}: ", f"\n    {getattr(kind, '__module__', '')}.{name}: ")
    return text


@pytest.mark.parametrize("name", [name for name in NAMES if inspect.isclass(getattr(relight, name))])
def test_every_part_of_a_public_class_is_described(name: str) -> None:
    kind = getattr(relight, name)
    for part, value in vars(kind).items():
        if not part.startswith("_") and (callable(value) or isinstance(value, property)):
            assert inspect.getdoc(value), f"{name}.{part}"


@pytest.mark.parametrize("name", FIRST)
def test_a_function_tells_arguments_results_and_errors(name: str) -> None:
    function = getattr(relight, name)
    text = inspect.getdoc(function) or ""
    for argument in inspect.signature(function).parameters:
        assert f"\n    {argument}: " in text, f"{name}: {argument}"
    assert "\nReturns:\n" in text
    assert "\nRaises:\n" in text or name == "shipped"
