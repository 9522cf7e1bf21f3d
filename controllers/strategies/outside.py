"""Strategies from outside Relight: a class in a file, or one that an installed package offers by an entry point."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from importlib import metadata
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, cast

from ...scenarios.reading.problems import meant
from . import old_names
from .builtin import STRATEGIES
from .strategy import PlanMakerFactory, Strategy, StrategyError

GROUP = "relight.strategies"
FORM = "path/to/file.py:Class"


class UnknownStrategyError(StrategyError):
    """A strategy name that neither Relight nor an installed package offers."""

    def __init__(self, name: str, offered: Iterable[str]) -> None:
        known = (*STRATEGIES, *offered)
        super().__init__(
            f"unknown strategy {name!r}; there are: {', '.join(known)}; "
            f"or name a class of your own: path/to/file.py:Class{meant(name, known)}"
        )


class BrokenStrategyError(StrategyError):
    """A strategy's file, entry point or class that cannot be used."""


def offered() -> dict[str, metadata.EntryPoint]:
    """Entry points of installed packages by name."""
    return {point.name: point for point in metadata.entry_points(group=GROUP)}


def strategy_from_outside(name: str) -> Strategy:
    """The strategy of an entry point, or of a class in a file (``path/to/file.py:Class``).

    Raises ``UnknownStrategyError`` and ``BrokenStrategyError``.
    """
    path, colon, class_name = name.rpartition(":")
    if not colon and name.endswith(".py"):
        raise BrokenStrategyError(f"strategy {name!r} names no class of the file; write {name}:Class")
    if colon:
        found = strategy_of(_class_in(Path(path), class_name, name), name)
        return replace(found, source=Path(path))
    points = offered()
    if name not in points:
        raise UnknownStrategyError(name, points)
    point = points[name]
    try:
        loaded = point.load()
    except Exception as error:
        raise BrokenStrategyError(f"strategy {name!r} ({point.value}) cannot be loaded: {_told(error)}") from error
    found = strategy_of(loaded, name, called=name)
    file = getattr(sys.modules.get(point.module), "__file__", None)
    return found if found.source or not file else replace(found, source=Path(file))


def strategy_of(loaded: Any, asked: str, called: str = "") -> Strategy:
    """A strategy of what a user wrote: a ``Strategy``, or a class with ``plan(horizon)``.

    A class is called with the LA graph and the largest number of steps. It may say ``name`` (default: ``called``, or
    its own), ``replans`` (default: true) and ``foresight`` (default: false). Raises ``BrokenStrategyError``.
    """
    if isinstance(loaded, Strategy):
        return _checked(loaded, asked, [])
    problems: list[str] = []
    if not inspect.isclass(loaded):
        raise BrokenStrategyError(f"strategy {asked!r} is a {type(loaded).__name__}; it must be a class or a Strategy")
    flags: dict[str, Any] = {}
    for flag, default in (("replans", True), ("foresight", False)):
        flags[flag] = getattr(loaded, flag, default)
        if not isinstance(flags[flag], bool):
            problems.append(f"{flag} is {flags[flag]!r}; it must be true or false")
    name = getattr(loaded, "name", called or loaded.__name__)
    problems += _misfits(loaded)
    source = inspect.getsourcefile(loaded)
    told = (inspect.getdoc(loaded) or "").partition("\n")[0] or f"class {loaded.__name__}"
    strategy = Strategy(
        name=name if isinstance(name, str) else "",
        replans=flags["replans"],
        foresight=flags["foresight"],
        summary=told,
        planner=cast(PlanMakerFactory, loaded),
        source=Path(source) if source else None,
    )
    return _checked(strategy, asked, problems)


def _checked(strategy: Strategy, asked: str, problems: list[str]) -> Strategy:
    if not re.fullmatch(r"[A-Za-z][\w-]*", strategy.name):
        problems.append(f"name is {strategy.name!r}; it must be one word of letters, digits, _ and -")
    elif strategy.name in STRATEGIES:
        problems.append(f"it is called {strategy.name!r} as Relight's own; give it another name")
    if problems:
        raise BrokenStrategyError(f"strategy {asked!r}: {'; '.join(problems)}")
    return strategy


def _misfits(loaded: Any) -> list[str]:
    """What keeps a class from making plans."""
    problems: list[str] = []
    calls = (
        (loaded, ("graph", "steps"), f"{loaded.__name__}(graph, steps)"),
        (getattr(loaded, "plan", None), ("self", "horizon"), "plan(horizon)"),
    )
    for function, arguments, form in calls:
        if not callable(function):
            problems.append(f"it has no method {form}")
            continue
        try:
            inspect.signature(function).bind(*arguments)
        except TypeError as error:
            named = "; leave names out: the dispatch centre signs the plan" if "'scenario'" in str(error) else ""
            problems.append(f"{form} cannot be called: {error}{named}")
    return problems


def _class_in(path: Path, class_name: str, asked: str) -> Any:
    if not path.is_file():
        raise BrokenStrategyError(f"strategy {asked!r}: there is no file {path}; write {FORM}")
    if path.suffix != ".py":
        raise BrokenStrategyError(f"strategy {asked!r}: {path} is no Python file; write {FORM}")
    module = _module(path.resolve(), hashlib.sha256(path.read_bytes()).hexdigest(), asked)
    if class_name not in vars(module):
        own = [
            name
            for name, value in vars(module).items()
            if isinstance(value, Strategy) or (inspect.isclass(value) and value.__module__ == module.__name__)
        ]
        there = f"; there are: {', '.join(own)}" if own else ""
        raise BrokenStrategyError(f"strategy {asked!r}: {path} has no {class_name!r}{there}")
    return vars(module)[class_name]


@lru_cache
def _module(path: Path, sha256: str, asked: str) -> ModuleType:
    """The module of a file as its content is now; run once per content."""
    if remedy := old_names.told_of(path):
        raise BrokenStrategyError(f"strategy {asked!r}: {path} cannot be loaded: {remedy}")
    name = f"relight_strategy_{path.stem}_{sha256[:12]}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_AsItIsNow(name, str(path)))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise BrokenStrategyError(f"strategy {asked!r}: {path} cannot be loaded: {_told(error)}") from error
    return module


class _AsItIsNow(SourceFileLoader):
    """Takes no compiled file and leaves none: one of the same second and size would pass for what the file says now."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _told(error: BaseException) -> str:
    if remedy := old_names.told(error):
        return remedy
    where = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
    return f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}{where}"


def raised_at(error: BaseException, strategy: Strategy) -> str:
    """`` (file.py, line 7)``: the innermost line of a strategy's own file that an error came through; else empty."""
    if strategy.source is None:
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).resolve() == strategy.source.resolve()]
    return f" ({strategy.source.name}, line {own[-1].lineno})" if own else ""
