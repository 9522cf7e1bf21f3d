"""Scenarios of well-known networks that ship are what ``relight init`` makes of these, edited in the open."""

from __future__ import annotations

import json
import re
from difflib import ndiff
from pathlib import Path

import pytest

from relight.scenarios.drafts.draft import draft
from relight.scenarios.loader import load_case, shipped_scenarios
from relight.scenarios.reading.problems import PACKAGE_FOLDER
from support.brought.well_known import NETWORKS, Network, marked

EDITS = ("# Edited: ", "name: ", "site: ")
"""How lines begin that may be others than those of a draft."""


def changes(network: Network) -> list[str]:
    """Lines of the draft that the committed file lacks (``- ``), and those that it has in their place (``+ ``)."""
    folder = PACKAGE_FOLDER / network.folder
    made = draft(network.source, folder, f"{network.folder}/first-line").text
    committed = (folder / "first-line.yaml").read_text(encoding="utf-8")
    return [line for line in ndiff(made.splitlines(), committed.splitlines()) if line[0] in "+-"]


def test_each_network_ships_with_two_scenarios() -> None:
    for network in NETWORKS:
        assert {f"{network.folder}/first-line", f"{network.folder}/infeeds-dead"} <= set(shipped_scenarios())


def test_the_page_tells_of_each_what_its_draft_counted() -> None:
    page = (Path(__file__).parents[3] / "docs" / "networks.md").read_text(encoding="utf-8")
    for network in NETWORKS:
        text = (PACKAGE_FOLDER / network.folder / "first-line.yaml").read_text(encoding="utf-8")
        buses, load_kw = re.findall(r"In the net: (\d+) buses|([\d,.]+) kW of load", text)
        feeder = re.search(r"begins here: (.*)\. \[A\]", text)
        faulted = re.search(r"faulted: \[(.*)\]", text)
        assert feeder and faulted
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{network.folder}/"))
        peak_mw = float(load_kw[1].replace(",", "")) / 1000
        assert row.endswith(f"| {int(buses[0]):,} | {peak_mw:.1f} MW | `{faulted[1]}`: {feeder[1]} |")
        assert f"`{network.source}`" in row


@pytest.mark.parametrize("network", marked(NETWORKS))
def test_the_first_line_of_the_most_loaded_feeder_is_a_draft_but_for_what_it_says_was_edited(network: Network) -> None:
    found = changes(network)
    assert all(line[2:].startswith(EDITS) for line in found), found
    (told,) = (line[2:] for line in found if line[2:].startswith(EDITS[0]))
    assert ("site" in told) == any(line[2:].startswith("site: ") for line in found)


@pytest.mark.parametrize("network", marked(NETWORKS))
def test_with_infeeds_dead_it_is_the_other_draft_of_the_same_network(network: Network) -> None:
    folder = PACKAGE_FOLDER / network.folder
    made = draft(network.source, folder, f"{network.folder}/infeeds-dead", infeeds_dead=True).case.scenario
    case = load_case(f"{network.folder}/infeeds-dead")
    assert case.scenario.model_copy(update={"site": made.site}) == made
    assert case.view.outage_area == set(case.view.buses) and case.scenario.seed == 0


@pytest.mark.parametrize("network", marked(one for one in NETWORKS if not one.small))
def test_an_edited_site_is_where_the_nets_coordinates_lie(network: Network) -> None:
    site = load_case(f"{network.folder}/first-line").scenario.site
    places = [json.loads(text)["coordinates"] for text in network.net().bus.geo if isinstance(text, str)]
    for edited, found in zip((site.longitude_deg, site.latitude_deg), zip(*places, strict=True), strict=True):
        assert min(found) - 0.005 <= edited <= max(found) + 0.005  # rounded to hundredths
