"""Imports as they were before Relight had one name, and what stands in their place."""

from __future__ import annotations

import ast
import importlib.util
import traceback
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parents[2]
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
    frames = traceback.extract_tb(error.__traceback__) if isinstance(error, ImportError) else []
    files = [Path(frame.filename) for frame in reversed(frames)]
    return next((remedy for path in files if path.is_file() and (remedy := told_of(path))), "")


def told_of(path: Path) -> str:
    """What to write in place of the old imports of a file, in functions too; empty if there are none."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
    except (SyntaxError, ValueError):
        return ""  # whoever runs it will say so
    lines = dict.fromkeys(_new_line(*old) for old in _imports(tree) if _is_ours(old[0].split(".")[0]))
    remedy = f"Relight is imported by one name now; write {'; '.join(lines)} (docs/reference/library.md)"
    return remedy if lines else ""


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Modules that a file imports, with the names that it takes from them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                yield str(node.module), alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ""


def _is_ours(top: str) -> bool:
    """Whether it is one of the old names, and no module of somebody else has it."""
    if top not in FLOORS:
        return False
    found = importlib.util.find_spec(top)
    places = [found.origin, *(found.submodule_search_locations or ())] if found else []
    return all(Path(place).is_relative_to(HERE) for place in places if place)


def _new_line(module: str, name: str) -> str:
    floor, _, rest = module.partition(".")
    if floor == "controllers" and (rest.split(".")[0] in AUTHORS or (not rest and name in AUTHORS)):
        return "from relight.strategy import " + (name if name and name not in AUTHORS else "...")
    return f"from relight import {FACE[name]}" if name in FACE else f"import relight in place of {module}"
