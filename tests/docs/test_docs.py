"""README and docs: every file they link to exists, every command they show is one, the overview is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from relight.scenarios.loader import shipped_scenarios

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "scenarios").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_the_readme_shows_the_overview_of_the_demo() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    overview = text.split("<!-- overview -->")[1].split("<!-- /overview -->")[0]
    of_case = re.findall(r"^(guo45/\S+)\n((?:  .+\n)+)", overview, flags=re.MULTILINE)
    shown = [
        (case, strategy)
        for case, rows in of_case
        for strategy in re.findall(r"^  (dynamic|static) +\d+\.\d\d", rows, flags=re.MULTILINE)
    ]
    demo = re.search(r"relight compare ((?:guo45/\S+ )+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert demo is not None
    assert shown == [(case, strategy) for case in demo[1].split() for strategy in ("dynamic", "static")]


def test_scenarios_named_in_the_readme_ship() -> None:
    named = set(re.findall(r"\b(?:guo45|cigre_mv)/[a-z]+(?:-\d+)?\b", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {name for name in named if name in shipped_scenarios()} >= {"guo45/fault-0400", "cigre_mv/blackout"}


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "benchmarks" / "README.md"], ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_nothing_is_left_to_be_filled_in(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"@@|<<<<<<<|>>>>>>>|\bTODO\b|\bTBD\b", text)
