"""The page docs/formulation.md lists exactly the constraints of the model, each with its statement."""

from __future__ import annotations

import re
from pathlib import Path

import pyomo.environ as pyo
import pytest

from controllers.model import build_model, contents
from controllers.problem import AreaGraph
from scenarios.loader import load_case

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "formulation.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rules():
    case = load_case("guo45/fault-0400")
    model = build_model(AreaGraph.of(case.view, case.scenario), 2, static=True)
    listed = {rule.__name__: rule for family in contents(model, True).values() for rule, _ in family}
    assert {c.local_name for c in model.component_objects(pyo.Constraint)} == set(listed)
    return listed


def test_every_constraint_has_its_row_and_every_row_its_constraint(rules) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", PAGE, flags=re.MULTILINE))
    assert set(rows) == set(rules)
    for name, rule in rules.items():
        assert rows[name] == " ".join(rule.__doc__.split()).replace("|", "&#124;")
