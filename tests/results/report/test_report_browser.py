"""The report in a browser: it says what the tables say, moves with slider, keys and links, and needs no network."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest

from relight.results.comparison.compare import compare
from relight.results.comparison.text import write_comparison
from relight.results.figures.style import STRATEGY_LOOKS
from relight.results.report.files import write_comparison_report, write_run_report
from support.chromium import Report, chromium
from support.invented_run import write_invented

FAULTS = (pytest.param("fault-0400", marks=pytest.mark.slow), "fault-1000")
GUO = "guo45/fault-1000"
COARSE = [
    "outage.duration_min=90",
    "local_areas.load_control=section",
    "clock.sim_step_min=15",
    "dispatch_centre.mip_gap=0.05",
    "dispatch_centre.verify=off",
]
THOUSAND = """
name: thousand
network: {kind: synthetic, buses: 1000, sections: 100, seed: 3}
outage: {start: 2025-06-21T10:00, duration_min: 300}
site: {latitude_deg: 30, longitude_deg: 120, timezone: Asia/Shanghai}
load: {source: network}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as window:
        yield window


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """Folders of both faults of the paper, co-simulated when first asked for, with their reports (figures left out:
    they take longest)."""
    from relight.scenarios.loader import load_case
    from relight.sim.campaigns import run

    root = tmp_path_factory.mktemp("faults")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "draw_run_figures", lambda *_: [])
        yield cache(lambda fault: run.simulate(load_case(f"guo45/{fault}", COARSE), "dynamic", root / fault))


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up run with several islands, sheddings and violations; path of its report."""
    return write_run_report(write_invented(tmp_path_factory.mktemp("invented") / "run", GUO))


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("comparison")
    runs = [write_invented(root / "runs" / s, GUO, strategy=s) for s in ("dynamic", "static")]
    runs += [write_invented(root / "runs" / f"{s}1", GUO, ("seed=1",), strategy=s) for s in ("dynamic", "static")]
    write_comparison(compare(runs), root)
    return write_comparison_report(root)


def islands_of_tables(folder: Path, step: int) -> dict[str, str]:
    """Bus → first bus of its island at a step (empty: dark), from series/ alone."""
    bus, branch, island = (
        pd.read_csv(folder / "series" / f"{name}.csv", dtype={name: str}) for name in ("bus", "branch", "island")
    )
    at = sorted(bus["time_min"].unique())[step]
    bus, branch, island = (table[table["time_min"] == at] for table in (bus, branch, island))
    ends = {
        b["id"]: (b["from_bus"], b["to_bus"]) for b in json.loads((folder / "network.json").read_text())["branches"]
    }
    graph = nx.Graph()
    graph.add_nodes_from(bus.loc[bus["energised"] == 1, "bus"])
    pairs = [ends[name] for name in branch.loc[branch["closed"] == 1, "branch"]]
    graph.add_edges_from(pair for pair in pairs if all(end in graph for end in pair))
    order = {name: k for k, name in enumerate(bus["bus"])}
    found = dict.fromkeys(bus["bus"], "")
    for part in nx.connected_components(graph):
        found |= dict.fromkeys(part, min(part, key=order.__getitem__))
    sizes = {name: sum(first == name for first in found.values()) for name in set(found.values()) - {""}}
    assert sizes == dict(zip(island["island"], island["buses"], strict=True))
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_both_faults_are_drawn_as_their_tables_say(browser, faults, fault) -> None:
    path = faults(fault) / "report.html"
    assert path.stat().st_size < 5_000_000
    page = Report(browser, path)
    last = int(page.js("return document.getElementById('slider').max"))
    for step in (0, last // 2, last):
        page.slide(step)
        assert page.step == step
        assert page.islands() == islands_of_tables(faults(fault), step)
    switch = pd.read_csv(faults(fault) / "series" / "switch.csv", dtype={"switch": str})
    now = switch[switch["time_min"] == switch["time_min"].max()]
    drawn = {name: look.split()[0] for name, look in page.classes("switch").items()}
    assert drawn == {s: "closed" if c else "open" for s, c in zip(now["switch"], now["closed"], strict=True)}
    assert "fault" in page.classes("branch")["12-13"]
    assert page.complaints() == []


def test_it_asks_for_nothing(browser, faults) -> None:
    page = Report(browser, faults("fault-1000") / "report.html")
    assert page.js("return performance.getEntriesByType('resource').map((r) => r.name)") == []
    assert page.complaints() == []


def test_numbers_beside_the_charts_are_those_of_the_tables(browser, faults) -> None:
    folder = faults("fault-1000")
    page = Report(browser, folder / "report.html", minute=60)
    area = pd.read_csv(folder / "series" / "local_area.csv")
    served = area.loc[(area["time_min"] == 60) & (area["in_outage_area"] == 1), "served_kw"].sum()
    legend = page.js("return document.querySelector('[data-chart=power] .legend').innerText")
    assert f"served {served:,.0f}" in " ".join(legend.split())
    summary = json.loads((folder / "summary.json").read_text())
    head = page.js("return document.querySelector('header').innerText")
    for name in ("demand", "planned", "served"):
        assert f"{summary[f'{name}_energy_mwh']:.2f}" in head
    assert "claim" in head and "AC power flow" in head


def test_slider_and_play_move_the_state(browser, invented) -> None:
    page = Report(browser, invented)
    page.slide(3)
    at_three = page.islands()
    page.slide(20)
    assert page.step == 20 and page.islands() != at_three
    page.slide(0)
    page.choose("speed", "8")
    page.js("document.getElementById('play').click()")
    deadline = time.monotonic() + 20
    while page.step < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    page.js("document.getElementById('play').click()")
    reached = page.step
    assert reached >= 3
    time.sleep(0.4)
    assert page.step == reached, "it went on after the pause"


def test_the_keyboard_is_enough(browser, invented) -> None:
    from selenium.webdriver import Keys

    page = Report(browser, invented)
    last = int(page.js("return document.getElementById('slider').max"))
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert page.step == 1
    page.press(Keys.END)
    assert page.step == last
    page.press(Keys.HOME)
    assert page.step == 0
    page.press(Keys.SPACE)
    assert page.js("return document.getElementById('play').getAttribute('aria-label')") == "pause"
    page.press(Keys.SPACE)
    assert page.js("return document.getElementById('play').getAttribute('aria-label')") == "play"
    page.js("document.getElementById('slider').focus()")
    page.press(Keys.HOME, Keys.ARROW_RIGHT)
    assert page.step == 1, "the slider and the page must not both move"
    page.js("document.querySelector('.jump').focus()")
    page.press(Keys.TAB, Keys.ENTER)
    assert page.js("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.js("document.querySelector('#plan .element').focus()")
    page.press(Keys.ENTER)
    assert page.js("return document.querySelectorAll('.marks .picked').length") == 2, "in both diagrams"
    assert page.js("return document.activeElement.className") == "element", "the focus stays"
    unnamed = page.js(
        "return [...document.querySelectorAll('button, select, input')]"
        ".filter((e) => !(e.ariaLabel || e.innerText || e.labels?.length)).map((e) => e.outerHTML)"
    )
    assert unnamed == []
    assert page.complaints() == []


def test_a_violations_link_jumps_to_its_step(browser, invented) -> None:
    page = Report(browser, invented)
    rows = "document.querySelectorAll('tr.violation')"
    assert page.js(f"return {rows}.length") == 1, "three steps of one violation are one row"
    assert "⚠ voltage low" in page.js(f"return {rows}[0].innerText")
    page.js(f"{rows}[0].querySelector('.jump').click()")
    assert page.step == 5
    assert page.js("return document.querySelectorAll('.pane[data-mode=actual] circle.violated').length") == 1
    assert page.js("return document.querySelectorAll('.pane[data-mode=actual] circle.picked').length") == 1
    assert page.js(f"return {rows}[0].classList.contains('now')")
    page.slide(10)
    assert page.js("return document.querySelectorAll('.marks circle').length") == 0


def test_what_differs_from_the_plan_is_marked(browser, invented) -> None:
    """At step 4 of the made-up run customers of live areas are shed that the plan serves."""
    page = Report(browser, invented)
    table = "document.querySelector('#plan table.plan')"
    page.slide(3)
    assert "planned, not served" not in page.js(f"return {table}.innerText")
    assert page.js("return document.querySelectorAll('.marks .differs').length") == 0
    page.slide(4)
    text = page.js(f"return {table}.innerText")
    assert "planned, not served" in text
    assert page.js("return document.querySelectorAll('.pane[data-mode=actual] .marks .differs').length") > 0
    assert page.js("return document.querySelectorAll('.pane[data-mode=plan]').length") == 1


def test_a_click_on_a_chart_stays_and_hovering_goes_back(browser, invented) -> None:
    page = Report(browser, invented)
    move = """
      const chart = document.querySelector('[data-chart=voltage] svg'), box = chart.getBoundingClientRect();
      const at = { clientX: box.left + arguments[1] * box.width, clientY: box.top + 20, bubbles: true };
      chart.dispatchEvent(new PointerEvent(arguments[0], at));
    """
    page.slide(2)
    page.js(move, "pointermove", 0.8)
    seen = page.step
    assert seen > 12
    page.js(move, "pointerleave", 0.8)
    assert page.step == 2
    page.js(move, "click", 0.8)
    page.js(move, "pointerleave", 0.8)
    assert page.step == seen


OVERLAPS = """
  const pane = document.querySelector('.pane[data-mode=actual]');
  const boxes = [...pane.querySelectorAll('.labels text:not(.hidden), .unit .body')]
    .map((e) => [e.textContent || e.parentNode.dataset.unit, e.getBoundingClientRect()]);
  const hits = [];
  for (const [i, [name, a]] of boxes.entries()) for (const [other, b] of boxes.slice(i + 1)) {
    const w = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (w > 0.5 && h > 1.5) hits.push([name, other, w, h]);
  }
  return [boxes.length, hits];
"""


@pytest.mark.parametrize(("layout", "labels"), [*itertools.product(("0", "1"), ("name", "voltage"))])
def test_labels_and_units_do_not_overlap(browser, invented, layout, labels) -> None:
    page = Report(browser, invented)
    page.slide(20)
    page.choose("layout", layout)
    page.choose("labels", labels)
    shown, hits = page.js(OVERLAPS)
    assert hits == []
    if layout == "0" and labels == "name":
        network = json.loads((invented.parent / "network.json").read_text())
        assert shown == len(network["buses"]) + len(network["units"]), "every bus has its name and every unit its box"


def test_two_strategies_side_by_side(browser, comparison) -> None:
    page = Report(browser, comparison)
    page.slide(12)
    assert page.js("return [...document.querySelectorAll('.pane h3')].map((e) => e.innerText)") == ["dynamic", "static"]
    for strategy in ("dynamic", "static"):
        drawn = page.islands(f"[data-strategy={strategy}]")
        assert drawn == islands_of_tables(comparison.parent / "runs" / strategy, 12)
    assert page.islands("[data-strategy=dynamic]") != page.islands("[data-strategy=static]")
    page.choose("left", "static")
    assert page.js("return [...document.querySelectorAll('.pane h3')].map((e) => e.innerText)") == ["static", "static"]
    assert page.step == 12
    page.choose("right", "dynamic")
    assert page.js("return [...document.querySelectorAll('.pane h3')].map((e) => e.innerText)") == ["static", "dynamic"]
    page.choose("seed", "1")
    assert "of the first seed only" in page.js("return document.getElementById('network').innerText")
    page.slide(20)
    assert page.js("return document.querySelectorAll('#courses [data-chart=power]').length") == 2
    assert page.complaints() == []


def test_strategies_look_as_in_the_figures_and_show_on_dark_ground(browser, tmp_path: Path) -> None:
    pair = ("greedy", "static")
    write_comparison(compare([write_invented(tmp_path / "runs" / s, GUO, strategy=s, steps=8) for s in pair]), tmp_path)
    page = Report(browser, write_comparison_report(tmp_path))
    look = (
        "return [...document.querySelectorAll('[data-chart=strategies] .chart .side')]"
        ".map((e) => getComputedStyle(e)).map((s) => [s.stroke, s.strokeDasharray.replaceAll('px', '')])"
    )
    for shown, name in zip(page.js(look), pair, strict=True):
        colour, (_, dash) = STRATEGY_LOOKS[name].colour, STRATEGY_LOOKS[name].dash
        rgb = ", ".join(str(int(colour[k : k + 2], 16)) for k in (1, 3, 5))
        assert shown[0] == f"rgb({rgb})"
        assert [float(length) for length in shown[1].split(", ")] == pytest.approx([2.4 * length for length in dash])
    media = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    stroke = page.js(look)[0][0]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    channels = [float(part) for part in stroke.split("srgb")[-1].strip(" ()").split()]
    assert min(channels) > 0.4, f"{stroke} cannot be seen on the dark ground"


def test_light_and_dark_and_print(browser, invented) -> None:
    page = Report(browser, invented)
    seen = {}
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        seen[scheme] = page.js("return getComputedStyle(document.body).backgroundColor")
    assert seen["light"] != seen["dark"]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    assert page.js("return getComputedStyle(document.getElementById('play')).display") == "none"
    assert page.js("return getComputedStyle(document.querySelector('#happenings .scroll')).maxHeight") == "none"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_a_thousand_buses_move(browser, tmp_path: Path) -> None:
    (tmp_path / "thousand.yaml").write_text(THOUSAND, encoding="utf-8")
    path = write_run_report(write_invented(tmp_path / "run", str(tmp_path / "thousand.yaml"), steps=8))
    assert path.stat().st_size < 5_000_000
    page = Report(browser, path)
    last = int(page.js("return document.getElementById('slider').max"))
    began = time.monotonic()
    for step in range(last + 1):
        page.slide(step)
    assert (time.monotonic() - began) / (last + 1) < 0.5, "seconds a step, measured generously"
    assert page.islands() == islands_of_tables(tmp_path / "run", last)
    assert len(set(page.islands().values())) > 10
    _, hits = page.js(OVERLAPS)
    assert [hit for hit in hits if not hit[0].startswith(("pv", "ess", "nbsu", "infeed"))] == []
    assert page.complaints() == []


def test_failed_runs_and_runs_without_network(browser, tmp_path: Path) -> None:
    page = Report(browser, write_run_report(write_invented(tmp_path / "failed", GUO, failure="ValueError: no way")))
    assert "This run failed: ValueError: no way" in page.js("return document.querySelector('header').innerText")
    assert page.js("return document.getElementById('slider').max") == "11"
    page = Report(browser, write_run_report(write_invented(tmp_path / "bare", GUO, network=False)))
    page.slide(7)
    assert "network.json" in page.js("return document.getElementById('network').innerText")
    assert page.js("return document.querySelectorAll('#courses svg').length") > 3
    page = Report(browser, write_run_report(write_invented(tmp_path / "at-once", GUO, failure="no plan", recorded=0)))
    assert page.js("return document.getElementById('timeline').hidden")
    assert page.complaints() == []
