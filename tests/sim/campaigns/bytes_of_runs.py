"""Carries out a few cases and writes down what every solver was given: ``python bytes_of_runs.py FOLDER [--whole]``.

Short windows under ``dynamic`` without figures, of a folder that holds the tutorial's files; with --whole those files
too, whole windows, two strategies, and a comparison with figures and reports. Run as a process of its own, for
processor and threads are chosen when numpy is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import runpy
import sys
from pathlib import Path
from unittest import mock

import highspy
import numpy as np

from relight.scenarios.loader import load_case
from relight.sim.campaigns import compare, run

DOCS = Path(__file__).resolve().parents[3] / "docs"
TITLED = re.compile(r'^```\w* title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SHORT = {
    "guo45/fault-1000": ("outage.duration_min=30",),
    "feeder33-q.yaml": ("outage.duration_min=30",),
    "cigre_mv/blackout": ("outage.duration_min=30", "world.pick_up_limit_pct="),
}
"""Without a limit to pick-up, which the feeder has, the blackout's plan needs no repair after repair."""


def given(highs: highspy.Highs) -> str:
    """A hash of what a solver is about to solve, to the last bit."""
    lp = highs.getLp()
    matrix = lp.a_matrix_
    arrays = (
        lp.col_cost_, lp.col_lower_, lp.col_upper_, lp.row_lower_, lp.row_upper_,
        matrix.start_, matrix.index_, matrix.value_, [lp.offset_],
    )  # fmt: skip
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.asarray(array).tobytes())
    return f"{lp.num_col_} columns, {lp.num_row_} rows, {digest.hexdigest()}"


def tutorial() -> None:
    """The tutorial's files in the present folder."""
    for title, text in TITLED.findall((DOCS / "tutorial.md").read_text(encoding="utf-8")):
        Path(title).write_text(text, encoding="utf-8")
    runpy.run_path("feeder33.py")


def main(folder: Path, *, whole: bool) -> None:
    os.chdir(folder)
    if whole:
        tutorial()
    solved: list[str] = []
    solve = highspy.Highs.run

    def noted(self: highspy.Highs):
        solved.append(given(self))
        return solve(self)

    with mock.patch.object(highspy.Highs, "run", noted):
        if whole:
            for name in SHORT:
                compare.compare_strategies([name], ["dynamic", "static"], [None], Path("runs", name.replace("/", "_")))
        else:
            with mock.patch.object(run, "_draw", lambda *_: None):
                for name, overrides in SHORT.items():
                    run.simulate(load_case(name, overrides), "dynamic", Path("runs", name.replace("/", "_")))
    Path("solved.json").write_text(json.dumps(solved, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), whole="--whole" in sys.argv)
