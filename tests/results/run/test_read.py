"""Runs that another version made."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from relight.results.run.read import NotARun, read_run
from support.synthetic_run import write_synthetic


def test_a_run_with_a_key_that_was_renamed_since_is_read(tmp_path: Path) -> None:
    folder = write_synthetic(tmp_path / "run", "dynamic", steps=6)
    file = folder / "scenario.yaml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    del data["objective"]
    data["dispatch_centre"]["switching_cost_kwh"] = 7.0
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    assert read_run(folder).scenario.objective.switching_kwh == 7.0


def test_a_key_that_there_never_was_is_told(tmp_path: Path) -> None:
    folder = write_synthetic(tmp_path / "run", "dynamic", steps=6)
    with (folder / "scenario.yaml").open("a", encoding="utf-8") as file:
        file.write("peace: 1\n")
    with pytest.raises(NotARun, match="peace"):
        read_run(folder)
