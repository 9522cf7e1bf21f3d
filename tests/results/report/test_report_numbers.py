"""Every number that a report shows beside its drawings, at several steps, against the tables it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from relight.results.report.files import write_run_report
from relight.results.run.tables import OPTIONAL
from support.chromium import Report, chromium
from support.invented_run import write_invented

STEPS = (3, 11, 20)
STEP_MIN, END_MIN = 15.0, 360.0
KW = 0.5 + 0.05
"""Tolerance of powers shown as whole kW and kept to 0.1 kW."""


@dataclass(frozen=True)
class Told:
    """A made-up run and the tables that its report must repeat."""

    folder: Path

    def at(self, table: str, step: int) -> pd.DataFrame:
        ids = dict.fromkeys(("bus", "island", "local_area", "unit"), str)
        rows = pd.read_csv(self.folder / "series" / f"{table}.csv", dtype=ids)
        return rows[rows["time_min"] == STEP_MIN * step]

    def plan(self, step: int) -> dict[str, Any]:
        plans = [json.loads(path.read_text()) for path in sorted((self.folder / "plans").glob("*.json"))]
        return [plan for plan in plans if plan["issued_at_min"] <= STEP_MIN * step][-1]["steps"][0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as window:
        yield window


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A made-up run in which units give less than planned and one charges, islands lose a tenth, frequency dips."""
    folder = write_invented(tmp_path_factory.mktemp("told") / "run", "guo45/fault-1000")
    path = folder / "series" / "unit.csv"
    unit = pd.read_csv(path, dtype=str, keep_default_na=False)
    power = unit["p_kw"].astype(float) * 0.6
    power = power.mask(unit["unit"] == "ess.25", -7.0).mask(unit["kind"] == "pv", 12.5)
    unit.assign(p_kw=power.map("{:.6f}".format)).to_csv(path, index=False)
    path = folder / "series" / "island.csv"
    island = pd.read_csv(path, dtype={"island": str})
    step = island["time_min"] / STEP_MIN
    dips = dict.fromkeys(OPTIONAL["island"], 0.0) | {"f_min_hz": 50 - 0.03 * step, "f_max_hz": 50 + 0.01 * step}
    island.assign(served_kw=0.9 * island["served_kw"], **dips).to_csv(path, index=False)
    for path in (folder / "plans").glob("*.json"):
        plan = json.loads(path.read_text())
        plan["steps"][0]["balance_units"] = ["ess.27"]
        path.write_text(json.dumps(plan))
    write_run_report(folder)
    return Told(folder)


@pytest.fixture
def page(browser, told: Told) -> Report:
    return Report(browser, told.folder / "report.html")


def number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def legend(page: Report, chart: str) -> dict[str, float]:
    """Names and numbers of a chart's legend."""
    shown = page.js(
        "return [...document.querySelectorAll(`[data-chart=${arguments[0]}] .legend span`)]"
        ".map((e) => [e.childNodes[1]?.data?.trim(), e.querySelector('b')?.innerText]).filter(([, value]) => value)",
        chart,
    )
    return {name: number(value) for name, value in shown}


def cells(page: Report, rows: str) -> list[list[str]]:
    return page.js(
        "return [...document.querySelectorAll(arguments[0])].map((r) => [...r.cells].map((c) => c.innerText.trim()))",
        rows,
    )


def test_legends_tell_the_tables(page: Report, told: Told) -> None:
    for step in STEPS:
        page.slide(step)
        area, unit, island = (told.at(table, step) for table in ("local_area", "unit", "island"))
        p_kw = {kind: unit.loc[unit["kind"] == kind, "p_kw"] for kind in ("pv", "ess")}
        assert legend(page, "power") == pytest.approx(
            {
                "ESS discharge": p_kw["ess"].clip(lower=0).sum(), "PV": p_kw["pv"].sum(),
                "ESS charge": p_kw["ess"].clip(upper=0).sum(),
                **{name: area[f"{name}_kw"].sum() for name in ("demand", "planned", "served")},
            },
            abs=KW,
        )  # fmt: skip
        since = pd.concat([told.at("local_area", k) for k in range(step + 1)])
        energy_mwh = {
            name: since[f"{name}_kw"].sum() * STEP_MIN / 60 / 1000 for name in ("demand", "planned", "served")
        }
        assert legend(page, "energy") == pytest.approx(energy_mwh, abs=0.006)
        stored = unit.loc[unit["kind"] == "ess", ["discharge_kwh", "charge_kwh"]].sum()
        assert legend(page, "stored") == pytest.approx(
            {"left to discharge at the step's end": stored["discharge_kwh"], "full": stored.sum()}, abs=2 * KW
        )
        voltage = {"highest": island["vm_max_pu"].max(), "lowest": island["vm_min_pu"].min()}
        assert legend(page, "voltage") == pytest.approx(voltage, abs=1e-4)
        frequency = {"highest": island["f_max_hz"].max(), "lowest": island["f_min_hz"].min()}
        assert legend(page, "frequency") == pytest.approx(frequency, abs=0.006)
        assert legend(page, "loading") == pytest.approx({"highest": island["loading_max_pct"].max()}, abs=0.06)
        clock = page.js("return document.getElementById('clock').innerText")
        start, end = ((600 + STEP_MIN * k) // 1 for k in (step, step + 1))
        assert clock.startswith(f"{start // 60:02.0f}:{start % 60:02.0f}–{end // 60:02.0f}:{end % 60:02.0f} ")


def test_one_cursor_moves_through_all_charts(page: Report) -> None:
    for step in STEPS:
        page.slide(step)
        places = page.js(
            "return [...document.querySelectorAll('.chart')].map((svg) => [svg.clientWidth,"
            " ...['x', 'width'].map((a) => Number(svg.querySelector('.cursor').getAttribute(a)))])"
        )
        assert len(places) >= 5
        for wide, x, width in places:
            scale = (wide - 50 - 18) / END_MIN
            assert (x, width) == pytest.approx((50 + scale * STEP_MIN * step, scale * STEP_MIN), abs=0.1)


def drawn_value(page: Report, chart: str, y: float) -> float:
    """The value that a height in a chart stands for, by the labels of its axis."""
    ticks = page.js(
        "return [...document.querySelectorAll(`[data-chart=${arguments[0]}] .tick.end`)]"
        ".map((e) => [Number(e.getAttribute('y')) - 3.5, e.textContent])",
        chart,
    )
    (low_y, low), (high_y, high) = ((at, number(text)) for at, text in (ticks[0], ticks[-1]))
    return low + (high - low) * (y - low_y) / (high_y - low_y)


def test_areas_are_stacked_and_energy_grows_to_each_steps_end(page: Report, told: Told) -> None:
    sums: list[float] = []
    for step in range(24):
        unit = told.at("unit", step)
        sums.append(unit["p_kw"].clip(lower=0).sum())
    top = page.js("return document.querySelector('[data-chart=power] path.area.pv').getBBox().y")
    assert drawn_value(page, "power", top) == pytest.approx(max(sums), rel=0.005)
    path, wide = page.js(
        "const svg = document.querySelector('[data-chart=energy] .chart');"
        "return [svg.querySelector('.load-served').getAttribute('d'), svg.clientWidth]"
    )
    x, y = (float(part) for part in path.split("L")[-1].split())
    served_mwh = sum(told.at("local_area", k)["served_kw"].sum() for k in range(24)) * STEP_MIN / 60 / 1000
    assert x == pytest.approx(wide - 18, abs=0.1)
    assert drawn_value(page, "energy", y) == pytest.approx(served_mwh, rel=0.005)


def test_hovering_tells_the_numbers_of_one_element(page: Report, told: Told) -> None:
    def tip(element: str) -> str:
        return page.js(
            "const e = document.querySelector(`.pane[data-mode=actual] [${arguments[0]}]`);"
            "e.dispatchEvent(new Event('pointerover', {bubbles: true})); return e.querySelector('title').textContent",
            element,
        )

    page.slide(20)
    area, bus, unit = (told.at(table, 20).set_index(table) for table in ("local_area", "bus", "unit"))
    branch = pd.read_csv(told.folder / "series" / "branch.csv").query("time_min == 300").set_index("branch")
    for name in ("2", "24", "38"):
        assert f"demand {area.loc[name, 'demand_kw']:.1f}" in tip(f"data-bus='{name}'")
        assert f"{bus.loc[name, 'vm_pu']:.4f} p.u." in tip(f"data-bus='{name}'")
    for name in ("24-25", "2-3"):
        assert f"loading {branch.loc[name, 'loading_pct']:.1f} %" in tip(f"data-branch='{name}'")
    assert f"{unit.loc['ess.37', 'p_kw']:.1f} kW" in tip("data-unit='ess.37'").replace(",", "")


def test_units_tell_what_they_gave_beside_what_the_plan_said(page: Report, told: Told) -> None:
    for step in STEPS:
        page.slide(step)
        unit = told.at("unit", step).set_index("unit")
        planned = told.plan(step)["units"]
        drawn = page.js(
            "return ['actual', 'plan'].map((mode) => Object.fromEntries("
            "[...document.querySelectorAll(`.pane[data-mode=${mode}] [data-unit]`)].map((e) => [e.dataset.unit,"
            " [e.querySelector('.output').textContent, e.querySelector('.stored')?.getAttribute('width') ?? null]])))"
        )
        capacity = {u["id"]: u["capacity_kwh"] for u in json.loads((told.folder / "network.json").read_text())["units"]}
        for name, row in unit.iterrows():
            (shown, bar), (in_plan, _) = drawn[0][name], drawn[1][name]
            if row["state"] != "off":
                assert number(shown) == pytest.approx(row["p_kw"], abs=KW)
            assert number(in_plan) == pytest.approx(planned[str(name)]["p_kw"], abs=KW)
            if row["kind"] == "ess":
                assert float(bar) == pytest.approx(40 * row["discharge_kwh"] / capacity[name], abs=0.2)
        rows = {row[0].split()[0]: row for row in cells(page, "#plan table.plan tbody tr") if len(row) == 4}
        for name, row in unit.iterrows():
            _, told_kw, got, difference = rows[str(name)]
            want = planned[str(name)]["p_kw"], row["p_kw"], row["p_kw"] - planned[str(name)]["p_kw"]
            assert [number(text.split()[0]) for text in (told_kw, got, difference)] == pytest.approx(want, abs=0.16)
        area = told.at("local_area", step)
        sums = [area[f"{name}_kw"].sum() for name in ("planned", "served")]
        assert [number(text) for text in rows["planned"][1:3]] == pytest.approx(sums, abs=KW)


def test_the_diagram_marks_who_forms_the_voltage_and_who_is_shed(page: Report, told: Told) -> None:
    for step in (4, 20):
        page.slide(step)
        formers = {
            mode: {unit for unit, look in page.classes("unit", f"[data-mode={mode}]").items() if "forms" in look}
            for mode in ("actual", "plan")
        }
        assert formers == {"actual": set(told.at("island", step)["balance_unit"]), "plan": {"ess.27"}}
        area = told.at("local_area", step)
        off = set(area.loc[(area["energised"] == 1) & (area["served_kw"] == 0), "local_area"])
        shed = {bus for bus, look in page.classes("bus").items() if "shed" in look}
        assert shed == off and bool(off) == (step == 4), "each area of this network is one bus of the same name"


def test_islands_have_their_numbers_and_a_colour_each(page: Report, told: Told) -> None:
    for step in STEPS:
        page.slide(step)
        island = told.at("island", step)
        shown = cells(page, ".pane[data-mode=actual] .islands tbody tr")
        fed_kw = island["generation_kw"] + island["discharge_kw"] + island["infeed_kw"].clip(lower=0)
        rows = zip(island["island"], island["balance_unit"], island["buses"], fed_kw, island["served_kw"], strict=True)
        for (name, unit, *numbers, _), (first, former, *want) in zip(shown, rows, strict=True):
            assert (name, unit) == (first, former)
            assert [number(text) for text in numbers] == pytest.approx(want, abs=KW)
        drawn = page.islands()
        looks = {bus: look.split()[1] for bus, look in page.classes("bus").items() if look.startswith("live")}
        colours = {first: {looks[bus] for bus in looks if drawn[bus] == first} for first in island["island"]}
        assert all(len(found) == 1 for found in colours.values()), "one island, one colour"
        assert len(set().union(*colours.values())) == len(island), "no colour twice while others are free"
        listed = page.js(
            "return Object.fromEntries([...document.querySelectorAll('.pane[data-mode=actual] .islands tbody tr')]"
            ".map((r) => [r.cells[0].innerText.trim(), r.querySelector('.key path').classList[1]]))"
        )
        assert {first: {sign} for first, sign in listed.items()} == colours


def test_labels_tell_voltages(page: Report, told: Told) -> None:
    page.choose("labels", "voltage")
    page.slide(20)
    shown = page.js(
        "return Object.fromEntries([...document.querySelectorAll('.pane[data-mode=actual] [data-label]')]"
        ".map((e) => [e.dataset.label, e.textContent]))"
    )
    bus = told.at("bus", 20)
    assert {b for b, text in shown.items() if text == ""} == set(bus.loc[bus["vm_pu"].isna(), "bus"])
    live = bus.dropna(subset="vm_pu").set_index("bus")["vm_pu"]
    assert {b: float(shown[b]) for b in live.index} == pytest.approx(live.to_dict(), abs=5.6e-4)


def test_a_diagram_is_zoomed_and_moved_by_keys(page: Report) -> None:
    from selenium.webdriver import ActionChains, Keys

    def box() -> list[float]:
        return page.js("return document.querySelector('.diagram').getAttribute('viewBox').split(' ').map(Number)")

    page.slide(5)
    whole = box()
    page.js("document.querySelector('.diagram').focus()")
    page.press("+")
    zoomed = box()
    assert zoomed[2] == pytest.approx(whole[2] / 1.3)
    ActionChains(page.browser).key_down(Keys.SHIFT).send_keys(Keys.ARROW_RIGHT).key_up(Keys.SHIFT).perform()
    assert box()[0] > zoomed[0] and box()[1:] == pytest.approx(zoomed[1:])
    assert page.step == 5, "the arrow moved the diagram, not the time"
    page.press("0")
    assert box() == whole


def test_what_is_printed_is_scaled_to_the_paper(page: Report) -> None:
    """Nothing is drawn anew on paper, so each drawing must say how large it is."""
    drawn = page.js(
        "return [...document.querySelectorAll('.chart, .ticks')].map((e) => [e.clientWidth, e.viewBox.baseVal?.width])"
    )
    assert len(drawn) >= 6 and all(width == told for width, told in drawn)


def test_names_with_markup_stay_names_and_long_ones_do_not_widen_the_page(browser, tmp_path: Path) -> None:
    hostile = "<img src=x onerror='window.hit = 1'></script><script>window.hit = 1</script>"
    folder = write_invented(tmp_path / "run", "guo45/fault-1000", steps=4, strategy=hostile + "a" * 300)
    scenario = folder / "scenario.yaml"
    content = yaml.safe_load(scenario.read_text(encoding="utf-8"))
    scenario.write_text(yaml.safe_dump({**content, "title": hostile + "W" * 300}), encoding="utf-8")
    for path in (folder / "series" / "unit.csv", folder / "series" / "island.csv", folder / "network.json"):
        told = json.dumps(hostile)[1:-1] if path.suffix == ".json" else hostile
        path.write_text(path.read_text(encoding="utf-8").replace("ess.27", told), encoding="utf-8")
    page = Report(browser, write_run_report(folder))
    page.js("document.querySelector('[data-unit^=\"<img\"]').dispatchEvent(new Event('pointerover', {bubbles: true}))")
    assert hostile in page.js("return document.querySelector('#plan').innerText")
    assert hostile in page.js("return document.querySelector('header').innerText")
    assert page.js("return [window.hit ?? null, document.querySelectorAll('img').length]") == [None, 0]
    assert page.js("return document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints() == []


def test_units_of_which_a_plan_tells_the_sum_are_not_drawn_as_off(browser, tmp_path: Path) -> None:
    """Area 4 of the CIGRE network has two PV plants; a plan names them together."""
    folder = write_invented(tmp_path / "run", "cigre_mv/blackout", steps=8)
    for path in (folder / "plans").glob("*.json"):
        plan = json.loads(path.read_text())
        for step in plan["steps"]:
            step["units"] = {name: one for name, one in step["units"].items() if name not in ("pv.4", "pv.5")}
            step["local_areas"]["area.Bus 4"]["p_pv_kw"] = 80.0
        path.write_text(json.dumps(plan))
    page = Report(browser, write_run_report(folder))
    outputs = page.js(
        "return ['pv.4', 'pv.5'].map((u) => document.querySelector(`.pane[data-mode=plan] [data-unit='${u}']`))"
        ".map((e) => [e.querySelector('.output').textContent, e.classList.contains('off')])"
    )
    assert outputs == [["Σ 80", False]] * 2
    rows = {row[0]: row[1] for row in cells(page, "#plan table.plan tbody tr") if len(row) == 4}
    assert rows["PV of area.Bus 4"] == "80.0"
    outside = page.js(
        "const frame = document.querySelector('.diagram').getBoundingClientRect();"
        "return [...document.querySelectorAll('.pane[data-mode=actual] .labels text:not(.hidden)')]"
        ".filter((e) => { const b = e.getBoundingClientRect();"
        " return b.right > frame.right + 1 || b.left < frame.left - 1; }).map((e) => e.textContent)"
    )
    assert outside == []
