"""Whatever a file is turned into: no traceback, no hang, an exit code of the contract. Seeded, so that a find returns.

In this process, for most of the time would go into starting others; a traceback would be an exception of ``main`` other
than SystemExit, or exit code 3, which is for runs and not for what is read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cases.mutations import KINDS, mutated
from relight.scenarios.reading.time_limit import time_limit
from relight.sim.cli import main

MOST_S = 60.0
SLOW = 2_250


@pytest.fixture
def attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[int], None]:
    def one(seed: int) -> None:
        made = mutated(seed, tmp_path / f"{seed}")
        monkeypatch.chdir(made.folder)
        monkeypatch.setattr("sys.argv", ["relight", *made.command])
        code = 0
        try:
            with time_limit(MOST_S):
                main()
        except SystemExit as left:
            code = left.code or 0
        told = capsys.readouterr().err
        assert code in (0, 1, 2), f"seed {seed}, {made.command}: {code}\n{told}"
        assert "Traceback" not in told, f"seed {seed}\n{told}"
        assert told.replace("\n", "").replace("\t", "").isprintable(), f"seed {seed}: {told!r}"
        if code == 2:
            assert told.startswith("relight: "), f"seed {seed}\n{told}"

    return one


def test_a_sample_of_mutations_ends_in_words(attempt: Callable[[int], None]) -> None:
    for seed in range(len(KINDS)):
        attempt(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SLOW, 250))
def test_many_mutations_end_in_words(first: int, attempt: Callable[[int], None]) -> None:
    for seed in range(first, first + 250):
        attempt(seed)
