"""Synthetic networks: connected, radial while ties are open, of the size asked, the same for the same seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import pytest
import yaml

from relight.scenarios.case import Case
from relight.scenarios.loader import ScenarioError, load_case, resolved_yaml

SCENARIO: dict[str, Any] = {
    "name": "synthetic",
    "outage": {"start": "2025-06-20T10:00", "duration_min": 120},
    "site": {"latitude_deg": 32.0, "longitude_deg": 120.0, "timezone": "Asia/Shanghai"},
    "load": {"source": "network"},
}


def load(folder: Path, **network: Any) -> Case:
    path = folder / "synthetic.yaml"
    path.write_text(yaml.safe_dump(SCENARIO | {"network": {"kind": "synthetic"} | network}), encoding="utf-8")
    return load_case(path)


def graph_of(case: Case, *, with_open: bool) -> nx.MultiGraph:
    graph = nx.MultiGraph()
    graph.add_nodes_from(case.view.buses)
    graph.add_edges_from((b.from_bus, b.to_bus) for b in case.view.branches.values() if with_open or b.closed)
    return graph


@pytest.mark.parametrize(
    ("buses", "sections", "feeders", "ties"),
    [(4, 3, 1, 0), (13, 13, 2, 1), (45, 13, None, None), (200, 60, None, 12), (300, 40, 9, 0), (1000, 60, None, None)],
)
def test_size_and_shape_are_as_asked(
    tmp_path: Path, buses: int, sections: int, feeders: int | None, ties: int | None
) -> None:
    case = load(tmp_path, buses=buses, sections=sections, feeders=feeders, ties=ties)
    view = case.view
    lines = [b for b in view.branches.values() if b.kind == "line"]
    assert (len(view.buses), len(view.sections)) == (buses, sections)
    count = feeders or round(sections / 6)
    opened = [b for b in lines if not b.closed]
    assert len(opened) == (count // 2 if ties is None else ties)
    assert all(b.switchable for b in opened)
    assert nx.is_connected(graph_of(case, with_open=True))
    radial = graph_of(case, with_open=False)
    assert nx.is_forest(radial)
    assert nx.number_connected_components(radial) == len(view.infeeds)
    assert len({frozenset((b.from_bus, b.to_bus)) for b in lines}) == len(lines)
    assert {view.section_of_bus[i.bus] for i in view.infeeds.values()} == {i.bus for i in view.infeeds.values()}


def test_ties_lead_from_one_feeder_to_another(tmp_path: Path) -> None:
    case = load(tmp_path, buses=300, sections=40, ties=10)
    without_bars = graph_of(case, with_open=False)
    without_bars.remove_nodes_from([i.bus for i in case.view.infeeds.values()])
    feeder = {bus: k for k, part in enumerate(nx.connected_components(without_bars)) for bus in part}
    ties = [b for b in case.view.branches.values() if not b.closed and b.kind == "line"]
    assert len(ties) == 10
    assert all(feeder[b.from_bus] != feeder[b.to_bus] for b in ties)


def test_loads_and_units_add_up(tmp_path: Path) -> None:
    case = load(tmp_path, buses=300, sections=40, feeder_peak_kw=3000)
    view, peak = case.view, 7 * 3000
    assert sum(case.base_load_kw.values()) == pytest.approx(peak)
    assert sum(u.s_kva for u in view.pv.values()) == pytest.approx(peak, rel=0.01)
    assert sum(u.s_kva for u in view.ess.values()) == pytest.approx(0.4 * peak, rel=0.01)
    assert sum(u.s_kva for u in view.nbsu.values()) == pytest.approx(0.2 * peak, rel=0.01)
    assert len(view.pv) == 30
    assert len({view.section_of_bus[u.bus] for u in view.ess.values()}) == len(view.ess) == 9
    assert not any(infeed.live for infeed in view.infeeds.values())


def test_a_seed_fixes_the_network_and_another_changes_it(tmp_path: Path) -> None:
    first, again, other = (load(tmp_path, buses=80, sections=13, seed=seed) for seed in (3, 3, 4))
    assert first.view == again.view
    assert first.base_load_kw == again.base_load_kw
    assert first.view != other.view
    assert "kind: synthetic" in resolved_yaml(first.scenario)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ({"buses": 10, "sections": 13}, "buses must be at least as many as sections"),
        ({"buses": 50, "sections": 5, "feeders": 5}, "sections must be at least 6: 1 bus bars and 5 feeders"),
        ({"buses": 20, "sections": 4, "feeders": 2, "ties": 9}, "network.ties = 9: at most 2 pairs"),
        ({"buses": 20}, "sections"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path: Path, network: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        load(tmp_path, **network)
