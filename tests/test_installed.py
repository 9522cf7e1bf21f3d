"""What ``pip install`` leaves: one name, from which a scenario runs to its end anywhere, whatever lies beside the
user's own script."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BESIDE = {
    "sim.py": "x = 1\n",
    "results/__init__.py": "raise RuntimeError('results of the user')\n",
    "scenarios/__init__.py": "raise RuntimeError('scenarios of the user')\n",
    "controllers.py": "raise RuntimeError('controllers of the user')\n",
    "strategy.py": "raise RuntimeError('strategy of the user')\n",
}
"""Files of a user that have the names of Relight's folders."""
SCRIPT = """\
import sys
import relight, relight.strategy, sim
assert sim.x == 1
case = relight.load("plain.yaml")
run = relight.run(case, "greedy", out="out")
print(relight.__file__, run.complete, len(run.served_by_area()), case.folder.name)
from relight.sim.cli import main
sys.argv = ["relight", "check", "plain.yaml"]
main()
"""
SCENARIO = """\
extends: guo45/fault-1000
name: beside/plain
outage: {duration_min: 30}
"""


def done(*command: str, folder: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command carried out in a folder, with another one before everything that is installed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    return subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True)


def beside(folder: Path) -> Path:
    """A user's folder."""
    for name, text in {**BESIDE, "use.py": SCRIPT, "plain.yaml": SCENARIO}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def copy_of_the_tree(folder: Path) -> Path:
    """What a wheel is made of, apart, so that nothing is left in the repository and nothing old gets in."""
    for path in ("pyproject.toml", "README.md", "LICENSE", "__init__.py", "strategy.py", "py.typed"):
        folder.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / path, folder / path)
    for floor in ("controllers", "results", "scenarios", "sim"):
        shutil.copytree(ROOT / floor, folder / floor, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    return folder


def test_the_wheel_holds_one_name_and_runs_anywhere(tmp_path: Path) -> None:
    tree, wheels, installed = copy_of_the_tree(tmp_path / "tree"), tmp_path / "wheels", tmp_path / "installed"
    offline = ("--no-deps", "--no-index", "--disable-pip-version-check", "-q")
    made = done(
        "-m", "pip", "wheel", str(tree), "--no-build-isolation", "-w", str(wheels), *offline, folder=tmp_path
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    (wheel,) = wheels.iterdir()
    held = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name.partition("-")[0] for name in held} == {"relight"}
    put = done("-m", "pip", "install", str(wheel), "--target", str(installed), *offline, folder=tmp_path)
    assert put.returncode == 0, put.stderr
    assert {path.name.partition("-")[0] for path in installed.iterdir()} <= {"relight", "bin"}
    assert (installed / "relight" / "py.typed").is_file()

    used = done("use.py", folder=beside(tmp_path / "user"), path=installed)
    assert used.returncode == 0, used.stderr
    imported, told = used.stdout.splitlines()[0], used.stdout
    assert imported.split() == [str(installed / "relight" / "__init__.py"), "True", "6", "user"]
    assert "scenario beside/plain, seed 0" in told
    assert {path.name for path in (tmp_path / "user" / "out").iterdir()} >= {"summary.json", "report.html", "figures"}


def test_files_of_a_user_disturb_nothing(tmp_path: Path) -> None:
    """Of the installation that the tests run in, too."""
    used = done("-c", SCRIPT.split("run = ")[0], folder=beside(tmp_path))
    assert used.returncode == 0, used.stderr


@pytest.mark.parametrize("name", ["sim", "controllers", "results", "scenarios"])
def test_relights_folders_are_no_modules_elsewhere(name: str, tmp_path: Path) -> None:
    found = done("-c", f"import importlib.util as u; print(u.find_spec({name!r}))", folder=tmp_path)
    assert found.stdout.strip() == "None", found.stderr
