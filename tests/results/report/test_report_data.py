"""What the report's page is told: series as text, islands, plans in force, geometry; and the same bytes again."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.results.comparison.compare import compare
from relight.results.comparison.text import write_comparison
from relight.results.report import files
from relight.results.report.codec import encode
from relight.results.report.files import write_comparison_report, write_run_report
from relight.results.report.happenings import happenings
from relight.results.report.layout import UNIT_BOX, layouts
from relight.results.report.network import DrawnNetwork, islands, read_network
from relight.results.report.overview import _COLUMNS, overview
from relight.results.report.plan_data import planned_courses, steps_in_force
from relight.results.report.run_data import _slots, run_data
from relight.results.report.steps import Steps
from relight.results.run.read import NotARun, read_run
from relight.scenarios.loader import load_case
from relight.scenarios.networks.drawing import network_table
from support.invented_run import write_invented

GUO = "guo45/fault-1000"
VALUES = st.lists(st.one_of(st.just(math.nan), st.floats(-1e6, 1e6)), max_size=40)


def chain(*edges: tuple[str, str], places: dict[str, tuple[float, float]] | None = None) -> DrawnNetwork:
    """A network of switches; the infeed is at the first bus."""
    names = list(dict.fromkeys(name for edge in edges for name in edge))
    at = {name: (places or {}).get(name, (None, None)) for name in names}
    return DrawnNetwork(
        buses=[{"id": name, "vn_kv": 10.0, "x": at[name][0], "y": at[name][1]} for name in names],
        branches=[
            {"id": f"{a}-{b}", "from_bus": a, "to_bus": b, "kind": "line", "switchable": True, "faulted": False,
             "closed": True}
            for a, b in edges
        ],
        units=[{"id": "infeed", "kind": "infeed", "bus": names[0], "s_kva": 1.0, "capacity_kwh": None}],
        local_areas=[],
    )  # fmt: skip


def told(page: Path) -> dict[str, Any]:
    """What a page's script reads."""
    text = page.read_text(encoding="utf-8").split('<script type="application/json" id="data">')[1]
    return json.loads(text.split("</script>")[0])


def decode(text: str, resolution: float = 1.0) -> list[float]:
    """What ``encode`` wrote, as ``courses.js`` reads it; NaN where not defined."""
    values, before = list[float](), 0
    for token in text.split(",") if text else ():
        difference, _, times = token.partition("*")
        for _ in range(int(times or 1)):
            before += 0 if difference == "_" else int(difference)
            values.append(float("nan") if difference == "_" else before * resolution)
    return values


@given(VALUES, st.sampled_from([1.0, 0.1, 1e-4]))
def test_series_come_back_to_their_resolution(values, resolution) -> None:
    back = decode(encode(np.array(values, dtype=float), resolution), resolution)
    assert len(back) == len(values)
    assert np.allclose(back, values, atol=0.51 * resolution, equal_nan=True)


def test_a_series_that_stands_still_is_short() -> None:
    assert encode(np.array([1.0, 1.0, 1.0, np.nan, np.nan, 2.0])) == "1,0*2,_*2,1"


def test_islands_are_named_after_their_first_bus_and_need_both_ends_live() -> None:
    network = chain(("b", "a"), ("a", "c"), ("c", "d"))
    closed = np.array([[1, 1], [1, 0], [1, 1]], dtype=float)
    energised = np.array([[1, 1], [1, 1], [0, 1], [1, 1]], dtype=float)
    assert islands(network, closed, energised).T.tolist() == [[0, 0, -1, 3], [0, 0, 2, 2]]


def test_the_plan_in_force_is_the_one_issued_last_in_its_step_begun_last(tmp_path: Path) -> None:
    run = read_run(write_invented(tmp_path / "run", GUO, steps=8))
    assert [f and f[0] for f in steps_in_force(run, [0, 15, 30, 45])] == [0, 0, 1, 1]
    late = [{**plan, "issued_at_min": plan["issued_at_min"] + 15} for plan in run.plans]
    run = dataclasses.replace(run, plans=late)
    assert [f and f[0] for f in steps_in_force(run, [0, 15, 30, 45])] == [None, 0, 0, 1]
    ahead = [{**plan, "issued_at_min": plan["issued_at_min"] - 30} for plan in run.plans]
    run = dataclasses.replace(run, plans=ahead)
    assert [f and f[0] for f in steps_in_force(run, [0, 15, 30, 45])] == [0, 0, 1, 1], "it waits until it begins"


def test_a_violation_in_step_after_step_is_told_once_by_its_worst(tmp_path: Path) -> None:
    run = read_run(write_invented(tmp_path / "run", GUO))
    (row,) = [row for row in happenings(run) if row[2]]
    assert row[:2] == [75.0, 105.0] and row[3] == "voltage_low"
    assert row[5] == "worst of 3 steps: 0.92 p.u., limit 0.93 p.u."
    assert len(happenings(run)) == len(run.events) + 1


@pytest.mark.parametrize("scenario", [GUO, "cigre_mv/blackout"])
def test_buses_keep_their_distance_and_units_do_not_cover_each_other(scenario) -> None:
    network = DrawnNetwork(**network_table(load_case(scenario)))
    for layout in layouts(network):
        apart = np.hypot(*(layout.bus[:, None] - layout.bus[None]).transpose(2, 0, 1))
        assert apart[~np.eye(len(apart), dtype=bool)].min() > 20, layout.by
        between = np.abs(np.array(layout.unit)[:, None] - np.array(layout.unit)[None])
        covering = (between < UNIT_BOX).all(axis=2) & ~np.eye(len(layout.unit), dtype=bool)
        assert not covering.any(), layout.by
        x, y, w, h = layout.box
        assert (layout.bus > (x, y)).all() and (layout.bus < (x + w, y + h)).all()


def test_coordinates_serve_only_where_they_tell_buses_apart() -> None:
    edges = (("a", "b"), ("b", "c"))
    assert [one.by for one in layouts(chain(*edges))] == ["tree"]
    same = dict.fromkeys("abc", (1.0, 1.0))
    assert [one.by for one in layouts(chain(*edges, places=same))] == ["tree"]
    real = {"a": (0.0, 0.0), "b": (1.0, 0.0), "c": (1.0, 1.0)}
    by_place, _ = layouts(chain(*edges, places=real))
    assert by_place.by == "coordinates"
    assert by_place.bus[2][1] < by_place.bus[1][1], "north is up"


def test_a_tree_draws_its_longest_way_straight_and_no_two_buses_in_one_place() -> None:
    lateral = (("b", "x"), ("x", "y"), ("b", "z"))
    (tree,) = layouts(chain(("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), *lateral))
    rows = dict(zip("abcdexyz", tree.bus[:, 1].tolist(), strict=True))
    assert len({rows[name] for name in "abcde"}) == 1
    assert rows["x"] == rows["y"] != rows["a"] and rows["z"] not in (rows["a"], rows["x"])
    assert len(np.unique(tree.bus, axis=0)) == 8


def test_the_same_run_gives_the_same_page_which_names_no_other_place(tmp_path: Path) -> None:
    first, again = (write_run_report(write_invented(tmp_path / name, GUO, steps=8)) for name in ("one", "two"))
    assert first.read_bytes() == again.read_bytes()
    page = first.read_text(encoding="utf-8")
    assert str(tmp_path) not in page
    for outside in ("src=", "@import", "fetch(", '<link rel="stylesheet'):
        assert outside not in page
    assert {url.split('"')[0] for url in page.split("http")[1:]} == {"://www.w3.org/2000/svg"}


def test_names_with_markup_cannot_break_the_page(tmp_path: Path) -> None:
    folder = write_invented(tmp_path / "run", GUO, steps=8)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "strategy": "</script><b>@data@"}))
    page = write_run_report(folder).read_text(encoding="utf-8")
    assert page.count("</script>") == 2 and "<b>@data@" not in page
    assert "&lt;/script&gt;&lt;b&gt;@data@" in page


def test_a_page_too_large_leaves_detail_out_and_says_so(tmp_path: Path, monkeypatch) -> None:
    folder = write_invented(tmp_path / "run", GUO)
    whole = write_run_report(folder).stat().st_size
    assert "left out" not in (folder / "report.html").read_text(encoding="utf-8").split("<script")[0]
    for share, told in ((0.97, "Voltages of single buses"), (0.5, "Diagrams are left out")):
        monkeypatch.setattr(files, "MOST_BYTES", int(share * whole))
        page = write_run_report(folder).read_text(encoding="utf-8")
        assert told in page.split("<script")[0] and len(page) < whole


def test_islands_share_a_colour_only_where_they_never_meet() -> None:
    happened = np.array([[0, 0, 0], [0, 1, 1], [-1, 2, -1], [-1, -1, 3]])
    planned = np.array([[0, 0, 0], [0, 0, 0], [-1, -1, -1], [4, -1, -1]])
    assert _slots(happened, planned) == {"0": 0, "4": 1, "1": 1, "2": 2, "3": 2}


def test_a_plan_tells_units_one_by_one_or_their_sum(tmp_path: Path) -> None:
    run = read_run(write_invented(tmp_path / "run", GUO, steps=2))
    places = {"a": ("1", "pv"), "b": ("1", "pv"), "c": ("1", "pv"), "d": ("1", "ess"), "e": ("2", "pv")}
    said = {"units": {"a": {"p_kw": 10.0}}, "balance_units": ["d"],
            "local_areas": {"1": {"p_kw": 0.0, "p_pv_kw": 70.0, "p_ess_kw": -5.0}}}  # fmt: skip
    plan = {**run.plans[0], "steps": [{**run.plans[0]["steps"][0], **said}]}
    told, _, _ = planned_courses(dataclasses.replace(run, plans=[plan]), None, Steps([0.0, 15.0]), places)
    shown = [decode(text, 0.1) for text in told["unitKw"]]
    assert shown[0] == [10.0, 10.0] and shown[3] == [-5.0, -5.0], "the only one of its kind is its area's sum"
    assert np.isnan([shown[k] for k in (1, 2, 4)]).all()
    assert told["groups"] == [{"area": "1", "kind": "pv", "units": [0, 1, 2]}]
    assert [decode(text, 0.1) for text in told["groupKw"]] == [[60.0, 60.0]], "of those not told one by one"
    assert [decode(text) for text in told["forms"]] == [[float(unit == "d")] * 2 for unit in places]


def test_the_overview_tells_mean_and_range_over_seeds() -> None:
    one = {column: 2.0 for column, _ in _COLUMNS.values()} | {"scenario": "a/b", "strategy": "dynamic"}
    page = overview([{**one, "served_energy_mwh": served} for served in (1.0, 1.5, 5.0)])
    assert '<td>dynamic</td><td class="number">3</td>' in page
    assert ">2.50 [1.00–5.00]<" in page and page.count(">2.00<") == 3


def test_numbers_that_json_does_not_know_are_told(tmp_path: Path) -> None:
    folder = write_invented(tmp_path / "run", GUO, steps=2)
    plan = next((folder / "plans").glob("*.json"))
    plan.write_text(plan.read_text().replace("1000.5", "Infinity"))
    with pytest.raises(NotARun, match=rf"{plan.name}: Infinity"):
        write_run_report(folder)


def test_a_damaged_network_is_told(tmp_path: Path) -> None:
    folder = write_invented(tmp_path / "run", GUO, steps=8)
    content = json.loads((folder / "network.json").read_text())
    content["units"][0]["bus"] = "nowhere"
    (folder / "network.json").write_text(json.dumps(content))
    with pytest.raises(NotARun, match=r"network\.json: no such bus: nowhere"):
        read_network(folder)
    del content["branches"]
    (folder / "network.json").write_text(json.dumps(content))
    with pytest.raises(NotARun, match=r"network\.json: not a network table"):
        read_network(folder)


def test_faults_that_come_and_go_are_drawn_when_they_do(tmp_path: Path) -> None:
    folder = write_invented(tmp_path / "run", GUO, steps=8)
    with (folder / "events.csv").open("a", encoding="utf-8") as events:
        events.write("45,branch_faulted,9-10,,,\n75,branch_repaired,9-10,,,\n")
    network = read_network(folder)
    assert network is not None
    number = [b["id"] for b in network.branches].index("9-10")
    told = run_data(read_run(folder), network)["branch"]["faulted"][number]
    assert decode(told) == [0, 0, 0, 1, 1, 0, 0, 0]


def test_the_page_knows_changes_of_the_clock_and_says_nothing_of_none(tmp_path: Path) -> None:
    run = read_run(write_invented(tmp_path / "run", GUO, steps=8))
    assert "clockChanges" not in run_data(run, None)
    outage = run.scenario.outage.model_copy(update={"start": datetime(2025, 10, 26, 1, 30)})
    site = run.scenario.site.model_copy(update={"timezone": "Europe/Berlin"})
    autumn = run.scenario.model_copy(update={"outage": outage, "site": site})
    told = run_data(dataclasses.replace(run, scenario=autumn), None)
    assert told["startOfDayMin"] == 90 and told["clockChanges"] == ((90, -60),)


def test_a_comparison_without_its_runs_is_told(tmp_path: Path) -> None:
    both = [write_invented(tmp_path / "runs" / s, GUO, strategy=s, steps=8) for s in ("dynamic", "static")]
    write_comparison(compare(both), tmp_path)
    page = write_comparison_report(tmp_path).read_text(encoding="utf-8")
    assert page.count('"strategy":"') == 2
    shutil.rmtree(both[1])
    with pytest.raises(NotARun, match="missing: guo45/fault-1000, static, seed 0"):
        write_comparison_report(tmp_path)


def test_a_comparison_of_many_seeds_draws_the_first_and_leaves_others_out_where_it_must(
    tmp_path: Path, monkeypatch
) -> None:
    runs = [
        write_invented(tmp_path / "runs" / f"{s}{seed}", GUO, (f"seed={seed}",), strategy=s, steps=8)
        for s in ("dynamic", "static") for seed in (4, 2)
    ]  # fmt: skip
    write_comparison(compare(runs), tmp_path)
    path = write_comparison_report(tmp_path)
    data = told(path)
    (case,) = data["cases"]
    assert case["seeds"] == ["2", "4"]
    shown = {(run["strategy"], run["seed"]): "bus" in run for run in data["runs"]}
    assert shown == {(s, seed): seed == 2 for s in ("dynamic", "static") for seed in (2, 4)}
    for seed, by_strategy in case["runs"].items():
        for strategy, k in by_strategy.items():
            assert (data["runs"][k]["strategy"], data["runs"][k]["seed"]) == (strategy, int(seed))
    monkeypatch.setattr(files, "MOST_BYTES", path.stat().st_size - 1)
    page = write_comparison_report(tmp_path).read_text(encoding="utf-8")
    assert "Only the first seed of each case" in page.split("<script")[0]
    assert [run["seed"] for run in told(path)["runs"]] == [2, 2]
