"""Imports as they were before Relight had one name, and what stands in their place."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Iterator
from pathlib import Path

FLOORS = frozenset({"controllers", "results", "scenarios", "sim"})
"""Top-level names that Relight had."""
AUTHORS = frozenset({
    "expansion", "plan", "planner", "problem", "rule_plan", "strategies", "strategy_source", "supply",
})  # fmt: skip
"""Modules of ``controllers`` whose names ``relight.strategy`` offers."""
FACE = {
    "load_case": "load", "shipped_scenarios": "shipped", "explain": "explain", "ScenarioError": "ScenarioError",
    "Case": "Case", "simulate": "run", "compare_strategies": "compare", "RunFailedError": "RunFailedError",
    "DuplicateRunError": "DuplicateRunError", "run_study": "study", "read_run": "read_run", "RunTables": "Run",
    "NotARun": "NotARun", "IncompleteRun": "IncompleteRun", "FolderNotEmpty": "FolderNotEmpty",
    "Comparison": "Comparison", "compare": "compare", "plan_once": "plan", "Validator": "validate",
    "read_plan": "validate", "Verdict": "Verdict", "StudyInterrupted": "StudyInterrupted",
}  # fmt: skip
"""Names of other modules, and those of ``relight`` that do the same."""


def told(error: BaseException) -> str:
    """What to write in place of the old imports of the file in which one failed; empty if it is another error."""
    if not isinstance(error, ImportError):
        return ""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_file()]
    for frame in reversed(frames):
        text = Path(frame.filename).read_text(encoding="utf-8", errors="replace")
        lines = dict.fromkeys(line for line in _new_lines(text))
        if lines and _is_old(error):
            return f"Relight is imported by one name now; write {'; '.join(lines)} (docs/reference/library.md)"
    return ""


def _is_old(error: ImportError) -> bool:
    """Whether the module that failed has one of the old names, or is the repository's own folder of that name."""
    name = (error.name or "").split(".")[0]
    return name in FLOORS or "beyond top-level package" in str(error)


def _new_lines(text: str) -> Iterator[str]:
    """An import of today for each old one in a file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] in FLOORS:
            for alias in node.names:
                yield _new_line(str(node.module), alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in FLOORS:
                    yield _new_line(alias.name, "")


def _new_line(module: str, name: str) -> str:
    floor, _, rest = module.partition(".")
    if floor == "controllers" and (rest.split(".")[0] in AUTHORS or (not rest and name in AUTHORS)):
        return "from relight.strategy import " + (name if name and name not in AUTHORS else "...")
    return f"from relight import {FACE[name]}" if name in FACE else f"import relight in place of {module}"
