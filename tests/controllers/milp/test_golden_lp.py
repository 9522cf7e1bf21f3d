"""Each constraint of each form is, to the letter, what its golden LP file says."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pyomo.environ as pyo
import pytest

import golden_lp
from golden_lp import FORMS, folder_of, golden_texts, names_of

REMEDY = "python tools/golden_lp.py rewrites it; look at the difference first"


@cache
def texts(form: str) -> dict[str, str]:
    return dict(golden_texts(form))


@pytest.mark.parametrize("form", FORMS)
def test_every_constraint_has_a_golden_file_and_every_file_a_constraint(form: str) -> None:
    folder = folder_of(form, FORMS[form]().room)
    assert {path.stem for path in folder.glob("*.lp")} == set(texts(form)), REMEDY


@pytest.mark.parametrize("form", FORMS)
def test_the_contents_are_the_model(form: str) -> None:
    m, table, objective, taken_over, _ = FORMS[form]()
    inside = [c.local_name for c in m.component_objects(pyo.Constraint)]
    assert sorted(inside) == sorted([*taken_over, *names_of(table)])
    assert [name for name in inside if name not in taken_over] == names_of(table)
    assert [c.local_name for c in m.component_objects(pyo.Objective, active=True)] == [objective]


@pytest.mark.parametrize("form", FORMS)
def test_every_constraint_occurs_in_the_small_case(form: str) -> None:
    """A file without a row of its constraint would guard nothing."""
    objective = FORMS[form]().objective
    for name, text in texts(form).items():
        assert name == objective or f"_{name}(" in text, f"{name} has no row in the golden case"


@pytest.mark.parametrize("form", FORMS)
def test_every_constraint_is_its_golden_file(form: str) -> None:
    folder = folder_of(form, FORMS[form]().room)
    for name, text in texts(form).items():
        path = folder / f"{name}.lp"
        assert path.is_file() and text == path.read_text(encoding="utf-8"), f"{form}/{name}.lp: {REMEDY}"


def test_a_change_is_noticed_where_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison can fail: other demand changes the texts that hold it, and no others."""
    horizon = golden_lp.small_horizon()
    psc = {la: message | {"demand_p_kw": [11.0, 21.0]} for la, message in horizon.psc.items()}
    monkeypatch.setattr(golden_lp, "small_horizon", lambda *_: replace(horizon, psc=psc))
    changed = {name for name, text in golden_lp.lp_texts(golden_lp.literal_form()) if text != texts("literal")[name]}
    holds_demand = {"net_power", "restored_energy"}
    bounded_by_it = {
        name for name in texts("literal") if re.search(r"island_power|other_power|surplus|balance_m", name)
    }
    assert changed == holds_demand | bounded_by_it
