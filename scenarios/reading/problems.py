"""What can be wrong with a scenario: gathered while reading, raised all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import RelightError
from .plain_text import printable

PACKAGE_FOLDER = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Problem:
    """One mistake: where it is (``file``, ``field``), the ``value`` found there, and what would be right.

    Checks of a part of the scenario give a list of them and leave ``file`` empty: whoever read it knows where it stood.
    """

    file: str
    field: str
    value: object
    remedy: str

    def __str__(self) -> str:
        place = _short(self.file, 300) + (f": {_short(self.field, 150)}" if self.field else "")
        value = "" if self.value is None else f" = {_short(_repr(self.value), 80)}"
        return printable(f"{place}{value}: {_short(self.remedy, 4000)}")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _repr(value: object) -> str:
    try:
        return repr(value)
    except (ValueError, RecursionError):  # a whole number of some thousand digits
        return f"a {type(value).__name__} too long to be shown"


class ScenarioError(RelightError):
    """The scenario is wrong; ``problems`` lists everything found, ``str()`` prints one problem per line.

    So is a study or a plan that cannot be read.

    Examples:
        >>> try:
        ...     relight.load("guo45/fault-1000", overrides={"outage.duration_min": 61, "load.peek_kw": 3000})
        ... except relight.ScenarioError as error:
        ...     [problem.field for problem in error.problems]
        ['load.peek_kw', 'outage.duration_min']
    """

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]):
        self.problems = list({str(problem): problem for problem in problems}.values())
        super().__init__("\n".join(str(problem) for problem in self.problems))


def listed(names: Iterable[object], limit: int = 12) -> str:
    """Names for a remedy, shortened: ``a, b, c, … (40 in all)``."""
    texts = [str(name) for name in names]
    if not texts:
        return "none"
    if len(texts) <= limit:
        return ", ".join(texts)
    return ", ".join(texts[:limit]) + f", … ({len(texts)} in all)"


def no_such(what: str, name: object, known: Iterable[object]) -> str:
    """The remedy for a name that the network does not hold: names that it does, and what may have been meant."""
    names = [str(one) for one in known]
    ends = str(name).split("-")
    turned = "-".join(reversed(ends))
    hint = f"; did you mean {turned}?" if len(ends) == 2 and turned in names else meant(name, names)
    return f"no such {what}; known: {listed(names)}{hint}"


def meant(name: object, names: Iterable[str]) -> str:
    """``; did you mean …?`` where names are close to the one given, else nothing."""
    close = difflib.get_close_matches(str(name), list(names), n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def display_name(path: Path, folder: Path) -> str:
    """A file's name without machine paths: relative to ``scenarios/`` if it ships, else to the scenario's folder."""
    path = path.resolve()
    if path.is_relative_to(PACKAGE_FOLDER):
        return path.relative_to(PACKAGE_FOLDER).as_posix()
    folder = folder.resolve()
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return path.name


KEPT = "inputs"
"""Folder of a run's folder that holds copies of the scenario's own files (``relight.scenarios.kept_inputs``)."""


def kept_name(name: str) -> str:
    """The name of an input in a run's ``inputs/``: as the scenario gives it, without what leads out of a folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return "/".join(part for part in parts if part not in ("/", "..", ".") and ":" not in part)


def find_input(name: str, folder: Path) -> Path:
    """The file or folder ``name``: relative to the scenario's ``folder``, else among the shipped scenarios; where that
    is a run's folder, first among the copies that the run kept.

    So a resolved scenario can be loaded from any folder. The path may not exist.
    """
    local, shipped = folder / name, PACKAGE_FOLDER / name
    if (folder / "manifest.json").is_file():
        kept = folder / KEPT / kept_name(name)
        if kept.exists() or not (local.exists() or shipped.exists()):
            return kept
    return shipped if not local.exists() and shipped.exists() else local


def missing(path: Path, what: str) -> str:
    """The remedy where there is no such file or folder as ``find_input`` gave."""
    kept = any(parent.name == KEPT and (parent.parent / "manifest.json").is_file() for parent in path.parents)
    return what if not kept else f"{what}: the run kept no copy of it; put it into {KEPT}/ of the run's folder"
