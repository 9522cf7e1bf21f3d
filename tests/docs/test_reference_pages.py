"""The reference pages are what schemas and command line say now, and every field and option says what it means."""

from __future__ import annotations

from typing import Any

import pytest
import typer.main

import command_page
import kinds_page
import library_page
import schema_pages
from relight.sim.cli import app


@pytest.mark.parametrize("name", schema_pages.PAGES)
def test_a_schema_page_is_up_to_date(name: str) -> None:
    committed = (schema_pages.REFERENCE / f"{name}.md").read_text(encoding="utf-8")
    assert committed == schema_pages.page(name), "run python tools/schema_pages.py"


def test_the_page_of_commands_is_up_to_date() -> None:
    assert command_page.PAGE.read_text(encoding="utf-8") == command_page.page(), "run python tools/command_page.py"


def test_the_page_of_the_library_is_up_to_date() -> None:
    assert library_page.PAGE.read_text(encoding="utf-8") == library_page.page(), "run python tools/library_page.py"


def test_the_page_of_kinds_is_up_to_date() -> None:
    assert kinds_page.PAGE.read_text(encoding="utf-8") == kinds_page.page(), "run python tools/kinds_page.py"


@pytest.mark.parametrize("name", schema_pages.PAGES)
def test_every_field_is_described(name: str) -> None:
    page = schema_pages.Page(schema_pages.PAGES[name][0])
    for title, part in page.schemas.items():
        for key, field in part.get("properties", {}).items():
            assert field.get("description"), f"{title}.{key} has no description"


def test_every_key_of_a_scenario_is_on_its_page() -> None:
    def keys(model: type[Any], path: str) -> list[str]:
        found = []
        for key, field in model.model_fields.items():
            found.append(path + key)
            for part in schema_pages.parts_in(field.annotation):
                found += keys(part, "")
        return found

    text = schema_pages.page("scenario")
    for key in keys(schema_pages.PAGES["scenario"][0], ""):
        assert f"{key}`" in text or f"## {key}\n" in text, key


def test_every_option_of_every_command_says_what_it_means() -> None:
    found = list(command_page.commands(typer.main.get_command(app), "relight"))
    assert {"relight run", "relight study", "relight strategy check"} <= {words for words, _ in found}
    for words, command in found:
        assert command.help, words
        assert all(one.help for one in command.params), words


def test_units_follow_from_names() -> None:
    for key, unit in {
        "ramp_up_kw_per_h": "kW/h", "vm_min_pu": "p.u.", "min_power_factor": "", "duration_min": "min", "seed": "",
        "rocof_hz_per_s": "Hz/s", "faults_per_h": "1/h", "discharge_kwh": "kWh", "pv_cost": "CNY/kWh",
    }.items():  # fmt: skip
        assert schema_pages.unit(key) == unit, key
