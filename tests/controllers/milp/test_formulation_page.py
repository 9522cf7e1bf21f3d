"""The page docs/formulation.md lists exactly the constraints of each form, each with its statement and golden file."""

from __future__ import annotations

import re

import pytest

from formulation_page import PAGE, block, equations, with_tables
from golden_lp import FORMS, names_of

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_models() -> None:
    assert with_tables(TEXT) == TEXT, "run python tools/formulation_page.py and look at what changed"


@pytest.mark.parametrize("form", FORMS)
def test_every_constraint_has_one_row_with_its_golden_file(form: str) -> None:
    rows = re.findall(rf"^\| `(\w+)` \| .+ \| .+ \| \[lp\]\(\S+/golden/{form}/(\w+)\.lp\) \|$", TEXT, re.MULTILINE)
    assert rows == [(name, name) for name in names_of(FORMS[form]().contents)]
    assert f"golden/{form}/{FORMS[form]().objective}.lp" in block(form)


@pytest.mark.parametrize(
    ("statement", "paper"),
    [
        ("One start. (13f), (13g): t.", "13f, 13g"),
        ("Trees. (27)–(30): Σ.", "27–30"),
        ("A dark LA: 0.", "–"),
        ("D13. (18), D13: o. (18)", "18"),
    ],
)
def test_equations_are_read_from_the_statement(statement: str, paper: str) -> None:
    assert equations(statement) == paper
