"""The notebook runs from top to bottom, and shows what it showed when it was committed."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from notebook_page import NOTEBOOK, carried_out, outputs

QUICKLY = """\
from relight.sim.campaigns import compare, run
from relight.sim.library import comparisons

for module, what in ((run, "run"), (compare, "comparison")):
    for name in (f"draw_{what}_figures", f"write_{what}_report"):
        setattr(module, name, lambda folder, *_: None)
comparisons.available_cores = lambda: 1
"""
"""It shows no figures but those that it draws itself, and drawing takes longest. Other processes would take longer to
start than the runs last, and would draw."""


@pytest.mark.parametrize("first", [QUICKLY, pytest.param("", marks=pytest.mark.slow)], ids=["quick", "whole"])
def test_the_notebook_shows_what_it_says(tmp_path: Path, first: str) -> None:
    committed = nbformat.read(NOTEBOOK, as_version=4)
    assert sum(cell.cell_type == "code" for cell in committed.cells) >= 8
    assert outputs(carried_out(NOTEBOOK, tmp_path, first)) == outputs(committed), "run python tools/notebook_page.py"
    assert [text for cell in outputs(committed) for text in cell].count("picture") == 2
    assert (tmp_path / "stored-energy.pdf").is_file()
