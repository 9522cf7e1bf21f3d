"""The page docs/formulation.md lists exactly the constraints of each form, each with its statement and golden file."""

from __future__ import annotations

import re

import pyomo.environ as pyo
import pytest

import golden_lp
from formulation_page import PAGE, block, equations, names_in, with_tables
from golden_lp import FORMS, names_of

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_models() -> None:
    assert with_tables(TEXT) == TEXT, "run python tools/formulation_page.py and look at what changed"


@pytest.mark.parametrize("form", FORMS)
def test_every_constraint_has_one_row_with_its_golden_file(form: str) -> None:
    rows = re.findall(
        rf"^\| \[`(\w+)`\]\(\.\./controllers/\S+\.py\) \| .+ \| .+ \| \[lp\]\(\S+/golden/{form}/(\w+)\.lp\) \|$",
        TEXT,
        re.MULTILINE,
    )
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


UNITS = {"", "0/1", "kW", "kvar", "kVA", "kWh", "h", "p.u.", "p.u.²", "CNY/h", "CNY/kWh"}


@pytest.mark.parametrize("form", FORMS)
def test_sets_data_and_variables_say_what_they_are_in_known_units(form: str) -> None:
    for one in names_in(form):
        assert one.meaning and one.unit in UNITS, one
        for ending, unit in (("_kw", "kW"), ("_kvar", "kvar")):
            assert not one.name.endswith(ending) or one.unit == unit, one


def test_a_variable_that_does_not_say_what_it_is_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful() -> golden_lp.Written:
        written = golden_lp.literal_form()
        written.model.forgotten = pyo.Var()
        return written

    monkeypatch.setitem(FORMS, "literal", forgetful)
    with pytest.raises(ValueError, match="variable forgotten does not say"):
        names_in("literal")
