"""Same scenario, seed and versions: the same bytes, whatever processor, threads and order of hashing.

Each setting runs the same cases in a process of its own (``bytes_of_runs``) and must give every solver the same arrays
and leave the same files, but for wall times.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import runpy
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from numpy._core import _multiarray_umath as numpy_core

SCRIPT = Path(__file__).with_name("bytes_of_runs.py")
WALL_TIMES = {"timing.json", "timing.csv"}
HAS = {name for name, there in numpy_core.__cpu_features__.items() if there}
PLAIN = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
PROCESSORS = runpy.run_path(str(Path(__file__).resolve().parents[3] / "benchmarks" / "processors.py"))
NEEDS: dict[str, str] = PROCESSORS["NEEDS"]
AS_WELL = {
    "numpy without AVX2": {"PYTHONHASHSEED": "7"},
    "BLAS for Haswell": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    "BLAS for Nehalem": {"PYTHONHASHSEED": "42"},
}
"""What else is other than plain under a setting of the processor."""
SETTINGS: dict[str, dict[str, str]] = {
    name: PROCESSORS["SETTINGS"][name] | AS_WELL.get(name, {}) for name in PROCESSORS["NEEDS"]
}
TOGETHER = (("numpy without AVX-512", "BLAS for Nehalem"), ("numpy without AVX2", "BLAS for Haswell"))
"""Settings that one process has at once. BLAS for SkylakeX stands in none: where it is possible it is what BLAS chooses
by itself, or near to it, and with -m slow it is tried alone."""


def possible() -> list[str]:
    return [name for name in SETTINGS if NEEDS[name] in HAS]


def few() -> dict[str, dict[str, str]]:
    """What is possible, in few processes."""
    found: dict[str, dict[str, str]] = {}
    for names in TOGETHER:
        if there := [name for name in names if name in possible()]:
            found["; ".join(there)] = {k: v for name in there for k, v in SETTINGS[name].items()}
    return found


def carry_out(folder: Path, setting: dict[str, str], *options: str) -> Path:
    """Run the cases in a folder under a setting of the environment; the folder."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("NPY_", "OPENBLAS_"))}
    done = subprocess.run(
        [sys.executable, SCRIPT, folder, *options], env=plain | PLAIN | setting, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder


def differences(one: Path, other: Path) -> list[str]:
    """Files that are not the same in both folders, wall times left out."""
    names = [
        {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} for folder in (one, other)
    ]
    assert len(names[0]) > 40 and not any(name.endswith(".pyc") for name in names[0])
    apart = sorted(names[0] ^ names[1])
    both = [name for name in sorted(names[0] & names[1]) if Path(name).name not in WALL_TIMES]
    return apart + [name for name in both if not filecmp.cmp(one / name, other / name, shallow=False)]


def compare(tmp_path: Path, settings: dict[str, dict[str, str]]) -> None:
    every = {"plain": {}, **settings}
    folders = [tmp_path / str(k) for k in range(len(every))]
    folders[0].mkdir()
    with contextlib.chdir(folders[0]):
        runpy.run_path(str(SCRIPT))["tutorial"]()
    for folder in folders[1:]:
        shutil.copytree(folders[0], folder)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        plain, *others = pool.map(carry_out, folders, every.values())
    found = {name: differences(plain, other) for name, other in zip(settings, others, strict=True)}
    assert not any(found.values()), found


@pytest.mark.skipif(not possible(), reason="numpy knows no feature of this processor that could be left out")
def test_the_same_bytes_under_every_setting(tmp_path: Path) -> None:
    compare(tmp_path, few())


@pytest.mark.slow
def test_the_same_bytes_under_each_setting_by_itself(tmp_path: Path) -> None:
    """Where settings cancel out, each alone shows it."""
    compare(tmp_path, {name: SETTINGS[name] for name in possible()})


@pytest.mark.parametrize("name", SETTINGS)
def test_the_processor_can_take_the_setting(name: str) -> None:
    """Tells which settings were left out of the test above, and why."""
    if NEEDS[name] not in HAS:
        pytest.skip(f"this processor has no {NEEDS[name]}")


@pytest.fixture(scope="module")
def plain_whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return carry_out(tmp_path_factory.mktemp("plain"), {}, "--whole")


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_the_same_bytes_of_whole_runs_with_figures_and_reports(name: str, plain_whole: Path, tmp_path: Path) -> None:
    if NEEDS[name] not in HAS:
        pytest.skip(f"this processor has no {NEEDS[name]}")
    assert not differences(plain_whole, carry_out(tmp_path, SETTINGS[name], "--whole"))


def test_a_difference_is_noticed(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        for k in range(50):
            (tmp_path / name / f"{k}.csv").write_text("1\n")
        (tmp_path / name / "timing.json").write_text(name)
    assert differences(tmp_path / "one", tmp_path / "other") == []
    (tmp_path / "other" / "7.csv").write_text("2\n")
    (tmp_path / "other" / "more.csv").write_text("")
    assert differences(tmp_path / "one", tmp_path / "other") == ["more.csv", "7.csv"]
