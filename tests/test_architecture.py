"""The floors of the house: a folder imports only folders below it, and only sim/world.py knows mosaik."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("sim", "controllers", "results", "scenarios")
ALLOWED = {
    "scenarios": {"scenarios"},
    "controllers": {"controllers", "scenarios"},
    "results": {"results", "scenarios"},
    "sim": {"sim", "controllers", "results", "scenarios"},
}
FORBIDDEN = {
    "controllers": {"pandapower", "mosaik", "mosaik_api_v3"},
    "results": {"pandapower", "mosaik", "mosaik_api_v3"},
}
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if "runs" not in path.parts]


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports anywhere, in functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_folder_imports_only_folders_below_it(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]
    packages = imported(path)
    assert packages & set(FOLDERS) <= ALLOWED[folder]
    assert not packages & FORBIDDEN.get(folder, set())


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_only_the_world_imports_mosaik(path: Path) -> None:
    if path != ROOT / "sim" / "world.py":
        assert not imported(path) & {"mosaik", "mosaik_api_v3"}


VALIDATION = sorted((ROOT / "sim" / "validation").rglob("*.py"))


def modules(path: Path) -> set[str]:
    """Modules that a file imports anywhere, and what it takes out of packages."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


SHARED = {
    "plan": "the plan and the violations: data",
    "messages": "what is sent: data",
    "gateway_dispatch": "the gateways' rules, by which the validator finds set-points that a plan leaves out",
    "start_up": "how far a measured start-up is; gateways ask it too",
}
"""Modules of controllers that the validator may reach, and why; all others may be the planner's."""


def controllers_reached(paths: list[Path]) -> set[str]:
    """Modules of controllers that files import, directly or through modules of sim and of controllers."""
    seen, waiting, reached = set[Path](), list(paths), set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        for name in modules(path):
            file = ROOT / (name.replace(".", "/") + ".py")
            if name.startswith(("sim.", "controllers.")) and file.is_file():
                if name.startswith("controllers."):
                    reached.add(name.removeprefix("controllers."))
                if file not in seen:
                    waiting.append(file)
    return reached


def test_the_validator_shares_no_code_with_the_planner() -> None:
    """Whatever else is in controllers, now or later, must not be reached from it."""
    assert len(VALIDATION) > 5
    assert controllers_reached(VALIDATION) == set(SHARED)


def test_what_reaches_the_planner_is_found_through_other_modules() -> None:
    through = controllers_reached([ROOT / "sim" / "plan_once.py"])
    assert {"planner", "model", "lessons", "tightened", "neighbourhoods", "solver"} <= through


def test_only_its_own_engine_needs_power_grid_model() -> None:
    """It is an optional dependency; asking whether it is there is all that others do."""
    users = {path.name for path in FILES if "power_grid_model" in imported(path)}
    assert users == {"engines.py", "power_grid_model_engine.py"}


def test_nothing_below_the_command_line_imports_it() -> None:
    for path in FILES:
        if path.name != "cli.py":
            assert "sim.cli" not in path.read_text(encoding="utf-8")


def test_no_grab_bag_modules_and_no_giant_files() -> None:
    for path in FILES:
        assert path.stem not in {"utils", "helpers", "common"}
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, f"{path} wants to be two files"
