"""The page "Bring your network" lists what the reader of nets does, kept against the inventory that it reads by."""

from __future__ import annotations

import networks_page
from relight.scenarios.networks.pandapower_nets.inventory import TABLES

TEXT = networks_page.PAGE.read_text(encoding="utf-8")


def test_the_tables_of_the_page_are_up_to_date() -> None:
    assert networks_page.with_tables(TEXT) == TEXT, "run python tools/networks_page.py"


def test_every_kind_of_element_and_every_column_that_is_not_modelled_is_on_it() -> None:
    for name, table in TABLES.items():
        assert f"`{name}`" in TEXT
        told = [column for column, entry in table.others.items() if entry.fate != "no physics"]
        assert all(f"`{column}`" in TEXT for column in told), name


def test_what_is_refused_says_what_to_do_and_what_is_told_says_what_it_may_change() -> None:
    for table in TABLES.values():
        for entry in (table, *table.others.values()):
            assert bool(entry.text) == (entry.fate != "no physics")
