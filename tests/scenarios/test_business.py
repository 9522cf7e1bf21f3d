"""Business data: the shipped example, defaults, and every mistake of a file at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from relight.scenarios.business import Business, load_business
from relight.scenarios.loader import shipped_scenarios
from relight.scenarios.reading.problems import ScenarioError


def test_the_example_says_that_it_is_one_and_is_no_scenario() -> None:
    business = load_business("business-example.yaml")
    assert business.example and "invented" in business.source
    assert business.this_year == 2025 and business.of_year(1).households == 5200
    assert not any("business" in name for name in shipped_scenarios())


def test_everything_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("schema_version: 1\n", encoding="utf-8")
    business = load_business(tmp_path / "b.yaml")
    assert business == Business() and business.of_year().consumption_mwh is None and not business.example


def test_the_latest_year_is_evaluated_unless_told() -> None:
    years = {2023: {"households": 1}, 2024: {"households": 2}}
    assert Business.model_validate({"years": years}).of_year().households == 2
    assert Business.model_validate({"years": years, "year": 2023}).of_year().households == 1


def test_every_mistake_at_once(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(
        "colour: red\nyears: {2025: {households: 0, sales: 4}}\nsurvey: {asked: 10, very_satisfied: 11}\n"
        "income: {total_operating_10k_cny: 5}\ngetting_electricity: {procedures: 3}\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as caught:
        load_business(tmp_path / "b.yaml")
    text = str(caught.value)
    for part in ("b.yaml: colour", "years.2025.households = 0", "years.2025.sales", "consumption_mwh", "very_satisfied",
                 "income.market_other_than_sales_10k_cny", "published score"):  # fmt: skip
        assert part in text, part


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("years: {2025: {households: true}}", "years.2025.households = True: must be a number"),
        ("years: {2025: {households: 12.5}}", "years.2025.households = 12.5: must be a whole number"),
        ("years: {2025: {consumption_mwh: '7'}}", "years.2025.consumption_mwh = '7': must be a number"),
        ("automation: {feeders: 4, automated_feeders: 1.5}", "automated_feeders = 1.5: must be a whole number"),
        ("survey: {asked: 10.5, very_satisfied: 3}", "survey.asked = 10.5: must be a whole number"),
        ("survey: {asked: 10}", "survey.very_satisfied: missing; this part needs it, or leave the whole part out"),
        ("final_users: {users: true}", "final_users.users = True: must be a number"),
        ("example: 1", "example = 1"),
        ("year: true", "year = True: must be a number"),
    ],
)
def test_numbers_are_numbers_counts_are_whole_and_parts_are_whole(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "b.yaml").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_business(tmp_path / "b.yaml")
    assert message in str(caught.value) and len(caught.value.problems) == 1


def test_none_and_whole_floats_are_as_good(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("years: {2025: {households: 12.0, max_load_mva: null}}\n", encoding="utf-8")
    assert load_business(tmp_path / "b.yaml").of_year().households == 12


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1\n", "mapping"),
        ("a: 1\na: 2\n", "twice"),
        ("a: [\n", "not a YAML file"),
        ("year: 2020\n", "not among years"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "b.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=message):
        load_business(tmp_path / "b.yaml")


def test_no_such_file() -> None:
    with pytest.raises(ScenarioError, match=r"nowhere\.yaml: no such file"):
        load_business("nowhere.yaml")
