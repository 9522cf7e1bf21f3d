"""``relight list`` names everything that ships, with a title, in groups."""

from __future__ import annotations

from pathlib import Path

import pytest

import relight as library
from relight.controllers.strategies.builtin import STRATEGIES
from relight.sim.commands.starting.shipped import TAKEN_BY

SCENARIOS = Path(library.__file__).parent / "scenarios"


def lines_of(out: str, kind: str) -> dict[str, str]:
    """Name → title of one group of the output."""
    group = next(block for block in out.split("\n\n") if block.startswith(f"{kind}: "))
    return dict(line.strip().split(maxsplit=1) for line in group.splitlines()[1:])


def test_everything_that_ships_has_a_line_with_its_title(relight) -> None:
    code, out, err = relight("list")
    assert (code, err) == (0, "")
    scenarios, studies = lines_of(out, "scenarios"), lines_of(out, "studies")
    assert list(scenarios) == library.shipped() and "both infeeds lost" in scenarios["guo45/fault-0400"]
    assert set(studies) == {f"studies/{path.stem}" for path in (SCENARIOS / "studies").glob("*.yaml")}
    assert lines_of(out, "strategies") == {one.name: one.summary for one in STRATEGIES.values()}


@pytest.mark.parametrize("kind", TAKEN_BY)
def test_one_kind_alone_is_as_in_the_whole(relight, kind: str) -> None:
    whole = relight("list")[1]
    code, out, _ = relight("list", "--kind", kind)
    assert code == 0 and out.strip() in whole and out.startswith(f"{kind}: ")


def test_a_kind_that_is_none_is_told_those_there_are(relight) -> None:
    code, out, err = relight("list", "--kind", "cases")
    assert (code, out) == (2, "") and "scenarios, studies, networks, strategies" in err
