"""The communication section: what it takes, what it refuses, and that nothing changes without it."""

from __future__ import annotations

import pytest

from relight.scenarios.explain import explain
from relight.scenarios.loader import load_case, resolved_yaml
from relight.scenarios.reading.problems import ScenarioError
from relight.scenarios.schema.communication import Communication, Span

GUO = "guo45/fault-0400"


def test_without_the_section_a_resolved_scenario_does_not_name_it() -> None:
    assert load_case(GUO).scenario.communication is None
    assert "communication" not in resolved_yaml(load_case(GUO).scenario)
    with_it = load_case(GUO, ("communication.latency_s=2",)).scenario
    assert "communication:\n  latency_s: 2.0\n" in resolved_yaml(with_it)


def test_the_shipped_scenario_loads_and_resolves_to_itself(tmp_path) -> None:
    case = load_case("guo45/comms-outage")
    path = tmp_path / "resolved.yaml"
    path.write_text(resolved_yaml(case.scenario), encoding="utf-8")
    assert load_case(path).scenario == case.scenario


def test_check_tells_of_it() -> None:
    text = explain(load_case("guo45/comms-outage"))
    assert "Communication" in text and "no link all from 20 min for 60 min" in text
    assert "gateways 27 dead from 180 min for 15 min: hold" in text and "1.00% are lost" in text
    assert "Communication" not in explain(load_case(GUO)) and "never" not in text


def test_check_tells_what_is_listed_for_a_time_after_the_window() -> None:
    """Hours taken for minutes, or a window that was made shorter: nothing of it happens."""
    late = (
        "communication={outages: [{start_min: 400}], gateways_down: [{start_min: 400, gateways: ['27']}], "
        "dispatch_centre_down: [{start_min: 400}]}",
        "surprises={faults: [{branch: 40-41, at_min: 300}], infeeds: [{infeed: infeed.1, at_min: 299}], "
        "trips: [{unit: ess.27, at_min: 301}], switches: [{switch: 5-6, kind: refuses, from_min: 310}]}",
        "weather={passing_clouds: [{start_min: 330, duration_min: 30, depth_pct: 50}]}",
    )
    text = " ".join(explain(load_case(GUO, late)).split())
    assert text.count("never, the window ends at 300 min") == 7
    assert "infeed.1 has voltage again at 299 min" in text and "299 min: never" not in text
    assert "40-41 faults at 300 min: never" in text


def test_a_wrong_item_is_one_mistake_not_two() -> None:
    with pytest.raises(ScenarioError) as error:
        load_case(GUO, ("communication.gateways_down=[{gateways: [99]}]",))
    assert [(p.field, p.remedy) for p in error.value.problems] == [
        ("communication.gateways_down.0.gateways.0", "must be text; write it in quotes: '99'")
    ]


def test_all_mistakes_are_told_at_once_with_what_would_be_right() -> None:
    overrides = (
        "communication.outages=[{links: [gateway.99, terminal.12-13]}, {links: [terminal.1-2]}]",
        "communication.gateways_down=[{gateways: ['7x', '2*']}]",
    )
    with pytest.raises(ScenarioError) as error:
        load_case(GUO, overrides)
    fields = {(problem.field, problem.value) for problem in error.value.problems}
    assert fields == {
        ("communication.outages.0.links", "gateway.99"),
        ("communication.outages.0.links", "terminal.12-13"),  # faulted: no terminal operates it
        ("communication.gateways_down.0.gateways", "7x"),
    }
    assert all("there are" in problem.remedy for problem in error.value.problems)


@pytest.mark.parametrize(
    "override",
    [
        "loss_probability=1.5",
        "latency_s=-1",
        "fallback_after_min=0",
        "outages=[{links: []}]",
        "outages=[{duration_min: 0}]",
        "gateways_down=[{start_min: 5}]",
        "gateways_down=[{gateways: ['2'], units: explode}]",
        "dispatch_centre_down=[{start: 5}]",
    ],
)
def test_what_makes_no_sense_is_refused(override: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load_case(GUO, (f"communication.{override}",))
    assert str(error.value).startswith(f"--set: communication.{override.split('=')[0]}")


def test_a_span_holds_from_its_start_to_before_its_end() -> None:
    span = Span(start_min=5, duration_min=10)
    assert [span.holds(time) for time in (4, 5, 14, 15)] == [False, True, True, False]
    assert Span(start_min=5).holds(1e9)


def test_field_terminals_are_never_down() -> None:
    options = Communication.model_validate({"gateways_down": [{"gateways": ["*"]}], "dispatch_centre_down": [{}]})
    assert options.is_down("gateway.1", 0) and options.is_down("dispatch_centre", 0)
    assert not options.is_down("terminal.1", 0)
