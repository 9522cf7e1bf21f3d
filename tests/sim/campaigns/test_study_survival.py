"""Studies that are killed, and studies on a Dask cluster that loses workers; minutes, so only on demand."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from relight.sim.campaigns.study import LOCK, run_study
from support.tiny_study import contents, write

pytestmark = pytest.mark.slow

KILLS = 50
MOST_BETWEEN = 3
"""Runs finished between two kills, so that the study is not over before the last on a fast machine."""
GRID = [{"name": "peak_kw", "path": "load.peak_kw", "values": list(range(40, 140, 10))}]
SEEDS = list(range(12))


def command(file: Path, folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "relight.sim.cli", "study", str(file), "--out", str(folder), *options]


def finished_runs(folder: Path) -> dict[str, tuple[int, int]]:
    """Runs that are done, with what would change if one were made again."""
    runs = folder / "runs"
    manifests = (
        {path.name: path / "manifest.json" for path in runs.iterdir() if path.name[0] != "."} if runs.exists() else {}
    )
    return {name: (path.stat().st_ino, path.stat().st_mtime_ns) for name, path in manifests.items()}


def wait_until(condition: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s"
        time.sleep(0.02)


def begun(folder: Path) -> int:
    """When a study last began in the folder, as the system counts; 0 if none has."""
    return (folder / "study.json").stat().st_mtime_ns if (folder / "study.json").exists() else 0


def in_use(folder: Path) -> bool:
    """Whether a study, or a process that it left behind, still holds the folder's lock."""
    import fcntl

    if not (folder / LOCK).exists():
        return False
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def test_killed_at_50_random_moments(tmp_path: Path) -> None:
    """kill -9 anywhere, from a study's beginning to its last run: no run is lost, none made twice, the same tables."""
    file = write(tmp_path, grid=GRID, seeds=SEEDS)
    whole, killed, draw = tmp_path / "whole", tmp_path / "killed", random.Random(0)
    assert run_study(file, whole, workers=2).failed == 0
    done: dict[str, tuple[int, int]] = {}
    kills = during_runs = 0

    def since_last() -> int:
        return len(finished_runs(killed)) - len(done)

    while kills < KILLS:
        before, runs = begun(killed), draw.randint(1, MOST_BETWEEN) if kills % 5 else 0
        study = subprocess.Popen(command(file, killed, "--workers", "2", "--resume"), stderr=subprocess.DEVNULL)

        def reached(study=study, before=before, runs=runs) -> bool:
            """It has begun and, four times out of five, finished some runs; or it has ended."""
            return (begun(killed) > before and since_last() >= runs) or study.poll() is not None

        wait_until(reached)
        time.sleep(draw.uniform(0, 0.2))  # anywhere in the next run
        assert study.poll() is None, f"the study ended after {kills} kills; give it more runs"
        study.send_signal(signal.SIGKILL)
        study.wait()
        kills += 1
        wait_until(lambda: not in_use(killed))
        found = finished_runs(killed)
        assert done.items() <= found.items(), "a run was lost or made again"
        during_runs += len(found) > len(done)
        done = found
    assert during_runs >= KILLS // 2
    last = subprocess.run(
        command(file, killed, "--workers", "2", "--resume"), capture_output=True, text=True, check=True
    )
    assert f"{len(done)} kept from before, 0 failed" in last.stdout
    assert done.items() <= finished_runs(killed).items()
    assert contents(killed) == contents(whole)


def test_ctrl_c_is_exit_code_1(tmp_path: Path) -> None:
    file = write(tmp_path, seeds=SEEDS)
    study = subprocess.Popen(
        command(file, tmp_path / "out", "--workers", "2"), stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    wait_until(lambda: bool(finished_runs(tmp_path / "out")) or study.poll() is not None)
    os.killpg(study.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    _, err = study.communicate(timeout=300)
    assert study.returncode == 1
    assert "interrupted:" in err and "go on with --resume" in err
    assert "Traceback" not in err


def test_a_dask_cluster_makes_the_same_bytes_and_a_lost_worker_is_survived(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    file = write(tmp_path, grid=GRID, seeds=SEEDS[:3])
    run_study(file, tmp_path / "pool", workers=2)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        victim = next(iter(cluster.workers.values())).process.pid

        def kill_one() -> None:
            while len(finished_runs(tmp_path / "dask")) < 10:
                time.sleep(0.05)
            os.kill(victim, signal.SIGKILL)

        threading.Thread(target=kill_one, daemon=True).start()
        finished = run_study(file, tmp_path / "dask", scheduler=cluster.scheduler_address)
    assert (finished.made, finished.failed) == (60, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(victim, 0)
    assert contents(tmp_path / "dask") == contents(tmp_path / "pool")
    assert len(pd.read_csv(tmp_path / "dask" / "runs.csv")) == 60


def test_a_cluster_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    file = write(tmp_path)
    found = subprocess.run(
        command(file, tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1"), capture_output=True, text=True
    )
    assert found.returncode == 2
    assert "no cluster answers there" in found.stderr
    assert "Traceback" not in found.stderr
    assert not (tmp_path / "out").exists()
