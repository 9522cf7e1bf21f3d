"""Customers of local areas: as numbered, else in proportion to peak load."""

from __future__ import annotations

from pathlib import Path

import pytest

from relight.scenarios.explain import explain
from relight.scenarios.loader import ScenarioError, load_case
from support.three_bus_case import write


def test_without_numbers_they_are_the_peak_load_in_kw(tmp_path: Path) -> None:
    case = load_case(write(tmp_path, load={"peak_kw": 90, "shares": {"a": 1, "b": 2}}))
    assert {la.id: la.customers for la in case.view.local_areas.values()} == {"a": 30, "b": 60, "c": 0}
    assert "not numbered" in explain(case)


def test_numbers_are_taken_as_they_are(tmp_path: Path) -> None:
    case = load_case(write(tmp_path, local_areas={"customers": {"a": 7, "b": 0, "c": 12}}))
    assert {la.id: la.customers for la in case.view.local_areas.values()} == {"a": 7, "b": 0, "c": 12}
    assert "customers: 19" in explain(case)


@pytest.mark.parametrize(
    ("customers", "remedy"),
    [
        ({"a": 1, "b": 1, "c": 1, "d": 1}, "no such local area; known: a, b, c"),
        ({"a": 1, "b": 1}, "missing: c"),
        ({"a": 0, "b": 0, "c": 0}, "a customer somewhere"),
        ({"a": -1, "b": 1, "c": 1}, "must be 0 or more"),
    ],
)
def test_mistakes(tmp_path: Path, customers: dict[str, float], remedy: str) -> None:
    with pytest.raises(ScenarioError, match=r"local_areas\.customers") as error:
        load_case(write(tmp_path, local_areas={"customers": customers}))
    assert remedy in str(error.value)
